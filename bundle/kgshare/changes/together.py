"""Change sets one after the other: whether each still means what its author meant.

That each finds the values it expects is not enough where proposals did not know of each other: a name may be another
record's by now, and an element of a list another element. A set that follows from another knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kgshare.changes.apply import Conflict, Delta, Records, apply
from kgshare.changes.model import Change, ChangeSet, Element, Property, Rename
from kgshare.changes.names import Fields, Renamer
from kgshare.changes.since import conflict_of_list, left_and_taken, mentioned


@dataclass(frozen=True, kw_only=True)
class Together:
    """What change sets come to.

    Attributes:
        delta: what becomes of the records; of those sets that fit.
        conflicts: each with the set whose it is.
    """

    delta: Delta = field(default_factory=Delta)
    conflicts: tuple[tuple[ChangeSet, Conflict], ...] = ()


def together(
    records: Records, change_sets: Sequence[ChangeSet], applied: Sequence[ChangeSet] = ()
) -> Together:
    """Apply change sets, one after the other.

    Args:
        records: what they touch (see `kgshare.changes.load.load_touched`); it is left as it is.
        change_sets: in the order in which they are applied. One with a conflict is left out of what the next ones meet.
        applied: those that are in the records already.
    """
    touched, gone, put = dict(records), set[str](), dict[str, str]()
    known, names, lists = _follows([*applied, *change_sets]), _Names(), _Lists()
    conflicts: list[tuple[ChangeSet, Conflict]] = []
    for one in applied:
        names.note(one)
        lists.note(one)
    for one in change_sets:
        made = apply(touched, one.changes)
        wrong = [*made.conflicts]
        if not wrong:
            wrong += names.reused(one, known[one.name], touched)
            wrong += lists.replaced(one, known[one.name], touched)
        conflicts += [(one, conflict) for conflict in wrong]
        if wrong:
            continue
        names.note(one)
        lists.note(one)
        for identity in made.delta.gone:
            del touched[identity]
            put.pop(identity, None)
        touched |= made.delta.put
        gone = (gone | made.delta.gone) - made.delta.put.keys()
        put |= made.delta.put
    return Together(delta=Delta(gone=frozenset(gone), put=put), conflicts=tuple(conflicts))


def _follows(change_sets: Sequence[ChangeSet]) -> dict[str, set[str]]:
    """Of each set, those it follows from, directly or not, and itself."""
    known: dict[str, set[str]] = {}
    for one in change_sets:
        known[one.name] = {one.name}.union(*(known.get(name, {name}) for name in one.follows))
    return known


class _Names:
    """Which set gave a name that another record had before."""

    def __init__(self) -> None:
        self._left: set[str] = set()
        self._by: dict[str, str] = {}

    def note(self, one: ChangeSet) -> None:
        left, taken = left_and_taken(one.changes)
        self._left |= left
        self._by |= dict.fromkeys(taken & self._left, one.name)

    def reused(self, one: ChangeSet, known: set[str], records: Records) -> Iterator[Conflict]:
        wrong = {name for name in mentioned(one.changes) if self._by.get(name, one.name) not in known}
        for change in one.changes if wrong else ():
            for name in sorted(mentioned([change]) & wrong):
                yield Conflict(
                    kind="reused", record=change.record, what=f"{name} by {self._by[name]}", base=name,
                    theirs=records.get(name), ours=_ours(change), change=change,
                )  # fmt: skip


def _ours(change: Change) -> str | None:
    return getattr(change, "after", getattr(change, "to", getattr(change, "text", None)))  # what it makes


class _Lists:
    """Which set replaced a list as a whole; records by their present names."""

    def __init__(self) -> None:
        self._by: dict[tuple[str, str], str] = {}

    def note(self, one: ChangeSet) -> None:
        whole = [c for c in one.changes if isinstance(c, Property) and (c.before or "").startswith("[")]
        self._by |= {(change.record, change.name): one.name for change in whole}
        renamer = Renamer({c.record: c.to for c in one.changes if isinstance(c, Rename)})
        self._by = {(renamer(record), name): by for (record, name), by in self._by.items()}

    def replaced(self, one: ChangeSet, known: set[str], records: Records) -> Iterator[Conflict]:
        for change in one.changes:
            if isinstance(change, Element):
                by = self._by.get((change.record, change.name), one.name)
                if by not in known:
                    found = Fields(records[change.record]).properties.get(change.name)
                    yield conflict_of_list(change, found)
