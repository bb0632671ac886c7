"""What becomes of a change whose conflict a person decided: ours is the proposal's, theirs is what is in the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kgshare.changes.apply import Conflict, Records, edit
from kgshare.changes.diff import field_changes
from kgshare.changes.lists import elements
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove, Rename, in_order
from kgshare.changes.names import Fields, ends
from kgshare.changes.rebase import Rebased, rebase
from kgshare.changes.since import Since

Place = tuple[str, str]
"""A conflict's record and what of it: what a choice is for."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How a conflict is resolved; ``value`` is a third value's canonical text."""

    side: Literal["ours", "theirs", "value"]
    value: str | None = None


class CannotResolve(ValueError):
    """That choice is not possible for this conflict; says why."""


def settle(
    records: Records,
    changes: Iterable[Change],
    since: Iterable[Sequence[Change]],
    choices: Mapping[Place, Choice],
) -> Rebased:
    """Rewrite a proposal (see `kgshare.changes.rebase`) and resolve its conflicts as far as choices are given.

    Raises:
        CannotResolve: a choice is not possible.
    """
    sets = [tuple(one) for one in since]
    found = rebase(records, changes, sets)
    between, done = Since(sets), list(found.done)
    while chosen := [c for c in found.conflicts if (c.record, c.what) in choices]:
        made: list[Change] = [*found.changes, *(c.change for c in found.conflicts if c not in chosen)]
        for conflict in chosen:
            choice = choices[conflict.record, conflict.what]
            made = _with(made, resolved(conflict, choice, records, between, made))
        again = rebase(records, in_order(made))
        done += again.done
        if [(c.record, c.what) for c in again.conflicts] == [(c.record, c.what) for c in found.conflicts]:
            raise CannotResolve(f"{again.conflicts[0].record}: that does not resolve it")
        # What was in conflict and was not chosen keeps its first conflict: only that one knows the names of then.
        kept = [c for c in found.conflicts if c not in chosen]
        known = {c.change for c in kept}
        new = [c for c in again.conflicts if c.change not in known]
        disputed = known | {c.change for c in new}
        found = Rebased(
            changes=tuple(c for c in again.changes if c not in disputed),
            conflicts=(*kept, *new),
            done=in_order(done),
        )
    return found


def _with(changes: list[Change], more: Iterable[Change]) -> list[Change]:
    """Changes and more of them; a record that is brought back again is the latest that was made of it."""
    new = list(more)
    names = {change.record for change in new if isinstance(change, Add)}
    return [c for c in changes if not (isinstance(c, Add) and c.record in names)] + new


def resolved(
    conflict: Conflict, choice: Choice, records: Records, since: Since, beside: Iterable[Change] = ()
) -> tuple[Change, ...]:
    """The changes that the one in conflict becomes.

    Args:
        conflict: of `rebase`.
        choice: of a person.
        records: of the present graph.
        since: what the proposal does not know: from it a record that is gone can be brought back.
        beside: the proposal's other changes.

    Raises:
        CannotResolve: the conflict cannot be resolved so.
    """
    if choice.side == "theirs":
        return ()
    if choice.side == "value":
        return _valued(conflict, choice.value)
    match conflict.kind, conflict.change:
        case "modified", Property(record, name, _, after):
            return (Property(record, name, conflict.theirs, after),)
        case "modified" | "replaced", Element():
            return (_element(conflict, conflict.change.after),)
        case "modified", Remove() | Rename() if conflict.what == "key":
            return (conflict.change,)
        case "modified", Remove() if conflict.theirs is not None:
            return (Remove(conflict.theirs),)
        case "duplicate", Add(text) if conflict.theirs is not None:
            return tuple(field_changes(conflict.theirs, text))
        case "gone", Property() | Element() | Label():
            return _brought_back(conflict.change, since, beside)
        case "dangling", Remove(text):
            removed = {c.record for c in beside if isinstance(c, Remove)}
            left = [i for i in records if conflict.record in (ends(i) or ("",))[::2] and i not in removed]
            return (Remove(text), *(Remove(records[identity]) for identity in sorted(left)))
    raise CannotResolve("only the other side is possible here: keep what is in the graph (theirs)")


def _valued(conflict: Conflict, value: str | None) -> tuple[Change, ...]:
    match conflict.kind, conflict.change:
        case "modified", Property(record, name, _, _):
            return (Property(record, name, conflict.theirs, value),) if value != conflict.theirs else ()
        case "modified" | "replaced", Element() if value is not None:
            made = _element(conflict, value)
            return (made,) if made.before != made.after else ()
    raise CannotResolve("a third value is possible only where two values are in conflict")


def _element(conflict: Conflict, after: str) -> Element:
    change, found = conflict.change, conflict.theirs
    assert isinstance(change, Element)
    items = elements(found) if found is not None else None
    if items is None and found is not None and conflict.kind == "modified":
        return Element(change.record, change.name, change.index, found, after)
    if items is None or change.index >= len(items):
        raise CannotResolve("there is no such element any more: keep what is in the graph (theirs)")
    return Element(change.record, change.name, change.index, items[change.index], after)


def _brought_back(
    change: Property | Element | Label, since: Since, beside: Iterable[Change]
) -> tuple[Change, ...]:
    again = next((c.text for c in beside if isinstance(c, Add) and c.record == change.record), None)
    last = again or since.last(change.record)
    if last is None or ends(change.record):
        raise CannotResolve("it is not known what the record was: leave it removed (theirs)")
    fields = Fields(last)
    edit(fields, change)
    return (Add(fields.text()),)
