"""Where a step runs without a container engine: a folder as its root, and no network but loopback.

A script of its own (``python -I room.py ORDER``, the order being JSON) that imports nothing of kgshare; under ``unshare`` where that
is allowed. In namespaces of its own a step sees its own ``/proc`` and devices, and nothing that it started survives it.
Without them, which only root can do, the folder is its root all the same, and the network is the machine's.

Facts: unshare(1), chroot(2), mount(2), prctl(2), netdevice(7).
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path
from types import FrameType

DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
PR_SET_PDEATHSIG = 1
MS_BIND, MS_REC = 4096, 16384
PATIENCE = 20  # seconds for a step without namespaces to end what it started, before it is killed


def main(order: str) -> int:
    """Carry out an order and return the exit code of its command.

    The order: ``root`` the folder, ``command``, ``environment``, and ``apart``: whether this process is in namespaces of its own.
    """
    said = json.loads(order)
    root, apart = Path(said["root"]), bool(said["apart"])
    if apart:
        _loopback_up()
    child = os.fork()
    if child == 0:
        try:
            _enter(root, apart)
            os.execve(said["command"][0], said["command"], said["environment"])  # noqa: S606 - no shell is the point
        except OSError as error:
            print(f"{said['command'][0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)

    def stop(number: int, frame: FrameType | None) -> None:
        # The first process of a namespace takes everything in it along; elsewhere the command has to end its own children.
        os.kill(child, signal.SIGKILL if apart else signal.SIGINT)
        signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
        signal.alarm(PATIENCE)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) % 256


def _enter(root: Path, apart: bool) -> None:
    os.dup2(2, 1)  # progress, as an engine's: what a step makes are files
    _libc("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    for folder in ("proc", "dev", "tmp"):
        (root / folder).mkdir(exist_ok=True)
    (root / "etc").mkdir(exist_ok=True)
    # Java's loggers count a machine that cannot resolve its own name as an error; an engine mounts such a file.
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost {os.uname().nodename}\n::1 localhost\n")
    if apart:
        _proc(root / "proc")
    for name, number in DEVICES.items():
        _device(root / "dev" / name, number, apart)
    os.chroot(root)
    os.chdir("/")


def _proc(target: Path) -> None:
    """The step's own processes; where the kernel hides some of the machine's, those that are to be seen here."""
    try:
        _mount("proc", target, "proc", 0)
    except OSError:
        with contextlib.suppress(OSError):
            _mount("/proc", target, "", MS_BIND | MS_REC)


def _device(target: Path, number: tuple[int, int], apart: bool) -> None:
    target.unlink(missing_ok=True)
    if apart:
        target.touch()
        _mount(f"/dev/{target.name}", target, "", MS_BIND)
    else:
        os.mknod(target, 0o666 | 0o020000, os.makedev(*number))
        target.chmod(0o666)


def _loopback_up() -> None:
    with socket.socket() as any_socket:
        flags = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        up = struct.unpack("16sh14x", flags)[1] | IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", up))


def _mount(source: str, target: Path, kind: str, flags: int) -> None:
    _libc("mount", source.encode(), os.fsencode(target), kind.encode() or None, flags, None)


def _libc(name: str, *arguments: object) -> None:
    """Call a function of the C library.

    Raises:
        OSError: it says no.
    """
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
