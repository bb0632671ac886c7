"""The history of revisions in a WHP-Exchange file's comments: who changed what, when, and on whose word.

A revision begins with a stamp (day, institution and initials: ``20140724SIOCCHRJL``); what follows up to the next stamp, or
to the list of the cruise's facts, is what was done. Stamps that come twice are one revision. Where the text states a flag before and
after, the change can be undone: that is what importers do, so that the change itself can be a change set in data/changes/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from oceangraph import whp

_STAMP = re.compile(r"^[#\s]*(?:(?:BOTTLE|CTD),)?\s*(?P<day>(?:19|20)\d{6})(?P<by>[A-Z]+)\s*$")
_CHANGE = re.compile(
    r"Changed (?P<whp>\S+) flags (?P<bottles>.+?) from flag (?P<before>\d) to (?P<after>\d)(?P<rest>.*)",
    re.IGNORECASE,
)
_SAMPLE = re.compile(r"stn(?P<station>\w+?)-sampno(?P<sample>\w+)")
_ADVICE = re.compile(r"per e-?mail from (?P<person>[A-Z][\w.'-]*(?: [A-Z][\w.'-]*)+)")
_FACTS = re.compile(r"^#\s*(SHIP|Data source|DATA CITATION)|^#\|")


@dataclass(frozen=True, kw_only=True)
class FlagChange:
    """A flag of one sample that the text says was changed: ``property`` is the bottle's, as in the graph."""

    station: str
    sample: str
    column: str
    property: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One revision of a file.

    Attributes:
        stamp: as the file has it.
        day: the stamp's day.
        by: institution and initials of the stamp.
        text: what was done, lines joined by ``; ``.
        advised_by: whose word it goes back to; empty where the text does not say.
        changes: flags that it says it changed.
    """

    stamp: str
    day: date
    by: str
    text: str
    advised_by: str
    changes: tuple[FlagChange, ...]


def read_revisions(comments: Sequence[str]) -> list[Revision]:
    """The revisions that the comment lines of an Exchange file record, by stamp."""
    texts: dict[str, list[str]] = {}
    for stamp, line in _stamped(comments):
        texts.setdefault(stamp, [])
        if line:
            texts[stamp].append(line)
    return [_revision(stamp, lines) for stamp, lines in sorted(texts.items())]


def _revision(stamp: str, lines: list[str]) -> Revision:
    day = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
    text = "; ".join(lines)
    advice = _ADVICE.search(text)
    return Revision(
        stamp=stamp,
        day=date.fromisoformat(day),
        by=stamp[8:],
        text=text,
        advised_by=advice["person"] if advice else "",
        changes=tuple(change for line in lines for change in _changes(line)),
    )


def _stamped(comments: Sequence[str]) -> Iterator[tuple[str, str]]:
    stamp = ""
    for line in comments:
        if _FACTS.match(line):
            return
        match = _STAMP.match(line)
        if match and _is_day(match["day"]):
            stamp = match["day"] + match["by"]
            yield stamp, ""
        elif stamp:
            yield stamp, line.lstrip("# ").strip()


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    except ValueError:
        return False
    return True


def _changes(line: str) -> Iterator[FlagChange]:
    names = {c.whp: c.name for c in whp.COLUMNS if c.scheme}
    for change in _CHANGE.finditer(line):
        if change["whp"] not in names:
            continue
        for sample in _SAMPLE.finditer(change["bottles"]):
            yield FlagChange(
                station=sample["station"],
                sample=sample["sample"],
                column=f"{change['whp']}_FLAG_W",
                property=f"{names[change['whp']]}_qc",
                before=change["before"],
                after=change["after"],
            )
