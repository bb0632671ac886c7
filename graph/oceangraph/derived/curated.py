"""Values as change sets make them, to see what follows from a correction (`oceangraph.derived.consequences`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from kgshare.canonical.records import NodeId, parse_identity
from kgshare.canonical.values import decode
from kgshare.changes.model import ChangeSet, Property
from kgshare.changes.order import read_folder

PROJECT, FOLDER = "oceangraph", "data/changes"
LABELS = ("Bottle", "Level", "Profile", "Station")
"""The labels whose values enter derived facts."""


def accepted(root: Path) -> tuple[ChangeSet, ...]:
    """The project's change sets in the order in which they are applied; none where there is no folder.

    Raises:
        ChangeError: every mistake in their files.
    """
    folder = root / FOLDER
    return read_folder(folder, PROJECT) if folder.is_dir() else ()


def curated(tables: Mapping[str, pd.DataFrame], change_sets: Iterable[ChangeSet]) -> dict[str, pd.DataFrame]:
    """Tables as change sets make them, as far as derived facts depend on it: numbers of bottles, levels, profiles, stations.

    Args:
        tables: label → frame with a column ``id``; they stay as they are.
        change_sets: in the order in which they are applied. Whether they fit is for the seed stage to say.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for change_set in change_sets:
        for change in change_set.changes:
            if isinstance(change, Property):
                _note(change, found)
    return {**tables, **{label: _changed(tables[label], columns) for label, columns in found.items()}}


def _note(change: Property, found: dict[str, dict[str, dict[str, Any]]]) -> None:
    record = parse_identity(change.record)
    value = None if change.after is None else decode(change.after)
    if isinstance(record, NodeId) and record.label in LABELS and isinstance(value, int | float | None):
        ((_, key),) = record.key
        found.setdefault(record.label, {}).setdefault(change.name, {})[key] = value


def _changed(frame: pd.DataFrame, columns: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    changed = frame.copy()
    for name, values in columns.items():
        if name in changed:
            mine = changed["id"].isin(list(values))
            after = [values[key] for key in changed.loc[mine, "id"]]
            changed.loc[mine, name] = pd.Series(after, index=changed.index[mine], dtype=changed[name].dtype)
    return changed
