"""The seed step of the ocean project: the tables of ``data/`` become nodes and relationships, checked against the model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from kgshare.errors import Problem, SeedError
from kgshare.seeding import End, Nodes, Relationships
from oceangraph import origins
from oceangraph.check import check
from oceangraph.derived.facts import facts
from oceangraph.frames import MOST_PROBLEMS, problem, read_table
from oceangraph.load import Tables, keys, load, properties
from oceangraph.model import NODES, NodeKind, node_kind, relationship_kind

# Relationships that a column of a table states: type, label of the table's rows, column, label at the other end. A
# cell may hold several keys, separated by ``|``.
_LINKS = (
    ("MEASURED_BY", "Profile", "wmo", "Float"),
    ("IN_AREA", "Profile", "sea_area", "SeaArea"),
    ("LEVEL_OF", "Level", "profile", "Profile"),
    ("LEVEL_OF", "CtdLevel", "cast", "Cast"),
    ("DEPLOYS", "Deployment", "id", "Float"),
    ("MOUNTED_ON", "Sensor", "wmo", "Float"),
    ("SENSES", "Sensor", "parameters", "Parameter"),
    ("OF_TYPE", "Sensor", "sensor", "SensorType"),
    ("OF_MODEL", "Sensor", "model", "SensorModel"),
    ("OF_TYPE", "Float", "profiler_type", "PlatformType"),
    ("OPERATED_BY", "Float", "institution", "Institution"),
    ("WITHIN", "Float", "programme", "Programme"),
    ("LISTS", "Greylisting", "wmo", "Float"),
    ("CONCERNS", "Greylisting", "parameter", "Parameter"),
    ("REPORTED_BY", "Greylisting", "institution", "Institution"),
    ("GIVES", "Greylisting", "flag", "QCFlag"),
    ("PART_OF", "SeaArea", "part_of", "SeaArea"),
    ("NAMED", "Parameter", "standard_name", "StandardName"),
    ("NAMED", "Observation", "standard_name", "StandardName"),
    ("FLAGGED_IN", "Parameter", "flag_scheme", "FlagScheme"),
    ("IN_SCHEME", "QCFlag", "scheme", "FlagScheme"),
    ("DESCRIBED_IN", "FlagScheme", "publication", "Publication"),
    ("DESCRIBED_IN", "Dataset", "publication", "Publication"),
    ("DEFINED_IN", "WaterMass", "publication", "Publication"),
    ("DEFINED_IN", "Derivation", "publication", "Publication"),
    ("SAMPLED_BY", "Bottle", "cast_id", "Cast"),
    ("AT", "Cast", "station", "Station"),
    ("OCCUPIED_BY", "Station", "cruise", "Cruise"),
    ("IN_AREA", "Station", "sea_area", "SeaArea"),
    ("IN_AREA", "SamplingEvent", "sea_area", "SeaArea"),
    ("ALONG", "Cruise", "section", "Section"),
    ("ABOARD", "Cruise", "ship", "Ship"),
    ("WITHIN", "Cruise", "programme", "Programme"),
    ("OF_TAXON", "Occurrence", "taxon", "Taxon"),
    ("FOUND_IN", "Occurrence", "sampling_event", "SamplingEvent"),
    ("REVISED", "Revision", "dataset", "Dataset"),
    ("ADVISED_BY", "Revision", "advised_by", "Person"),
)

# Tables that hold only relationships: file, type, start label and column, end label and column.
_JOINS = (
    ("cruise_parameters.csv", "MEASURED", ("Cruise", "expocode"), ("Parameter", "parameter")),
    ("float_parameters.csv", "MEASURED", ("Float", "wmo"), ("Parameter", "parameter")),
    ("float_persons.csv", "INVESTIGATES", ("Person", "person"), ("Float", "wmo")),
    ("cruise_persons.csv", "TOOK_PART_IN", ("Person", "person"), ("Cruise", "expocode")),
    ("revision_changes.csv", "CHANGED", ("Revision", "revision"), ("Bottle", "bottle")),
)


def graph(root: Path) -> Iterator[Nodes | Relationships]:
    """Yield the whole ocean graph, nodes first, after it was checked (`oceangraph.check`).

    Args:
        root: the project's folder, which holds ``data/``.

    Raises:
        SeedError: a table, a column or a value is not as the model says, a row names a record or a term that does not
            exist, or a fact has no source; every problem names file and row.
    """
    batches = list(read(root))
    report = check(batches)
    if report.problems:
        raise SeedError(*report.problems)
    yield from batches


def read(root: Path) -> Iterator[Nodes | Relationships]:
    """The batches of `graph`, not checked against the model as a whole."""
    derived = facts(load(root))
    tables = derived.tables
    for kind in NODES:
        rows = properties(kind, tables[kind.label])
        yield Nodes(labels=kind.labels, rows=rows, source=_source(kind))
    yield from derived.relationships
    for type_, start, column, end in _LINKS:
        yield _link(type_, start, column, end, tables)
    for file, type_, start_end, end_end in _JOINS:
        yield _join(root, file, type_, start_end, end_end, tables)
    yield from (
        _relationships("DERIVED_FROM", label, "Dataset", rows, node_kind(label).table)
        for label, rows in origins.derive(tables)
    )


def _source(kind: NodeKind) -> str:
    return f"data/{kind.table}" if kind.table else f"oceangraph.derived: {kind.label}"


def _link(type_: str, start: str, column: str, end: str, tables: Tables) -> Relationships:
    kind, frame = node_kind(start), tables[start]
    if column not in frame:
        if kind.optional:
            return _relationships(type_, start, end, pd.DataFrame({"start": [], "end": []}), kind.table)
        raise SeedError(Problem(message=f"there is no column {column}", where=f"data/{kind.table}:1"))
    named = frame[column].where(frame[column].notna() & (frame[column] != "")).dropna()
    if named.astype(str).str.contains("|", regex=False).any():
        named = named.str.split("|").explode()
    _ends_exist(named, end, kind.table, tables)
    rows = pd.DataFrame({"start": frame.loc[named.index, kind.key[0]], "end": named})
    return _relationships(type_, start, end, rows, kind.table)


def _join(
    root: Path, file: str, type_: str, start: tuple[str, str], end: tuple[str, str], tables: Tables
) -> Relationships:
    properties_ = relationship_kind(type_).properties
    frame = read_table(root, file, properties_)
    absent = [c for _, c in (start, end) if c not in frame]
    if absent:
        raise SeedError(*(Problem(message=f"there is no column {c}", where=f"data/{file}:1") for c in absent))
    for label, column in (start, end):
        _ends_exist(frame[column], label, file, tables)
    kept = frame[[start[1], end[1], *(p.name for p in properties_)]]
    rows = kept.rename(columns={start[1]: "start", end[1]: "end"})
    return _relationships(type_, start[0], end[0], rows, file)


def _ends_exist(values: pd.Series[Any], label: str, file: str, tables: Tables) -> None:
    dangling = values[~values.isin(keys(label, tables))]
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
