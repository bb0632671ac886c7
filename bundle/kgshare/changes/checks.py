"""What the changes of one set must not do to each other, or to an identity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kgshare.changes.lists import kind
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove, Rename, place
from kgshare.changes.names import ends, key_names


def wrong_changes(changes: Iterable[Change]) -> Iterator[tuple[int, str]]:
    """What is wrong with changes as one set: the number of the change, and why."""
    given = list(changes)
    seen: set[object] = set()
    removed = {change.record for change in given if isinstance(change, Remove)}
    whole = {(c.record, c.name) for c in given if isinstance(c, Property)}
    targets: set[str] = set()
    for number, change in enumerate(given):
        if place(change) in seen:
            yield number, f"two changes of one place: {change.record}"
        seen.add(place(change))
        if change.record in removed and isinstance(change, Property | Element | Label | Rename):
            yield number, f"the record is removed by another change of this set: {change.record}"
        if isinstance(change, Add) and change.record in removed and ends(change.record) is None:
            yield number, f"the node is removed and added: change its properties: {change.record}"
        if isinstance(change, Element) and (change.record, change.name) in whole:
            yield number, f"another change replaces the whole list {change.name} of {change.record}"
        if isinstance(change, Rename):
            if change.to in targets:
                yield number, f"two records would be {change.to}"
            targets.add(change.to)
        if message := _alone(change):
            yield number, message


def _alone(change: Change) -> str:
    """What is wrong with a change by itself."""
    match change:
        case Rename(record, to):
            if ends(record) or ends(to):
                return "a relationship is not renamed: remove it and add another"
            if key_names(record) != key_names(to):
                return "a rename changes the values of a key, not its label or properties"
            return "the new name is the old one: nothing changes" if record == to else ""
        case Label(record, label):
            if ends(record):
                return "a relationship has no labels"
            return f"{label} is the label that identifies it" if label == key_names(record)[0] else ""
        case Property(record, name) if name in key_names(record)[1:]:
            return f"{name} is part of what identifies {record}: rename it"
        case Element(_, name, index, before, after):
            if index < 0 or before.startswith("[") or after.startswith("["):
                return f"not an element of a list: {name}[{index}]"
            if kind(before) != kind(after):
                return f"a list holds one type of value: {kind(before)}, not {kind(after)}"
    return ""
