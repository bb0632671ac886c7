"""``kgshare outdated``: the lock against the newest there is, ecosystem by ecosystem, through their ordinary clients.

Nothing is written and nothing is downloaded but lists and metadata. An ecosystem that is out of reach is said, and is not
taken for one that is at its newest.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, NoReturn

from kgshare.doors.process import CommandFailed, CommandMissing
from kgshare.errors import KgshareError, LockError
from kgshare.lock import maven, npm, registry, wheels
from kgshare.lock.debian import apt_root, resolve_debian
from kgshare.lock.diff import diff
from kgshare.lock.file import read_lock
from kgshare.lock.model import Arch, Lock, Wheel, WheelSet
from kgshare.lock.needs import Needs, needs_of
from kgshare.places import cache_dir
from kgshare.progress import Progress
from kgshare.project import Manifest, Project

UPDATE, MANIFEST_SAYS, OURS = "kgshare lock --update", "kgshare.yaml", "a newer kgshare"
NEO4J = ("org.neo4j", "neo4j")  # its other jars are of the same version


@dataclass(frozen=True, kw_only=True)
class Behind:
    """One input that is not at its newest.

    Attributes:
        name: without its version.
        locked: the version in the lock.
        newest: that it could have: of Maven's artifacts of the same line.
        beyond: the newest of all, where that is of another line.
        security: whether it is a security update of Debian's.
        parts: the sets of the lock that it is in.
        by: what brings it: ``kgshare lock --update``, an edit of ``kgshare.yaml``, or a newer kgshare.
    """

    name: str
    locked: str
    newest: str
    beyond: str = ""
    security: bool = False
    parts: tuple[str, ...]
    by: str = UPDATE

    def text(self) -> str:
        """One line."""
        beyond = f" (there is {self.beyond})" if self.beyond else ""
        newest = f" → {self.newest}" if self.newest else ""
        security = "  security" if self.security else ""
        return f"{self.name} {self.locked}{newest}{beyond}{security}  {', '.join(self.parts)}"


@dataclass(frozen=True, kw_only=True)
class Ecosystem:
    """One client's answer.

    Attributes:
        name: for people.
        asked: how many inputs were compared.
        problem: why nothing is known; empty where it answered.
        behind: what is not at its newest.
    """

    name: str
    asked: int
    problem: str = ""
    behind: tuple[Behind, ...] = ()

    def text(self) -> str:
        """A headline, then one line for each that is behind."""
        if self.problem:
            return f"{self.name}: not known: {self.problem}"
        if not self.behind:
            return f"{self.name}: all {self.asked} at the newest"
        secure = sum(row.security for row in self.behind)
        said = f", {secure} of them by a security update" if secure else ""
        rows = [f"  {row.text()}" for row in self.behind]
        return "\n".join([f"{self.name}: {len(self.behind)} of {self.asked} behind{said}", *rows])


@dataclass(frozen=True, kw_only=True)
class OutdatedReport:
    """How far a lock is behind.

    Attributes:
        locked: the day the lock was made, as text.
        current: whether every ecosystem answered, and nothing is behind.
        ecosystems: those that the lock has something of.
    """

    schema: ClassVar[str] = "outdated"
    locked: str
    current: bool
    ecosystems: tuple[Ecosystem, ...]

    def text(self) -> str:
        """Ecosystem by ecosystem, then what to do."""
        lines = [f"locked on {self.locked}", *(ecosystem.text() for ecosystem in self.ecosystems)]
        ways = dict.fromkeys(row.by for ecosystem in self.ecosystems for row in ecosystem.behind)
        said = {
            UPDATE: "`kgshare lock --update` takes what its clients find",
            MANIFEST_SAYS: "what kgshare.yaml names by version is raised there",
            OURS: "what kgshare brings comes with a newer kgshare",
        }
        return "\n".join([*lines, *(f"→ {said[way]}" for way in ways)])


def outdated(project: Project, *, progress: Progress) -> OutdatedReport:
    """Compare a project's lock with the newest there is.

    Raises:
        LockError: there is no lock, or one of another manifest.
    """
    lock, needs, cache = read_lock(project), needs_of(project), cache_dir()
    asks = _asks(project.manifest, lock, needs, cache)
    with ThreadPoolExecutor(max_workers=len(asks)) as pool:  # they wait for different servers
        found = list(pool.map(lambda ask: answer(ask, progress), asks))
    return OutdatedReport(
        locked=f"{datetime.fromtimestamp(lock.epoch, UTC):%Y-%m-%d}",
        current=all(not ecosystem.problem and not ecosystem.behind for ecosystem in found),
        ecosystems=tuple(found),
    )


Ask = tuple[str, int, Callable[[], Iterable[Behind]]]


def _asks(manifest: Manifest, lock: Lock, needs: Needs, cache: Path) -> list[Ask]:
    """What there is to ask, with how many inputs each concerns."""
    debian = {p.name for part in lock.archs.values() for rows in part.debian.values() for p in rows}
    python = {w.name for part in lock.archs.values() for rows in part.wheels.values() for w in rows}
    coordinates = coordinates_of(manifest)
    asks: list[Ask] = [
        (f"Debian {lock.suite}", len(debian), lambda: debian_behind(lock, needs, cache)),
        ("Maven", len(coordinates), lambda: maven_behind(coordinates, cache)),
        ("Python", len(python), lambda: python_behind(lock, needs)),
        ("npm", len(lock.npm), lambda: npm_behind(manifest, lock)),
        ("base images", sum(not _by_digest(r) for r in needs.bases.values()), lambda: bases_behind(lock)),
        ("base images by digest", sum(map(_by_digest, needs.bases.values())), digests_behind),
    ]
    return [ask for ask in asks if ask[1]]


def answer(ask: Ask, progress: Progress) -> Ecosystem:
    """What one ecosystem says, or why it does not."""
    name, asked, question = ask
    try:
        with progress.stage(f"ask {name}"):
            return Ecosystem(name=name, asked=asked, behind=tuple(question()))
    except (CommandFailed, CommandMissing, KgshareError) as error:
        return Ecosystem(name=name, asked=asked, problem="; ".join(p.message for p in error.problems))


def debian_behind(lock: Lock, needs: Needs, cache: Path) -> list[Behind]:
    """By apt, which fetches the suite's lists and installs nothing."""
    archs = {
        arch: dataclasses.replace(
            part, debian=resolve_debian(apt_root(cache, lock.suite, arch), needs.debian)
        )
        for arch, part in lock.archs.items()
    }
    return _changed(lock, dataclasses.replace(lock, archs=archs))


def python_behind(lock: Lock, needs: Needs) -> list[Behind]:
    """By pip, which resolves and fetches no wheel."""

    def fresh(arch: Arch, name: WheelSet) -> tuple[Wheel, ...]:
        found = wheels.resolve_wheels(needs.wheels[name], lock.python_of(arch, name), arch)
        return tuple(Wheel(size=0, **vars(wheel)) for wheel in found)

    archs = {
        arch: dataclasses.replace(part, wheels={name: fresh(arch, name) for name in part.wheels})
        for arch, part in lock.archs.items()
    }
    return _changed(lock, dataclasses.replace(lock, archs=archs))


def _changed(lock: Lock, newest: Lock) -> list[Behind]:
    """What differs, each input once with the sets it is in; what comes or goes with a new version is no news by itself."""
    found: dict[tuple[str, str, str], Behind] = {}
    for change in diff(lock, newest).changes:
        if not change.old or not change.new:
            continue
        key = (change.name, change.old, change.new)
        parts = (*found[key].parts, change.part) if key in found else (change.part,)
        found[key] = Behind(
            name=change.name, locked=change.old, newest=change.new, security=change.security, parts=parts
        )
    return [found[key] for key in sorted(found)]


def coordinates_of(manifest: Manifest) -> dict[tuple[str, str], tuple[str, str]]:
    """Group and artifact → version and the key of the manifest that names it; what they need follows from them."""
    found = {NEO4J: (manifest.neo4j.version, "neo4j.version")}
    for key, stated in (
        ("neo4j.plugins", manifest.neo4j.plugins),
        ("application.jars", manifest.application.jars),
    ):
        for coordinate in stated:
            group, artifact, version = coordinate.split(":")
            found[group, artifact] = (version, key)
    return found


def maven_behind(coordinates: dict[tuple[str, str], tuple[str, str]], cache: Path) -> Iterator[Behind]:
    """By jgo, which reads the lists of versions only."""
    context = maven.maven(cache)
    for (group, artifact), (version, key) in sorted(coordinates.items()):
        same, newest = maven.newer(version, maven.versions(context, group, artifact))
        if same or newest:
            yield Behind(
                name=f"{group}:{artifact}", locked=version, newest=same, beyond=newest if newest != same else "",
                parts=(key,), by=MANIFEST_SAYS,
            )  # fmt: skip


def npm_behind(manifest: Manifest, lock: Lock) -> Iterator[Behind]:
    """By ``npm view``."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda package: npm.newest(package.name), lock.npm))
    for package, newest in zip(lock.npm, found, strict=True):
        if newest != package.version:
            own = package.name in manifest.application.assets
            yield Behind(
                name=package.name, locked=package.version, newest=newest,
                parts=("application.assets" if own else "kgshare's page",), by=MANIFEST_SAYS if own else OURS,
            )  # fmt: skip


def _by_digest(reference: str) -> bool:
    """Whether a reference always means the same image."""
    return "@" in reference


def digests_behind() -> NoReturn:
    """Nobody can be asked: a digest means the same image for ever.

    Raises:
        LockError: always.
    """
    raise LockError("pinned by digest in kgshare.yaml, which names no tag to compare with")


def bases_behind(lock: Lock) -> Iterator[Behind]:
    """By skopeo or oras: what a reference means now."""
    for arch, rows in lock.bases.items():
        for row in (row for row in rows if row.kind == "manifest" and not _by_digest(row.reference)):
            now = hashlib.sha256(registry.manifest_now(row.reference, arch)).hexdigest()
            if now != row.sha256:
                yield Behind(
                    name=row.reference,
                    locked=row.sha256[:12],
                    newest=now[:12],
                    parts=(f"bases.{row.base} {arch}",),
                )
