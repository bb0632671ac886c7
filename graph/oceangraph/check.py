"""Is what the seed yields a graph of this model: keys, ends, units, types, duplicates. Pure over the batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

import pandas as pd
from neo4j.spatial import Point

from kgshare.errors import Problem
from kgshare.seeding import End, Nodes, Relationships
from oceangraph import model, whp

Key = tuple[Hashable, ...]
Keys = Mapping[str, set[Key]]

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
        found = [str(p) for p in self.problems] or ["nothing is wrong"]
        return "\n".join([*rows, *found])


def check(batches: Iterable[Nodes | Relationships]) -> CheckReport:
    """Check all batches of a seed against the model.

    Returns:
        The report; problems are limited to the first of each kind in each batch.
    """
    problems: list[Problem] = list(unknown_units())
    keys: dict[str, set[Key]] = {}
    joins: list[Relationships] = []
    for batch in batches:
        if isinstance(batch, Nodes):
            problems += _check_nodes(batch, keys)
        else:
            joins.append(batch)
    seen: dict[str, set[Key]] = {}
    counts: Counter[str] = Counter()
    for join in joins:
        counts[join.type] += len(_frame(join))
        problems += _check_relationships(join, keys, seen)
    return CheckReport(
        nodes={label: len(found) for label, found in sorted(keys.items())},
        relationships=dict(sorted(counts.items())),
        problems=tuple(problems),
    )


def unknown_units() -> Iterator[Problem]:
    """Units of the model that are not among `model.UNITS`, and types that are not among `model.TYPES`."""
    kinds = [(kind.label, kind.properties) for kind in model.NODES]
    kinds += [(kind.type, kind.properties) for kind in model.RELATIONSHIPS]
    for name, properties in kinds:
        for prop in properties:
            if prop.unit and prop.unit not in model.UNITS:
                yield Problem(message=f"unknown unit {prop.unit!r}", where=f"{name}.{prop.name}")
            if prop.type not in model.TYPES:
                yield Problem(message=f"unknown type {prop.type!r}", where=f"{name}.{prop.name}")


def _frame(batch: Nodes | Relationships) -> pd.DataFrame:
    return batch.rows if isinstance(batch.rows, pd.DataFrame) else pd.DataFrame(list(batch.rows))


def _check_nodes(batch: Nodes, keys: dict[str, set[Key]]) -> Iterator[Problem]:
    label = batch.labels[0]
    try:
        kind = model.node_kind(label)
    except KeyError:
        yield Problem(message=f"the model has no label {label}", where=batch.source)
        return
    frame = _frame(batch)
    if batch.labels != kind.labels:
        yield Problem(message=f"labels {batch.labels}, the model says {kind.labels}", where=batch.source)
    yield from _check_values(frame, kind.properties, label, batch.source)
    found = keys.setdefault(label, set())
    for index, key in enumerate(_keys(frame, kind.key)):
        if any(_missing(part) for part in key):
            yield Problem(message=f"{label} without {', '.join(kind.key)}", where=_row(batch.source, index))
        elif key in found:
            yield Problem(message=f"{label} {_text(key)} is there twice", where=_row(batch.source, index))
        found.add(key)
    if label == "Parameter" and "units" in frame:
        yield from _check_units(frame, batch.source)


def _check_units(frame: pd.DataFrame, source: str) -> Iterator[Problem]:
    for index, row in enumerate(frame.to_dict("records")):
        if row.get("vocabulary") == "WHP" and (row.get("units") or "") not in whp.UNITS:
            yield Problem(message=f"unknown unit {row['units']!r}", where=_row(source, index))


def _check_values(
    frame: pd.DataFrame, properties: Iterable[model.Property], name: str, source: str
) -> Iterator[Problem]:
    known = {p.name: p for p in properties}
    for column in frame.columns:
        prop = known.get(str(column))
        if prop is None:
            yield Problem(message=f"the model has no {name}.{column}", where=source)
            continue
        wrong = next(
            ((i, v) for i, v in enumerate(frame[column]) if not _missing(v) and not _is(v, prop.type)), None
        )
        if wrong is not None:
            index, value = wrong
            yield Problem(message=f"{name}.{column} is no {prop.type}: {value!r}", where=_row(source, index))
    for prop in known.values():
        if prop.required and (prop.name not in frame or frame[prop.name].isna().any()):
            yield Problem(message=f"{name}.{prop.name} is missing", where=source)


def _check_relationships(batch: Relationships, keys: Keys, seen: dict[str, set[Key]]) -> Iterator[Problem]:
    try:
        kind = model.relationship_kind(batch.type)
    except KeyError:
        yield Problem(message=f"the model has no relationship {batch.type}", where=batch.source)
        return
    if (batch.start.label, batch.end.label) not in kind.ends:
        ends = f"({batch.start.label})-[:{batch.type}]->({batch.end.label})"
        yield Problem(message=f"the model has no {ends}", where=batch.source)
    frame = _frame(batch)
    ends_columns = (*batch.start.columns, *batch.end.columns)
    rest = frame.drop(columns=list(ends_columns))
    yield from _check_values(rest, kind.properties, batch.type, batch.source)
    yield from _dangling(batch, batch.start, frame, keys)
    yield from _dangling(batch, batch.end, frame, keys)
    found = seen.setdefault(f"{batch.start.label} {batch.type} {batch.end.label}", set())
    for index, key in enumerate(_keys(frame, (*ends_columns, *kind.discriminator))):
        if key in found:
            yield Problem(
                message=f"{batch.type} {_text(key)} is there twice", where=_row(batch.source, index)
            )
        found.add(key)


def _dangling(batch: Relationships, end: End, frame: pd.DataFrame, keys: Keys) -> Iterator[Problem]:
    known = keys.get(end.label, set())
    for index, key in enumerate(_keys(frame, end.columns)):
        if key not in known:
            yield Problem(
                message=f"{batch.type} ends at {end.label} {_text(key)}, which does not exist",
                where=_row(batch.source, index),
            )


def _keys(frame: pd.DataFrame, columns: Iterable[str]) -> Iterator[Key]:
    return frame[list(columns)].itertuples(index=False, name=None)


def _missing(value: Any) -> bool:
    return not isinstance(value, list | tuple) and bool(pd.isna(value))


def _is(value: Any, type_: str) -> bool:
    return isinstance(value, _PYTHON[type_]) and not isinstance(value, bool)


def _row(source: str, index: int) -> str:
    return f"{source} record {index + 1}"


def _text(key: Key) -> str:
    return "/".join(str(part) for part in key)
