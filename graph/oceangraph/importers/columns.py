"""The columns of every table that importers write: the model's, then keys of other records, then where a row comes from."""

from __future__ import annotations

from oceangraph.model import NODES

_FROM = ("dataset",)
_FROM_FILE = ("dataset", "source_file")
_FROM_LINE = ("dataset", "source_file", "line")

# Label → columns beside its properties. The dataset of stations, casts and what was measured there is the cruise's.
_BESIDE: dict[str, tuple[str, ...]] = {
    "Dataset": ("publication",),
    "Publication": (),
    "FlagScheme": ("publication", *_FROM),
    "SeaArea": ("part_of", *_FROM),
    "Float": ("profiler_type", "institution", "programme", *_FROM_LINE),
    "Deployment": _FROM_FILE,
    "Sensor": ("wmo", "parameters", *_FROM_FILE),
    "Profile": ("wmo", "sea_area", *_FROM_LINE),
    "Level": ("profile",),
    "Greylisting": ("wmo", "parameter", "institution", "flag", *_FROM_LINE),
    "Section": _FROM,
    "Cruise": ("section", "ship", "programme", *_FROM_FILE),
    "Person": _FROM_FILE,
    "Station": ("cruise", "sea_area", "source_file", "line"),
    "Cast": ("station", "source_file", "line"),
    "Bottle": ("cast_id", "source_file", "line"),
    "CtdLevel": ("cast", "source_file", "line"),
    "Revision": ("advised_by", *_FROM_FILE),
    "Taxon": _FROM_LINE,
    "SamplingEvent": ("sea_area", *_FROM_LINE),
    "Occurrence": ("taxon", "sampling_event", *_FROM_LINE),
    "Observation": _FROM_LINE,
}

_JOINS: dict[str, tuple[str, ...]] = {
    "cruise_parameters.csv": ("expocode", "parameter"),
    "float_parameters.csv": ("wmo", "parameter"),
    "float_persons.csv": ("person", "wmo"),
    "cruise_persons.csv": ("person", "expocode", "role"),
    "revision_changes.csv": ("revision", "bottle", "property", "before", "after"),
    "quality.csv": ("file", "row", "rule", "field", "value", "action"),
}

CURATED = frozenset({"WaterMass"})
"""Labels whose tables are written by people: no import touches them."""


def columns() -> dict[str, tuple[str, ...]]:
    """Table → its columns, for every table that an import writes."""
    found = dict(_JOINS)
    for kind in NODES:
        if kind.label in CURATED or not kind.table:
            continue
        beside = _BESIDE.get(kind.label, _FROM)
        found[kind.table] = (*(p.name for p in kind.columns), *(c for c in beside))
        if kind.details:
            details = (p.name for p in kind.detail_columns)
            row = ("detail_row",) if kind.label == "Profile" else ()
            found[kind.details] = (*kind.key, *details, "detail_file", *row)
    return found
