"""grype and trivy: what they are asked, and what their JSON says, by their documentation.

Neither has been run by kgshare's tests, as neither can be installed by a package there: recorded documents stand in.
grype 0.9x: https://github.com/anchore/grype, ``grype/presenter/models``; trivy 0.6x: https://trivy.dev, ``pkg/types/report.go``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from kgshare.doors.process import run
from kgshare.scan.model import Finding, ScanResult, ScanStatus, Severity, severity_called, severity_of
from kgshare.scan.packages import Asked, flat, original

GRYPE, TRIVY = "grype", "trivy"


def grype(program: str, asked: Asked) -> ScanResult:
    """Ask grype; its own configuration says where its database is and whether it is brought up to date first.

    Raises:
        CommandFailed: it ended with an error.
        ValueError, KeyError, TypeError: what it printed is not as it must be.
    """
    document = _ask([program, "--output", "json"], "sbom:{}", asked)
    built = (document["descriptor"].get("db") or {}).get("status") or document["descriptor"].get("db") or {}
    return _result(
        asked,
        GRYPE,
        str(document["descriptor"]["version"]),
        _day(built.get("built", "")),
        grype_findings(document),
    )


def grype_findings(document: Any) -> Iterable[Finding]:
    """The findings in what grype wrote; what is exploited only a database says that was made with CISA's catalogue.

    Raises:
        KeyError, TypeError: it is not what grype writes.
    """
    about = (document.get("descriptor") or {}).get("db") or {}
    silent = None if "kev" not in (about.get("providers") or {}) else False
    for match in document["matches"]:
        entry, related = match["vulnerability"], match.get("relatedVulnerabilities") or ()
        scores = [c["metrics"]["baseScore"] for row in (entry, *related) for c in row.get("cvss") or ()]
        exploited = any(row.get("knownExploited") for row in (entry, *related))
        yield Finding(
            id=str(entry["id"]),
            aliases=tuple(sorted({str(row["id"]) for row in related} - {str(entry["id"])})),
            packages=(str(match["artifact"]["purl"]),),
            severity=_severity(scores, str(entry.get("severity", ""))),
            score=max(scores, default=None),
            fixed=tuple(map(str, (entry.get("fix") or {}).get("versions") or ())),
            exploited=exploited or silent,
            summary=str(entry.get("description") or "").partition("\n")[0],
        )


def trivy(program: str, asked: Asked) -> ScanResult:
    """Ask trivy; its own configuration says where its database is and whether it is brought up to date first.

    Raises:
        CommandFailed: it ended with an error.
        ValueError, KeyError, TypeError: what it printed is not as it must be.
    """
    document = _ask([program, "sbom", "--quiet", "--format", "json"], "{}", asked)
    about = json.loads(run([program, "version", "--format", "json"]).stdout)
    updated = (about.get("VulnerabilityDB") or {}).get("UpdatedAt", "")
    return _result(asked, TRIVY, str(about["Version"]), _day(updated), trivy_findings(document))


def trivy_findings(document: Any) -> Iterable[Finding]:
    """The findings in what trivy wrote; of its database nothing says what is known to be exploited.

    Raises:
        KeyError, TypeError: it is not what trivy writes.
    """
    for result in document.get("Results") or ():
        for row in result.get("Vulnerabilities") or ():
            scores = [
                float(c[key])
                for c in (row.get("CVSS") or {}).values()
                for key in ("V40Score", "V3Score")
                if key in c
            ]
            fixed = [word.strip() for word in str(row.get("FixedVersion") or "").split(",")]
            yield Finding(
                id=str(row["VulnerabilityID"]),
                aliases=tuple(sorted(map(str, row.get("VendorIDs") or ()))),
                packages=(str(row["PkgIdentifier"]["PURL"]),),
                severity=_severity(scores, str(row.get("Severity", ""))),
                score=max(scores, default=None),
                fixed=tuple(word for word in fixed if word),
                summary=str(row.get("Title") or ""),
            )


def _ask(argv: list[str], operand: str, asked: Asked) -> Any:
    """Give a program the packages; its output is JSON."""
    with tempfile.TemporaryDirectory(prefix="kgshare-") as folder:
        file = Path(folder) / "bom.cdx.json"
        file.write_bytes(flat(asked))
        document = json.loads(run([*argv, operand.format(file)]).stdout)
    if not isinstance(document, dict):
        raise TypeError("it is no JSON object")
    return document


def _result(
    asked: Asked, scanner: str, version: str, day: date | None, findings: Iterable[Finding]
) -> ScanResult:
    named = [replace(f, packages=tuple(original(purl, asked) for purl in f.packages)) for f in findings]
    return ScanResult(
        status=ScanStatus.SCANNED,
        scanner=scanner,
        version=version,
        scanned=datetime.now(UTC).replace(microsecond=0),
        database=day,
        sbom=asked.digest,
        packages=len(asked.packages),
        findings=tuple(sorted(named, key=lambda f: (-(f.score or 0), f.id, f.packages))),
    )


def _severity(scores: list[float], word: str) -> Severity:
    return severity_of(max(scores)) if scores else severity_called(word)


def _day(text: str) -> date | None:
    """The day of an RFC 3339 time, which may have more digits than Python reads; None where there is none."""
    return date.fromisoformat(text[:10]) if text else None
