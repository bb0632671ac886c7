"""A change set's file: its one form, and what is refused, by line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from tests.unit.change_examples import a_set, bottle

from kgshare.changes import (
    Add,
    ChangeSet,
    Element,
    Label,
    Property,
    Remove,
    Rename,
    ordered,
    parse_change_set,
    read_folder,
    render,
)
from kgshare.changes.schema import json_schema
from kgshare.errors import ChangeError

B1, B2 = "(:Bottle {id: 1})", "(:Bottle {id: 2})"
EXAMPLE = a_set(
    Property(B1, "cfc_12_qc", "3", "4"),
    Property(B1, "note", None, '"it\'s odd"'),
    Element(B1, "psal_qc", 37, "1", "4"),
    Label(B2, "Suspect", True),
    Rename("(:Bottle {id: 3})", "(:Bottle {id: 30})"),
    Remove(bottle(5, depth=1.5)),
    Add(bottle(9, name="n")),
    reason="The replicate disagrees.\nSee the log.",
    references=("doi:10.1000/1",),
    follows=("2026-11-01-depths",),
)
TEXT = """kgshare = "change-set/v1"
title = "Flag a bottle"
author = "A. Reviewer <a@example.org>"
date = 2026-11-23T14:00:00Z
reason = \"\"\"
The replicate disagrees.
See the log.\"\"\"
references = [
  "doi:10.1000/1",
]
project = "oceangraph"
baseline = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
follows = [
  "2026-11-01-depths",
]

[[change]]
record = '(:Bottle {id: 1})'
property = "cfc_12_qc"
before = '3'
after = '4'

[[change]]
record = '(:Bottle {id: 1})'
property = "note"
after = "\\"it's odd\\""

[[change]]
record = '(:Bottle {id: 1})'
property = "psal_qc"
element = 37
before = '1'
after = '4'

[[change]]
record = '(:Bottle {id: 2})'
label = "Suspect"
before = false
after = true

[[change]]
record = '(:Bottle {id: 3})'
rename = '(:Bottle {id: 30})'

[[change]]
remove = '''
(:Bottle {id: 5})
  depth: 1.5
'''

[[change]]
add = '''
(:Bottle {id: 9})
  name: "n"
'''
"""


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ChangeError) as caught:
        parse_change_set(text.encode(), "x.toml")
    return [(problem.where, problem.message) for problem in caught.value.problems]


def test_every_kind_of_change_has_its_one_form() -> None:
    assert render(EXAMPLE) == TEXT
    assert parse_change_set(TEXT.encode(), "x.toml") == EXAMPLE


def test_what_is_read_knows_its_name_and_the_line_of_each_change() -> None:
    read = parse_change_set(TEXT.encode(), "x.toml")
    assert read.name == "x"
    assert read.where(EXAMPLE.changes[0]) == "x.toml:17"


def test_every_mistake_is_given_by_its_line_at_once() -> None:
    text = (
        TEXT.replace("sha256:", "md5:").replace("after = '4'", "after = '04'", 1)
        .replace("element = 37", "element = '37'").replace("kgshare =", "more = 1\nkgshare =")
    )  # fmt: skip
    assert [where for where, _ in problems(text)] == ["x.toml:1", "x.toml:13", "x.toml:18", "x.toml:29"]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("before = '3'", "before = '4'", 17, "before and after are the same"),
        ("before = '3'\n", "expects = '3'\n", 17, "no change has these keys"),
        ("(:Bottle {id: 2})", "(:Bottle {id:2})", 35, "not a record's identity"),
        ('"cfc_12_qc"', '"id"', 17, "id is part of what identifies"),
        ("label = \"Suspect\"", 'label = "Bottle"', 35, "Bottle is the label that identifies it"),
        ("(:Bottle {id: 30})", "(:Station {id: 30})", 41, "not its label"),
        ("(:Bottle {id: 30})", "(:Bottle {id: 3})", 41, "the new name is the old one"),
        ("  depth: 1.5", "  depth: 1.50", 45, "not a record"),
        ("(:Bottle {id: 5})", "(:Bottle {id: 1})", 17, "removed by another change"),
        ("before = '1'", "before = '1.0'", 28, "a list holds one type of value"),
        ('property = "note"\nafter', 'property = "cfc_12_qc"\nafter', 23, "two changes of one place"),
        ("date = 2026-11-23T14:00:00Z", "date = 2026-11-23", 4, "`date` must be a date and time"),
        ('"change-set/v1"', '"change-set/v2"', 1, "the version of this format"),
        ("date = 2026-11-23T14:00:00Z", "date = 2026-11-23T15:00:00+01:00", 4, "not in the one valid form"),
        ("\n", "\r\n", 1, "not in the one valid form"),
        ("before = '3'\nafter = '4'", "after = '4'\nbefore = '3'", 20, "not in the one valid form"),
        ("title = ", "title : ", 2, "not TOML"),
        ("\n'''\n", "", 51, "not TOML"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_line(old: str, new: str, line: int, message: str) -> None:
    assert old in TEXT
    found = problems(TEXT.replace(old, new) if old in ("\n", "\n'''\n") else TEXT.replace(old, new, 1))
    assert any(where == f"x.toml:{line}" and message in said for where, said in found), found


@pytest.mark.parametrize("end", range(0, len(TEXT) - 1, 41))
def test_a_truncated_file_is_never_read_as_a_smaller_one(end: int) -> None:
    try:
        read = parse_change_set(TEXT[:end].encode(), "x.toml")
    except ChangeError:
        return
    pytest.fail(f"read {len(read.changes)} changes of the first {end} characters")


def test_the_json_schema_accepts_the_example_and_no_other_keys() -> None:
    schema = json.loads(json_schema())
    data = tomllib.loads(TEXT)
    data["date"] = data["date"].isoformat()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    for row in data["change"]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(data | {"change": [row | {"more": "x"}]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | {"baseline": "x"}, schema)


def named(name: str, day: int, *follows: str) -> ChangeSet:
    date = EXAMPLE.date.replace(day=day)
    return a_set(Property(B1, "p", "1", "2"), name=name, date=date, follows=follows)


def test_change_sets_come_after_those_they_follow_then_by_date_then_by_name() -> None:
    sets = [named("a", 3), named("b", 1, "d"), named("c", 2), named("d", 4), named("e", 2)]
    assert [c.name for c in ordered(sets)] == ["c", "e", "a", "d", "b"]


def test_a_circle_and_a_missing_one_are_refused() -> None:
    with pytest.raises(ChangeError, match="in a circle: a, b"):
        ordered([named("a", 1, "b"), named("b", 1, "a"), named("c", 1)])
    with pytest.raises(ChangeError, match="it follows z, which is not there"):
        ordered([named("a", 1, "z")])


def test_a_folder_is_read_whole_and_every_wrong_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "good.toml").write_text(render(named("good", 1)))
    (folder / "README.md").write_text("not a change set")
    assert [c.name for c in read_folder(folder, "oceangraph")] == ["good"]
    (folder / "bad.toml").write_text("title = 1")
    (folder / "worse.toml").write_text("title")
    with pytest.raises(ChangeError) as caught:
        read_folder(folder, "herbarium")
    assert {p.where.split(":")[0] for p in caught.value.problems} == {"bad.toml", "worse.toml", "good.toml"}
