"""Change sets on a real Neo4j: what is written is what was decided, and what does not fit is refused."""

# ruff: noqa: F811 (the fixture of the other file is used by its name)

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.integration.test_seeding_stage import install, seed, specification, write_project  # noqa: F401
from tests.unit.change_examples import VALUES, a_set, encode, graph_of, graphs

from kgshare.canonical import (
    Node,
    NodeId,
    Relationship,
    RelationshipId,
    parse_record,
    read_text,
    record_text,
    write_text,
)
from kgshare.canonical.graph import read_graph
from kgshare.changes import (
    Add,
    Change,
    ChangeSet,
    Element,
    Label,
    Property,
    Remove,
    Rename,
    diff,
    invert,
    render,
)
from kgshare.changes.present import Base, present
from kgshare.doors.process import CommandFailed, run
from kgshare.errors import CheckError, SeedError
from kgshare.questions import Question
from kgshare.seeding.bolt import Database, connect
from kgshare.seeding.changes import apply_change_sets, read_change_sets
from kgshare.seeding.result import SeedReport, read_error
from kgshare.seeding.server import Install, start_server
from kgshare.seeding.spec import Check, SeedSpec
from kgshare.seeding.stage import SEED_CONFIG
from kgshare.seeding.write import write_changes

pytestmark = pytest.mark.neo4j

STATION_1, BOTTLE_1 = "(:Station {number: 1})", '(:Bottle {id: "b1"})'
MEASURED = f'{BOTTLE_1}-[:MEASURED_AT {{by: "x"}}]->{STATION_1}'


@pytest.fixture(scope="module")
def running(install: Install, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    home = tmp_path_factory.mktemp("server") / "home"
    with start_server(install, home, config=SEED_CONFIG) as server, connect(server.uri) as db:
        yield db


def requires_the_same(db: Database, one: dict[str, str], other: dict[str, str]) -> None:
    """Write one graph, change it to the other, and back again; each time the text is the one that was meant."""
    db.run("MATCH (n) DETACH DELETE n")
    forth = diff(one, other)
    with tempfile.TemporaryDirectory() as folder:
        for changes, wanted in ((diff({}, one), one), (forth, other), (invert(forth), one)):
            write_changes(db, changes, "x.toml")
            keys = {"A": ("k",), "odd label": ("k",)}
            found = read_graph(db.wire, Path(folder) / "found", keys, {"a-b": ("n",)})
            assert (
                found.sha256 == write_text(map(parse_record, wanted.values()), Path(folder) / "wanted").sha256
            )


def test_neo4j_holds_what_the_changes_say_for_values_of_every_type(running: Database) -> None:
    def graph(turn: int) -> dict[str, str]:
        values = {f"p{n}": VALUES[(n + turn) % len(VALUES)] for n in range(len(VALUES))}
        node = NodeId("A", (("k", VALUES[turn]),))
        link = Relationship(RelationshipId("a-b", node, node, (("n", "it's"),)), values)
        return graph_of(record_text(Node(node, ("L",), values)), record_text(link))

    requires_the_same(running, graph(0), graph(1))


def test_every_value_may_be_a_key(running: Database) -> None:
    usable = [
        value for value in VALUES if encode(value) not in ("NaN", "1.0")
    ]  # NaN is equal to nothing, 1 is 1.0
    nodes = [NodeId("A", (("k", value),)) for value in usable if not isinstance(value, list)]
    one = graph_of(*(record_text(Node(node, (), {"p": 1})) for node in nodes))
    requires_the_same(running, one, {i: text.replace("p: 1", "p: 2") for i, text in one.items()})


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs(), graphs())
def test_neo4j_holds_any_difference_between_two_graphs(
    running: Database, one: dict[str, str], other: dict[str, str]
) -> None:
    requires_the_same(running, one, other)


CHANGES: tuple[Change, ...] = (
    Property(BOTTLE_1, "du", 'duration("P-1DT5.000001S")', 'duration("P14M-3DT5.000000004S")'),
    Property(BOTTLE_1, "dz", 'datetime("2013-10-27T01:30:00Z[Europe/Berlin]")', None),
    Property(BOTTLE_1, "new", None, 'datetime("2013-10-27T00:30:00Z[Europe/Berlin]")'),
    Element(BOTTLE_1, "lf", 1, "2.5", "NaN"),
    Label(BOTTLE_1, "Suspect", True),
    Property(MEASURED, "flag", "2", "4"),
    Rename("(:Station {number: 3})", "(:Station {number: 33})"),
    Remove("(:Station {number: 29})"),
    Add('(:Station {number: 40})\n  :New\n  name: "it\'s"'),
    Add("(:Station {number: 40})-[:NEXT]->(:Station {number: 33})\n  km: 1.5"),
)


def with_changes(install: Install, root: Path, *change_sets: ChangeSet) -> SeedSpec:
    project = write_project(root / "project")
    (project / "changes").mkdir()
    for change_set in change_sets:
        (project / "changes" / f"{change_set.name}.toml").write_text(render(change_set))
    return replace(specification(install, project, root / "out"), name="oceangraph", changes="changes")


FIRST = a_set(*CHANGES, name="z-first")
SECOND = a_set(
    Property("(:Station {number: 33})", "depth", "7.0", "8.0"),
    Property(MEASURED, "flag", "4", "3"),
    name="a-second",
    follows=("z-first",),
)


@pytest.fixture(scope="module")
def changed(install: Install, tmp_path_factory: pytest.TempPathFactory) -> SeedSpec:
    """A store that was seeded with two change sets."""
    spec = with_changes(install, tmp_path_factory.mktemp("changed"), FIRST, SECOND)
    seed(spec)
    return spec


def test_change_sets_are_applied_after_the_scripts_in_the_order_in_which_they_follow(
    changed: SeedSpec,
) -> None:
    found = {record.id.text: record_text(record) for record in read_text(Path(changed.out) / "graph")}
    bottle = found[BOTTLE_1].splitlines()
    assert "  :Suspect" in bottle
    assert '  du: duration("P14M-3DT5.000000004S")' in bottle
    assert '  new: datetime("2013-10-27T00:30:00Z[Europe/Berlin]")' in bottle
    assert "  lf: [1.0, NaN]" in bottle
    assert not [line for line in bottle if line.startswith("  dz")]
    assert found[MEASURED] == f"{MEASURED}\n  flag: 3"
    assert "  depth: 8.0" in found["(:Station {number: 33})"]
    assert "(:Station {number: 2})-[:NEXT]->(:Station {number: 33})" in found
    assert "(:Station {number: 40})-[:NEXT]->(:Station {number: 33})" in found
    assert not {"(:Station {number: 3})", "(:Station {number: 29})"} & found.keys()


def run_stage(spec: SeedSpec, folder: Path) -> SeedReport:
    """Run a stage in another process, and raise what it says."""
    file, out = folder / "spec.json", Path(spec.out)
    file.write_text(spec.to_json(), encoding="utf-8")
    try:
        run([sys.executable, "-m", "kgshare.seeding", file])
    except CommandFailed:
        raise read_error((out / "error.json").read_text()) from None
    return SeedReport.from_json((out / "report.json").read_text())


def reviewed(changed: SeedSpec, to: Path, *change_sets: ChangeSet, **more: Any) -> SeedReport:
    """Check other change sets on a copy of the seeded store, as the command does: in a process of its own."""
    (to / "changes").mkdir()
    for change_set in change_sets:
        (to / "changes" / f"{change_set.name}.toml").write_text(render(change_set))
    spec = replace(
        changed, project=str(to), steps=(), store=str(Path(changed.out) / "data"), work=str(to / "work"), out=str(to / "out"),
        applied=str(Path(changed.project) / "changes"), **more,
    )  # fmt: skip
    return run_stage(spec, to)


def test_a_check_takes_back_what_the_store_has_too_much_applies_what_it_lacks_and_keeps_no_store(
    changed: SeedSpec, tmp_path: Path
) -> None:
    other = a_set(
        Property("(:Station {number: 33})", "depth", "7.0", "9.5"), name="other", follows=("z-first",)
    )
    report = reviewed(changed, tmp_path, FIRST, other)
    text = Base(text=Path(changed.out) / "graph", applied=(FIRST, SECOND))
    assert (
        f"sha256:{report.digest}"
        == present(text, (FIRST, other)).digest()
        != f"sha256:{SeedReport.from_json((Path(changed.out) / 'report.json').read_text()).digest}"
    )
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["report.json"]


def test_a_check_says_all_that_is_wrong_with_what_change_sets_make(changed: SeedSpec, tmp_path: Path) -> None:
    (tmp_path / "deep.cypher").write_text(
        "RETURN 1 LIMIT 0;\nMATCH (s:Station) WHERE s.depth = 8.0\nRETURN s.number AS station;\nCREATE (:X)"
    )
    question = Question(
        name="depths",
        question="Which?",
        cypher="MATCH (s:Station {number: 33}) RETURN s.depth",
        expect=([7.0],),
    )
    checks = (Check(name="flags", cypher="MATCH ()-[m:MEASURED_AT]->() RETURN max(m.flag)", expect=4),)
    with pytest.raises(CheckError) as caught:
        reviewed(
            changed, tmp_path, FIRST, SECOND, checks=checks, questions=(question,), rules=("deep.cypher",)
        )
    check, asked, row, write = caught.value.problems
    assert (check.kind, check.where, check.message) == ("check", "check 'flags'", "expected 4, got 3")
    assert (asked.kind, asked.where) == ("question", "question depths")
    assert (row.kind, row.where, row.message) == ("rule", "deep.cypher:2", "station: 33")
    assert (write.kind, write.where) == ("rule", "deep.cypher:4")
    assert not [p for p in tmp_path.rglob("neostore*") if "work" not in p.parts]


def test_what_does_not_fit_is_named_with_base_theirs_and_ours_and_nothing_is_written(
    running: Database, tmp_path: Path
) -> None:
    running.run("MATCH (n) DETACH DELETE n")
    running.run("CREATE (:Bottle {id: 'b1', i: 1})-[:AT]->(:Station {number: 1})")
    spec = SeedSpec(
        project=str(tmp_path), java="", lib="", neo4j_version="5.26.30", steps=(), name="oceangraph",
        node_keys={"Station": ("number",), "Bottle": ("id",)}, changes=".", work="", out="",
    )  # fmt: skip
    wrong = a_set(
        Property(BOTTLE_1, "i", "7", "8"),
        Property(BOTTLE_1, "new", None, "1"),
        Remove(STATION_1),
        name="wrong",
    )
    (tmp_path / "wrong.toml").write_text(render(wrong))
    with pytest.raises(SeedError) as caught:
        apply_change_sets(running, read_change_sets(spec), spec)
    first, second = caught.value.problems
    assert first.where == "./wrong.toml:9"
    assert first.message.splitlines() == [
        f"'Flag a bottle' does not fit: {BOTTLE_1} i: something else was found than was expected",
        "    base   7", "    theirs 1", "    ours   8",
    ]  # fmt: skip
    assert second.where == "./wrong.toml:20"
    assert f"theirs {BOTTLE_1}-[:AT]->{STATION_1}" in second.message
    assert running.run("MATCH (n:Bottle) RETURN n.i, n.new") == [[1, None]]


def test_what_a_constraint_of_the_project_forbids_is_given_with_its_change_set(running: Database) -> None:
    running.run("MATCH (n) DETACH DELETE n")
    running.run("CREATE CONSTRAINT one_name IF NOT EXISTS FOR (n:Ship) REQUIRE n.name IS UNIQUE")
    running.run("CREATE (:Ship {code: 1, name: 'Melville'}), (:Ship {code: 2})")
    with pytest.raises(SeedError, match=r"^x\.toml: Neo4j refuses a change: .*already exists"):
        write_changes(running, [Property("(:Ship {code: 2})", "name", None, '"Melville"')], "x.toml")
