"""osv-scanner, version 2 (https://google.github.io/osv-scanner): what it is asked, and what its JSON says.

Where its user has a local database it asks nobody: ``--offline``. Debian's entries are matched here once more, as a package
URL does not tell it the release: what is true of another release is no finding.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import platformdirs
from debian.debian_support import Version

from kgshare.doors.process import CommandFailed, run
from kgshare.scan.model import Finding, ScanResult, ScanStatus, Severity, severity_called, severity_of
from kgshare.scan.packages import Asked, Package, reduced

PROGRAM = "osv-scanner"
FOLDER = "OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY"
FOUND = 1  # its exit code where it found something
FIRST = date(1980, 1, 1)  # the first day that ZIP can say, and what archives without times say


def databases() -> dict[str, Path]:
    """The local databases there are, by ecosystem: ``FOLDER/osv-scanner/ECOSYSTEM/all.zip``, of later versions ``osv-scalibr``."""
    root = Path(os.environ.get(FOLDER) or platformdirs.user_cache_path())
    files = (
        file for name in ("osv-scanner", "osv-scalibr") for file in sorted((root / name).glob("*/all.zip"))
    )
    return {file.parent.name: file for file in files}


def database_day(file: Path) -> date:
    """How new a local database is: the day of its newest entry; where entries carry no time, of the file.

    Raises:
        OSError, zipfile.BadZipFile: it cannot be read.
    """
    with zipfile.ZipFile(file) as archive:
        newest = max((date(*entry.date_time[:3]) for entry in archive.infolist()), default=FIRST)
    return newest if newest > FIRST else datetime.fromtimestamp(file.stat().st_mtime, UTC).date()


def scan(program: str, asked: Asked) -> ScanResult:
    """Ask it.

    Raises:
        CommandFailed: it ended with an error.
        OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError: a database or what it printed is not as it must be.
    """
    local = databases()
    left_out = [e for e in sorted({p.ecosystem for p in asked.packages}) if local and e not in local]
    packages = [p for p in asked.packages if p.ecosystem not in left_out]
    version = run([program, "--version"]).stdout.partition("version:")[2].split("\n")[0].strip()
    if local and not packages:
        reason = f"its local database has nothing of {', '.join(left_out)}"
        return ScanResult(status=ScanStatus.NO_DATABASE, reason=reason, scanner=PROGRAM, version=version)
    days = [
        database_day(file)
        for ecosystem, file in local.items()
        if any(p.ecosystem == ecosystem for p in packages)
    ]
    return ScanResult(
        status=ScanStatus.PARTLY if left_out else ScanStatus.SCANNED,
        scanner=PROGRAM,
        version=version,
        scanned=datetime.now(UTC).replace(microsecond=0),
        database=min(days) if days else None,
        left_out=tuple(f"{ecosystem}: there is no local database" for ecosystem in left_out),
        sbom=asked.digest,
        packages=len(packages),
        findings=findings(_ask(program, packages, offline=bool(local)), packages, asked.release),
    )


def _ask(program: str, packages: Sequence[Package], *, offline: bool) -> Any:
    with tempfile.TemporaryDirectory(prefix="kgshare-") as made:
        folder = Path(made)
        (folder / "bom.cdx.json").write_bytes(reduced(packages))
        words = ["--offline"] if offline else []
        argv: list[str | Path] = [program, "scan", "source", *words, "--format", "json", "--output", folder / "result.json",
                "--lockfile", folder / "bom.cdx.json"]  # fmt: skip
        try:
            run(argv, cwd=folder)
        except CommandFailed as error:
            if error.code != FOUND:
                raise
        return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def findings(document: Any, packages: Sequence[Package], release: str) -> tuple[Finding, ...]:
    """The findings in what it wrote, the worst first.

    Raises:
        KeyError, TypeError, ValueError: it is not what osv-scanner writes.
    """
    known = {(p.ecosystem, p.name, p.version): p for p in packages}
    found: list[Finding] = []
    for result in document["results"]:
        for row in result["packages"]:
            named = row["package"]
            package = known[named["ecosystem"].partition(":")[0], named["name"], named["version"]]
            entries = {entry["id"]: entry for entry in row.get("vulnerabilities", ())}
            groups = row["groups"] if entries else ()
            if lost := entries.keys() - {name for group in groups for name in group["ids"]}:
                raise ValueError(f"in no group: {', '.join(sorted(lost))}")
            for group in groups:
                found += _finding([entries[name] for name in group["ids"]], group, package, release)
    return tuple(sorted(found, key=lambda f: (-(f.score or 0), f.id, f.packages)))


def _finding(entries: Sequence[Any], group: Any, package: Package, release: str) -> Iterator[Finding]:
    """One finding for all entries that mean the same vulnerability, where it is one of this release."""
    affected = [
        part for entry in entries for part in entry.get("affected", ()) if _is(part, package, release)
    ]
    if package.ecosystem == "Debian" and not any(_reaches(part, package.version) for part in affected):
        return
    identity = str(group["ids"][0])
    score = float(group["max_severity"]) if group.get("max_severity") else None
    yield Finding(
        id=identity,
        aliases=tuple(sorted({*map(str, (*group["ids"], *group.get("aliases", ())))} - {identity})),
        packages=package.purls,
        severity=severity_of(score) if score is not None else _word(entries, affected),
        score=score,
        fixed=_fixed(affected, package),
        summary=next((str(entry["summary"]) for entry in entries if entry.get("summary")), ""),
    )


def _is(part: Any, package: Package, release: str) -> bool:
    """Whether an entry's part is about this package, and of Debian about this release."""
    named = part.get("package") or {}
    wanted = f"Debian:{release}" if package.ecosystem == "Debian" and release else package.ecosystem
    ecosystem = str(named.get("ecosystem", ""))
    same = ecosystem == wanted or (not release and ecosystem.partition(":")[0] == package.ecosystem)
    return same and _plain(str(named.get("name", ""))) == _plain(package.name)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _reaches(part: Any, version: str) -> bool:
    """Whether a Debian version is in an affected range (OSV schema 1.7, ``affected[].ranges[].events[]``)."""
    if version in part.get("versions", ()):
        return True
    here = Version(version)
    for spread in part.get("ranges", ()):
        inside = False
        for event in spread["events"]:
            if "introduced" in event:
                inside = inside or event["introduced"] == "0" or here >= Version(event["introduced"])
            elif "fixed" in event:
                inside = inside and here < Version(event["fixed"])
            elif "last_affected" in event:
                inside = inside and here <= Version(event["last_affected"])
        if inside:
            return True
    return False


def _fixed(affected: Sequence[Any], package: Package) -> tuple[str, ...]:
    """The fixed versions that are newer than this one, as of several ranges only one concerns it."""
    named = {
        str(event["fixed"])
        for part in affected
        for spread in part.get("ranges", ())
        for event in spread["events"]
        if "fixed" in event
    }
    order: Callable[[str], Any] = Version if package.ecosystem == "Debian" else _order
    here = order(package.version)
    return tuple(sorted((v for v in named if order(v) > here), key=order))


def _order(version: str) -> tuple[tuple[int, int, str], ...]:
    """An order that is right for numbers with dots between them, and puts words before numbers, as pre-releases are."""
    parts = re.findall(r"\d+|[a-zA-Z]+", version)
    return (*((1, int(p), "") if p.isdigit() else (-1, 0, p.lower()) for p in parts), (0, 0, ""))


def _word(entries: Sequence[Any], affected: Sequence[Any]) -> Severity:
    """A severity where there is no score: GitHub's word for it, or Debian's urgency."""
    told = [str((entry.get("database_specific") or {}).get("severity", "")) for entry in entries]
    told += [str((part.get("ecosystem_specific") or {}).get("urgency", "")) for part in affected]
    return next((known for known in map(severity_called, told) if known != "unknown"), "unknown")
