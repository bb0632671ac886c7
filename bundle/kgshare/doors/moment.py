"""Reading a database as of one moment: Neo4j is read-committed and has no snapshots, so it is looked at before and after."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from kgshare.errors import Problem, StackError

TRIES = 3
# A transaction is closed a moment after its data can be seen; so long its number may lag behind.
SETTLE = 0.2
T = TypeVar("T")


class Committed(Protocol):
    """A connection that says what was committed last (`kgshare.doors.wire.Wire`, `kgshare.doors.bolt.Reading`)."""

    def committed(self) -> str:
        """A text that is the same twice if nothing was committed in between."""
        ...


def of_one_moment(
    source: Committed, read: Callable[[], T], *, say: Callable[[str], None], where: str, hint: str
) -> T:
    """Read, and once more where something was committed meanwhile.

    Args:
        source: the database that is read.
        read: reads; what it made of an attempt that is repeated is thrown away.
        say: is told when it is done again.
        where: the database, for the error message.
        hint: what to do where it cannot be had.

    Raises:
        StackError: something was committed during each of the attempts.
    """
    for attempt in range(1, TRIES + 1):
        before = source.committed()
        found = read()
        time.sleep(SETTLE)
        if source.committed() == before:
            return found
        if attempt < TRIES:
            say("something was written to the database meanwhile: once more")
    message = f"something was written to the database during each of {TRIES} attempts to read it, so what was read is of no one moment"
    raise StackError(Problem(message=message, where=where, hint=hint))
