"""Read a running graph into its canonical text.

Values come as exactly as Neo4j has them: for temporal ones the query asks for their parts, because the driver's own
classes cannot hold every year, every offset, or the difference between ``Z`` and the zone ``UTC``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kgshare.canonical.records import block, name_text
from kgshare.canonical.schema import SHOW_CONSTRAINTS, SHOW_INDEXES, quoted, schema_statements
from kgshare.canonical.text import CanonicalDigest, TextWriter
from kgshare.canonical.values import Temporal, encode, offset_text
from kgshare.errors import Problem, SeedError

# Runs a query with parameters and yields its rows, each a list of values.
Run = Callable[[str, Mapping[str, Any]], Iterator[Sequence[Any]]]
# Turns what the query returned for a property into its value; None is no property.
Exact = Callable[[Any], Any]

_SHOWN = 20


def read_graph(
    run: Run,
    out: Path,
    node_keys: Mapping[str, tuple[str, ...]],
    relationship_keys: Mapping[str, tuple[str, ...]],
) -> CanonicalDigest:
    """Write the canonical text of the graph behind ``run`` into a folder, which is replaced.

    Args:
        run: the door to the database; nobody may write to it meanwhile.
        out: the folder.
        node_keys: identity label → key properties.
        relationship_keys: relationship type → discriminating properties; a type that is not named has none.

    Raises:
        SeedError: a node without, or with two, identity labels; a missing key or discriminator; two records of one
            identity. Names the records.
    """
    problems = _unidentified(run, node_keys)
    if problems:
        raise SeedError(*problems)
    writer = TextWriter(out)
    identities: dict[int, str] = {}
    for label, key in sorted(node_keys.items()):
        problems += _nodes(run, writer, label, key, identities)
    for (type_,) in list(
        run("CALL db.relationshipTypes() YIELD relationshipType AS t RETURN t ORDER BY t", {})
    ):
        problems += _relationships(run, writer, type_, relationship_keys.get(type_, ()), identities)
    if problems:
        raise SeedError(*problems[:_SHOWN])
    return writer.close(read_schema(run))


def read_schema(run: Run) -> list[str]:
    """The constraints and indexes behind ``run`` as Cypher statements."""
    names = (
        "name",
        "type",
        "entityType",
        "labelsOrTypes",
        "properties",
        "options",
        "owningConstraint",
        "state",
    )
    constraints = [dict(zip(names, row, strict=False)) for row in run(SHOW_CONSTRAINTS, {})]
    indexes = [dict(zip(names, row, strict=True)) for row in run(SHOW_INDEXES, {})]
    return schema_statements(constraints, indexes)


def _unidentified(run: Run, node_keys: Mapping[str, tuple[str, ...]]) -> list[Problem]:
    query = (
        "MATCH (n) WITH n, [l IN labels(n) WHERE l IN $labels] AS own WHERE size(own) <> 1 "
        f"RETURN labels(n), own, [k IN keys(n) | k + ': ' + coalesce(toStringOrNull(n[k]), '…')] LIMIT {_SHOWN}"
    )
    problems = []
    for labels, own, properties in run(query, {"labels": list(node_keys)}):
        shown = f"(:{':'.join(labels)} {{{', '.join(sorted(properties)[:6])}}})"
        if own:
            message = f"a node has two labels with a key, {' and '.join(sorted(own))}: {shown}"
            hint = "only one label of a node is its identity: declare a key for one of them"
        else:
            message = f"a node has no label with a key: {shown}"
            hint = "declare the key of one of its labels under identity.nodes"
        problems.append(Problem(message=message, hint=hint))
    return problems


def _nodes(
    run: Run, writer: TextWriter, label: str, key: tuple[str, ...], identities: dict[int, str]
) -> list[Problem]:
    pattern = f"(n:{quoted(label)})"
    names, expressions, exact = _columns(run, pattern)
    query = f"MATCH {pattern} RETURN id(n), labels(n), [{', '.join(expressions)}]"
    texts = [name_text(name) for name in key]
    problems: list[Problem] = []
    prefix = f"(:{name_text(label)} {{"
    for number, labels, values in run(query, {}):
        row = _row(names, exact, values)
        missing = [name for name in key if name not in row]
        if missing:
            problems.append(_no_key(label, missing, row))
            continue
        parts = [f"{text}: {encode(row.pop(name))}" for text, name in zip(texts, key, strict=True)]
        identity = prefix + ", ".join(parts) + "})"
        identities[number] = identity
        others = [other for other in labels if other != label] if len(labels) > 1 else []
        writer.add("nodes", label, identity, block(identity, others, row))
    return problems


def _relationships(
    run: Run, writer: TextWriter, type_: str, key: tuple[str, ...], identities: Mapping[int, str]
) -> list[Problem]:
    pattern = f"(a)-[n:{quoted(type_)}]->(b)"
    names, expressions, exact = _columns(run, pattern)
    query = f"MATCH {pattern} RETURN id(a), id(b), [{', '.join(expressions)}]"
    texts = [name_text(name) for name in key]
    problems: list[Problem] = []
    for start, end, values in run(query, {}):
        row = _row(names, exact, values)
        ends = identities.get(start, "?"), identities.get(end, "?")
        missing = [name for name in key if name not in row]
        if missing:
            shown = f"{ends[0]}-[:{type_}]->{ends[1]}"
            hint = f"identity.relationships.{type_} says that it tells parallel ones apart"
            problems.append(
                Problem(message=f"a relationship has no {', '.join(missing)}: {shown}", hint=hint)
            )
            continue
        parts = [f"{text}: {encode(row.pop(name))}" for text, name in zip(texts, key, strict=True)]
        inside = f" {{{', '.join(parts)}}}" if parts else ""
        identity = f"{ends[0]}-[:{name_text(type_)}{inside}]->{ends[1]}"
        writer.add("relationships", type_, identity, block(identity, [], row))
    return problems


def _row(names: Sequence[str], exact: Sequence[Exact | None], values: Sequence[Any]) -> dict[str, Any]:
    row = {}
    for name, convert, value in zip(names, exact, values, strict=True):
        if value is None:
            continue
        if convert is not None:
            value = convert(value)
            if value is None:
                continue
        row[name] = value
    return row


def _no_key(label: str, missing: list[str], row: Mapping[str, Any]) -> Problem:
    shown = ", ".join(f"{name}: {encode(value)}" for name, value in sorted(row.items())[:6])
    return Problem(message=f"a {label} has no {', '.join(missing)}, which is its key: (:{label} {{{shown}}})")


# --- exact values --------------------------------------------------------------------------------------------------

_AS_TEXT = {"DATE": "date", "LOCAL DATETIME": "localdatetime", "ZONED TIME": "time"}
_ZONED = "ZONED DATETIME"
_ELEMENT = re.compile(r"LIST<(.*?)(?: NOT NULL)?>")
_HHMM = re.compile(r"(\d\d:\d\d)(?!:)")
_FRACTION = re.compile(r"(\.\d*?)0+(?=\D|$)")


def _columns(run: Run, pattern: str) -> tuple[list[str], list[str], list[Exact | None]]:
    """The properties there are, the expression that asks for each, and what makes a value of the answer."""
    query = f"MATCH {pattern} UNWIND keys(n) AS k RETURN k, collect(DISTINCT valueType(n[k])) ORDER BY k"
    names: list[str] = []
    expressions: list[str] = []
    exact: list[Exact | None] = []
    for name, types in run(query, {}):
        names.append(name)
        expression, convert = _projection(
            f"n.{quoted(name)}", [kind.removesuffix(" NOT NULL") for kind in types]
        )
        expressions.append(expression)
        exact.append(convert)
    return names, expressions, exact


def _projection(what: str, types: Sequence[str]) -> tuple[str, Exact | None]:
    if len(types) == 1:
        return _one_type(what, types[0])
    hard = [kind for kind in types if _one_type(what, kind)[1]]
    if not hard:
        return what, None
    cases = "".join(f" WHEN '{kind} NOT NULL' THEN {_one_type(what, kind)[0]}" for kind in hard)
    converters = {f"{kind} NOT NULL": _one_type(what, kind)[1] for kind in hard}

    def mixed(pair: Sequence[Any]) -> Any:
        convert = converters.get(pair[0])
        return convert(pair[1]) if convert else pair[1]

    return f"[valueType({what}), CASE valueType({what}){cases} ELSE {what} END]", mixed


def _one_type(what: str, kind: str) -> tuple[str, Exact | None]:
    element = _ELEMENT.fullmatch(kind)
    if element:
        inner, convert = _one_type("x", element[1])
        if convert is None:
            return what, None
        return f"[x IN {what} | {inner}]", lambda values: [convert(value) for value in values]
    if kind in _AS_TEXT:
        return f"toString({what})", lambda text, name=_AS_TEXT[kind]: Temporal(name, normal(text))
    if kind == _ZONED:
        return f"[{what}.epochSeconds, {what}.nanosecond, {what}.timezone]", _zoned
    return what, None


def normal(text: str) -> str:
    """Neo4j's ISO text of a date or time in the canonical form: seconds always, no zeros after the last digit."""
    text = _FRACTION.sub(lambda hit: "" if hit[1] == "." else hit[1], text)
    clock = text.find("T") + 1
    short = _HHMM.match(text, clock) if ":" in text else None
    return f"{text[: short.end()]}:00{text[short.end() :]}" if short else text


def _zoned(parts: Sequence[Any]) -> Temporal | None:
    seconds, nanosecond, zone = parts
    if seconds is None:
        return None
    if zone[0] in "+-Z":
        offset = _offset_seconds(zone)
        return Temporal("datetime", civil(seconds + offset, nanosecond) + offset_text(offset))
    return Temporal("datetime", f"{civil(seconds, nanosecond)}Z[{zone}]")


def _offset_seconds(zone: str) -> int:
    if zone == "Z":
        return 0
    parts = [int(part) for part in zone[1:].split(":")]
    seconds = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    return -seconds if zone[0] == "-" else seconds


def civil(seconds: int, nanosecond: int) -> str:
    """Date and time of day, ISO 8601, of seconds since 1970 in the proleptic Gregorian calendar; any year."""
    days, clock = divmod(seconds, 86400)
    eras, rest = divmod(days, 146_097)  # 400 years, after which the calendar repeats
    day = dt.date(1970, 1, 1) + dt.timedelta(days=rest)
    year = day.year + 400 * eras
    shown = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+05d}" if year < 0 else f"+{year}"
    if -9999 <= year < 0:
        shown = f"-{-year:04d}"
    fraction = f".{nanosecond:09d}".rstrip("0") if nanosecond else ""
    hour, rest = divmod(clock, 3600)
    return f"{shown}-{day.month:02d}-{day.day:02d}T{hour:02d}:{rest // 60:02d}:{rest % 60:02d}{fraction}"
