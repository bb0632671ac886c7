"""Log4Shell, found by a real scanner in a bundle that has it: what the policy makes of it, of VEX, of a waiver, of its end."""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.e2e.command_line import kgshare, works
from tests.unit import evidence_example
from tests.unit.lock_example import jar
from tests.unit.signed_example import SEED, text_of

from kgshare.bundle import REQUIRED
from kgshare.errors import BundleError, ManifestError, PolicyError, ScanError
from kgshare.project import MANIFEST
from kgshare.seeding.result import SeedReport

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
# The facts of GHSA-jfh8-c2jp-5v3r in the GitHub Advisory Database (CC-BY-4.0), in the form of the OSV schema.
LOG4SHELL = {
    "schema_version": "1.6.0",
    "id": "GHSA-jfh8-c2jp-5v3r",
    "aliases": ["CVE-2021-44228"],
    "modified": "2026-11-01T00:00:00Z",
    "summary": "Remote code injection in Log4j",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/E:H"}],
    "affected": [
        {
            "package": {"ecosystem": "Maven", "name": "org.apache.logging.log4j:log4j-core"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": first}, {"fixed": fixed}]}],
        }
        for first, fixed in (("2.13.0", "2.15.0"), ("2.4", "2.12.2"), ("2.0-beta9", "2.3.1"))
    ],
}
STATEMENT = {
    "@context": "https://openvex.dev/ns/v0.2.0", "@id": "pkg:generic/herbs#vex-1", "author": "A.",
    "timestamp": "2026-11-02T00:00:00Z", "version": 1,
    "statements": [
        {
            "vulnerability": {"name": "CVE-2021-44228"},
            "products": [{"@id": "pkg:generic/herbs", "subcomponents": [{"@id": LOG4J}]}],
            "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path",
        }
    ],
}  # fmt: skip
WAIVER = """\
policy: 1
waivers:
  - {{id: CVE-2021-44228, statement: nothing that is logged comes from outside, expires: {expires}}}
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bundle whose lock has log4j-core 2.14.1."""
    log4j = dataclasses.replace(jar("log4j-core", "2.14.1"), group="org.apache.logging.log4j")
    lock = evidence_example.example_lock()
    lock = dataclasses.replace(lock, jars={**lock.jars, "database": (*lock.jars["database"], log4j)})
    seeded = SeedReport(
        neo4j_version="5.26.30", digest="5" * 64, nodes=1, relationships=0, labels={}, types={}, seconds={}
    )
    graph = io.BytesIO()
    tarfile.open(fileobj=graph, mode="w").close()
    own = {
        MANIFEST: (REQUIRED[MANIFEST], text_of(evidence_example.EXAMPLE).encode()),
        SEED: ("application/vnd.kgshare.seed-report.v1+json", seeded.to_json().encode()),
        "graph.tar": ("application/vnd.kgshare.graph.v1.tar", graph.getvalue()),
    }
    return evidence_example.bundle(tmp_path_factory.mktemp("herbs"), own=own, locked=lock).path


@pytest.fixture(scope="module")
def with_scanner(osv_scanner: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with a scanner and a local database in which there is one vulnerability; it asks nobody else."""
    root = tmp_path_factory.mktemp("databases")
    file = root / "osv-scanner" / "Maven" / "all.zip"
    file.parent.mkdir(parents=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{LOG4SHELL['id']}.json", json.dumps(LOG4SHELL))
    return {
        "KGSHARE_SCANNER": "",
        "PATH": str(osv_scanner.parent),
        "OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY": str(root),
    }


def judged(bundle: Path, result: Path, policy: Path) -> tuple[int, str]:
    """Exit code and what became of the check, judged by a file."""
    ran = kgshare("policy", "check", bundle, "--scan", result, "--policy", policy, "--json")
    [found] = [r for r in json.loads(ran.out)["result"]["results"] if r["check"] == "fixable-critical"]
    return ran.code, found["status"]


def test_log4shell_turns_the_policy_red_and_vex_or_a_waiver_green_until_it_expires(
    bundle: Path, with_scanner: dict[str, str], tmp_path: Path
) -> None:
    found, settled = tmp_path / "found.json", tmp_path / "settled.json"
    ran = works("scan", bundle, "--output", found, **with_scanner)
    assert f"critical 10.0  GHSA-jfh8-c2jp-5v3r (CVE-2021-44228)  {LOG4J}, fixed in 2.15.0" in ran.out
    assert "! not scanned: Debian: there is no local database" in ran.out
    plain = tmp_path / "policy.yaml"
    plain.write_text("policy: 1\n")
    assert judged(bundle, found, plain) == (PolicyError.exit_code, "failed")

    statement = tmp_path / "log4shell.json"
    statement.write_text(json.dumps(STATEMENT))
    ran = works("scan", bundle, "--vex", statement, "--output", settled, **with_scanner)
    assert "not affected: vulnerable_code_not_in_execute_path" in ran.out
    assert ran.out.rstrip().endswith("none is open; 1 settled by VEX")
    assert judged(bundle, settled, plain) == (0, "not known")  # of Debian's packages nothing is known

    waived, expired = tmp_path / "waived.yaml", tmp_path / "expired.yaml"
    waived.write_text(WAIVER.format(expires="2099-12-31"))
    expired.write_text(WAIVER.format(expires="2026-11-24"))
    assert judged(bundle, found, waived) == (0, "waived")
    assert judged(bundle, found, expired) == (PolicyError.exit_code, "failed")
    ran = kgshare("policy", "check", bundle, "--scan", found, "--policy", expired)
    assert "! the waiver of CVE-2021-44228 has expired on 2026-11-24" in ran.out


def test_without_a_scanner_nothing_was_scanned_and_that_is_an_error_of_its_own(
    bundle: Path, tmp_path: Path
) -> None:
    ran = kgshare("scan", bundle, PATH=str(tmp_path), KGSHARE_SCANNER="")
    assert ran.code == ScanError.exit_code
    assert "not scanned: no scanner is installed (osv-scanner, grype, trivy)" in ran.err
    assert "not scanned: the bundle holds no scan" in works("policy", "check", bundle).out


def test_what_was_written_wrongly_is_refused_with_its_place(bundle: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(STATEMENT, indent=1).replace("not_affected", "harmless"))
    ran = kgshare("scan", bundle, "--vex", broken, "--json")
    assert ran.code == ManifestError.exit_code
    assert ran.errors[0]["message"].startswith("`statements[0].status`: Input should be")
    assert ran.errors[0]["where"] == f"{broken}:22"
    ran = kgshare("policy", "check", bundle, "--scan", broken)
    assert ran.code == BundleError.exit_code
    assert f"{broken}: is no result of a scan: status: Field required" in ran.err


def test_the_scan_of_another_bundle_is_not_taken(
    bundle: Path, with_scanner: dict[str, str], tmp_path: Path
) -> None:
    result = tmp_path / "result.json"
    works("scan", bundle, "--output", result, **with_scanner)
    other = json.loads(result.read_text()) | {"sbom": "0" * 64}
    result.write_text(json.dumps(other))
    ran = kgshare("policy", "check", bundle, "--scan", result)
    assert ran.code == BundleError.exit_code
    assert "is the scan of another bill of materials: 000000000000…" in ran.err
