"""Derived facts for the graph: further columns of bottles and levels, records of their own, and what they were computed from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from kgshare.changes.model import ChangeSet
from kgshare.seeding import End, Relationships
from oceangraph.derived import derivations, samples
from oceangraph.derived.curated import curated
from oceangraph.derived.nearest import NONE, geodesic, nearest_of_another
from oceangraph.derived.profiles import LAYER_COLUMNS, MIXED_COLUMNS, USED_COLUMNS, Derived, derive
from oceangraph.derived.samples import Tables

_SECONDS_A_DAY = 86400.0
_HOLDS = {"Bottle": "Cast", "Level": "Profile"}  # a value's label, and that of what it is part of


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What follows from a project's tables.

    Attributes:
        tables: all of the project's tables, bottles and levels with derived values, and the derived labels' own.
        relationships: of the derived records.
    """

    tables: Tables
    relationships: tuple[Relationships, ...]


def facts(tables: Tables, change_sets: Iterable[ChangeSet] = ()) -> Facts:
    """Derive everything.

    Args:
        tables: label → frame, as `oceangraph.load` reads them.
        change_sets: derived facts follow from what these make of the values; the tables stay as they are. The seed has none:
            it yields upstream.
    """
    sources = curated(tables, change_sets)
    masses = samples.masses(tables["WaterMass"])
    found = {
        "Bottle": derive(samples.of_bottles(sources), masses),
        "Level": derive(samples.of_levels(sources), masses),
    }
    more = {
        "Derivation": derivations.table(),
        "MixedLayer": _joined([d.mixed_layers for d in found.values()], MIXED_COLUMNS),
        "WaterMassLayer": _joined([d.layers for d in found.values()], LAYER_COLUMNS),
    }
    valued = {label: _with_values(tables[label], derived) for label, derived in found.items()}
    links = [link for label, derived in found.items() for link in _links(label, derived)]
    links += _nearest(samples.places(sources))
    links.append(_relationships("USES", "Derivation", "Parameter", derivations.uses()))
    return Facts(tables={**tables, **valued, **more}, relationships=tuple(links))


def _joined(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    there = [frame for frame in frames if len(frame)]
    return pd.concat(there, ignore_index=True) if there else pd.DataFrame(columns=list(columns))


def _with_values(frame: pd.DataFrame, derived: Derived) -> pd.DataFrame:
    values = derived.values.set_index("id")
    return frame.assign(**{str(name): frame["id"].map(values[name]) for name in values.columns})


def _links(label: str, derived: Derived) -> Iterator[Relationships]:
    mixed, layers, used = derived.mixed_layers, derived.layers, derived.used
    of_layer = used["start"].isin(set(layers["id"]))
    yield _relationships("COMPUTED_FROM", "MixedLayer", label, used.loc[~of_layer, list(USED_COLUMNS)])
    yield _relationships("COMPUTED_FROM", "WaterMassLayer", label, used.loc[of_layer, list(USED_COLUMNS)])
    yield _pairs("COMPUTED_BY", "MixedLayer", "Derivation", mixed["id"], "mixed-layer-" + mixed["criterion"])
    by = pd.Series("water-mass", index=layers.index, dtype=object)
    yield _pairs("COMPUTED_BY", "WaterMassLayer", "Derivation", layers["id"], by)
    yield _pairs("OF_MASS", "WaterMassLayer", "WaterMass", layers["id"], layers["water_mass"])
    yield _pairs("SHOWS", _HOLDS[label], "MixedLayer", mixed["profile"], mixed["id"])
    yield _pairs("SHOWS", _HOLDS[label], "WaterMassLayer", layers["profile"], layers["id"])


def _nearest(places: pd.DataFrame) -> Iterator[Relationships]:
    platform = pd.factorize(places["platform"])[0]
    longitude, latitude = places["longitude"].to_numpy(float), places["latitude"].to_numpy(float)
    other = nearest_of_another(longitude, latitude, platform)
    mine, theirs = (
        places[other != NONE].reset_index(drop=True),
        places.loc[other[other != NONE]].reset_index(drop=True),
    )
    days = (mine["date"] - theirs["date"]).dt.total_seconds().abs() / _SECONDS_A_DAY
    pairs = zip(mine["longitude"], mine["latitude"], theirs["longitude"], theirs["latitude"], strict=True)
    rows = pd.DataFrame(
        {
            "start": mine["id"],
            "end": theirs["id"],
            "distance": [geodesic(*p) for p in pairs],
            "days": days.round(2),
        }
    )
    for start in ("Profile", "Station"):
        for end in ("Profile", "Station"):
            chosen = rows[(mine["label"] == start) & (theirs["label"] == end)]
            yield _relationships("NEAREST", start, end, chosen)


def _pairs(type_: str, start: str, end: str, starts: pd.Series[str], ends: pd.Series[str]) -> Relationships:
    return _relationships(type_, start, end, pd.DataFrame({"start": starts, "end": ends}))


def _relationships(type_: str, start: str, end: str, rows: pd.DataFrame) -> Relationships:
    return Relationships(
        type=type_,
        start=End(label=start, columns=("start",)),
        end=End(label=end, columns=("end",)),
        rows=rows,
        source=f"oceangraph.derived: {type_}",
    )
