"""Edits as a proposal: what it says, what it follows from, what its file is called. The command line and the page use it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kgshare.changes.file import parse_change_set, render
from kgshare.changes.model import SUFFIX, Add, Change, ChangeSet, Rename, in_order
from kgshare.changes.names import ends
from kgshare.changes.since import mentioned

WORDS = 60  # letters of a title in a file's name


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a proposer says about a proposal; see `ChangeSet`."""

    title: str
    reason: str
    author: str
    references: tuple[str, ...] = ()


def make_change_set(
    changes: Iterable[Change],
    wanted: Wanted,
    *,
    project: str,
    baseline: str,
    accepted: Sequence[ChangeSet] = (),
    date: datetime | None = None,
) -> ChangeSet:
    """Edits as a change set; it is read back from its own file, so that it is one.

    Args:
        changes: what is proposed, on the graph of ``baseline``.
        wanted: what the proposer says.
        project: its name; baseline: ``sha256:`` and the graph's digest.
        baseline: likewise.
        accepted: the change sets in that graph, in order; it follows from those that touch the same records.
        date: of the proposal; this second when not given.

    Raises:
        ChangeError: a title of several lines, no reason, and the like.
    """
    when, given = date or now(), in_order(changes)
    made = ChangeSet(
        title=wanted.title, author=wanted.author, date=when, reason=wanted.reason, references=wanted.references,
        project=project, baseline=baseline, follows=follows_of(given, accepted), changes=given,
    )  # fmt: skip
    name = name_for(wanted.title, when, (one.name for one in accepted))
    return parse_change_set(render(made).encode(), f"{name}{SUFFIX}")


def names_of(changes: Iterable[Change]) -> set[str]:
    """Every name that changes mention or give, and the ends of relationships."""
    given = list(changes)
    names = mentioned(given) | {c.record for c in given if isinstance(c, Add)}
    names |= {c.to for c in given if isinstance(c, Rename)}
    parts = [found for name in names if (found := ends(name))]
    return names | {end for start, _, stop in parts for end in (start, stop)}


def follows_of(changes: Iterable[Change], accepted: Sequence[ChangeSet]) -> tuple[str, ...]:
    """The change sets that changes rest on: those that touch the same records, without those that these rest on."""
    mine = names_of(changes)
    touching = [one for one in accepted if not mine.isdisjoint({c.record for c in one.changes} | _new(one))]
    behind = {name for one in touching for name in known_to(one.follows, accepted)}
    return tuple(sorted(one.name for one in touching if one.name not in behind))


def _new(one: ChangeSet) -> set[str]:
    return {c.to for c in one.changes if isinstance(c, Rename)}


def known_to(follows: Iterable[str], accepted: Sequence[ChangeSet]) -> set[str]:
    """The names of the change sets that some names follow from, directly or not, with these."""
    by_name, known, waiting = {one.name: one for one in accepted}, set[str](), list(follows)
    while waiting:
        name = waiting.pop()
        if name not in known:
            known.add(name)
            waiting += by_name[name].follows if name in by_name else ()
    return known


def name_for(title: str, date: datetime, taken: Iterable[str] = ()) -> str:
    """A change set's file name without ending: its day and its title, in letters that every file system has."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:WORDS].strip("-") or "change-set"
    name = first = f"{date:%Y-%m-%d}-{words}"
    number, there = 2, set(taken)
    while name in there:
        name, number = f"{first}-{number}", number + 1
    return name


def now() -> datetime:
    """This second, in UTC."""
    return datetime.now(UTC).replace(microsecond=0)
