"""Changes and conflicts for a person to read, and as rows for a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from kgshare.changes.apply import Conflict
from kgshare.changes.model import Change, ChangeSet
from kgshare.compare import row
from kgshare.errors import Problem


def change_lines(changes: Iterable[Change]) -> Iterator[str]:
    """Changes, record by record."""
    for record, rows in groupby(map(row, changes), key=lambda one: one["record"]):
        head = f"  {record}"
        for one in rows:
            if one["kind"] in ("add", "remove"):
                mark = "+" if one["kind"] == "add" else "-"
                yield from (f"{mark} {line}" for line in one["text"].split("\n"))
                continue
            if head:
                yield head
                head = ""
            before, after = (one[k] if one[k] is not None else "(nothing)" for k in ("before", "after"))
            yield f"    {one['what']}: {before} → {after}"


def conflict_row(conflict: Conflict, change_set: str = "", where: str = "") -> dict[str, Any]:
    """A conflict as JSON shows it."""
    return {
        "kind": conflict.kind, "change_set": change_set, "where": where, "record": conflict.record, "what": conflict.what,
        "base": conflict.base, "theirs": conflict.theirs, "ours": conflict.ours,
        "message": conflict.text().partition("\n")[0],
    }  # fmt: skip


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
