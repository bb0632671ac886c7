"""``kgshare lock`` and ``kgshare cache``: each a list of stages that ends in a report."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.cache import Cache, fetch
from kgshare.lock.archive import export_inputs, import_inputs
from kgshare.lock.diff import LockDiff, diff
from kgshare.lock.file import every_input, lock_file, read_any_lock, read_lock, write_lock
from kgshare.lock.model import ARCHS, Arch, Lock
from kgshare.lock.needs import needs_of
from kgshare.lock.resolve import resolve
from kgshare.places import cache_dir
from kgshare.platforms import parse_platforms
from kgshare.progress import Progress
from kgshare.project import Project


@dataclass(frozen=True, kw_only=True)
class LockReport:
    """What ``kgshare lock`` found and did.

    Attributes:
        file: where the lock lies.
        written: whether it was written.
        current: whether the lock that was there is the one that a new resolution gives.
        inputs: how many files it names.
        archs: for which architectures.
        resolvers: the clients that resolved it.
        diff: what differs from the lock that was there; empty where there was none.
    """

    schema: ClassVar[str] = "lock"
    file: Path
    written: bool
    current: bool
    inputs: int
    archs: tuple[Arch, ...]
    resolvers: dict[str, str]
    diff: LockDiff

    def text(self) -> str:
        """What changed, then where the lock lies."""
        lines = [] if not self.diff.changes else [self.diff.text()]
        if self.current:
            lines.append(f"{self.file.name} is up to date: {self.inputs} inputs for {', '.join(self.archs)}")
        elif self.written:
            lines.append(f"wrote {self.file}: {self.inputs} inputs for {', '.join(self.archs)}")
        else:
            lines.append(f"{self.file.name} is not up to date; `kgshare lock --update` writes it")
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class CacheReport:
    """What ``kgshare cache export`` or ``import`` moved.

    Attributes:
        action: ``export`` or ``import``.
        file: the archive.
        inputs: how many files are in it.
        size: bytes of these files.
        archs: the architectures they are for.
    """

    schema: ClassVar[str] = "cache"
    action: str
    file: Path
    inputs: int
    size: int
    archs: tuple[Arch, ...]

    def text(self) -> str:
        """One line."""
        to = "to" if self.action == "export" else "from"
        return f"{self.action}ed {self.inputs} inputs ({self.size / 1e6:.0f} MB) for {', '.join(self.archs)} {to} {self.file}"


def this_arch() -> Arch:
    """The architecture that containers of this machine have."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "amd64"


def lock_project(
    project: Project,
    *,
    progress: Progress,
    archs: tuple[Arch, ...] = (),
    check: bool = False,
    update: bool = False,
) -> LockReport:
    """Lock a project: what is locked and still wanted stays, unless ``update`` or ``check``.

    Args:
        project: what to lock; its ``kgshare.lock`` is written (not with ``check``).
        progress: where to say what is being done.
        archs: architectures to lock for beside those that are locked or in the manifest; with none at all this machine's.
        check: resolve anew and say what differs, write nothing.
        update: resolve anew and write.

    Raises:
        LockError: see `kgshare.lock.resolve.resolve`.
    """
    previous = read_any_lock(project)
    wanted = {*archs, *(previous.archs if previous else ())}
    if named := parse_platforms(project.manifest.platforms):
        wanted |= {this_arch(), *named}  # what is built for, and what builds it
    wanted = wanted or {this_arch()}
    lock = resolve(
        project, needs_of(project), progress=progress, archs=tuple(arch for arch in ARCHS if arch in wanted),
        previous=previous, update=update or check,
    )  # fmt: skip
    current = previous is not None and _same(previous, lock)
    if not check and not current:
        write_lock(project, lock)
    return LockReport(
        file=lock_file(project), written=not check and not current, current=current,
        inputs=len(every_input(lock)), archs=tuple(lock.archs), resolvers=lock.resolvers, diff=diff(previous, lock) if previous else LockDiff(changes=()),
    )  # fmt: skip


def _same(previous: Lock, lock: Lock) -> bool:
    """Whether writing would say nothing new; a newer client that resolves the same is nothing new."""
    return not diff(previous, lock).changes and (previous.manifest, previous.needs) == (
        lock.manifest,
        lock.needs,
    )


def export_cache(
    project: Project, file: Path, *, progress: Progress, archs: tuple[Arch, ...] = ()
) -> CacheReport:
    """Write a project's lock and all its inputs into a tar; what is missing is fetched first.

    Raises:
        LockError: there is no lock, or one of another manifest.
        FetchError: an input is not to be had.
    """
    lock = read_lock(project)
    cache = Cache(cache_dir())
    wanted = archs or tuple(lock.archs)
    for arch in wanted:
        fetch(lock, arch, cache, progress=progress, locked=True)
    with progress.stage(f"write {file.name}"):
        items = export_inputs(lock, wanted, cache, file)
    return CacheReport(
        action="export", file=file, inputs=len(items), size=sum(item.size for item in items), archs=wanted
    )


def import_cache(file: Path, *, progress: Progress) -> CacheReport:
    """Take the inputs of an exported tar into the cache, each verified.

    Raises:
        FetchError: the file is not such a tar, or something in it is not what its lock says.
    """
    with progress.stage(f"read {file.name}"):
        lock, items = import_inputs(file, Cache(cache_dir()))
    return CacheReport(
        action="import",
        file=file,
        inputs=len(items),
        size=sum(item.size for item in items),
        archs=tuple(lock.archs),
    )
