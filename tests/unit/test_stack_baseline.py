"""Where a stack began is kept when its bundle is started, found by its store, and goes with the last of its stores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.change_examples import bottle, graph_of, packed
from tests.unit.test_bundle_write import written

from kgshare.bundle import REQUIRED, Bundle, ProjectFile
from kgshare.canonical import parse_record, write_text
from kgshare.canonical.text import read_digest
from kgshare.errors import BundleError
from kgshare.seeding.result import SeedReport
from kgshare.stack import baseline
from kgshare.stack.source import SEED_REPORT, store_name
from kgshare.work import GRAPH, GRAPH_TYPE, SEED_TYPE

MANIFEST = Path(__file__).parents[1] / "projects" / "herbarium" / "kgshare.yaml"


def seed_report(digest: str) -> SeedReport:
    return SeedReport(
        neo4j_version="5.26.30", digest=digest, nodes=2, relationships=0, labels={}, types={}, seconds={}
    )


def bundle_of(folder: Path, *texts: str, said: str = "") -> Bundle:
    """A bundle with a graph and the report of its seeding."""
    folder.mkdir()
    digest = write_text(map(parse_record, graph_of(*texts).values()), folder / "graph")
    graph = packed(folder / "graph", folder / GRAPH)
    files = [ProjectFile(name=n, media_type=t, source=n.encode()) for n, t in REQUIRED.items()]
    files = [replace(f, source=MANIFEST) if f.name == "kgshare.yaml" else f for f in files]
    files.append(ProjectFile(name=GRAPH, media_type=GRAPH_TYPE, source=graph))
    report = seed_report(said or digest.sha256).to_json().encode()
    files.append(ProjectFile(name=SEED_REPORT, media_type=SEED_TYPE, source=report))
    return written(folder, files=tuple(files))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KGSHARE_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_baseline_is_found_by_the_name_of_the_store(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "b", bottle(1), bottle(2))
    folder = baseline.keep(bundle)
    assert baseline.keep(bundle) == folder
    store = f"my-stack-{store_name('5.26.30', folder.name)}"
    found = baseline.find(store)
    assert found is not None
    assert (found.digest, read_digest(found.graph).sha256) == (folder.name, folder.name)
    assert found.manifest.identity.nodes["Sheet"] == ("barcode",)
    assert baseline.find("my-stack-5.26.30-0123456789ab") is None
    assert baseline.find("") is None


def test_a_baseline_goes_with_the_last_store_that_began_with_it(tmp_path: Path) -> None:
    one, two = (baseline.keep(bundle_of(tmp_path / str(n), bottle(n))) for n in (1, 2))
    baseline.forget_all_but([f"x-{store_name('5.26.30', two.name)}"])
    assert not one.exists()
    assert two.is_dir()
    assert [p.name for p in two.parent.iterdir()] == [two.name]


def test_a_bundle_whose_report_is_of_another_graph_leaves_no_baseline(tmp_path: Path, state: Path) -> None:
    with pytest.raises(BundleError, match="of another graph"):
        baseline.keep(bundle_of(tmp_path / "b", bottle(1), said="0" * 64))
    assert not list((state / "baselines").iterdir())
