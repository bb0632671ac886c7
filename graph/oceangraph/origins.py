"""Which dataset, file and line the facts of each record come from: the relationships DERIVED_FROM."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from oceangraph.load import Tables
from oceangraph.model import node_kind, relationship_kind

# Where the table has no column ``dataset``: the dataset and the file of all its rows, the file empty where rows differ.
_OF_TABLE = {
    "Float": ("argo-index", "argo/ar_index_global_meta.txt"),
    "Profile": ("argo-index", "argo/ar_index_global_prof.txt"),
    "Greylisting": ("argo-greylist", "argo/ar_greylist.txt"),
    "Deployment": ("argo-meta", ""),
    "Sensor": ("argo-meta", ""),
    "SamplingEvent": ("wbts-calanus", ""),
    "Occurrence": ("wbts-calanus", ""),
    "Taxon": ("wbts-calanus", ""),
}


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
    if label in ("Station", "Cast", "Bottle", "CtdLevel"):
        return _cruise(label, frame, tables)
    rows = _own(label, frame)
    if label == "Float":
        bare = frame["bare"] == True  # noqa: E712 - a column of True and missing
        rows.loc[bare, ["end", "file"]] = ["argo-greylist", "argo/ar_greylist.txt"]
    if node_kind(label).details:
        rows = pd.concat([rows, _details(label, frame)], ignore_index=True)
    return rows


def _own(label: str, frame: pd.DataFrame) -> pd.DataFrame:
    rows = pd.DataFrame({"start": frame[node_kind(label).key[0]]})
    dataset, file = _OF_TABLE.get(label, ("", ""))
    rows["end"] = frame["dataset"] if "dataset" in frame else dataset
    if "source_file" in frame:
        rows["file"] = _text(frame["source_file"])
    elif file:
        rows["file"] = pd.Series(file, index=rows.index, dtype=object)
    if "line" in frame:
        rows["line"] = _whole(frame["line"])
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


def _cruise(label: str, frame: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    key = frame[node_kind(label).key[0]]
    cruises = tables["Cruise"].set_index("expocode")
    expocode = key.str.split("/").str[0]
    rows = pd.DataFrame({"start": key, "end": expocode.map(cruises["dataset"])})
    rows["file"] = expocode.map(cruises["source_file"])
    if "line" in frame:
        rows["line"] = _whole(frame["line"])
    return rows


def _text(column: pd.Series[str]) -> pd.Series[str]:
    return column.astype(object).where(column.notna() & (column != ""), None)


def _whole(column: pd.Series[str]) -> pd.Series[int]:
    # Python's own integers beside None: a column of floats would make line 4 a 4.0.
    return pd.Series(
        [int(v) if isinstance(v, str) and v else None for v in column], index=column.index, dtype=object
    )
