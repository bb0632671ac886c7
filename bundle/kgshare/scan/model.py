"""The values of a scan. What was not looked at has a status of its own: it is never the same as no findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import ClassVar, Literal

Severity = Literal["critical", "high", "medium", "low", "none", "unknown"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "none", "unknown")
VexStatus = Literal["not_affected", "affected", "fixed", "under_investigation"]


# How scanners' databases call them: GitHub's, Debian's urgency, grype's and trivy's.
_WORDS: Mapping[str, Severity] = {
    "critical": "critical", "high": "high", "moderate": "medium", "medium": "medium", "low": "low", "negligible": "none",
    "unimportant": "none",
}  # fmt: skip


class ScanStatus(StrEnum):
    """How a scan went."""

    SCANNED = "scanned"
    PARTLY = "partly scanned"
    STALE = "stale database"
    NO_SCANNER = "no scanner"
    NO_DATABASE = "no database"
    NO_PACKAGE = "no package"
    FAILED = "scanner failed"


# Of these the findings are what there is; of the others nothing was looked at.
LOOKED = frozenset({ScanStatus.SCANNED, ScanStatus.PARTLY, ScanStatus.STALE})


def severity_called(word: str) -> Severity:
    """The severity that a database's word means; ``unknown`` where it means none."""
    return _WORDS.get(word.lower(), "unknown")


def severity_of(score: float | None) -> Severity:
    """The word for a base score (CVSS v3.1 specification, section 5, and v4.0, section 6: the same bounds)."""
    if score is None:
        return "unknown"
    bounds: tuple[tuple[float, Severity], ...] = (
        (9.0, "critical"),
        (7.0, "high"),
        (4.0, "medium"),
        (0.1, "low"),
    )
    return next((word for least, word in bounds if score >= least), "none")


@dataclass(frozen=True, kw_only=True)
class VexNote:
    """What the project says of a finding.

    Attributes:
        status: one of OpenVEX's four.
        justification: OpenVEX's label, of ``not_affected``.
        statement: in words: of the impact, the action, or how the status was found.
        document: the file that says so.
    """

    status: VexStatus
    justification: str = ""
    statement: str = ""
    document: str = ""

    @property
    def settles(self) -> bool:
        """Whether nothing more is to be done."""
        return self.status in {"not_affected", "fixed"}

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.status.replace("_", " "), self.justification, self.statement)))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One known vulnerability of one package, or of those made from one source.

    Attributes:
        id: as the scanner calls it.
        aliases: its other names, sorted.
        packages: purls of the packages that have it; one source package makes several of Debian's.
        severity: by the score; ``unknown`` where there is none.
        score: CVSS base score, 0 to 10.
        fixed: the versions that are without it; empty where there is none yet.
        exploited: whether it is known to be used in attacks; None where the database does not say.
        summary: one sentence.
        vex: what the project says of it.
    """

    id: str
    aliases: tuple[str, ...] = ()
    packages: tuple[str, ...]
    severity: Severity
    score: float | None = None
    fixed: tuple[str, ...] = ()
    exploited: bool | None = None
    summary: str = ""
    vex: VexNote | None = None

    @property
    def names(self) -> frozenset[str]:
        """All that it is called."""
        return frozenset((self.id, *self.aliases))

    @property
    def settled(self) -> bool:
        """Whether the project has said that it does not matter here."""
        return self.vex is not None and self.vex.settles

    def __str__(self) -> str:
        score = f" {self.score:.1f}" if self.score is not None else ""
        cve = next((name for name in (self.id, *self.aliases) if name.startswith("CVE-")), "")
        name = f"{self.id} ({cve})" if cve and cve != self.id else self.id
        fixed = f", fixed in {', '.join(self.fixed)}" if self.fixed else ", no fixed version"
        used = ", known to be exploited" if self.exploited else ""
        vex = f"\n    {self.vex}" if self.vex else ""
        return f"{self.severity}{score}  {name}  {', '.join(self.packages)}{fixed}{used}{vex}"


@dataclass(frozen=True, kw_only=True)
class ScanResult:
    """What one scan found.

    Attributes:
        status: how it went.
        reason: why it is not ``scanned``, in words.
        scanner: its name and version; empty where there is none.
        scanned: when, in UTC; None where nothing was.
        database: day of the oldest vulnerability database that was asked; None where it is not known.
        left_out: ecosystems of which nothing was looked at, each with the reason.
        sbom: SHA-256 of the bill of materials that was scanned.
        packages: how many packages it names.
        findings: the worst first.
    """

    schema: ClassVar[str] = "scan"
    status: ScanStatus
    reason: str = ""
    scanner: str = ""
    version: str = ""
    scanned: datetime | None = None
    database: date | None = None
    left_out: tuple[str, ...] = ()
    sbom: str = ""
    packages: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def looked(self) -> bool:
        """Whether there was a scan at all."""
        return self.status in LOOKED

    @property
    def day(self) -> str:
        """The day of the scan, as text."""
        return f"{self.scanned:%Y-%m-%d}" if self.scanned else ""

    def age(self, today: date) -> int:
        """Days since the database was new; where that is not known, since the scan."""
        then = self.scanned.astimezone(UTC).date() if self.scanned else today
        return (today - (self.database or then)).days

    def after(self, today: date) -> bool:
        """Whether it, or its database, is of a day to come: then a clock is wrong, and no age is known."""
        days = (self.database, self.scanned.astimezone(UTC).date() if self.scanned else None)
        return any(day > today for day in days if day)

    def doubts(self, today: date) -> tuple[str, ...]:
        """Why no finding would not mean that there is none: what was not looked at, a database that is old or of a day to come."""
        old = (self.reason or self.status,) if self.status is ScanStatus.STALE else ()
        future = ("it is of a day to come",) if self.after(today) else ()
        return (*(f"not scanned: {what}" for what in self.left_out), *old, *future)

    def text(self) -> str:
        """What was scanned with what, then each finding."""
        if not self.looked:
            return f"not scanned: {self.reason}"
        told = f"database of {self.database}" if self.database else "the age of its database is not known"
        head = f"{self.scanner} {self.version} on {self.day}, {told}: {self.packages} packages"
        lines = [head]
        lines += [f"! {self.status}: {self.reason}"] if self.reason else []
        lines += [f"! not scanned: {what}" for what in self.left_out]
        open_, settled = self._parts()
        lines += [f"  {finding}" for finding in (*open_, *settled)]
        if not self.findings:
            part = " in what was scanned" if self.left_out else ""
            lines.append(
                f"no findings{part}{' in a stale database' if self.status is ScanStatus.STALE else ''}"
            )
        else:
            lines.append(counts(open_) + (f"; {len(settled)} settled by VEX" if settled else ""))
        return "\n".join(lines)

    def _parts(self) -> tuple[list[Finding], list[Finding]]:
        return [f for f in self.findings if not f.settled], [f for f in self.findings if f.settled]


def not_scanned(reason: str, status: ScanStatus = ScanStatus.NO_SCANNER) -> ScanResult:
    """Nothing was looked at, and why."""
    return ScanResult(status=status, reason=reason)


def counts(findings: list[Finding]) -> str:
    """How many of which severity, in words."""
    found = {word: sum(f.severity == word for f in findings) for word in SEVERITIES}
    return ", ".join(f"{number} {word}" for word, number in found.items() if number) or "none is open"
