"""``kgshare diff``: what differs between two graphs, each a bundle or a snapshot; or what a change set does to one."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

from kgshare.canonical.text import INDEX, digest, read_digest
from kgshare.changes import Add, Change, Element, Label, Property, Remove, Rename, apply, read_change_set
from kgshare.changes.apply import shown
from kgshare.changes.diff import TextDiff, diff_texts
from kgshare.changes.load import load_touched
from kgshare.changes.model import SUFFIX, in_order
from kgshare.changes.names import ends, key_names
from kgshare.errors import ChangeError, Problem, UsageError
from kgshare.snapshot.unpack import FOLDER, unpack_graph

MARKS: Mapping[type, str] = {Add: "added", Remove: "removed", Rename: "renamed"}


@dataclass(frozen=True, kw_only=True)
class DiffReport:
    """What differs.

    Attributes:
        before: the first graph, as it was named; after: the second likewise.
        digest: of the first graph.
        counts: by label or type: records added, removed, renamed, changed.
        changes: what makes the second of the first; each with its kind.
        schema_gone: constraints and indexes, as statements; schema_new likewise.
        files_read: files of canonical text that differ; files_skipped: those with equal digests.
        stat: whether the text shows the counts only.
    """

    schema: ClassVar[str] = "diff"
    before: str
    after: str
    digest: str
    counts: Mapping[str, Mapping[str, int]]
    changes: tuple[Mapping[str, Any], ...]
    schema_gone: tuple[str, ...]
    schema_new: tuple[str, ...]
    files_read: int
    files_skipped: int
    stat: bool = field(repr=False)

    def text(self) -> str:
        """The counts; without ``stat``, what changes in each record before them."""
        counts = [
            f"{name}: " + ", ".join(f"{number:,} {what}" for what, number in sorted(by_kind.items()))
            for name, by_kind in sorted(self.counts.items())
        ]
        schema = [*(f"- {line}" for line in self.schema_gone), *(f"+ {line}" for line in self.schema_new)]
        if not counts and not schema:
            return "no difference"
        if self.stat:
            return "\n".join([*counts, *([f"schema: {len(schema)} statements"] if schema else [])])
        rows = groupby(self.changes, key=lambda row: row["record"])
        shown_ = [line for record, group in rows for line in _lines(record, list(group))]
        return "\n".join([*shown_, *schema, "", *counts])


def _lines(record: str, rows: list[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["kind"] in ("add", "remove"):
            mark = "+" if row["kind"] == "add" else "-"
            yield from (f"{mark} {line}" for line in row["text"].split("\n"))
    changed = [row for row in rows if row["kind"] not in ("add", "remove")]
    if changed:
        yield f"  {record}"
    for row in changed:
        before, after = (row[key] if row[key] is not None else "(nothing)" for key in ("before", "after"))
        yield f"    {row['what']}: {before} → {after}"


def compare(before: Path, after: Path, *, stat: bool = False) -> DiffReport:
    """What makes the second graph of the first.

    Args:
        before: a bundle, or a snapshot's folder.
        after: the same, or a change set, which must fit the first.
        stat: show counts only.

    Raises:
        UsageError: it is none of these.
        BundleError: a bundle is refused, or holds no graph.
        SeedError: a snapshot is not what its index says.
        ChangeError: the change set is not one, or does not fit; with every conflict.
    """
    with opened(before) as first:
        if after.suffix == SUFFIX and after.is_file():
            found = _of_change_set(first, after)
        else:
            with opened(after) as second:
                found = diff_texts(first, second)
        base = read_digest(first).sha256
    return DiffReport(
        before=str(before), after=str(after), digest=f"sha256:{base}", counts=_counts(found.changes),
        changes=tuple(row(change) for change in found.changes), schema_gone=found.schema_gone,
        schema_new=found.schema_new, files_read=found.files, files_skipped=found.skipped, stat=stat,
    )  # fmt: skip


def _of_change_set(first: Path, file: Path) -> TextDiff:
    change_set = read_change_set(file)
    applied = apply(load_touched(first, change_set.changes), change_set.changes)
    if applied.conflicts:
        conflicts = applied.conflicts
        raise ChangeError(*(Problem(message=c.text(), where=change_set.where(c.change)) for c in conflicts))
    return TextDiff(changes=in_order(change_set.changes), files=0, skipped=0)


@contextmanager
def opened(where: Path) -> Iterator[Path]:
    """The folder of a graph's canonical text, while it is open.

    Args:
        where: a bundle, or a snapshot's folder.

    Raises:
        UsageError: it is neither.
        BundleError: the bundle is refused, or holds no graph.
        SeedError: the snapshot is not what its index says.
    """
    if (where / INDEX).is_file():
        digest(where)
        yield where
    elif where.is_file() and where.suffix != SUFFIX:
        from kgshare.bundle import read_bundle

        with tempfile.TemporaryDirectory(prefix="kgshare-graph-") as folder:
            unpack_graph(read_bundle(where, deep=False), Path(folder))
            yield Path(folder) / FOLDER
    else:
        hint = "name a bundle or a snapshot's folder; a change set comes second"
        raise UsageError(f"there is no graph at {where}", hint=hint)


def row(change: Change) -> dict[str, Any]:
    """A change as JSON shows it: its kind, record and place, and the values before and after."""
    match change:
        case Add(text) | Remove(text):
            return {
                "kind": "add" if isinstance(change, Add) else "remove",
                "record": change.record,
                "text": text,
            }
        case Rename(record, to):
            return {"kind": "rename", "record": record, "what": "key", "before": record, "after": to}
        case Property() | Element() | Label():
            what, before, after = shown(change)
            kind = type(change).__name__.lower()
            return {"kind": kind, "record": change.record, "what": what, "before": before, "after": after}


def _counts(changes: tuple[Change, ...]) -> dict[str, dict[str, int]]:
    """Records by label or type and by what becomes of them."""
    fates: dict[str, set[str]] = {}
    for change in changes:
        fates.setdefault(change.record, set()).add(MARKS.get(type(change), "changed"))
    counts: dict[str, Counter[str]] = {}
    for record, fate in fates.items():
        name = f"[:{key_names(record)[0]}]" if ends(record) else f"(:{key_names(record)[0]})"
        counts.setdefault(name, Counter()).update(fate)
    return {name: dict(sorted(counter.items())) for name, counter in sorted(counts.items())}
