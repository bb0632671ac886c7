"""One kgshare at a time changes a stack: a lock on a file of its own, outside the folder that ``down`` removes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from kgshare.errors import StackError
from kgshare.places import state_dir
from kgshare.progress import Progress
from kgshare.stack.state import cannot_write, require_name

LOCKS = "locks"
PAUSE = 0.1  # seconds between two tries; unlike a blocking lock, a wait can be interrupted on every system


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
        said = False
        while not _take(stream):
            if not said:
                progress.say(f"another kgshare is at work on this stack ({stack}): waiting for it")
                said = True
            time.sleep(PAUSE)
        yield


def _open(stack: str) -> IO[bytes]:
    file = state_dir() / LOCKS / f"{require_name(stack)}.lock"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("ab")
    except OSError as error:
        raise cannot_write(stack, error) from None


if sys.platform == "win32":
    import msvcrt

    def _take(stream: IO[bytes]) -> bool:
        stream.seek(0)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(stream: IO[bytes]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
