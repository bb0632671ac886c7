"""``oceangraph ask``: the project's named questions, asked of a running stack or of any database with this graph."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from kgshare.doors.bolt import reading
from kgshare.errors import Problem, UsageError
from kgshare.page.values import plain
from kgshare.project.questions import read_file
from kgshare.questions import BadValue, Question, values_of
from kgshare.questions.ask import ask as ask_over
from kgshare.report import envelope
from kgshare.stack.ports import LOOPBACK
from kgshare.stack.reach import reach

QUESTIONS = Path(__file__).with_name("questions.yaml")


@dataclass(frozen=True, kw_only=True)
class Where:
    """Which database is asked.

    Attributes:
        stack: a running stack's name; the project's own, or the only one, where None.
        bolt: ``bolt://HOST:PORT`` of another database; empty for a stack.
        user: of that database; ``password`` is called once, and only for it.
    """

    stack: str | None = None
    bolt: str = ""
    user: str = "neo4j"
    password: Callable[[], str] = lambda: ""


@dataclass(frozen=True, kw_only=True)
class QuestionList:
    """The questions that there are."""

    schema: ClassVar[str] = "ocean-questions"
    questions: tuple[Question, ...]

    def text(self) -> str:
        """Names with sentences and parameters."""
        return "\n".join(line for question in self.questions for line in _about(question))


@dataclass(frozen=True, kw_only=True)
class AnswerReport:
    """A question's answer.

    Attributes:
        name: of the question; ``question``: the sentence.
        parameters: what it was asked with.
        columns: names of the columns.
        rows: the values, as JSON can hold them; dates and times in ISO 8601.
        more: there are further rows, which were left out.
    """

    schema: ClassVar[str] = "ocean-answer"
    name: str
    question: str
    parameters: Mapping[str, Any]
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool

    def text(self) -> str:
        """The sentence, the parameters, and a table."""
        given = ", ".join(f"{name} = {_cell(value)}" for name, value in self.parameters.items())
        head = [self.question, *([given] if given else []), ""]
        if not self.rows:
            return "\n".join([*head, "no rows: nothing in the graph answers this"])
        more = " and more, which are left out" if self.more else ""
        count = f"{len(self.rows)} row{'s' if len(self.rows) != 1 else ''}{more}"
        return "\n".join([*head, *_table(self.columns, self.rows), "", count])

    def csv(self) -> str:
        """Comma-separated, the columns' names first; lists and maps as JSON."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([_cell(value) for value in row] for row in self.rows)
        return out.getvalue().rstrip("\n")


def questions() -> tuple[Question, ...]:
    """The questions, in the order of their file.

    Raises:
        ManifestError: every mistake in the file.
    """
    return read_file(QUESTIONS, QUESTIONS.name)


def listing() -> QuestionList:
    """All of them."""
    return QuestionList(questions=questions())


def ask(name: str, given: Sequence[str], where: Where) -> AnswerReport:
    """Ask a question.

    Args:
        name: of the question.
        given: parameters as ``name=value``; the defaults where not.
        where: which database.

    Raises:
        UsageError: there is no such question, or a parameter is not what it must be.
        StackError: no stack runs, the database does not answer, or it refused the query.
    """
    question = named(name)
    typed = _pairs(given)
    try:
        values = values_of(question, typed)
    except BadValue as error:
        takes = "; ".join(_parameters(question)) or "it takes none"
        raise UsageError(*(Problem(message=said, hint=takes) for said in error.problems)) from None
    uri, user, password = _reached(where)
    with reading(uri, user=user, password=password) as session:
        answer = ask_over(session, question, typed)
    return AnswerReport(
        name=question.name,
        question=question.question,
        parameters={key: plain(value) for key, value in values.items()},
        columns=answer.columns,
        rows=tuple(tuple(plain(value) for value in row) for row in answer.rows),
        more=answer.more,
    )


def named(name: str) -> Question:
    """The question of this name.

    Raises:
        UsageError: there is none; names the nearest.
    """
    there = {question.name: question for question in questions()}
    if name in there:
        return there[name]
    near = difflib.get_close_matches(name, there, n=3, cutoff=0.4)
    hint = f"nearest: {', '.join(near)}; " if near else ""
    raise UsageError(f"there is no question {name!r}", hint=f"{hint}`oceangraph ask --list` lists them")


def rendered(report: AnswerReport | QuestionList, form: str) -> str:
    """A report as ``text``, ``json`` or ``csv``; a list has no CSV."""
    if form == "json":
        return envelope(report.schema, report)
    return report.csv() if form == "csv" and isinstance(report, AnswerReport) else report.text()


def _reached(where: Where) -> tuple[str, str, str]:
    if where.bolt:
        return where.bolt, where.user, where.password()
    stack = reach(where.stack)
    return f"bolt://{LOOPBACK}:{stack.port}", "neo4j", stack.password


def _pairs(given: Sequence[str]) -> dict[str, str]:
    wrong = [pair for pair in given if "=" not in pair]
    if wrong:
        raise UsageError(*(Problem(message=f"{pair!r} is not of the form NAME=VALUE") for pair in wrong))
    pairs = [pair.partition("=") for pair in given]
    names = [name for name, _, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(*(Problem(message=f"{name} is given twice") for name in twice))
    return {name: value for name, _, value in pairs}


def _about(question: Question) -> list[str]:
    return [question.name, f"    {question.question}", *(f"      {said}" for said in _parameters(question))]


def _parameters(question: Question) -> list[str]:
    return [
        f"{p.name}={p.default}" + (f"  {p.description}" if p.description else "") + f" ({p.type})"
        for p in question.parameters
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    right = [
        all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(columns))
    ]
    lines = [
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return [lines[0], "  ".join("─" * width for width in widths), *lines[1:]]
