"""A folder of change sets, and the order in which they are applied: what they follow first, then date, then name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from kgshare.changes.file import read_change_set
from kgshare.changes.model import SUFFIX, ChangeSet
from kgshare.errors import ChangeError, Problem


def read_folder(folder: Path, project: str) -> tuple[ChangeSet, ...]:
    """Every change set of a folder, in the order in which they are applied.

    Args:
        folder: files ``NAME.toml``; names beginning with a dot, and other endings, are left alone.
        project: the name that each must carry.

    Raises:
        ChangeError: with every mistake in every file.
    """
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
    return ordered(found)


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
