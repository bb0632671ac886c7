"""Debian's Podman as a service for tests, in a folder of its own: nothing of it is installed on this machine.

A Debian 12 has an older Podman, and the newer one would bring half of Debian 13 with it. So the packages of Debian 13 are
unpacked into a folder, which becomes the root of a mount and PID namespace; whatever runs there ends with it, and
the user that rootless Podman needs is a line in a file there. Its sockets are files that this machine sees.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from kgshare.doors.process import CommandFailed, run, spawn, which
from kgshare.lock.apt import Here
from kgshare.lock.sources import for_suite

ENTER = Path(__file__).parent / "enter.sh"
PACKAGES = (
    "podman", "crun", "conmon", "netavark", "nftables", "passt", "uidmap", "catatonit",
    "base-files", "base-passwd", "bash", "coreutils", "mount", "util-linux",
)  # fmt: skip
USER, HOME = 4711, "/home/someone"
# Docker beside a rootful Podman drops what passes within a bridge; this is the place that it leaves to others' rules.
BRIDGED = [
    "DOCKER-USER",
    "--in-interface",
    "podman+",
    "--match",
    "physdev",
    "--physdev-is-bridged",
    "--jump",
    "ACCEPT",
]


@dataclass(frozen=True, kw_only=True)
class Service:
    """A Podman that listens.

    Attributes:
        host: for DOCKER_HOST.
        proc: where this machine sees the processes of its namespace.
        rootless: as which user it runs.
    """

    host: str
    proc: Path
    rootless: bool


def missing() -> str:
    """Why Podman cannot be had here; empty where it can."""
    if os.name != "posix" or os.geteuid() or not which("mmdebstrap") or not which("nsenter"):
        return "Podman for tests needs root, mmdebstrap and util-linux"
    if not for_suite(Here().sources(), "trixie"):
        return "Podman for tests is unpacked from Debian's packages, and apt knows no Debian here"
    return ""


def unpack(folder: Path) -> Path:
    """A Debian 13 with Podman in it, never started; some 200 MB, ten seconds."""
    tree, sources = folder / "tree", folder / "trixie.sources"
    sources.write_text(for_suite(Here().sources(), "trixie"))
    run(
        ["mmdebstrap", "--quiet", "--variant=extract", "--skip=check/empty", f"--include={','.join(PACKAGES)}",
         "--dpkgopt=path-exclude=/usr/share/doc/*", '--aptopt=Acquire::Retries "3"', "trixie", tree, sources],
        env={"LC_ALL": "C"},
    )  # fmt: skip
    etc = tree / "etc"
    for name in ("passwd", "group"):
        lines = (tree / f"usr/share/base-passwd/{name}.master").read_text()
        rest = f"::{HOME}:/bin/bash" if name == "passwd" else ""
        (etc / name).write_text(f"{lines}someone:x:{USER}:{USER if name == 'passwd' else ''}{rest}\n")
        (etc / f"sub{name[0].replace('p', 'u')}id").write_text("someone:1000000:65536\n")
    for place in (HOME, f"/run/user/{USER}"):
        path = tree / place.strip("/")
        path.mkdir(parents=True)
        os.chown(path, USER, USER)
        path.chmod(0o700)
    return tree


@contextmanager
def service(tree: Path, *, rootless: bool) -> Iterator[Service]:
    """Podman's socket, from a service that ends with all its containers."""
    socket = f"/run/user/{USER}/podman.sock" if rootless else "/run/podman.sock"
    host = f"unix://{tree}{socket}"
    words = [
        "catatonit",
        "--",
        "podman",
        "--log-level=warn",
        "system",
        "service",
        "--time=0",
        f"unix://{socket}",
    ]
    if rootless:
        words = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words]
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        **({"HOME": HOME, "XDG_RUNTIME_DIR": f"/run/user/{USER}"} if rootless else {"HOME": "/root"}),
    }  # fmt: skip
    log = tree.parent / f"podman-{'rootless' if rootless else 'rootful'}.log"
    started = spawn(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "sh", ENTER, tree, *words],
        cwd=tree.parent, env=environment, log=log,
    )  # fmt: skip
    try:
        with _bridges_let_through() if not rootless else nullcontext():
            _wait(host, tree / socket.strip("/"), log)
            inner = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()[0]
            try:
                yield Service(host=host, proc=Path(f"/proc/{inner}/root/proc"), rootless=rootless)
            finally:
                _clear(host)
    finally:
        with suppress(ProcessLookupError):
            os.kill(started.pid, signal.SIGKILL)  # it ignores SIGTERM; its namespace goes with it
        while started.code() is None:
            time.sleep(0.05)


def _wait(host: str, socket: Path, log: Path) -> None:
    end = time.monotonic() + 30
    while not socket.exists():
        if time.monotonic() > end:
            pytest.fail(f"Podman does not listen:\n{log.read_text()}", pytrace=False)
        time.sleep(0.05)
    run(["docker", "version"], env={"DOCKER_HOST": host})


def _clear(host: str) -> None:
    """Whatever a failed test left, as bridges of a rootful Podman are this machine's."""
    with suppress(CommandFailed):
        for things in ("container", "network"):
            ids = run(["docker", things, "ls", "--quiet", *(["--all"] if things == "container" else [])],
                      env={"DOCKER_HOST": host}).stdout.split()  # fmt: skip
            for one in ids:
                with suppress(CommandFailed):  # the network that Podman always has
                    run(["docker", things, "rm", "--force", one], env={"DOCKER_HOST": host})


@contextmanager
def _bridges_let_through() -> Iterator[None]:
    try:
        run(["iptables", "--wait", "--insert", *BRIDGED])
    except CommandFailed:  # no Docker here
        yield
        return
    try:
        yield
    finally:
        run(["iptables", "--wait", "--delete", *BRIDGED])


def inspect(service: Service, container: str) -> dict[str, object]:
    """What the engine says of a container."""
    found = run(["docker", "inspect", container], env={"DOCKER_HOST": service.host}).stdout
    return dict(json.loads(found)[0])


def remove(tree: Path) -> None:
    """The folder again."""
    shutil.rmtree(tree, ignore_errors=True)
