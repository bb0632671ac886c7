"""VEX: OpenVEX read strictly, and what its statements mean for what a scanner found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.policy_facts import LOG4J, LOG4SHELL

from kgshare.errors import ManifestError
from kgshare.scan import vex
from kgshare.scan.noted import apply

PROJECT = ("pkg:generic/herbarium", "pkg:oci/database")
STATEMENT = {
    "vulnerability": {"name": "CVE-2021-44228"},
    "products": [{"@id": LOG4J}],
    "status": "not_affected",
    "justification": "vulnerable_code_not_in_execute_path",
    "impact_statement": "nothing that is logged is looked up",
}


def document(*statements: dict[str, Any], **changes: Any) -> bytes:
    made = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "pkg:generic/herbarium#vex-1",
        "author": "A. Botanist",
        "timestamp": "2026-11-01T12:00:00Z",
        "version": 1,
        "statements": list(statements) or [STATEMENT],
    }
    return json.dumps(made | changes, indent=1).encode()


def applied(*statements: dict[str, Any]) -> Any:
    said = vex.in_order(vex.parse(document(*statements), "vex/a.json"))
    [finding] = apply([LOG4SHELL], said, PROJECT)
    return finding.vex


def test_a_statement_is_noted_beside_the_finding_with_its_words_and_its_file() -> None:
    note = applied(STATEMENT)
    assert note.settles
    assert note.document == "vex/a.json"
    assert (
        str(note) == "not affected: vulnerable_code_not_in_execute_path: nothing that is logged is looked up"
    )


@pytest.mark.parametrize("name", ["CVE-2021-44228", "GHSA-jfh8-c2jp-5v3r"])
def test_a_vulnerability_is_meant_by_any_of_its_names(name: str) -> None:
    assert applied({**STATEMENT, "vulnerability": {"name": name}})
    assert applied({**STATEMENT, "vulnerability": {"name": "X-1", "aliases": [name]}})
    assert applied({**STATEMENT, "vulnerability": {"name": "X-1"}}) is None


@pytest.mark.parametrize(
    ("product", "about"),
    [
        ({"@id": LOG4J}, True),
        ({"@id": LOG4J.partition("@")[0]}, True),
        ({"identifiers": {"purl": LOG4J}}, True),
        ({"@id": LOG4J.replace("2.14.1", "2.14.0")}, False),
        ({"@id": "pkg:maven/org.apache.logging.log4j/log4j-api@2.14.1"}, False),
        ({"@id": f"{LOG4J}?classifier=tests"}, False),
        ({"@id": "pkg:generic/herbarium@0.2.0"}, True),
        ({"@id": "pkg:generic/herbarium", "subcomponents": [{"@id": LOG4J}]}, True),
        ({"@id": "pkg:generic/herbarium", "subcomponents": [{"@id": "pkg:npm/x@1"}]}, False),
        ({"@id": "pkg:oci/database@sha256:ff", "subcomponents": [{"@id": LOG4J}]}, True),
        ({"@id": "pkg:generic/another"}, False),
        ({"@id": "https://example.org/herbarium"}, False),
    ],
)
def test_a_product_is_a_package_or_the_bundle_with_what_is_in_it(
    product: dict[str, Any], about: bool
) -> None:
    assert (applied({**STATEMENT, "products": [product]}) is not None) is about


def test_the_later_statement_holds() -> None:
    later = {
        "vulnerability": {"name": "CVE-2021-44228"}, "products": [{"@id": LOG4J}], "status": "affected",
        "action_statement": "wait for 2.15.0", "timestamp": "2026-11-05T00:00:00Z",
    }  # fmt: skip
    note = applied(later, STATEMENT)
    assert (note.status, note.statement, note.settles) == ("affected", "wait for 2.15.0", False)


def test_of_several_packages_all_must_be_spoken_of() -> None:
    both = replace(LOG4SHELL, packages=(LOG4J, "pkg:maven/x/y@1"))
    said = vex.parse(document(STATEMENT), "a")
    [finding] = apply([both], said, PROJECT)
    assert finding.vex is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"status": "fine"},
            "`statements[0].status`: Input should be 'not_affected', 'affected', 'fixed' or",
        ),
        (
            {"justification": "we checked"},
            "`statements[0].justification`: Input should be 'component_not_present'",
        ),
        (
            {"justification": None, "impact_statement": None},
            "`statements[0]`: `not_affected` needs a `justification`",
        ),
        (
            {"status": "fixed"},
            "`statements[0]`: a `justification` goes with `not_affected`, not with `fixed`",
        ),
        (
            {"status": "affected", "justification": None},
            "`statements[0]`: `affected` needs an `action_statement`",
        ),
        ({"products": []}, "`statements[0].products`: there must be at least one"),
        ({"products": [{}]}, "`statements[0].products[0]`: needs an `@id`, identifiers or hashes"),
        ({"vulnerability": {}}, "`statements[0].vulnerability.name` is missing"),
        ({"statsu": "x"}, "unknown key `statements[0].statsu`"),
    ],
)
def test_a_wrong_statement_is_refused_with_file_line_and_key(changes: dict[str, Any], said: str) -> None:
    text = document({**STATEMENT, **changes})
    with pytest.raises(ManifestError) as refused:
        vex.parse(text, "vex/a.json")
    [problem] = refused.value.problems
    assert problem.message.startswith(said)
    line = int(problem.where.removeprefix("vex/a.json:"))
    assert 7 <= line <= len(text.splitlines())


def test_a_document_may_be_indented_with_tabs_and_still_knows_its_lines() -> None:
    text = json.dumps(json.loads(document()), indent="\t").replace(": ", ":\t").encode()
    assert vex.parse(text, "vex/a.json") == vex.parse(document(), "vex/a.json")
    with pytest.raises(ManifestError) as refused:
        vex.parse(text.replace(b'"version":\t1', b'"version":\t0'), "vex/a.json")
    assert refused.value.problems[0].where == "vex/a.json:6"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "vex/a.json:1: not JSON: Expecting property name"),
        (b"\xff", "vex/a.json: not UTF-8"),
        pytest.param(b"[" * 99_999, "vex/a.json: not JSON: it is nested too deeply", id="deep"),
        pytest.param(
            b"[" * 900 + b"]" * 900, "vex/a.json: not YAML: it is nested too deeply", id="rather-deep"
        ),
        (b"[]", "vex/a.json:1: `the document`: Input should be a valid dictionary"),
        (document(**{"@context": "https://openvex.dev/ns"}), "vex/a.json:2: `@context`: String should match"),
        (document(timestamp="yesterday"), "vex/a.json:5: `timestamp`: Input should be a valid datetime"),
        (document(timestamp="2026-11-01T12:00:00"), "vex/a.json: a `timestamp` has no time zone"),
        (document(version=0), "vex/a.json:6: `version`: Input should be greater than or equal to 1"),
        (
            document().replace(b'"version": 1', b'"version": 1,\n "version": 2'),
            "vex/a.json:7: `version` stands twice",
        ),
    ],
)
def test_a_wrong_document_is_refused_with_file_and_line(text: bytes, said: str) -> None:
    with pytest.raises(ManifestError) as refused:
        vex.parse(text, "vex/a.json")
    assert str(refused.value.problems[0]).startswith(said)


def test_every_document_of_a_folder_is_read_and_every_mistake_told(tmp_path: Path) -> None:
    assert vex.read_folder(tmp_path) == ()
    folder = tmp_path / "vex"
    folder.mkdir()
    (folder / "b.json").write_bytes(document())
    (folder / "a.json").write_bytes(document(timestamp="2026-11-09T00:00:00Z"))
    (folder / "notes.txt").write_text("not a document")
    assert [dated.document for dated in vex.read_folder(tmp_path)] == ["vex/b.json", "vex/a.json"]
    for name in ("a.json", "b.json"):
        (folder / name).write_bytes(document(version=0))
    with pytest.raises(ManifestError) as refused:
        vex.read_folder(tmp_path)
    assert [problem.where for problem in refused.value.problems] == ["vex/a.json:6", "vex/b.json:6"]


def test_what_travels_in_a_bundle_is_one_openvex_document_that_says_the_same() -> None:
    said = vex.in_order(
        (*vex.parse(document(), "vex/a.json"), *vex.parse(document({**STATEMENT, "status": "fixed", "justification": None}, timestamp="2026-11-02T00:00:00Z"), "vex/b.json"))
    )  # fmt: skip
    text = vex.merged(said, name="herbarium", author="A. Botanist")
    again = vex.parse(text, "evidence/vex.json")
    assert [(d.since, d.statement.status) for d in again] == [(d.since, d.statement.status) for d in said]
    assert vex.merged((), name="herbarium", author="A. Botanist") == b""
