"""After the scripts: the project's change sets, each change matched on what it expects to find.

What fits is decided on canonical records, by the same function as everywhere; then what all sets come to is written over Bolt,
and read again: it must be what was decided on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kgshare.changes.apply import Conflict, Delta, Records, after
from kgshare.changes.diff import diff
from kgshare.changes.load import Touched, touched_by
from kgshare.changes.model import SUFFIX, Change, ChangeSet
from kgshare.changes.order import read_folder
from kgshare.changes.together import together
from kgshare.errors import ChangeError, Problem, SeedError
from kgshare.seeding.bolt import Database, QueryFailed
from kgshare.seeding.problems import Problems
from kgshare.seeding.spec import SeedSpec
from kgshare.seeding.touched import read_touched
from kgshare.seeding.write import write_changes


def read_change_sets(spec: SeedSpec) -> tuple[ChangeSet, ...]:
    """The project's change sets in the order in which they are applied; read before anything slow begins.

    Raises:
        SeedError: every mistake in their files.
    """
    if spec.changes is None:
        return ()
    try:
        return read_folder(Path(spec.project) / spec.changes, spec.name)
    except ChangeError as error:
        raise SeedError(
            *(
                Problem(message=p.message, where=f"{spec.changes}/{p.where}", hint=p.hint)
                for p in error.problems
            )
        ) from None


def apply_change_sets(
    db: Database, change_sets: Sequence[ChangeSet], spec: SeedSpec, applied: Sequence[ChangeSet] = ()
) -> Delta:
    """Apply change sets to the database, all of them or none; what became of its records.

    Only the records that they touch are read, before and after.

    Args:
        db: where to; what the seed steps made is in it.
        change_sets: in the order in which they are applied.
        spec: the identities, and where the change sets' folder is.
        applied: those that are in the database already.

    Raises:
        SeedError: every change that does not fit, by file and line, with base, theirs and ours; a value that Neo4j
            does not store as it is written.
    """
    touched = touched_by(change for c in change_sets for change in c.changes)
    before = read_touched(db, touched, spec.node_keys, spec.relationship_keys)
    decided = decide(before, change_sets, spec.changes or "", applied)
    wanted = after(before, decided)
    _write(db, diff(before, wanted), change_sets, spec.changes or "")
    _require(wanted, read_touched(db, also(touched, wanted), spec.node_keys, spec.relationship_keys))
    return back(before, decided)


def decide(
    records: Records, change_sets: Sequence[ChangeSet], folder: str, applied: Sequence[ChangeSet] = ()
) -> Delta:
    """What change sets, one after the other, make of the records that they touch.

    Raises:
        SeedError: every change that does not fit. A change set with a conflict is left out of what the next ones meet.
    """
    found = together(records, change_sets, applied)
    problems = Problems()
    for change_set, conflict in found.conflicts:
        problems.add(*_conflict(conflict, change_set, folder))
    problems.complain()
    return found.delta


def _write(db: Database, changes: Sequence[Change], change_sets: Sequence[ChangeSet], folder: str) -> None:
    """Write what all sets come to; where the database refuses that, one set after the other, to name the one it refuses."""
    try:
        with db.transaction() as within:
            write_changes(within, changes, folder)
    except (SeedError, QueryFailed):
        for change_set in change_sets:
            write_changes(db, change_set.changes, f"{folder}/{change_set.name}{SUFFIX}")


def _conflict(conflict: Conflict, change_set: ChangeSet, folder: str) -> tuple[str, str, str]:
    hint = "" if conflict.kind != "already" else "take the change out of the change set"
    where = f"{folder}/{change_set.where(conflict.change)}" if folder else change_set.where(conflict.change)
    return f"{change_set.title!r} does not fit: {conflict.text()}", where, hint


def _require(wanted: Records, found: Records) -> None:
    wrong = min((i for i in wanted.keys() | found.keys() if wanted.get(i) != found.get(i)), default=None)
    if wrong is not None:
        text = f"{wanted.get(wrong)}\n    but it stored\n{found.get(wrong)}"
        message = f"Neo4j did not store what the change sets say: {text}"
        raise SeedError(Problem(message=message, where=wrong))


def also(touched: Touched, records: Records) -> Touched:
    """What changes touch, and records that they made of it: relationships of renamed nodes have other names."""
    return Touched(named=touched.named | records.keys(), moved=touched.moved)


def back(before: Records, delta: Delta) -> Delta:
    """The delta that takes a delta back."""
    gone = frozenset(identity for identity in delta.put if identity not in before)
    put = {i: before[i] for i in (*delta.gone, *delta.put) if i in before}
    return Delta(gone=gone, put=put)
