"""Which process is ours, and on what it listens: from Linux's ``/proc`` (proc(5)).

A process is known by its number, its start time and the machine's boot together, so that neither a number used again
nor a reboot makes somebody else's process ours. Nothing is ever looked for by name.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTEN = "0A"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One process: number, start in clock ticks since boot, and which boot."""

    pid: int
    start: int
    boot: str


def identify(pid: int) -> Identity | None:
    """The process that has this number now; None where none has, or only its exit code is left."""
    fields = _stat(pid)
    if fields is None or fields[0] in {"Z", "X"}:
        return None
    return Identity(pid=pid, start=int(fields[19]), boot=_boot())


def alive(identity: Identity | None) -> bool:
    """Whether that very process runs."""
    return identity is not None and identify(identity.pid) == identity


def end(identity: Identity | None, seconds: float) -> bool:
    """Ask that process and the others of its session to stop, wait, and at last force them; whether it ran.

    The session is the process's own (`kgshare.doors.process.spawn`), so this reaches its children and nobody else's.
    """
    if identity is None or not alive(identity):
        return False
    _signal(identity.pid, signal.SIGTERM)
    limit = time.monotonic() + seconds
    while alive(identity) and time.monotonic() < limit:
        time.sleep(0.05)
    _signal(identity.pid, signal.SIGKILL)  # what is left of its session
    limit = time.monotonic() + 5
    while alive(identity) and time.monotonic() < limit:
        time.sleep(0.05)
    return True


def session(leader: int) -> tuple[int, ...]:
    """The processes of a session."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) and int(fields[3]) == leader:
            found.append(int(entry.name))
    return tuple(found)


@dataclass(frozen=True, order=True, kw_only=True)
class Listener:
    """A TCP port that is listened on: on loopback only, or for other machines too."""

    port: int
    loopback: bool


def listeners(leader: int) -> tuple[Listener, ...]:
    """What the processes of a session listen on."""
    listened = dict(_listeners(leader))
    found: set[Listener] = set()
    for pid in session(leader) if listened else ():
        try:
            links = [str(fd.readlink()) for fd in (PROC / str(pid) / "fd").iterdir()]
        except OSError:  # it ended meanwhile
            continue
        found |= {listened[link] for link in links if link in listened}
    return tuple(sorted(found))


def listens(identity: Identity | None, port: int) -> bool:
    """Whether that very process, or one of its session, is who listens on a port: an answer may be another's."""
    return (
        identity is not None and alive(identity) and port in {each.port for each in listeners(identity.pid)}
    )


def _signal(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _listeners(pid: int) -> Iterator[tuple[str, Listener]]:
    for name in ("tcp", "tcp6"):
        try:
            rows = (PROC / str(pid) / "net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == LISTEN:
                listener = Listener(port=int(port, 16), loopback=_is_loopback(address))
                yield f"socket:[{fields[9]}]", listener


def _is_loopback(address: str) -> bool:
    """An address as the kernel prints it: words of four bytes, each in this machine's (little-endian) order."""
    raw = b"".join(bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8))
    if len(raw) == 16 and raw.startswith(bytes(10) + b"\xff\xff"):
        raw = raw[12:]
    return raw[0] == 127 if len(raw) == 4 else raw == bytes(15) + b"\x01"


def _stat(pid: int) -> list[str] | None:
    """The fields of ``/proc/PID/stat`` after the name, which may hold anything: state, ppid, pgrp, session, etc."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _boot() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()
