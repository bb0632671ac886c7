"""Two sets of changes, one after the other, as one."""

from __future__ import annotations

from collections.abc import Iterable

from kgshare.changes.apply import edit, shown
from kgshare.changes.diff import field_changes
from kgshare.changes.lists import elements, list_text
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove, Rename, in_order
from kgshare.changes.names import Fields, Renamer, ends


class NotComposable(ValueError):
    """The second set expects something else than the first makes; says what."""


def compose(first: Iterable[Change], second: Iterable[Change]) -> tuple[Change, ...]:
    """The changes that do at once what two sets do one after the other.

    Raises:
        NotComposable: the second does not fit what the first makes.
    """
    work = _Compose(first)
    later = tuple(second)
    for change in later:
        if isinstance(change, Property | Element | Label):
            work.value(change)
    for change in later:
        if isinstance(change, Remove):
            work.remove(change)
    work.rename({c.record: c.to for c in later if isinstance(c, Rename)})
    for change in later:
        if isinstance(change, Add):
            work.add(change)
    return work.changes()


Place = tuple[str, int | None]


class _Compose:
    """The composition so far, by kind; records by their names before the first set, added ones by their latest."""

    def __init__(self, first: Iterable[Change]) -> None:
        given = tuple(first)
        self.removed = {c.record: c.text for c in given if isinstance(c, Remove)}
        self.added = {c.record: c.text for c in given if isinstance(c, Add)}
        self.renamed = {c.record: c.to for c in given if isinstance(c, Rename)}
        self.back = Renamer({new: old for old, new in self.renamed.items()})
        self.values: dict[str, dict[Place, Property | Element | Label]] = {}
        for change in given:
            if isinstance(change, Property | Element | Label):
                self.values.setdefault(change.record, {})[_place(change)] = change

    def value(self, change: Property | Element | Label) -> None:
        if change.record in self.added:
            fields = Fields(self.added[change.record])
            _require(edit(fields, change), change)
            self.added[change.record] = fields.text()
            return
        record = self.back(change.record)
        if record in self.removed and record == change.record:
            raise NotComposable(f"the first removes what the second changes: {record}")
        values = self.values.setdefault(record, {})
        for made in _joined(record, values, change):
            key = _place(made)
            values.pop(key, None)
            _, before, after = shown(made)
            if before != after:
                values[key] = made

    def remove(self, change: Remove) -> None:
        if change.record in self.added:
            if self.added.pop(change.record) != change.text:
                raise NotComposable(f"the first adds another record than the second removes: {change.record}")
            return
        record = self.back(change.record)
        if record in self.removed:
            raise NotComposable(f"both remove {record}")
        fields = Fields(self.back.text(change.text))
        for made in self.values.pop(record, {}).values():
            _undo(fields, made)
        self.removed[record] = fields.text()
        self.renamed.pop(record, None)

    def rename(self, renames: dict[str, str]) -> None:
        for old, new in renames.items():
            if old not in self.added:
                self.renamed[self.back(old)] = new
        self.renamed = {old: new for old, new in self.renamed.items() if old != new}
        on = Renamer(renames)
        texts = [on.text(text) for text in self.added.values()]
        self.added = {text.partition("\n")[0]: text for text in texts}

    def add(self, change: Add) -> None:
        if change.record in self.added:
            raise NotComposable(f"both add {change.record}")
        self.added[change.record] = change.text

    def changes(self) -> tuple[Change, ...]:
        replaced: list[Change] = []
        both = [record for record in self.removed if record in self.added]
        # Nodes first: a relationship stays the same one where its ends turn out to.
        for record in sorted(both, key=lambda r: ends(r) is not None):
            if self._stays(record):
                replaced += field_changes(self.removed.pop(record), self.added.pop(record))
        values = (change for record in self.values.values() for change in record.values())
        return in_order(
            (
                *(Remove(text) for text in self.removed.values()),
                *(Rename(old, new) for old, new in self.renamed.items()),
                *values,
                *replaced,
                *(Add(text) for text in self.added.values()),
            )
        )

    def _stays(self, record: str) -> bool:
        """Whether a record that is removed and added again is the same one: its ends are, too."""
        parts = ends(record)
        others = self.removed.keys() | self.renamed.keys() | set(self.renamed.values())
        return not parts or not ({parts[0], parts[2]} & others)


def _place(change: Property | Element | Label) -> Place:
    if isinstance(change, Label):
        return f":{change.label}", -1
    return change.name, change.index if isinstance(change, Element) else None


def _require(found: str | None, change: Property | Element | Label) -> None:
    what, base, _ = shown(change)
    if found != base:
        raise NotComposable(
            f"{change.record} {what}: the first makes {found} of it, the second expects {base}"
        )


def _joined(
    record: str, values: dict[Place, Property | Element | Label], change: Property | Element | Label
) -> list[Property | Element | Label]:
    """What a later change of a value makes of the earlier ones of its place."""
    if isinstance(change, Label):
        earlier = values.pop(_place(change), None)
        if earlier is None:
            return [Label(record, change.label, change.after)]
        _require(shown(earlier)[2], change)  # it came and goes, or went and comes: no change is left
        return []
    whole = values.get((change.name, None))
    if isinstance(change, Element):
        if isinstance(whole, Property):
            fields = Fields(record)
            fields.properties = {change.name: whole.after} if whole.after is not None else {}
            _require(edit(fields, change), change)
            return [Property(record, change.name, whole.before, fields.properties[change.name])]
        earlier = values.get(_place(change))
        if isinstance(earlier, Element):
            _require(earlier.after, change)
            return [Element(record, change.name, change.index, earlier.before, change.after)]
        return [Element(record, change.name, change.index, change.before, change.after)]
    if isinstance(whole, Property):
        _require(whole.after, change)
        return [Property(record, change.name, whole.before, change.after)]
    parts = [v for v in values.values() if isinstance(v, Element) and v.name == change.name]
    before = _restored(change, parts) if parts else change.before
    for part in parts:
        del values[_place(part)]
    return [Property(record, change.name, before, change.after)]


def _restored(change: Property, parts: list[Element]) -> str:
    items = (elements(change.before) if change.before is not None else None) or []
    for part in parts:
        if part.index >= len(items) or items[part.index] != part.after:
            raise NotComposable(f"{change.record} {change.name}: the second expects another list")
        items[part.index] = part.before
    return list_text(items)


def _undo(fields: Fields, change: Property | Element | Label) -> None:
    match change:
        case Property(record, name, before, after):
            back: Property | Element | Label = Property(record, name, after, before)
        case Element(record, name, index, before, after):
            back = Element(record, name, index, after, before)
        case Label(record, label, after):
            back = Label(record, label, not after)
    _require(edit(fields, back), back)
