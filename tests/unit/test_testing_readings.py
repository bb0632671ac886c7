"""What a reset reads and writes, against the official driver's own PackStream; and how two readings are compared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j._codec.packstream.v1 import PackableBuffer, Packer

from kgshare.doors.packstream import Raw, Reader, pack
from kgshare.doors.wire import number_of
from kgshare.testing.graph import Pieces, Reading, compare, difference, piece_of, rows_of

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.floats() | st.binary()
anything = st.recursive(scalars, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=8)


def packed(value: Any) -> bytes:
    buffer = PackableBuffer()
    Packer(buffer).pack(value)
    return bytes(buffer.data)


@given(st.dictionaries(st.text(), anything, max_size=6))
def test_a_property_is_the_bytes_that_the_driver_packs(properties: dict[str, Any]) -> None:
    assert Reader(packed(properties)).properties() == {name: packed(v) for name, v in properties.items()}


@given(st.integers(-(2**63), 2**63 - 1), st.lists(st.text(max_size=300), max_size=30), anything)
def test_a_row_is_read_and_packed_again(number: int, labels: list[str], value: Any) -> None:
    reader = Reader(packed([number, labels, value]))
    assert reader.size() == ("items", 3)
    assert (reader.integer(), reader.texts(), reader.raw()) == (number, labels, packed(value))
    again = Reader(pack([number, labels, Raw(packed(value))]))
    again.size()
    assert (again.integer(), again.texts(), again.raw()) == (number, labels, packed(value))


def node(number: int, **properties: Any) -> bytes:
    return packed([number, ["Sheet"], properties])


def link(number: int, start: int, end: int) -> bytes:
    return packed([number, "SAW", start, end, {}])


def test_the_same_properties_in_another_order_are_no_difference() -> None:
    seed = Reading(frozenset({node(1, a=1, b=2)}), frozenset())
    assert not compare(seed, Reading(frozenset({node(1, b=2, a=1)}), frozenset()), {})


@pytest.mark.parametrize(("before", "after"), [(1, 1.0), (0, False), ("1", 1), (0.0, -0.0), ([], None)])
def test_values_that_python_or_cypher_may_hold_equal_are_a_difference(before: Any, after: Any) -> None:
    seed = Reading(frozenset({node(1, a=before)}), frozenset())
    assert set(compare(seed, Reading(frozenset({node(1, a=after)}), frozenset()), {}).changed) == {1}


def test_a_node_made_again_under_another_number_is_the_same() -> None:
    seed = Reading(frozenset({node(1), node(2)}), frozenset({link(7, 1, 2)}))
    now = Reading(frozenset({node(9), node(2)}), frozenset({link(8, 9, 2)}))
    assert not compare(seed, now, {1: 9})
    undo = compare(seed, now, {})
    assert ([row.number for row in undo.gone], undo.extra, undo.unlink) == ([1], (9,), (8,))


def test_of_two_equal_relationships_one_too_many_is_one_too_many() -> None:
    seed = Reading(frozenset({node(1)}), frozenset({link(7, 1, 1)}))
    undo = compare(seed, Reading(seed.nodes, frozenset({link(7, 1, 1), link(8, 1, 1)})), {})
    assert (undo.unlink, undo.link) == ((8,), ())


def piece(number: int, *rows: bytes) -> bytes:
    return packed([number, []])[:-1] + pack([Raw(row) for row in rows])


def test_only_pieces_that_are_not_the_same_are_looked_into() -> None:
    seed = Pieces({0: piece(0, node(1), node(2)), 1: piece(1, node(501))}, {0: piece(0, link(7, 1, 2))})
    now = Pieces(
        {0: piece(0, node(1)), 1: piece(1, node(501)), 9: piece(9, node(4500))}, dict(seed.relationships)
    )
    assert difference(seed, now) == (
        Reading(frozenset({node(1), node(2)}), frozenset()),
        Reading(frozenset({node(1), node(4500)}), frozenset()),
    )
    assert difference(seed, seed) == (Reading(frozenset(), frozenset()),) * 2


def test_a_piece_tells_its_number_its_rows_and_whether_it_has_any() -> None:
    assert rows_of(piece(300, node(150_000, name="x"), node(150_001))) == [
        node(150_000, name="x"),
        node(150_001),
    ]
    assert piece_of(piece(300, node(150_000))) == (300, True)
    assert piece_of(piece(300)) == (300, False)


def test_what_is_read_again_stands_for_the_pieces_that_were_touched_and_for_nothing_else() -> None:
    now = Pieces(
        {0: piece(0, node(1, a=2)), 1: piece(1, node(501)), 2: piece(2, node(1001))},
        {0: piece(0, link(9, 1, 4))},
    )
    again = Pieces({0: piece(0, node(1, a=1))}, {})
    left = now.but(again, {0, 2}, {0})
    assert left == Pieces({0: piece(0, node(1, a=1)), 1: piece(1, node(501))}, {})


def test_a_bookmark_of_neo4j_5_names_the_number_of_its_transaction() -> None:
    seen = {"FB:kcwQHcYAmOEqRmesCy342K3KhQiQ": 8, "FB:kcwQHcYAmOEqRmesCy342K3KhQqQ": 10}  # 5.26.30
    assert {text: number_of(text) for text in seen} == seen


@pytest.mark.parametrize(
    "text", ["", "FB:", "FB:AAAA", "neo4j:bookmark:v1:tx8", "FB:kcwQHcYAmOEqRmesCy342K3KhQg="]
)
def test_a_bookmark_of_another_form_names_nothing(text: str) -> None:
    assert number_of(text) is None
