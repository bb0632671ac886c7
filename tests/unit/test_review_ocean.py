"""The ocean's own example, on its own rows: one sets the CFC-12 flag of bottle 17, the other too, and the year of a haul.

Without database and sandboxes; with these it goes the same way in tests/e2e/test_review_story.py.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tests.unit.change_examples import graph_of
from tests.unit.review_project import Project, keep_seed, make_project

from kgshare.canonical import Node, NodeId, Relationship, RelationshipId, record_text
from kgshare.changes import Property, read_change_set
from kgshare.changes.make import Wanted, make_change_set
from kgshare.errors import ConflictError
from kgshare.progress import Progress
from kgshare.review import check as checking
from kgshare.review.blame import blame
from kgshare.review.check import check
from kgshare.review.merge import merge, merge_on
from kgshare.review.pending import Decisions
from kgshare.review.propose import as_branch
from kgshare.review.revert import revert
from kgshare.seeding.result import SeedReport

DATA = Path(__file__).parents[2] / "data"
QUIET = Progress(quiet=True)
STATION = "318M20130321/88/1"
BOTTLE_15, BOTTLE_17 = (f'(:Bottle {{id: "{STATION}/{n}"}})' for n in (15, 17))
HAUL, DATASET = '(:SamplingEvent {id: "GC082007WBWB-72"})', '(:Dataset {id: "318M20130321"})'
KEYS = "Bottle: [id], SamplingEvent: [id], Dataset: [id]"
GREEN = SeedReport(
    neo4j_version="5", digest="ab" * 32, nodes=4, relationships=2, labels={}, types={}, seconds={}
)


def rows(table: str, *ids: str) -> list[dict[str, str]]:
    with (DATA / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["id"] in ids]


def upstream(pressure: str = "") -> list[str]:
    """The records of two bottles, their dataset and a haul, as the importers' tables have them."""
    dataset = NodeId("Dataset", (("id", "318M20130321"),))
    texts = [record_text(Node(dataset, (), {"file": "whp/p02_bottle.csv"}))]
    for row in rows("bottles", f"{STATION}/15", f"{STATION}/17"):
        bottle = NodeId("Bottle", (("id", row["id"]),))
        values = {"cfc_12_qc": int(row["cfc_12_qc"]), "pressure": float(pressure or row["pressure"])}
        texts += [
            record_text(Node(bottle, (), values)),
            record_text(Relationship(RelationshipId("DERIVED_FROM", bottle, dataset), {})),
        ]
    (haul,) = rows("sampling_events", "GC082007WBWB-72")
    texts.append(
        record_text(Node(NodeId("SamplingEvent", (("id", haul["id"]),)), (), {"date": haul["date"]}))
    )
    return texts


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(checking, "check_store", lambda found, progress: GREEN)
    return make_project(tmp_path / "ocean", upstream(), monkeypatch, nodes=KEYS, provenance="DERIVED_FROM")


def propose(project: Project, who: str, title: str, *changes: Property) -> str:
    """A proposal as a branch, as `propose --git` makes it of a sandbox's edits."""
    wanted = Wanted(title=title, reason=f"{who} looked at it again.", author=who)
    one = make_change_set(changes, wanted, project="oceangraph", baseline="sha256:" + "0" * 64)
    return as_branch(project.root, one)[0]


def test_the_flag_of_bottle_17_and_the_year_of_a_haul(project: Project) -> None:
    recorded = read_change_set(DATA / "changes" / "2014-07-24-cfc-12-of-station-88.toml")
    project.accept(recorded.__class__(**{**vars(recorded), "changes": recorded.changes[:1], "lines": ()}))
    flag = graph_of(*upstream())[BOTTLE_17].splitlines()[1].removeprefix("  cfc_12_qc: ")
    date = '"2008-08-20T00:00:00Z"'
    anna = propose(
        project, "Anna <anna@example.org>", "Flag bottle 17", Property(BOTTLE_17, "cfc_12_qc", flag, "4")
    )
    ben = propose(
        project, "Ben <ben@example.org>", "The year of a haul, and bottle 17",
        Property(HAUL, "date", date, '"2007-08-20T00:00:00Z"'), Property(BOTTLE_17, "cfc_12_qc", flag, "2"),
    )  # fmt: skip
    merge(project.root, anna, decisions=Decisions(), local=True, progress=QUIET)
    with pytest.raises(ConflictError) as caught:
        merge(project.root, ben, decisions=Decisions(), local=True, progress=QUIET)
    assert len(caught.value.problems) == 1, "the haul's year is in nobody's way"
    merge_on(project.root, decisions=Decisions(ours=("1",)), local=True, progress=QUIET)
    assert check(project.root, local=True, progress=QUIET).ok

    said = blame(project.root, f"Bottle/{STATION}/*", "cfc_12_qc")
    assert [c.change_set.author for r in said.records for c in r.changes] == [
        "RJL (SIOCCH)", "Ben <ben@example.org>", "Anna <anna@example.org>",
    ]  # fmt: skip
    assert "on the word of Dong-Ha Min" in said.text()
    assert said.records[1].sources == (f'{DATASET}\n  file: "whp/p02_bottle.csv"',)

    taken = said.records[1].changes[0].change_set.name
    revert(
        project.root,
        taken,
        reason="Its own bottle was meant.",
        decisions=Decisions(),
        local=True,
        progress=QUIET,
    )
    (found,) = blame(project.root, f"Bottle/{STATION}/17", "cfc_12_qc").records
    assert [c.after for c in found.changes] == ["4", "2", "4"]

    keep_seed(project.root, upstream(pressure="1250.0"))
    assert check(project.root, local=True, progress=QUIET).change_sets == 4, "another upstream keeps them"
    keep_seed(project.root, [text.replace(f"cfc_12_qc: {flag}", "cfc_12_qc: 9") for text in upstream()])
    wrong = check(project.root, local=True, progress=QUIET)
    assert {(f.record, f.base, f.theirs) for f in wrong.findings} >= {(BOTTLE_17, flag, "9")}
