"""Seawater, mixed layers and layers of water masses once more, from the published methods: not the code that is tested.

Conventions that the model documents are kept: seawater properties and the depths of values are rounded (4 and 2 decimals), mixed
layers too (1); only flag 2 of WOCE and flag 1 of Argo are good.
"""

from __future__ import annotations

from itertools import pairwise

import gsw
import numpy as np
import pandas as pd
from geographiclib.geodesic import Geodesic


def with_properties(table: pd.DataFrame) -> pd.DataFrame:
    """Adds depth (m) and sigma0 (kg/m3) to a table with pres, temp, psal, latitude, longitude."""
    salinity = gsw.SA_from_SP(*(table[c].to_numpy() for c in ("psal", "pres", "longitude", "latitude")))
    conservative = gsw.CT_from_t(salinity, table["temp"].to_numpy(), table["pres"].to_numpy())
    depth = -gsw.z_from_p(table["pres"].to_numpy(), table["latitude"].to_numpy())
    return table.assign(
        absolute_salinity=np.round(salinity, 4),
        conservative_temperature=np.round(conservative, 4),
        sigma0=np.round(gsw.sigma0(salinity, conservative), 4),
        depth=np.round(depth, 2),
    )


def mixed_layer_depth(depth: np.ndarray, value: np.ndarray, threshold: float, *, either: bool) -> float:
    """De Boyer Montégut et al. (2004): where the value differs by the threshold from that at 10 m. NaN where it never does."""
    if not len(depth) or depth.min() > 10 or depth.max() < 10:
        return np.nan
    reference = np.interp(10, depth, value)
    # Walk down from 10 m along the straight pieces between values.
    below = [(10.0, 0.0), *((d, v - reference) for d, v in zip(depth, value, strict=True) if d >= 10)]
    for (d0, v0), (d1, v1) in pairwise(below):
        crossing = threshold if v1 >= threshold else -threshold if either and v1 <= -threshold else None
        if crossing is not None:
            return round(d0 + (crossing - v0) / (v1 - v0) * (d1 - d0), 1)
    return np.nan


def intermediate_water(cast: pd.DataFrame) -> pd.DataFrame:
    """Rows of North Pacific Intermediate Water, its core marked: 26.7 to 26.9 kg/m3 with a salinity minimum in it."""
    inside = cast[(cast["sigma0"] >= 26.7) & (cast["sigma0"] <= 26.9)]
    if inside.empty:
        return inside
    at = inside["psal"].idxmin()
    row = cast.index.get_loc(at)
    if (
        row in (0, len(cast) - 1)
        or not cast["psal"].iloc[row - 1] > cast["psal"].iloc[row] < cast["psal"].iloc[row + 1]
    ):
        return inside.iloc[:0]
    return inside.assign(core=inside.index == at)


def mode_water(cast: pd.DataFrame) -> pd.DataFrame:
    """Rows of North Pacific Subtropical Mode Water: 24.8 to 25.7 kg/m3, potential vorticity below 2e-10 1/(m s)."""
    slope = (cast["sigma0"].shift(-1) - cast["sigma0"].shift(1)) / (
        cast["depth"].shift(-1) - cast["depth"].shift(1)
    )
    vorticity = (
        2 * 7.292115e-5 * np.sin(np.radians(cast["latitude"].iloc[0])) * slope / (1000 + cast["sigma0"])
    )
    return cast[cast["sigma0"].between(24.8, 25.7) & (vorticity.abs() < 2e-10)]


def kilometres(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """The geodesic on WGS 84."""
    return float(Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2)["s12"]) / 1000
