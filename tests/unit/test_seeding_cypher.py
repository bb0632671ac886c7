"""Splitting Cypher scripts into statements."""

from __future__ import annotations

import pytest

from kgshare.seeding.cypher import BadScript, split_statements

SCRIPT = """// a comment; with a semicolon
CREATE (:A {s: "x; \\"y;\\""});   /* and; another */ CREATE (:B
  {t: 'it\\'s; fine'});
;;
MATCH (`odd``;name`:A) // here; too
SET `odd``;name`.p = 1 / 2
"""


def test_semicolons_in_strings_names_and_comments_do_not_end_a_statement() -> None:
    assert [(s.line, s.text) for s in split_statements(SCRIPT)] == [
        (2, 'CREATE (:A {s: "x; \\"y;\\""})'),
        (2, "CREATE (:B\n  {t: 'it\\'s; fine'})"),
        (5, "MATCH (`odd``;name`:A) // here; too\nSET `odd``;name`.p = 1 / 2"),
    ]


@pytest.mark.parametrize("script", ["", "  \n", "// only a comment", ";;\n;", "/* ; */"])
def test_a_script_without_statements_is_empty(script: str) -> None:
    assert split_statements(script) == []


@pytest.mark.parametrize(
    ("script", "line", "message"),
    [
        ("RETURN 1;\nRETURN 'a;\n", 2, "a string is not closed"),
        ("RETURN 1;\n\nRETURN `a", 3, "a name in backticks is not closed"),
        ("RETURN 1 /* never\nends", 1, "a comment is not closed"),
        ("RETURN 1;\n:param x => 1;\n", 2, ":param is a command of Neo4j's clients"),
        ("// first\n:begin\nRETURN 1;", 2, ":begin is a command of Neo4j's clients"),
    ],
)
def test_what_cannot_be_split_is_reported_with_its_line(script: str, line: int, message: str) -> None:
    with pytest.raises(BadScript, match=message) as caught:
        split_statements(script)
    assert caught.value.line == line


def test_a_label_after_a_line_break_is_not_taken_for_a_command() -> None:
    assert len(split_statements("MATCH (n\n:Label) RETURN n;")) == 1


def test_windows_line_ends_count_as_one_line() -> None:
    assert [s.line for s in split_statements("RETURN 1;\r\nRETURN 2;\r\n")] == [1, 2]
