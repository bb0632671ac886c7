"""Good values out of the project's tables, as the pure functions take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from oceangraph.derived.derivations import GOOD_ARGO, GOOD_WOCE
from oceangraph.derived.profiles import SAMPLE_COLUMNS
from oceangraph.derived.water_masses import Range, WaterMass

Tables = Mapping[str, pd.DataFrame]

_ADJUSTED = ("A", "D")  # data modes in which the adjusted values are the ones to use


def of_bottles(tables: Tables) -> pd.DataFrame:
    """CTD values at the bottles of a cruise: salinity where its flag is good; temperature and pressure have no flag."""
    bottles = tables["Bottle"]
    cast = bottles["cast_id"]
    stations = cast.map(tables["Cast"].set_index("id")["station"])
    good = bottles["ctd_salinity_qc"] == GOOD_WOCE
    return pd.DataFrame(
        {
            "id": bottles["id"],
            "profile": cast,
            "sea_area": stations.map(tables["Station"].set_index("id")["sea_area"]),
            "longitude": bottles["longitude"],
            "latitude": bottles["latitude"],
            "pressure": bottles["pressure"],
            "temperature": bottles["ctd_temperature"],
            "salinity": bottles["ctd_salinity"].where(good),
        }
    )[list(SAMPLE_COLUMNS)]


def of_levels(tables: Tables) -> pd.DataFrame:
    """Levels of floats: adjusted values where the profile's data mode is A or D, else those of real time; only good ones."""
    levels, profiles = tables["Level"], tables["Profile"].set_index("id")
    profile = levels["profile"]
    adjusted = profile.map(profiles["data_mode"]).isin(_ADJUSTED)

    def good(name: str) -> pd.Series[Any]:
        value = levels[f"{name}_adjusted"].where(adjusted, levels[name])
        flag = levels[f"{name}_adjusted_qc"].where(adjusted, levels[f"{name}_qc"])
        return value.where(flag == GOOD_ARGO)

    pressure = good("pres")
    return pd.DataFrame(
        {
            "id": levels["id"],
            "profile": profile,
            "sea_area": profile.map(profiles["sea_area"]),
            "longitude": profile.map(profiles["longitude"]),
            "latitude": profile.map(profiles["latitude"]),
            "pressure": pressure,
            "temperature": good("temp").where(pressure.notna()),
            "salinity": good("psal").where(pressure.notna()),
        }
    )[list(SAMPLE_COLUMNS)]


def masses(table: pd.DataFrame) -> tuple[WaterMass, ...]:
    """The definitions out of the table of label WaterMass."""
    return tuple(_mass({str(k): v for k, v in row.items()}) for row in table.to_dict("records"))


def places(tables: Tables) -> pd.DataFrame:
    """Profiles and stations that have a good position: label, id, platform, longitude, latitude, date (missing if not good)."""
    profiles, stations = tables["Profile"], tables["Station"]
    columns = ["label", "id", "platform", "longitude", "latitude", "date"]
    known = profiles.assign(
        label="Profile",
        platform=profiles["wmo"],
        date=profiles["date"].where(_unless_flagged(profiles["date_qc"])),
    )
    known = known[_unless_flagged(profiles["position_qc"])]
    occupied = stations.assign(label="Station", platform=stations["cruise"])
    both = pd.concat([known[columns], occupied[columns]], ignore_index=True)
    return both[both["longitude"].notna() & both["latitude"].notna()].reset_index(drop=True)


def _unless_flagged(flags: pd.Series[Any]) -> pd.Series[bool]:
    return flags.isna() | (flags == GOOD_ARGO)


def _mass(row: Mapping[str, Any]) -> WaterMass:
    def limits(name: str) -> Range:
        return float(row[f"{name}_min"]), float(row[f"{name}_max"])

    vorticity = row["potential_vorticity_max"]
    return WaterMass(
        id=row["id"],
        sea_areas=tuple(row["sea_areas"]),
        latitude=limits("latitude"),
        temperature=limits("temperature"),
        salinity=limits("salinity"),
        sigma0=limits("sigma0"),
        depth=limits("depth"),
        potential_vorticity=np.nan if vorticity is None else float(vorticity),
        core=row["core"] or "",
    )
