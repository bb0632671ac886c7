"""Changes and conflicts for a person to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from kgshare.changes.apply import Conflict
from kgshare.changes.model import Change, ChangeSet
from kgshare.compare import record_lines, row
from kgshare.errors import Problem


def change_lines(changes: Iterable[Change]) -> Iterator[str]:
    """Changes, record by record."""
    for record, rows in groupby(map(row, changes), key=lambda one: str(one["record"])):
        yield from record_lines(record, list(rows))


def numbered(conflicts: Sequence[Conflict]) -> list[str]:
    """Conflicts with the numbers by which they are resolved."""
    return [f"[{number}] {conflict.text()}" for number, conflict in enumerate(conflicts, 1)]


def conflict_problems(conflicts: Iterable[tuple[ChangeSet, Conflict]], folder: str = "") -> list[Problem]:
    """Conflicts as an error's problems, each at its file and line."""
    found = []
    for change_set, conflict in conflicts:
        at = change_set.where(conflict.change) if conflict.change in change_set.changes else change_set.name
        where = f"{folder}/{at}" if folder else at
        found.append(Problem(message=conflict.text(), where=where, kind="conflict"))
    return found
