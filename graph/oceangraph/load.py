"""The project's tables as typed frames, one for each label: details joined, ids and points made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from neo4j.spatial import WGS84Point

from kgshare.errors import Problem, SeedError
from oceangraph.frames import MOST_PROBLEMS, has_table, problem, read_table
from oceangraph.model import NODES, NodeKind, node_kind

Tables = Mapping[str, pd.DataFrame]

# Ids that no table holds, and the columns that they are made of.
_MADE_OF = {"Level": ("profile", "n"), "CtdLevel": ("cast", "n")}


def load(root: Path) -> Tables:
    """Read every table of ``root/data`` that a label is read from.

    Returns:
        label → frame with all properties of the label, and the columns that hold keys of other records.

    Raises:
        SeedError: a table, a column or a value is not as the model says; every problem names file and row.
    """
    return {kind.label: _table(root, kind) for kind in NODES if kind.table}


def _table(root: Path, kind: NodeKind) -> pd.DataFrame:
    if kind.optional and not has_table(root, kind.table):
        # No row, and so no column that could name another record either.
        return pd.DataFrame({p.name: pd.Series(dtype=object) for p in kind.properties})
    frame = read_table(root, kind.table, kind.columns)
    if kind.label in _MADE_OF:
        first, second = _MADE_OF[kind.label]
        if first not in frame:
            raise SeedError(Problem(message=f"there is no column {first}", where=f"data/{kind.table}:1"))
        frame.insert(0, "id", frame[first] + "/" + frame[second].astype(str))
    _once(kind.table, kind, frame)
    if kind.details:
        frame = _detailed(root, kind, frame)
    if any(p.type == "point" for p in kind.properties):
        places = zip(frame["longitude"], frame["latitude"], strict=True)
        points = [WGS84Point((x, y)) if x == x and y == y else None for x, y in places]
        frame["position"] = pd.Series(points, index=frame.index, dtype=object)
    return frame


def _detailed(root: Path, kind: NodeKind, frame: pd.DataFrame) -> pd.DataFrame:
    (key,) = kind.key
    if not has_table(root, kind.details):
        return frame.assign(**{p.name: None for p in kind.detail_columns})
    details = read_table(
        root, kind.details, (*(p for p in kind.properties if p.name == key), *kind.detail_columns)
    )
    _once(kind.details, kind, details)
    unknown = ~details[key].isin(frame[key])
    if unknown.any():
        raise SeedError(
            *(
                problem(kind.details, int(str(i)), f"{key}: there is no {kind.label} {value!r}")
                for i, value in details.loc[unknown, key].head(MOST_PROBLEMS).items()
            )
        )
    joined = frame.merge(details, on=key, how="left", suffixes=("", "_detail"))
    # Integers beside None stay Python's own, as `read_table` made them.
    return joined.astype({p.name: object for p in kind.detail_columns if p.type != "float"})


def _once(file: str, kind: NodeKind, frame: pd.DataFrame) -> None:
    again = frame.duplicated(subset=list(kind.key), keep="first")
    if again.any():
        rows = frame.loc[again, list(kind.key)].head(MOST_PROBLEMS)
        raise SeedError(
            *(
                problem(file, int(str(i)), f"{kind.label} {'/'.join(map(str, row))} is there twice")
                for i, row in zip(rows.index, rows.itertuples(index=False, name=None), strict=True)
            )
        )


def properties(kind: NodeKind, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``frame`` that are properties of the label, in the model's order."""
    return frame[[p.name for p in kind.properties]]


def keys(label: str, tables: Tables) -> set[Any]:
    """The keys of all records of a label (every label's key is one property)."""
    return set(tables[label][node_kind(label).key[0]])
