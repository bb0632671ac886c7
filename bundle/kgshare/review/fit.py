"""One proposal made to fit a graph: what it does not know is found, conflicts are asked about, and the result is one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kgshare.changes.apply import Conflict, apply
from kgshare.changes.file import parse_change_set, render
from kgshare.changes.make import follows_of, known_to
from kgshare.changes.model import SUFFIX, Change, ChangeSet
from kgshare.changes.order import Folder, ordered
from kgshare.changes.present import Base, Present, present
from kgshare.changes.rebase import Rebased
from kgshare.changes.resolve import CannotResolve, Choice, Place, settle
from kgshare.errors import ChangeError, ConflictError, Problem, UsageError
from kgshare.review.show import conflict_problems

Ask = Callable[[Conflict, int, int], Choice | None]
"""Asks a person about a conflict (its number, and of how many); None is later."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A proposal on the present graph.

    Attributes:
        change_set: as it is to be accepted; None where everything is so already.
        rewritten: whether it is another than was proposed.
        conflicts: that are still to be resolved; then there is no change set.
        choices: all that were made.
        done: how many changes were so already.
    """

    change_set: ChangeSet | None
    rewritten: bool = False
    conflicts: tuple[Conflict, ...] = ()
    choices: Mapping[Place, Choice]
    done: int = 0


def fit(
    proposal: ChangeSet, base: Base, accepted: Folder, choices: Mapping[Place, Choice], ask: Ask | None = None
) -> Fitted:
    """Rewrite a proposal onto the graph that accepted change sets make.

    Args:
        proposal: on whatever graph it was made.
        base: a graph at hand.
        accepted: what is applied to it before the proposal.
        choices: how conflicts are resolved, by record and place.
        ask: is asked about each other one.

    Raises:
        ConflictError: the accepted change sets themselves do not fit.
        ChangeError: the proposal follows a change set that is not accepted.
        UsageError: a choice is not possible for its conflict.
    """
    others = [one for one in accepted.applied if one.name != proposal.name]
    follows = _present_names(proposal, accepted, others)
    known = known_to(follows, others)
    since = [one for one in others if one.name not in known]
    graph = present(base, others, [proposal.changes, *(one.changes for one in since)])
    if graph.conflicts:
        raise ConflictError(*conflict_problems(graph.conflicts))
    made, settled = dict(choices), _settle(graph, proposal, since, choices)
    later = False
    while ask and settled.conflicts and not later:
        asked = {
            (c.record, c.what): choice
            for number, c in enumerate(settled.conflicts, 1)
            if (choice := ask(c, number, len(settled.conflicts)))
        }
        later = len(asked) < len(settled.conflicts)
        made |= asked
        settled = _settle(graph, proposal, since, made)
    if settled.conflicts:
        return Fitted(change_set=None, conflicts=settled.conflicts, choices=made, done=len(settled.done))
    if not settled.changes:
        return Fitted(change_set=None, choices=made, done=len(settled.done))
    return _fitted(replace(proposal, follows=follows), proposal, graph, others, settled, made)


def _settle(
    graph: Present, proposal: ChangeSet, since: Sequence[ChangeSet], choices: Mapping[Place, Choice]
) -> Rebased:
    try:
        return settle(graph.records, proposal.changes, [one.changes for one in since], choices)
    except CannotResolve as error:
        raise UsageError(Problem(message=str(error), where=f"{proposal.name}{SUFFIX}")) from None


def _fitted(
    mapped: ChangeSet,
    proposal: ChangeSet,
    graph: Present,
    others: Sequence[ChangeSet],
    settled: Rebased,
    choices: Mapping[Place, Choice],
) -> Fitted:
    """The change set as it is accepted: the proposal's own file where that does as it is."""
    if set(settled.changes) == set(proposal.changes) and _in_place(mapped, graph, others):
        return Fitted(change_set=proposal, choices=choices)
    new = replace(
        proposal,
        changes=settled.changes,
        baseline=graph.digest(),
        follows=follows_of(settled.changes, others),
        lines=(),
    )
    checked = parse_change_set(render(new).encode(), f"{proposal.name}{SUFFIX}")
    if not _in_place(checked, graph, others):  # by its date it would come before what it does not fit
        new = replace(new, follows=tuple(sorted({*checked.follows, others[-1].name})))
        checked = parse_change_set(render(new).encode(), f"{proposal.name}{SUFFIX}")
    return Fitted(change_set=checked, rewritten=True, choices=choices, done=len(settled.done))


def _in_place(one: ChangeSet, graph: Present, others: Sequence[ChangeSet]) -> bool:
    """Whether a change set fits in the place that its date and what it follows give it, and so does all after it."""
    changes: list[Sequence[Change]] = [one.changes, *(other.changes for other in others)]
    order = ordered([*others, one])
    if present(graph.base, order, changes).conflicts:
        return False
    return not apply(graph.records, one.changes).conflicts


def _present_names(proposal: ChangeSet, accepted: Folder, others: Sequence[ChangeSet]) -> tuple[str, ...]:
    """What a proposal follows; where that was folded, by its new name.

    Raises:
        ChangeError: it is not there.
    """
    follows = accepted.follows(proposal)
    there = {one.name for one in others}
    missing = [
        Problem(message=f"it follows {name}, which is not accepted", where=f"{proposal.name}{SUFFIX}")
        for name in follows
        if name not in there
    ]
    if missing:
        raise ChangeError(*missing)
    return follows
