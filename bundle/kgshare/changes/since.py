"""What became of records in sets of changes that somebody had not seen: their names, whether they are there, their lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kgshare.changes.apply import Conflict, shown
from kgshare.changes.model import Add, Change, Element, Property, Remove, Rename
from kgshare.changes.names import Renamer, ends


class Since:
    """Sets of changes, one after the other, seen from before the first of them."""

    def __init__(self, sets: Iterable[Sequence[Change]]) -> None:
        self._sets = [tuple(changes) for changes in sets if changes]
        self._renamers = [
            Renamer({c.record: c.to for c in changes if isinstance(c, Rename)}) for changes in self._sets
        ]
        self._removed = [
            {c.record: c.text for c in changes if isinstance(c, Remove)} for changes in self._sets
        ]

    @property
    def changes(self) -> list[Change]:
        """All of them."""
        return [change for changes in self._sets for change in changes]

    def now(self, identity: str) -> str | None:
        """What a record is called now; None where it was removed, whatever may have its name by now."""
        for renamer, removed in zip(self._renamers, self._removed, strict=True):
            if identity in removed:
                return None
            identity = renamer(identity)
        return identity

    def last(self, identity: str) -> str | None:
        """The text with which a record was removed; None where it was not."""
        for renamer, removed in zip(self._renamers, self._removed, strict=True):
            if identity in removed:
                return removed[identity]
            identity = renamer(identity)
        return None

    def name(self, identity: str) -> str:
        """What a record is called now, or was last; a relationship's name follows its ends."""
        for renamer, removed in zip(self._renamers, self._removed, strict=True):
            if identity in removed:
                return identity
            identity = renamer(identity)
        return identity

    def list_replaced(self, identity: str, name: str) -> bool:
        """Whether one of the sets has replaced a list of the record as a whole."""
        for changes, renamer in zip(self._sets, self._renamers, strict=True):
            if any(isinstance(c, Property) and (c.record, c.name) == (identity, name) for c in changes):
                return True
            identity = renamer(identity)
        return False


def mentioned(changes: Iterable[Change]) -> set[str]:
    """The records that changes take to be there before them, by name."""
    given = list(changes)
    made = {c.record for c in given if isinstance(c, Add)} | {c.to for c in given if isinstance(c, Rename)}
    names: set[str] = set()
    for change in given:
        parts = ends(change.record)
        if isinstance(change, Add):
            names |= {parts[0], parts[2]} - made if parts else set()
        else:
            names |= {change.record, *((parts[0], parts[2]) if parts else ())}
    return names


def left_and_taken(changes: Iterable[Change]) -> tuple[set[str], set[str]]:
    """The names that changes free, and those that they give."""
    given = list(changes)
    left = {c.record for c in given if isinstance(c, Remove | Rename)}
    taken = {c.record for c in given if isinstance(c, Add)} | {c.to for c in given if isinstance(c, Rename)}
    return left, taken


def conflict_of_list(change: Element, found: str | None) -> Conflict:
    """A changed element of a list that was replaced as a whole."""
    what, base, ours = shown(change)
    return Conflict(
        kind="replaced", record=change.record, what=what, base=base, theirs=found, ours=ours, change=change
    )
