"""Tables of a folder, as columns of text: CSV files as they are, JSON lists and lines as the CSV that they become."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgshare.errors import ManifestError, Problem

FOLDERS = (".", "tables", "data", "import")
BETWEEN = ";"  # separates a list's elements in a cell
MADE = "tables"
# Of tools, not of data: they are JSON or CSV and say nothing about a graph.
NOT_DATA = frozenset(
    {"package.json", "package-lock.json", "tsconfig.json", "relate.project-install.json", "composer.json"}
)


@dataclass(frozen=True, kw_only=True)
class Records:
    """A table.

    Attributes:
        file: its path in the project; where it was made from JSON, the one that it will have.
        columns: column → its cells, in the order of the rows; an empty cell is no value.
        lists: columns whose cells are lists.
        made: the CSV's text, where it was made from JSON.
        source: the file it was read from.
    """

    file: str
    columns: Mapping[str, tuple[str, ...]]
    lists: frozenset[str] = frozenset()
    made: str = ""
    source: str

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(next(iter(self.columns.values()), ()))


def read_records(folder: Path) -> tuple[tuple[Records, ...], tuple[str, ...]]:
    """The tables of a folder, and what was left out and why.

    Raises:
        ManifestError: every file that looks like a table and cannot be one.
    """
    tables: list[Records] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for file in _files(folder):
        name = file.relative_to(folder).as_posix()
        try:
            found = _csv(file, name) if file.suffix == ".csv" else _json(file, name)
        except ManifestError as error:
            problems += error.problems
            continue
        if found is None:
            notes.append(f"{name} is no list of records, so it is left out")
        else:
            tables.append(found)
    if problems:
        raise ManifestError(*problems)
    return tuple(tables), tuple(notes)


def _files(folder: Path) -> list[Path]:
    places = [folder / name for name in FOLDERS if (folder / name).is_dir()]
    found = (
        file
        for place in places
        for ending in ("*.csv", "*.json", "*.jsonl", "*.ndjson")
        for file in place.glob(ending)
    )
    return sorted({file.resolve(): file for file in found if file.name not in NOT_DATA}.values())


def _bad(message: str, where: str, hint: str = "") -> ManifestError:
    return ManifestError(Problem(message=message, where=where, hint=hint))


def _text(file: Path, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(f"not UTF-8: {error.reason} at byte {error.start}", name, "save it as UTF-8") from None
    except OSError as error:
        raise _bad(f"cannot be read: {error.strerror}", name) from None


def _csv(file: Path, name: str) -> Records:
    reader = csv.reader(io.StringIO(_text(file, name), newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise _bad(f"not CSV: {error}", f"{name}:{reader.line_num}") from None
    header, body = (rows[0], [row for row in rows[1:] if row]) if rows else ([], [])
    if not header or not all(header) or len(set(header)) != len(header):
        raise _bad("its first line must name every column, each once", f"{name}:1")
    if len(header) == 1 and any(mark in header[0] for mark in (";", "\t", "|")):
        raise _bad("its columns are not separated by commas", f"{name}:1", "save it with commas")
    if any(":" in column for column in header):
        message = f"the column {next(c for c in header if ':' in c)!r} is a header of neo4j-admin's import"
        raise _bad(
            message, f"{name}:1", "name columns as the properties are to be called, and types in kgshare.yaml"
        )
    for number, row in enumerate(body, 1):
        if len(row) != len(header):
            raise _bad(f"row {number} has {len(row)} cells, the header has {len(header)}", name)
    return Records(
        file=name, source=name, columns={c: tuple(row[i] for row in body) for i, c in enumerate(header)}
    )


def _json(file: Path, name: str) -> Records | None:
    """A list of objects, or an object a line; None for any other JSON."""
    text = _text(file, name)
    try:
        data = (
            json.loads(text)
            if file.suffix == ".json"
            else [json.loads(x) for x in text.splitlines() if x.strip()]
        )
    except json.JSONDecodeError as error:
        raise _bad(f"not JSON: {error.msg}", f"{name}:{error.lineno}") from None
    if not isinstance(data, list) or not data or not all(isinstance(row, dict) for row in data):
        return None
    names = list(dict.fromkeys(str(key) for row in data for key in row))
    cells: dict[str, list[str]] = {column: [] for column in names}
    lists: set[str] = set()
    for number, row in enumerate(data, 1):
        for column in names:
            value = row.get(column)
            if isinstance(value, list):
                lists.add(column)
            cells[column].append(_cell(value, column, f"{name} record {number}"))
    columns = {column: tuple(values) for column, values in cells.items()}
    mixed = [c for c in lists if any(row.get(c) is not None and not isinstance(row[c], list) for row in data)]
    if mixed:
        raise _bad(f"{mixed[0]!r} is a list in some records and a single value in others", name)
    return Records(
        file=f"{MADE}/{file.stem}.csv", source=name, columns=columns, lists=frozenset(lists),
        made=_written(names, zip(*columns.values(), strict=True)),
    )  # fmt: skip


def _cell(value: Any, column: str, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str):
        return str(value)
    if isinstance(value, list) and not any(isinstance(item, list | dict) or item is None for item in value):
        texts = [_cell(item, column, where) for item in value]
        if all(text and BETWEEN not in text for text in texts):
            return BETWEEN.join(texts)
        raise _bad(f"{column!r}: a text in a list is empty or holds `{BETWEEN}`, which separates them", where)
    hint = "flatten it, or write a python seed step (docs/reference/seed.md)"
    raise _bad(f"{column!r} is neither a value nor a list of values", where, hint)


def _written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
