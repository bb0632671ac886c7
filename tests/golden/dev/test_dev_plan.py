"""What ./dev says it would do to a machine, word for word, for machines that are tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.machine import DEBIAN_11, DEBIAN_12, DEBIAN_13, FEDORA, Machine

HERE = Path(__file__).parent
PYTHON = "exit 0"  # it is new enough and has venv
NEW_ENGINE = """case "$1 $2" in
  "version --format") echo 26.1.5+dfsg1 ;;
  "compose version") [ "$3" = --short ] && echo 2.26.1 ;;
  "buildx version") exit 0 ;;
esac"""
PRESENT = dict.fromkeys(
    (
        "git",
        "mmdebstrap",
        "iptables",
        "chromium",
        "skopeo",
        "ip",
        "oras",
        "cosign",
        "docker-registry",
        "newuidmap",
        "fakeroot",
    ),
    "exit 0",
)
FILES = (
    "etc/ssl/certs/ca-certificates.crt",
    "usr/share/keyrings/debian-archive-keyring.gpg",
    "usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
)


def furnished(folder: Path, os_release: str, *, user: str = "root", **programs: str) -> Machine:
    """A machine that has everything except what a test takes away or replaces."""
    machine = Machine(folder, os_release, user=user, **{"python3": PYTHON, **PRESENT, **programs})
    for file in FILES:
        machine.write(file, "")
    return machine


MACHINES: dict[str, Callable[[Path], Machine]] = {
    "debian-12-fresh": lambda d: Machine(d, DEBIAN_12),
    "debian-13-fresh": lambda d: Machine(d, DEBIAN_13),
    "debian-13-fresh-user-with-sudo": lambda d: Machine(d, DEBIAN_13, user="ann", sudo='[ "$1" = -n ]'),
    "debian-13-fresh-user-without-sudo": lambda d: Machine(d, DEBIAN_13, user="ann"),
    "debian-11-fresh": lambda d: Machine(d, DEBIAN_11),
    "fedora-fresh": lambda d: Machine(d, FEDORA, user="ann"),
    "debian-12-engine-of-debian-12": lambda d: furnished(
        d, DEBIAN_12, docker=NEW_ENGINE.replace("26.1.5+dfsg1", "20.10.24+dfsg1")
    ),
    "debian-12-no-compose": lambda d: furnished(
        d, DEBIAN_12, docker=NEW_ENGINE.replace("echo 2.26.1", "echo no such command >&2")
    ),
    "debian-13-daemon-not-running": lambda d: furnished(
        d,
        DEBIAN_13,
        dockerd="echo Docker version 26.1.5+dfsg1, build 411e817",
        docker=NEW_ENGINE.replace(
            "echo 26.1.5+dfsg1", "echo Cannot connect to the Docker daemon >&2; exit 1"
        ),
    ),
    "debian-13-socket-denied": lambda d: furnished(
        d,
        DEBIAN_13,
        user="ann",
        docker=NEW_ENGINE.replace("echo 26.1.5+dfsg1", "echo permission denied >&2; exit 1"),
    ),
    "debian-13-docker-ce-too-old": lambda d: furnished(
        d,
        DEBIAN_13,
        dpkg_query='[ "$4" != docker-ce ] || echo installed',
        docker=NEW_ENGINE.replace("26.1.5+dfsg1", "24.0.9"),
    ),
}


@pytest.mark.parametrize("name", MACHINES)
def test_dev_says_what_a_machine_needs_and_changes_nothing_without_consent(
    name: str, tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    machine = MACHINES[name](tmp_path)
    before = sorted(machine.root.rglob("*"))

    ended = machine.dev("setup", "--tests")

    assert ended.code == 20
    assert ended.stdout == ""
    assert sorted(machine.root.rglob("*")) == before
    golden(HERE / f"{name}.txt", ended.stderr)
