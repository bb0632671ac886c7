from __future__ import annotations

import datetime as dt
from typing import Any

import neo4j.time
import pytest
from neo4j.spatial import CartesianPoint, WGS84Point

from kgshare.page.api import counts
from kgshare.page.identity import Identity
from kgshare.page.search import lucene
from kgshare.page.values import typed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, {"type": "boolean", "value": True}),
        (2, {"type": "int", "value": 2}),
        (2.0, {"type": "float", "value": 2.0}),
        ("2", {"type": "string", "value": "2"}),
        (2**60, {"type": "int", "value": str(2**60)}),
        (float("nan"), {"type": "float", "value": "nan"}),
        (float("-inf"), {"type": "float", "value": "-inf"}),
        (neo4j.time.Date(2014, 7, 24), {"type": "date", "value": "2014-07-24"}),
        (dt.date(2014, 7, 24), {"type": "date", "value": "2014-07-24"}),
        (
            neo4j.time.DateTime(2013, 5, 11, 16, 27, 0),
            {"type": "localdatetime", "value": "2013-05-11T16:27:00"},
        ),
        (
            neo4j.time.DateTime(2013, 5, 11, 16, 27, 1, 500_000_000, tzinfo=dt.UTC),
            {"type": "datetime", "value": "2013-05-11T16:27:01.5+00:00"},
        ),
        (neo4j.time.Duration(months=1, seconds=3), {"type": "duration", "value": "P1MT3S"}),
        (b"\x00\xff", {"type": "bytes", "value": "AP8="}),
        (
            WGS84Point((-167.453, 29.9999)),
            {"type": "point", "value": {"srid": 4326, "longitude": -167.453, "latitude": 29.9999}},
        ),
        (CartesianPoint((1.0, 2.0)), {"type": "point", "value": {"srid": 7203, "x": 1.0, "y": 2.0}}),
        ([1, 2], {"type": "list", "value": [1, 2], "items": ["int"]}),
        ([], {"type": "list", "value": [], "items": []}),
    ],
)
def test_a_value_keeps_its_type_in_json(value: Any, expected: dict[str, Any]) -> None:
    assert typed(value) == expected


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("851", ["851", 851, 851.0]),
        ("0851", ["0851", 851, 851.0]),
        ("1.5", ["1.5", 1.5]),
        ("true", ["true", True]),
        ("318M20130321/88", ["318M20130321/88"]),
        ("9" * 30, ["9" * 30, float("9" * 30)]),
    ],
)
def test_a_key_in_an_address_stands_for_text_and_number(text: str, readings: list[Any]) -> None:
    assert Identity({"A": ("id",)}).parameters([text]) == {"key0": readings}


def test_labels_and_keys_are_quoted_so_that_no_name_ends_a_query() -> None:
    clause = Identity({"A` RETURN 1 //": ("k`ey",)}).match("A` RETURN 1 //")
    assert clause == "MATCH (n:`A`` RETURN 1 //`) WHERE n.`k``ey` IN $key0"


def test_lucene_syntax_in_what_was_typed_is_taken_literally() -> None:
    assert lucene(["a*b", 'say"']) == '("a*b" OR a\\*b*) AND ("say\\"" OR say\\"*)'


def test_counts_come_from_the_count_store_without_combinations_of_label_and_type() -> None:
    stored = {
        "nodes": [
            {"count": 5},
            {"label": "B", "count": 3},
            {"label": "A", "count": 2},
            {"label": "Gone", "count": 0},
        ],
        "relationships": [
            {"count": 4},
            {"relationshipType": "AT", "count": 4},
            {"relationshipType": "AT", "startLabel": "A", "count": 4},
            {"relationshipType": "AT", "endLabel": "B", "count": 4},
        ],
    }
    assert counts(stored) == ({"": 5, "A": 2, "B": 3}, {"": 4, "AT": 4})
