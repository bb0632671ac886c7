"""Each check of the policy, by facts that make it pass, fail, or say that it does not know; then waivers and days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.unit.policy_facts import LOG4J, LOG4SHELL, TODAY, facts, judged, result_of, scan, settings

from kgshare.errors import BundleError, PolicyError
from kgshare.policy import store
from kgshare.policy.checks import NAMES, permitted
from kgshare.policy.facts import BaseFacts, SecretFacts
from kgshare.policy.judge import again, judge, require_green
from kgshare.policy.result import Status
from kgshare.scan.model import ScanStatus, VexNote, not_scanned

DATABASE, APPLICATION = facts().images
HIGH = replace(LOG4SHELL, id="GHSA-high", aliases=(), severity="high", score=7.5)
PLAIN = facts().seed


def test_with_nothing_wrong_every_check_passes() -> None:
    report = judged()
    assert report.green
    assert {result.check: result.status for result in report.results} == dict.fromkeys(NAMES, Status.PASSED)
    assert report.remarks == ()
    assert report.line() == f"{len(NAMES)} of {len(NAMES)} checks passed"


@pytest.mark.parametrize(
    ("check", "changes", "said"),
    [
        ("fixable-critical", {"scan": scan(LOG4SHELL)}, "1 critical finding could be fixed"),
        ("sbom", {"components": None}, "there is no bill of materials"),
        ("provenance", {"provenance": False}, "there is no statement of how it was built"),
        ("fixable-high", {"scan": scan(HIGH, replace(HIGH, id="B"))}, "2 high findings could be fixed"),
        ("known-exploited", {"scan": scan(replace(HIGH, severity="low", fixed=(), exploited=True))}, "1 finding is known"),
        ("non-root", {"images": (replace(DATABASE, user="0:0"), APPLICATION)}, "numbered user other than root"),
        ("non-root", {"images": (replace(DATABASE, user=""), APPLICATION)}, "numbered user other than root"),
        ("non-root", {"images": (DATABASE, replace(APPLICATION, user="neo4j"))}, "numbered user other than root"),
        ("no-shell", {"images": (replace(DATABASE, shells=("usr/bin/dash",)), APPLICATION)}, "1 shell is in an image"),
        ("no-setuid", {"images": (DATABASE, replace(APPLICATION, setuid=("usr/bin/su",)))}, "1 setuid or setgid file is"),
        ("bases-pinned", {"bases": (BaseFacts(role="database", name="image:x", pinned="", taken=TODAY),)}, "not pinned"),
        ("base-age", {"bases": (replace(facts().bases[0], taken=date(2025, 11, 1)),)}, "389 days old; 365 days may be"),
        ("licences", {"licences": {"pkg:npm/x@1": ("SSPL-1.0",)}}, "1 package is under a licence that is denied"),
        ("licences", {"licences": {"data/x": ("BUSL-1.1", "My Own Licence, 2")}}, "1 package is under a licence that is denied"),
        ("sbom", {"components": 0}, "the bill of materials is empty"),
        ("secrets", {"secrets": (SecretFacts(id="secret:private-key:a", where="a:3", kind="private-key"),)}, "1 place looks like a secret"),
        ("size", {"images": (replace(DATABASE, size=2_100_000_000), APPLICATION)}, "2140 MB of layers; 2000 MB may be"),
        ("seed-provenance", {"seed": replace(PLAIN, provenance="DERIVED_FROM")}, "not known what the graph"),
        ("seed-provenance", {"seed": replace(PLAIN, materials=())}, "not known what the graph"),
    ],
)  # fmt: skip
def test_a_check_fails_and_the_policy_is_red(check: str, changes: dict[str, Any], said: str) -> None:
    report = judged(**changes)
    result = result_of(check, report)
    assert (result.status, report.green) == (Status.FAILED, False)
    assert said in result.statement
    assert result.details
    assert [r.check for r in report.of(Status.FAILED)] == [check]
    with pytest.raises(PolicyError) as refused:
        require_green(report)
    assert refused.value.exit_code == 15
    assert refused.value.problems[0].where == check


@pytest.mark.parametrize(
    ("check", "text", "changes"),
    [
        ("scanned", "scanned: {required: true}", {"scan": not_scanned("no scanner is installed")}),
        ("scanned", "scanned: {required: true}", {"scan": scan(left_out=("Debian: there is no database",))}),
        ("scan-age", "scanned: {required: true}\n  scan-age: {days: 5}", {}),
        ("bases-approved", "bases-approved: {bases: [registry.example.org/*]}", {}),
        ("licences", "licences: {unknown: failed}", {"licences": {"pkg:npm/x@1": ()}}),
        ("licences", "licences: {denied: [LGPL-*]}", {}),
        ("size", "size: {megabytes: 100}", {}),
        ("base-age", "base-age: {days: 7}", {}),
        ("seed-provenance", "seed-provenance: {clean-tree: true}", {"seed": replace(PLAIN, clean=False)}),
        ("seed-provenance", "seed-provenance: {clean-tree: true}", {"seed": replace(PLAIN, clean=None)}),
    ],
)
def test_an_institute_can_ask_for_more(check: str, text: str, changes: dict[str, Any]) -> None:
    assert judged(**changes).green
    report = judged(f"checks:\n  {text}\n", **changes)
    assert [r.check for r in report.of(Status.FAILED)] == [check]


def test_and_for_less() -> None:
    found = {"scan": scan(HIGH, LOG4SHELL)}
    report = judged("checks: {fixable-high: {at-most: 1}, fixable-critical: {at-most: 1}}", **found)
    assert report.green
    assert result_of("fixable-high", report).statement == "1 high finding could be fixed; 1 may be"


def test_a_finding_whose_severity_nobody_says_leaves_the_answer_open_and_is_named() -> None:
    report = judged(scan=scan(replace(LOG4SHELL, severity="unknown", score=None)))
    assert report.green
    for check in ("fixable-critical", "fixable-high"):
        result = result_of(check, report)
        assert result.status is Status.NOT_KNOWN
        assert result.statement.endswith("; of 1 that could be fixed the severity is not known")
        assert [detail.id for detail in result.details] == ["GHSA-jfh8-c2jp-5v3r"]
    assert "    unknown  GHSA-jfh8-c2jp-5v3r (CVE-2021-44228)" in report.text()


def test_nothing_scanned_is_green_by_default_and_never_called_no_findings() -> None:
    report = judged(scan=not_scanned("no scanner is installed"))
    assert report.green
    unknown = {result.check for result in report.of(Status.NOT_KNOWN)}
    assert unknown == {"fixable-critical", "fixable-high", "known-exploited", "scanned", "scan-age"}
    assert {r.statement for r in report.of(Status.NOT_KNOWN)} == {"not scanned: no scanner is installed"}
    assert report.line().endswith("; not scanned: no scanner is installed")


def test_an_ecosystem_without_a_database_leaves_no_findings_unknown() -> None:
    report = judged(scan=scan(left_out=("Debian: there is no database",)))
    result = result_of("fixable-critical", report)
    assert result.status is Status.NOT_KNOWN
    assert "not scanned: Debian: there is no database" in result.statement
    worse = judged(scan=scan(LOG4SHELL, left_out=("Debian: there is no database",)))
    assert result_of("fixable-critical", worse).status is Status.FAILED


@pytest.mark.parametrize(
    ("changes", "unknown", "said"),
    [
        ({"status": ScanStatus.STALE, "reason": "its database is old"}, {"fixable-critical", "fixable-high", "known-exploited"}, "its database is old"),
        ({"database": TODAY + timedelta(days=1)}, {"fixable-critical", "fixable-high", "known-exploited", "scan-age"}, "is of"),
        ({"scanned": datetime(2027, 1, 1, tzinfo=UTC)}, {"fixable-critical", "fixable-high", "known-exploited", "scan-age"}, "is of"),
        ({"database": None}, {"scan-age"}, "the database's age is not known"),
        ({"packages": 0}, {"scanned"}, "it names no package"),
    ],
)  # fmt: skip
def test_what_a_scan_does_not_tell_is_not_known_and_never_passes(
    changes: dict[str, Any], unknown: set[str], said: str
) -> None:
    report = judged(scan=scan(**changes))
    assert {result.check for result in report.of(Status.NOT_KNOWN)} == unknown
    assert all(said in result.statement for result in report.of(Status.NOT_KNOWN))
    assert result_of("fixable-critical", judged(scan=scan(LOG4SHELL, **changes))).status is Status.FAILED


def test_a_base_that_was_locked_on_a_day_to_come_has_no_known_age() -> None:
    later = replace(facts().bases[0], taken=TODAY + timedelta(days=1))
    result = result_of("base-age", judged(bases=(facts().bases[0], later)))
    assert (result.status, "a clock is wrong" in result.statement) == (Status.NOT_KNOWN, True)


def test_a_finding_without_a_fixed_version_is_told_but_does_not_fail() -> None:
    assert judged(scan=scan(replace(LOG4SHELL, fixed=()))).green


@pytest.mark.parametrize(("status", "green"), [("not_affected", True), ("fixed", True), ("affected", False), ("under_investigation", False)])  # fmt: skip
def test_a_vex_statement_settles_a_finding_when_it_says_that_nothing_is_to_be_done(
    status: Any, green: bool
) -> None:
    note = VexNote(status=status, justification="vulnerable_code_not_present", document="vex/log4j.json")
    assert judged(scan=scan(replace(LOG4SHELL, vex=note))).green is green


WAIVER = """\
waivers:
  - id: {id}
    statement: the jar is not on the class path of what runs
    expires: 2026-12-31
"""


@pytest.mark.parametrize("name", ["CVE-2021-44228", "GHSA-jfh8-c2jp-5v3r", LOG4J, "fixable-critical"])
def test_a_waiver_accepts_a_finding_by_any_of_its_names(name: str) -> None:
    report = judged(WAIVER.format(id=name), scan=scan(LOG4SHELL))
    result = result_of("fixable-critical", report)
    assert (report.green, result.status) == (True, Status.WAIVED)
    assert result.details[0].waived == "until 2026-12-31: the jar is not on the class path of what runs"
    assert "waived: fixable-critical" in report.line()


def test_an_expired_waiver_accepts_nothing_and_is_named() -> None:
    text = WAIVER.format(id="CVE-2021-44228")
    assert judged(text, scan=scan(LOG4SHELL), on=date(2026, 12, 31)).green
    report = judged(text, scan=scan(LOG4SHELL), on=date(2027, 1, 1))
    assert not report.green
    assert report.remarks == ("the waiver of CVE-2021-44228 has expired on 2026-12-31",)


def test_a_waiver_accepts_what_it_names_and_nothing_beside_it() -> None:
    other = replace(LOG4SHELL, id="GHSA-other", aliases=("CVE-2026-1",), packages=("pkg:npm/x@1",))
    report = judged(WAIVER.format(id="CVE-2021-44228"), scan=scan(LOG4SHELL, other))
    assert not report.green
    with pytest.raises(PolicyError, match="GHSA-other") as refused:
        require_green(report)
    assert "GHSA-jfh8" not in str(refused.value)


def test_a_waiver_that_matches_nothing_is_pointed_out() -> None:
    assert judged(WAIVER.format(id="CVE-1")).remarks == (
        "the waiver of CVE-1 matches nothing: nothing that fails is called so",
    )
    assert judged(WAIVER.format(id="no-shell")).remarks == (
        "the waiver of no-shell is not needed: the check does not fail",
    )
    note = VexNote(status="not_affected", justification="component_not_present")
    settled = judged(WAIVER.format(id="CVE-2021-44228"), scan=scan(replace(LOG4SHELL, vex=note)))
    assert settled.remarks == ("the waiver of CVE-2021-44228 matches nothing: VEX settles it already",)


def test_a_path_in_an_image_is_waived_by_its_name_with_or_without_the_image() -> None:
    shells = (replace(DATABASE, shells=("usr/bin/dash",)), APPLICATION)
    for name in ("usr/bin/dash", "database:usr/bin/dash", "no-shell"):
        assert judged(WAIVER.format(id=name), images=shells).green


def test_a_stored_result_is_judged_again_by_its_own_settings_on_a_later_day() -> None:
    text = "checks: {scanned: {required: true}}\n" + WAIVER.format(id="CVE-2021-44228")
    stored = store.parse(store.render(judged(text, scan=scan(LOG4SHELL))), "x")
    assert stored == judged(text, scan=scan(LOG4SHELL))
    later = again(stored, TODAY + timedelta(days=60))
    assert {r.check for r in later.of(Status.FAILED)} == {"fixable-critical", "scan-age"}
    assert "failed: fixable-critical, scan-age" in later.line()


def test_what_is_not_a_stored_result_is_refused_with_the_place() -> None:
    text = store.render(judged()).replace(b'"green": true', b'"green": "perhaps"')
    with pytest.raises(BundleError, match=r"f: evidence/policy.json: is not a policy's result: green: Input"):
        store.parse(text, "f: evidence/policy.json")


@pytest.mark.parametrize(
    ("expression", "ok"),
    [
        ("MIT", True),
        ("(SSPL-1.0)", False),
        ("SSPL-1.0 OR MIT", True),
        ("(MIT) AND (SSPL-1.0)", False),
        ("MIT AND (SSPL-1.0 OR Apache-2.0)", True),
        ("(MIT AND SSPL-1.0) OR (BSD-3-Clause AND SSPL-1.0)", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("the authors' own words (SSPL-1.0 it is not)", True),
        ("LicenseRef-x", True),
    ],
)
def test_one_licence_of_a_choice_is_enough(expression: str, ok: bool) -> None:
    assert permitted(expression, ("SSPL-1.0",)) is ok


def test_the_text_names_each_check_once_and_what_failed_in_full() -> None:
    text = judge(facts(scan=scan(LOG4SHELL)), settings(), TODAY).text()
    assert text.startswith("demo 1.0: policy red\n✗ fixable-critical")
    assert "critical 10.0  GHSA-jfh8-c2jp-5v3r (CVE-2021-44228)  " + LOG4J + ", fixed in 2.15.0" in text
    assert "→ `kgshare lock --update` takes what is fixed" in text
    assert all(text.count(f" {name} ") == 1 for name in NAMES)
