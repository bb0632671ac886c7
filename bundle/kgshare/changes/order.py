"""A folder of change sets, and the order in which they are applied: what they follow first, then date, then name.

``NAME/`` beside ``NAME.toml`` holds the change sets that were folded into it: they are not applied, they are its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kgshare.changes.file import read_change_set
from kgshare.changes.model import SUFFIX, ChangeSet
from kgshare.errors import ChangeError, Problem


@dataclass(frozen=True, kw_only=True)
class Folder:
    """What a folder of change sets holds.

    Attributes:
        applied: its change sets in the order in which they are applied; ``follows`` names none that was folded.
        folded: by the name of one of these, the change sets that were folded into it, in order.
    """

    applied: tuple[ChangeSet, ...] = ()
    folded: Mapping[str, tuple[ChangeSet, ...]] = field(default_factory=dict)

    @property
    def history(self) -> tuple[ChangeSet, ...]:
        """Every change set that was ever accepted, in order; what was folded stands for what it was folded into."""
        return tuple(old for one in self.applied for old in self.folded.get(one.name, (one,)))

    def follows(self, one: ChangeSet) -> tuple[str, ...]:
        """What a change set follows, by the names of those that are applied: what was folded is in another."""
        into = {old.name: name for name, olds in self.folded.items() for old in olds}
        return tuple(dict.fromkeys(into.get(name, name) for name in one.follows))

    def joined_by(self, one: ChangeSet) -> Folder:
        """The folder with one more change set, or another of that name.

        Raises:
            ChangeError: it follows one that is not there, or itself in a circle.
        """
        others = [other for other in self.applied if other.name != one.name]
        mapped = replace(one, follows=self.follows(one))
        return Folder(applied=ordered([*others, mapped]), folded=self.folded)


def read_folder(folder: Path, project: str) -> tuple[ChangeSet, ...]:
    """Every change set of a folder, in the order in which they are applied.

    Args:
        folder: files ``NAME.toml``; names beginning with a dot, and other endings, are left alone.
        project: the name that each must carry.

    Raises:
        ChangeError: with every mistake in every file.
    """
    return read_whole_folder(folder, project).applied


def read_whole_folder(folder: Path, project: str) -> Folder:
    """What `read_folder` reads, and the change sets that were folded.

    Raises:
        ChangeError: with every mistake in every file.
    """
    found = _read(folder, project)
    folded = {one.name: ordered(_read(folder / one.name, project)) for one in found}
    history = Folder(folded={name: olds for name, olds in folded.items() if olds})
    mapped = [replace(one, follows=history.follows(one)) for one in found]
    return Folder(applied=ordered(mapped), folded=history.folded)


def _read(folder: Path, project: str) -> list[ChangeSet]:
    problems: list[Problem] = []
    found: list[ChangeSet] = []
    for file in sorted(folder.glob(f"[!.]*{SUFFIX}")):
        try:
            found.append(read_change_set(file))
        except ChangeError as error:
            problems += error.problems
    problems += [
        Problem(message=f"it is for the project {c.project}, not {project}", where=f"{c.name}{SUFFIX}")
        for c in found
        if c.project != project
    ]
    if problems:
        raise ChangeError(*problems)
    return found


def ordered(change_sets: Iterable[ChangeSet]) -> tuple[ChangeSet, ...]:
    """Change sets in the order in which they are applied.

    Raises:
        ChangeError: one follows another that is not there, or itself in a circle.
    """
    waiting = sorted(change_sets, key=lambda c: (c.date, c.name))
    names = {change_set.name for change_set in waiting}
    problems = [
        Problem(message=f"it follows {name}, which is not there", where=f"{change_set.name}{SUFFIX}")
        for change_set in waiting
        for name in change_set.follows
        if name not in names
    ]
    if problems:
        raise ChangeError(*problems)
    done: dict[str, ChangeSet] = {}
    while waiting:
        ready = next((c for c in waiting if all(name in done for name in c.follows)), None)
        if ready is None:
            raise ChangeError(_circle(waiting))
        waiting.remove(ready)
        done[ready.name] = ready
    return tuple(done.values())


def _circle(waiting: Sequence[ChangeSet]) -> Problem:
    names = ", ".join(change_set.name for change_set in waiting)
    return Problem(
        message=f"change sets follow each other in a circle: {names}", where=f"{waiting[0].name}{SUFFIX}"
    )
