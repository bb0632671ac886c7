"""From tables of good values to what follows from them: seawater properties, mixed layers, layers of water masses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oceangraph.derived.mixed_layer import CRITERIA, mixed_layer
from oceangraph.derived.seawater import depth, seawater
from oceangraph.derived.water_masses import Layer, ProfileValues, WaterMass, layer

SAMPLE_COLUMNS = ("id", "profile", "sea_area", "longitude", "latitude", "pressure", "temperature", "salinity")
MIXED_COLUMNS = ("id", "name", "criterion", "depth", "profile")
LAYER_COLUMNS = (
    "id", "name", "profile", "water_mass", "top_pressure", "bottom_pressure", "core_pressure", "core_salinity", "values",
)  # fmt: skip
USED_COLUMNS = ("start", "end", "role")


@dataclass(frozen=True, kw_only=True)
class Derived:
    """Tables.

    Attributes:
        values: id, absolute_salinity (g/kg), conservative_temperature (degC), sigma0 (kg/m3); one row a sample that has all.
        mixed_layers: `MIXED_COLUMNS`; depth in m.
        layers: `LAYER_COLUMNS`; pressures in dbar.
        used: `USED_COLUMNS`; which sample (``end``) a mixed layer or a layer (``start``) was computed from.
    """

    values: pd.DataFrame
    mixed_layers: pd.DataFrame
    layers: pd.DataFrame
    used: pd.DataFrame


def derive(samples: pd.DataFrame, masses: Sequence[WaterMass]) -> Derived:
    """Everything that follows from good values.

    Args:
        samples: `SAMPLE_COLUMNS`: id of the value's record and of its profile, sea area, degrees, dbar, degC
            in situ, PSS-78. What is not good is NaN.
        masses: the definitions.
    """
    properties = seawater(
        **{
            k: samples[k].to_numpy(float)
            for k in ("pressure", "temperature", "salinity", "longitude", "latitude")
        }
    )
    known = samples.assign(
        absolute_salinity=properties.absolute_salinity,
        conservative_temperature=properties.conservative_temperature,
        sigma0=properties.sigma0,
        depth=depth(samples["pressure"].to_numpy(float), samples["latitude"].to_numpy(float)),
    )
    known = known.sort_values(["profile", "pressure"], kind="stable").reset_index(drop=True)
    mixed: list[tuple[object, ...]] = []
    layers: list[tuple[object, ...]] = []
    used: list[tuple[object, ...]] = []
    for profile, rows in known.groupby("profile", sort=False):
        _mixed(str(profile), rows, mixed, used)
        _layers(str(profile), rows, masses, layers, used)
    columns = ["id", "absolute_salinity", "conservative_temperature", "sigma0"]
    return Derived(
        values=known.loc[known["sigma0"].notna(), columns].reset_index(drop=True),
        mixed_layers=pd.DataFrame(mixed, columns=list(MIXED_COLUMNS)),
        layers=pd.DataFrame(layers, columns=list(LAYER_COLUMNS)),
        used=pd.DataFrame(used, columns=list(USED_COLUMNS)),
    )


def _mixed(
    profile: str, rows: pd.DataFrame, found: list[tuple[object, ...]], used: list[tuple[object, ...]]
) -> None:
    for criterion in CRITERIA:
        column = "sigma0" if criterion.name == "density" else "temperature"
        there = rows[rows[column].notna() & rows["depth"].notna()]
        result = mixed_layer(there["depth"].to_numpy(), there[column].to_numpy(), criterion)
        if result is None:
            continue
        id_ = f"{profile}/{criterion.name}"
        found.append(
            (id_, f"Mixed layer of {profile} by {criterion.name}", criterion.name, result.depth, profile)
        )
        used += _used(id_, there, result.used, "bracket")


def _layers(
    profile: str,
    rows: pd.DataFrame,
    masses: Iterable[WaterMass],
    found: list[tuple[object, ...]],
    used: list[tuple[object, ...]],
) -> None:
    there = rows[rows["sigma0"].notna()]
    if there.empty:
        return
    values = ProfileValues(
        sea_area=str(there["sea_area"].iloc[0]),
        latitude=float(there["latitude"].iloc[0]),
        depth=there["depth"].to_numpy(),
        temperature=there["temperature"].to_numpy(),
        salinity=there["salinity"].to_numpy(),
        sigma0=there["sigma0"].to_numpy(),
    )
    for mass in masses:
        result = layer(mass, values)
        if result is None:
            continue
        id_ = f"{profile}/{mass.id}"
        pressure = there["pressure"].to_numpy()[list(result.members)]
        core = (
            there.iloc[result.core] if result.core is not None else {"pressure": np.nan, "salinity": np.nan}
        )
        found.append(
            (id_, f"{mass.id} in {profile}", profile, mass.id, float(pressure.min()), float(pressure.max()),
             float(core["pressure"]), float(core["salinity"]), len(pressure))
        )  # fmt: skip
        used += _layer_used(id_, there, result)


def _layer_used(id_: str, rows: pd.DataFrame, result: Layer) -> Iterator[tuple[object, ...]]:
    members = [i for i in result.members if i != result.core]
    yield from _used(id_, rows, members, "member")
    yield from _used(id_, rows, () if result.core is None else (result.core,), "core")
    yield from _used(id_, rows, result.neighbours, "neighbour")


def _used(id_: str, rows: pd.DataFrame, places: Iterable[int], role: str) -> Iterator[tuple[object, ...]]:
    ids = rows["id"].to_numpy()
    for place in places:
        yield id_, ids[place], role
