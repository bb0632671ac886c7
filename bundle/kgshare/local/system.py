"""What the system says of processes: from Linux's ``/proc`` (proc(5)), elsewhere through psutil.

``/proc`` where there is one, as it tells a process's start in ticks since boot, which setting the clock does not change, and its session.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

PROC = Path("/proc")
LISTEN = "0A"


class System(Protocol):
    """What is asked of a system. A session is what a process that was spawned leads: itself and what it started."""

    def start(self, pid: int) -> int | None:
        """When the process of this number started; None where none runs, or only its exit code is left."""
        ...

    def boot(self) -> str:
        """Which boot of the machine a start counts from; empty where it is a time."""
        ...

    def session(self, leader: int) -> tuple[int, ...]:
        """The processes of a session."""
        ...

    def listening(self, leader: int) -> tuple[tuple[int, bool], ...]:
        """The TCP ports that a session listens on, each with whether on loopback only."""
        ...

    def signal(self, leader: int, *, hard: bool) -> None:
        """Ask a session to stop, or force it."""
        ...


class Linux:
    """From ``/proc``."""

    def start(self, pid: int) -> int | None:
        """In clock ticks since boot."""
        fields = _stat(pid)
        return None if fields is None or fields[0] in {"Z", "X"} else int(fields[19])

    def boot(self) -> str:
        """The kernel's own name of it."""
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()

    def session(self, leader: int) -> tuple[int, ...]:
        """Also those whose parent has ended."""
        found = []
        for entry in PROC.iterdir():
            if entry.name.isdigit() and (fields := _stat(int(entry.name))) and int(fields[3]) == leader:
                found.append(int(entry.name))
        return tuple(found)

    def listening(self, leader: int) -> tuple[tuple[int, bool], ...]:
        """The sockets of the leader's network that one of its session has open."""
        listened = dict(_listeners(leader))
        found: set[tuple[int, bool]] = set()
        for pid in self.session(leader) if listened else ():
            try:
                links = [str(fd.readlink()) for fd in (PROC / str(pid) / "fd").iterdir()]
            except OSError:  # it ended meanwhile
                continue
            found |= {listened[link] for link in links if link in listened}
        return tuple(sorted(found))

    def signal(self, leader: int, *, hard: bool) -> None:
        """To the process group, which is the session's."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL if hard else signal.SIGTERM)


class Elsewhere:
    """Through psutil: macOS, Windows."""

    def start(self, pid: int) -> int | None:
        """In hundredths of a second since 1970."""
        import psutil

        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return round(process.create_time() * 100)
        except psutil.Error:
            return None

    def boot(self) -> str:
        """A start is a time here."""
        return ""

    def session(self, leader: int) -> tuple[int, ...]:
        """As on Linux; on Windows, which has none, the leader and its descendants."""
        import psutil

        if sys.platform != "win32":
            return tuple(pid for pid in psutil.pids() if _session_of(pid) == leader)
        try:
            process = psutil.Process(leader)
            return (leader, *(child.pid for child in process.children(recursive=True)))
        except psutil.Error:
            return ()

    def listening(self, leader: int) -> tuple[tuple[int, bool], ...]:
        """As each process of the session says."""
        import psutil

        found: set[tuple[int, bool]] = set()
        for pid in self.session(leader):
            with contextlib.suppress(psutil.Error):
                for each in psutil.Process(pid).net_connections(kind="tcp"):
                    if each.status == psutil.CONN_LISTEN:
                        address = each.laddr.ip.removeprefix("::ffff:")
                        found.add((each.laddr.port, address == "::1" or address.startswith("127.")))
        return tuple(sorted(found))

    def signal(self, leader: int, *, hard: bool) -> None:
        """As on Linux; Windows ends a process that is asked to stop, so there is no difference there."""
        import psutil

        if sys.platform != "win32":
            return Linux().signal(leader, hard=hard)
        for pid in self.session(leader):
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()
        return None


def _listeners(pid: int) -> Iterator[tuple[str, tuple[int, bool]]]:
    for name in ("tcp", "tcp6"):
        try:
            rows = (PROC / str(pid) / "net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == LISTEN:
                yield f"socket:[{fields[9]}]", (int(port, 16), _is_loopback(address))


def _is_loopback(address: str) -> bool:
    """An address as the kernel prints it: words of four bytes, each in this machine's (little-endian) order."""
    raw = b"".join(bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8))
    if len(raw) == 16 and raw.startswith(bytes(10) + b"\xff\xff"):
        raw = raw[12:]
    return raw[0] == 127 if len(raw) == 4 else raw == bytes(15) + b"\x01"


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _stat(pid: int) -> list[str] | None:
    """The fields of ``/proc/PID/stat`` after the name, which may hold anything: state, ppid, pgrp, session, etc."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


SYSTEM: System = Linux() if sys.platform == "linux" else Elsewhere()
