"""What the tables of a change set's file may hold, and the change that one of them means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from kgshare.canonical.records import parse_identity, parse_record
from kgshare.canonical.values import NotCanonical, decode
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove, Rename

HEADER = "change-set/v1"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
PROJECT = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
BASELINE = r"sha256:[0-9a-f]{64}"


def _text(pattern: str, what: str) -> Callable[[Any], str]:
    def wrong(value: Any) -> str:
        return "" if isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) else f"must be {what}"

    return wrong


def _texts(pattern: str, what: str) -> Callable[[Any], str]:
    one = _text(pattern, what)

    def wrong(value: Any) -> str:
        fine = isinstance(value, list) and value and not any(map(one, value)) and len({*value}) == len(value)
        return "" if fine else f"must be a list of {what}, each once"

    return wrong


def _date(value: Any) -> str:
    fine = isinstance(value, datetime) and value.tzinfo and not value.microsecond
    return "" if fine else "must be a date and time with an offset, in whole seconds"


LINE = r"[^\n]*[^\s][^\n]*"
HEADER_KEYS: Mapping[str, Callable[[Any], str]] = {
    "kgshare": _text(re.escape(HEADER), f'"{HEADER}", the version of this format'),
    "title": _text(LINE, "one line"),
    "author": _text(LINE, "one line"),
    "date": _date,
    "reason": _text(r".*\S.*", "a text"),
    "references": _texts(LINE, "texts of one line"),
    "project": _text(PROJECT, "a project's name"),
    "baseline": _text(BASELINE, "sha256: and the 64 digits of a graph's digest"),
    "follows": _texts(NAME, "names of change sets"),
}
KINDS: Mapping[frozenset[str], tuple[str, ...]] = {
    frozenset({"add"}): (),
    frozenset({"remove"}): (),
    frozenset({"record", "rename"}): (),
    frozenset({"record", "label", "before", "after"}): (),
    frozenset({"record", "property", "element", "before", "after"}): (),
    frozenset({"record", "property"}): ("before", "after"),
}


def change_of(row: Any) -> Change:
    """The change that a table means.

    Raises:
        ValueError: it means none; says why.
    """
    keys = frozenset(row) if isinstance(row, dict) else frozenset()
    if not any(needed <= keys <= needed | {*optional} for needed, optional in KINDS.items()):
        found = ", ".join(sorted(keys)) or "nothing"
        raise ValueError(f"no change has these keys: {found}; see docs/reference/change-set.md")
    types = {"element": int} | ({"before": bool, "after": bool} if "label" in keys else {})
    for key, value in row.items():
        if type(value) is not types.get(key, str):
            raise ValueError(f"`{key}` must be a {types.get(key, str).__name__}")
    if "add" in keys or "remove" in keys:
        return Add(_record(row["add"])) if "add" in keys else Remove(_record(row["remove"]))
    record = _identity(row["record"])
    if "rename" in keys:
        return Rename(record, _identity(row["rename"]))
    if "label" in keys:
        if row["before"] == row["after"]:
            raise ValueError("a label that is before and after as it was: nothing changes")
        return Label(record, row["label"], row["after"])
    values = {key: _value(row[key]) for key in ("before", "after") if key in row}
    if values.get("before") == values.get("after"):
        raise ValueError("before and after are the same: nothing changes")
    if "element" in keys:
        return Element(record, row["property"], row["element"], values["before"], values["after"])
    return Property(record, row["property"], values.get("before"), values.get("after"))


def _value(text: str) -> str:
    try:
        decode(text)
    except NotCanonical as error:
        raise ValueError(str(error)) from None
    return text


def _identity(text: str) -> str:
    try:
        parse_identity(text)
    except NotCanonical as error:
        raise ValueError(f"not a record's identity: {error}") from None
    return text


def _record(text: str) -> str:
    if not text.endswith("\n"):
        raise ValueError("a record's text ends with a line feed")
    try:
        parse_record(text[:-1])
    except NotCanonical as error:
        raise ValueError(f"not a record: {error}") from None
    return text[:-1]
