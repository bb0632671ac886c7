"""``kgshare review rebase`` and ``apply``: a proposal on a newer graph, and in a running sandbox."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from kgshare.aside import write_aside
from kgshare.changes.apply import apply
from kgshare.changes.file import read_change_set, render
from kgshare.changes.load import load_touched
from kgshare.changes.order import Folder
from kgshare.changes.present import Base
from kgshare.errors import ChangeError, ConflictError, Problem, SeedError, UsageError
from kgshare.progress import Progress
from kgshare.review.accepted import read_accepted
from kgshare.review.bundled import bundled
from kgshare.review.fit import Ask
from kgshare.review.merge import fit_all
from kgshare.review.pending import Decisions
from kgshare.review.show import conflict_problems, numbered
from kgshare.review.upstream import upstream
from kgshare.seeding.bolt import connect
from kgshare.seeding.write import write_changes
from kgshare.snapshot.live import read_stack
from kgshare.stack.ports import LOOPBACK

NEXT = "`--ours N|all` (the proposal's), `--theirs N|all` or `--value N=VALUE` resolves them; nothing was written"


@dataclass(frozen=True, kw_only=True)
class RebaseReport:
    """What ``rebase`` returns: the file, whether anything in it is new, and how many changes were so already."""

    schema: ClassVar[str] = "review-rebase"
    file: Path
    rewritten: bool
    changes: int
    done: int

    def text(self) -> str:
        """What became of it."""
        if not self.changes:
            return f"{self.file}: everything in it is so already; it is not needed any more, and was left as it was"
        if not self.rewritten:
            return f"{self.file} fits as it is"
        done = f", {self.done} were so already" if self.done else ""
        return f"{self.file}: {self.changes} changes on the present graph{done}"


@dataclass(frozen=True, kw_only=True)
class ApplyReport:
    """What ``apply`` returns."""

    schema: ClassVar[str] = "review-apply"
    stack: str
    changes: int

    def text(self) -> str:
        """One line."""
        return f"{self.stack}: {self.changes} changes are in it now"


def rebase(
    file: Path,
    *,
    onto: Path,
    output: Path | None = None,
    decisions: Decisions,
    ask: Ask | None = None,
    local: bool | None = None,
    progress: Progress,
) -> RebaseReport:
    """Rewrite a change set so that it fits a newer graph.

    Args:
        file: of the change set.
        onto: a bundle, or a project's folder with what it has accepted.
        output: where the rewritten one goes; over the file when not given.
        decisions: how conflicts are resolved.
        ask: is asked about the others, on a terminal.
        local: see `kgshare.review.upstream.upstream`.
        progress: says what takes time.

    Raises:
        UsageError: there is no graph at ``onto``.
        ChangeError: it is not a change set, or of another project.
        ConflictError: with every conflict that is still to be resolved; nothing is written.
    """
    one = read_change_set(file)
    with _target(onto, local, progress) as (project, base, sets):
        if one.project != project:
            message = f"it is for the project {one.project}, not {project}: nothing was done"
            raise ChangeError(Problem(message=message, where=str(file)))
        there = {n for c in sets.applied for n in (c.name, *(o.name for o in sets.folded.get(c.name, ())))}
        # What it followed and is not there was not accepted, or under another name: its values decide.
        loose = replace(one, follows=tuple(name for name in one.follows if name in there))
        (fitted,), _ = fit_all([loose], base, sets, {}, decisions, ask)
    if fitted.conflicts:
        lines = numbered(fitted.conflicts)
        raise ConflictError(
            *(Problem(message=line) for line in lines[:-1]), Problem(message=lines[-1], hint=NEXT)
        )
    new = fitted.change_set
    target = output or file
    if new is None:
        return RebaseReport(file=file, rewritten=False, changes=0, done=fitted.done)
    text = render(new)
    rewritten = text != file.read_text(encoding="utf-8")
    if rewritten or target != file:
        write_aside(target, text)
    return RebaseReport(file=target, rewritten=rewritten, changes=len(new.changes), done=fitted.done)


@contextmanager
def _target(onto: Path, local: bool | None, progress: Progress) -> Iterator[tuple[str, Base, Folder]]:
    """The graph that a proposal is to fit: its project's name, text and change sets."""
    if onto.is_dir():
        accepted = read_accepted(onto)
        with upstream(accepted.project, local=local, progress=progress) as found:
            yield accepted.project.manifest.name, found.base, accepted.sets
        return
    if not onto.is_file():
        raise UsageError(f"there is no {onto}", hint="name a bundle or a project's folder")
    with bundled(onto) as graph:
        yield graph.manifest.name, graph.base, graph.sets


def apply_to_stack(file: Path, name: str | None, *, progress: Progress) -> ApplyReport:
    """Make a change set's changes in a running sandbox, all of them or none.

    Raises:
        StackError: there is no such stack, or it does not answer.
        ChangeError: it is not a change set, of another project, or Neo4j refuses a change.
        ConflictError: it does not fit what is in the sandbox; nothing was done.
    """
    one = read_change_set(file)
    with tempfile.TemporaryDirectory(prefix="kgshare-apply-") as folder:
        text = read_stack(name, Path(folder) / "graph", progress=progress)
        project = text.baseline.manifest.name
        if one.project != project:
            message = f"it is for the project {one.project}, not {project}: nothing was done"
            raise ChangeError(Problem(message=message, where=str(file)))
        made = apply(load_touched(text.folder, one.changes), one.changes)
    if made.conflicts:
        hint = "`kgshare review rebase` rewrites it onto a newer bundle"
        problems = conflict_problems((one, conflict) for conflict in made.conflicts)
        raise ConflictError(*problems[:-1], replace(problems[-1], hint=hint))
    stack = text.stack
    with connect(f"bolt://{LOOPBACK}:{stack.port}", stack.password) as db, db.transaction() as once:
        try:
            write_changes(once, one.changes, file.name)
        except SeedError as error:
            raise ChangeError(*error.problems) from None
    return ApplyReport(stack=stack.stack, changes=len(one.changes))
