"""Stage 1: rows of nodes and relationships become files for Neo4j's bulk import, and those a store.

Ends are resolved here, by key, to numbers that serve the import as ids and are not stored; so a duplicate key or an
end that does not exist is reported with its file and row, and everything that is wrong is reported at once.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from kgshare.seeding.cells import LATE, UNIT, Cell
from kgshare.seeding.problems import Problems
from kgshare.seeding.server import Install
from kgshare.seeding.sources import Batch, NodeRows, function_batches, table_batches
from kgshare.seeding.spec import CsvStep, PythonStep, SeedSpec, TableEnd

# Names that the import's header cannot be misled by; properties with others are set over Bolt.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Key = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class LateNode:
    """Properties of a node that the import cannot carry."""

    label: str
    key: Mapping[str, Any]
    properties: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class LateLink:
    """A relationship with properties that the import cannot carry: it is made over Bolt."""

    type: str
    start: tuple[str, Mapping[str, Any]]
    end: tuple[str, Mapping[str, Any]]
    properties: Mapping[str, Any]


@dataclass(kw_only=True)
class Imported:
    """What the bulk stage did.

    Attributes:
        nodes: how many nodes the import was given; relationships likewise.
        late: what remains to be done over Bolt.
    """

    nodes: int = 0
    relationships: int = 0
    late: list[LateNode | LateLink] = field(default_factory=list)


class _Sheet:
    """One kind of row: columns with their types, and the file that rows with just these columns go to.

    Every row of a file must be as long as its header; so when a row brings a new column, a new file begins.
    """

    def __init__(self) -> None:
        self.columns: dict[str, str] = {}
        self.file: IO[str] | None = None

    def fits(self, row: Mapping[str, Cell]) -> bool:
        return all(self.columns.get(name, cell.type) == cell.type for name, cell in row.items())


class _Files:
    """The import's files, by labels or type of the rows and, where a column's type varies, by types."""

    def __init__(self, folder: Path, kind: str, fixed: str) -> None:
        self._folder, self._kind, self._fixed = folder, kind, fixed
        self._sheets: dict[str, list[_Sheet]] = {}
        self._pairs: list[str] = []
        self.multiline, self.longest = False, 0

    def write(self, fixed: str, group: str, row: Mapping[str, Cell]) -> None:
        """Add a row.

        Args:
            fixed: its first cells: the ids.
            group: labels or type, the cell after them.
            row: its properties.
        """
        sheet = self._fitting(group, row)
        if sheet.file is None or any(name not in sheet.columns for name in row):
            for name, cell in row.items():
                sheet.columns.setdefault(name, cell.type)
            self._begin(sheet)
        texts = [fixed, group]
        for name in sheet.columns:
            cell_ = row.get(name)
            texts.append(cell_.text if cell_ else "")
        line = ",".join(texts)
        if "\n" in line or "\r" in line:
            self.multiline = True
        self.longest = max(self.longest, len(line))
        assert sheet.file
        sheet.file.write(line + "\n")

    def _fitting(self, group: str, row: Mapping[str, Cell]) -> _Sheet:
        sheets = self._sheets.setdefault(group, [])
        for sheet in sheets:
            if sheet.fits(row):
                return sheet
        sheets.append(_Sheet())
        return sheets[-1]

    def _begin(self, sheet: _Sheet) -> None:
        if sheet.file:
            sheet.file.close()
        stem = f"{self._kind}-{len(self._pairs)}"
        header, rows = self._folder / f"{stem}-header.csv", self._folder / f"{stem}-rows.csv"
        names = [self._fixed, *(f"{name}:{kind}" for name, kind in sheet.columns.items())]
        header.write_text(",".join(names) + "\n", encoding="utf-8")
        sheet.file = rows.open("w", encoding="utf-8", newline="")
        self._pairs.append(f"{header},{rows}")

    def close(self) -> list[str]:
        """Close the files; returns ``HEADER,ROWS`` for each."""
        for sheets in self._sheets.values():
            for sheet in sheets:
                if sheet.file:
                    sheet.file.close()
        return self._pairs


class _Bulk:
    """Takes batches in any order; relationships whose ends are not there yet wait until the end."""

    def __init__(self, spec: SeedSpec, folder: Path, problems: Problems) -> None:
        self._keys, self._problems, self._folder = spec.node_keys, problems, folder
        self._ids: dict[str, dict[Key, int]] = {label: {} for label in spec.node_keys}
        self._batches: list[tuple[int, str]] = []
        self._next = 0
        self.nodes = _Files(folder, "nodes", ":ID,:LABEL")
        self.links = _Files(folder, "relationships", ":START_ID,:END_ID,:TYPE")
        self._parked: IO[bytes] | None = None
        self.done = Imported()

    def take(self, batch: Batch) -> None:
        if isinstance(batch, NodeRows):
            self._take_nodes(batch)
        else:
            for number, row in batch.rows:
                self._link(batch.source, batch.type, batch.start, batch.end, number, row, park=True)

    def _take_nodes(self, batch: NodeRows) -> None:
        label = batch.labels[0] if batch.labels else ""
        key = self._keys.get(label)
        if key is None:
            hint = f"declare its key under identity.nodes.{label}; the first label of a batch is the one that counts"
            self._problems.add(f"label {label or '(none)'} has no key", batch.source, hint)
            return
        ids, first = self._ids[label], self._next
        self._batches.append((first, batch.source))
        labels = _csv_text(UNIT.join(batch.labels))
        for number, row in batch.rows:
            self._next = first + number
            missing = [name for name in key if name not in row]
            if missing:
                names = ", ".join(missing)
                self._problems.add(f"row {number} has no {names}, which is the key of {label}", batch.source)
                continue
            values = tuple(_key_part(row[name]) for name in key)
            other = ids.setdefault(values, self._next)
            if other != self._next:
                text = ", ".join(f"{name} = {row[name].value!r}" for name in key)
                message = f"row {number} repeats the key of {label}, {text}: first in {self._place(other)}"
                self._problems.add(message, batch.source)
                continue
            late = _late(row)
            if late:
                where = {name: row[name].value for name in key}
                self.done.late.append(LateNode(label=label, key=where, properties=late))
            self.nodes.write(str(self._next), labels, row)
            self.done.nodes += 1

    def _place(self, number: int) -> str:
        first, source = max(batch for batch in self._batches if batch[0] < number)
        return f"{source} row {number - first}"

    def _link(
        self,
        source: str,
        type_: str,
        start: TableEnd,
        end: TableEnd,
        number: int,
        row: dict[str, Cell],
        *,
        park: bool,
    ) -> None:
        found = [self._end(row, side) for side in (start, end)]
        if None in found:
            if park:
                self._park((source, type_, start, end, number, row))
            else:
                self._dangling(source, type_, (start, end), number, row)
            return
        properties = {name: cell for name, cell in row.items() if name not in (*start.columns, *end.columns)}
        if _late(dict(properties)):
            ends = [(side.label, self._where(row, side)) for side in (start, end)]
            values = {name: cell.value for name, cell in properties.items()}
            self.done.late.append(LateLink(type=type_, start=ends[0], end=ends[1], properties=values))
        else:
            self.links.write(f"{found[0]},{found[1]}", _csv_text(type_), properties)
        self.done.relationships += 1

    def _end(self, row: Mapping[str, Cell], end: TableEnd) -> int | None:
        if any(column not in row for column in end.columns):
            return None
        return self._ids.get(end.label, {}).get(tuple(_key_part(row[column]) for column in end.columns))

    def _where(self, row: Mapping[str, Cell], end: TableEnd) -> dict[str, Any]:
        names = self._keys[end.label]
        return {name: row[column].value for name, column in zip(names, end.columns, strict=True)}

    def _dangling(
        self, source: str, type_: str, ends: tuple[TableEnd, TableEnd], number: int, row: Mapping[str, Cell]
    ) -> None:
        for side, end in zip(("start", "end"), ends, strict=True):
            if self._end(row, end) is not None:
                continue
            if end.label not in self._keys:
                message, hint = f"label {end.label} has no key", f"declare it: identity.nodes.{end.label}"
            elif missing := [column for column in end.columns if column not in row]:
                message, hint = (
                    f"row {number} of {type_} has no {', '.join(missing)}: its {side} is unknown",
                    "",
                )
            else:
                shown = ", ".join(f"{column} = {row[column].value!r}" for column in end.columns)
                message, hint = f"row {number} of {type_}: there is no {end.label} with {shown} ({side})", ""
            self._problems.add(message, f"{source} row {number}", hint)

    def _park(self, link: tuple[Any, ...]) -> None:
        if self._parked is None:
            self._parked = (self._folder / "parked").open("w+b")
        pickle.dump(link, self._parked)

    def finish(self) -> None:
        """Give the relationships that waited their ends; those without go to the problems."""
        if self._parked is None:
            return
        for source, type_, start, end, number, row in _unparked(self._parked):
            self._link(source, type_, start, end, number, row, park=False)
        self._parked.close()


def bulk_stage(spec: SeedSpec, install: Install, home: Path, scratch: Path) -> Imported:
    """Run the csv and python steps into a new store in ``home``; without any, do nothing.

    Raises:
        SeedError: every mistake in the rows; or the import failed.
    """
    steps = [step for step in spec.steps if isinstance(step, CsvStep | PythonStep)]
    if not steps:
        return Imported()
    problems, project = Problems(), Path(spec.project)
    bulk = _Bulk(spec, scratch, problems)
    for step in steps:
        for batch in _batches(step, project, spec, problems):
            bulk.take(batch)
    bulk.finish()
    problems.complain()
    nodes, links = bulk.nodes.close(), bulk.links.close()
    if nodes:
        longest = max(bulk.nodes.longest, bulk.links.longest)
        _import(install, home, scratch, nodes, links, longest, bulk.nodes.multiline or bulk.links.multiline)
    return bulk.done


def _batches(
    step: CsvStep | PythonStep, project: Path, spec: SeedSpec, problems: Problems
) -> Iterator[Batch]:
    if isinstance(step, CsvStep):
        return table_batches(step, project, spec.node_keys, problems)
    return function_batches(step, project, problems)


def _import(
    install: Install,
    home: Path,
    scratch: Path,
    nodes: list[str],
    links: list[str],
    longest: int,
    multiline: bool,
) -> None:
    words = ["database", "import", "full", "neo4j", "--id-type=integer", "--array-delimiter=U+001F"]
    words += [f"--nodes={pair}" for pair in nodes] + [f"--relationships={pair}" for pair in links]
    words += [
        f"--multiline-fields={str(multiline).lower()}",
        f"--read-buffer-size={max(4_194_304, 8 * longest)}",
    ]
    words += [
        "--verbose",
        "--strict=true",
        f"--report-file={home / 'import.report'}",
        "--overwrite-destination=true",
    ]
    install.admin(home, *words, what="the bulk import", reads=scratch)


def _late(row: dict[str, Cell]) -> dict[str, Any]:
    """Take out of a row, and return, what the import cannot carry."""
    names = [name for name, cell in row.items() if cell.type == LATE or not _PLAIN.fullmatch(name)]
    return {name: row.pop(name).value for name in names}


def _key_part(cell: Cell) -> Any:
    """A key's part for look-ups: 1, 1.0, True and "1" are four keys."""
    return cell.value if cell.type in ("string", "long") else (cell.type, cell.text)


def _csv_text(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _unparked(file: IO[bytes]) -> Iterator[Any]:
    file.seek(0)
    while True:
        try:
            yield pickle.load(file)  # noqa: S301 - written a moment ago by this process, in its own folder
        except EOFError:
            return
