"""Applying changes to records: each is matched on what it expects to find, and what does not fit is a conflict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kgshare.changes.lists import elements, list_text
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove, Rename, in_order
from kgshare.changes.names import Fields, Renamer, ends

Records = Mapping[str, str]
"""Canonical records: identity → the text of the record, whose first line it is."""

Kind = Literal["modified", "already", "gone", "duplicate", "dangling", "reused", "replaced"]
WORDS: dict[Kind, str] = {
    "modified": "something else was found than was expected",
    "already": "it is already what it was to become",
    "gone": "there is no such record any more",
    "duplicate": "there is such a record already",
    "dangling": "a relationship would have no end",
    "reused": "another record has that name by now",
    "replaced": "the whole list is another one by now",
}


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A change that does not fit.

    Attributes:
        kind: why.
        record: the identity of the record.
        what: the place in it: a property, an element, a label; empty for the record itself.
        base: what the change expects; ``None`` is nothing.
        theirs: what was found.
        ours: what the change makes of it.
        change: the change itself.
    """

    kind: Kind
    record: str
    what: str = ""
    base: str | None
    theirs: str | None
    ours: str | None
    change: Change = field(repr=False)

    def text(self) -> str:
        """Two lines a person can decide on, more where they show whole records."""
        head = f"{self.record}{f' {self.what}' if self.what else ''}: {WORDS[self.kind]}"
        rows = (("base", self.base), ("theirs", self.theirs), ("ours", self.ours))
        return "\n".join([head, *(f"    {name:7}{_shown(value)}" for name, value in rows)])


def _shown(value: str | None) -> str:
    return "(nothing)" if value is None else value.replace("\n", "\n           ")


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What becomes of records: those that are not there any more, and those that are new or different."""

    gone: frozenset[str] = frozenset()
    put: Records = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What applying came to. With a conflict, nothing was applied."""

    delta: Delta = Delta()
    conflicts: tuple[Conflict, ...] = ()


def apply(records: Records, changes: Iterable[Change]) -> Applied:
    """Apply the changes of one set to records, all of them or, with a conflict, none.

    Args:
        records: every record that the changes name, and, if they remove or rename nodes, every relationship.
        changes: of one set.
    """
    work = _Work(records, in_order(changes))
    work.run()
    if work.conflicts:
        return Applied(conflicts=tuple(work.conflicts))
    gone = frozenset(identity for identity in work.gone if identity not in work.put)
    return Applied(delta=Delta(gone=gone, put=work.put))


def after(records: Records, delta: Delta) -> dict[str, str]:
    """The records after a delta."""
    return {identity: text for identity, text in records.items() if identity not in delta.gone} | dict(
        delta.put
    )


class _Work:
    def __init__(self, records: Records, changes: tuple[Change, ...]) -> None:
        self.records, self.changes = records, changes
        self.conflicts: list[Conflict] = []
        self.gone: set[str] = set()
        self.put: dict[str, str] = {}
        self.edited: dict[str, Fields] = {}

    def run(self) -> None:
        """Removals, then changed values, then names, then additions."""
        for change in self.changes:
            if isinstance(change, Remove):
                self._remove(change)
            elif isinstance(change, Property | Element | Label):
                self._change(change)
        self.put = {identity: fields.text() for identity, fields in self.edited.items()}
        self._rename([change for change in self.changes if isinstance(change, Rename)])
        added = [change for change in self.changes if isinstance(change, Add)]
        for change in sorted(
            added, key=lambda add: ends(add.record) is not None
        ):  # nodes before what joins them
            self._add(change)

    def there(self, identity: str) -> bool:
        return identity in self.put or (identity in self.records and identity not in self.gone)

    def refuse(
        self,
        kind: Kind,
        change: Change,
        base: str | None,
        theirs: str | None,
        ours: str | None,
        what: str = "",
    ) -> None:
        self.conflicts.append(
            Conflict(
                kind=kind, record=change.record, what=what, base=base, theirs=theirs, ours=ours, change=change
            )
        )

    def _remove(self, change: Remove) -> None:
        found = self.records.get(change.record)
        if found != change.text:
            self.refuse("gone" if found is None else "modified", change, change.text, found, None)
        self.gone.add(change.record)

    def _change(self, change: Property | Element | Label) -> None:
        text = self.records.get(change.record)
        what, base, ours = shown(change)
        if text is None:
            return self.refuse("gone", change, base, None, ours, what)
        fields = self.edited.setdefault(change.record, Fields(text))
        there = not isinstance(change, Element) or has_element(fields, change)
        theirs = edit(fields, change)
        if theirs != base or not there:
            kind: Kind = "already" if theirs == ours and there else "modified"
            self.refuse(kind, change, base, theirs, ours, what)
        return None

    def _rename(self, renames: list[Rename]) -> None:
        for change in renames:
            if change.record not in self.records:
                self.refuse("gone", change, change.record, None, change.to)
        removed = {c.record for c in self.changes if isinstance(c, Remove) and ends(c.record) is None}
        renamer = Renamer({change.record: change.to for change in renames})
        moved: dict[str, str] = {}
        if not removed and not renames:
            return
        by_node: dict[str, Change] = {c.record: c for c in self.changes if isinstance(c, Remove | Rename)}
        for identity in self._touching(by_node.keys() | removed):
            parts = ends(identity)
            if parts and (lost := removed & {parts[0], parts[2]}):
                self.refuse("dangling", by_node[min(lost)], None, identity, None, "a relationship of it")
            moved[identity] = renamer.text(self.put.pop(identity, self.records[identity]))
        self.gone |= moved.keys()
        for text in moved.values():
            identity = text.partition("\n")[0]
            if self.there(identity):
                rename = next((r for r in renames if r.to == identity), renames[0])
                self.refuse(
                    "duplicate", rename, None, self.put.get(identity, self.records.get(identity)), text
                )
            self.put[identity] = text

    def _touching(self, nodes: set[str]) -> list[str]:
        """Renamed nodes and the relationships of renamed or removed ones, that are not removed themselves."""
        found = [node for node in nodes if node in self.records and node not in self.gone]
        for identity in self.records:
            parts = ends(identity)
            if parts and identity not in self.gone and (parts[0] in nodes or parts[2] in nodes):
                found.append(identity)
        return found

    def _add(self, change: Add) -> None:
        if self.there(change.record):
            unmoved = change.record in self.records and change.record not in self.gone
            found = self.records[change.record] if unmoved else self.put[change.record]
            self.refuse("already" if found == change.text else "duplicate", change, None, found, change.text)
        parts = ends(change.record)
        for end in (parts[0], parts[2]) if parts else ():
            if not self.there(end):
                self.refuse("dangling", change, end, None, change.text, "an end of it")
        self.put[change.record] = change.text


def shown(change: Property | Element | Label) -> tuple[str, str | None, str | None]:
    """The place a change of a value acts on, what it expects and what it makes of it, as texts."""
    match change:
        case Property(_, name, before, after_):
            return name, before, after_
        case Element(_, name, index, before, after_):
            return f"{name}[{index}]", before, after_
        case Label(_, label, present):
            return f":{label}", None if present else f":{label}", f":{label}" if present else None


def has_element(fields: Fields, change: Element) -> bool:
    """Whether there is such an element; a value that is no list may read like one."""
    whole = fields.properties.get(change.name)
    items = elements(whole) if whole is not None else None
    return items is not None and change.index < len(items)


def edit(fields: Fields, change: Property | Element | Label) -> str | None:
    """Make a change in a record's fields; returns what was found in its place."""
    match change:
        case Property(_, name, _, after_):
            found = fields.properties.get(name)
            fields.properties.pop(name, None)
            if after_ is not None:
                fields.properties[name] = after_
            return found
        case Element(_, name, index, _, after_):
            whole = fields.properties.get(name)
            items = elements(whole) if whole is not None else None
            if items is None or index >= len(items):
                return whole
            found, items[index] = items[index], after_
            fields.properties[name] = list_text(items)
            return found
        case Label(_, label, present):
            found = f":{label}" if label in fields.labels else None
            fields.labels.discard(label)
            if present:
                fields.labels.add(label)
            return found
