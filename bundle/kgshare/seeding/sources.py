"""Where bulk rows come from: CSV tables and the batches of Python functions, both as one stream of typed rows."""

from __future__ import annotations

import csv
import importlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgshare.errors import Problem, SeedError
from kgshare.seeding.cells import BadValue, Cell, Reader, cell, reader
from kgshare.seeding.model import Nodes, Relationships
from kgshare.seeding.problems import Problems
from kgshare.seeding.spec import CsvStep, PythonStep, TableEnd

# A row's number, counted from 1 without the header, and its properties; a missing value has no entry.
Row = tuple[int, dict[str, Cell]]

# A bibliography's abstract or a polygon may well exceed the csv module's 128 KiB.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, kw_only=True)
class NodeRows:
    """Rows of nodes with one set of labels; the first label's key identifies them."""

    source: str
    labels: tuple[str, ...]
    rows: Iterable[Row]


@dataclass(frozen=True, kw_only=True)
class LinkRows:
    """Rows of relationships of one type."""

    source: str
    type: str
    start: TableEnd
    end: TableEnd
    rows: Iterable[Row]


Batch = NodeRows | LinkRows


def table_batches(
    step: CsvStep, project: Path, keys: Mapping[str, tuple[str, ...]], problems: Problems
) -> Iterator[Batch]:
    """The tables of a csv step, nodes first; the key columns of an end are read with the type of the node's key."""
    key_types: dict[str, dict[str, str]] = {}
    for table in step.nodes:
        types = dict(table.types)
        for label in table.labels:
            key_types.setdefault(label, types)
        needed = [*types, *keys.get(table.labels[0], ())]
        rows = _table(project / table.file, table.file, types, needed, problems)
        yield NodeRows(source=table.file, labels=table.labels, rows=rows)
    for links in step.relationships:
        types = dict(links.types)
        for end in (links.start, links.end):
            known = key_types.get(end.label, {})
            for column, key in zip(end.columns, keys.get(end.label, ()), strict=False):
                if key in known:
                    types.setdefault(column, known[key])
        needed = [*types, *links.start.columns, *links.end.columns]
        rows = _table(project / links.file, links.file, types, needed, problems)
        yield LinkRows(source=links.file, type=links.type, start=links.start, end=links.end, rows=rows)


def _table(
    file: Path, name: str, types: Mapping[str, str], needed: Sequence[str], problems: Problems
) -> Iterator[Row]:
    """A CSV file's rows, typed; an empty cell is no property. What is wrong goes to ``problems``."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.reader(lines, strict=True)
            header = next(table, None)
            if header is None:
                problems.add("the file is empty: its first line must name the columns", name)
                return
            if _bad_header(header, name, needed, problems):
                return
            readers = [reader(types.get(column, "string")) for column in header]
            yield from _rows(table, header, readers, name, types, problems)
    except UnicodeDecodeError as error:
        problems.add(f"not UTF-8: {error.reason} at byte {error.start}", name, "save the table as UTF-8")
    except csv.Error as error:
        problems.add(f"not CSV: {error}", f"{name}:{table.line_num}")
    except OSError as error:
        problems.add(f"cannot be read: {error.strerror}", name)


def _bad_header(header: list[str], name: str, needed: Sequence[str], problems: Problems) -> bool:
    twice = sorted({column for column in header if header.count(column) > 1})
    missing = sorted({column for column in needed if column not in header})
    for column in twice:
        problems.add(f"column {column!r} stands twice", f"{name}:1")
    for column in missing:
        problems.add(f"there is no column {column!r}; there are: {', '.join(header)}", f"{name}:1")
    if "" in header:
        problems.add("a column has no name", f"{name}:1")
    return bool(twice or missing or "" in header)


def _rows(
    table: Any,
    header: list[str],
    readers: list[Reader],
    name: str,
    types: Mapping[str, str],
    problems: Problems,
) -> Iterator[Row]:
    width = len(header)
    for number, texts in enumerate(table, start=1):
        if len(texts) != width:
            if texts:
                message = f"row {number} has {len(texts)} cells, the header has {width}"
                problems.add(message, f"{name}:{table.line_num}")
            continue
        row: dict[str, Cell] = {}
        for column, read, text in zip(header, readers, texts, strict=True):
            if not text:
                continue
            try:
                row[column] = read(text)
            except BadValue as error:
                message = f"row {number}, column {column}: {text!r} is {error}"
                problems.add(message, f"{name}:{table.line_num}", f"its type is {types[column]}")
        yield number, row


# --- Python functions ----------------------------------------------------------------------------------------------


def function_batches(step: PythonStep, project: Path, problems: Problems) -> Iterator[Batch]:
    """The batches that a project's seed function yields.

    Raises:
        SeedError: the function does not exist, fails, or yields something else; with the line of its code.
    """
    function = _load(step, project)
    try:
        for number, batch in enumerate(function(project), start=1):
            source = getattr(batch, "source", "") or f"{step.function} batch {number}"
            if isinstance(batch, Nodes):
                yield NodeRows(
                    source=source, labels=tuple(batch.labels), rows=_typed(batch.rows, source, problems)
                )
            elif isinstance(batch, Relationships):
                ends = [
                    TableEnd(label=end.label, columns=tuple(end.columns)) for end in (batch.start, batch.end)
                ]
                rows = _typed(batch.rows, source, problems)
                yield LinkRows(source=source, type=batch.type, start=ends[0], end=ends[1], rows=rows)
            else:
                raise SeedError(
                    Problem(
                        message=f"it yielded a {type(batch).__name__}",
                        where=step.function,
                        hint="a seed function yields kgshare.seeding.Nodes and kgshare.seeding.Relationships",
                    )
                )
    except (SeedError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise SeedError(_failed(error, step.function, project)) from error


def _load(step: PythonStep, project: Path) -> Any:
    for source in reversed(step.source):
        path = project / source
        folder = path.parent if path.is_file() or (path / "__init__.py").exists() else path
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    module, _, name = step.function.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except AttributeError:
        problem = Problem(message=f"module {module} has no function {name}", where=step.function)
    except ImportError as error:
        hint = "name its folder under `source`, or what it needs under `requirements`"
        problem = Problem(message=f"cannot be imported: {error}", where=step.function, hint=hint)
    except Exception as error:
        problem = _failed(error, step.function, project)
    raise SeedError(problem)


def _failed(error: BaseException, function: str, project: Path) -> Problem:
    """A project's own code failed: the last line of its own, not a traceback through ours."""
    where, trace = function, error.__traceback__
    while trace:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(project):
            where = f"{file.relative_to(project)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return Problem(message=f"{function} failed: {type(error).__name__}: {error}", where=where)


def _typed(rows: Any, source: str, problems: Problems) -> Iterator[Row]:
    for number, values in enumerate(_mappings(rows), start=1):
        row: dict[str, Cell] = {}
        for name, value in values.items():
            try:
                if name == "":
                    raise BadValue("a property must have a name")
                found = cell(value)
            except BadValue as error:
                problems.add(f"row {number}, column {name}: {error}", source)
                continue
            if found is not None:
                row[str(name)] = found
        yield number, row


def _mappings(rows: Any) -> Iterable[Mapping[Any, Any]]:
    """Rows as mappings; a DataFrame's columns as Python's own values, which is a copy of a column at a time."""
    if not hasattr(rows, "itertuples"):
        found: Iterable[Mapping[Any, Any]] = rows
        return found
    names = list(rows.columns)
    columns = [
        rows[name].tolist() if rows[name].dtype.kind not in "Mm" else list(rows[name]) for name in names
    ]
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
