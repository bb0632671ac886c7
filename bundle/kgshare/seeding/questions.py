"""Stage 4, the manifest's questions: each is asked with its defaults, and answers what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kgshare.errors import Problem, SeedError
from kgshare.questions.expected import differences
from kgshare.questions.model import MOST_ROWS, SECONDS, Question
from kgshare.questions.values import values_of
from kgshare.seeding.bolt import Database, QueryFailed, connect


def check_questions(uri: str, questions: Sequence[Question]) -> None:
    """Ask every question in a session that cannot write.

    Raises:
        SeedError: each question whose query fails or does not return what is expected; without an expectation, one
            that returns nothing.
    """
    if not questions:
        return
    with connect(uri, read_only=True) as db:
        problems = [problem for question in questions for problem in _problems(db, question)]
    if problems:
        raise SeedError(*problems)


def _problems(db: Database, question: Question) -> Iterator[Problem]:
    where = f"question {question.name}"
    try:
        rows = max(MOST_ROWS, len(question.expect or ()))
        answer = db.ask(question.cypher, values_of(question, {}), rows=rows, seconds=SECONDS)
    except QueryFailed as error:
        hint = "a question may only read" if error.code.endswith("AccessMode") else ""
        yield Problem(message=f"its query failed: {error.message}", where=where, hint=hint)
        return
    for difference in differences(question, answer):
        yield Problem(message=str(difference), where=where)
    for parameter in question.parameters:
        if parameter.choices_cypher:
            try:
                db.ask(parameter.choices_cypher, {}, rows=1, seconds=SECONDS)
            except QueryFailed as error:
                yield Problem(message=f"the choices of {parameter.name}: {error.message}", where=where)
