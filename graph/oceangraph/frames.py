"""Reading a table of ``data/`` into typed columns, as the model says; every mistake is named by file and row.

A place is ``data/FILE:LINE``, as editors show it, the header being line 1; rows are counted from 1 without the header.
No table has line breaks inside a cell, so a row is a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from kgshare.errors import Problem, SeedError
from oceangraph.model import Property

MOST_PROBLEMS = 20


def read_table(root: Path, name: str, columns: Iterable[Property]) -> pd.DataFrame:
    """Read ``root/data/name``; columns that the model has get its type, the others (links to other tables) stay text.

    Args:
        root: the project's folder.
        name: the file's name in ``data/``.
        columns: the properties that the table must hold.

    Returns:
        The table; a value that is missing is None (text, whole numbers, lists), NaN or NaT.

    Raises:
        SeedError: no such file, a column is missing, or a value is unreadable, out of range, or missing though required.
    """
    raw = read_text(root, name)
    wanted = tuple(columns)
    absent = [p.name for p in wanted if p.name not in raw.columns]
    if absent:
        raise SeedError(*(Problem(message=f"there is no column {c}", where=f"data/{name}:1") for c in absent))
    problems: list[Problem] = []
    typed = {p.name: _column(raw[p.name], p, name, problems) for p in wanted}
    if problems:
        more = len(problems) - MOST_PROBLEMS
        rest = (Problem(message=f"and {more} more", where=f"data/{name}"),) if more > 0 else ()
        raise SeedError(*problems[:MOST_PROBLEMS], *rest)
    links = {str(c): raw[c] for c in raw.columns if c not in typed}
    return pd.DataFrame({**typed, **links})


def has_table(root: Path, name: str) -> bool:
    """Is there a table of that name."""
    return (root / "data" / name).is_file()


def read_text(root: Path, name: str) -> pd.DataFrame:
    """Read ``root/data/name`` as text; SeedError where it is missing or is no table."""
    path = root / "data" / name
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError as error:
        hint = "make it with `oceangraph import`, or restore it from Git"
        raise SeedError(Problem(message="there is no such table", where=f"data/{name}", hint=hint)) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise SeedError(Problem(message=f"this is no CSV table: {error}", where=f"data/{name}")) from error


def problem(name: str, index: int, message: str) -> Problem:
    """A problem of the row with this index (0 is the first row)."""
    return Problem(message=f"row {index + 1}: {message}", where=f"data/{name}:{index + 2}")


def _column(text: pd.Series[str], prop: Property, name: str, problems: list[Problem]) -> pd.Series[Any]:
    values = _PARSERS[prop.type](text)
    empty = text == ""
    wrong = values.isna() & ~empty
    _collect(problems, name, text[wrong], f"{prop.name} must be of type {prop.type}")
    if prop.required:
        _collect(problems, name, text[empty], f"{prop.name} is missing")
    if prop.low is not None or prop.high is not None:
        number = pd.to_numeric(values, errors="coerce")
        low = -float("inf") if prop.low is None else prop.low
        high = float("inf") if prop.high is None else prop.high
        outside = number.notna() & ~number.between(low, high)
        unit = f" {prop.unit}" if prop.unit not in ("", "1") else ""
        _collect(problems, name, text[outside], f"{prop.name} must be between {low:g} and {high:g}{unit}")
    return values


def _collect(problems: list[Problem], name: str, wrong: pd.Series[str], message: str) -> None:
    for index, value in wrong.items():
        shown = f", but {value!r}" if value else ""
        problems.append(problem(name, int(str(index)), message + shown))


def _text(text: pd.Series[str]) -> pd.Series[Any]:
    return text.astype(object).where(text != "", None)


def _whole(text: pd.Series[str]) -> pd.Series[Any]:
    # Python's own integers beside None: a column of floats would make 4 a 4.0.
    readable = text.str.fullmatch(r"[+-]?\d{1,18}")
    return pd.Series(
        [int(t) if ok else None for t, ok in zip(text, readable, strict=True)], index=text.index, dtype=object
    )


def _number(text: pd.Series[str]) -> pd.Series[Any]:
    number = pd.to_numeric(text, errors="coerce").astype(float)
    return number.where(number.abs() != float("inf"))


def _moment(text: pd.Series[str]) -> pd.Series[Any]:
    readable = text.str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    return pd.to_datetime(text.where(readable), format="%Y-%m-%dT%H:%M:%SZ", errors="coerce", utc=True)


def _day(text: pd.Series[str]) -> pd.Series[Any]:
    moment = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    return moment.dt.date.astype(object).where(moment.notna(), None)


def _list(text: pd.Series[str]) -> pd.Series[Any]:
    return pd.Series([t.split("|") if t else None for t in text], index=text.index, dtype=object)


_PARSERS: dict[str, Callable[[pd.Series[str]], pd.Series[Any]]] = {
    "string": _text,
    "int": _whole,
    "float": _number,
    "datetime": _moment,
    "date": _day,
    "string[]": _list,
}
