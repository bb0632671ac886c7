"""A captured value is a cell where the seed stage reads it back as it was, and a Cypher literal where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from kgshare.init.columns import Unsayable, cell_writer, column, literal
from kgshare.seeding.cells import reader


@pytest.mark.parametrize(
    ("told", "value", "text"),
    [
        ("STRING NOT NULL", 'a,"b"\n', 'a,"b"\n'),
        ("INTEGER NOT NULL", -5, "-5"),
        ("FLOAT NOT NULL", 0.1, "0.1"),
        ("BOOLEAN NOT NULL", False, "false"),
        ("DATE NOT NULL", "2020-02-29", "2020-02-29"),
        ("LIST<INTEGER NOT NULL> NOT NULL", [1, 2], "1;2"),
        ("LIST<STRING NOT NULL> NOT NULL", ["a", "b"], "a;b"),
    ],
)
def test_a_cell_is_read_back_by_the_seed_stage(told: str, value: Any, text: str) -> None:
    item = column("x", {told: 1})
    assert item.type is not None
    assert cell_writer(item)(value) == text
    read = reader(item.type)(text).value
    assert (read if item.type != "date" else str(read)) == value


@pytest.mark.parametrize(
    ("told", "value", "said"),
    [
        ("STRING NOT NULL", "", "''"),
        ("STRING NOT NULL", 5, "5"),
        ("LIST<STRING NOT NULL> NOT NULL", ["a;b"], "['a;b']"),
        ("LIST<STRING NOT NULL> NOT NULL", ["", "x"], "['', 'x']"),
        ("LIST<NOTHING> NOT NULL", [], "[]"),
        ("DATE NOT NULL", "+12345-01-01", "date('+12345-01-01')"),
        ("INTEGER NOT NULL", 1.5, "1.5"),
    ],
)
def test_what_a_cell_cannot_say_is_a_literal(told: str, value: Any, said: str) -> None:
    item = column("x", {told: 1})
    assert cell_writer(item)(value) is None
    assert literal(value, item if item.as_text else None) == said


def test_a_column_of_two_types_has_the_more_frequent_one() -> None:
    assert column("x", {"INTEGER NOT NULL": 2, "FLOAT NOT NULL": 5}).type == "float"


def test_bytes_cannot_be_said() -> None:
    with pytest.raises(Unsayable, match="bytes"):
        literal(b"\0")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -(2**63), "it's \\ \n 'quoted'"])
def test_no_literal_is_left_open(value: Any) -> None:
    text = literal(value)
    assert "\n" not in text
    assert text.count("(") == text.count(")")
