"""Ask a question over Bolt, read-only, with a limit on time and on rows."""

from __future__ import annotations

from collections.abc import Mapping

from kgshare.doors.bolt import Reading
from kgshare.questions.model import MOST_ROWS, SECONDS, Answer, Question
from kgshare.questions.values import values_of


def ask(
    reading: Reading,
    question: Question,
    given: Mapping[str, str] | None = None,
    *,
    rows: int = MOST_ROWS,
    seconds: float = SECONDS,
) -> Answer:
    """Ask it.

    Args:
        reading: a session of `kgshare.doors.bolt.reading`; whatever the query says, it cannot write.
        question: what is asked.
        given: parameters as they were typed; the defaults where not.
        rows: at most so many; ``more`` of the answer says whether there were others.
        seconds: how long Neo4j may take.

    Raises:
        BadValue: a parameter is not what it must be.
        StackError: Neo4j refused the query, stopped it, or went away.
    """
    return reading.ask(question.cypher, values_of(question, given or {}), rows=rows, seconds=seconds)
