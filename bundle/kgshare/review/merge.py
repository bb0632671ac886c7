"""``kgshare review merge`` and ``rebase``: proposals are made to fit, and accepted ones are ordinary commits.

All or nothing: the folder of change sets is written when every conflict is resolved. What was decided until then is kept in
``.git/kgshare-review/merge.json`` (outside Git in kgshare's state), for ``--continue``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from kgshare.aside import write_aside
from kgshare.changes.file import read_change_set, render
from kgshare.changes.make import name_for
from kgshare.changes.model import SUFFIX, ChangeSet
from kgshare.changes.order import Folder
from kgshare.changes.present import Base
from kgshare.changes.resolve import Choice, Place
from kgshare.errors import ChangeError, ConflictError, Problem, UsageError
from kgshare.places import state_dir
from kgshare.progress import Progress
from kgshare.review.accepted import Accepted, read_accepted
from kgshare.review.fit import Ask, Fitted, fit
from kgshare.review.pending import Decisions, Pending
from kgshare.review.propose import git_author, message_of
from kgshare.review.show import numbered
from kgshare.review.upstream import upstream

NEXT = (
    "`kgshare review merge --continue --ours N|all`, `--theirs N|all` or `--value N=VALUE` resolves them (ours is the "
    "proposal's), `--abort` forgets the merge"
)


@dataclass(frozen=True, kw_only=True)
class MergedSet:
    """One proposal that was accepted.

    Attributes:
        name: of the change set.
        title: its; author: likewise.
        author: likewise.
        commit: that adds it; empty outside Git.
        changes: how many it has; done: how many were so already and were left out.
        done: likewise.
        rewritten: whether it is another than was proposed.
    """

    name: str
    title: str
    author: str
    commit: str
    changes: int
    done: int
    rewritten: bool


@dataclass(frozen=True, kw_only=True)
class MergeReport:
    """What ``merge`` returns: what was accepted, and what it says besides."""

    schema: ClassVar[str] = "review-merge"
    merged: tuple[MergedSet, ...]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """One line for each, and what to do next."""
        rows = [
            f"{one.name}: {one.changes} changes by {one.author}"
            + (", rewritten onto the present graph" if one.rewritten else "")
            + (f", {one.done} were so already" if one.done else "")
            + (f"; commit {one.commit[:12]}" if one.commit else "; not in Git: the file is written")
            for one in self.merged
        ]
        after = ["`kgshare review check` says whether the graph is as it must be"] if rows else []
        return "\n".join([*rows, *self.notes, *after])


def merge(
    where: Path,
    what: str,
    *,
    decisions: Decisions,
    ask: Ask | None = None,
    local: bool | None = None,
    progress: Progress,
) -> MergeReport:
    """Accept a proposal: a change set's file, or those that a branch adds.

    Args:
        where: the project's folder.
        what: a file, or a branch or other revision of the project's repository.
        decisions: how conflicts are resolved.
        ask: is asked about the others, on a terminal.
        local: see `kgshare.review.upstream.upstream`.
        progress: says what takes time.

    Raises:
        UsageError: there is no such file or branch, it adds no change set, or another merge is under way.
        ChangeError: a file is not a change set, or of another project.
        ConflictError: with every conflict that is still to be resolved; what was decided is kept.
    """
    accepted = read_accepted(where)
    state = _state(accepted)
    if state.is_file():
        hint = "`kgshare review merge --continue` goes on with it, `--abort` forgets it"
        raise UsageError("another merge is under way", hint=hint)
    return _go_on(accepted, _incoming(accepted, what), decisions, ask, local, progress)


def merge_on(
    where: Path,
    *,
    decisions: Decisions,
    ask: Ask | None = None,
    local: bool | None = None,
    progress: Progress,
) -> MergeReport:
    """Go on with a merge that stopped at conflicts; raises as `merge`."""
    accepted = read_accepted(where)
    state = _state(accepted)
    if not state.is_file():
        raise UsageError("no merge is under way", hint="`kgshare review merge FILE|BRANCH` begins one")
    pending = Pending.from_json(state.read_text(encoding="utf-8"))
    return _go_on(accepted, pending, decisions, ask, local, progress)


def abort(where: Path) -> MergeReport:
    """Forget a merge that stopped at conflicts; the change sets are as they were.

    Raises:
        UsageError: none is under way.
    """
    state = _state(read_accepted(where))
    if not state.is_file():
        raise UsageError("no merge is under way")
    state.unlink()
    return MergeReport(merged=(), notes=("the merge is forgotten; nothing was changed",))


def _state(accepted: Accepted) -> Path:
    if accepted.repository:
        return accepted.repository.private("kgshare-review/merge.json")
    name = str(accepted.folder.resolve()).replace("/", "_")
    return state_dir() / "reviews" / name / "merge.json"


def _incoming(accepted: Accepted, what: str) -> Pending:
    """The files that are proposed."""
    file = Path(what)
    if file.is_file():
        one = accepted.require_own(read_change_set(file))
        there = {old.name: old for old in accepted.applied}
        if (
            one.name in there
            and there[one.name] == one
            and file.resolve() != accepted.file(one.name).resolve()
        ):
            raise UsageError(f"{file.name} is accepted already")
        name = one.name if one.name not in there else name_for(one.title, one.date, there)
        return Pending(origin=file.name, files={f"{name}{SUFFIX}": file.read_text(encoding="utf-8")})
    repo = accepted.repository
    if repo is None or not repo.exists(what):
        raise UsageError(
            f"there is no file and no branch {what}",
            hint="name a change set's file, or a branch that adds one",
        )
    folder = repo.inside(accepted.folder)
    ours, theirs = repo.files("HEAD", folder), repo.files(what, folder)
    base = repo.run("merge-base", "HEAD", what).strip() if _related(accepted, what) else ""
    old = repo.files(base, folder) if base else {}
    changed = sorted(
        name for name in old if name in ours and theirs.get(name, old[name]) not in (ours[name], old[name])
    )
    if changed:
        problems = [
            Problem(message=f"{what} alters an accepted change set", where=f"{folder}/{name}")
            for name in changed
        ]
        hint = "what is accepted is history: propose a change set that changes it again, or `kgshare review revert` it"
        raise ChangeError(*(replace(problem, hint=hint) for problem in problems))
    new = {
        name: data.decode("utf-8", "replace")
        for name, data in theirs.items()
        if name not in ours and name not in old
    }
    if not new:
        raise UsageError(f"{what} adds no change set to {folder}")
    pending = Pending(origin=f"{what} ({repo.head(what)[:12]})", files=new)
    for one in pending.proposals():
        accepted.require_own(one)
    return pending


def _related(accepted: Accepted, what: str) -> bool:
    from kgshare.review.git import GitError

    assert accepted.repository is not None
    try:
        accepted.repository.run("merge-base", "HEAD", what)
    except GitError:
        return False
    return True


def _go_on(
    accepted: Accepted,
    pending: Pending,
    decisions: Decisions,
    ask: Ask | None,
    local: bool | None,
    progress: Progress,
) -> MergeReport:
    with upstream(accepted.project, local=local, progress=progress) as found:
        fitted, choices = fit_all(
            pending.proposals(), found.base, accepted.sets, pending.choices, decisions, ask
        )
    open_ = [conflict for one in fitted for conflict in one.conflicts]
    if open_:
        write_aside(_state(accepted), replace(pending, choices=choices).to_json())
        lines = numbered(open_)
        raise ConflictError(
            *(Problem(message=line) for line in lines[:-1]), Problem(message=lines[-1], hint=NEXT)
        )
    merged = _accept(accepted, pending, fitted)
    _state(accepted).unlink(missing_ok=True)
    gone = [n for n, one in zip(pending.files, fitted, strict=True) if one.change_set is None]
    notes = tuple(
        f"{name.removesuffix(SUFFIX)}: everything in it is so already; nothing was added" for name in gone
    )
    return MergeReport(merged=merged, notes=notes)


def fit_all(
    proposals: Sequence[ChangeSet],
    base: Base,
    sets: Folder,
    choices: Mapping[Place, Choice],
    decisions: Decisions,
    ask: Ask | None,
) -> tuple[list[Fitted], dict[Place, Choice]]:
    """Make proposals fit one after the other; one with open conflicts is left out of what the next ones meet."""
    made, fitted, number = dict(choices), list[Fitted](), 0
    for one in proposals:
        now = fit(one, base, sets, made)
        for conflict in now.conflicts:
            number += 1
            if choice := decisions.of(number):
                made[conflict.record, conflict.what] = choice
        now = fit(one, base, sets, made, ask)
        made |= now.choices
        fitted.append(now)
        if now.change_set:
            sets = sets.joined_by(now.change_set)
    return fitted, made


def _accept(accepted: Accepted, pending: Pending, fitted: Sequence[Fitted]) -> tuple[MergedSet, ...]:
    """Write the files, and commit each with its author; if one cannot be, none is."""
    made = [(one, one.change_set) for one in fitted if one.change_set]
    repo, merged = accepted.repository, list[MergedSet]()
    start = repo.head() if repo else ""
    written: list[Path] = []
    try:
        for one, change_set in made:
            file = accepted.file(change_set.name)
            before = file.read_bytes() if file.exists() else None
            write_aside(file, render(change_set))
            written += [file] if before is None else []
            commit = ""
            if repo:
                message = f"{message_of(change_set)}Merged-from: {pending.origin}\n"
                date = change_set.date.strftime("%Y-%m-%dT%H:%M:%SZ")
                commit = repo.commit([file], message, author=git_author(change_set.author), date=date)
            merged.append(
                MergedSet(
                    name=change_set.name, title=change_set.title, author=change_set.author, commit=commit,
                    changes=len(change_set.changes), done=one.done, rewritten=one.rewritten,
                )
            )  # fmt: skip
    except BaseException:
        if repo and start:
            repo.run("reset", "--quiet", "--soft", start)
            for file in written:
                repo.run("rm", "--quiet", "--cached", "--ignore-unmatch", "--", repo.inside(file))
        for file in written:
            file.unlink(missing_ok=True)
        raise
    return tuple(merged)
