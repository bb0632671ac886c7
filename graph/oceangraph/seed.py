"""The seed step of the ocean project: the tables of ``data/`` become nodes and relationships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from neo4j.spatial import WGS84Point

from kgshare.errors import Problem, SeedError
from kgshare.seeding import End, Nodes, Relationships
from oceangraph.frames import MOST_PROBLEMS, problem, read_table
from oceangraph.model import NODES, NodeKind, node_kind, relationship_kind

Tables = Mapping[str, pd.DataFrame]

# Which dataset and which upstream file a table's rows come from, where the table has no column that says so.
_ORIGIN = {
    "Float": ("argo-gdac", "argo/ar_index_global_meta.txt"),
    "Profile": ("argo-gdac", "argo/ar_index_global_prof.txt"),
    "Greylisting": ("argo-greylist", "argo/ar_greylist.txt"),
    "Station": ("cchdo-318M20130321", "cchdo/p02_bottle.csv"),
    "Bottle": ("cchdo-318M20130321", "cchdo/p02_bottle.csv"),
    "Revision": ("cchdo-318M20130321", "cchdo/p02_bottle.csv"),
}

# Relationships that a column of a table states: type, label of the table's rows, column, label at the other end.
_LINKS = (
    ("MEASURED_BY", "Profile", "wmo", "Float"),
    ("IN_AREA", "Profile", "sea_area", "SeaArea"),
    ("OF_TYPE", "Float", "profiler_type", "PlatformType"),
    ("OPERATED_BY", "Float", "institution", "Institution"),
    ("LISTS", "Greylisting", "wmo", "Float"),
    ("CONCERNS", "Greylisting", "parameter", "Parameter"),
    ("REPORTED_BY", "Greylisting", "institution", "Institution"),
    ("PART_OF", "SeaArea", "part_of", "SeaArea"),
    ("NAMED", "Parameter", "standard_name", "StandardName"),
    ("SAMPLED_BY", "Bottle", "cast_id", "Cast"),
    ("AT", "Cast", "station", "Station"),
    ("OCCUPIED_BY", "Station", "cruise", "Cruise"),
    ("IN_AREA", "Station", "sea_area", "SeaArea"),
    ("ALONG", "Cruise", "section", "Section"),
    ("ABOARD", "Cruise", "ship", "Ship"),
    ("WITHIN", "Cruise", "programme", "Programme"),
)

# Tables that hold only relationships: file, type, start label and column, end label and column.
_JOINS = (
    ("cruise_parameters.csv", "MEASURED", ("Cruise", "expocode"), ("Parameter", "parameter")),
    ("float_parameters.csv", "MEASURED", ("Float", "wmo"), ("Parameter", "parameter")),
    ("cruise_persons.csv", "TOOK_PART_IN", ("Person", "person"), ("Cruise", "expocode")),
    ("revision_changes.csv", "CHANGED", ("Revision", "revision"), ("Bottle", "bottle")),
)


def graph(root: Path) -> Iterator[Nodes | Relationships]:
    """Yield the whole ocean graph, nodes first.

    Args:
        root: the project's folder, which holds ``data/``.

    Raises:
        SeedError: a table, a column or a value is not as the model says, or a row names a record that does not exist;
            every problem names file and row.
    """
    tables = {kind.label: _table(root, kind) for kind in NODES}
    for kind in NODES:
        yield Nodes(labels=kind.labels, rows=_nodes(kind, tables[kind.label]), source=f"data/{kind.table}")
    yield from _listed_floats(tables)
    for type_, start, column, end in _LINKS:
        yield _link(type_, start, column, end, tables)
    yield _within_argo(tables)
    yield _gives(tables)
    for file, type_, start_end, end_end in _JOINS:
        yield _join(root, file, type_, start_end, end_end, tables)
    yield from _derived(tables)
    yield _revised(tables)


def _table(root: Path, kind: NodeKind) -> pd.DataFrame:
    frame = read_table(root, kind.table, kind.columns)
    again = frame.duplicated(subset=list(kind.key), keep="first")
    if again.any():
        raise SeedError(
            *(
                problem(kind.table, i, f"{kind.label} {_shown(row, kind.key)} is there twice")
                for i, row in _first(frame[again])
            )
        )
    if kind.label == "Bottle":
        parts = frame["expocode"] + "/" + frame["station"] + "/" + frame["cast"].astype(str)
        frame = frame.assign(cast_id=parts)
    return frame


def _nodes(kind: NodeKind, frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[[p.name for p in kind.columns]].copy()
    if any(p.type == "point" for p in kind.properties):
        places = zip(frame["longitude"], frame["latitude"], strict=True)
        points = [WGS84Point((x, y)) if x == x and y == y else None for x, y in places]
        rows["position"] = pd.Series(points, index=rows.index, dtype=object)
    return rows


def _listed_floats(tables: Tables) -> Iterator[Nodes]:
    # The greylist covers the whole array: its floats become nodes, of which nothing but the number is known.
    listed = tables["Greylisting"]["wmo"]
    wmo = sorted(set(listed) - set(tables["Float"]["wmo"]))
    rows = pd.DataFrame({"wmo": wmo, "name": [f"Argo float {w}" for w in wmo]}, dtype=object)
    yield Nodes(labels=node_kind("Float").labels, rows=rows, source="data/greylist.csv")


def _link(type_: str, start: str, column: str, end: str, tables: Tables) -> Relationships:
    kind, frame = node_kind(start), tables[start]
    if column not in frame:
        raise SeedError(Problem(message=f"there is no column {column}", where=f"data/{kind.table}:1"))
    named = frame[frame[column].fillna("") != ""]
    _ends_exist(named[column], end, kind.table, tables)
    rows = pd.DataFrame({"start": named[kind.key[0]], "end": named[column]})
    return _relationships(type_, start, end, rows, kind.table)


def _within_argo(tables: Tables) -> Relationships:
    wmo = sorted({*tables["Float"]["wmo"], *tables["Greylisting"]["wmo"]})
    return _relationships(
        "WITHIN", "Float", "Programme", pd.DataFrame({"start": wmo, "end": "argo"}), "floats.csv"
    )


def _gives(tables: Tables) -> Relationships:
    listed = tables["Greylisting"]
    flags = "Argo-RR2/" + listed["quality_code"].astype(str)
    _ends_exist(flags, "QCFlag", "greylist.csv", tables)
    return _relationships(
        "GIVES", "Greylisting", "QCFlag", pd.DataFrame({"start": listed["id"], "end": flags}), "greylist.csv"
    )


def _join(
    root: Path, file: str, type_: str, start: tuple[str, str], end: tuple[str, str], tables: Tables
) -> Relationships:
    properties = relationship_kind(type_).properties
    frame = read_table(root, file, properties)
    absent = [c for _, c in (start, end) if c not in frame]
    if absent:
        raise SeedError(*(Problem(message=f"there is no column {c}", where=f"data/{file}:1") for c in absent))
    for label, column in (start, end):
        _ends_exist(frame[column], label, file, tables)
    kept = frame[[start[1], end[1], *(p.name for p in properties)]]
    rows = kept.rename(columns={start[1]: "start", end[1]: "end"})
    return _relationships(type_, start[0], end[0], rows, file)


def _derived(tables: Tables) -> Iterator[Relationships]:
    for start, _ in relationship_kind("DERIVED_FROM").ends:
        kind, frame = node_kind(start), tables[start]
        rows = pd.DataFrame({"start": frame[kind.key[0]]})
        if "dataset" in frame:
            _ends_exist(frame["dataset"], "Dataset", kind.table, tables)
            rows["end"] = frame["dataset"]
        else:
            dataset, file = _ORIGIN[start]
            rows = rows.assign(end=dataset, file=file)
        if "line" in frame and "line" not in {p.name for p in kind.properties}:
            rows["line"] = [int(n) for n in frame["line"]]
        yield _relationships("DERIVED_FROM", start, "Dataset", rows, kind.table)


def _revised(tables: Tables) -> Relationships:
    rows = pd.DataFrame({"start": tables["Revision"]["id"], "end": _ORIGIN["Revision"][0]})
    return _relationships("REVISED", "Revision", "Dataset", rows, "revisions.csv")


def _ends_exist(values: pd.Series[Any], label: str, file: str, tables: Tables) -> None:
    known = set(tables[label][node_kind(label).key[0]])
    if label == "Float":
        known |= set(tables["Greylisting"]["wmo"])
    dangling = values[~values.isin(known)]
    if len(dangling):
        raise SeedError(
            *(
                problem(file, int(str(index)), f"{values.name}: there is no {label} {value!r}")
                for index, value in dangling.head(MOST_PROBLEMS).items()
            )
        )


def _relationships(type_: str, start: str, end: str, rows: pd.DataFrame, file: str) -> Relationships:
    return Relationships(
        type=type_,
        start=End(label=start, columns=("start",)),
        end=End(label=end, columns=("end",)),
        rows=rows,
        source=f"data/{file}",
    )


def _first(frame: pd.DataFrame) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for index, row in frame.head(MOST_PROBLEMS).iterrows():
        yield int(str(index)), {str(k): v for k, v in row.items()}


def _shown(row: Mapping[str, Any], key: tuple[str, ...]) -> str:
    return "/".join(str(row[k]) for k in key)
