"""``kgshare diff``: snapshots and change sets compared, as text and as JSON; and change sets as inputs of a build."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.unit.change_examples import a_set, bottle, graph_of, packed
from tests.unit.test_bundle_write import written

from kgshare.bundle import REQUIRED, ProjectFile
from kgshare.canonical import parse_record, write_text
from kgshare.changes import Property, parse_change_set, render
from kgshare.cli import run
from kgshare.compare import compare
from kgshare.errors import BundleError, ChangeError, ManifestError, SeedError, UsageError
from kgshare.lock.file import read_any_lock
from kgshare.plan import CHANGE_SETS, SEED, make_plan
from kgshare.project import read_project
from kgshare.seeding.changes import read_change_sets
from kgshare.seeding.plan import seed_spec
from kgshare.work import GRAPH, GRAPH_TYPE

ONE = graph_of(bottle(1, qc=3, flags=[1, 2, 3]), bottle(2), "(:Bottle {id: 1})-[:NEXT]->(:Bottle {id: 2})")
OTHER = graph_of(bottle(1, qc=4, flags=[1, 9, 3]), bottle(2), bottle(3, p=1.5))
HERBARIUM = Path(__file__).parents[1] / "projects" / "herbarium"


def snapshot(folder: Path, graph: Mapping[str, str], *schema: str) -> Path:
    write_text(map(parse_record, graph.values()), folder, schema)
    return folder


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    return snapshot(tmp_path / "a", ONE, "X;", "Y;"), snapshot(tmp_path / "b", OTHER, "Y;", "Z;")


def test_a_difference_reads_record_by_record_and_ends_with_the_counts(two: tuple[Path, Path]) -> None:
    assert compare(*two).text().splitlines() == [
        "  (:Bottle {id: 1})",
        "    qc: 3 → 4",
        "    flags[1]: 2 → 9",
        "- (:Bottle {id: 1})-[:NEXT]->(:Bottle {id: 2})",
        "+ (:Bottle {id: 3})",
        "+   p: 1.5",
        "- X;",
        "+ Z;",
        "",
        "(:Bottle): 1 added, 1 changed",
        "[:NEXT]: 1 removed",
    ]


def test_stat_gives_the_counts_only_and_equal_files_are_not_read(two: tuple[Path, Path]) -> None:
    report = compare(*two, stat=True)
    assert report.text() == "(:Bottle): 1 added, 1 changed\n[:NEXT]: 1 removed\nschema: 2 statements"
    assert (report.files_read, report.files_skipped) == (4, 1)
    assert compare(two[0], two[0]).text() == "no difference"


def test_the_command_prints_versioned_json(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diff", str(two[0]), str(two[1]), "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["schema"] == "kgshare.diff/v1"
    assert body["result"]["changes"][0] == {
        "kind": "property", "record": "(:Bottle {id: 1})", "what": "qc", "before": "3", "after": "4"
    }  # fmt: skip


def test_a_change_set_shows_what_it_does_or_every_conflict(two: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(render(a_set(Property("(:Bottle {id: 1})", "qc", "3", "4"))))
    assert "    qc: 3 → 4" in compare(two[0], file).text()
    with pytest.raises(ChangeError, match=r"x\.toml:9: \(:Bottle \{id: 1\}\) qc: it is already"):
        compare(two[1], file)
    with pytest.raises(UsageError, match="a change set comes second"):
        compare(file, two[0])


def test_an_altered_snapshot_is_refused(two: tuple[Path, Path]) -> None:
    file = next((two[0] / "nodes" / "Bottle").iterdir())
    file.write_text(file.read_text().replace("id: ", "id: 1"))
    with pytest.raises(SeedError, match="is not what the index says"):
        compare(*two)


def test_the_graph_of_a_bundle_is_compared_with_a_snapshot(two: tuple[Path, Path], tmp_path: Path) -> None:
    graph = packed(two[0], tmp_path / GRAPH)
    files = [ProjectFile(name=n, media_type=t, source=n.encode()) for n, t in REQUIRED.items()]
    files.append(ProjectFile(name=GRAPH, media_type=GRAPH_TYPE, source=graph))
    bundle = written(tmp_path, files=tuple(files))
    assert compare(bundle.path, two[0]).text() == "no difference"
    assert list(compare(bundle.path, two[1]).changes) == list(compare(*two).changes)
    with pytest.raises(BundleError, match="holds no such file"):
        compare(written(tmp_path).path, two[0])


def test_the_example_of_the_reference_page_is_a_change_set() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "change-set.md").read_text()
    header, addition = (part.split("```")[0] for part in page.split("```toml\n")[1:])
    assert len(parse_change_set(f"{header}\n{addition}".encode(), "x.toml").changes) == 2


@pytest.fixture
def herbarium(tmp_path: Path) -> Path:
    """A copy of the herbarium with one more change set."""
    folder = tmp_path / "herbarium"
    shutil.copytree(HERBARIUM, folder)
    change = Property('(:Sheet {barcode: "H0007"})', "altitude", "1", "2")
    (folder / "changes" / "first.toml").write_text(render(a_set(change, project="herbarium")))
    return folder


def test_a_change_set_is_an_input_of_the_seed_and_of_nothing_else(herbarium: Path) -> None:
    project = read_project(herbarium)
    lock = read_any_lock(project)
    assert lock is not None
    before = make_plan(project, lock, "amd64")
    file = herbarium / "changes" / "first.toml"
    file.write_text(file.read_text().replace("after = '2'", "after = '3'"))
    now = make_plan(project, lock, "amd64")
    differing = [a.name for a, b in zip(before.steps, now.steps, strict=True) if a.inputs != b.inputs]
    assert differing == [SEED]


def test_change_sets_among_the_files_of_a_seed_step_are_an_input_by_themselves(herbarium: Path) -> None:
    manifest = herbarium / "kgshare.yaml"
    manifest.write_text(
        manifest.read_text().replace(
            "scripts: [identifications.cypher]",
            "scripts: [identifications.cypher]\n      inputs: [changes, tables]",
        )
    )
    lock = read_any_lock(read_project(herbarium))
    assert lock is not None
    before = make_plan(read_project(herbarium), lock, "amd64").step(SEED).inputs
    (herbarium / "changes" / "first.toml").unlink()
    now = make_plan(read_project(herbarium), lock, "amd64").step(SEED).inputs
    assert [name for name in now if now[name] != before[name]] == [CHANGE_SETS]


def test_the_stage_reads_the_folder_that_the_manifest_names(herbarium: Path) -> None:
    project = read_project(herbarium)
    spec = seed_spec(project, root=str(herbarium), java="", lib="", plugins=None, work="", out="")
    assert [change_set.name for change_set in read_change_sets(spec)][1:] == ["first"]
    (herbarium / "changes" / "first.toml").write_text(render(a_set(Property("(:A {k: 1})", "p", "1", "2"))))
    with pytest.raises(
        SeedError, match=r"changes/first\.toml: it is for the project oceangraph, not herbarium"
    ):
        read_change_sets(spec)


def test_a_folder_of_change_sets_that_is_not_there_is_a_mistake_in_the_manifest(herbarium: Path) -> None:
    shutil.rmtree(herbarium / "changes")
    with pytest.raises(ManifestError, match="there is no changes"):
        read_project(herbarium)
