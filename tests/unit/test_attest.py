"""Evidence: SBOMs that are valid, exact and always the same; a provenance that says what was; nothing else is accepted."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.unit import policy_facts
from tests.unit.evidence_example import EXAMPLE, bundle, example_lock, two_archs
from tests.unit.lock_example import jar
from tests.unit.test_scan_vex import document as vex_document

from kgshare import cli
from kgshare.attest import names
from kgshare.attest.check import require_evidence
from kgshare.attest.contents import parts_of
from kgshare.attest.names import FILE
from kgshare.attest.origin import Origin
from kgshare.attest.parts import NOTHING, Part
from kgshare.bundle import AMD64, REQUIRED, Bundle, canonical
from kgshare.bundle.names import Platform
from kgshare.errors import BundleError
from kgshare.lock.file import every_input, render
from kgshare.lock.model import LOCK, BaseBlob
from kgshare.policy import store as policies
from kgshare.policy.facts import SeedFacts
from kgshare.project import Manifest
from kgshare.scan import store as scans
from kgshare.scan import vex
from kgshare.scan.model import ScanResult, not_scanned
from kgshare.scan.noted import apply
from kgshare.seeding.result import SeedReport

SEEDED = SeedReport(
    neo4j_version="5.26.30", digest="5" * 64, nodes=1, relationships=0, labels={}, types={}, seconds={}
)
SBOMS = (names.SBOM, names.DATABASE_SBOM, names.APPLICATION_SBOM)


@pytest.fixture
def good(tmp_path: Path) -> Bundle:
    return bundle(tmp_path)


def document(found: Bundle, name: str) -> Any:
    return json.loads(found.read_file(name))


@pytest.mark.parametrize("name", SBOMS)
def test_an_sbom_is_valid_by_the_strict_schema_of_cyclonedx_1_6(good: Bundle, name: str) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    text = good.read_file(name).decode()
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"library"', '"book"')) is not None


def test_the_sboms_list_exactly_what_the_lock_has_for_each_image(good: Bundle) -> None:
    locked = {item.sha256 for item in every_input(example_lock())}
    hashes = {
        name: {
            row["content"] for part in document(good, name)["components"] for row in part.get("hashes", ()) if row["alg"] == "SHA-256"
        }
        for name in SBOMS[1:]
    }  # fmt: skip
    part = example_lock().archs["amd64"]
    assert hashes[names.DATABASE_SBOM] == {
        p.sha256 for p in (*part.debian["database"], *example_lock().jars["database"])
    }
    application = (*part.debian["application"], *part.wheels["application"], *example_lock().npm)
    assert hashes[names.APPLICATION_SBOM] == {p.sha256 for p in application}
    assert set().union(*hashes.values()) < locked


def test_the_same_lock_gives_the_same_bytes_and_another_lock_another_serial_number(tmp_path: Path) -> None:
    one, other = bundle(tmp_path / "one"), bundle(tmp_path / "other")
    newer = bundle(tmp_path / "newer", locked=replace(example_lock(), epoch=1_790_000_001))
    for name in SBOMS:
        assert one.read_file(name) == other.read_file(name)
        assert document(one, name)["serialNumber"] != document(newer, name)["serialNumber"]


def test_what_is_inside_of_a_jar_and_who_needs_whom_stand_in_the_sbom(good: Bundle) -> None:
    found = document(good, names.DATABASE_SBOM)
    [neo4j] = [part for part in found["components"] if part["name"] == "neo4j"]
    [inner] = neo4j["components"]
    assert (inner["purl"], inner["licenses"]) == (
        "pkg:maven/org.inner/inner@1",
        [{"license": {"id": "MIT"}}],
    )
    needs = {row["ref"]: row.get("dependsOn", []) for row in found["dependencies"]}
    libc = "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=trixie"
    zlib = "pkg:deb/debian/zlib1g@1:1.3?arch=amd64&distro=trixie"
    assert needs[zlib] == [libc]
    assert needs[libc] == []


def test_an_npm_package_carries_npms_own_integrity_in_hexadecimal(good: Bundle) -> None:
    [chart] = [p for p in document(good, names.APPLICATION_SBOM)["components"] if p["name"] == "@scope/chart"]
    assert chart["purl"] == "pkg:npm/%40scope/chart@1.0.0"
    assert {"alg": "SHA-512", "content": "0" * 128} in chart["hashes"]


def test_the_provenance_names_every_input_and_the_images_by_their_manifests(good: Bundle) -> None:
    provenance = document(good, names.PROVENANCE)
    assert {s["name"]: s["digest"]["sha256"] for s in provenance["subject"]} == {
        i.reference: i.manifest_digest.removeprefix("sha256:") for i in good.images
    }
    definition = provenance["predicate"]["buildDefinition"]
    said = {row["digest"].get("sha256") for row in definition["resolvedDependencies"]}
    assert {item.sha256 for item in every_input(example_lock())} <= said
    assert definition["resolvedDependencies"][0] == {
        "uri": "git+project",
        "digest": {"gitCommit": "a" * 40},
    }
    assert provenance["predicate"]["runDetails"]["metadata"]["startedOn"] == "2026-09-21T14:15:00Z"
    assert provenance["predicate"]["runDetails"]["builder"]["version"]["docker"] == "26.1.5"


def test_a_tree_that_is_not_clean_is_said(tmp_path: Path) -> None:
    made = bundle(tmp_path, origin=Origin(revision="b" * 40, changed=("kgshare.yaml",)))
    source = document(made, names.PROVENANCE)["predicate"]["buildDefinition"]["internalParameters"]["source"]
    assert source == {"revision": "b" * 40, "clean": False, "changed": ["kgshare.yaml"]}


def test_good_evidence_is_accepted(good: Bundle) -> None:
    assert len(require_evidence(good).subject) == 2


def edited(wanted: str, edit: Callable[[Any], Any]) -> Callable[[str, bytes], bytes]:
    """A file of evidence edited by hand, spelt as it must be."""
    return lambda name, data: canonical.dump(edit(json.loads(data))) if name == wanted else data


def without_component(doc: Any) -> Any:
    return {**doc, "components": doc["components"][1:]}


def other_subject(doc: Any) -> Any:
    subjects = [{**row, "digest": {"sha256": "0" * 64}} for row in doc["subject"]]
    return {**doc, "subject": subjects}


@pytest.mark.parametrize("name", names.MEDIA_TYPES)
def test_missing_evidence_is_refused(tmp_path: Path, name: str) -> None:
    made = bundle(tmp_path, lambda one, data: None if one == name else data)
    with pytest.raises(BundleError, match=f"{re.escape(name)}: the bundle holds no such evidence"):
        require_evidence(made)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (edited(names.DATABASE_SBOM, without_component), r"database\.cdx\.json: is another than the provenance says"),
        (lambda n, d: d + b" " if n == names.LICENSES else d, r"licenses\.tar: is another than the provenance says"),
        (lambda n, d: b"kgshare: 1" if n == "kgshare.yaml" else d, r"kgshare\.yaml: is another than the provenance says"),
        (edited(names.PROVENANCE, other_subject), r"is about localhost/herbs/application:1\.0 as sha256:0000"),
        (edited(names.PROVENANCE, lambda d: {**d, "subject": []}), r"as nothing, the bundle holds sha256:"),
        (edited(names.PROVENANCE, lambda d: {**d, "subject": d["subject"] * 2}), r"is about localhost"),
        (edited(names.PROVENANCE, lambda d: {**d, "more": 1}), r"provenance\.json: is no provenance: more: Extra inputs"),
        (edited(names.PROVENANCE, lambda d: {**d, "predicateType": "x"}), r"its predicateType is 'x', and must be"),
        (lambda n, d: d.replace(b":", b": ") if n == names.PROVENANCE else d, r"is not canonical JSON"),
        (lambda n, d: b"hello" if n == names.PROVENANCE else d, r"provenance\.json: is not JSON"),
    ],
)  # fmt: skip
def test_evidence_that_was_edited_or_is_of_another_bundle_is_refused(
    tmp_path: Path, change: Callable[[str, bytes], bytes], reason: str
) -> None:
    with pytest.raises(BundleError, match=reason):
        require_evidence(bundle(tmp_path, change))


def covered(name: str, edit: Callable[[Any], Any]) -> Callable[[str, bytes], bytes]:
    """An SBOM edited by hand by somebody who also edits the provenance, so that the digests agree."""
    digests: dict[str, str] = {}

    def change(one: str, data: bytes) -> bytes:
        if one == name:
            made = canonical.dump(edit(json.loads(data)))
            digests[hashlib.sha256(data).hexdigest()] = hashlib.sha256(made).hexdigest()
            return made
        if one == names.PROVENANCE:
            for old, new in digests.items():
                data = data.replace(old.encode(), new.encode())
        return data

    return change


def without_neo4j(doc: Any) -> Any:
    return {**doc, "components": [part for part in doc["components"] if part["name"] != "neo4j"]}


def newer_neo4j(doc: Any) -> Any:
    parts = [
        {**part, "purl": part["purl"].replace("5.26.30", "5.26.99")} if part["name"] == "neo4j" else part
        for part in doc["components"]
    ]
    return {**doc, "components": parts}


def other_hash(doc: Any) -> Any:
    parts = [
        {**part, "hashes": [{"alg": "SHA-256", "content": "0" * 64}]} if part["name"] == "neo4j" else part
        for part in doc["components"]
    ]
    return {**doc, "components": parts}


def other_image(doc: Any) -> Any:
    about = {**doc["metadata"]["component"], "hashes": [{"alg": "SHA-256", "content": "0" * 64}]}
    return {**doc, "metadata": {**doc["metadata"], "component": about}}


@pytest.mark.parametrize(
    ("name", "edit", "reason"),
    [
        (names.DATABASE_SBOM, without_neo4j, r"does not list pkg:maven/org\.example/neo4j@5\.26\.30, which is locked for the database"),
        (names.DATABASE_SBOM, newer_neo4j, r"does not list pkg:maven/org\.example/neo4j@5\.26\.30"),
        (names.DATABASE_SBOM, other_hash, r"lists pkg:maven/org\.example/neo4j@5\.26\.30 with SHA-256 000000000000…, which is not locked"),
        (names.DATABASE_SBOM, other_image, r"is about sha256:0000.*, the bundle holds sha256:"),
        (names.SBOM, lambda d: {**d, "components": []}, r"sbom\.cdx\.json: does not list pkg:"),
        (names.APPLICATION_SBOM, lambda d: {**d, "specVersion": "1.5"}, r"is of CycloneDX '1\.5', and must be of 1\.6"),
        (names.APPLICATION_SBOM, lambda d: {**d, "bomFormat": "SPDX"}, r"is no CycloneDX document"),
        (names.APPLICATION_SBOM, lambda d: {**d, "components": [{"name": 1}]}, r"a component is not as CycloneDX has it"),
        (names.APPLICATION_SBOM, lambda d: {"components": d}, r"is no CycloneDX document"),
    ],
)  # fmt: skip
def test_an_sbom_that_disagrees_with_the_lock_is_refused_even_where_the_digests_were_edited_too(
    tmp_path: Path, name: str, edit: Callable[[Any], Any], reason: str
) -> None:
    with pytest.raises(BundleError, match=reason):
        require_evidence(bundle(tmp_path, covered(name, edit)))


ARM64 = Platform(architecture="arm64")
BOTH = (AMD64, ARM64)


def test_a_bundle_for_two_platforms_has_a_bill_for_each_image_with_what_is_locked_for_its_platform(
    tmp_path: Path,
) -> None:
    found = bundle(tmp_path, platforms=BOTH, locked=two_archs())
    require_evidence(found)
    for arch in ("amd64", "arm64"):
        doc = document(found, f"evidence/database-linux-{arch}.cdx.json")
        locked = {row.sha256 for row in two_archs().archs[arch].debian["database"]}  # type: ignore[index]
        assert locked <= {h["content"] for part in doc["components"] for h in part.get("hashes", ())}
        [image] = [i for i in found.images if (i.role, i.platform.architecture) == ("database", arch)]
        assert image.manifest_digest.endswith(doc["metadata"]["component"]["hashes"][0]["content"])
    whole = document(found, names.SBOM)
    assert {part["bom-ref"] for part in whole["components"]} == {
        f"image/{role}-linux-{arch}" for role in names.ROLES for arch in ("amd64", "arm64")
    }


def test_the_provenance_of_two_platforms_names_what_ran_here_and_what_went_into_the_other_and_no_more(
    tmp_path: Path,
) -> None:
    lock = two_archs()
    definition = document(bundle(tmp_path, platforms=BOTH, locked=lock), names.PROVENANCE)["predicate"][
        "buildDefinition"
    ]
    assert definition["internalParameters"]["architecture"] == "amd64"
    assert definition["internalParameters"]["targets"] == ["amd64", "arm64"]
    said = {row["digest"].get("sha256") for row in definition["resolvedDependencies"]}
    other = lock.archs["arm64"]
    assert {lock.jdk("arm64").sha256, *(row.sha256 for row in other.debian["application"])} <= said
    assert not {row.sha256 for row in other.wheels["seed"] if row not in other.wheels["application"]} & said
    bash = next(row for row in other.debian["toolbox"] if row.name == "bash")
    assert bash.sha256 not in said
    assert {row.sha256 for row in lock.archs["amd64"].debian["toolbox"]} <= said


def test_the_bill_of_one_platform_does_not_pass_for_the_others(tmp_path: Path) -> None:
    ours, theirs = (f"evidence/database-linux-{arch}.cdx.json" for arch in ("amd64", "arm64"))
    made = bundle(tmp_path / "a", platforms=BOTH, locked=two_archs()).read_file(ours)
    with pytest.raises(BundleError, match=r"database-linux-arm64\.cdx\.json: is about sha256:"):
        require_evidence(
            bundle(
                tmp_path / "b",
                covered(theirs, lambda _: json.loads(made)),
                platforms=BOTH,
                locked=two_archs(),
            )
        )


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"more": [("database", ARM64), ("application", ARM64)]}, r"evidence/\w+-linux-a\w+64.cdx.json: the bundle holds no such evidence"),
        ({"more": [("database", ARM64)]}, "is about the application for linux/arm64, and the bundle has no such image"),
        ({"more": [("proxy", AMD64)]}, "is about no image in the role proxy, and the bundle has one"),
        ({"platforms": BOTH, "locked": two_archs(), "own": {LOCK: (REQUIRED[LOCK], render(example_lock()).encode())}},
         r"kgshare.lock: has nothing for arm64, which the \w+ image is for"),
        ({"own": {"evidence/database-linux-arm64.cdx.json": (names.CYCLONEDX, b"{}")}}, "is about an image that the bundle does not have"),
    ],
)  # fmt: skip
def test_images_of_which_the_evidence_cannot_speak_are_refused(
    tmp_path: Path, facts: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BundleError, match=reason):
        require_evidence(bundle(tmp_path, **facts))


def judged_bundle(
    folder: Path,
    scan: ScanResult | None,
    judged: ScanResult | None = None,
    statements: bytes = b"",
    **changes: Any,
) -> Bundle:
    """A bundle with a scan, VEX statements and a policy's result, which judged that scan or another; ``changes`` are
    other facts."""
    own: dict[str, tuple[str, bytes]] = {
        "seed.json": ("application/vnd.kgshare.seed-report.v1+json", SEEDED.to_json().encode())
    }
    if scan:
        own[scans.RESULT] = (scans.MEDIA_TYPES[scans.RESULT], scans.render(scan))
    if statements:
        own[scans.STATEMENTS] = (scans.MEDIA_TYPES[scans.STATEMENTS], statements)
    seed = SeedFacts(digest=f"sha256:{SEEDED.digest}")
    facts = {"name": "herbs", "version": "1.0", "seed": seed, **changes}
    report = policy_facts.judged(scan=judged or scan or not_scanned("the bundle holds no scan"), **facts)
    own[policies.RESULT] = (policies.MEDIA_TYPE, policies.render(report))
    return bundle(folder, own=own)


@pytest.fixture
def own_scan(tmp_path: Path) -> ScanResult:
    """A scan of the example's own bill of materials, which is the same for the same lock."""
    digest = bundle(tmp_path / "for-its-sbom").files[names.SBOM].digest
    return policy_facts.scan(policy_facts.LOG4SHELL, sbom=digest.removeprefix("sha256:"))


def test_a_scan_and_a_policys_result_of_this_bundle_are_accepted(
    tmp_path: Path, own_scan: ScanResult
) -> None:
    assert require_evidence(judged_bundle(tmp_path / "a", own_scan)).subject
    assert require_evidence(judged_bundle(tmp_path / "b", None)).subject
    assert require_evidence(judged_bundle(tmp_path / "c", not_scanned("no scanner"))).subject


def test_a_scan_of_another_bill_of_materials_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BundleError, match=r"scan\.json: is the scan of another bill of materials: abababababab…"
    ):
        require_evidence(judged_bundle(tmp_path, policy_facts.scan()))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "weeds"}, "is about weeds 1.0, and the bundle is herbs 1.0"),
        ({"version": "0.9"}, "is about herbs 0.9, and the bundle is herbs 1.0"),
        (
            {"seed": SeedFacts(digest="sha256:" + "6" * 64)},
            "is about the graph sha256:666.*, the bundle holds",
        ),
        ({"judged": not_scanned("no scanner")}, "judges another scan than evidence/scan.json"),
    ],
)
def test_a_policys_result_of_another_bundle_is_refused(
    tmp_path: Path, own_scan: ScanResult, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BundleError, match=rf"policy\.json: {reason}"):
        require_evidence(judged_bundle(tmp_path / "judged", own_scan, **changes))


def test_a_result_that_judged_a_scan_which_was_taken_out_is_refused(
    tmp_path: Path, own_scan: ScanResult
) -> None:
    with pytest.raises(BundleError, match="judges another scan"):
        require_evidence(judged_bundle(tmp_path / "judged", None, own_scan))


def test_what_a_scan_says_that_the_project_says_is_what_its_statements_say(
    tmp_path: Path, own_scan: ScanResult
) -> None:
    statements = vex_document()
    [noted] = apply(own_scan.findings, vex.parse(statements, "vex/log4j.json"), ())
    settled = replace(own_scan, findings=(noted,))
    assert require_evidence(judged_bundle(tmp_path / "said", settled, statements=statements)).subject
    with pytest.raises(
        BundleError, match=r"scan\.json: says not affected: .* of GHSA-.*; .*vex\.json says nothing"
    ):
        require_evidence(judged_bundle(tmp_path / "not said", settled))
    with pytest.raises(BundleError, match=r"says nothing of GHSA-.*; .*vex\.json says not affected"):
        require_evidence(judged_bundle(tmp_path / "kept quiet", own_scan, statements=statements))


@pytest.mark.parametrize("command", [["scan"], ["policy", "check"]])
@pytest.mark.parametrize(
    ("name", "edit", "reason"),
    [
        (names.SBOM, lambda d: {**d, "components": []}, "does not list pkg:"),
        (names.PROVENANCE, other_subject, "is about localhost/herbs/application:1.0 as sha256:0000"),
    ],
)
def test_what_is_scanned_or_judged_is_the_bundles_own_evidence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    name: str,
    edit: Callable[[Any], Any],
    reason: str,
) -> None:
    made = bundle(tmp_path, covered(name, edit))
    assert cli.run([*command, str(made.path)]) == BundleError.exit_code
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("command", [["scan"], ["policy", "check"]])
@pytest.mark.parametrize("name", [names.SBOM, names.PROVENANCE, "kgshare.lock"])
@pytest.mark.parametrize("data", [b"not json", b"\xff\xfe", b"[" * 100_000, b"{}"])
def test_a_broken_file_in_a_bundle_is_an_error_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], name: str, data: bytes
) -> None:
    made = bundle(tmp_path, lambda one, held: data if one == name else held)
    assert cli.run([*command, str(made.path)]) == BundleError.exit_code
    assert f"herbs.tar: {name}: " in capsys.readouterr().err


def test_sbom_prints_what_is_in_the_bundle_or_writes_it(
    good: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["sbom", str(good.path)]) == 0
    assert capsys.readouterr().out.encode() == good.read_file(names.SBOM) + b"\n"
    out = tmp_path / "app.json"
    assert cli.run(["sbom", str(good.path), "--image", "application", "-o", str(out), "--json"]) == 0
    assert out.read_bytes() == good.read_file(names.APPLICATION_SBOM)
    assert json.loads(capsys.readouterr().out)["result"]["components"] == 4
    assert cli.run(["sbom", str(good.path), "--image", "browser"]) == 2
    assert "the images: application, database" in capsys.readouterr().err


def test_of_two_platforms_sbom_wants_to_know_which_and_licenses_lists_a_part_once_by_its_roles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = bundle(tmp_path, platforms=BOTH, locked=two_archs())
    assert cli.run(["sbom", str(made.path), "--image", "database-linux-arm64"]) == 0
    assert (
        capsys.readouterr().out.encode() == made.read_file("evidence/database-linux-arm64.cdx.json") + b"\n"
    )
    assert cli.run(["sbom", str(made.path), "--image", "database"]) == 2
    assert "database-linux-amd64, database-linux-arm64" in capsys.readouterr().err
    assert cli.run(["licenses", str(made.path), "--json"]) == 0
    parts = json.loads(capsys.readouterr().out)["result"]["components"]
    [libc] = [part for part in parts if part["name"] == "libc6"]
    assert libc["images"] == ["application", "database"]


def test_licenses_lists_by_licence_and_unpacks_the_texts_with_an_index_of_sources(
    good: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["licenses", str(good.path)]) == 0
    text = capsys.readouterr().out
    assert "\nGPL-3.0-only\n  org.example:neo4j 5.26.30  (database)\n" in text
    assert "  org.inner:inner 1  (database, in org.example:neo4j)\n" in text
    assert (
        "  libc6 2.41-12  (application, database)" in text
        or "  libc6 2.41-12  (database, application)" in text
    )
    folder = tmp_path / "texts"
    assert cli.run(["licenses", str(good.path), "--texts", str(folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["result"]["components"]
    assert {row["source"] for row in rows if row["name"] == "libc6"} == {"Debian source package libc6"}
    index = (folder / "INDEX.txt").read_text()
    assert "Corresponding source" in index
    assert "Maven org.example:neo4j:5.26.30:sources  (GPL-3.0-only)" in index
    [text_file] = (folder / "texts").iterdir()
    assert f"    texts/{text_file.name}" in index
    assert cli.run(["licenses", str(good.path), "--texts", str(folder)]) == 2


def test_licence_texts_are_packed_once_each_and_always_the_same(tmp_path: Path) -> None:
    one, other = bundle(tmp_path / "one"), bundle(tmp_path / "other")
    assert one.read_file(names.LICENSES) == other.read_file(names.LICENSES)
    packed = tmp_path / "licenses.tar"
    packed.write_bytes(one.read_file(names.LICENSES))
    with tarfile.open(packed) as tar:
        assert len(tar.getnames()) == 2


def test_commands_refuse_evidence_of_another_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = bundle(tmp_path, edited(names.PROVENANCE, other_subject))
    assert cli.run(["sbom", str(made.path)]) == BundleError.exit_code
    assert cli.run(["licenses", str(made.path)]) == BundleError.exit_code
    assert (
        "herbs.tar: evidence/provenance.json: is about localhost/herbs/application:1.0"
        in capsys.readouterr().err
    )


def parts_with(application: dict[str, Any], **changes: Any) -> dict[str, Part]:
    """The parts of an application's image by name, for a manifest and a lock that differ from the example's."""
    manifest = Manifest.model_validate({**EXAMPLE.model_dump(mode="json"), "application": application})
    locked = replace(example_lock(), **changes)
    return {part.name: part for part in parts_of(manifest, locked, "amd64", "application", lambda _: NOTHING)}


def test_an_image_that_came_as_a_file_is_one_component_with_the_digest_that_is_locked() -> None:
    empty = replace(example_lock().archs["amd64"], debian={"application": ()}, wheels={"application": ()})
    needs = {"image": "sha256:" + "7" * 64}
    [image] = parts_with({"image": "app.tar"}, npm=(), archs={"amd64": empty}, needs=needs).values()
    assert (image.kind, image.name, image.sha256) == ("image", "app.tar", "7" * 64)


def test_an_image_of_a_dockerfile_holds_its_jars_and_the_projects_code_and_no_place_is_guessed() -> None:
    jars = {**example_lock().jars, "application": (jar("service", "2"),)}
    parts = parts_with({"image": {"dockerfile": "Dockerfile"}}, jars=jars)
    assert parts["herbs"].kind == "code"
    assert "kgshare" not in parts
    assert FILE not in dict(parts["service"].properties)
    assert dict(parts["service"].properties)[names.SOURCE] == "Maven org.example:service:2:sources"


def test_the_runtime_is_known_by_debians_package_or_is_in_the_image_underneath() -> None:
    locked = example_lock()
    base = BaseBlob(
        base="database",
        kind="manifest",
        reference="registry/jre:21",
        media_type="x",
        sha256="8" * 64,
        size=1,
        version="21",
    )
    for lock, expected in (
        (locked, {"openjdk-21-jdk-headless"}),
        (replace(locked, bases={"amd64": (base,)}), {"registry/jre:21"}),
    ):
        found = parts_of(EXAMPLE, lock, "amd64", "database", lambda _: NOTHING)
        assert {part.name for part in found if part.kind in ("runtime", "image")} == expected
