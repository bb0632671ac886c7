"""After the scripts: the project's change sets, each change matched on what it expects to find.

What fits is decided on the canonical text, by the same function as everywhere; then it is written over Bolt, and the text
of the result must be the one that was decided on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kgshare.canonical.graph import read_graph
from kgshare.canonical.text import read_digest
from kgshare.changes.apply import Conflict, Delta
from kgshare.changes.diff import records_of
from kgshare.changes.load import load_touched
from kgshare.changes.model import SUFFIX, ChangeSet
from kgshare.changes.order import read_folder
from kgshare.changes.together import together
from kgshare.errors import ChangeError, Problem, SeedError
from kgshare.seeding.bolt import Database
from kgshare.seeding.problems import Problems
from kgshare.seeding.spec import SeedSpec
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
    db: Database,
    change_sets: Sequence[ChangeSet],
    spec: SeedSpec,
    scratch: Path,
    applied: Sequence[ChangeSet] = (),
) -> None:
    """Apply change sets to the database, all of them or none.

    Args:
        db: where to; what the seed steps made is in it.
        change_sets: in the order in which they are applied.
        spec: the identities, and where the change sets' folder is.
        scratch: a folder for the text before and after.
        applied: those that are in the database already.

    Raises:
        SeedError: every change that does not fit, by file and line, with base, theirs and ours; a value that Neo4j
            does not store as it is written.
    """
    upstream, result = scratch / "upstream", scratch / "changed"
    read_graph(db.wire, upstream, spec.node_keys, spec.relationship_keys)
    decided = decide(upstream, change_sets, spec.changes or "", applied)
    for change_set in change_sets:
        write_changes(db, change_set.changes, f"{spec.changes}/{change_set.name}{SUFFIX}")
    read_graph(db.wire, result, spec.node_keys, spec.relationship_keys)
    _require_decided(upstream, result, decided)


def decide(
    upstream: Path, change_sets: Sequence[ChangeSet], folder: str, applied: Sequence[ChangeSet] = ()
) -> Delta:
    """What change sets, one after the other, make of a canonical text.

    Raises:
        SeedError: every change that does not fit. A change set with a conflict is left out of what the next ones meet.
    """
    touched = load_touched(upstream, [change for c in change_sets for change in c.changes])
    found = together(touched, change_sets, applied)
    problems = Problems()
    for change_set, conflict in found.conflicts:
        problems.add(*_conflict(conflict, change_set, folder))
    problems.complain()
    return found.delta


def _conflict(conflict: Conflict, change_set: ChangeSet, folder: str) -> tuple[str, str, str]:
    hint = "" if conflict.kind != "already" else "take the change out of the change set"
    where = f"{folder}/{change_set.where(conflict.change)}" if folder else change_set.where(conflict.change)
    return f"{change_set.title!r} does not fit: {conflict.text()}", where, hint


def _require_decided(upstream: Path, result: Path, decided: Delta) -> None:
    old, new = ({f.path: f.sha256 for f in read_digest(text).files} for text in (upstream, result))
    paths = [path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)]
    before = records_of(upstream, [path for path in paths if path in old and "/" in path])
    after = records_of(result, [path for path in paths if path in new and "/" in path])
    wanted = {i: t for i, t in before.items() if i not in decided.gone} | dict(decided.put)
    wrong = sorted(
        identity for identity in wanted.keys() | after.keys() if wanted.get(identity) != after.get(identity)
    )
    if wrong:
        text = f"{wanted.get(wrong[0])}\n    but it stored\n{after.get(wrong[0])}"
        raise SeedError(
            *(
                Problem(message=f"Neo4j did not store what the change sets say: {text}", where=i)
                for i in wrong[:1]
            )
        )
