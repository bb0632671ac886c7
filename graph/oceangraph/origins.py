"""Which dataset, file and line the facts of each record come from: the relationships DERIVED_FROM."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from kgshare.errors import Problem, SeedError
from oceangraph.load import Tables
from oceangraph.model import node_kind, relationship_kind

_OF_CRUISE = ("Station", "Cast", "Bottle", "CtdLevel")
"""Labels whose dataset is that of the cruise that their key begins with."""


def derive(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    """For each label that needs a source: ``start`` (key), ``end`` (Dataset), and ``file``, ``line``, ``row`` where known.

    A record whose details were read from a second file has a second row, with the dataset of that file.
    """
    for label, _ in relationship_kind("DERIVED_FROM").ends:
        frame = tables[label]
        if len(frame):
            yield label, _rows(label, frame, tables)


def _rows(label: str, frame: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    if label == "Level":
        return _levels(frame, tables["Profile"])
    if "dataset" not in frame and label not in _OF_CRUISE:
        kind = node_kind(label)
        raise SeedError(Problem(message="there is no column dataset", where=f"data/{kind.table}:1"))
    rows = pd.DataFrame({"start": frame[node_kind(label).key[0]]})
    if label in _OF_CRUISE:
        cruises = tables["Cruise"].set_index("expocode")["dataset"]
        rows["end"] = rows["start"].str.split("/").str[0].map(cruises)
    else:
        rows["end"] = frame["dataset"]
    if "source_file" in frame:
        rows["file"] = _text(frame["source_file"])
    if "line" in frame and "line" not in {p.name for p in node_kind(label).properties}:
        rows["line"] = _whole(frame["line"])
    if node_kind(label).details:
        rows = pd.concat([rows, _details(label, frame)], ignore_index=True)
    return rows


def _details(label: str, frame: pd.DataFrame) -> pd.DataFrame:
    # Columns of the second table that are no properties: which file, and which profile in it.
    if "detail_file" not in frame:
        return pd.DataFrame()
    read = frame[frame["detail_file"].notna()]
    rows = pd.DataFrame(
        {"start": read[node_kind(label).key[0]], "end": "argo-meta", "file": read["detail_file"]}
    )
    if label == "Profile":
        rows = rows.assign(end="argo-profiles", row=_whole(read["detail_row"]))
    return rows


def _levels(levels: pd.DataFrame, profiles: pd.DataFrame) -> pd.DataFrame:
    known = profiles.set_index("id")
    return pd.DataFrame(
        {
            "start": levels["id"],
            "end": "argo-profiles",
            "file": levels["profile"].map(known["detail_file"]),
            "row": _whole(levels["profile"].map(known["detail_row"])),
        }
    )


def _text(column: pd.Series[str]) -> pd.Series[str]:
    return column.astype(object).where(column.notna() & (column != ""), None)


def _whole(column: pd.Series[str]) -> pd.Series[int]:
    # Python's own integers beside None: a column of floats would make line 4 a 4.0.
    return pd.Series(
        [int(v) if isinstance(v, str) and v else None for v in column], index=column.index, dtype=object
    )
