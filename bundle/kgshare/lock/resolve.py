"""The lock stage: what a project needs becomes exact versions and hashes; what is locked already stays as it is."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TypeVar

from kgshare.base.image import image_packages, open_image, require_contract
from kgshare.cache import Cache, sha256_of
from kgshare.doors.process import CommandFailed
from kgshare.errors import KgshareError, LockError, Problem
from kgshare.lock import maven, npm, registry, wheels
from kgshare.lock.debian import apt_root, resolve_debian
from kgshare.lock.leftout import needed
from kgshare.lock.model import (
    Arch,
    ArchLock,
    BaseBlob,
    BasePackage,
    DebianPackage,
    DebianSet,
    Jar,
    JarSet,
    Lock,
    NpmPackage,
    Wheel,
    WheelSet,
)
from kgshare.lock.needs import JAVA, PYTHON, SUITE, Needs
from kgshare.places import cache_dir
from kgshare.progress import Progress
from kgshare.project import Project

T = TypeVar("T")
WHEEL_SETS: tuple[WheelSet, ...] = ("seed", "application")


def resolve(
    project: Project, needs: Needs, *, progress: Progress, archs: tuple[Arch, ...] = ("amd64",),
    previous: Lock | None = None, update: bool = False, cache: Cache | None = None,
) -> Lock:  # fmt: skip
    """Pin everything a project needs.

    A part (Debian, jars, npm, each set of wheels) of ``previous`` whose needs are the same is kept with every version
    in it, unless ``update``. With all parts the same nothing is asked of any network and only the manifest's checksum
    is new. Jars, wheels and npm packages are hashed by reading them, so they land in the cache at once.

    Raises:
        LockError: with one problem for each part that could not be resolved.
    """
    cache = cache or Cache(cache_dir())
    digests = needs.digests()
    old = previous if previous and not update else None
    work = _Work(
        needs=needs, cache=cache, progress=progress, same=_same_parts(old, digests), old=old, problems=[]
    )
    with ThreadPoolExecutor(max_workers=3) as pool:  # they wait for different servers
        try:
            of_jars = pool.submit(work.part, "jars", "jars", work.jars, lambda lock: lock.jars)
            of_npm = pool.submit(work.part, "npm", "npm packages", work.npm, lambda lock: lock.npm)
            of_archs = pool.submit(work.archs, archs)
            jars, packages, found = of_jars.result(), of_npm.result(), of_archs.result()
        except BaseException:
            work.stop.set()
            raise
    if work.problems:
        raise LockError(*work.problems)
    assert jars is not None
    assert packages is not None
    bases = {arch: part.bases for arch, part in found.items() if part and part.bases}
    packages_of_bases = {arch: part.packages for arch, part in found.items() if part and part.packages}
    lock = Lock(
        manifest=project.checksum, epoch=int(time.time()), suite=SUITE, python=PYTHON, java=JAVA,
        resolvers=_resolvers(needs, old), jars=jars, npm=packages,
        archs={arch: part.lock for arch, part in found.items() if part}, needs=digests, bases=bases,
        base_packages=packages_of_bases,
    )  # fmt: skip
    # Nothing new in it: then the clock of what is built from it stays, too, and the build's steps are unchanged.
    if previous and same_inputs(previous, _without_new_archs(lock, previous)):
        return dataclasses.replace(lock, epoch=previous.epoch)
    return lock


def _without_new_archs(lock: Lock, previous: Lock) -> Lock:
    """A lock without what it has for architectures that were not locked before: the images of the others are the same."""
    known = previous.archs.keys()
    return dataclasses.replace(
        lock,
        archs={arch: part for arch, part in lock.archs.items() if arch in known},
        bases={arch: rows for arch, rows in lock.bases.items() if arch in known},
        base_packages={arch: rows for arch, rows in lock.base_packages.items() if arch in known},
    )


def same_inputs(one: Lock, other: Lock) -> bool:
    """Whether two locks name the same inputs, whatever manifest, time and resolver they come from."""
    return (one.jars, one.npm, one.archs, one.suite, one.bases, one.base_packages) == (
        other.jars, other.npm, other.archs, other.suite, other.bases, other.base_packages
    )  # fmt: skip


def _same_parts(old: Lock | None, digests: dict[str, str]) -> frozenset[str]:
    if old is None or (old.suite, old.python, old.java) != (SUITE, PYTHON, JAVA):
        return frozenset()
    return frozenset(part for part, digest in digests.items() if old.needs.get(part) == digest)


def _resolvers(needs: Needs, old: Lock | None) -> dict[str, str]:
    """The clients' versions; those of a lock of which every part was kept stay."""
    if old and _same_parts(old, needs.digests()) == needs.digests().keys():
        return old.resolvers
    found = {"debian": "apt", "maven": maven.jgo_version(), "python": wheels.pip_version()}
    bases = {"bases": registry.client_version()} if needs.bases else {}
    return {**found, **bases, "npm": npm.npm_version()} if needs.npm else {**found, **bases}


@dataclass(frozen=True, kw_only=True)
class _Arch:
    """What was locked for one architecture."""

    lock: ArchLock
    bases: tuple[BaseBlob, ...]
    packages: tuple[BasePackage, ...]


@dataclass(frozen=True, kw_only=True)
class _Work:
    """One run of `resolve`: each part is asked, problems are collected and reported together."""

    needs: Needs
    cache: Cache
    progress: Progress
    same: frozenset[str]
    old: Lock | None
    problems: list[Problem]
    stop: Event = field(default_factory=Event)

    def part(self, name: str, title: str, fresh: Callable[[], T], kept: Callable[[Lock], T]) -> T | None:
        """A part from the old lock where its needs are the same, resolved otherwise; None with a problem noted."""
        if self.old and name in self.same:
            return kept(self.old)
        try:
            with self.progress.stage(f"lock {title}"):
                return fresh()
        except CommandFailed as error:
            self.problems.extend(error.problems)
        except KgshareError as error:
            self.problems.extend(error.problems)
        return None

    def jars(self) -> dict[JarSet, tuple[Jar, ...]]:
        """Neo4j's jars but those that are left out, and those of plugins that Neo4j does not bring itself."""
        context = maven.maven(self.cache.root, stop=self.stop)
        database = needed(maven.resolve_jars(context, self.needs.jars["database"]), self.needs.neo4j)
        brought = {(jar.group, jar.artifact) for jar in database}
        plugins = [
            jar
            for jar in maven.resolve_jars(context, self.needs.jars["plugins"])
            if (jar.group, jar.artifact) not in brought
        ]
        asked = self.needs.jars.get("application", ())
        application = maven.resolve_jars(context, asked) if asked else []
        wanted = [
            jar for jar in [*database, *plugins, *application] if not self.cache.remembered("maven", str(jar))
        ]
        problems = maven.fetch_jars(context, wanted, self._remember)
        if problems:
            raise LockError(*problems)
        return {
            "database": tuple(self._jar(jar) for jar in database),
            "plugins": tuple(self._jar(jar) for jar in plugins),
            **({"application": tuple(self._jar(jar) for jar in application)} if asked else {}),
        }

    def _remember(self, jar: maven.Coordinate, file: Path) -> None:
        self.cache.remember("maven", str(jar), _take(self.cache, file))

    def _jar(self, jar: maven.Coordinate) -> Jar:
        file = self.cache.remembered("maven", str(jar))
        if file is None:
            raise LockError(f"{jar} has gone from the cache while it was being locked", hint="run it again")
        return Jar(
            group=jar.group, artifact=jar.artifact, version=jar.version, classifier=jar.classifier,
            sha256=file.name, size=file.stat().st_size,
        )  # fmt: skip

    def npm(self) -> tuple[NpmPackage, ...]:
        """The page's front-end packages."""
        with tempfile.TemporaryDirectory(prefix="kgshare-") as folder:
            return tuple(
                sorted(
                    NpmPackage(
                        name=name, version=version, integrity=integrity,
                        sha256=_take(self.cache, file), size=file.stat().st_size,
                    )
                    for name, version, integrity, file in npm.pack(self.needs.npm.items(), Path(folder))
                )
            )  # fmt: skip

    def bases(self, arch: Arch) -> tuple[tuple[BaseBlob, ...], tuple[BasePackage, ...]]:
        """The blobs of the base images, held against their contract at once, and the packages they say they hold."""
        found: list[BaseBlob] = []
        packages: list[BasePackage] = []
        for role, reference in self.needs.bases.items():
            head, *rest = registry.image_blobs(role, reference, arch, self.cache)
            image = open_image([head, *rest], lambda blob: self.cache.verify(blob.sha256))
            runs = require_contract(image, role=role, arch=arch)
            packages += image_packages(image, role)
            found += [dataclasses.replace(head, version=runs.version, path=runs.path), *rest]
        return tuple(sorted(found)), tuple(sorted(packages))

    def archs(self, archs: tuple[Arch, ...]) -> dict[Arch, _Arch | None]:
        """What is locked for each architecture; one that is new takes the versions of wheels that another has."""
        order = sorted(archs, key=lambda arch: not (self.old and arch in self.old.archs))
        found: dict[Arch, _Arch | None] = {}
        for arch in order:
            like = next((one.lock for one in found.values() if one), None)
            found[arch] = self.arch(arch, like)
        return {arch: found[arch] for arch in archs}

    def arch(self, arch: Arch, like: ArchLock | None) -> _Arch | None:
        """What is locked for one architecture."""
        old = self.old.archs.get(arch) if self.old else None
        here = self if old else dataclasses.replace(self, old=None)
        debian = here.part(
            "debian",
            f"Debian {SUITE} {arch}",
            lambda: self.debian(arch),
            lambda lock: lock.archs[arch].debian,
        )
        both: tuple[tuple[BaseBlob, ...], tuple[BasePackage, ...]] | None = ((), ())
        if self.needs.bases:
            both = here.part(
                "bases", f"base images {arch}", lambda: self.bases(arch),
                lambda lock: (lock.bases[arch], lock.base_packages.get(arch, ())),
            )  # fmt: skip
        if both is None:
            return None
        bases, packages = both
        heads = {row.base: row for row in bases if row.kind == "manifest"}
        pythons = {name: row.version for name, row in heads.items() if name == "application"}
        sets: dict[WheelSet, tuple[Wheel, ...]] = {}
        for name in WHEEL_SETS:
            found = here.part(
                f"wheels.{name}", f"wheels of the {name} {arch}",
                lambda name=name: self.wheels(name, arch, pythons.get(name, PYTHON), like),  # type: ignore[misc]
                lambda lock, name=name: lock.archs[arch].wheels[name],  # type: ignore[misc]
            )  # fmt: skip
            sets[name] = found or ()
        return (
            _Arch(lock=ArchLock(debian=debian, wheels=sets), bases=bases, packages=packages)
            if debian
            else None
        )

    def debian(self, arch: Arch) -> dict[DebianSet, tuple[DebianPackage, ...]]:
        """The packages of every base."""
        return resolve_debian(apt_root(self.cache.root, SUITE, arch), self.needs.debian)

    def wheels(self, name: WheelSet, arch: Arch, python: str, like: ArchLock | None) -> tuple[Wheel, ...]:
        """One environment's wheels: resolved, fetched for their sizes, compared with the index's hashes."""
        same = like.wheels[name] if like else ()
        found = wheels.resolve_wheels(self.needs.wheels[name], python, arch, same)
        if not found:
            return ()
        with tempfile.TemporaryDirectory(prefix="kgshare-") as folder:
            missing = [wheel for wheel in found if not self.cache.path(wheel.sha256)]
            if missing:
                wheels.fetch_wheels(missing, python, arch, Path(folder))
            for file in Path(folder).glob("*.whl"):
                _take(self.cache, file)
            return tuple(
                Wheel(
                    name=wheel.name, version=wheel.version, filename=wheel.filename, sha256=wheel.sha256,
                    size=self.cache.verify(wheel.sha256).stat().st_size,
                )
                for wheel in found
            )  # fmt: skip


def _take(cache: Cache, file: Path) -> str:
    """Put a file that was just fetched into the cache; its SHA-256."""
    sha256 = sha256_of(file)
    if cache.path(sha256) is None:
        cache.add(file, sha256)
    return sha256
