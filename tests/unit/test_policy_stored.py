"""A result of the policy that was stored: with a build's step, and in a bundle, and asked on a later day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit import evidence_example
from tests.unit.policy_facts import LOG4SHELL, TODAY, judged, scan

from kgshare import build
from kgshare.attest.names import PROVENANCE, SBOM
from kgshare.bundle import Bundle
from kgshare.errors import BundleError, PolicyError, UsageError
from kgshare.lock.model import BaseBlob
from kgshare.policy import store
from kgshare.policy.command import show
from kgshare.policy.gather import Matter, facts_of, images_of
from kgshare.policy.result import PolicyReport
from kgshare.scan.model import not_scanned
from kgshare.seeding.result import SeedReport

WAIVED = "waivers: [{id: CVE-2021-44228, statement: it is not reached here, expires: 2026-11-30}]"
SEEDED = SeedReport(
    neo4j_version="5.26.30", digest="c" * 64, nodes=1, relationships=2, labels={}, types={"DERIVED_FROM": 2}, seconds={}
)  # fmt: skip


def with_result(folder: Path, report: PolicyReport | None, text: bytes = b"") -> Bundle:
    data = store.render(report) if report else text
    return evidence_example.bundle(folder, own={store.RESULT: (store.MEDIA_TYPE, data)})


def test_what_was_green_when_it_was_built_is_judged_again_on_the_day_it_is_started(tmp_path: Path) -> None:
    bundle = with_result(tmp_path, judged(WAIVED, scan=scan(LOG4SHELL)))
    assert store.line_of(bundle, TODAY).startswith("15 of 17 checks passed; waived: fixable-critical")
    assert "; failed: fixable-critical" in store.line_of(bundle, date(2026, 12, 1))
    assert "; not known: scan-age" in store.line_of(
        with_result(tmp_path / "2", judged()), TODAY + timedelta(90)
    )


def test_a_bundle_without_a_result_says_so_and_one_with_another_file_in_its_place_is_refused(
    tmp_path: Path,
) -> None:
    assert store.line_of(evidence_example.bundle(tmp_path / "a"), TODAY) == "the bundle holds no result"
    with pytest.raises(BundleError, match=r"herbs.tar: evidence/policy.json: is not a policy's result"):
        store.line_of(with_result(tmp_path / "b", None, b"{}"), TODAY)


def test_a_build_with_nothing_to_do_is_stopped_by_a_waiver_that_has_expired_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "policy.json"
    file.write_bytes(store.render(judged(WAIVED, scan=scan(LOG4SHELL))))
    monkeypatch.setattr(store, "today", lambda: TODAY)
    assert build.judged_today(file).green
    monkeypatch.setattr(store, "today", lambda: date(2026, 12, 1))
    with pytest.raises(PolicyError, match="1 critical finding could be fixed"):
        build.judged_today(file)


def test_the_facts_of_a_bundle_are_taken_from_all_that_is_in_it(tmp_path: Path) -> None:
    bundle, lock = evidence_example.bundle(tmp_path), evidence_example.example_lock()
    matter = Matter(
        manifest=evidence_example.EXAMPLE.model_copy(update={"provenance": "DERIVED_FROM"}), lock=lock, seed=SEEDED,
        images=images_of(bundle), scan=not_scanned("no scanner"), sbom=bundle.read_file(SBOM),
        provenance=bundle.read_file(PROVENANCE), secrets=(),
    )  # fmt: skip
    facts = facts_of(matter)
    assert {(image.role, image.user) for image in facts.images} == {
        ("database", "65532:65532"), ("application", "65532:65532"),
    }  # fmt: skip
    assert facts.images[0].size == bundle.blobs[bundle.images[0].layer_digests[0]].size
    made = datetime.fromtimestamp(lock.epoch).astimezone().date()
    assert {(base.name, abs((base.taken - made).days) <= 1) for base in facts.bases} == {("debian", True)}
    assert (facts.seed.derived, facts.seed.materials, facts.seed.revision) == (
        2,
        ("files of seed",),
        "a" * 40,
    )
    assert facts.seed.clean
    assert facts.provenance
    assert facts.components is not None
    assert facts.components >= len(facts.licences) > 5
    assert any(purl.startswith("pkg:deb/debian/libc6@") for purl in facts.licences)


def test_an_image_that_stands_on_another_is_known_by_its_reference_and_digest(tmp_path: Path) -> None:
    from dataclasses import replace

    bundle, lock = evidence_example.bundle(tmp_path), evidence_example.example_lock()
    head = BaseBlob(
        base="database", kind="manifest", reference="registry.example.org/jre:21", media_type="m", sha256="f" * 64, size=1
    )  # fmt: skip
    matter = Matter(
        manifest=evidence_example.EXAMPLE, lock=replace(lock, bases={"amd64": (head,)}), seed=SEEDED,
        images=images_of(bundle), scan=not_scanned("no scanner"),
    )  # fmt: skip
    bases = {base.role: (base.name, base.pinned) for base in facts_of(matter).bases}
    assert bases["database"] == ("registry.example.org/jre:21", "sha256:ffffffffffff")
    assert bases["application"][0] == "debian"


def test_what_holds_for_a_folder_that_is_not_there_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: is no folder"):
        show(tmp_path / "nowhere", policy=None)
    assert show(tmp_path, policy=None).file is None
