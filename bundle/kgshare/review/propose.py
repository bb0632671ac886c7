"""``kgshare review propose``: what a reviewer changed in a sandbox becomes one change set."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.aside import write_aside
from kgshare.changes.diff import diff_texts
from kgshare.changes.file import render
from kgshare.changes.make import Wanted, make_change_set
from kgshare.changes.model import SUFFIX, Change, ChangeSet
from kgshare.changes.order import Folder, read_whole_folder
from kgshare.errors import Interrupted, UsageError
from kgshare.progress import Progress
from kgshare.review.accepted import read_accepted
from kgshare.review.git import GitError, author_here
from kgshare.review.show import change_lines
from kgshare.snapshot.live import read_stack
from kgshare.stack.baseline import Baseline


@dataclass(frozen=True, kw_only=True)
class Edits:
    """What was changed in a sandbox.

    Attributes:
        stack: its name.
        baseline: where it began.
        accepted: the change sets that were in it then.
        changes: since then.
        schema: constraints and indexes that went or came; they are no data and stay where they are.
    """

    stack: str
    baseline: Baseline
    accepted: Folder
    changes: tuple[Change, ...]
    schema: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProposeReport:
    """What ``propose`` returns.

    Attributes:
        stack: whose edits.
        file: where the change set is; None where nothing has changed, or it is in a branch only.
        branch: the branch that holds it, and its commit; empty without ``--git``.
        changes: how many.
        notes: what does not go along.
    """

    schema: ClassVar[str] = "review-propose"
    stack: str
    file: Path | None = None
    branch: str = ""
    commit: str = ""
    changes: int = 0
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Where it is, and what to do with it."""
        if not self.changes:
            return "\n".join([f"nothing has changed in {self.stack} since it was started", *self.notes])
        made = f"{self.changes} change{'s' if self.changes > 1 else ''}"
        if self.branch:
            push = f"`git push -u origin {self.branch}` sends it"
            return "\n".join([f"branch {self.branch}: {made} in one commit", *self.notes, f"  {push}"])
        return "\n".join(
            [f"{self.file}: {made}", *self.notes, "  send the file, or add it to the project's change sets"]
        )


def edits_of(name: str | None, *, progress: Progress) -> Edits:
    """What was changed in a running stack since it was started.

    Raises:
        StackError: there is no such stack, it does not answer, or where it began is not known.
        SeedError: a record cannot be identified: which, and what to declare.
    """
    with tempfile.TemporaryDirectory(prefix="kgshare-edits-") as folder:
        text = read_stack(name, Path(folder) / "graph", progress=progress)
        found = diff_texts(text.baseline.graph, text.folder)
    accepted = read_whole_folder(text.baseline.changes, text.baseline.manifest.name)
    schema = (*(f"- {line}" for line in found.schema_gone), *(f"+ {line}" for line in found.schema_new))
    return Edits(
        stack=text.stack.stack,
        baseline=text.baseline,
        accepted=accepted,
        changes=found.changes,
        schema=schema,
    )


def change_set_of(edits: Edits, wanted: Wanted) -> ChangeSet:
    """The edits of a sandbox as a change set; raises as `make_change_set`."""
    return make_change_set(
        edits.changes, wanted, project=edits.baseline.manifest.name, baseline=f"sha256:{edits.baseline.digest}",
        accepted=edits.accepted.applied,
    )  # fmt: skip


def propose(
    name: str | None,
    *,
    title: str,
    reason: str,
    author: str | None = None,
    references: tuple[str, ...] = (),
    output: Path | None = None,
    project: Path | None = None,
    agreed: Callable[[str], bool],
    progress: Progress,
) -> ProposeReport:
    """Collect the edits of a sandbox into a change set, after showing them.

    Args:
        name: of the stack; that of the project in this folder, or the only one, when not given.
        title: one line; reason: why.
        reason: likewise.
        author: ``Name <address>``; as Git has it when not given.
        references: what it rests on.
        output: the file, or a folder for it; here, under its own name, when not given.
        project: with it, the change set is not a file but a branch with one commit in this project's repository.
        agreed: is asked whether to go on after the changes were shown.
        progress: shows them, and says what takes time.

    Raises:
        UsageError: the author is not known, or the project's folder is in no repository.
        ChangeError: what was said does not make a change set.
        StackError, SeedError: as `edits_of`.
    """
    who = author or author_here(project or Path())
    found = edits_of(name, progress=progress)
    notes = _schema_notes(found.schema)
    if not found.changes:
        return ProposeReport(stack=found.stack, notes=notes)
    wanted = Wanted(title=title, reason=reason, author=who, references=references)
    made = change_set_of(found, wanted)
    for line in change_lines(made.changes):
        progress.say(line)
    if not agreed(
        f"Propose {'this change' if len(made.changes) == 1 else f'these {len(made.changes)} changes'}?"
    ):
        raise Interrupted("nothing was written")
    report = ProposeReport(stack=found.stack, changes=len(made.changes), notes=notes)
    if project is not None:
        branch, commit = as_branch(project, made)
        return ProposeReport(**{**vars(report), "branch": branch, "commit": commit})
    target = (
        output / f"{made.name}{SUFFIX}"
        if output and output.is_dir()
        else output or Path(f"{made.name}{SUFFIX}")
    )
    write_aside(target, render(made))
    return ProposeReport(**{**vars(report), "file": target})


def as_branch(project: Path, one: ChangeSet) -> tuple[str, str]:
    """Make a branch ``review/NAME`` with one commit that adds a change set; returns it and the commit.

    Raises:
        UsageError: the project is in no repository, or there is such a branch.
    """
    accepted = read_accepted(project)
    accepted.require_own(one)
    repo, branch = accepted.repository, f"review/{one.name}"
    if repo is None or not repo.exists("HEAD"):
        raise UsageError(
            "the project is not in a Git repository with a commit", hint="leave out --git: a file is written"
        )
    if repo.exists(f"refs/heads/{branch}"):
        raise UsageError(
            f"there is a branch {branch} already", hint="choose another title, or delete the branch"
        )
    file = repo.inside(accepted.file(one.name))
    try:
        commit = repo.branch(
            branch, file, render(one).encode(), message_of(one), author=git_author(one.author), date=_iso(one)
        )
    except GitError as error:
        raise UsageError(*error.problems) from None
    return branch, commit


def message_of(one: ChangeSet) -> str:
    """A commit's message for a change set: its title, why, what it rests on, and its name."""
    references = "".join(f"Reference: {reference}\n" for reference in one.references)
    return f"{one.title}\n\n{one.reason}\n\n{references}Change-set: {one.name}\n"


def git_author(author: str) -> str:
    """An author as Git takes it: with an address, if need be an empty one."""
    return (
        author if author.endswith(">") and "<" in author else f"{author.translate({60: None, 62: None})} <>"
    )


def _iso(one: ChangeSet) -> str:
    return one.date.strftime("%Y-%m-%dT%H:%M:%SZ")


def _schema_notes(schema: tuple[str, ...]) -> tuple[str, ...]:
    if not schema:
        return ()
    return (
        "  constraints and indexes are changed in the project's scripts, not here; left out:",
        *(f"  {s}" for s in schema),
    )
