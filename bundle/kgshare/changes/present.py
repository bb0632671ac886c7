"""The graph as it is with other change sets than those it was made with: taken back and applied on records, not on a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kgshare.changes.apply import Conflict, Delta, Records, after, apply
from kgshare.changes.load import digest_after, load_touched
from kgshare.changes.model import Change, ChangeSet, invert
from kgshare.changes.together import together


@dataclass(frozen=True, kw_only=True)
class Base:
    """A graph that is at hand.

    Attributes:
        text: the folder of its canonical text.
        applied: the change sets that are in it, in the order in which they were applied.
    """

    text: Path
    applied: tuple[ChangeSet, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Present:
    """A graph with some change sets, as far as it is touched.

    Attributes:
        base: what it was derived from.
        change_sets: that are in it, in order.
        records: those that the sets, and the changes one asked for, touch.
        delta: what became of the base's records.
        conflicts: sets that do not fit; they are not in the records.
    """

    base: Base
    change_sets: tuple[ChangeSet, ...]
    records: Records
    delta: Delta = field(repr=False)
    conflicts: tuple[tuple[ChangeSet, Conflict], ...] = ()

    def digest(self, more: Delta | None = None) -> str:
        """``sha256:`` and the digest that the whole graph has, with a further delta if one is given."""
        delta = joined(self.delta, more) if more else self.delta
        return f"sha256:{digest_after(self.base.text, delta)}"


def common(one: Sequence[ChangeSet], other: Sequence[ChangeSet]) -> int:
    """How many change sets two orders begin with in common."""
    for number, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b or a.name != b.name:
            return number
    return min(len(one), len(other))


def joined(first: Delta, then: Delta) -> Delta:
    """Two deltas, one after the other, as one."""
    put = {i: t for i, t in first.put.items() if i not in then.gone} | dict(then.put)
    return Delta(gone=(first.gone | then.gone) - put.keys(), put=put)


def present(
    base: Base, change_sets: Sequence[ChangeSet], touching: Iterable[Iterable[Change]] = ()
) -> Present:
    """The graph with other change sets.

    Args:
        base: a graph at hand.
        change_sets: that it is to have, in the order in which they are applied.
        touching: changes that somebody is going to make: the records they touch are loaded too.
    """
    same = common(base.applied, change_sets)
    back, forth = base.applied[same:], change_sets[same:]
    wanted = [change for changes in touching for change in changes]
    touched = load_touched(base.text, [*wanted, *(c for one in (*back, *forth) for c in one.changes)])
    records: Records = touched
    delta = Delta()
    for one in reversed(back):
        undone = apply(records, invert(one.changes))
        assert not undone.conflicts, f"{one.name} cannot be taken back from the graph that it is in"
        records, delta = after(records, undone.delta), joined(delta, undone.delta)
    found = together(records, forth, applied=change_sets[:same])
    return Present(
        base=base, change_sets=tuple(change_sets), records=after(records, found.delta),
        delta=joined(delta, found.delta), conflicts=found.conflicts,
    )  # fmt: skip
