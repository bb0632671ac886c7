"""Stage 7: what the seed stage reports: ``report.json`` when it worked, ``error.json`` when it did not."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from kgshare.errors import CheckError, KgshareError, Problem, SeedError

REPORT, ERROR = "report.json", "error.json"
REPORT_SCHEMA, ERROR_SCHEMA = "kgshare.seed-report/v1", "kgshare.seed-error/v1"


@dataclass(frozen=True, kw_only=True)
class SeedReport:
    """What was seeded.

    Attributes:
        neo4j_version: of the jars that made the store.
        digest: SHA-256 of the graph's canonical text.
        nodes: how many; relationships likewise.
        labels: nodes by label; a node with two labels counts for both.
        types: relationships by type.
        seconds: by stage, in the order in which they ran.
        upstream: the digest without the change sets; the same where there are none.
        step: key of the step of the build that made the store before the change sets; empty where that is no step of its own.
    """

    neo4j_version: str
    digest: str
    nodes: int
    relationships: int
    labels: Mapping[str, int]
    types: Mapping[str, int]
    seconds: Mapping[str, float]
    upstream: str = ""
    step: str = ""

    def to_json(self) -> str:
        """The text of ``report.json``."""
        return (
            json.dumps({"schema": REPORT_SCHEMA, **dataclasses.asdict(self)}, indent=2, ensure_ascii=False)
            + "\n"
        )

    @classmethod
    def from_json(cls, text: str) -> SeedReport:
        """Read ``report.json``.

        Raises:
            ValueError: it is not a report of this version.
        """
        data = _load(text, REPORT_SCHEMA)
        return cls(**data)


def error_json(error: KgshareError) -> str:
    """The text of ``error.json``, from which `read_error` makes the same error again."""
    problems = [dataclasses.asdict(problem) for problem in error.problems]
    data = {"schema": ERROR_SCHEMA, "kind": error.kind, "exit_code": error.exit_code, "problems": problems}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def read_error(text: str) -> SeedError | CheckError:
    """The error that a seed stage wrote, for the host to raise as its own.

    Raises:
        ValueError: the text is not an ``error.json`` of this version.
    """
    data = _load(text, ERROR_SCHEMA)
    kind = CheckError if data["kind"] == CheckError.kind else SeedError
    return kind(*(Problem(**problem) for problem in data["problems"]))


class Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside, and say so on stdout."""
        begun = monotonic()
        yield
        self.seconds[name] = round(monotonic() - begun, 2)
        print(f"{name}: {self.seconds[name]:.1f} s", flush=True)


def _load(text: str, schema: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(text)
    if data.pop("schema", None) != schema:
        raise ValueError(f"not a {schema}")
    return data
