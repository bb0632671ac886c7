"""Which ports of this machine a stack gets: the usual ones, else the next that are free."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection

from kgshare.errors import StackError

LOOPBACK = "127.0.0.1"
NEAR = 50  # how far from the usual port to look before taking any


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of loopback now."""
    with socket.socket() as probe:
        if os.name == "posix":  # elsewhere this option means that two may listen at once
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_port() -> int:
    """A port that the system says is free."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def choose(
    wanted: int,
    *,
    not_these: Collection[int] = (),
    free: Callable[[int], bool] = is_free,
    otherwise: Callable[[], int] = any_port,
) -> int:
    """The wanted port, else the next one above that is free, else any."""
    for port in range(wanted, min(wanted + NEAR, 65536)):
        if port not in not_these and free(port):
            return port
    return otherwise()


def others(page: int, bolt: int, browser: int, *, free: Callable[[int], bool] = is_free) -> dict[str, int]:
    """The same ports as far as they are free still, else others; ``browser`` is 0 where there is none."""
    page = choose(page, free=free)
    bolt = choose(bolt, not_these={page}, free=free)
    browser = browser and choose(browser, not_these={page, bolt}, free=free)
    return {"port": page, "bolt_port": bolt, "browser_port": browser}


def require(port: int, *, free: Callable[[int], bool] = is_free) -> int:
    """Take exactly this port.

    Raises:
        StackError: it is taken, or no port number.
    """
    if not 1 <= port <= 65535:
        raise StackError(f"{port} is not a port", hint="a port is a number from 1 to 65535")
    if not free(port):
        raise StackError(
            f"port {port} of this machine is taken",
            hint="name another one with --port, or leave it out and a free one is found",
        )
    return port
