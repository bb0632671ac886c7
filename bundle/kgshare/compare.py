"""``kgshare diff``: what differs between two graphs, wherever they are; or what a change set does to one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

from kgshare.aside import write_aside
from kgshare.changes import Add, Change, Element, Label, Property, Remove, Rename, apply, read_change_set
from kgshare.changes.apply import shown
from kgshare.changes.diff import TextDiff, Texts, diff_texts, differences, gone_and_came, texts
from kgshare.changes.load import load_touched
from kgshare.changes.model import SUFFIX, in_order
from kgshare.changes.names import ends, key_names
from kgshare.diffpage import page
from kgshare.errors import ChangeError, Problem
from kgshare.progress import Progress
from kgshare.snapshot.source import Graph, opened, require_comparable

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
        about: title, author, date and reason, where the second is a change set.
        page: where it was written as a page.
        stat: whether the text shows the counts only.
    """

    schema: ClassVar[str] = "diff"
    before: str
    after: str
    digest: str
    counts: Mapping[str, Mapping[str, int]]
    changes: Rows
    schema_gone: tuple[str, ...]
    schema_new: tuple[str, ...]
    files_read: int
    files_skipped: int
    about: tuple[str, ...] = ()
    page: Path | None = None
    stat: bool = field(repr=False)

    def text(self) -> str:
        """The counts; without ``stat``, what changes in each record before them."""
        counts = [
            f"{name}: " + ", ".join(f"{number:,} {what}" for what, number in sorted(by_kind.items()))
            for name, by_kind in sorted(self.counts.items())
        ]
        schema = [*(f"- {line}" for line in self.schema_gone), *(f"+ {line}" for line in self.schema_new)]
        end = [f"page: {self.page}"] if self.page else []
        if not counts and not schema:
            return "\n".join(["no difference", *end])
        if self.stat or self.page:
            return "\n".join([*counts, *([f"schema: {len(schema)} statements"] if schema else []), *end])
        rows = groupby(self.changes, key=lambda row: row["record"])
        shown_ = [line for record, group in rows for line in record_lines(record, list(group))]
        return "\n".join([*shown_, *schema, "", *counts])


def record_lines(record: str, rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """What changes in a record, for a person: the rows of `row` about it."""
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


def compare(
    before: str | Path,
    after: str | Path,
    *,
    stat: bool = False,
    build: bool = False,
    progress: Progress | None = None,
) -> DiffReport:
    """What makes the second graph of the first.

    Args:
        before: a graph, as `kgshare.snapshot.source.opened` takes it.
        after: the same, or a change set, which must fit the first.
        stat: show counts only; then no change is held, however many there are.
        build: seed what is of a project or a revision and was not seeded before.
        progress: says what takes time.

    Raises:
        UsageError: it is none of these, or the graphs are of different projects.
        BundleError: a bundle is refused, or holds no graph.
        SeedError: a snapshot is not what its index says.
        ChangeError: the change set is not one, or does not fit; with every conflict.
    """
    progress = progress or Progress(quiet=True)
    with ExitStack() as stack:
        first = stack.enter_context(opened(before, build=build, progress=progress))
        name, counts = str(after), None
        about: tuple[str, ...] = ()
        if Path(after).suffix == SUFFIX and Path(after).is_file():
            found, about = _of_change_set(first, Path(after))
        else:
            second = stack.enter_context(opened(after, build=build, progress=progress))
            name = second.name
            require_comparable(first, second)
            if stat:
                found, counts = _counted(texts(first.folder, second.folder))
            else:
                found = diff_texts(first.folder, second.folder)
    return DiffReport(
        before=first.name, after=name, digest=f"sha256:{first.digest}", counts=counts or counts_of(found.changes),
        changes=Rows(found.changes), schema_gone=found.schema_gone,
        schema_new=found.schema_new, files_read=found.files, files_skipped=found.skipped, about=about, stat=stat,
    )  # fmt: skip


def write_page(report: DiffReport, file: Path) -> DiffReport:
    """Write a difference as a page, aside and then renamed; the report that says so."""
    write_aside(file, page(report))
    return replace(report, page=file)


def _of_change_set(first: Graph, file: Path) -> tuple[TextDiff, tuple[str, ...]]:
    change_set = read_change_set(file)
    if first.project and change_set.project != first.project:
        message = f"it is for the project {change_set.project}, and {first.name} is of {first.project}"
        raise ChangeError(Problem(message=message, where=file.name))
    applied = apply(load_touched(first.folder, change_set.changes), change_set.changes)
    if applied.conflicts:
        conflicts = applied.conflicts
        raise ChangeError(*(Problem(message=c.text(), where=change_set.where(c.change)) for c in conflicts))
    about = (change_set.title, f"{change_set.author}, {change_set.date:%Y-%m-%d}", change_set.reason)
    return TextDiff(changes=in_order(change_set.changes), files=0, skipped=0), about


def _counted(both: Texts) -> tuple[TextDiff, dict[str, dict[str, int]]]:
    """The counts alone: of each file that differs what is on one side only is held, for renames, and nothing else."""
    counts: dict[str, Counter[str]] = {}
    gone, came = dict[str, str](), dict[str, str]()
    for path, found in differences(both):
        if found.changed:
            kind, group = path.split("/")[:2]
            group = unquote(group)
            name = f"(:{group})" if kind == "nodes" else f"[:{group}]"
            counts.setdefault(name, Counter())["changed"] += len(found.changed)
        gone |= found.gone
        came |= found.came
    for name, by_kind in counts_of(in_order(gone_and_came(gone, came))).items():
        counts.setdefault(name, Counter()).update(by_kind)
    schema_gone, schema_new = both.schema()
    found_ = TextDiff(
        changes=(), schema_gone=schema_gone, schema_new=schema_new,
        files=len(both.paths) + both.schema_differs, skipped=both.skipped,
    )  # fmt: skip
    return found_, {name: dict(sorted(counter.items())) for name, counter in sorted(counts.items())}


class Rows(Sequence[Mapping[str, Any]]):
    """Changes as JSON shows them, made one at a time: there may be a million."""

    def __init__(self, changes: tuple[Change, ...]) -> None:
        self.changes = changes

    def __len__(self) -> int:
        return len(self.changes)

    def __getitem__(self, at: Any) -> Any:
        return row(self.changes[at]) if isinstance(at, int) else [row(change) for change in self.changes[at]]


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


def counts_of(changes: Iterable[Change]) -> dict[str, dict[str, int]]:
    """Records by label or type and by what becomes of them; changes of one record stand side by side."""
    counts: dict[str, Counter[str]] = {}
    for record, group in groupby(changes, key=lambda change: change.record):
        fates = {MARKS.get(type(change), "changed") for change in group}
        counts.setdefault(group_of(record), Counter()).update(fates)
    return {name: dict(sorted(counter.items())) for name, counter in sorted(counts.items())}


def group_of(record: str) -> str:
    """``(:LABEL)`` or ``[:TYPE]`` of an identity."""
    parts = ends(record)
    found = _NAME.match(parts[1] if parts else record)
    name = found[1] if found else key_names(record)[0]
    return f"[:{name}]" if parts else f"(:{name})"


_NAME = re.compile(r"-?[(\[]:([A-Za-z_][A-Za-z0-9_]*)[ \])]")
