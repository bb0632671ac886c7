"""The page's parts that need no database: shares of a drawing, values as they are typed, edits and what hangs on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kgshare.changes import compose, invert
from kgshare.changes.model import Add, Change, Property, Remove
from kgshare.page.canonical import text_of, typed_text
from kgshare.page.cells import cell, size
from kgshare.page.edits import as_json
from kgshare.page.graphdb import _own_lines
from kgshare.page.identity import Identity
from kgshare.page.panels import BadParameter, Hooks, hooks
from kgshare.page.records import fair
from kgshare.page.sandbox import JOURNAL, Sandbox, with_dependents
from kgshare.page.settings import Project, Settings, SettingsError

ANN, BOB = '(:Person {name: "Ann"})', '(:Person {name: "Bob"})'
KNOWS = f"{ANN}-[:KNOWS]->{BOB}"


@pytest.mark.parametrize(
    ("totals", "room", "shares"),
    [
        ([5683, 1, 11], 40, [28, 1, 11]),
        ([3, 3], 40, [3, 3]),
        ([100, 100], 10, [5, 5]),
        ([9, 9, 9], 2, [1, 1, 1]),
        ([], 40, []),
        ([100, 0], 10, [10, 0]),
    ],
)
def test_what_one_kind_of_neighbour_does_not_need_goes_to_the_others(
    totals: list[int], room: int, shares: list[int]
) -> None:
    assert fair(totals, room) == shares


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"type": "int", "value": " 4 "}, "4"),
        ({"type": "int", "value": "-9223372036854775808"}, "-9223372036854775808"),
        ({"type": "float", "value": "0.011"}, "0.011"),
        ({"type": "float", "value": 2}, "2.0"),
        ({"type": "boolean", "value": "true"}, "true"),
        ({"type": "string", "value": 'a "b"'}, '"a \\"b\\""'),
        ({"type": "date", "value": "2014-07-24"}, 'date("2014-07-24")'),
        ({"type": "list", "items": "int", "value": [1, "2"]}, "[1, 2]"),
        ({"type": "list", "items": ["string"], "value": []}, "[]"),
        ({"type": "point", "value": {"srid": 4326, "longitude": 1, "latitude": 2}}, "point(4326, 1.0, 2.0)"),
        ({"type": "bytes", "value": "AAE="}, 'bytes("AAE=")'),
    ],
)
def test_what_is_typed_is_a_value_and_shown_as_it_was(given: dict[str, Any], text: str) -> None:
    assert text_of(given) == text
    shown = typed_text(text)
    assert shown is not None
    assert text_of(shown) == text


@pytest.mark.parametrize(
    "given",
    [
        None,
        4,
        {"type": "int"},
        {"type": "int", "value": "4.5"},
        {"type": "int", "value": 2**63},
        {"type": "float", "value": "four"},
        {"type": "boolean", "value": 1},
        {"type": "string", "value": 4},
        {"type": "date", "value": "24 July 2014"},
        {"type": "list", "value": [1]},
        {"type": "point", "value": {"srid": 1, "x": 1, "y": 2}},
        {"type": "bytes", "value": "?"},
        {"type": "node", "value": {}},
    ],
)
def test_what_is_no_value_is_refused_with_a_word_and_no_traceback(given: Any) -> None:
    with pytest.raises(BadParameter) as refused:
        text_of(given)
    assert str(refused.value)


def test_a_huge_value_is_cut_and_says_by_how_much() -> None:
    identity = Identity({})
    assert cell(identity, list(range(1000)))["cut"] == 800
    assert cell(identity, "x" * 30_000)["cut"] == 10_000
    assert "cut" not in cell(identity, [1, 2])
    assert size(cell(identity, "x" * 1000)) > 1000


def test_neo4js_message_has_the_lines_that_the_reviewer_sees() -> None:
    said = "Invalid input 'RETURN' (line 2, column 10 (offset: 17))"
    assert _own_lines(said) == "Invalid input 'RETURN' (line 1, column 10)"


def test_undoing_a_node_takes_along_what_hangs_on_it() -> None:
    known: list[Change] = [Add(ANN), Add(KNOWS), Property(BOB, "age", "3", "4")]
    assert with_dependents(known, [known[0]]) == (Add(ANN), Add(KNOWS))
    assert with_dependents(known, [known[2]]) == (known[2],)
    assert with_dependents(known, [known[1]]) == (Add(KNOWS),)


def test_a_node_that_comes_back_with_its_relationships_leaves_no_change() -> None:
    gone: tuple[Change, ...] = (Remove(f'{ANN}\n  city: "Bergen"'), Remove(f"{KNOWS}\n  since: 2014"))
    assert compose(gone, invert(gone)) == ()
    moved = (Add(f'{ANN}\n  city: "Oslo"'), Add(f"{KNOWS}\n  since: 2014"))
    assert compose(gone, moved) == (Property(ANN, "city", '"Bergen"', '"Oslo"'),)


def test_a_change_of_a_relationship_is_shown_with_its_ends() -> None:
    shown = as_json(Property(KNOWS, "since", None, "2014"))
    assert (shown["kind"], shown["record"], shown["before"]) == ("changed", None, None)
    assert shown["relationship"]["start"] == {"label": "Person", "key": ["Ann"], "title": "Ann"}
    assert shown["after"] == {"type": "int", "value": 2014}


def test_edits_outlive_the_page_and_a_broken_journal_does_not_stop_it(tmp_path: Path) -> None:
    settings = Settings(project=Project(name="herbarium", nodes={"Person": ("name",)}), state=tmp_path)
    change = Property(ANN, "age", "3", "4")
    Sandbox(settings)._keep((change,))
    assert Sandbox(settings).known() == (change,)
    (tmp_path / JOURNAL).write_text("half a fi")
    assert Sandbox(settings).known() == ()


def test_hooks_of_a_project_are_hooks_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hooks("") == Hooks()
    assert hooks("oceangraph.panels").next == "oceangraph derive FILE"
    monkeypatch.setattr("oceangraph.panels.HOOKS", {"next": "x"})
    with pytest.raises(SettingsError, match="HOOKS"):
        hooks("oceangraph.panels")
