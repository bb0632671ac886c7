"""Questions of the manifest: how they are read, how parameters become values, and when an answer is the expected one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kgshare.errors import ManifestError
from kgshare.project import questions_schema
from kgshare.project.read import parse_project
from kgshare.questions import Answer, BadValue, Parameter, Question, convert, from_data, to_data, values_of
from kgshare.questions.expected import differences

HEAD = """\
kgshare: 1
name: tiny
version: 1.0.0
description: one node
licence: CC0-1.0
authors: [{name: A}]
identity: {nodes: {Thing: [id]}}
seed: [{cypher: {scripts: [more.cypher]}}]
"""
FILE = """\
- name: things-of-a-size
  question: Which things have a size?
  cypher: |
    // $nothing in a comment and '$nothing' in a string are not parameters
    MATCH (t:Thing) WHERE t.size = $size AND t.name <> '$nothing' RETURN t.id AS id
  parameters:
    size: {default: 3, type: int, description: in millimetres, choices: [3, 4]}
  expect: [[1], {id: 2}]
- name: all
  question: Which things are there?
  cypher: MATCH (t:Thing) RETURN t
"""


def read(folder: Path, file: str = FILE, stated: str = "questions: questions.yaml\n") -> tuple[Question, ...]:
    (folder / "more.cypher").write_text("RETURN 1;\n")
    (folder / "questions.yaml").write_text(file)
    return parse_project((HEAD + stated).encode(), folder / "kgshare.yaml").questions


def problems(folder: Path, file: str = FILE, stated: str = "questions: questions.yaml\n") -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(folder, file, stated)
    return [f"{p.where}: {p.message}" for p in caught.value.problems]


def test_a_file_and_a_list_in_the_manifest_are_the_same_questions(tmp_path: Path) -> None:
    indented = "questions:\n" + "".join(f"  {line}\n" for line in FILE.splitlines())
    questions = read(tmp_path)
    assert questions == read(tmp_path, stated=indented)
    assert [q.name for q in questions] == ["things-of-a-size", "all"]
    [size] = questions[0].parameters
    assert (size.default, size.type, size.choices) == ("3", "int", ("3", "4"))
    assert questions[0].expect == ([1], {"id": 2})
    assert questions[1].expect is None


def test_no_questions_are_no_mistake(tmp_path: Path) -> None:
    assert read(tmp_path, stated="") == ()
    assert read(tmp_path, file="# none yet\n") == ()


def test_questions_survive_the_way_through_json(tmp_path: Path) -> None:
    questions = read(tmp_path)
    assert from_data(json.loads(json.dumps(to_data(questions)))) == questions


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: all", "name: All", "questions.yaml:9: `[1].name`"),
        ("name: all", "name: things-of-a-size", "questions.yaml:9: two questions are named things-of-a-size"),
        ("  question: Which things are there?\n", "", "questions.yaml:9: `[1].question` is missing"),
        ("expect:", "expects:", "questions.yaml:8: unknown key `[0].expects`"),
        ("expect: [[1], {id: 2}]", "expect: [1]", "questions.yaml:8: `[0].expect[0]"),
        ("default: 3", "default: three", "questions.yaml:7: question things-of-a-size: the default of size: 'three' is none of"),
        ("default: 3, type: int, description: in millimetres, choices: [3, 4]", "default: three, type: int",
         "questions.yaml:7: question things-of-a-size: the default of size: 'three' is not a whole number"),
        ("type: int", "type: integer", "questions.yaml:7: `[0].parameters.size.type`"),
        ("    size:", "    length:", "questions.yaml:3: question things-of-a-size: $size is not declared"),
        ("    size:", "    length:", "questions.yaml:7: question things-of-a-size: the query does not use $length"),
        ("cypher: MATCH (t:Thing) RETURN t", "cypher: LOAD  CSV FROM 'file:///etc/passwd' AS l RETURN l",
         "questions.yaml:11: question all: a question reads the graph, not files or addresses: LOAD  CSV"),
        ("cypher: MATCH (t:Thing) RETURN t", "cypher: call apoc.load.json('file:///x') YIELD value RETURN value",
         "questions.yaml:11: question all: a question reads the graph, not files or addresses: apoc.load"),
        ("choices: [3, 4]", "choices: 'LOAD CSV FROM \"http://x\" AS l RETURN l'",
         "questions.yaml:7: question things-of-a-size: a question reads the graph"),
        ("- name: all", "- name: 'all", "questions.yaml:9: not YAML"),
        ("name: all", "name: all\n  name: all", "questions.yaml:10: `name` stands twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_file_and_line(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in FILE
    found = problems(tmp_path, FILE.replace(old, new))
    assert any(line.startswith(expected) for line in found), found


def test_a_mistake_in_the_manifests_own_list_has_the_manifests_line(tmp_path: Path) -> None:
    stated = "questions:\n  - {name: a, question: What then, cypher: RETURN 1, colour: red}\n"
    assert problems(tmp_path, stated=stated) == ["kgshare.yaml:10: unknown key `questions[0].colour`"]


def test_a_file_that_is_not_there_is_said_with_the_other_mistakes(tmp_path: Path) -> None:
    assert problems(tmp_path, stated="questions: nowhere.yaml\nopen: x\n") == [
        "kgshare.yaml:10: `open`: String should match pattern '^/[^\\s]*$'",
        "kgshare.yaml:9: there is no nowhere.yaml",
    ]
    assert problems(tmp_path, stated="questions: ../x.yaml\n")[0].startswith(
        "kgshare.yaml:9: `questions`: a path"
    )


def test_the_schema_of_a_file_takes_what_is_right_and_refuses_what_is_not() -> None:
    schema = json.loads(questions_schema())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    validator.validate(yaml.safe_load(FILE))
    for wrong in (FILE.replace("name: all", "name: All"), FILE.replace("expect:", "expects:")):
        assert not validator.is_valid(yaml.safe_load(wrong))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", " 88 ", " 88 "),
        ("int", "-3", -3),
        ("float", "1e3", 1000.0),
        ("boolean", "TRUE", True),
        ("date", "2013-04-21", date(2013, 4, 21)),
        ("datetime", "2013-04-21T10:00:00Z", datetime(2013, 4, 21, 10, tzinfo=UTC)),
        ("localdatetime", "2013-04-21T10:00:00", datetime(2013, 4, 21, 10)),
        ("int[]", "1, 2,3", [1, 2, 3]),
        ("string[]", "", []),
    ],
)
def test_a_parameter_is_read_as_its_type(kind: str, text: str, value: Any) -> None:
    found = convert(Parameter(name="p", type=kind, default=""), text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "1.5"), ("int", ""), ("int", "1_000"), ("int", str(2**63)), ("float", "nan"), ("float", "inf"),
        ("float", "1,5"), ("boolean", "yes"), ("date", "21.4.2013"), ("datetime", "2013-04-21T10:00:00"),
        ("localdatetime", "2013-04-21T10:00:00Z"), ("int[]", "1,,2"), ("string", "a\0b"),
    ],
)  # fmt: skip
def test_what_is_not_of_a_parameters_type_is_refused_by_its_name(kind: str, text: str) -> None:
    with pytest.raises(BadValue, match=r"^p: ") as caught:
        convert(Parameter(name="p", type=kind, default=""), text)
    assert repr(text) in str(caught.value)


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_every_integer_of_neo4j_comes_through(value: int) -> None:
    assert convert(Parameter(name="p", type="int", default=""), str(value)) == value


def test_all_that_is_wrong_with_what_was_given_is_said_at_once(tmp_path: Path) -> None:
    question = read(tmp_path)[0]
    assert values_of(question, {}) == {"size": 3}
    assert values_of(question, {"size": "4"}) == {"size": 4}
    with pytest.raises(BadValue) as caught:
        values_of(question, {"size": "5", "colour": "red"})
    assert caught.value.problems == (
        "things-of-a-size has no parameter 'colour' (it has: size)",
        "size: '5' is none of 3, 4",
    )


def asked(expect: list[Any] | None, *rows: tuple[Any, ...], more: bool = False) -> list[str]:
    question = Question(name="q", question="?", cypher="", expect=None if expect is None else tuple(expect))
    answer = Answer(columns=("id", "size"), rows=rows, more=more)
    return [str(difference) for difference in differences(question, answer)]


def test_an_expected_answer_is_no_difference() -> None:
    assert asked([[1, 2.5], {"size": "2013-04-21"}], (1, 2.5), (7, date(2013, 4, 21))) == []
    assert asked(None, (1, 2)) == []
    assert asked([]) == []


def test_a_question_without_expectation_must_answer_something() -> None:
    assert asked(None) == ["no rows; where that is the answer, say `expect: []`"]


def test_a_difference_names_row_column_and_both_values() -> None:
    assert asked([[1, "a"], [2, "b"]], (1, "a"), (2, "c")) == ['row 2: size is "c", not "b"']
    assert asked([[True, 1]], (1, 1)) == ["row 1: id is 1, not true"]
    assert asked([{"colour": 1}], (1, 1)) == ["row 1: there is no column colour (there are: id, size)"]
    assert asked([[1]], (1, 1)) == ["row 1: expected 1 values, got 2 (id, size)"]


def test_missing_and_surplus_rows_are_counted_and_shown() -> None:
    assert asked([[1, 1]], (1, 1), (2, 2)) == ["expected 1 rows, got 2; the first that is too many: [2, 2]"]
    assert asked([[1, 1]]) == ["expected 1 rows, got 0"]
    assert asked([[1, 1]], (1, 1), (2, 2), more=True)[0].startswith("expected 1 rows, got 2 or more")


def test_the_right_rows_in_another_order_are_told_from_wrong_ones() -> None:
    assert asked([[1, 1], [2, 2]], (2, 2), (1, 1)) == [
        "the expected rows in another order: end the query with ORDER BY"
    ]
