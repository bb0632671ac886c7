"""The command line as a user types it: a process of its own, with what it printed and its exit code."""

from __future__ import annotations

import json
import os
import subprocess  # noqa: TID251 - exit codes and both streams of a failing command are what is tested
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """One run of kgshare."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """The result in a ``--json`` envelope, after a look at the envelope itself."""
        envelope = json.loads(self.out)
        assert set(envelope) == {"schema", "version", "result", "errors"}, envelope
        assert envelope["schema"].startswith("kgshare."), envelope
        assert envelope["schema"].endswith("/v1"), envelope
        return envelope["result"]

    @property
    def errors(self) -> list[dict[str, str]]:
        """The errors in a ``--json`` envelope."""
        errors: list[dict[str, str]] = json.loads(self.out)["errors"]
        return errors


def kgshare(*words: str | Path, cwd: Path | None = None, **environment: str) -> Ran:
    """Run ``kgshare`` with these words and wait for its end, whatever that is."""
    done = subprocess.run(
        [sys.executable, "-m", "kgshare", *map(str, words)],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def works(*words: str | Path, cwd: Path | None = None, **environment: str) -> Ran:
    """`kgshare`, which must end with 0."""
    ran = kgshare(*words, cwd=cwd, **environment)
    assert ran.code == 0, f"exit code {ran.code}\n{ran.out}\n{ran.err}"
    return ran
