"""A private apt: its own lists, status and sources for one suite and architecture, asked but never installing.

The machine's apt configuration (proxies, credentials, certificates) is read as always; only places and the suite are
ours. Where the machine is not Debian the same words run in a Debian container.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from kgshare.doors.process import CommandFailed, Completed, run, which
from kgshare.errors import LockError
from kgshare.lock.model import Arch
from kgshare.lock.sources import Source, for_suite, parse_deb822, parse_one_line, stanzas

# Wanted by packages of a base but of no use in one that nothing is ever installed into: maintainer scripts' tools.
# apt is told that they are there already. Kept in step with docs/reference/lock.md.
LEFT_OUT: dict[str, tuple[str, ...]] = {
    "debconf": ("debconf-2.0",), "dpkg": (), "install-info": (), "mawk": ("awk",), "perl-base": (), "tar": (),
}  # fmt: skip
CONTAINER = "debian:trixie-slim"
_INSTALL = re.compile(
    r"^Inst (?P<name>\S+) (?:\[[^]]*\] )?\((?P<version>\S+) (?P<releases>.*) \[(?P<arch>\w+)\]\)"
)


class Runner(Protocol):
    """Where apt runs: here, or in a Debian container that sees the same folder."""

    def argv(self, words: Sequence[str], root: Path, cwd: str) -> list[str]:
        """The command line that runs ``words`` with ``root`` at hand, in the folder ``cwd`` (as seen inside)."""
        ...

    def inside(self, root: Path) -> str:
        """The path that ``root`` has where apt runs."""
        ...

    def sources(self) -> list[Source]:
        """The sources that apt has there."""
        ...


@dataclass(frozen=True)
class Here:
    """This machine is a Debian; ``etc`` is its apt configuration."""

    etc: Path = Path("/etc/apt")

    def argv(self, words: Sequence[str], root: Path, cwd: str) -> list[str]:
        """The words as they are."""
        return [*words]

    def inside(self, root: Path) -> str:
        """The path itself."""
        return str(root)

    def sources(self) -> list[Source]:
        """What sources.list and sources.list.d say."""
        files = [self.etc / "sources.list", *sorted((self.etc / "sources.list.d").glob("*"))]
        found: list[Source] = []
        for file in files:
            if file.is_file() and file.suffix == ".sources":
                found += parse_deb822(file.read_text(encoding="utf-8"))
            elif file.is_file() and file.suffix == ".list":
                found += parse_one_line(file.read_text(encoding="utf-8"))
        return found


@dataclass(frozen=True)
class InContainer:
    """Another Linux, macOS or Windows: Debian's image runs apt; the folder is mounted, files keep their user."""

    user: str = ""
    image: str = CONTAINER

    def argv(self, words: Sequence[str], root: Path, cwd: str) -> list[str]:
        """``docker run`` around the words."""
        user = ["--user", self.user] if self.user else []
        mount = f"type=bind,source={root},target={self.inside(root)}"
        return ["docker", "run", "--rm", *user, "--mount", mount, "--workdir", cwd, "--env", "LC_ALL=C",
                self.image, *words]  # fmt: skip

    def inside(self, root: Path) -> str:
        """Always the same place."""
        return "/kgshare"

    def sources(self) -> list[Source]:
        """What the image's own sources say."""
        words = ["cat", "/etc/apt/sources.list.d/debian.sources"]
        done = run(["docker", "run", "--rm", self.image, *words])
        return list(parse_deb822(done.stdout))


def runner_of_this_machine() -> Runner:
    """Apt itself where it is and has a Debian source, a container elsewhere.

    Raises:
        LockError: neither apt nor docker is there.
    """
    if which("apt-get") and for_suite(Here().sources(), "trixie"):
        return Here()
    if which("docker"):
        user = f"{os.getuid()}:{os.getgid()}" if hasattr(os, "getuid") else ""
        return InContainer(user=user)
    raise LockError(
        "Debian packages are found with apt, and neither apt nor docker is here",
        hint="install Docker: apt then runs in a Debian container",
    )


def configuration(root: str, arch: Arch) -> str:
    """The apt.conf (apt.conf(5)) that moves every place of apt into ``root``; read after the machine's own."""
    places = {
        "Dir::State": f"{root}/state", "Dir::State::status": f"{root}/status", "Dir::Cache": f"{root}/cache",
        "Dir::Etc::sourcelist": f"{root}/suite.sources", "Dir::Etc::sourceparts": f"{root}/empty",
        "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": f"{root}/empty",
        "APT::Architecture": arch, "APT::Install-Recommends": "false", "APT::Install-Suggests": "false",
        "APT::Update::Error-Mode": "any", "APT::Sandbox::User": "root", "Acquire::Languages": "none",
        "Acquire::Retries": "2", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    }  # fmt: skip
    # The machine's hooks (desktop caches, cleaning of /var/cache) have no business here.
    hooks = "#clear APT::Architectures;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
    hooks += "#clear APT::Default-Release;\n"
    return hooks + "".join(f'{key} "{value}";\n' for key, value in places.items())


def status() -> str:
    """The dpkg status that says the left-out packages are there."""
    return "\n".join(
        f"Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: admin\n"
        "Maintainer: kgshare <kgshare@localhost>\nArchitecture: all\nMulti-Arch: foreign\nVersion: 9999:0\n"
        + (f"Provides: {', '.join(provides)}\n" if provides else "")
        + "Description: left out of kgshare's bases\n"
        for name, provides in LEFT_OUT.items()
    )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What apt would install: a package, its version, and the suite that has it."""

    name: str
    version: str
    suite: str
    architecture: str


def choices(simulated: str, suite: str) -> list[Choice]:
    """The ``Inst`` lines of ``apt-get install --simulate``, sorted by name.

    A package that several suites have is counted to the plainest: the suite itself, then updates, then security.
    """
    found: list[Choice] = []
    for match in filter(None, map(_INSTALL.match, simulated.splitlines())):
        names = [release.strip().rpartition("/")[2] for release in match["releases"].split(",")]
        ends = {next((c for c in ("-security", "-updates") if name.endswith(c)), "") for name in names}
        companion = next(c for c in ("", "-updates", "-security") if c in ends)
        found.append(
            Choice(
                name=match["name"].partition(":")[0], version=match["version"], suite=suite + companion,
                architecture=match["arch"],
            )
        )  # fmt: skip
    return sorted(found, key=lambda choice: choice.name)


@dataclass(frozen=True)
class Apt:
    """A private apt root under ``root``, for one suite and architecture."""

    root: Path
    suite: str
    arch: Arch
    runner: Runner

    def prepare(self) -> None:
        """Write sources, configuration and status.

        Raises:
            LockError: the machine's apt has no Debian source to derive the suite's from.
        """
        sources = for_suite(self.runner.sources(), self.suite)
        if not sources:
            raise LockError(
                "apt's sources on this machine name no Debian suite",
                hint="add a Debian source to apt, or remove apt-get from PATH so that a Debian container is used",
            )
        for folder in ("state/lists/partial", "cache/archives/partial", "empty", "download"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "suite.sources").write_text(sources, encoding="utf-8")
        (self.root / "apt.conf").write_text(
            configuration(self.runner.inside(self.root), self.arch), encoding="utf-8"
        )
        (self.root / "status").write_text(status(), encoding="utf-8")

    def call(self, program: str, *words: str, folder: str = "") -> Completed:
        """Run ``apt-get`` or ``apt-cache`` on this root; ``folder`` inside it is where it runs."""
        inside = self.runner.inside(self.root)
        cwd = str(PurePosixPath(inside) / folder) if folder else inside
        argv = self.runner.argv([program, "-c", f"{inside}/apt.conf", *words], self.root, cwd)
        return run(argv, cwd=self.root / folder, env={"LC_ALL": "C"})

    def update(self) -> None:
        """Fetch the suite's package lists; apt checks their signatures.

        Raises:
            LockError: the mirror does not answer, or what it says is not signed as it must be.
        """
        try:
            self.call("apt-get", "update", "-q")
        except CommandFailed as error:
            raise LockError(
                f"the package lists of Debian {self.suite} could not be fetched: {reasons(error.output)}",
                hint="is the network up, and does `apt-get update` work on this machine?",
            ) from None

    def simulate(self, names: Iterable[str]) -> list[Choice]:
        """What would be installed for these packages (``name`` or ``name=version``), with all they depend on.

        Raises:
            LockError: there is no such package or version, or what it depends on is not to be had.
        """
        words = ["install", "--simulate", "--no-install-recommends", "-q", "--allow-downgrades"]
        try:
            return choices(self.call("apt-get", *words, *names).stdout, self.suite)
        except CommandFailed as error:
            gone = "Unable to locate package" in error.output or "no installation candidate" in error.output
            raise LockError(
                f"apt finds no way to install for {self.suite} {self.arch}: {reasons(error.output)}",
                hint=f"Debian's archive, or the mirror, does not have it for {self.arch}: does `apt-get update` "
                f"with another mirror? where others are built for, leave linux/{self.arch} out (`--platform`)"
                if gone
                else "",
            ) from None

    def show(self, names: Sequence[str]) -> list[dict[str, str]]:
        """The records (``Packages`` stanzas) of packages, ``name`` for all their versions or ``name=version``."""
        return list(stanzas(self.call("apt-cache", "show", "--all-versions", *names).stdout)) if names else []

    def download(self, names: Sequence[str]) -> list[Path]:
        """Fetch ``name=version`` packages into this root's ``download`` folder and return what lies there."""
        self.call("apt-get", "download", "-q", *names, folder="download")
        return sorted((self.root / "download").glob("*.deb"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold this root: another kgshare waits (apt's own lock fails at once)."""
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            import fcntl
        except ImportError:  # Windows: apt runs in a container there, and its own lock must do
            yield
            return
        with (self.root / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def reasons(output: str) -> str:
    """The lines in which apt gives its reasons (``E:`` and what it could not satisfy), on one line."""
    lines = [line.strip() for line in output.splitlines()]
    told = [line for line in lines if line.startswith(("E:", "Err:")) or "Depends:" in line]
    return "; ".join(dict.fromkeys(told)) or output.strip()[-300:]
