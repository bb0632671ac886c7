"""``kgshare build``: from a manifest to one file. Its body is the list of the stages."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from kgshare.attest.origin import Origin, origin_of
from kgshare.cache import Cache, Inputs, fetch
from kgshare.engines import Engine, choice
from kgshare.engines.local import LocalEngine
from kgshare.errors import EngineError, LockError, Problem
from kgshare.local.built import remember
from kgshare.lock.command import this_arch
from kgshare.lock.file import read_any_lock, read_lock, write_lock
from kgshare.lock.model import LOCK, Arch, Lock
from kgshare.places import cache_dir
from kgshare.plan import (
    BUNDLE,
    BUNDLE_DIGEST,
    BUNDLE_TAR,
    POLICY,
    POLICY_RESULT,
    UPSTREAM,
    input_files,
    make_plan,
)
from kgshare.platforms import parse_platforms, platform_word
from kgshare.policy import store as store_of_policy
from kgshare.policy.judge import again, require_green
from kgshare.policy.result import PolicyReport
from kgshare.policy.settings import settings_of
from kgshare.progress import Progress
from kgshare.project import MANIFEST, Project, read_project
from kgshare.scan import scanners, vex
from kgshare.since import Since, prefer, read_since, send
from kgshare.steps import Done, Plan, StepStore, Work, forecast, run_steps
from kgshare.trust.author import BY_DEFAULT, Author, Signing, author_of
from kgshare.trust.keys import Ask


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """One step of a build: whether it ran, why, and how long it takes."""

    name: str
    ran: bool
    reason: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class SinceReport:
    """The delta to an older bundle: the file, its size in bytes, and the name, version and digest of that bundle."""

    delta: Path
    size: int
    name: str
    version: str
    digest: str

    def text(self) -> str:
        """Two lines of the report."""
        return f"{self.delta}\n  {self.size / 1e6:.1f} MB, for who has {self.name} {self.version}\n"


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What ``kgshare build`` made.

    Attributes:
        bundle: where the file is.
        digest: SHA-256 of its index, from which everything in it is reachable.
        size: in bytes.
        seconds: how long this build took.
        engine: what built what had to be built: ``docker``, ``dagger``, ``none`` (this machine's own means), ``podman`` (the
            same, as Podman has no BuildKit), or empty where nothing had to be.
        notes: what the reader should know of how it was built.
        policy: what the policy says of it today, in one line, then what its waivers need.
        signer: name of the key that signed it, as ``fingerprint``; empty where it is not signed.
        steps: every step, in order.
        since: what an older bundle has not, as a file of its own, where that was asked for and there is anything.
    """

    schema: ClassVar[str] = "build"
    bundle: Path
    digest: str
    size: int
    seconds: float
    engine: str
    notes: tuple[str, ...]
    policy: tuple[str, ...]
    signer: str
    fingerprint: str
    steps: tuple[StepReport, ...]
    since: SinceReport | None = None

    def text(self) -> str:
        """The file first, then what took how long."""
        width = max(18, *(len(s.name) for s in self.steps))
        ran = [f"  {s.name:<{width}} {s.seconds:6.1f} s  {s.reason}" for s in self.steps if s.ran]
        same = len(self.steps) - len(ran)
        done = "\n".join(ran) if ran else "  nothing had changed"
        kept = f"\n  {same} of {len(self.steps)} steps were unchanged" if ran and same else ""
        notes = "".join(
            f"  {note}\n" for note in (*self.notes, f"policy: {self.policy[0]}", *self.policy[1:])
        )
        start = "up --local" if self.engine == LocalEngine.name else "up"
        vouched = (
            f"signed by {self.signer}{self.fingerprint and ', '}{self.fingerprint}"
            if self.signer
            else "! not signed"
        )
        return (
            f"{self.bundle}\n  {self.size / 1e6:.1f} MB, {self.digest}\n  {vouched}\n"
            f"{self.since.text() if self.since else ''}{done}{kept}\n{notes}"
            f"{self.seconds:.1f} s; `kgshare {start} {self.bundle.name}` starts it"
        )


@dataclass(frozen=True, kw_only=True)
class PlanReport:
    """Which steps a build would run, and why."""

    schema: ClassVar[str] = "plan"
    steps: tuple[StepReport, ...]

    def text(self) -> str:
        """One line a step."""
        width = max(18, *(len(s.name) for s in self.steps))
        return "\n".join(f"{s.name:<{width}} {s.reason or 'unchanged'}" for s in self.steps)


def build(
    folder: Path,
    *,
    output: Path | None,
    locked: bool,
    progress: Progress,
    engine: choice.Find = choice.usual,
    signing: Signing = BY_DEFAULT,
    since: Path | None = None,
    platforms: Sequence[Arch] = (),
) -> BuildReport:
    """Build a project's bundle, doing only what changed.

    Args:
        folder: the project's.
        output: where the bundle goes; the project's folder when not given.
        locked: stop where the lock would have to change.
        progress: says what takes time.
        engine: finds what is to build; asked only where something has to be built.
        signing: how it is to be signed.
        since: an older bundle; what it has not is written as a file of its own, and it is gone on from its store.
        platforms: the architectures that it is for; those of the manifest, or this machine's, when none are given.

    Raises:
        ManifestError, LockError, FetchError, EngineError, BuildError, SeedError, SecretError, TrustError,
        PolicyError, BundleError: what their names say.
    """
    start = time.monotonic()
    made = prepared(folder, locked=locked, progress=progress, platforms=platforms)
    older = read_since(since, made.project.manifest.name, made.project.manifest.version) if since else None
    store = StepStore(root=cache_dir() / "steps")
    if older:
        prefer(older, made.plan, store)
    todo = forecast(made.plan, store)
    author = author_of(signing)
    if author and author.note:
        progress.say(author.note)
    if author and any(todo.values()):
        author.ready()  # before the first slow step
    work: Mapping[str, Work] = {}
    builder: Engine | None = None
    if any(todo.values()):
        builder = engine()
        made, work = works_of(made, builder, locked=locked, progress=progress, since=older)
    done = run_steps(made.plan, work, store, progress)
    policy = judged_today(done[POLICY].path(POLICY_RESULT))
    return _report(made.project, done, builder, policy, author, output or made.project.root, start, older)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A build before its first step: what was read, and the plan that comes of it.

    Attributes:
        project: what is built.
        lock: what from.
        arch: this machine's architecture, on which steps run.
        plan: its steps.
        waived: ids of what looks like a secret and is none, as somebody answers for.
        targets: the architectures that the bundle is for.
    """

    project: Project
    lock: Lock
    arch: Arch
    plan: Plan
    waived: frozenset[str]
    targets: tuple[Arch, ...]


def prepared(folder: Path, *, locked: bool, progress: Progress, platforms: Sequence[Arch] = ()) -> Prepared:
    """Read a project, and see that it may be built; ``platforms`` as for `build`.

    Raises:
        ManifestError, LockError, SecretError: it may not.
    """
    from kgshare import secrets  # what only a build needs

    project = read_project(folder)
    vex.read_folder(project.root)  # what is wrong in it is said before the first slow step
    waived = settings_of(project.root).waived(store_of_policy.today())
    secrets.refuse(secrets.in_project(project), waived)  # before anything is written
    arch = this_arch()
    targets = targets_of(project, platforms)
    lock = locked_inputs(project, arch, locked=locked, progress=progress, targets=targets)
    plan = make_plan(project, lock, arch, _origin(project), scanners.identity(), targets=targets)
    return Prepared(project=project, lock=lock, arch=arch, plan=plan, waived=waived, targets=targets)


def works_of(
    made: Prepared, engine: Engine, *, locked: bool, progress: Progress, since: Since | None = None
) -> tuple[Prepared, Mapping[str, Work]]:
    """The work of each step, with its inputs fetched; and the build with the lock that they are of.

    Raises:
        EngineError: the engine does not answer, or there is no room.
        FetchError, LockError: the inputs cannot be had.
    """
    from kgshare.work import Works  # what only a build that builds needs

    engine.check()
    require_room(cache_dir() / "steps")
    targets = made.targets
    inputs = fetched(made.project, made.lock, made.arch, locked=locked, progress=progress, targets=targets)
    origin = _origin(made.project)
    plan = make_plan(made.project, inputs.lock, made.arch, origin, scanners.identity(), targets=targets)
    works = Works(
        project=made.project, lock=inputs.lock, inputs=inputs, arch=made.arch, engine=engine, origin=origin,
        flags={"locked": locked}, waived=made.waived, targets=targets, since=since,
    )  # fmt: skip
    return replace(made, lock=inputs.lock, plan=plan), works.by_step()


def forecast_build(folder: Path, platforms: Sequence[Arch] = ()) -> PlanReport:
    """Which steps `build` would run; nothing is run, fetched or written.

    Raises:
        ManifestError, LockError: also where there is no lock yet.
    """
    project, arch = read_project(folder), this_arch()
    targets = targets_of(project, platforms)
    lock = read_lock(project)
    require_archs(lock, (arch, *targets))
    plan = make_plan(project, lock, arch, _origin(project), scanners.identity(), targets=targets)
    todo = forecast(plan, StepStore(root=cache_dir() / "steps"))
    return PlanReport(
        steps=tuple(StepReport(name=n, ran=bool(why), reason=why, seconds=0.0) for n, why in todo.items())
    )


def _origin(project: Project) -> Origin:
    """The state in Git of what the build reads."""
    return origin_of(project.root, input_files(project))


def bundle_of(where: Path, *, progress: Progress, local: bool = False, ask: Ask | None = None) -> Path:
    """The bundle that ``up`` is to start: the file itself, or a project's, built first where it is not up to date.

    Args:
        where: the bundle, or a folder.
        progress: says what takes time.
        local: whether it may be built without a container engine, where none answers.
        ask: for the passphrase of the key that signs it.
    """
    if (where / MANIFEST).is_file():
        engine = choice.either if local else choice.usual
        signing = Signing(ask=ask)
        return build(
            where, output=None, locked=False, progress=progress, engine=engine, signing=signing
        ).bundle
    return where


def targets_of(project: Project, platforms: Sequence[Arch] = ()) -> tuple[Arch, ...]:
    """The architectures that a bundle is built for: those asked for, the manifest's, or this machine's."""
    return tuple(platforms) or parse_platforms(project.manifest.platforms) or (this_arch(),)


def require_archs(lock: Lock, archs: Iterable[Arch]) -> None:
    """See that a lock has something for these architectures.

    Raises:
        LockError: it has nothing for one of them.
    """
    if missing := [arch for arch in dict.fromkeys(archs) if arch not in lock.archs]:
        words = " ".join(f"--arch {arch}" for arch in missing)
        message = f"has nothing for {' and '.join(missing)}"
        raise LockError(Problem(message=message, where=LOCK, hint=f"run `kgshare lock {words}`"))


def locked_inputs(
    project: Project, arch: Arch, *, locked: bool, progress: Progress, targets: Sequence[Arch] = ()
) -> Lock:
    """The project's lock; made, or brought up to its manifest, unless ``locked``.

    Args:
        project: whose.
        arch: this machine's architecture, on which steps run.
        locked: never change it.
        progress: says what takes time.
        targets: the architectures that are built for, beside this one.

    Raises:
        LockError: there is none that fits, and it may not be made, or cannot be.
    """
    from kgshare.lock.needs import needs_of
    from kgshare.lock.resolve import resolve

    if locked:
        lock = read_lock(project)
        require_archs(lock, (arch, *targets))
        return lock
    previous = read_any_lock(project)
    needs = needs_of(project)
    if (
        previous
        and (previous.manifest, previous.needs) == (project.checksum, needs.digests())
        and previous.archs.keys() >= {arch, *targets}
    ):
        return previous
    archs: tuple[Arch, ...] = tuple(dict.fromkeys((*(previous.archs if previous else ()), arch, *targets)))
    lock = resolve(project, needs, progress=progress, archs=archs, previous=previous)
    write_lock(project, lock)
    return lock


def fetched(
    project: Project,
    lock: Lock,
    arch: Arch,
    *,
    locked: bool,
    progress: Progress,
    targets: Sequence[Arch] = (),
) -> Inputs:
    """Every locked input on this machine; where Debian's mirror has moved on, a changed lock, written and said.

    Of other architectures in ``targets`` only what goes into images and what the runtime is linked from.
    """
    inputs = fetch(lock, arch, Cache(cache_dir()), progress=progress, locked=locked)
    anew = inputs.anew
    for target in targets:
        if target != arch:
            with progress.stage(f"inputs for {platform_word(target)}"):
                inputs = fetch(
                    inputs.lock, target, inputs.cache, progress=progress, locked=locked, target=True
                )
            anew += inputs.anew
    if anew:
        write_lock(project, inputs.lock)
        for change in anew:
            progress.say(f"! locked anew, the mirror has moved on: {change}")
    return inputs


def require_room(root: Path, gigabytes: float = 3.0) -> None:
    """See that a build has room, before its first slow step.

    Raises:
        EngineError: it has not.
    """
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free / 1e9
    if free < gigabytes:
        raise EngineError(
            f"only {free:.1f} GB are free on the disk of {root}, a build wants {gigabytes:.0f}",
            hint="make room, or name a folder on another disk in KGSHARE_CACHE",
        )


def judged_today(result: Path) -> PolicyReport:
    """What the policy of a build says today: what was green when its step was run may have aged since.

    Raises:
        PolicyError: a check fails.
    """
    report = again(store_of_policy.parse(result.read_bytes(), result.name), store_of_policy.today())
    require_green(report)
    return report


def _report(
    project: Project,
    done: dict[str, Done],
    engine: Engine | None,
    policy: PolicyReport,
    author: Author | None,
    output: Path,
    start: float,
    since: Since | None,
) -> BuildReport:
    from kgshare.bundle import Held, file_name, read_bundle

    made = done[BUNDLE].path(BUNDLE_TAR)
    target = output / file_name(project.manifest.name, project.manifest.version)
    digest = done[BUNDLE].path(BUNDLE_DIGEST).read_text()
    if author:
        author.place(made, target, digest)
    else:
        place(made, target)
    remember(digest)
    if any(not step.cached for step in done.values()):
        Held().remember(read_bundle(target, deep=False))
    steps = tuple(
        StepReport(name=d.name, ran=not d.cached, reason=d.reason, seconds=round(d.seconds, 2))
        for d in done.values()
    )
    return BuildReport(
        bundle=target,
        digest=digest,
        size=target.stat().st_size,
        seconds=round(time.monotonic() - start, 2),
        engine=engine.name if engine else "",
        notes=(*(engine.remarks if engine else ()), *_notes(since, done)),
        policy=(policy.line(), *policy.remarks),
        signer=author.name if author else "",
        fingerprint=author.mark if author else "",
        steps=steps,
        since=_sent(target, since, output),
    )


def _sent(bundle: Path, since: Since | None, folder: Path) -> SinceReport | None:
    delta = send(bundle, since, folder) if since else None
    if delta is None:
        return None
    base = delta.base
    return SinceReport(
        delta=delta.path, size=delta.size, name=base.name, version=base.version, digest=base.digest
    )


def _notes(since: Since | None, done: Mapping[str, Done]) -> list[str]:
    """What the author of a next version should know of it."""
    if since is None:
        return []
    older = f"{since.bundle.name} {since.bundle.version}"
    if since.note:
        return [since.note]
    if UPSTREAM not in done or done[UPSTREAM].key != since.upstream:
        return [
            f"its store is not that of {older} with corrections, so all of it is new: what seeds it is another"
        ]
    return []


def place(made: Path, target: Path) -> None:
    """Put the finished bundle where it is wanted, aside then renamed; the same file is left alone."""
    if target.exists() and target.samefile(made):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.part")
    aside.unlink(missing_ok=True)
    try:
        try:
            os.link(made, aside)
        except OSError:  # another file system
            shutil.copy2(made, aside)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
