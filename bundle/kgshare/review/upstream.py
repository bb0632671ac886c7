"""The graph that proposals are decided on: a store that was seeded before, whatever change sets it has, or else one seeded now.

A result of the build's seed step serves as long as nothing but the change sets differs. Where there is none, upstream is
seeded without change sets: by the build's own step where there is Docker, else by the same stage as a process here.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kgshare.cache import Cache, Inputs, fetch
from kgshare.changes.order import read_folder
from kgshare.changes.present import Base
from kgshare.doors.process import CommandFailed, run
from kgshare.errors import EngineError, LockError, Problem, SeedError
from kgshare.lock.command import this_arch
from kgshare.lock.file import read_any_lock
from kgshare.lock.model import LOCK, Arch, Lock
from kgshare.lock.needs import needs_of
from kgshare.places import cache_dir
from kgshare.plan import CHANGE_SETS, CHANGES_TAR, GRAPH_TAR, REPORT, SEED, STORE_TAR, TOOLBOX, make_plan
from kgshare.progress import Progress
from kgshare.project import Project
from kgshare.seeding.plan import review_spec, seed_spec
from kgshare.seeding.result import ERROR, SeedReport, read_error
from kgshare.seeding.spec import SeedSpec
from kgshare.steps import Done, Plan, StepStore, inputs_of, key_of, run_steps

HERE = "seed.here"


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """A store at hand, with its canonical text and the change sets that are in it.

    Attributes:
        project: whose.
        lock: with what it was seeded.
        arch: of this machine.
        done: the step's result: store.tar, graph.tar, changes.tar.
        base: the text and the change sets, unpacked.
        local: whether it is to be run as a process here.
    """

    project: Project
    lock: Lock
    arch: Arch
    done: Done
    base: Base
    local: bool


def has_docker() -> bool:
    """Whether there is an engine that the build could use."""
    from kgshare.engines.docker import DockerEngine

    try:
        DockerEngine().check()
    except EngineError:
        return False
    return True


@contextmanager
def upstream(project: Project, *, local: bool | None = None, progress: Progress) -> Iterator[Upstream]:
    """The graph of a project as far as it is there, else seeded now; for as long as the context lasts.

    Args:
        project: whose.
        local: seed, if need be, and check as processes here; where not given, if there is no Docker.
        progress: says what takes time.

    Raises:
        LockError: the project has no lock that fits its manifest.
        SeedError: its seed steps fail.
    """
    lock, arch = fitting_lock(project), this_arch()
    done, store = at_hand(project), StepStore(root=cache_dir() / "steps")
    if done is None:
        local = not has_docker() if local is None else local
        bare = replace(project, manifest=project.manifest.model_copy(update={"changes": None}))
        done = (_seed_here if local else _seed_in_docker)(bare, lock, arch, store, progress)
    with tempfile.TemporaryDirectory(prefix="kgshare-review-") as made:
        for tar in (GRAPH_TAR, CHANGES_TAR):
            with tarfile.open(done.path(tar)) as archive:
                archive.extractall(made, filter="data")
        applied = read_folder(Path(made) / "changes", project.manifest.name)
        base = Base(text=Path(made) / "graph", applied=applied)
        is_local = not has_docker() if local is None else local
        yield Upstream(project=project, lock=lock, arch=arch, done=done, base=base, local=is_local)


def at_hand(project: Project) -> Done | None:
    """A result of the project's seed step that is on this machine, whatever change sets it has; None where there is none.

    Raises:
        LockError: the project has no lock that fits its manifest.
    """
    seed = make_plan(project, fitting_lock(project), this_arch()).step(SEED)
    store, here = StepStore(root=cache_dir() / "steps"), replace(seed, name=HERE, needs=())
    return store.find_like(seed, but=CHANGE_SETS) or store.find_like(here, but=CHANGE_SETS)


def text_at_hand(project: Project, to: Path) -> Path | None:
    """The canonical text of such a result, unpacked to ``to``/graph; None where there is none, or no lock that fits."""
    try:
        done = at_hand(project)
    except LockError:
        return None
    if done is None:
        return None
    with tarfile.open(done.path(GRAPH_TAR)) as archive:
        archive.extractall(to, filter="data")
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


def _seed_in_docker(bare: Project, lock: Lock, arch: Arch, store: StepStore, progress: Progress) -> Done:
    from kgshare.engines.docker import DockerEngine
    from kgshare.work import Works

    inputs = _inputs(lock, arch, progress)
    plan = make_plan(bare, inputs.lock, arch)
    wanted = Plan(steps=(plan.step(TOOLBOX), plan.step(SEED)))
    works = Works(project=bare, lock=inputs.lock, inputs=inputs, arch=arch, engine=DockerEngine())
    return run_steps(wanted, works.by_step(), store, progress)[SEED]


def _seed_here(bare: Project, lock: Lock, arch: Arch, store: StepStore, progress: Progress) -> Done:
    from kgshare.images.context import changes_layer
    from kgshare.images.layers import Layer
    from kgshare.plan import FILE_TIME

    step = replace(make_plan(bare, lock, arch).step(SEED), name=HERE, needs=())
    given = inputs_of(step, {})
    home = store.root / HERE
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=home) as folder:
        made, out = Path(folder) / "made", Path(folder) / "out"
        made.mkdir()
        with (
            progress.stage("seed upstream here, without a container"),
            neo4j_here(lock, arch, progress) as (java, lib, plugins),
        ):
            spec = seed_spec(
                bare,
                root=str(bare.root),
                java=java,
                lib=lib,
                plugins=plugins,
                work=f"{folder}/work",
                out=str(out),
            )
            report = run_stage(spec, Path(folder))
        for name in ("data", "graph"):
            with Layer(made / (STORE_TAR if name == "data" else GRAPH_TAR), FILE_TIME) as layer:
                layer.tree(name, out / name)
        (made / REPORT).write_text(report.to_json(), encoding="utf-8")
        changes_layer(bare, FILE_TIME, made / CHANGES_TAR)
        return store.keep(step, key_of(step, given), made, sum(report.seconds.values()), given)


def run_stage(spec: SeedSpec, folder: Path) -> SeedReport:
    """Run the seed stage (or a check) as a process here.

    Raises:
        SeedError, CheckError: what the stage says.
    """
    import kgshare

    file = folder / "spec.json"
    file.write_text(spec.to_json(), encoding="utf-8")
    path = os.pathsep.join([str(Path(kgshare.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    try:
        run([sys.executable, "-m", "kgshare.seeding", file], env={"PYTHONPATH": path, "PYTHONUTF8": "1"})
    except CommandFailed as error:
        said = Path(spec.out) / ERROR
        if said.is_file():
            raise read_error(said.read_text(encoding="utf-8")) from None
        raise SeedError(f"the seed stage ended without a result: {error.output.strip()[-2000:]}") from None
    return SeedReport.from_json((Path(spec.out) / REPORT).read_text(encoding="utf-8"))


@contextmanager
def neo4j_here(lock: Lock, arch: Arch, progress: Progress) -> Iterator[tuple[str, str, str | None]]:
    """Java of this machine and the locked jars: the Java executable, the folder of jars, the folder of plugins.

    Raises:
        SeedError: there is no Java.
    """
    from kgshare.init.throwaway import find_java

    java, inputs = find_java(), _inputs(lock, arch, progress)
    with tempfile.TemporaryDirectory(prefix="kgshare-jars-") as folder:
        for which in ("database", "plugins"):
            (Path(folder) / which).mkdir()
            for jar in lock.jars[which]:
                (Path(folder) / which / jar.filename).symlink_to(inputs.path(jar))
        yield str(java), f"{folder}/database", f"{folder}/plugins" if lock.jars["plugins"] else None


def _inputs(lock: Lock, arch: Arch, progress: Progress) -> Inputs:
    return fetch(lock, arch, Cache(cache_dir()), progress=progress, locked=True)


def check_store(found: Upstream, progress: Progress) -> SeedReport:
    """Check the project's change sets on a throw-away copy of the store.

    Raises:
        SeedError: one does not fit, or a constraint forbids it.
        CheckError: what the graph they make is not as it must be.
        BuildError: the build step itself failed.
    """
    with tempfile.TemporaryDirectory(prefix="kgshare-check-") as folder:
        if not found.local:
            return _check_in_docker(found, Path(folder), progress)
        for tar in (STORE_TAR, CHANGES_TAR):
            with tarfile.open(found.done.path(tar)) as archive:
                archive.extractall(f"{folder}/base", filter="data")
        with neo4j_here(found.lock, found.arch, progress) as (java, lib, plugins):
            seed = seed_spec(
                found.project, root=str(found.project.root), java=java, lib=lib, plugins=plugins,
                work=f"{folder}/work", out=f"{folder}/out",
            )  # fmt: skip
            spec = review_spec(
                seed, found.project, store=f"{folder}/base/data", applied=f"{folder}/base/changes"
            )
            return run_stage(spec, Path(folder))


def _check_in_docker(found: Upstream, folder: Path, progress: Progress) -> SeedReport:
    from kgshare.engines.docker import DockerEngine
    from kgshare.images.build import ImageBuilder
    from kgshare.plan import BASE_TAR, FILE_TIME
    from kgshare.work import Works

    inputs = _inputs(found.lock, found.arch, progress)
    engine, lock = DockerEngine(), inputs.lock
    works = Works(project=found.project, lock=lock, inputs=inputs, arch=found.arch, engine=engine)
    plan = Plan(steps=(make_plan(found.project, lock, found.arch).step(TOOLBOX),))
    toolbox = run_steps(plan, works.by_step(), StepStore(root=cache_dir() / "steps"), progress)[TOOLBOX]
    builder = ImageBuilder(
        engine=engine, project=found.project, lock=replace(lock, epoch=FILE_TIME), arch=found.arch,
        inputs=inputs.path, created=lock.epoch,
    )  # fmt: skip
    return builder.check_changes(
        toolbox.path(BASE_TAR), found.done.path(STORE_TAR), found.done.path(CHANGES_TAR), folder
    )
