"""Which change sets made a record what it is, the latest first; names are followed back through renames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kgshare.changes.model import Add, Change, ChangeSet, Element, Label, Property, Remove, Rename
from kgshare.changes.names import Renamer


@dataclass(frozen=True, kw_only=True)
class Blamed:
    """One change of a record, and the change set that it is part of."""

    change_set: ChangeSet
    change: Change


def blame(history: Sequence[ChangeSet], record: str, what: str = "") -> tuple[Blamed, ...]:
    """The changes of a record, the latest first.

    Args:
        history: change sets in the order in which they were applied.
        record: its present identity; of one that was removed, its last.
        what: a property ``p``, an element ``p[3]``, or a label ``:L``; everything when empty.
    """
    return tuple(_blame(history, record, what))


def _blame(history: Sequence[ChangeSet], name: str, what: str) -> Iterator[Blamed]:
    for one in reversed(history):
        back = Renamer({c.to: c.record for c in one.changes if isinstance(c, Rename)})
        before = back(name)
        for change in one.changes:
            if isinstance(change, Add):
                if change.record == name:
                    yield Blamed(change_set=one, change=change)
                    return  # before that there was no such record
            elif change.record == before and (not what or _about(change, what)):
                yield Blamed(change_set=one, change=change)
        name = before


def _about(change: Change, what: str) -> bool:
    match change:
        case Property(_, name, _, _):
            return name == what.partition("[")[0]
        case Element(_, name, index, _, _):
            return what in (name, f"{name}[{index}]")
        case Label(_, label, _):
            return what == f":{label}"
        case Remove():
            return True
    return False


def named(history: Sequence[ChangeSet]) -> set[str]:
    """Every record that change sets mention, under every name."""
    names = {change.record for one in history for change in one.changes}
    return names | {c.to for one in history for c in one.changes if isinstance(c, Rename)}
