"""Where a graph is, as a person names it: a bundle, a snapshot's folder, a project, a Git revision, a running stack.

Each becomes a folder of canonical text. Nothing is built or started for it unless that is asked for.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kgshare.canonical.text import INDEX
from kgshare.changes.load import write_after
from kgshare.changes.model import SUFFIX
from kgshare.changes.order import read_folder
from kgshare.changes.present import Base, present
from kgshare.errors import ChangeError, KgshareError, Problem, UsageError
from kgshare.obtain import obtain
from kgshare.progress import Progress
from kgshare.project import MANIFEST, Project, read_project
from kgshare.snapshot.unpack import FOLDER, unpack_graph
from kgshare.snapshot.verify import verified
from kgshare.untar import unpack

STACK = "stack:"
WAYS = "a bundle, a snapshot's folder, a project's folder, a Git revision (REV or REV:FOLDER), or stack:NAME"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph whose canonical text is at hand.

    Attributes:
        name: as it was named.
        kind: ``bundle``, ``snapshot``, ``project``, ``revision`` or ``stack``.
        folder: the text; it may be gone when the context that gave it is over.
        digest: of the graph, 64 hexadecimal digits.
        project: name of its project; empty where nothing says it.
    """

    name: str
    kind: str
    folder: Path
    digest: str
    project: str = ""


@contextmanager
def opened(where: str | Path, *, build: bool = False, progress: Progress) -> Iterator[Graph]:
    """The canonical text of a graph, while it is open.

    Args:
        where: one of `WAYS`.
        build: seed what is of a project or a revision and was not seeded before.
        progress: says what takes time.

    Raises:
        UsageError: it is none of these, or it would have to be built.
        BundleError: the bundle is refused, or holds no graph.
        SeedError: the snapshot is not what its index says, or a record of the stack has no identity.
        StackError: there is no such stack, or it is being written to.
        ChangeError: the change sets of the project do not fit what its seed steps make.
        LockError: the project has no lock that fits.
        ObtainError: what an address names could not be got.
    """
    name, path = str(where), obtain(where, progress=progress)
    with tempfile.TemporaryDirectory(prefix="kgshare-graph-") as made:
        scratch = Path(made)
        if name.startswith(STACK):
            from kgshare.snapshot.live import read_stack

            text = read_stack(name.removeprefix(STACK) or None, scratch / FOLDER, progress=progress)
            yield Graph(
                name=f"{STACK}{text.stack.stack}", kind="stack", folder=text.folder, digest=text.digest.sha256,
                project=text.baseline.manifest.name,
            )  # fmt: skip
        elif (path / INDEX).is_file():
            yield Graph(name=name, kind="snapshot", folder=path, digest=verified(path).sha256)
        elif (path / MANIFEST).is_file():
            yield _of_project(read_project(path), name, "project", scratch, build, progress)
        elif path.is_file() and path.suffix != SUFFIX:
            yield _of_bundle(path, name, scratch)
        elif path.exists():
            what = "a change set comes second" if path.suffix == SUFFIX else f"name {WAYS}"
            raise UsageError(f"there is no graph at {name}", hint=what)
        else:
            from kgshare.snapshot.revision import checked_out

            project = checked_out(name, scratch / "revision")
            yield _of_project(project, name, "revision", scratch, build, progress)


def _of_bundle(file: Path, name: str, scratch: Path) -> Graph:
    from kgshare.bundle import read_bundle

    bundle = read_bundle(file, deep=False)
    digest = unpack_graph(bundle, scratch).sha256
    return Graph(name=name, kind="bundle", folder=scratch / FOLDER, digest=digest, project=bundle.name)


def _of_project(
    project: Project, name: str, kind: str, scratch: Path, build: bool, progress: Progress
) -> Graph:
    """What the seed steps made, of which a result is kept, with the change sets that stand in the folder."""
    from kgshare.plan import CHANGES_TAR, GRAPH_TAR
    from kgshare.review.upstream import at_hand, upstream

    manifest = project.manifest
    folder = project.root / manifest.changes if manifest.changes else None
    change_sets = read_folder(folder, manifest.name) if folder else ()
    done = at_hand(project)
    if done is None and build:
        with upstream(project, progress=progress) as found:
            done = found.done
    if done is None:
        hint = "add --build to seed it now; what was seeded once is found again"
        raise UsageError(f"the graph of {name} was not seeded on this machine with this kgshare", hint=hint)
    for tar in (GRAPH_TAR, CHANGES_TAR):
        with tarfile.open(done.path(tar)) as archive:
            unpack(archive, scratch)
    applied = read_folder(scratch / "changes", manifest.name)
    now = present(Base(text=scratch / FOLDER, applied=applied), change_sets)
    if now.conflicts:
        raise ChangeError(
            *(
                Problem(message=conflict.text(), where=one.where(conflict.change))
                for one, conflict in now.conflicts
            )
        )
    digest = write_after(scratch / FOLDER, now.delta)
    return Graph(name=name, kind=kind, folder=scratch / FOLDER, digest=digest, project=manifest.name)


def require_comparable(one: Graph, other: Graph) -> None:
    """See that two graphs are of one project, and call the same record the same.

    Raises:
        UsageError: they are, or do, not.
    """
    if one.project and other.project and one.project != other.project:
        raise UsageError(
            f"{one.name} is of the project {one.project}, {other.name} of {other.project}",
            hint="only graphs of one project can be compared",
        )
    mine, theirs = keys_in(one.folder), keys_in(other.folder)
    for group in sorted(mine.keys() & theirs.keys()):
        if mine[group] != theirs[group]:
            keys = [", ".join(key) or "nothing" for key in (mine[group], theirs[group])]
            raise UsageError(
                f"{group.partition('/')[2]} is identified by {keys[0]} in {one.name}, by {keys[1]} in {other.name}",
                hint="one is of another project, or of a time before `identity` in its kgshare.yaml changed",
            )


def keys_in(folder: Path) -> dict[str, tuple[str, ...]]:
    """By ``nodes/LABEL`` and ``relationships/TYPE`` what identifies the records of a canonical text."""
    from kgshare.changes.names import key_names

    found: dict[str, tuple[str, ...]] = {}
    for group in sorted(folder.glob("*/*/")):
        file = next(iter(sorted(group.glob("?.txt"))), None)
        if file is None:
            continue
        with file.open(encoding="utf-8") as stream:
            identity = stream.readline().rstrip("\n")
        try:
            found[group.relative_to(folder).as_posix()] = key_names(identity)[1:]
        except ValueError as error:
            raise _unreadable(file, error) from None
    return found


def _unreadable(file: Path, error: ValueError) -> KgshareError:
    from kgshare.canonical.text import not_as_stated

    return not_as_stated(file.parent, file.name, f"is no canonical text: {error}")
