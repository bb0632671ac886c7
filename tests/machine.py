"""A machine that exists only as a folder: what ./dev finds there and what it may run is a table of small files.

``./dev`` looks under DEV_SYSROOT for /etc and finds programs on PATH only; both lead here, so a test describes a fresh
Debian 12, or a Fedora, and nothing of the machine the test runs on shows through or is changed.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from kgshare.doors.process import run

TOP = Path(__file__).resolve().parent.parent
TOOLS = [
    "awk",
    "bash",
    "cat",
    "cmp",
    "dirname",
    "env",
    "grep",
    "head",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sed",
    "sleep",
    "tail",
    "tee",
    "tr",
]

ID = """case $1 in -u) echo {number} ;; -un) echo {name} ;; -nG) echo {groups} ;; esac"""

DEBIAN_12 = (
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
)
DEBIAN_13 = (
    'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nID=debian\n'
)
DEBIAN_11 = 'VERSION_ID="11"\nVERSION_CODENAME=bullseye\nID=debian\n'
FEDORA = "ID=fedora\nVERSION_ID=43\n"

SOURCES_12 = """\
Types: deb deb-src
# the nearest mirror
URIs: mirror+file:///etc/apt/mirrors/debian.list
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://packages.example.org/apt
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/example.asc
"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run of ./dev ended."""

    code: int
    stdout: str
    stderr: str


class Machine:
    """A fake machine in ``folder``; ``programs`` are the bodies of its shell scripts, by name."""

    def __init__(self, folder: Path, os_release: str, *, user: str = "root", **programs: str) -> None:
        self.root, self.bin = folder / "root", folder / "bin"
        self.bin.mkdir(parents=True)
        self.write("etc/os-release", os_release)
        self.write("etc/apt/sources.list.d/debian.sources", SOURCES_12)
        self.write("etc/apt/preferences.d/.keep", "")
        self.write("var/log/.keep", "")
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        number = 0 if user == "root" else 1000
        self.program("id", ID.format(number=number, name=user, groups=user))
        for name, body in programs.items():
            self.program(name.replace("_", "-"), body)

    def write(self, path: str, text: str) -> None:
        """A file of this machine."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def program(self, name: str, body: str) -> None:
        """A program on this machine's PATH."""
        file = self.bin / name
        file.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
        file.chmod(0o755)

    def dev(self, *words: str, typed: str | None = None, top: Path = TOP, **env: str) -> Ended:
        """Run ./dev here; ``typed`` is what a person at a terminal answers, without it there is no terminal."""
        settings = [
            f"{k}={v}" for k, v in {"PATH": str(self.bin), "DEV_SYSROOT": str(self.root), **env}.items()
        ]
        return dev(["env", "-i", *settings, str(top / "dev"), *words], typed=typed)


def dev(command: list[str], *, typed: str | None = None, cwd: Path | None = None) -> Ended:
    """Run a command that calls ./dev and return its exit code with what it printed."""
    if typed is not None:  # a pseudo-terminal; both streams come back as one
        words = " ".join(f"'{word}'" for word in command)
        done = run(["script", "-qec", f"{words}; echo exit=$?", "/dev/null"], stdin=typed, cwd=cwd)
        text, _, code = done.stdout.replace("\r", "").rpartition("exit=")
        return Ended(code=int(code), stdout="", stderr=text)
    done = run(["bash", "-c", '"$@"; echo "exit=$?"', "bash", *command], cwd=cwd)
    text, _, code = done.stdout.rpartition("exit=")
    return Ended(code=int(code), stdout=text, stderr=done.stderr)
