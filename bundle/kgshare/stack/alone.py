"""One kgshare at a time changes a stack: a lock on a file of its own, outside the folder that ``down`` removes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from kgshare.errors import StackError
from kgshare.places import state_dir
from kgshare.progress import Progress
from kgshare.stack.state import cannot_write, require_name
from kgshare.turn import wait_for

LOCKS = "locks"


@contextmanager
def alone(stack: str, progress: Progress, *, needed: bool = True) -> Iterator[None]:
    """Wait until no other kgshare changes the stack, and keep others from it meanwhile.

    The lock goes with the process that holds it; the empty file stays, as removing it would let two hold it.

    Args:
        stack: its name.
        progress: says once that there is another.
        needed: without, go on where no lock can be kept: a full disk keeps nobody from clearing up.

    Raises:
        StackError: the state folder cannot be written.
    """
    try:
        stream = _open(stack)
    except StackError:
        if needed:
            raise
        yield
        return
    with stream:
        wait_for(
            stream,
            lambda: progress.say(f"another kgshare is at work on this stack ({stack}): waiting for it"),
        )
        yield


def _open(stack: str) -> IO[bytes]:
    file = state_dir() / LOCKS / f"{require_name(stack)}.lock"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("ab")
    except OSError as error:
        raise cannot_write(stack, error) from None
