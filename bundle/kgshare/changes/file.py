"""A change set as a file: one valid form, which people read, and every mistake in it reported at once.

TOML, because the standard library reads it where the database is seeded. Format: docs/reference/change-set.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kgshare.canonical.values import quote
from kgshare.changes.checks import wrong_changes
from kgshare.changes.model import (
    SUFFIX,
    Add,
    Change,
    ChangeSet,
    Element,
    Label,
    Property,
    Remove,
    Rename,
    in_order,
)
from kgshare.changes.rows import HEADER, HEADER_KEYS, change_of
from kgshare.errors import ChangeError, Problem

HEAD = "[[change]]"


def render(change_set: ChangeSet) -> str:
    """The text of a change set's file."""
    lines = [f"kgshare = {quote(HEADER)}", f"title = {quote(change_set.title)}"]
    lines += [f"author = {quote(change_set.author)}", f"date = {_date(change_set.date)}"]
    lines += [f"reason = {_prose(change_set.reason)}"]
    lines += _list("references", change_set.references)
    lines += [f"project = {quote(change_set.project)}", f"baseline = {quote(change_set.baseline)}"]
    lines += _list("follows", change_set.follows)
    for change in in_order(change_set.changes):
        lines += ["", HEAD, *_rows(change)]
    return "\n".join(lines) + "\n"


def _date(date: datetime) -> str:
    return date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _list(name: str, items: tuple[str, ...]) -> Iterator[str]:
    if items:
        yield from (f"{name} = [", *(f"  {quote(item)}," for item in items), "]")


def _prose(text: str) -> str:
    """One line in quotes; several in three, with a line feed as a line feed."""
    if "\n" not in text:
        return quote(text)
    return '"""\n' + "\n".join(quote(line)[1:-1] for line in text.split("\n")) + '"""'


def _canonical(text: str) -> str:
    """Canonical text as it is, between apostrophes; where it holds one, as a string with escapes."""
    return quote(text) if "'" in text else f"'{text}'"


def _record(text: str) -> str:
    return _prose(f"{text}\n") if "'''" in text else f"'''\n{text}\n'''"


def _rows(change: Change) -> Iterator[str]:
    match change:
        case Add(text):
            yield f"add = {_record(text)}"
        case Remove(text):
            yield f"remove = {_record(text)}"
        case Rename(record, to):
            yield from (f"record = {_canonical(record)}", f"rename = {_canonical(to)}")
        case Label(record, label, after):
            yield from (f"record = {_canonical(record)}", f"label = {quote(label)}")
            yield from (f"before = {str(not after).lower()}", f"after = {str(after).lower()}")
        case Property(record, name, before, value):
            yield from (f"record = {_canonical(record)}", f"property = {quote(name)}")
            yield from (f"before = {_canonical(before)}",) if before is not None else ()
            yield from (f"after = {_canonical(value)}",) if value is not None else ()
        case Element(record, name, index, before, value):
            yield from (f"record = {_canonical(record)}", f"property = {quote(name)}", f"element = {index}")
            yield from (f"before = {_canonical(before)}", f"after = {_canonical(value)}")


def read_change_set(file: Path) -> ChangeSet:
    """Read a change set's file.

    Raises:
        ChangeError: with every mistake in it, by file and line.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ChangeError(Problem(message=f"cannot be read: {error.strerror}", where=str(file))) from None
    return parse_change_set(data, file.name)


def parse_change_set(data: bytes, file: str) -> ChangeSet:
    """What `read_change_set` does, for a file's bytes and its name.

    Raises:
        ChangeError: with every mistake in it, by file and line.
    """
    text, table = _load(data, file)
    lines = _lines(text, table)
    problems, changes = _changes(table, lines, file)
    problems = [*_header(table, text, file), *problems]
    problems += [
        Problem(message=message, where=f"{file}:{lines[i]}")
        for i, message in wrong_changes(changes)
        if i < len(lines)
    ]
    if problems:
        raise ChangeError(*problems)
    made = ChangeSet(
        title=table["title"], author=table["author"], date=table["date"].astimezone(UTC), reason=table["reason"],
        references=tuple(table.get("references", ())), project=table["project"], baseline=table["baseline"],
        follows=tuple(table.get("follows", ())), changes=tuple(changes), name=file.removesuffix(SUFFIX),
        lines=tuple(lines),
    )  # fmt: skip
    _require_canonical(text, render(made), file)
    return made


def _load(data: bytes, file: str) -> tuple[str, dict[str, Any]]:
    try:
        text = data.decode()
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ChangeError(Problem(message=f"not UTF-8: {error.reason}", where=file)) from None
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at line (\d+), column \d+\)", str(error))
        line = f":{at[1]}" if at else f":{max(1, len(text.splitlines()))}"
        message = str(error).replace(at[0], "") if at else str(error).replace(" (at end of document)", "")
        hint = "it may have been cut off" if not at else ""
        raise ChangeError(Problem(message=f"not TOML: {message}", where=f"{file}{line}", hint=hint)) from None


def _lines(text: str, table: dict[str, Any]) -> list[int]:
    """The line of each change: changes stand last, so what looks like their head in the reason is left out."""
    heads = [number for number, line in enumerate(text.split("\n"), 1) if line.strip() == HEAD]
    rows = table.get("change")
    return heads[-len(rows) :] if isinstance(rows, list) and rows else []


def _header(table: dict[str, Any], text: str, file: str) -> Iterator[Problem]:
    def problem(key: str, message: str, hint: str = "") -> Problem:
        found = re.search(rf"^{re.escape(key)}\s*=", text, re.MULTILINE)
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        return Problem(message=message, where=f"{file}:{line}", hint=hint)

    for key in table.keys() - HEADER_KEYS.keys() - {"change"}:
        yield problem(key, f"unknown key `{key}`", "see docs/reference/change-set.md for the keys there are")
    for key, wrong in HEADER_KEYS.items():
        if key not in table:
            if key not in ("references", "follows"):
                yield problem(key, f"`{key}` is missing")
        elif message := wrong(table[key]):
            yield problem(key, f"`{key}` {message}")
    if not table.get("change"):
        yield Problem(message="it changes nothing", where=f"{file}:1", hint=f"each change begins with {HEAD}")


def _changes(table: dict[str, Any], lines: list[int], file: str) -> tuple[list[Problem], list[Change]]:
    problems: list[Problem] = []
    changes: list[Change] = []
    rows = table.get("change", [])
    if not isinstance(rows, list) or len(lines) != len(rows):
        return [Problem(message=f"each change begins with a line {HEAD}", where=f"{file}:1")], []
    for line, row in zip(lines, rows, strict=True):
        try:
            changes.append(change_of(row))
        except ValueError as error:
            problems.append(Problem(message=str(error), where=f"{file}:{line}"))
    return problems, changes if not problems else []


def _require_canonical(text: str, wanted: str, file: str) -> None:
    if text == wanted:
        return
    pairs = zip([*text.split("\n"), ""], [*wanted.split("\n"), ""], strict=False)
    line, (found, expected) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    raise ChangeError(
        Problem(
            message=f"not in the one valid form: here stands {found[:80]!r}, not {expected[:80]!r}",
            where=f"{file}:{line}",
            hint="changes are sorted, keys are in a fixed order, lines end with a line feed alone",
        )
    )
