"""A revision that an upstream file records, as a change set: the correction that the importer undid, ready for data/changes/.

Importers neither write nor read data/changes/: a person puts the file there, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pandas as pd

from kgshare.changes import ChangeSet, Property
from kgshare.changes.model import in_order


def change_set(revision: pd.Series[str], changes: pd.DataFrame, *, project: str, baseline: str) -> ChangeSet:
    """The change set of one row of ``revisions.csv`` and its rows of ``revision_changes.csv``.

    Args:
        revision: the revision; its day is the change set's date.
        changes: the flags that it changed.
        project: the manifest's name.
        baseline: digest of the graph as the importers made it.
    """
    stamp = revision["id"].rsplit("/", 1)[1]
    names = sorted({c.removesuffix("_qc") for c in changes["property"]})
    word = f", on the word of {revision['advised_by']}" if revision["advised_by"] else ""
    reason = f"Recorded in the comments of {revision['source_file']}, stamp {stamp}{word}:\n" + "\n".join(
        revision["description"].split("; ")
    )
    return ChangeSet(
        title=f"Recorded revision {stamp}: flags of {', '.join(names)}",
        author=_author(revision["by"]),
        date=datetime.fromisoformat(revision["date"]).replace(tzinfo=UTC),
        reason=reason,
        references=(f"{revision['source_file']}, comment lines", revision["id"]),
        project=project,
        baseline=baseline,
        changes=in_order(_changes(changes)),
    )


def _changes(changes: pd.DataFrame) -> Iterable[Property]:
    for row in changes.itertuples(index=False):
        record = f'(:Bottle {{id: "{row.bottle}"}})'
        yield Property(record, str(row.property), str(row.before), str(row.after))


def _author(by: str) -> str:
    # A stamp ends with three initials; what stands before them is the institution and its office.
    return f"{by[-3:]} ({by[:-3]})" if len(by) > 3 else by
