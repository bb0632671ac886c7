"""All values and flags of the tables against the upstream files, read with other programs than the importers use.

Runs where OCEANGRAPH_UPSTREAM names the folder with the upstream files, as for the answers beside it. That the
store has what the tables have is tested for all records in tests/integration/test_ocean_store.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oceangraph import whp
from oceangraph.model import VARIABLES, node_kind
from oceangraph.units import SPELLINGS

DATA = Path(__file__).resolve().parents[2] / "data"
UPSTREAM = os.environ.get("OCEANGRAPH_UPSTREAM", "")
UNITS = {p.name: p.unit for label in ("Level", "Bottle") for p in node_kind(label).properties}

pytestmark = pytest.mark.skipif(not UPSTREAM, reason="OCEANGRAPH_UPSTREAM names no folder")


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name, dtype=str, keep_default_na=False)


def test_every_level_has_the_values_flags_and_units_of_its_netcdf_file() -> None:
    import xarray as xr

    levels = read("levels.csv").set_index(["profile", "n"])
    details = read("profile_details.csv")
    compared = held = 0
    for name, profiles in details.groupby("detail_file"):
        with xr.open_dataset(Path(UPSTREAM) / str(name), decode_cf=False, mask_and_scale=False) as file:
            for v in VARIABLES:
                if v.code in file:
                    assert SPELLINGS[file[v.code].attrs["units"]] == UNITS[v.name] == v.unit
            for id_, row in zip(profiles["id"], profiles["detail_row"].astype(int), strict=True):
                n, values = compare_profile(file.isel(N_PROF=row - 1), levels.loc[[id_]].droplevel(0))
                held, compared = held + n, compared + values
    assert held == len(levels) == 45503
    assert compared == 45503 * 15


def compare_profile(file: object, rows: pd.DataFrame) -> tuple[int, int]:
    present = np.zeros(file.sizes["N_LEVELS"], dtype=bool)  # type: ignore[attr-defined]
    at = rows.index.astype(int).to_numpy() - 1
    compared = 0
    for v in VARIABLES:
        for part in ("", "_QC", "_ADJUSTED", "_ADJUSTED_QC", "_ADJUSTED_ERROR"):
            column = rows[f"{v.name}{part.lower()}"]
            compared += len(column)
            if v.code + part not in file:  # type: ignore[operator]
                assert (column == "").all()
                continue
            values = file[v.code + part].values  # type: ignore[index]
            if part.endswith("QC"):
                texts = np.array([b.decode() for b in values])
                there, same = texts != " ", column.to_numpy() == np.char.strip(texts[at])
            else:
                there = values != file[v.code + part].attrs["_FillValue"]  # type: ignore[index]
                number = pd.to_numeric(column).to_numpy(dtype=values.dtype)
                same = np.where(there[at], number == values[at], np.isnan(number))
            assert same.all()
            present |= there
    assert list(at) == list(np.flatnonzero(present))
    return len(at), compared


def test_every_bottle_has_the_values_flags_and_units_of_the_exchange_file() -> None:
    from cchdo.hydro import read_exchange

    file = read_exchange(Path(UPSTREAM) / "cchdo/p02_bottle.csv")
    flat = file[[n for c in whp.COLUMNS for n in names(c) if n in file]].stack(bottle=("N_PROF", "N_LEVELS"))
    station = file["station"].broadcast_like(file["pressure"]).stack(bottle=("N_PROF", "N_LEVELS"))
    cast = file["cast"].broadcast_like(file["pressure"]).stack(bottle=("N_PROF", "N_LEVELS"))
    sample = file["sample"].stack(bottle=("N_PROF", "N_LEVELS"))
    keys = [
        f"318M20130321/{s}/{int(c)}/{n}"
        for s, c, n in zip(station.values, cast.values, sample.values, strict=True)
    ]
    there = sample.values.astype(str) != ""
    bottles = read("bottles.csv").set_index("id")
    assert sorted(k for k, t in zip(keys, there, strict=True) if t) == sorted(bottles.index)
    bottles = bottles.reindex(keys)
    undone = read("revision_changes.csv")
    differing: set[tuple[str, str]] = set()
    for column in whp.COLUMNS:
        assert SPELLINGS[file[column.name].attrs["units"]] == UNITS[column.name]
        for name in names(column):
            number = pd.to_numeric(bottles[name]).to_numpy(dtype=float)[there]
            values = flat[name].values.astype(float)[there]
            if name.endswith("_qc"):  # cchdo.hydro leaves out 9: that there is no sample is no flag to it
                values = np.where(np.isnan(values), 9.0, values)
            differs = ~((number == values) | (np.isnan(number) & np.isnan(values)))
            differing |= {(key, name) for key in np.array(keys)[there][differs]}
    assert len(bottles[there]) == 5343
    assert differing == set(zip(undone["bottle"], undone["property"], strict=True))


def names(column: whp.Column) -> tuple[str, ...]:
    return (column.name, f"{column.name}_qc") if column.scheme else (column.name,)
