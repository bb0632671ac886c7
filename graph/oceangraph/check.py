"""Is what the seed yields a graph of this model: keys, ends, units, terms, flags, sources, duplicates. Pure over the batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

import pandas as pd
from neo4j.spatial import Point

from kgshare.errors import Problem
from kgshare.seeding import End, Nodes, Relationships
from oceangraph import model
from oceangraph.units import SPELLINGS, UNITS

Key = tuple[Hashable, ...]
Keys = Mapping[str, set[Key]]

MOST_OF_A_KIND = 20
_MEASURED = ("Bottle", "CtdLevel", "Level")  # the labels that Parameter.variable is a property of

_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "float": (float, int),
    "date": (date,),
    "datetime": (datetime,),
    "point": (Point,),
    "string[]": (list, tuple),
}


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """Counts by label and by relationship type, and everything that is not as the model says."""

    schema: ClassVar[str] = "ocean-check"
    nodes: dict[str, int]
    relationships: dict[str, int]
    problems: tuple[Problem, ...]

    def text(self) -> str:
        """The report for a person."""
        rows = [f"{count:>7} {name}" for name, count in [*self.nodes.items(), *self.relationships.items()]]
        total = f"{sum(self.nodes.values()):>7} nodes, {sum(self.relationships.values())} relationships"
        found = [str(p) for p in self.problems] or ["nothing is wrong"]
        return "\n".join([*rows, total, *found])


@dataclass(kw_only=True)
class _Seen:
    # What the batches so far hold: keys by label, meanings of flags by scheme, spellings of terms, sourced keys.
    keys: dict[str, set[Key]] = field(default_factory=dict)
    flags: dict[str, set[int]] = field(default_factory=dict)
    spellings: dict[str, set[str]] = field(default_factory=dict)
    sourced: dict[str, set[Key]] = field(default_factory=dict)
    ends: dict[str, set[Key]] = field(default_factory=dict)


def check(batches: Iterable[Nodes | Relationships], *, whole: bool = True) -> CheckReport:
    """Check all batches of a seed against the model.

    Args:
        batches: what the seed yields.
        whole: it is a whole graph, in which every record must name its source.

    Returns:
        The report; of each kind of problem in each batch the first 20 are named.
    """
    problems: list[Problem] = list(unknown_units())
    seen = _Seen()
    nodes: list[Nodes] = []
    joins: list[Relationships] = []
    for batch in batches:
        if isinstance(batch, Nodes):
            problems += _check_nodes(batch, seen)
            nodes.append(batch)
        else:
            joins.append(batch)
    for batch in nodes:  # terms may stand in a later batch than what uses them
        problems += _check_terms(batch, seen)
    counts: Counter[str] = Counter()
    for join in joins:
        counts[join.type] += len(_frame(join))
        problems += _check_relationships(join, seen)
    if whole:
        problems += _unsourced(seen)
    return CheckReport(
        nodes={label: len(found) for label, found in sorted(seen.keys.items())},
        relationships=dict(sorted(counts.items())),
        problems=tuple(problems),
    )


def unknown_units() -> Iterator[Problem]:
    """Units of the model that are not among `UNITS`, and types that are not among `model.TYPES`."""
    kinds = [(kind.label, kind.properties) for kind in model.NODES]
    kinds += [(kind.type, kind.properties) for kind in model.RELATIONSHIPS]
    for name, properties in kinds:
        for prop in properties:
            if prop.unit and prop.unit not in UNITS:
                yield Problem(message=f"unknown unit {prop.unit!r}", where=f"{name}.{prop.name}")
            if prop.type not in model.TYPES:
                yield Problem(message=f"unknown type {prop.type!r}", where=f"{name}.{prop.name}")


def _frame(batch: Nodes | Relationships) -> pd.DataFrame:
    return batch.rows if isinstance(batch.rows, pd.DataFrame) else pd.DataFrame(list(batch.rows))


def _check_nodes(batch: Nodes, seen: _Seen) -> Iterator[Problem]:
    label = batch.labels[0]
    try:
        kind = model.node_kind(label)
    except KeyError:
        yield Problem(message=f"the model has no label {label}", where=batch.source)
        return
    frame = _frame(batch)
    if batch.labels != kind.labels:
        yield Problem(message=f"labels {batch.labels}, the model says {kind.labels}", where=batch.source)
    found = seen.keys.setdefault(label, set())
    if frame.empty:
        return
    yield from _check_values(frame, kind.properties, label, batch.source)
    for index, key in enumerate(_keys(frame, kind.key)):
        if any(_missing(part) for part in key):
            yield Problem(message=f"{label} without {', '.join(kind.key)}", where=_row(batch.source, index))
        elif key in found:
            yield Problem(message=f"{label} {_text(key)} is there twice", where=_row(batch.source, index))
        found.add(key)
    if label == "Parameter":
        yield from _check_units(frame, batch.source)
    if label == "QCFlag" and {"scheme", "value"} <= set(frame.columns):
        for scheme, value in zip(frame["scheme"], frame["value"], strict=True):
            seen.flags.setdefault(scheme, set()).add(value)
    if "also_written" in frame:
        seen.spellings[label] = {s for row in frame["also_written"] if isinstance(row, list) for s in row}


def _check_units(frame: pd.DataFrame, source: str) -> Iterator[Problem]:
    units = {p.name: p.unit for label in _MEASURED for p in model.node_kind(label).properties if p.unit}
    for index, row in enumerate(frame.to_dict("records")):
        variable, written = row.get("variable"), row.get("units")
        if _missing(variable) or not variable:
            continue
        spelt = "" if _missing(written) else str(written)
        if variable not in units:
            yield Problem(message=f"no label has a property {variable!r}", where=_row(source, index))
        elif spelt not in SPELLINGS:
            yield Problem(message=f"unknown unit {spelt!r}", where=_row(source, index))
        elif SPELLINGS[spelt] != units[variable]:
            message = f"{row['code']} is in {spelt!r}, but {variable} in {units[variable]!r}"
            yield Problem(message=message, where=_row(source, index))


def _check_values(
    frame: pd.DataFrame, properties: Iterable[model.Property], name: str, source: str
) -> Iterator[Problem]:
    known = {p.name: p for p in properties}
    for column in frame.columns:
        prop = known.get(str(column))
        if prop is None:
            yield Problem(message=f"the model has no {name}.{column}", where=source)
            continue
        present = frame[column][frame[column].notna()]
        kinds = _PYTHON[prop.type]
        wrong = next(
            ((i, v) for i, v in present.items() if not isinstance(v, kinds) or isinstance(v, bool)), None
        )
        if wrong is not None:
            index, value = wrong
            place = _row(source, frame.index.get_loc(index))
            yield Problem(message=f"{name}.{column} is no {prop.type}: {value!r}", where=place)
    for prop in known.values():
        if prop.required and (prop.name not in frame or frame[prop.name].isna().any()):
            yield Problem(message=f"{name}.{prop.name} is missing", where=source)


def _check_terms(batch: Nodes, seen: _Seen) -> Iterator[Problem]:
    try:
        kind = model.node_kind(batch.labels[0])
    except KeyError:
        return
    frame = _frame(batch)
    for prop in kind.properties:
        if not (prop.term or prop.scheme) or prop.name not in frame:
            continue
        if prop.scheme:
            known: set[Any] = seen.flags.get(prop.scheme, set())
            message = f"{kind.label}.{prop.name}: scheme {prop.scheme} has no flag {{!r}}"
        else:
            known = {key[0] for key in seen.keys.get(prop.term, set())} | seen.spellings.get(prop.term, set())
            message = f"{kind.label}.{prop.name}: there is no {prop.term} {{!r}}"
        present = frame[prop.name].notna()
        unknown = frame[prop.name][present & ~frame[prop.name].isin(known)]
        for index, value in unknown.head(MOST_OF_A_KIND).items():
            place = _row(batch.source, frame.index.get_loc(index))
            yield Problem(message=message.format(value), where=place)


def _check_relationships(batch: Relationships, seen: _Seen) -> Iterator[Problem]:
    try:
        kind = model.relationship_kind(batch.type)
    except KeyError:
        yield Problem(message=f"the model has no relationship {batch.type}", where=batch.source)
        return
    if (batch.start.label, batch.end.label) not in kind.ends:
        ends = f"({batch.start.label})-[:{batch.type}]->({batch.end.label})"
        yield Problem(message=f"the model has no {ends}", where=batch.source)
    frame = _frame(batch)
    if frame.empty:
        return
    ends_columns = (*batch.start.columns, *batch.end.columns)
    rest = frame.drop(columns=list(ends_columns))
    yield from _check_values(rest, kind.properties, batch.type, batch.source)
    yield from _dangling(batch, batch.start, frame, seen.keys)
    yield from _dangling(batch, batch.end, frame, seen.keys)
    found = seen.ends.setdefault(f"{batch.start.label} {batch.type} {batch.end.label}", set())
    for index, key in enumerate(_keys(frame, (*ends_columns, *kind.discriminator))):
        if key in found:
            yield Problem(
                message=f"{batch.type} {_text(key)} is there twice", where=_row(batch.source, index)
            )
        found.add(key)
    if batch.type == model.source_type(batch.start.label):
        seen.sourced.setdefault(batch.start.label, set()).update(_keys(frame, batch.start.columns))


def _unsourced(seen: _Seen) -> Iterator[Problem]:
    for label, keys in seen.keys.items():
        if model.source_type(label) is None:
            continue
        without = sorted(_text(key) for key in keys - seen.sourced.get(label, set()))
        for text in without[:MOST_OF_A_KIND]:
            yield Problem(
                message=f"{label} {text} has no source", where=f"data/{model.node_kind(label).table}"
            )


def _dangling(batch: Relationships, end: End, frame: pd.DataFrame, keys: Keys) -> Iterator[Problem]:
    known = keys.get(end.label, set())
    for index, key in enumerate(_keys(frame, end.columns)):
        if key not in known:
            yield Problem(
                message=f"{batch.type} ends at {end.label} {_text(key)}, which does not exist",
                where=_row(batch.source, index),
            )


def _keys(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[Key]:
    return frame[list(columns)].itertuples(index=False, name=None)


def _missing(value: Any) -> bool:
    return not isinstance(value, list | tuple) and bool(pd.isna(value))


def _row(source: str, index: Any) -> str:
    return f"{source} record {int(index) + 1}"


def _text(key: Key) -> str:
    return "/".join(str(part) for part in key)
