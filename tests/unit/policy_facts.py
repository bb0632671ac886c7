"""Facts of a bundle with which nothing is wrong, for the tests of the policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from kgshare.policy.facts import BaseFacts, Facts, ImageFacts, SeedFacts
from kgshare.policy.judge import judge
from kgshare.policy.result import PolicyReport, Result
from kgshare.policy.settings import Settings, parse_settings
from kgshare.scan.model import Finding, ScanResult, ScanStatus

TODAY = date(2026, 11, 25)
LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
# GHSA-jfh8-c2jp-5v3r of the GitHub Advisory Database: Log4Shell, fixed in 2.15.0 for versions from 2.13.0.
LOG4SHELL = Finding(
    id="GHSA-jfh8-c2jp-5v3r", aliases=("CVE-2021-44228",), packages=(LOG4J,), severity="critical", score=10.0,
    fixed=("2.15.0",), summary="Remote code injection in Log4j",
)  # fmt: skip


def scan(*findings: Finding, **changes: Any) -> ScanResult:
    made = ScanResult(
        status=ScanStatus.SCANNED, scanner="osv-scanner", version="2.2.4", scanned=datetime(2026, 11, 20, tzinfo=UTC),
        database=date(2026, 11, 19), sbom="ab" * 32, packages=120, findings=findings,
    )  # fmt: skip
    return replace(made, **changes)


def facts(**changes: Any) -> Facts:
    made = Facts(
        name="demo",
        version="1.0",
        images=(
            ImageFacts(role="database", user="7474:7474", shells=(), setuid=(), size=80_000_000),
            ImageFacts(role="application", user="65532:65532", shells=(), setuid=(), size=40_000_000),
        ),
        bases=tuple(
            BaseFacts(role=role, name="debian", pinned="the SHA-256 of each package", taken=date(2026, 11, 1))
            for role in ("database", "application")
        ),
        seed=SeedFacts(
            digest="sha256:" + "c" * 64, materials=("files of seed",), revision="d" * 40, clean=True
        ),
        scan=scan(),
        components=120,
        licences={LOG4J: ("Apache-2.0",), "pkg:deb/debian/libc6@2.41-12": ("LGPL-2.1-or-later",)},
        provenance=True,
        secrets=(),
    )
    return replace(made, **changes)


def settings(text: str = "") -> Settings:
    return parse_settings(f"policy: 1\n{text}".encode(), "policy.yaml")


def judged(text: str = "", *, on: date = TODAY, **changes: Any) -> PolicyReport:
    return judge(facts(**changes), settings(text), on)


def result_of(check: str, report: PolicyReport) -> Result:
    return next(result for result in report.results if result.check == check)
