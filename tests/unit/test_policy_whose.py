"""Whose policy a bundle is judged by: a stranger's own thresholds are never taken."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from tests.unit import evidence_example, policy_facts
from tests.unit.signed_example import Person, new_key, sign_as, text_of

from kgshare.bundle import REQUIRED
from kgshare.errors import BundleError
from kgshare.policy import command, store
from kgshare.policy.facts import SeedFacts
from kgshare.progress import Progress
from kgshare.project import MANIFEST
from kgshare.scan import store as scans
from kgshare.scan.model import ScanResult
from kgshare.seeding.result import SeedReport
from kgshare.trust.store import now, write_store

SEEDED = SeedReport(
    neo4j_version="5.26.30", digest="5" * 64, nodes=1, relationships=0, labels={}, types={}, seconds={}
)
LAX = "checks: {fixable-critical: {at-most: 999}}"


def made(folder: Path, graph: bytes | None = None) -> Path:
    """A bundle with a critical finding, which its author's own policy lets pass."""
    out = io.BytesIO()
    tarfile.open(fileobj=out, mode="w").close()
    digest = evidence_example.bundle(folder / "first").files["evidence/sbom.cdx.json"].digest
    scan: ScanResult = policy_facts.scan(policy_facts.LOG4SHELL, sbom=digest.removeprefix("sha256:"))
    report = policy_facts.judged(
        LAX, name="herbs", version="1.0", scan=scan, seed=SeedFacts(digest="sha256:" + SEEDED.digest)
    )
    own = {
        MANIFEST: (REQUIRED[MANIFEST], text_of(evidence_example.EXAMPLE).encode()),
        "seed.json": ("application/vnd.kgshare.seed-report.v1+json", SEEDED.to_json().encode()),
        "graph.tar": ("application/vnd.kgshare.graph.v1.tar", out.getvalue() if graph is None else graph),
        scans.RESULT: (scans.MEDIA_TYPES[scans.RESULT], scans.render(scan)),
        store.RESULT: (store.MEDIA_TYPE, store.render(report)),
    }
    return evidence_example.bundle(folder / "second", own=own).path


def check(where: Path, policy: Path | None = None) -> command.CheckReport:
    return command.check(where, policy=policy, scan=None, progress=Progress(quiet=True))


def status(report: command.CheckReport, name: str = "fixable-critical") -> str:
    return str(policy_facts.result_of(name, report).status)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Person(folder=tmp_path / "reviewer").here(monkeypatch)
    return made(tmp_path)


def test_where_nobody_who_is_trusted_signed_the_default_judges_and_it_is_said(bundle: Path) -> None:
    report = check(bundle)
    assert (status(report), report.green) == ("failed", False)
    lines = report.text().splitlines()
    assert lines[1] == "  judged by the default, as nobody who is trusted vouches for the bundle's own policy"
    assert lines[2] == "  ! not verified: it is not signed"


def test_a_folder_without_a_policy_is_no_policy_of_its_own(bundle: Path) -> None:
    bundle.rename(bundle.with_name("herbs-1.0.kgshare.tar"))
    assert "nobody who is trusted" in check(bundle.parent).by
    (bundle.parent / "policy.yaml").write_text(f"policy: 1\n{LAX}\n")
    report = check(bundle.parent)
    assert (status(report), report.by) == ("passed", str(bundle.parent / "policy.yaml"))


def test_the_policy_of_an_author_who_is_trusted_judges(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Person(folder=tmp_path / "anna").here(monkeypatch)
    anna = new_key("anna")
    sign_as(bundle, anna, time=now())
    reviewer = Person(folder=tmp_path / "reviewer").here(monkeypatch)
    assert status(check(bundle)) == "failed"
    write_store(reviewer.store.trust(anna.public, now()))
    report = check(bundle)
    assert (status(report), report.by) == ("passed", "the bundle's own policy, anna's")
    assert report.verdict.startswith("signed by anna on ")


def test_a_policy_that_is_named_judges_with_its_catalogue_of_exploited_vulnerabilities(
    bundle: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "institute.yaml"
    policy.write_text("policy: 1\nchecks: {known-exploited: {catalogue: kev.json}}\n")
    (tmp_path / "kev.json").write_text(json.dumps({"vulnerabilities": [{"cveID": "CVE-2021-44228"}]}))
    report = check(bundle, policy)
    assert (status(report, "known-exploited"), report.by) == ("failed", str(policy))
    (tmp_path / "kev.json").write_text(json.dumps({"vulnerabilities": [{"cveID": "CVE-2000-1"}]}))
    assert status(check(bundle, policy), "known-exploited") == "passed"


def test_a_graph_that_cannot_be_read_is_an_error_of_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Person(folder=tmp_path / "reviewer").here(monkeypatch)
    with pytest.raises(BundleError, match="its graph cannot be read"):
        check(made(tmp_path, b"junk" * 1000))
