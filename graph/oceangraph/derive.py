"""``oceangraph derive``: a proposal that corrects values or flags gets the changes of derived facts that follow from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from kgshare.aside import write_aside
from kgshare.changes.file import read_change_set, render
from kgshare.changes.model import Add, Change, ChangeSet, Property, Remove, in_order
from kgshare.errors import ChangeError, Problem
from oceangraph.derived.consequences import consequences, is_derived
from oceangraph.derived.curated import PROJECT, accepted
from oceangraph.load import load

SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class DeriveReport:
    """What follows from a proposal.

    Attributes:
        file: the proposal, which has it now.
        corrections: how many changes it had of values and flags.
        changes: what follows, a line each.
        counts: how many by kind.
    """

    schema: ClassVar[str] = "ocean-derive"
    file: Path
    corrections: int
    changes: tuple[str, ...]
    counts: dict[str, int]

    def text(self) -> str:
        """The counts, and the first changes."""
        if not self.changes:
            return f"{self.file}: nothing that is derived follows from its {self.corrections} changes"
        counted = ", ".join(f"{count} {kind}" for kind, count in self.counts.items())
        more = len(self.changes) - SHOWN
        rest = [f"  and {more} more"] if more > 0 else []
        return "\n".join([f"{self.file}: {counted}", *(f"  {line}" for line in self.changes[:SHOWN]), *rest])


def derive(root: Path, file: Path) -> DeriveReport:
    """Add to a proposal what follows from it; what it had of derived facts before is replaced.

    Args:
        root: the project's folder.
        file: the proposal; it is written anew, aside and then renamed, where something follows.

    Raises:
        ChangeError: it is not a change set of this project.
        SeedError: a table is not as the model says.
    """
    proposal = read_change_set(file)
    if proposal.project != PROJECT:
        raise ChangeError(Problem(message=f"is for {proposal.project}, not for {PROJECT}", where=str(file)))
    corrections = tuple(change for change in proposal.changes if not is_derived(change))
    bare = replace(proposal, changes=corrections)
    before = tuple(one for one in accepted(root) if one.name != proposal.name)
    follows = consequences(load(root), before, (*before, bare))
    changes = in_order([*corrections, *follows])
    if changes != proposal.changes:
        _write(file, replace(proposal, changes=changes, lines=()))
    counts = Counter(_kind(change) for change in follows)
    return DeriveReport(
        file=file,
        corrections=len(corrections),
        changes=tuple(_line(change) for change in follows),
        counts=dict(sorted(counts.items())),
    )


def _write(file: Path, change_set: ChangeSet) -> None:
    if not change_set.changes:
        raise ChangeError(
            Problem(message="it corrects nothing, and nothing follows from it", where=str(file))
        )
    write_aside(file, render(change_set))


def _kind(change: Change) -> str:
    if isinstance(change, Add):
        return "added"
    return "removed" if isinstance(change, Remove) else "moved"


def _line(change: Change) -> str:
    if isinstance(change, Property):
        return f"{change.record} {change.name}: {change.before or 'nothing'} → {change.after or 'nothing'}"
    return f"{_kind(change)} {change.record}"
