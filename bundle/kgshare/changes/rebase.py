"""Three-way: a proposal made on an older graph, rewritten so that it fits the graph as it is now.

What both sides did is left out, what only one did is kept, and where they disagree there is a conflict. Merging is the
same thing seen from the other side. How a person resolves one: `kgshare.changes.resolve`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from kgshare.changes.apply import Applied, Conflict, Kind, Records, apply, shown
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove, Rename, in_order
from kgshare.changes.names import Fields, Renamer, ends
from kgshare.changes.since import Since, conflict_of_list


@dataclass(frozen=True, kw_only=True)
class Rebased:
    """A proposal on the present graph.

    Attributes:
        changes: what fits; together with the changes of the conflicts, the whole proposal under present names.
        conflicts: where the graph disagrees with it, one for each change.
        done: what is so already, and is left out.
    """

    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...] = ()
    done: tuple[Change, ...] = ()


def rebase(records: Records, changes: Iterable[Change], since: Iterable[Sequence[Change]] = ()) -> Rebased:
    """Rewrite the changes of a proposal.

    Args:
        records: of the present graph, what the changes touch, under their names before and now.
        changes: of one proposal.
        since: sets that are in the present graph and that the proposal does not know, in order.
    """
    work = _Rewrite(records, tuple(changes), Since(since))
    work.run()
    while True:
        applied = apply(records, work.made)
        already = [c.change for c in applied.conflicts if _is_done(c)]
        if not already:
            break
        work.done += already
        work.made = [change for change in work.made if change not in already]
    work.conflicts += _distinct(applied)
    disputed = [conflict.change for conflict in work.conflicts]
    return Rebased(
        changes=in_order(change for change in work.made if change not in disputed),
        conflicts=tuple(work.conflicts),
        done=in_order(work.done),
    )


def _is_done(conflict: Conflict) -> bool:
    return conflict.kind == "already" or (conflict.kind == "gone" and isinstance(conflict.change, Remove))


def _distinct(applied: Applied) -> list[Conflict]:
    """One conflict for each change: what else is wrong with it may be right when that is resolved."""
    found: dict[Change, Conflict] = {}
    for conflict in applied.conflicts:
        found.setdefault(conflict.change, conflict)
    return list(found.values())


@dataclass
class _Rewrite:
    """The changes under present names, and what is already known to be in conflict or done."""

    records: Records
    changes: tuple[Change, ...]
    since: Since
    made: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    done: list[Change] = field(default_factory=list)

    def run(self) -> None:
        added = {c.record for c in self.changes if isinstance(c, Add)}
        own = added | {c.to for c in self.changes if isinstance(c, Rename)}
        mentioned = {end for c in self.changes for end in _nodes(c.record)}
        before, after = (
            Renamer({node: new for node in nodes if (new := self.since.name(node)) != node})
            for nodes in (mentioned - added, mentioned - own)
        )
        for change in self.changes:
            if isinstance(change, Add):
                self._add(Add(after.text(change.text)), [n for n in _nodes(change.record) if n not in own])
            else:
                self._old(change, _named(change, before))

    def _add(self, new: Add, ends_: list[str]) -> None:
        lost = next((end for end in ends_ if ends(new.record) and self.since.now(end) is None), None)
        if lost is None:
            self.made.append(new)
        else:
            self._refuse("dangling", new, what="an end of it", base=lost, ours=new.text)

    def _old(self, change: Change, new: Change) -> None:
        """A change of what was there before: ``change`` under its name then, ``new`` under its present one."""
        if self.since.now(change.record) is None:
            if isinstance(change, Remove):
                self.done.append(new)
            else:
                self._gone(new)
        elif isinstance(new, Remove) and new.record != change.record and not ends(change.record):
            self._refuse("modified", new, what="key", base=change.record, theirs=new.record, ours=None)
        elif isinstance(new, Rename) and new.record != change.record:
            if new.to == new.record:
                self.done.append(new)
            else:
                self._refuse("modified", new, what="key", base=change.record, theirs=new.record, ours=new.to)
        elif isinstance(new, Element) and self.since.list_replaced(change.record, new.name):
            text = self.records.get(new.record)
            found = Fields(text).properties.get(new.name) if text is not None else None
            self.conflicts.append(conflict_of_list(new, found))
        else:
            self.made.append(new)

    def _gone(self, new: Change) -> None:
        if isinstance(new, Property | Element | Label):
            what, base, ours = shown(new)
            self._refuse("gone", new, what=what, base=base, ours=ours)
        elif isinstance(new, Rename):
            self._refuse("gone", new, what="key", base=new.record, ours=new.to)

    def _refuse(
        self,
        kind: Kind,
        change: Change,
        *,
        what: str,
        base: str | None,
        ours: str | None,
        theirs: str | None = None,
    ) -> None:
        self.conflicts.append(
            Conflict(
                kind=kind, record=change.record, what=what, base=base, theirs=theirs, ours=ours, change=change
            )
        )


def _nodes(identity: str) -> tuple[str, ...]:
    """A node itself; of a relationship its ends."""
    parts = ends(identity)
    return (parts[0], parts[2]) if parts else (identity,)


def _named(change: Change, names: Renamer) -> Change:
    if isinstance(change, Remove):
        return Remove(names.text(change.text))
    assert not isinstance(change, Add)
    return replace(change, record=names(change.record))
