"""``kgshare review squash``: accepted change sets become one, which makes the same graph; they stay beside it as its history."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from kgshare.changes.compose import compose
from kgshare.changes.file import parse_change_set, render
from kgshare.changes.make import name_for
from kgshare.changes.model import SUFFIX, Change, ChangeSet
from kgshare.changes.order import read_whole_folder
from kgshare.changes.present import present
from kgshare.errors import ConflictError, UsageError
from kgshare.progress import Progress
from kgshare.review.accepted import Accepted, read_accepted
from kgshare.review.git import author_here
from kgshare.review.propose import git_author
from kgshare.review.show import conflict_problems
from kgshare.review.upstream import upstream


@dataclass(frozen=True, kw_only=True)
class SquashReport:
    """What ``squash`` returns: the one change set, those it was made of, and the commit."""

    schema: ClassVar[str] = "review-squash"
    name: str
    folded: tuple[str, ...]
    changes: int
    commit: str

    def text(self) -> str:
        """What became of what."""
        commit = f"; commit {self.commit[:12]}" if self.commit else ""
        return f"{self.name}: {len(self.folded)} change sets are one with {self.changes} changes{commit}"


def folded_changes(change_sets: Sequence[ChangeSet]) -> tuple[Change, ...]:
    """What change sets, one after the other, come to."""
    made: tuple[Change, ...] = ()
    for one in change_sets:
        made = compose(made, one.changes)
    return made


def squash(
    where: Path,
    *,
    until: str | None = None,
    author: str | None = None,
    local: bool | None = None,
    progress: Progress,
) -> SquashReport:
    """Fold the oldest change sets, in the order in which they are applied, into one.

    Args:
        where: the project's folder.
        until: the last one to fold; all when not given.
        author: who folds; as Git has it when not given.
        local: see `kgshare.review.upstream.upstream`.
        progress: says what takes time.

    Raises:
        UsageError: there is no such change set, or fewer than two to fold.
        ConflictError: the change sets do not fit; nothing was done.
    """
    accepted = read_accepted(where)
    who = author or author_here(accepted.project.root)
    names = [one.name for one in accepted.applied]
    if until is not None and until not in names:
        raise UsageError(f"there is no change set {until}", hint="`kgshare log` lists them")
    number = names.index(until) + 1 if until else len(names)
    old, rest = accepted.applied[:number], accepted.applied[number:]
    if len(old) < 2:
        raise UsageError("there is nothing to fold: two change sets, or more, become one")
    with upstream(accepted.project, local=local, progress=progress) as found:
        before = present(found.base, accepted.applied)
        if before.conflicts:
            raise ConflictError(*conflict_problems(before.conflicts))
        one = _folded(accepted, old, who, present(found.base, ()).digest())
        after = present(found.base, (replace(one, lines=()), *_renamed(rest, old, one.name)))
        assert not after.conflicts, "a composition does what its parts do"
        assert after.digest() == before.digest(), "a composition does what its parts do"
    commit = _write(accepted, old, one)
    return SquashReport(
        name=one.name, folded=tuple(c.name for c in old), changes=len(one.changes), commit=commit
    )


def _folded(accepted: Accepted, old: Sequence[ChangeSet], author: str, baseline: str) -> ChangeSet:
    last = old[-1]
    titles = "\n".join(f"- {one.title} ({one.author}, {one.date:%Y-%m-%d})" for one in old)
    made = ChangeSet(
        title=f"{len(old)} change sets until {last.date:%Y-%m-%d}", author=author, date=last.date,
        reason=f"Folded from:\n{titles}", project=last.project, baseline=baseline, changes=folded_changes(old),
    )  # fmt: skip
    name = name_for("folded", last.date, (p.stem for p in accepted.folder.iterdir()))
    return parse_change_set(render(made).encode(), f"{name}{SUFFIX}")


def _renamed(rest: Sequence[ChangeSet], old: Sequence[ChangeSet], name: str) -> list[ChangeSet]:
    gone = {one.name for one in old}
    return [
        replace(c, follows=tuple(dict.fromkeys(name if n in gone else n for n in c.follows))) for c in rest
    ]


def _write(accepted: Accepted, old: Sequence[ChangeSet], one: ChangeSet) -> str:
    """Make the new folder aside and put it in the old one's place; then commit."""
    folder, history = accepted.folder, one.name
    with tempfile.TemporaryDirectory(prefix=".fold-", dir=folder.parent) as aside:
        new = Path(aside) / folder.name
        shutil.copytree(folder, new)
        (new / history).mkdir()
        for earlier in old:
            file = new / f"{earlier.name}{SUFFIX}"
            below = new / earlier.name
            if below.is_dir():  # it was folded itself: its own history comes along, it goes
                for part in below.iterdir():
                    part.rename(new / history / part.name)
                below.rmdir()
                file.unlink()
            else:
                file.rename(new / history / file.name)
        (new / f"{one.name}{SUFFIX}").write_text(render(one), encoding="utf-8", newline="")
        read_whole_folder(new, one.project)
        folder.rename(Path(aside) / "before")
        new.rename(folder)
    if accepted.repository is None:
        return ""
    message = f"Fold {len(old)} change sets into {one.name}\n\nThey stay in {one.name}/ as its history.\n"
    date = f"{one.date:%Y-%m-%dT%H:%M:%SZ}"
    return accepted.repository.commit([folder], message, author=git_author(one.author), date=date)
