"""One kgshare at a time: a lock on an open file, which goes with the process that holds it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import IO

PAUSE = 0.1  # seconds between two tries; unlike a blocking lock, a wait can be interrupted on every system


def wait_for(stream: IO[bytes], waits: Callable[[], None]) -> None:
    """Hold a file that is open for writing until it is closed; wait until nobody else does.

    The file stays where it is: removing it would let two hold it.

    Args:
        stream: the file.
        waits: is called once where somebody else holds it.
    """
    said = False
    while not _take(stream):
        if not said:
            waits()
            said = True
        time.sleep(PAUSE)


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
