"""What a look at a graph says of the Enterprise Edition, whose features the copy cannot have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kgshare.canonical.schema import SHOW_CONSTRAINTS, SHOW_INDEXES
from kgshare.init.look import look_at, schema_script

NODE, LINK = "NODE", "RELATIONSHIP"
CONSTRAINTS = [
    ["cup_key", "NODE_KEY", NODE, ["Cup"], ["id"]],
    ["cup_has", "NODE_PROPERTY_EXISTENCE", NODE, ["Cup"], ["size"]],
    ["cup_type", "NODE_PROPERTY_TYPE", NODE, ["Cup"], ["size"]],
    ["held_key", "RELATIONSHIP_KEY", LINK, ["HOLDS"], ["since"]],
    ["tea_name", "UNIQUENESS", NODE, ["Tea"], ["name"]],
]


def run(query: str, parameters: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """An Enterprise Edition that holds nothing but its constraints."""
    yield from CONSTRAINTS if query == SHOW_CONSTRAINTS else []


def test_constraints_of_the_enterprise_edition_are_named_with_what_becomes_of_them() -> None:
    assert look_at(run).notes == (
        "constraint cup_key is of the Enterprise Edition: it becomes one of uniqueness",
        "constraint cup_has (NODE_PROPERTY_EXISTENCE) is of the Enterprise Edition and is left out",
        "constraint cup_type (NODE_PROPERTY_TYPE) is of the Enterprise Edition and is left out",
        "constraint held_key is of the Enterprise Edition: it becomes one of uniqueness",
    )


def test_the_script_has_what_community_has() -> None:
    assert SHOW_INDEXES != SHOW_CONSTRAINTS
    statements = schema_script(run).splitlines()
    assert len([s for s in statements if s]) == 3
    assert all("IS UNIQUE" in s for s in statements if s)
    assert {name for name in ("cup_key", "held_key", "tea_name") if any(name in s for s in statements)} == {
        "cup_key", "held_key", "tea_name",
    }  # fmt: skip
