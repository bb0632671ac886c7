"""What the policy says: a result for each check, and the report of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import ClassVar

from kgshare.policy.facts import Facts
from kgshare.policy.settings import Settings


class Status(StrEnum):
    """What a check came to. Only ``failed`` makes a policy red."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"
    NOT_KNOWN = "not known"


MARKS = {Status.PASSED: "✓", Status.FAILED: "✗", Status.WAIVED: "~", Status.NOT_KNOWN: "?"}


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One thing that a check names.

    Attributes:
        id: what a waiver calls it.
        text: what it is.
        aliases: what a waiver may call it as well.
        waived: the statement and the end of the waiver that accepts it; empty where none does.
    """

    id: str
    text: str
    aliases: tuple[str, ...] = ()
    waived: str = ""

    def __str__(self) -> str:
        return f"{self.text}\n      waived {self.waived}" if self.waived else self.text


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one check came to.

    Attributes:
        check: its name.
        status: passed, failed, waived or not known.
        statement: one sentence.
        details: what it names, where it failed.
        allowed: how many of the details may stay open.
        hint: what to do next, where it failed.
    """

    check: str = ""
    status: Status
    statement: str
    details: tuple[Detail, ...] = ()
    allowed: int = 0
    hint: str = ""

    def named(self, check: str) -> Result:
        """The same, of the check of that name."""
        return replace(self, check=check)


def passed(statement: str) -> Result:
    """It is as it must be."""
    return Result(status=Status.PASSED, statement=statement)


def not_known(statement: str, hint: str = "", *, details: Iterable[Detail] = ()) -> Result:
    """Nothing can be said; that is no failure by itself."""
    return Result(status=Status.NOT_KNOWN, statement=statement, details=tuple(details), hint=hint)


def failed(statement: str, *details: Detail, allowed: int = 0, hint: str = "") -> Result:
    """It is not as it must be."""
    return Result(status=Status.FAILED, statement=statement, details=details, allowed=allowed, hint=hint)


@dataclass(frozen=True, kw_only=True)
class PolicyReport:
    """What a policy says of a bundle on one day; stored in it as ``evidence/policy.json``.

    Attributes:
        judged: the day.
        green: whether no check failed.
        results: one a check, in the order of the reference.
        remarks: waivers that have expired, end soon, or match nothing.
        facts: what was judged.
        settings: by what.
    """

    schema: ClassVar[str] = "policy"
    judged: date
    green: bool
    results: tuple[Result, ...]
    remarks: tuple[str, ...]
    facts: Facts
    settings: Settings

    def of(self, status: Status) -> tuple[Result, ...]:
        """The results of that status."""
        return tuple(result for result in self.results if result.status is status)

    def line(self) -> str:
        """All of it in one line: what a reviewer sees before anything starts."""
        bad, unknown, waived = (self.of(s) for s in (Status.FAILED, Status.NOT_KNOWN, Status.WAIVED))
        parts = [f"{len(self.of(Status.PASSED))} of {len(self.results)} checks passed"]
        if bad:
            parts.append(f"failed: {', '.join(r.check for r in bad)}")
        if waived:
            parts.append(f"waived: {', '.join(r.check for r in waived)}")
        if not self.facts.scan.looked:
            parts.append(f"not scanned: {self.facts.scan.reason}")
        elif unknown:
            parts.append(f"not known: {', '.join(r.check for r in unknown)}")
        return "; ".join(parts)

    def text(self) -> str:
        """One line a check, what failed in full, then what the waivers need."""
        lines = [f"{self.facts.name} {self.facts.version}: policy {'green' if self.green else 'red'}"]
        for result in self.results:
            lines.append(f"{MARKS[result.status]} {result.check:<18} {result.statement}")
            told = [d for d in result.details if d.text != result.statement or d.waived]
            lines += [f"    {detail}" for detail in told[:20]]
            if (more := len(told) - 20) > 0:
                lines.append(f"    and {more} more (--json has them all)")
            if result.hint and result.status in (Status.FAILED, Status.NOT_KNOWN):
                lines.append(f"    → {result.hint}")
        return "\n".join([*lines, *(f"! {remark}" for remark in self.remarks)])
