"""Fetch what a lock names into the input cache, each ecosystem by its own client, all of them at once."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from kgshare.cache import Cache, Inputs, sha256_of
from kgshare.doors.process import CommandFailed
from kgshare.errors import FetchError, KgshareError, Problem
from kgshare.lock import maven, npm, registry, wheels
from kgshare.lock.apt import Apt, reasons
from kgshare.lock.debian import apt_root, gone, lock_anew
from kgshare.lock.file import every_input, target_inputs
from kgshare.lock.model import (
    Arch,
    ArchLock,
    BaseBlob,
    DebianPackage,
    DebianSet,
    Jar,
    Lock,
    Locked,
    NpmPackage,
    Wheel,
)
from kgshare.progress import Progress


def fetch(
    lock: Lock, arch: Arch, cache: Cache, *, progress: Progress, locked: bool, offline: bool = False,
    target: bool = False,
) -> Inputs:  # fmt: skip
    """Have every input of one architecture in the cache, verified by its SHA-256 as it comes in.

    What is there is not asked for again (and is verified at its use, see `kgshare.cache.Inputs`). A Debian version
    that the mirror no longer has is locked anew, loudly; that changes the lock (``Inputs.lock``,
    with ``Inputs.anew`` not empty), which the caller is to write.

    Args:
        lock: what is wanted.
        arch: for which architecture.
        cache: where to.
        progress: where to say so.
        locked: never change the lock: a version that has gone is an error.
        offline: ask no network: what is missing is an error.
        target: the architecture is only built for: what its steps would run with is not wanted (`target_inputs`).

    Raises:
        FetchError: with one problem per input that is missing, and the reason.
    """
    if arch not in lock.archs:
        raise FetchError(f"the lock has nothing for {arch}", hint=f"run `kgshare lock --arch {arch}`")
    run = _Fetch(lock=lock, arch=arch, cache=cache, progress=progress, locked=locked, target=target)
    missing = [item for item in run.inputs(lock) if cache.path(item.sha256) is None]
    if missing and offline:
        raise FetchError(*(Problem(message=f"{describe(item)} is not in the cache") for item in missing),
                         hint="go online once, or bring them with `kgshare cache import`")  # fmt: skip
    jobs: list[Callable[[], list[Problem]]] = []
    for kind, job in ((Jar, run.jars), (Wheel, run.wheels), (NpmPackage, run.npm), (BaseBlob, run.bases)):
        if wanted := [item for item in missing if isinstance(item, kind)]:
            jobs.append(lambda job=job, wanted=wanted: job(wanted))  # type: ignore[misc]
    problems: list[Problem] = []
    anew: list[str] = []
    with ThreadPoolExecutor(max(1, len(jobs))) as pool:
        try:
            others = [pool.submit(_collected, job) for job in jobs]
            if debs := [item for item in missing if isinstance(item, DebianPackage)]:
                try:
                    lock, anew = run.debian(debs)
                except KgshareError as error:
                    problems += error.problems
            for other in others:
                problems += other.result()
        except BaseException:  # Ctrl-C: programs were interrupted with us, jars are fetched in this process
            run.stop.set()
            raise
    if problems:
        raise FetchError(*problems)
    return Inputs(cache=cache, lock=lock, anew=tuple(anew), fetched=len(missing))


def describe(item: Locked) -> str:
    """An input in a word or two, for messages."""
    match item:
        case Jar():
            return item.coordinate
        case DebianPackage():
            return f"Debian package {item.name} {item.version} ({item.architecture})"
        case Wheel():
            return item.filename
        case BaseBlob():
            return f"{item.kind} of the base image {item.reference}"
        case NpmPackage():
            return f"npm package {item.name}@{item.version}"


def _collected(job: Callable[[], list[Problem]]) -> list[Problem]:
    try:
        return job()
    except KgshareError as error:
        return list(error.problems)


@dataclass(frozen=True, kw_only=True)
class _Fetch:
    """One run of `fetch`: a method per ecosystem, each returning what went wrong."""

    lock: Lock
    arch: Arch
    cache: Cache
    progress: Progress
    locked: bool
    target: bool = False
    stop: Event = field(default_factory=Event)

    def inputs(self, lock: Lock) -> list[Locked]:
        """What is wanted of a lock."""
        return target_inputs(lock, self.arch) if self.target else every_input(lock, self.arch)

    def jars(self, wanted: Iterable[Jar]) -> list[Problem]:
        """Jars by jgo."""
        by_coordinate = {
            maven.Coordinate(
                group=j.group, artifact=j.artifact, version=j.version, classifier=j.classifier
            ): j
            for j in wanted
        }
        with self.progress.stage(f"fetch {len(by_coordinate)} jars"):
            context = maven.maven(self.cache.root, stop=self.stop)
            return maven.fetch_jars(
                context, by_coordinate, lambda jar, file: self._add(file, by_coordinate[jar].sha256)
            )

    def _add(self, file: Path, sha256: str) -> None:
        self.cache.add(file, sha256)

    def wheels(self, wanted: list[Wheel]) -> list[Problem]:
        """Wheels by pip."""
        with (
            self.progress.stage(f"fetch {len(wanted)} wheels"),
            tempfile.TemporaryDirectory(prefix="kgshare-") as folder,
        ):
            reason = ""
            # One version a call: the seed and the application may hold different versions of the same package.
            for python, rows in self._by_python(wanted).items():
                for group in _by_version(rows):
                    try:
                        wheels.fetch_wheels(group, python, self.arch, Path(folder))
                    except CommandFailed as error:
                        told = wheels.explain(error.output, python, self.arch)
                        reason = told["message"]
            return self._matched(wanted, Path(folder).glob("*.whl"), reason)

    def _by_python(self, wanted: Iterable[Wheel]) -> dict[str, list[Wheel]]:
        """The wheels by the Python that they were locked for; one that both sets have is fetched for the seed's."""
        found: dict[str, list[Wheel]] = {}
        seed = {wheel.sha256 for wheel in self.lock.archs[self.arch].wheels["seed"]}
        for wheel in wanted:
            python = self.lock.python_of(self.arch, "seed" if wheel.sha256 in seed else "application")
            found.setdefault(python, []).append(wheel)
        return found

    def bases(self, wanted: list[BaseBlob]) -> list[Problem]:
        """Blobs of base images by skopeo or oras."""
        heads = {row.base: row for row in self.lock.bases[self.arch] if row.kind == "manifest"}
        with self.progress.stage(f"fetch {len(wanted)} blobs of base images"):
            for role, head in heads.items():
                registry.fetch_blobs([blob for blob in wanted if blob.base == role], head, self.cache)
        return []

    def npm(self, wanted: list[NpmPackage]) -> list[Problem]:
        """The page's packages by npm."""
        with (
            self.progress.stage(f"fetch {len(wanted)} npm packages"),
            tempfile.TemporaryDirectory(prefix="kgshare-") as folder,
        ):
            got = npm.pack([(item.name, item.version) for item in wanted], Path(folder))
            files = {(name, version): (integrity, file) for name, version, integrity, file in got}
            problems = [
                Problem(
                    message=f"{describe(item)}: integrity is {files[item.name, item.version][0]}, locked is {item.integrity}"
                )
                for item in wanted
                if files[item.name, item.version][0] != item.integrity
            ]
            return problems or self._take((item, files[item.name, item.version][1]) for item in wanted)

    def debian(self, wanted: list[DebianPackage]) -> tuple[Lock, list[str]]:
        """Debian packages by apt; what has gone from the mirror is locked anew."""
        apt = apt_root(self.cache.root, self.lock.suite, self.arch)
        lock = self.lock
        anew: list[str] = []
        with self.progress.stage(f"fetch {len(wanted)} Debian packages"), apt.alone():
            apt.prepare()
            apt.update()
            if lost := gone(apt, wanted):
                if self.locked:
                    raise FetchError(*(_has_gone(package) for package in lost))
                lock, anew = relock(lock, self.arch, apt, lost)
                for line in anew:
                    self.progress.say(f"! the Debian mirror has another version now, locked anew: {line}")
                debs = (item for item in self.inputs(lock) if isinstance(item, DebianPackage))
                wanted = [package for package in debs if self.cache.path(package.sha256) is None]
            problems = self._download(apt, wanted)
        if problems:
            raise FetchError(*problems)
        return lock, anew

    def _download(self, apt: Apt, wanted: list[DebianPackage]) -> list[Problem]:
        reason = ""
        try:
            files = apt.download(sorted({f"{p.name}={p.version}" for p in wanted}))
        except CommandFailed as error:
            reason = reasons(error.output)
            files = sorted((apt.root / "download").glob("*.deb"))
        problems = self._matched(wanted, files, reason)
        for file in files:
            file.unlink(missing_ok=True)
        return problems

    def _matched(self, wanted: Iterable[Locked], files: Iterable[Path], reason: str) -> list[Problem]:
        """Take in the files whose SHA-256 is locked; a problem for each input that none of them is."""
        by_hash = {sha256_of(file): file for file in files}
        missing = [item for item in wanted if item.sha256 not in by_hash]
        why = f": {reason}" if reason else ": what came has another SHA-256 than is locked"
        return [
            Problem(message=f"{describe(item)} could not be fetched{why}") for item in missing
        ] + self._take((item, by_hash[item.sha256]) for item in wanted if item.sha256 in by_hash)

    def _take(self, files: Iterable[tuple[Locked, Path]]) -> list[Problem]:
        problems: list[Problem] = []
        for item, file in files:
            try:
                self.cache.add(file, item.sha256)
            except FetchError as error:
                problems.append(Problem(message=f"{describe(item)}: {error.problems[0].message}"))
                file.unlink(missing_ok=True)
        return problems


def _by_version(wanted: Iterable[Wheel]) -> list[list[Wheel]]:
    """Groups of wheels in which no package stands twice."""
    groups: list[dict[str, Wheel]] = []
    for wheel in wanted:
        free = next((group for group in groups if wheel.name not in group), None)
        if free is None:
            groups.append(free := {})
        free[wheel.name] = wheel
    return [list(group.values()) for group in groups]


def _has_gone(package: DebianPackage) -> Problem:
    return Problem(
        message=f"the Debian mirror no longer has {package.name} {package.version} ({package.suite})",
        hint="build without --locked to lock exactly that package anew, or bring it with `kgshare cache import`",
    )


def relock(lock: Lock, arch: Arch, apt: Apt, lost: Iterable[DebianPackage]) -> tuple[Lock, list[str]]:
    """The lock with exactly the lost packages at another version, and what changed as ``base: name old → new``."""
    gone_names = {package.name for package in lost}
    part = lock.archs[arch]
    debian: dict[DebianSet, tuple[DebianPackage, ...]] = {}
    changes: list[str] = []
    for which, packages in part.debian.items():
        hit = [package for package in packages if package.name in gone_names]
        debian[which] = lock_anew(apt, which, packages, hit) if hit else packages
        changes += _changes(which, packages, debian[which])
    archs: Mapping[Arch, ArchLock] = {**lock.archs, arch: dataclasses.replace(part, debian=debian)}
    return dataclasses.replace(lock, archs=dict(archs)), changes


def _changes(which: DebianSet, before: Iterable[DebianPackage], after: Iterable[DebianPackage]) -> list[str]:
    old = {package.name: package.version for package in before}
    new = {package.name: package.version for package in after}
    names = sorted(old.keys() | new.keys())
    return [
        f"{which}: {n} {old.get(n, '(none)')} → {new.get(n, '(none)')}"
        for n in names
        if old.get(n) != new.get(n)
    ]
