"""Whether the answer of a question is the expected one; one comparison for the seed stage and for reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kgshare.questions.model import Answer, Question
from kgshare.seeding.checks import same, shown


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One way in which an answer is not the expected one.

    Attributes:
        message: a sentence.
        row: the row's number from 1; 0 where it is about the whole answer.
    """

    message: str
    row: int = 0

    def __str__(self) -> str:
        return f"row {self.row}: {self.message}" if self.row else self.message


def differences(question: Question, answer: Answer) -> tuple[Difference, ...]:
    """What differs between an answer with the default parameters and the question's ``expect``; empty if nothing does."""
    if question.expect is None:
        if answer.rows:
            return ()
        return (Difference(message="no rows; where that is the answer, say `expect: []`"),)
    found = [
        Difference(message=said, row=number)
        for number, (row, wanted) in enumerate(zip(answer.rows, question.expect, strict=False), 1)
        if (said := _row(answer.columns, row, wanted))
    ]
    if len(answer.rows) != len(question.expect):
        more = " or more" if answer.more else ""
        message = f"expected {len(question.expect)} rows, got {len(answer.rows)}{more}"
        beyond = answer.rows[len(question.expect) :]
        if beyond:
            message += f"; the first that is too many: {_shown_row(beyond[0])}"
        found.insert(0, Difference(message=message))
    if found and len(answer.rows) == len(question.expect) and _in_another_order(answer, question.expect):
        return (Difference(message="the expected rows in another order: end the query with ORDER BY"),)
    return tuple(found)


def _row(columns: Sequence[str], row: Sequence[Any], wanted: Sequence[Any] | Mapping[str, Any]) -> str:
    """What is wrong with a row, or nothing."""
    if isinstance(wanted, Mapping):
        unknown = [name for name in wanted if name not in columns]
        if unknown:
            return f"there is no column {', '.join(unknown)} (there are: {', '.join(columns)})"
        pairs = [(name, row[columns.index(name)], value) for name, value in wanted.items()]
    elif len(wanted) != len(row):
        return f"expected {len(wanted)} values, got {len(row)} ({', '.join(columns)})"
    else:
        pairs = list(zip(columns, row, wanted, strict=True))
    wrong = [
        f"{name} is {shown(got)}, not {shown(value)}" for name, got, value in pairs if not same(got, value)
    ]
    return "; ".join(wrong)


def _in_another_order(answer: Answer, expect: Sequence[Sequence[Any] | Mapping[str, Any]]) -> bool:
    left = list(answer.rows)
    for wanted in expect:
        match = next((row for row in left if not _row(answer.columns, row, wanted)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _shown_row(row: Sequence[Any]) -> str:
    return "[" + ", ".join(map(shown, row)) + "]"
