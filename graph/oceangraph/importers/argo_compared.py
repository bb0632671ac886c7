"""Profiles that were read from their own files: kept small, to be compared with what the index says of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oceangraph.importers.areas import area_of
from oceangraph.importers.quality import File


class ProfilesInFiles:
    """Profiles that were read from NetCDF files: mode, date and position by key, some 40 bytes each, for comparison."""

    _COLUMNS = ("key", "data_mode", "file", "time", "latitude", "longitude")

    def __init__(self) -> None:
        """None yet."""
        self._table = pd.DataFrame({c: [] for c in self._COLUMNS})
        self._pieces: list[pd.DataFrame] = []

    def add(self, file: File, profiles: pd.DataFrame) -> NDArray[np.bool_]:
        """Take profiles (``key``, ``data_mode``, ``date``, ``latitude``, ``longitude``); which were there already?"""
        seen = np.concatenate([self._table["key"].to_numpy(), *(p["key"].to_numpy() for p in self._pieces)])
        known = (profiles["key"].isin(seen) | profiles["key"].duplicated()).to_numpy()
        new = profiles[~known]
        piece = {
            "key": new["key"].astype("int64"),
            "data_mode": new["data_mode"].astype(object),
            "file": file.name,
            "time": pd.to_datetime(new["date"].where(new["date"] != ""), errors="coerce", utc=True),
            "latitude": new["latitude"].astype(float),
            "longitude": new["longitude"].astype(float),
        }
        self._pieces.append(pd.DataFrame(piece))
        return known

    def table(self) -> pd.DataFrame:
        """All of them, by key."""
        if self._pieces:
            parts = [self._table] if len(self._table) else []
            self._table = pd.concat([*parts, *self._pieces], ignore_index=True)
            self._table = self._table.astype({"data_mode": "category", "file": "category"})
            self._pieces = []
        return self._table.set_index("key")


def profiles_of_files(read: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``profiles.csv`` for profiles that the index does not list (rows of `ProfilesInFiles.table`)."""
    number = read.index.to_series().astype("int64")
    wmo, rest = (number // 1_000_000).astype(str), number % 1_000_000
    cycle = (rest // 2).astype(str)
    direction = (rest % 2).map({0: "A", 1: "D"})
    lat, lon = read["latitude"].astype(float), read["longitude"].astype(float)
    valid = lat.between(-90, 90) & lon.between(-180, 180)
    return pd.DataFrame(
        {
            "id": wmo + "/" + cycle + "/" + direction,
            "name": "Float " + wmo + " cycle " + cycle + direction.map({"A": "", "D": ", descending"}),
            "wmo": wmo,
            "cycle": cycle,
            "direction": direction,
            "data_mode": read["data_mode"].astype(object),
            "date": read["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").fillna(""),
            "latitude": lat.map("{:.3f}".format).where(valid, ""),
            "longitude": lon.map("{:.3f}".format).where(valid, ""),
            "file": read["file"].astype(object),
            "sea_area": area_of(lat.where(valid), lon.where(valid)),
            "dataset": "argo-profiles",
            "source_file": read["file"].astype(object),
        }
    )
