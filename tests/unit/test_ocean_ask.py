"""`oceangraph ask` without a database: lists, what is typed wrongly, and an answer as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from kgshare.errors import UsageError
from oceangraph import cli
from oceangraph.ask import AnswerReport, Where, ask, listing, named, questions, rendered

ANSWER = AnswerReport(
    name="depths",
    question="How deep is it?",
    parameters={"station": "88", "days": 10},
    columns=("station", "depth", "codes"),
    rows=(("88", 5480.0, ["DOXY", "PRES"]), ("9", None, [])),
    more=False,
)


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command."""
    monkeypatch.setattr(sys, "argv", ["oceangraph", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_list_names_every_question_with_its_parameters_and_defaults() -> None:
    text = listing().text()
    for question in questions():
        assert question.name in text
        assert question.question in text
    assert "      station=88  station number (string)" in text


def test_at_least_twenty_questions_end_in_a_fixed_order() -> None:
    assert len(questions()) >= 20
    one_row = {"nearest-profile-to-station", "tracer-in-a-water-mass", "source-of-a-bottle"}
    for question in questions():
        assert "ORDER BY" in question.cypher or question.name in one_row


def test_an_answer_as_text_is_a_sentence_a_table_and_a_count() -> None:
    assert ANSWER.text().splitlines() == [
        "How deep is it?",
        "station = 88, days = 10",
        "",
        "station   depth  codes",
        "───────  ──────  ────────────────",
        '88       5480.0  ["DOXY", "PRES"]',
        "9                []",
        "",
        "2 rows",
    ]


def test_an_answer_as_csv_is_read_back_as_it_was() -> None:
    rows = list(csv.reader(io.StringIO(rendered(ANSWER, "csv"))))
    assert rows == [["station", "depth", "codes"], ["88", "5480.0", '["DOXY", "PRES"]'], ["9", "", "[]"]]


def test_an_answer_as_json_is_in_the_envelope_of_every_command() -> None:
    said = json.loads(rendered(ANSWER, "json"))
    assert said["schema"] == "kgshare.ocean-answer/v1"
    assert said["result"]["rows"] == [["88", 5480.0, ["DOXY", "PRES"]], ["9", None, []]]


def test_an_empty_answer_says_that_it_is_empty() -> None:
    empty = AnswerReport(name="n", question="Q?", parameters={}, columns=("a",), rows=(), more=False)
    assert empty.text().splitlines()[-1] == "no rows: nothing in the graph answers this"
    assert empty.csv() == "a"


def test_rows_that_were_left_out_are_spoken_of() -> None:
    some = AnswerReport(name="n", question="Q?", parameters={}, columns=("a",), rows=((1,),), more=True)
    assert some.text().endswith("1 row and more, which are left out")


def test_an_unknown_question_is_answered_with_the_nearest_names() -> None:
    with pytest.raises(UsageError) as error:
        named("nearest-profile")
    assert "nearest: nearest-profile" in error.value.problems[0].hint


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["station"], "'station' is not of the form NAME=VALUE"),
        (["station=1", "station=2"], "station is given twice"),
        (["days=soon"], "days: 'soon' is not a whole number of 64 bits"),
        (["depth=1"], "has no parameter 'depth'"),
    ],
)
def test_a_wrong_parameter_is_named_before_anything_is_asked(given: list[str], message: str) -> None:
    with pytest.raises(UsageError) as error:
        ask("nearest-profile-in-time", given, Where(bolt="bolt://127.0.0.1:1"))
    assert message in str(error.value)


def test_a_wrong_value_is_answered_with_what_the_question_takes() -> None:
    with pytest.raises(UsageError) as error:
        ask("nearest-profile-in-time", ["days=soon"], Where(bolt="bolt://127.0.0.1:1"))
    assert "station=88  station number (string)" in error.value.problems[0].hint


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ask"], 2, "which question?"),
        (["ask", "operators", "--json", "--csv"], 2, "--json and --csv exclude each other"),
        (["ask", "operator"], 2, "there is no question 'operator'"),
        (["ask", "operators", "--bolt", "bolt://127.0.0.1:1"], 10, "cannot be reached"),
        (["ask", "operators", "--bolt", "b", "--password-file", "no/such"], 2, "no/such: cannot be read"),
    ],
)
def test_a_mistake_is_a_message_and_an_exit_code(
    words: list[str],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, out, err = run(monkeypatch, capsys, *words)
    assert said in out + err
    assert "Traceback" not in err
    assert found == code


def test_the_list_is_there_without_a_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, "ask", "--list", "--json")
    assert code == 0
    assert len(json.loads(out)["result"]["questions"]) >= 20


def test_without_a_stack_it_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kgshare.errors import StackError

    def nobody(_: str | None) -> None:
        raise StackError("no stack is here", hint="`kgshare up FILE` starts one")

    monkeypatch.setattr("oceangraph.ask.reach", nobody)
    code, _, err = run(monkeypatch, capsys, "ask", "operators")
    assert code == StackError.exit_code
    assert "`kgshare up FILE` starts one" in err
