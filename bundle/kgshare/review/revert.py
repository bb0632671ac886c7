"""``kgshare revert``: one more change set, which takes back what another did, as far as nobody built on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.aside import write_aside
from kgshare.changes.file import parse_change_set, render
from kgshare.changes.make import follows_of, name_for, now
from kgshare.changes.model import SUFFIX, Change, ChangeSet, invert
from kgshare.changes.present import present
from kgshare.changes.resolve import CannotResolve, Choice, Place, settle
from kgshare.errors import ConflictError, Problem, UsageError
from kgshare.progress import Progress
from kgshare.review.accepted import Accepted, read_accepted
from kgshare.review.fit import Ask
from kgshare.review.git import author_here
from kgshare.review.pending import Decisions
from kgshare.review.propose import git_author, message_of
from kgshare.review.show import conflict_problems, numbered
from kgshare.review.upstream import upstream


@dataclass(frozen=True, kw_only=True)
class RevertReport:
    """What ``revert`` returns: the change set that takes another back, and the commit that adds it."""

    schema: ClassVar[str] = "revert"
    reverted: str
    name: str
    file: Path
    changes: int
    kept: int
    commit: str

    def text(self) -> str:
        """What was done."""
        commit = f"; commit {self.commit[:12]}" if self.commit else ""
        kept = f", {self.kept} left as they are now" if self.kept else ""
        return f"{self.file}: takes back {self.changes} changes of {self.reverted}{kept}{commit}"


def revert(
    where: Path,
    name: str,
    *,
    reason: str,
    author: str | None = None,
    output: Path | None = None,
    decisions: Decisions,
    ask: Ask | None = None,
    local: bool | None = None,
    progress: Progress,
) -> RevertReport:
    """Take a change set back.

    Args:
        where: the project's folder.
        name: of the change set; one that was folded too.
        reason: why.
        author: who does; as Git has it when not given.
        output: a file for the change set; else it is added to the project, and committed.
        decisions: where others built on it: ours takes it back all the same, theirs leaves what is there now.
        ask: is asked about the others, on a terminal.
        local: see `kgshare.review.upstream.upstream`.
        progress: says what takes time.

    Raises:
        UsageError: there is no such change set, or all of it is taken back already.
        ConflictError: others built on it; with each of these.
    """
    accepted = read_accepted(where)
    who = author or author_here(accepted.project.root)
    history = accepted.sets.history
    found = next((one for one in (*history, *accepted.applied) if one.name == name), None)
    if found is None:
        raise UsageError(f"there is no change set {name}", hint="`kgshare log` lists them")
    later = accepted.applied if found in accepted.applied else history
    since = [one.changes for one in later[later.index(found) + 1 :]]
    back = invert(found.changes)
    with upstream(accepted.project, local=local, progress=progress) as up:
        graph = present(up.base, accepted.applied, [back, *since])
        if graph.conflicts:
            raise ConflictError(*conflict_problems(graph.conflicts))
        try:
            settled = settle(graph.records, back, since, {})
            choices: dict[Place, Choice] = {}
            for number, conflict in enumerate(settled.conflicts, 1):
                choice = decisions.of(number) or (
                    ask(conflict, number, len(settled.conflicts)) if ask else None
                )
                if choice:
                    choices[conflict.record, conflict.what] = choice
            settled = settle(graph.records, back, since, choices) if choices else settled
        except CannotResolve as error:
            raise UsageError(str(error)) from None
        if settled.conflicts:
            raise _built_upon(name, numbered(settled.conflicts))
        if not settled.changes:
            raise UsageError(f"nothing of {name} is there any more to be taken back")
        made = _change_set(accepted, found, settled.changes, who, reason, graph.digest())
    return _write(accepted, found, made, output, sum(c.side == "theirs" for c in choices.values()))


def _built_upon(name: str, lines: list[str]) -> ConflictError:
    hint = (
        f"`kgshare revert {name} --ours N|all` takes it back all the same, `--theirs N|all` leaves what is there now; "
        "or revert what came later first"
    )
    return ConflictError(
        *(Problem(message=line) for line in lines[:-1]), Problem(message=lines[-1], hint=hint)
    )


def _change_set(
    accepted: Accepted, old: ChangeSet, changes: tuple[Change, ...], author: str, reason: str, digest: str
) -> ChangeSet:
    date = now()
    there = {one.name for one in accepted.applied}
    follows = {*follows_of(changes, accepted.applied), *({old.name} & there)}
    made = ChangeSet(
        title=f"Take back: {old.title}", author=author, date=date, reason=reason, project=old.project,
        references=(f"change set {old.name}",), baseline=digest, follows=tuple(sorted(follows)), changes=changes,
    )  # fmt: skip
    taken = (*there, *(one.name for one in accepted.sets.history))
    return parse_change_set(render(made).encode(), f"{name_for(made.title, date, taken)}{SUFFIX}")


def _write(
    accepted: Accepted, old: ChangeSet, made: ChangeSet, output: Path | None, kept: int
) -> RevertReport:
    file, commit = output or accepted.file(made.name), ""
    write_aside(file, render(made))
    if output is None and accepted.repository is not None:
        try:
            commit = accepted.repository.commit(
                [file],
                message_of(made),
                author=git_author(made.author),
                date=f"{made.date:%Y-%m-%dT%H:%M:%SZ}",
            )
        except BaseException:
            file.unlink(missing_ok=True)
            raise
    return RevertReport(
        reverted=old.name, name=made.name, file=file, changes=len(made.changes), kept=kept, commit=commit
    )
