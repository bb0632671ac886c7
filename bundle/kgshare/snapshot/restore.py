"""``kgshare restore``: the graph of a running stack becomes that of a snapshot, and is read again to show it.

Only what differs is written, as changes, so that values of every type come as exactly as from a change set.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.changes.diff import TextDiff, diff_texts
from kgshare.errors import Interrupted, Problem, SeedError, StackError
from kgshare.progress import Progress
from kgshare.seeding.bolt import Database, QueryFailed, connect
from kgshare.seeding.write import write_changes
from kgshare.snapshot.live import read_stack
from kgshare.snapshot.source import STACK, Graph, opened, require_comparable
from kgshare.stack.ports import LOOPBACK
from kgshare.stack.reach import Reach


@dataclass(frozen=True, kw_only=True)
class RestoreReport:
    """What was restored.

    Attributes:
        stack: whose graph it was.
        source: what it is like now.
        changes: how many changes that took; schema likewise, of constraints and indexes.
        before: digest of the graph that was there.
        digest: of the graph that is there now, as read from the stack: that of the source.
        seconds: how long it took.
    """

    schema: ClassVar[str] = "restore"
    stack: str
    source: str
    changes: int
    constraints_and_indexes: int
    before: str
    digest: str
    seconds: float

    def text(self) -> str:
        """For a person."""
        if not self.changes and not self.constraints_and_indexes:
            return f"{self.stack} holds {self.source} already\n{self.digest}"
        more = f" and {self.constraints_and_indexes} of the schema" if self.constraints_and_indexes else ""
        head = f"{self.stack} holds {self.source}: {self.changes:,} changes{more} in {self.seconds:.1f} s"
        return f"{head}\n{self.digest}"


def restore(
    source: str,
    name: str | None,
    *,
    agreed: Callable[[str], bool],
    keep: Callable[[str], None],
    progress: Progress,
) -> RestoreReport:
    """Make the graph of a running stack that of a snapshot, or of anything else that is a graph.

    Args:
        source: as `kgshare.snapshot.source.opened` takes it.
        name: of the stack; that of the project in this folder, or the only one, when not given.
        agreed: is asked, where there are edits in the stack, and says whether to go on.
        keep: sees to the edits before they go.
        progress: says what takes time.

    Raises:
        Interrupted: the answer was no; nothing was done.
        UsageError: there is no such source, or it is of another project.
        StackError: there is no such stack, or it is being written to.
        SeedError: the database refuses a record; the records are as they were.
        KgshareError: as `opened` raises it.
    """
    began = time.monotonic()
    with (
        opened(source, progress=progress) as graph,
        tempfile.TemporaryDirectory(prefix="kgshare-now-") as made,
    ):
        text = read_stack(name, Path(made) / "now", progress=progress)
        stack = text.stack
        now = Graph(
            name=f"{STACK}{stack.stack}", kind="stack", folder=text.folder, digest=text.digest.sha256,
            project=text.baseline.manifest.name,
        )  # fmt: skip
        require_comparable(graph, now)
        found = diff_texts(text.folder, graph.folder)
        schema = len(found.schema_gone) + len(found.schema_new)
        if found.changes or schema:
            edits = text.digest.sha256 != text.baseline.digest
            question = f"What was edited in {stack.stack} will be as in {graph.name}. Go on?"
            if edits and not agreed(question):
                raise Interrupted("nothing was changed")
            if edits:
                keep(stack.stack)
            with progress.stage(f"write {len(found.changes):,} changes to {stack.stack}"):
                write(stack, found)
            again = read_stack(stack.stack, Path(made) / "after", progress=progress)
            if again.digest.sha256 != graph.digest:
                raise _differs(stack, graph, again.folder)
    return RestoreReport(
        stack=stack.stack, source=graph.name, changes=len(found.changes), constraints_and_indexes=schema,
        before=f"sha256:{now.digest}", digest=f"sha256:{graph.digest}", seconds=round(time.monotonic() - began, 2),
    )  # fmt: skip


def write(stack: Reach, found: TextDiff) -> None:
    """Write a difference to a stack: the schema that goes, then the records in one transaction, then the schema that comes.

    Raises:
        SeedError: the database refuses it; the records are as they were.
    """
    with connect(f"bolt://{LOOPBACK}:{stack.port}", stack.password) as db:
        for statement in found.schema_gone:
            _schema(db, drop_of(statement))
        try:
            with db.transaction() as within:
                write_changes(within, found.changes, stack.stack)
        except BaseException:
            for statement in _constraints_first(found.schema_gone):
                _schema(db, statement)
            raise
        for statement in _constraints_first(found.schema_new):
            _schema(db, statement)
        if found.schema_new:
            db.run("CALL db.awaitIndexes(300)")


def _constraints_first(statements: Iterable[str]) -> list[str]:
    return sorted(statements, key=lambda statement: not statement.startswith("CREATE CONSTRAINT"))


def _schema(db: Database, statement: str) -> None:
    try:
        db.run(statement.removesuffix(";"))
    except QueryFailed as error:
        raise SeedError(Problem(message=f"Neo4j refuses {statement} {error.message}")) from None


def drop_of(statement: str) -> str:
    """The statement that takes back one that made a constraint or an index."""
    kind = "CONSTRAINT" if statement.startswith("CREATE CONSTRAINT ") else "INDEX"
    start = statement.index("`")
    end = start + 1
    while statement[end] != "`" or statement[end + 1 : end + 2] == "`":
        end += 2 if statement[end] == "`" else 1
    return f"DROP {kind} {statement[start : end + 1]} IF EXISTS;"


def _differs(stack: Reach, graph: Graph, now: Path) -> StackError:
    left = diff_texts(now, graph.folder)
    first = left.changes[0].record if left.changes else "the schema"
    return StackError(
        Problem(
            message=f"the graph is not the one that was to be restored: {len(left.changes)} changes are left, first {first}",
            where=stack.stack,
            hint="something else writes to it: stop that, and restore again; `kgshare reset` goes back to the bundle",
        )
    )
