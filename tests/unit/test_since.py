"""A next version goes on from an older bundle's store: only where it is of the same steps, and only of somebody who is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.signed_example import GRAPH, Person, sign_as
from tests.unit.test_bundle_write import BASE, contents, image, tar_of
from tests.unit.test_images_corrections import files_in, store, unpacked

from kgshare.bundle import Bundle, ProjectFile, read_bundle, write_bundle
from kgshare.errors import BundleError, UsageError
from kgshare.lock.file import parse
from kgshare.plan import BASE_TAR, TOOLBOX, UPSTREAM, UPSTREAM_TAR, make_plan
from kgshare.project import read_project
from kgshare.seeding.result import SeedReport
from kgshare.since import Since, prefer, read_since, send, take_store
from kgshare.steps import Done, Plan, Step, StepStore, inputs_of, key_of
from kgshare.trust.author import make
from kgshare.work import Works

HERBARIUM = Path(__file__).parents[1] / "projects" / "herbarium"
STORE = {"databases/neo4j/neostore": b"n" * 9000, "transactions/neo4j/checkpoint.0": b"c"}


def layer(files: dict[str, bytes]) -> bytes:
    return tar_of({f"data/{name}": data for name, data in files.items()})


def older(tmp_path: Path, key: str, *, layers: list[bytes] | None = None) -> Bundle:
    report = SeedReport(
        neo4j_version="5.26.30", digest=GRAPH.removeprefix("sha256:"), nodes=1, relationships=0, labels={}, types={}, seconds={},
        step=key,
    )  # fmt: skip
    made = contents(tmp_path)
    seed = ProjectFile(
        name="seed.json",
        media_type="application/vnd.kgshare.seed-report.v1+json",
        source=report.to_json().encode(),
    )
    database = image(
        tmp_path, "database", layers or [BASE, layer(STORE), layer({"over/list": b"", "over/pages": b""})]
    )
    images = (database, made.images[1])
    whole = contents(tmp_path, files=(*made.files, seed), images=images)
    return write_bundle(whole, tmp_path / "old.kgshare.tar")


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(folder=tmp_path / "ada").here(monkeypatch)


def test_a_store_is_gone_on_from_only_where_somebody_who_is_trusted_vouches_for_it(
    person: Person, tmp_path: Path
) -> None:
    unsigned = older(tmp_path, "abc").path
    found = read_since(unsigned, "demo", "2.0")
    assert found.upstream == ""
    assert "its store is not gone on from: " in found.note
    signed = sign_as(unsigned, make("ada", b""), out=tmp_path / "signed.kgshare.tar")
    assert (read_since(signed, "demo", "2.0").upstream, read_since(signed, "demo", "2.0").note) == ("abc", "")
    with pytest.raises(BundleError, match="is a bundle of demo, not of ocean"):
        read_since(signed, "ocean", "2.0")
    with pytest.raises(UsageError, match=r"is of version 1\.0, as what is built"):
        read_since(signed, "demo", "1.0")


def test_a_bundle_that_says_no_step_gives_no_store_and_no_warning(person: Person, tmp_path: Path) -> None:
    bundle = write_bundle(contents(tmp_path), tmp_path / "plain.kgshare.tar")
    found = read_since(bundle.path, "demo", "2.0")
    assert (found.upstream, found.note) == ("", "")


def test_the_store_before_the_corrections_is_taken_and_no_other_layer(tmp_path: Path) -> None:
    since = Since(bundle=older(tmp_path, "abc"), upstream="abc")
    taken = take_store(since, tmp_path / "taken.tar")
    assert files_in(unpacked(tmp_path / "x", taken)) == STORE
    assert take_store(since, tmp_path / "again.tar").read_bytes() == taken.read_bytes()
    without = Since(bundle=older(tmp_path, "abc", layers=[BASE]), upstream="abc")
    with pytest.raises(BundleError, match="no layer with a store") as caught:
        take_store(without, tmp_path / "none.tar")
    assert "build without --since" in str(caught.value)


def done(step: Step, folder: Path, files: dict[str, bytes]) -> Done:
    return Done(
        name=step.name, key="k", outputs=dict.fromkeys(files, "0" * 64), folder=folder, seconds=0, cached=True
    )


def test_the_step_takes_its_result_out_of_the_older_bundle_where_its_key_is_the_same(tmp_path: Path) -> None:
    project, lock = read_project(HERBARIUM), parse((HERBARIUM / "kgshare.lock").read_text())
    plan = make_plan(project, lock, "amd64")
    before = {TOOLBOX: done(plan.step(TOOLBOX), tmp_path, {BASE_TAR: b""})}
    key = key_of(plan.step(UPSTREAM), inputs_of(plan.step(UPSTREAM), before))

    def works(upstream: str) -> Works:
        nothing = cast(Any, None)  # no engine and no inputs: whatever wants them fails
        since = Since(bundle=older(tmp_path, upstream), upstream=upstream)
        return Works(project=project, lock=lock, inputs=nothing, arch="amd64", engine=nothing, since=since)

    works(key).by_step()[UPSTREAM](before, tmp_path)
    assert files_in(unpacked(tmp_path / "x", tmp_path / UPSTREAM_TAR)) == STORE
    with pytest.raises(AttributeError):
        works("another").by_step()[UPSTREAM](before, tmp_path)


@pytest.mark.parametrize(
    ("files", "key", "stays"),
    [(STORE, "", True), ({**STORE, "databases/neo4j/neostore": b"other"}, "", False), ({}, "another", True)],
    ids=["the same bytes", "other bytes", "of other steps"],
)
def test_a_result_with_other_bytes_gives_way_to_the_older_bundles(
    files: dict[str, bytes], key: str, stays: bool, tmp_path: Path
) -> None:
    results = StepStore(root=tmp_path / "steps")
    toolbox = Step(name=TOOLBOX, inputs={"a": "1"}, outputs=(BASE_TAR,))
    upstream = Step(name=UPSTREAM, needs=(TOOLBOX,), inputs={"b": "2"}, outputs=(UPSTREAM_TAR,))
    made = tmp_path / "steps" / "made"
    made.mkdir(parents=True)
    (made / BASE_TAR).write_bytes(b"base")
    base = results.root / TOOLBOX
    base.mkdir()
    first = results.keep(toolbox, key_of(toolbox, toolbox.inputs), made, 1.0, toolbox.inputs)
    inputs = inputs_of(upstream, {TOOLBOX: first})
    own = key_of(upstream, inputs)
    (results.root / UPSTREAM).mkdir()
    made.mkdir()
    store(made / UPSTREAM_TAR, files)
    results.keep(upstream, own, made, 1.0, inputs)
    since = Since(bundle=older(tmp_path, key or own), upstream=key or own)
    prefer(since, Plan(steps=(toolbox, upstream)), results)
    assert (results.find(upstream, own) is not None) == stays


def test_nothing_is_sent_where_nothing_is_new(tmp_path: Path) -> None:
    bundle = older(tmp_path, "abc")
    assert send(bundle.path, Since(bundle=bundle, upstream="abc"), tmp_path) is None
    newer = write_bundle(contents(tmp_path, version="1.1"), tmp_path / "new.kgshare.tar")
    delta = send(newer.path, Since(bundle=bundle, upstream="abc"), tmp_path)
    assert delta is not None
    assert (delta.path.name, delta.base.digest) == (
        "demo-1.1-since-1.0.kgshare-delta.tar",
        read_bundle(bundle.path).digest,
    )
