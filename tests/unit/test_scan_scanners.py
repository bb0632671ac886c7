"""Scanners: what their documents say, and what keeps them from their work. The documents of grype and trivy are stand-ins."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from kgshare.errors import BundleError, ManifestError, UsageError
from kgshare.policy.settings import catalogue_of
from kgshare.scan import osv, scanners, store
from kgshare.scan.exploited import marked, read_catalogue
from kgshare.scan.model import Finding, ScanResult, ScanStatus, severity_of
from kgshare.scan.others import grype_findings, trivy_findings
from kgshare.scan.packages import Asked, Package

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
LIBC = "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=trixie"
PACKAGES = (
    Package(ecosystem="Debian", name="glibc", version="2.41-12", purls=(LIBC,)),
    Package(ecosystem="Maven", name="org.apache.logging.log4j:log4j-core", version="2.14.1", purls=(LOG4J,)),
)


def entry(identity: str, ecosystem: str, name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    part = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": identity, "affected": [part], **more}


def written(package: int, *entries: dict[str, Any], severity: str = "", aliases: tuple[str, ...] = ()) -> Any:
    """What osv-scanner 2.2.4 writes of one package (seen in its own output)."""
    asked = PACKAGES[package]
    row = {
        "package": {"name": asked.name, "version": asked.version, "ecosystem": asked.ecosystem},
        "vulnerabilities": list(entries),
        "groups": [{"ids": [e["id"] for e in entries], "aliases": list(aliases), "max_severity": severity}],
    }
    return {"results": [{"source": {"path": "bom.cdx.json", "type": "sbom"}, "packages": [row]}]}


def found(document: Any) -> tuple[Finding, ...]:
    return osv.findings(document, PACKAGES, "13")


def test_osv_scanner_s_groups_become_one_finding_each_with_the_fix_that_is_newer() -> None:
    name = "org.apache.logging.log4j:log4j-core"
    ranges = [
        ({"introduced": "2.0-beta9"}, {"fixed": "2.3.1"}),
        ({"introduced": "2.13.0"}, {"fixed": "2.15.0"}),
    ]
    one = entry("GHSA-jfh8-c2jp-5v3r", "Maven", name, *ranges[0], summary="Remote code injection in Log4j")
    one["affected"] += entry("", "Maven", name, *ranges[1])["affected"]
    [finding] = found(written(1, one, severity="10.0", aliases=("CVE-2021-44228", "GHSA-jfh8-c2jp-5v3r")))
    assert finding == Finding(
        id="GHSA-jfh8-c2jp-5v3r", aliases=("CVE-2021-44228",), packages=(LOG4J,), severity="critical", score=10.0,
        fixed=("2.15.0",), exploited=None, summary="Remote code injection in Log4j",
    )  # fmt: skip


def test_what_is_true_of_another_debian_is_no_finding() -> None:
    older = entry("DSA-1", "Debian:12", "glibc", {"introduced": "0"}, {"fixed": "2.36-9+deb12u9"})
    newer = entry("DSA-2", "Debian:14", "glibc", {"introduced": "0"}, {"fixed": "2.42-1"})
    assert found(written(0, older)) == found(written(0, newer)) == ()


@pytest.mark.parametrize(
    ("events", "fixed"),
    [
        (({"introduced": "0"}, {"fixed": "2.41-12+deb13u1"}), ("2.41-12+deb13u1",)),
        (({"introduced": "0"},), ()),
        (({"introduced": "2.40-1"}, {"last_affected": "2.41-12"}), ()),
        (({"introduced": "0"}, {"fixed": "2.41-12"}), None),
        (({"introduced": "0"}, {"last_affected": "2.41-11"}), None),
        (({"introduced": "2.41-13"},), None),
    ],
)
def test_debian_s_own_ranges_decide(
    events: tuple[dict[str, str], ...], fixed: tuple[str, ...] | None
) -> None:
    result = found(written(0, entry("DSA-3", "Debian:13", "glibc", *events)))
    assert [finding.fixed for finding in result] == ([] if fixed is None else [fixed])


@pytest.mark.parametrize(
    ("word", "severity"), [("CRITICAL", "critical"), ("MODERATE", "medium"), ("", "unknown")]
)
def test_without_a_score_the_database_s_word_is_taken(word: str, severity: str) -> None:
    name = "org.apache.logging.log4j:log4j-core"
    one = entry("GHSA-x", "Maven", name, {"introduced": "0"}, database_specific={"severity": word})
    assert found(written(1, one))[0].severity == severity


def test_the_words_for_scores_are_the_field_s() -> None:
    scores = (0.0, 0.1, 3.9, 4.0, 6.9, 7.0, 8.9, 9.0, None)
    words = ["none", "low", "low", "medium", "medium", "high", "high", "critical", "unknown"]
    assert [severity_of(score) for score in scores] == words


def test_a_database_is_as_new_as_its_newest_entry_or_else_as_its_file(tmp_path: Path) -> None:
    file = tmp_path / "all.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for day in (3, 20):
            archive.writestr(zipfile.ZipInfo(f"{day}.json", (2026, 11, day, 0, 0, 0)), "{}")
    assert osv.database_day(file) == date(2026, 11, 20)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("1.json"), "{}")
    moment = datetime(2026, 10, 5, tzinfo=UTC).timestamp()
    os.utime(file, (moment, moment))
    assert osv.database_day(file) == date(2026, 10, 5)


def test_a_stand_in_for_what_grype_writes_is_understood() -> None:
    match = {
        "vulnerability": {
            "id": "GHSA-jfh8-c2jp-5v3r", "severity": "Critical", "description": "Log4Shell\nmore",
            "cvss": [{"version": "3.1", "vector": "CVSS:3.1/…", "metrics": {"baseScore": 10.0}}],
            "fix": {"versions": ["2.15.0"], "state": "fixed"},
        },
        "relatedVulnerabilities": [{"id": "CVE-2021-44228", "knownExploited": [{"cve": "CVE-2021-44228"}]}],
        "artifact": {"name": "log4j-core", "version": "2.14.1", "purl": LOG4J},
    }  # fmt: skip
    plain = {"vulnerability": {"id": "CVE-1", "severity": "Negligible"}, "artifact": {"purl": LIBC}}
    about = {"db": {"status": {"built": "2026-11-19T00:00:00Z"}, "providers": {"kev": {}, "nvd": {}}}}
    one, other = grype_findings({"matches": [match, plain], "descriptor": about})
    assert (one.names, one.severity, one.fixed, one.exploited) == (
        {"GHSA-jfh8-c2jp-5v3r", "CVE-2021-44228"}, "critical", ("2.15.0",), True,
    )  # fmt: skip
    assert (other.severity, other.score, other.fixed, other.exploited) == ("none", None, (), False)


def test_a_database_of_grype_s_without_the_catalogue_does_not_say_what_is_exploited() -> None:
    plain = {"vulnerability": {"id": "CVE-1", "severity": "Low"}, "artifact": {"purl": LIBC}}
    [finding] = grype_findings({"matches": [plain], "descriptor": {"db": {"built": "2024-03-01"}}})
    assert finding.exploited is None


def test_a_vulnerability_that_osv_scanner_puts_in_no_group_is_not_lost() -> None:
    one = entry("GHSA-x", "Maven", PACKAGES[1].name, {"introduced": "0"})
    document = written(1, one)
    [row] = document["results"][0]["packages"]
    row["groups"] = []
    with pytest.raises(ValueError, match="in no group: GHSA-x"):
        found(document)
    del row["groups"]
    with pytest.raises(KeyError, match="groups"):
        found(document)
    del row["vulnerabilities"]
    assert found(document) == ()


def test_a_stand_in_for_what_trivy_writes_is_understood() -> None:
    row = {
        "VulnerabilityID": "CVE-2021-44228", "PkgIdentifier": {"PURL": LOG4J}, "InstalledVersion": "2.14.1",
        "FixedVersion": "2.15.0, 2.3.1", "Severity": "CRITICAL", "Title": "log4j-core: remote code execution",
        "CVSS": {"ghsa": {"V3Score": 10}, "nvd": {"V2Score": 9.3, "V3Score": 9.8}},
    }  # fmt: skip
    [finding] = trivy_findings({"Results": [{"Target": "Java", "Vulnerabilities": [row]}, {"Target": "x"}]})
    assert (finding.score, finding.fixed, finding.exploited) == (10.0, ("2.15.0", "2.3.1"), None)
    assert list(trivy_findings({})) == []


# ---- what keeps a scanner from its work, with programs that stand in for scanners ------------------------------------


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, and no local database."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv(scanners.CHOICE, raising=False)
    monkeypatch.setenv(osv.FOLDER, str(tmp_path / "databases"))
    return folder


def program(folder: Path, name: str, body: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def question(*packages: Package) -> Asked:
    return Asked(sbom=b"{}", packages=packages or PACKAGES, release="13", project=())


def database(programs: Path, ecosystem: str, day: date) -> None:
    file = programs.parent / "databases" / "osv-scanner" / ecosystem / "all.zip"
    file.parent.mkdir(parents=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("1.json", (day.year, day.month, day.day, 0, 0, 0)), "{}")


def test_no_scanner_is_a_status_of_its_own_and_says_which_there_could_be(programs: Path) -> None:
    result = scanners.scan(question())
    assert (result.status, result.looked) == (ScanStatus.NO_SCANNER, False)
    assert result.text() == "not scanned: no scanner is installed (osv-scanner, grype, trivy)"
    assert scanners.identity() == ""
    assert scanners.scan(question(), "trivy").reason == "trivy is not installed"
    program(programs, "grype", "exit 1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(scanners.CHOICE, "none")
        assert scanners.scan(question()).reason == "KGSHARE_SCANNER is none"
        assert scanners.identity() == ""
        assert scanners.scan(question(), "grype").status is ScanStatus.FAILED
        patch.setenv(scanners.CHOICE, "trivy")
        assert scanners.scan(question()).reason == "trivy is not installed"
    with pytest.raises(UsageError, match="kgshare knows no scanner clair"):
        scanners.scan(question(), "clair")


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("osv-scanner", "echo 'no such host' >&2; exit 127", "osv-scanner ended with exit code 127: no such host"),
        ("grype", "exit 1", "grype ended with exit code 1: it printed nothing"),
        ("grype", "echo 'not json'", "what grype printed is not what it is documented to print: JSONDecodeError"),
        ("grype", "echo '[]'", "what grype printed is not what it is documented to print: TypeError: it is no JSON object"),
        ("grype", "echo '{\"matches\": []}'", "what grype printed is not what it is documented to print: KeyError: 'descriptor'"),
        ("trivy", "echo '{\"Results\": [{\"Vulnerabilities\": [{}]}], \"Version\": \"1\"}'", "what trivy printed is not"),
    ],
)  # fmt: skip
def test_a_scanner_that_fails_or_prints_something_else_has_not_scanned(
    programs: Path, name: str, body: str, reason: str
) -> None:
    program(programs, name, body)
    result = scanners.scan(question())
    assert result.status is ScanStatus.FAILED
    assert result.reason.startswith(reason)
    assert result.findings == ()


ANSWER = """case "$*" in *--version*) echo "osv-scanner version: 2.2.4"; exit 0;; esac
while [ "$1" != --output ]; do shift; done
echo '{"results": []}' > "$2"
"""


def test_a_local_database_of_other_ecosystems_only_is_no_database(programs: Path) -> None:
    program(programs, "osv-scanner", ANSWER)
    database(programs, "npm", datetime.now(UTC).date())
    result = scanners.scan(question())
    assert (result.status, result.looked) == (ScanStatus.NO_DATABASE, False)
    assert result.reason == "its local database has nothing of Debian, Maven"


def test_what_no_local_database_is_of_is_named_and_not_taken_for_no_findings(programs: Path) -> None:
    program(programs, "osv-scanner", ANSWER)
    database(programs, "Maven", datetime.now(UTC).date())
    result = scanners.scan(question())
    assert (result.status, result.left_out) == (ScanStatus.PARTLY, ("Debian: there is no local database",))
    assert result.packages == 1
    assert result.text().endswith(
        "! not scanned: Debian: there is no local database\nno findings in what was scanned"
    )


def test_what_a_scanner_was_not_asked_about_makes_a_scan_a_part_of_one(programs: Path) -> None:
    program(programs, "osv-scanner", ANSWER)
    database(programs, "Maven", datetime.now(UTC).date())
    asked = dataclasses.replace(question(PACKAGES[1]), unasked=("app.tar: what is in it is not known",))
    result = scanners.scan(asked)
    assert (result.status, result.left_out) == (ScanStatus.PARTLY, ("app.tar: what is in it is not known",))


def test_where_there_is_nothing_to_ask_about_nothing_was_scanned(programs: Path) -> None:
    program(programs, "osv-scanner", ANSWER)
    asked = dataclasses.replace(question(), packages=(), unasked=("14 apk packages of wolfi",))
    result = scanners.scan(asked)
    assert (result.status, result.looked) == (ScanStatus.NO_PACKAGE, False)
    assert (
        result.reason == "nothing in it is of a kind that a scanner is asked about; 14 apk packages of wolfi"
    )


def test_a_database_is_found_where_later_versions_keep_it(programs: Path) -> None:
    database(programs, "Maven", date(2026, 11, 1))
    (programs.parent / "databases" / "osv-scanner").rename(programs.parent / "databases" / "osv-scalibr")
    assert list(osv.databases()) == ["Maven"]


def test_an_old_database_is_called_stale(programs: Path) -> None:
    program(programs, "osv-scanner", ANSWER)
    database(programs, "Maven", date(2024, 3, 1))
    result = scanners.scan(question(PACKAGES[1]))
    assert (result.status, result.database) == (ScanStatus.STALE, date(2024, 3, 1))
    assert result.reason.startswith("its database of 2024-03-01 is ")
    assert result.text().endswith("\nno findings in a stale database")


def test_a_scan_is_made_anew_when_program_or_database_is_another_one(programs: Path) -> None:
    program(programs, "osv-scanner", ANSWER)
    database(programs, "Maven", date(2026, 11, 1))
    first = scanners.identity()
    assert scanners.identity() == first
    database(programs, "npm", date(2026, 11, 1))
    assert scanners.identity() != first


# ---- a result that travels ------------------------------------------------------------------------------------------

RESULT = ScanResult(
    status=ScanStatus.SCANNED, scanner="osv-scanner", version="2.2.4", scanned=datetime(2026, 11, 20, tzinfo=UTC),
    database=date(2026, 11, 19), sbom="ab", packages=1,
    findings=(Finding(id="X", packages=(LOG4J,), severity="low", score=2.0),),
)  # fmt: skip


def test_a_result_is_read_as_it_was_written_also_in_its_envelope() -> None:
    from kgshare.report import envelope

    assert store.parse(store.render(RESULT), "r") == RESULT
    assert store.parse(envelope("scan", RESULT).encode(), "r") == RESULT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"scanner output", "r.json: is no result of a scan: not JSON"),
        (b"[]", "r.json: is no result of a scan: "),
        (b"[" * 99_999, "r.json: is no result of a scan: not JSON: "),
        (json.dumps({"status": "fine"}).encode(), "r.json: is no result of a scan: status: Input should be 'scanned'"),
        (store.render(RESULT).replace(b'"low"', b'"lowest"'), "r.json: is no result of a scan: findings.0.severity: Input"),
    ],
)  # fmt: skip
def test_what_is_no_result_is_refused_with_the_place(text: bytes, said: str) -> None:
    with pytest.raises(BundleError) as refused:
        store.parse(text, "r.json")
    assert str(refused.value.problems[0]).startswith(said)


# ---- what is known to be exploited -----------------------------------------------------------------------------------


def test_a_catalogue_says_of_every_finding_whether_it_is_exploited(tmp_path: Path) -> None:
    file = tmp_path / "kev.json"
    file.write_text(
        json.dumps({"title": "t", "vulnerabilities": [{"cveID": "CVE-2021-44228", "dueDate": "2021-12-24"}]})
    )
    catalogue = read_catalogue(file)
    shell = Finding(
        id="GHSA-jfh8-c2jp-5v3r", aliases=("CVE-2021-44228",), packages=(LOG4J,), severity="critical"
    )
    known = Finding(id="X", packages=(LOG4J,), severity="low", exploited=True)
    other = Finding(id="Y", packages=(LOG4J,), severity="low")
    assert [f.exploited for f in marked((shell, known, other), catalogue)] == [True, True, False]
    assert [f.exploited for f in marked((shell, known, other), None)] == [None, True, None]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"vulnerabilities": [{}]}', '{"vulnerabilities": []}', "[" * 99_999]
)
def test_what_is_no_catalogue_is_refused_with_its_name(text: str, tmp_path: Path) -> None:
    file = tmp_path / "kev.json"
    file.write_text(text)
    with pytest.raises(
        ManifestError, match=r"kev\.json: (is no catalogue of exploited|the catalogue is empty)"
    ):
        read_catalogue(file)


def test_the_catalogue_is_the_one_that_the_policy_names_beside_itself(tmp_path: Path) -> None:
    assert catalogue_of(tmp_path) is None
    (tmp_path / "policy.yaml").write_text("policy: 1\nchecks: {known-exploited: {catalogue: kev.json}}\n")
    with pytest.raises(
        ManifestError, match=r"kev\.json: the catalogue of exploited vulnerabilities cannot be read"
    ):
        catalogue_of(tmp_path)
    (tmp_path / "kev.json").write_text('{"vulnerabilities": [{"cveID": "CVE-1"}]}')
    assert catalogue_of(tmp_path) == {"CVE-1"}
