"""The seed stage's own door to processes: Java, and nothing else.

`kgshare.doors.process` is not here: the stage runs where little of kgshare is installed, and a server must outlive
the call that starts it.
"""

from __future__ import annotations

import os
import re
import subprocess  # noqa: TID251 - this is the door
from collections.abc import Mapping, Sequence
from pathlib import Path

from kgshare.errors import Problem, SeedError

# A line of a Java stack trace: says nothing to whoever reads the message.
_FRAME = re.compile(r"\s+(at |\.\.\. \d+ more)")
Process = subprocess.Popen[bytes]


def run_java(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, what: str) -> str:
    """Run a Java program to its end and return what it printed.

    Raises:
        SeedError: there is no such Java, or the program failed; carries the last lines of its output.
    """
    try:
        done = subprocess.run(
            list(argv), env={**os.environ, **env}, cwd=cwd, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise _no_java(argv[0]) from None
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip() and not _FRAME.match(line)]
        raise SeedError(
            Problem(message=f"{what} failed with exit code {done.returncode}:\n" + "\n".join(lines[-15:]))
        )
    return done.stdout


def start_java(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, console: Path) -> Process:
    """Start a Java program that goes on running; what it prints goes to the file ``console``.

    It is the leader of a session of its own, so that Ctrl-C reaches it through `Server.stop` only.
    """
    try:
        with console.open("wb") as out:
            return subprocess.Popen(
                list(argv), env={**os.environ, **env}, cwd=cwd, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
    except FileNotFoundError:
        raise _no_java(argv[0]) from None


def wait(process: Process, seconds: float) -> int | None:
    """The exit code, or None when it is still running after so many seconds."""
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None


def _no_java(java: str) -> SeedError:
    return SeedError(Problem(message=f"there is no Java at {java}", hint="Java 21 is needed"))
