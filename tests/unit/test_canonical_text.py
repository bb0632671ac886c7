"""Records and the folder of their text: identity, sorting, shards, digests, and what is refused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgshare.canonical import (
    Node,
    NodeId,
    NotCanonical,
    Record,
    Relationship,
    RelationshipId,
    digest,
    parse_identity,
    parse_record,
    read_text,
    record_text,
    text,
    write_text,
)
from kgshare.canonical.schema import schema_statements
from kgshare.errors import SeedError

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
VALUES = st.integers(-99, 99) | st.text(st.characters(exclude_categories=["Cs"])) | st.booleans()
PAIRS = st.dictionaries(NAMES, VALUES, max_size=3)
NODE_IDS = st.builds(
    NodeId, NAMES, st.dictionaries(NAMES, VALUES, min_size=1, max_size=2).map(lambda d: tuple(d.items()))
)
NODES = st.builds(Node, NODE_IDS, st.sets(NAMES, max_size=2).map(lambda s: tuple(sorted(s))), PAIRS)
LINKS = st.builds(
    Relationship,
    st.builds(RelationshipId, NAMES, NODE_IDS, NODE_IDS, PAIRS.map(lambda d: tuple(d.items()))),
    PAIRS,
)


def station(number: int, **properties: object) -> Node:
    return Node(NodeId("Station", (("number", number),)), (), properties)


def link(start: int, end: int, *discriminator: tuple[str, object]) -> Relationship:
    return Relationship(RelationshipId("NEXT", station(start).id, station(end).id, discriminator))


@given(NODES | LINKS)
def test_a_record_with_any_names_and_values_comes_back_from_its_text(record: Record) -> None:
    assert parse_record(record_text(record)) == record
    assert parse_identity(record.id.text) == record.id


def test_a_record_is_a_line_for_its_identity_and_one_a_label_and_property() -> None:
    node = Node(NodeId("Bottle", (("cast", 88), ("sampno", "2"))), ("Sample",), {"qc": 4, "cfc 12": 0.5})
    assert record_text(node) == '(:Bottle {cast: 88, sampno: "2"})\n  :Sample\n  "cfc 12": 0.5\n  qc: 4'
    assert record_text(link(1, 2, ("via", "x"))) == (
        '(:Station {number: 1})-[:NEXT {via: "x"}]->(:Station {number: 2})'
    )


@pytest.mark.parametrize(
    "text",
    [
        "(:A {k: 1})\n  b: 1\n  a: 1", "(:A {k: 1})\n  a: 1\n  a: 1", "(:A {k: 1})\n a: 1", '(:"A" {k: 1})', "(:A {k: 1}) ",
        "(:A {k: 1})\n  a: 01", "(:A {k:1})", "(:A {k: 1})-[:T]-(:A {k: 2})", "(:A {k: 1})-[:T]->(:A {k: 2})\n  :L", "",
    ],
)  # fmt: skip
def test_a_text_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        parse_record(text)


def records() -> list[Record]:
    nodes: list[Record] = [station(n, depth=n / 2, name=f"n{n}") for n in range(500)]
    return nodes + [link(n, n + 1) for n in range(499)]


def test_the_digest_does_not_depend_on_the_order_in_which_records_come(tmp_path: Path) -> None:
    shuffled = records()
    random.Random(1).shuffle(shuffled)
    assert write_text(records(), tmp_path / "a").sha256 == write_text(shuffled, tmp_path / "b").sha256


def test_the_text_is_the_same_when_it_does_not_fit_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write_text(records(), tmp_path / "a")
    monkeypatch.setattr(text, "SPILL", 1000)
    assert write_text(records(), tmp_path / "b") == whole
    assert not list((tmp_path / "b").rglob("*.part"))


def test_one_changed_value_changes_one_file_and_the_digest(tmp_path: Path) -> None:
    before = write_text(records(), tmp_path / "a")
    changed = [
        station(7, depth=0.0, name="n7") if record.id == station(7).id else record for record in records()
    ]
    after = write_text(changed, tmp_path / "b")
    assert before.sha256 != after.sha256
    assert len(set(before.files) ^ set(after.files)) == 2


def test_an_inserted_record_moves_no_other_one_to_another_file(tmp_path: Path) -> None:
    before = write_text(records(), tmp_path / "a")
    after = write_text([*records(), station(1000)], tmp_path / "b")
    assert len(set(before.files) ^ set(after.files)) == 2


def test_what_is_written_is_read_back_and_counted(tmp_path: Path) -> None:
    written = write_text(records(), tmp_path / "a", schema=["B;", "A;"])
    assert {record.id.text for record in read_text(tmp_path / "a")} == {
        record.id.text for record in records()
    }
    assert (written.count("nodes"), written.count("relationships")) == ({"Station": 500}, {"NEXT": 499})
    assert digest(tmp_path / "a") == written
    assert (tmp_path / "a" / "schema.txt").read_text() == "A;\nB;\n"


def test_an_altered_a_missing_and_an_additional_file_are_all_reported(tmp_path: Path) -> None:
    write_text(records(), tmp_path / "a")
    first, second, *_ = sorted((tmp_path / "a" / "nodes" / "Station").iterdir())
    first.write_text(first.read_text().replace("depth: ", "depth: 1", 1))
    second.unlink()
    (tmp_path / "a" / "more.txt").write_text("x")
    with pytest.raises(SeedError) as caught:
        digest(tmp_path / "a")
    assert {problem.where.rsplit("/", 1)[-1] for problem in caught.value.problems} == {
        first.name, second.name, "more.txt"
    }  # fmt: skip


def test_parallel_relationships_without_a_discriminator_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        SeedError, match=r"\(:Station \{number: 1\}\)-\[:NEXT\]->\(:Station \{number: 2\}\)"
    ) as caught:
        write_text([station(1), station(2), link(1, 2), link(1, 2)], tmp_path / "a")
    assert "identity.relationships" in caught.value.problems[0].hint
    write_text([link(1, 2, ("via", "a")), link(1, 2, ("via", "b"))], tmp_path / "b")


def test_a_label_that_is_no_file_name_gets_a_folder_inside_the_text(tmp_path: Path) -> None:
    write_text([Node(NodeId("../../etc", (("k", 1),)))], tmp_path / "a" / "b")
    assert [p.relative_to(tmp_path).parts[:4] for p in tmp_path.rglob("?.txt")] == [
        ("a", "b", "nodes", "%2E%2E%2F%2E%2E%2Fetc")
    ]


def test_the_schema_is_statements_without_look_up_indexes_and_those_of_constraints() -> None:
    constraint = {
        "name": "c", "type": "UNIQUENESS", "entityType": "NODE", "labelsOrTypes": ["A"], "properties": ["k", "l"],
    }  # fmt: skip
    index = {**constraint, "options": {"indexConfig": {}}, "owningConstraint": None}
    rows = [
        {**index, "name": "look", "type": "LOOKUP"},
        {**index, "name": "c", "type": "RANGE", "owningConstraint": "c"},
        {
            **index, "name": "f`t", "type": "FULLTEXT", "labelsOrTypes": ["A", "B"],
            "options": {"indexConfig": {"fulltext.analyzer": "it's", "fulltext.eventually_consistent": False}},
        },
    ]  # fmt: skip
    assert schema_statements([constraint], rows) == [
        "CREATE CONSTRAINT `c` FOR (n:`A`) REQUIRE (n.`k`, n.`l`) IS UNIQUE;",
        "CREATE FULLTEXT INDEX `f``t` FOR (n:`A`|`B`) ON EACH [n.`k`, n.`l`] "
        "OPTIONS {indexConfig: {`fulltext.analyzer`: 'it\\'s', `fulltext.eventually_consistent`: false}};",
    ]
