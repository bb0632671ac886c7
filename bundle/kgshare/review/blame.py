"""``kgshare blame``: who changed a value, when, why, on whose word; and under it, where upstream has it from."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from kgshare.canonical.records import NodeId, parse_identity, shard
from kgshare.canonical.text import blocks, folder_name
from kgshare.canonical.values import NotCanonical, encode
from kgshare.changes.blame import Blamed, named
from kgshare.changes.blame import blame as blame_of
from kgshare.changes.names import Fields, ends, key_names
from kgshare.compare import row
from kgshare.errors import Problem, UsageError
from kgshare.review.history import History, LogEntry, history_of

MOST = 200  # records that one question may be about


@dataclass(frozen=True, kw_only=True)
class BlamedChange:
    """One change: what it made of what, and the change set that it is part of."""

    what: str
    before: str | None
    after: str | None
    change_set: LogEntry


@dataclass(frozen=True, kw_only=True)
class BlamedRecord:
    """One record.

    Attributes:
        record: its identity.
        changes: of it, the latest first.
        upstream: its text upstream (of the one property, if one was asked for); empty where no text is at hand.
        sources: the records that it was derived from, as the manifest's ``provenance`` says.
    """

    record: str
    changes: tuple[BlamedChange, ...]
    upstream: str
    sources: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The record for a person."""
        yield self.record
        for change in self.changes:
            shown = f"{_shown(change.before)} → {_shown(change.after)}"
            yield f"  {change.what + ': ' if change.what else ''}{shown}"
            yield from (f"      {line}" for line in change.change_set.lines())
        if self.upstream:
            yield f"  upstream: {self.upstream}"
        for source in self.sources:
            first, *rest = source.split("\n")
            yield f"  from {first}"
            yield from (f"    {line}" for line in rest)


def _shown(value: str | None) -> str:
    return "(nothing)" if value is None else value.replace("\n", "\n        ")


@dataclass(frozen=True, kw_only=True)
class BlameReport:
    """What ``blame`` returns; ``others`` is how many records were meant as well and were never changed."""

    schema: ClassVar[str] = "blame"
    records: tuple[BlamedRecord, ...]
    others: int = 0
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Every record, an empty line between two."""
        shown = ["\n".join(one.lines()) for one in self.records]
        if self.others:
            shown.append(f"{self.others} more were never changed")
        return "\n\n".join([*shown, *self.notes])


def blame(where: Path, record: str, what: str = "") -> BlameReport:
    """Who made a record what it is.

    Args:
        where: a project's folder, or a bundle.
        record: an identity, or ``LABEL/KEY`` with ``*`` for any letters.
        what: a property, an element ``p[3]``, or a label ``:L``; everything when empty.

    Raises:
        UsageError: there is no such record, or there are too many.
        BundleError, ManifestError, ChangeError: as `kgshare.review.history.history_of`.
    """
    with history_of(where) as history:
        found = _records(record, history)
        if len(found) > MOST:
            raise UsageError(f"{len(found):,} records are meant by {record}", hint=f"name {MOST} or fewer")
        rows = [_blamed(name, what, history) for name in found]
    changed = [one for one in rows if one.changes] if len(rows) > 1 else rows
    notes = () if history.text else ("upstream is not built here; `kgshare build` lets it be looked at",)
    return BlameReport(records=tuple(changed), others=len(rows) - len(changed), notes=notes)


def _blamed(name: str, what: str, history: History) -> BlamedRecord:
    changes = blame_of(history.sets.history, name, what)
    first = changes[-1].change.record if changes else name
    return BlamedRecord(
        record=f"{name} {what}".strip(), changes=tuple(_change(one, history) for one in changes),
        upstream=_upstream(first, what, changes, history), sources=tuple(_sources(first, history)),
    )  # fmt: skip


def _change(one: Blamed, history: History) -> BlamedChange:
    shown: dict[str, Any] = row(one.change)
    text = shown.get("text")
    before, after = (
        (None if shown["kind"] == "add" else text, None if shown["kind"] == "remove" else text)
        if text
        else (shown["before"], shown["after"])
    )
    return BlamedChange(
        what=str(shown.get("what", "")),
        before=before,
        after=after,
        change_set=LogEntry.of(one.change_set, history),
    )


def _upstream(name: str, what: str, changes: Sequence[Blamed], history: History) -> str:
    """What upstream has: for a property, the value that the first change found, or the one in the text."""
    if what and changes:
        first = row(changes[-1].change)
        if first["kind"] == "add":
            return "it has no such record"
        return _shown(first["before"])
    text = _text(name, history)
    if text is None:
        return ""
    if what:
        return _shown(Fields(text).properties.get(what.partition("[")[0]))
    return text.partition("\n")[2].strip().replace("\n", "\n           ")


def _sources(name: str, history: History) -> Iterator[str]:
    """The records at the other end of the relationships that say where a record comes from."""
    type_ = history.manifest.provenance
    parts = ends(name)
    start = parts[0] if parts else name
    if type_ is None or history.text is None:
        return
    for file in sorted((history.text / "relationships" / folder_name(type_)).glob("?.txt")):
        for block in blocks(file.read_bytes().decode()):
            found = ends(block.partition("\n")[0])
            if found and found[0] == start:
                yield _text(found[2], history) or found[2]


def _text(name: str, history: History) -> str | None:
    if history.text is None:
        return None
    kind = "relationships" if ends(name) else "nodes"
    file = history.text / kind / folder_name(key_names(name)[0]) / f"{shard(name)}.txt"
    texts = blocks(file.read_bytes().decode()) if file.is_file() else []
    return next((text for text in texts if text.partition("\n")[0] == name), None)


def _records(given: str, history: History) -> list[str]:
    """The identities that somebody means."""
    known = named(history.sets.history)
    if given.startswith("("):
        try:
            name = parse_identity(given).text
        except NotCanonical as error:
            raise UsageError(Problem(message=f"not a record's identity: {error}", where=given)) from None
        if name in known or _text(name, history) is not None:
            return [name]
        raise _nothing(given)
    label, slash, key = given.partition("/")
    if not slash:
        raise UsageError(f"not a record: {given}", hint="name it as LABEL/KEY, or by its whole identity")
    candidates = {name for name in known if not ends(name) and key_names(name)[0] == label}
    folder = history.text / "nodes" / folder_name(label) if history.text else None
    for file in sorted(folder.glob("?.txt")) if folder else ():
        candidates |= {text.partition("\n")[0] for text in blocks(file.read_bytes().decode())}
    found = sorted(name for name in candidates if fnmatch.fnmatchcase(_key_text(name), key))
    if not found:
        raise _nothing(given)
    return found


def _key_text(name: str) -> str:
    identity = parse_identity(name)
    assert isinstance(identity, NodeId)
    return "/".join(value if isinstance(value, str) else encode(value) for _, value in identity.key)


def _nothing(given: str) -> UsageError:
    return UsageError(f"there is no record {given}", hint="`*` stands for any letters, as in Station/88*")
