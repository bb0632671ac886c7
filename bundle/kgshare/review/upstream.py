"""The graph that proposals are decided on: a store that was seeded before, whatever change sets it has, or else one seeded now.

A result of the build's seed step serves as long as nothing but the change sets differs. Where there is none, that step is run
without change sets, by whichever engine builds here.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kgshare.cache import Cache, Inputs, fetch
from kgshare.changes.order import read_folder
from kgshare.changes.present import Base
from kgshare.engines import Engine, choice
from kgshare.errors import LockError, Problem
from kgshare.lock.command import this_arch
from kgshare.lock.file import read_any_lock
from kgshare.lock.model import LOCK, Lock
from kgshare.lock.needs import needs_of
from kgshare.places import cache_dir
from kgshare.plan import (
    BASE_TAR,
    CHANGE_SETS,
    CHANGES_TAR,
    FILE_TIME,
    GRAPH_TAR,
    SEED,
    STORE_TAR,
    TOOLBOX,
    make_plan,
)
from kgshare.progress import Progress
from kgshare.project import Project
from kgshare.seeding.result import SeedReport
from kgshare.steps import Done, Plan, StepStore, run_steps
from kgshare.untar import unpack


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """A store at hand, with its canonical text and the change sets that are in it.

    Attributes:
        project: whose.
        lock: with what it was seeded.
        done: the step's result: store.tar, graph.tar, changes.tar.
        base: the text and the change sets, unpacked.
        local: whether it is checked by this machine's own means; None is whichever engine there is.
    """

    project: Project
    lock: Lock
    done: Done
    base: Base
    local: bool | None


@contextmanager
def upstream(project: Project, *, local: bool | None = None, progress: Progress) -> Iterator[Upstream]:
    """The graph of a project as far as it is there, else seeded now; for as long as the context lasts.

    Args:
        project: whose.
        local: seed, if need be, and check without a container engine; where not given, if there is none.
        progress: says what takes time.

    Raises:
        LockError: the project has no lock that fits its manifest.
        SeedError: its seed steps fail.
        EngineError: nothing can build here.
    """
    lock, done = fitting_lock(project), at_hand(project)
    if done is None:
        done = _steps(bare(project), lock, local, (TOOLBOX, SEED), progress)[SEED]
    with unpacked(done, project.manifest.name) as base:
        yield Upstream(project=project, lock=lock, done=done, base=base, local=local)


@contextmanager
def unpacked(done: Done, name: str) -> Iterator[Base]:
    """The text and the change sets of a result of the seed step, while the context lasts; ``name`` is the project's."""
    with tempfile.TemporaryDirectory(prefix="kgshare-review-") as made:
        for tar in (GRAPH_TAR, CHANGES_TAR):
            with tarfile.open(done.path(tar)) as archive:
                unpack(archive, Path(made))
        yield Base(text=Path(made) / "graph", applied=read_folder(Path(made) / "changes", name))


def at_hand(project: Project) -> Done | None:
    """A result of the project's seed step that is on this machine, whatever change sets it has; None where there is none.

    Raises:
        LockError: the project has no lock that fits its manifest.
    """
    store, lock = StepStore(root=cache_dir() / "steps"), fitting_lock(project)
    seeds = (make_plan(one, lock, this_arch()).step(SEED) for one in (project, bare(project)))
    return next((done for seed in seeds if (done := store.find_like(seed, but=CHANGE_SETS))), None)


def bare(project: Project) -> Project:
    """A project as its upstream is seeded: without change sets, and without what may hold only with them."""
    manifest = project.manifest.model_copy(update={"changes": None, "checks": ()})
    return replace(project, manifest=manifest, questions=())


def text_at_hand(project: Project, to: Path) -> Path | None:
    """The canonical text of such a result, unpacked to ``to``/graph; None where there is none, or no lock that fits."""
    try:
        done = at_hand(project)
    except LockError:
        return None
    if done is None:
        return None
    with tarfile.open(done.path(GRAPH_TAR)) as archive:
        unpack(archive, to)
    return to / "graph"


def fitting_lock(project: Project) -> Lock:
    """The project's lock, if it has what the manifest asks for; another version of the project needs no other lock.

    Raises:
        LockError: there is none, or it is of other needs.
    """
    lock = read_any_lock(project)
    if lock is None or lock.needs != needs_of(project).digests() or this_arch() not in lock.archs:
        message = "there is none" if lock is None else "the manifest asks for other things than it holds"
        raise LockError(Problem(message=message, where=LOCK, hint="run `kgshare lock`"))
    return lock


def check_store(found: Upstream, progress: Progress) -> SeedReport:
    """Check the project's change sets on a throw-away copy of the store, where the build's steps run.

    Raises:
        SeedError: one does not fit, or a constraint forbids it.
        CheckError: what the graph they make is not as it must be.
        BuildError: the step itself failed.
    """
    from kgshare.images.build import ImageBuilder

    toolbox = _steps(found.project, found.lock, found.local, (TOOLBOX,), progress)[TOOLBOX]
    inputs = _inputs(found.lock, progress)
    builder = ImageBuilder(
        engine=_engine(found.local), project=found.project, lock=replace(inputs.lock, epoch=FILE_TIME),
        arch=this_arch(), inputs=inputs.path, created=inputs.lock.epoch,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="kgshare-check-") as folder:
        return builder.check_changes(
            toolbox.path(BASE_TAR), found.done.path(STORE_TAR), found.done.path(CHANGES_TAR), Path(folder)
        )


def _steps(
    project: Project, lock: Lock, local: bool | None, names: tuple[str, ...], progress: Progress
) -> dict[str, Done]:
    """Some steps of the project's build, run if their results are not there."""
    from kgshare.work import Works

    inputs = _inputs(lock, progress)
    plan = make_plan(project, inputs.lock, this_arch())
    works = Works(project=project, lock=inputs.lock, inputs=inputs, arch=this_arch(), engine=_engine(local))
    wanted = Plan(steps=tuple(plan.step(name) for name in names))
    return run_steps(wanted, works.by_step(), StepStore(root=cache_dir() / "steps"), progress)


def _engine(local: bool | None) -> Engine:
    found = choice.either() if local is None else choice.machine() if local else choice.usual()
    found.check()
    return found


def _inputs(lock: Lock, progress: Progress) -> Inputs:
    return fetch(lock, this_arch(), Cache(cache_dir()), progress=progress, locked=True)
