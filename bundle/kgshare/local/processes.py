"""Which process is ours, and on what it listens.

A process is known by its number, its start time and the machine's boot together, so that neither a number used again
nor a reboot makes somebody else's process ours. Nothing is ever looked for by name.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from kgshare.local.system import SYSTEM, System

system: System = SYSTEM  # tests put another in its place


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One process: number, start as the system counts it, and which boot."""

    pid: int
    start: int
    boot: str


def identify(pid: int) -> Identity | None:
    """The process that has this number now; None where none has, or only its exit code is left."""
    start = system.start(pid)
    return None if start is None else Identity(pid=pid, start=start, boot=system.boot())


def alive(identity: Identity | None) -> bool:
    """Whether that very process runs."""
    return identity is not None and identify(identity.pid) == identity


def end(identity: Identity | None, seconds: float) -> bool:
    """Ask that process and the others of its session to stop, wait, and at last force them; whether it ran.

    The session is the process's own (`kgshare.doors.process.spawn`), so this reaches its children and nobody else's.
    """
    if identity is None or not alive(identity):
        return False
    system.signal(identity.pid, hard=False)
    limit = time.monotonic() + seconds
    while alive(identity) and time.monotonic() < limit:
        time.sleep(0.05)
    system.signal(identity.pid, hard=True)  # what is left of its session
    limit = time.monotonic() + 5
    while alive(identity) and time.monotonic() < limit:
        time.sleep(0.05)
    return True


@dataclass(frozen=True, order=True, kw_only=True)
class Listener:
    """A TCP port that is listened on: on loopback only, or for other machines too."""

    port: int
    loopback: bool


def listeners(leader: int) -> tuple[Listener, ...]:
    """What the processes of a session listen on."""
    return tuple(Listener(port=port, loopback=loopback) for port, loopback in system.listening(leader))


def listens(identity: Identity | None, port: int) -> bool:
    """Whether that very process, or one of its session, is who listens on a port: an answer may be another's."""
    return (
        identity is not None and alive(identity) and port in {each.port for each in listeners(identity.pid)}
    )
