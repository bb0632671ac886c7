"""The upstream files as plain tables, read with pandas, xarray and json only: nothing of oceangraph, nothing of the graph."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

EXPOCODE = "318M20130321"


@cache
def bottles(root: Path) -> pd.DataFrame:
    """All columns of the bottle file as numbers where they are numbers; -999 is missing; `line` is the file's."""
    file = root / "cchdo/p02_bottle.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("EXPOCODE,"))
    names = lines[first].split(",")
    rows, at = [], []
    for number, line in enumerate(lines[first + 2 :], first + 3):
        if line.startswith("END_DATA"):
            break
        rows.append([cell.strip() for cell in line.split(",")])
        at.append(number)
    table = pd.DataFrame(rows, columns=pd.Index(names))
    for name in names:
        if name not in ("EXPOCODE", "SECT_ID", "STNNBR", "SAMPNO", "BTLNBR", "DATE", "TIME"):
            table[name] = pd.to_numeric(table[name], errors="coerce").replace(-999, np.nan)
    table["line"] = at
    table["cast"] = table["STNNBR"] + "/" + table["CASTNO"].astype(int).astype(str)
    return table


@cache
def comments(root: Path) -> list[str]:
    """The comment lines of the bottle file, without the sign."""
    with (root / "cchdo/p02_bottle.csv").open(encoding="utf-8") as file:
        head = [next(file)]
        for line in file:
            if not line.startswith("#"):
                break
            head.append(line[1:].strip())
    return [head[0].strip(), *head[1:]]


@cache
def profiles(root: Path) -> pd.DataFrame:
    """The global profile index, with wmo and id (wmo/cycle/direction); positions and dates that are none are missing."""
    table = pd.read_csv(root / "argo/ar_index_global_prof.txt", comment="#", dtype=str, keep_default_na=False)
    parts = table["file"].str.extract(
        r"/(?P<wmo>\d+)/profiles/[A-Z]+\d+_(?P<cycle>\d+)(?P<descending>D?)\.nc$"
    )
    table["wmo"] = parts["wmo"]
    direction = np.where(parts["descending"] == "D", "D", "A")
    table["id"] = parts["wmo"] + "/" + parts["cycle"].astype(int).astype(str) + "/" + direction
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = pd.to_numeric(table[name], errors="coerce")
        table[name] = value.where(value.abs() <= most)
    table["date"] = pd.to_datetime(table["date"], format="%Y%m%d%H%M%S", errors="coerce", utc=True)
    return table


@cache
def float_levels(root: Path) -> pd.DataFrame:
    """Every level of the multi-profile files: what is to be used of it, and its flags, of real time and adjusted."""
    return pd.concat(
        [_levels(file) for file in sorted(root.glob("argo/dac/*/*/*_prof.nc"))], ignore_index=True
    )


def _levels(file: Path) -> pd.DataFrame:
    with xr.open_dataset(file, decode_timedelta=False) as data:
        count, depth = data.sizes["N_PROF"], data.sizes["N_LEVELS"]

        def each(name: str) -> np.ndarray:
            return np.repeat(data[name].values, depth)

        def every(name: str) -> np.ndarray:
            return data[name].values.reshape(-1) if name in data else np.full(count * depth, np.nan, "f4")

        def decimal(name: str) -> np.ndarray:
            # The files hold single precision: the decimal number that was meant is the shortest that gives it.
            return every(name).astype("f4").astype(str).astype(float)

        wmo = np.char.strip(data["PLATFORM_NUMBER"].values.astype(str))
        cycle, way = data["CYCLE_NUMBER"].values.astype(int), data["DIRECTION"].values.astype(str)
        table = pd.DataFrame(
            {
                "profile": np.repeat(
                    [f"{w}/{c}/{d}" for w, c, d in zip(wmo, cycle, way, strict=True)], depth
                ),
                "wmo": np.repeat(wmo, depth),
                "n": np.tile(np.arange(1, depth + 1), count),
                "mode": each("DATA_MODE").astype(str),
                "date": pd.to_datetime(each("JULD"), utc=True).round("s"),
                "latitude": each("LATITUDE"),
                "longitude": each("LONGITUDE"),
            }
        )
        for name in ("PRES", "TEMP", "PSAL"):
            table[name] = decimal(name)
            table[f"{name}_ADJUSTED"] = decimal(f"{name}_ADJUSTED")
            for flag in (f"{name}_QC", f"{name}_ADJUSTED_QC"):
                table[flag] = pd.to_numeric(
                    pd.Series(every(flag)).astype(str).str.strip(" b'"), errors="coerce"
                )
    adjusted = table["mode"].isin(["A", "D"])
    for name in ("PRES", "TEMP", "PSAL"):
        value = table[f"{name}_ADJUSTED"].where(adjusted, table[name])
        flag = table[f"{name}_ADJUSTED_QC"].where(adjusted, table[f"{name}_QC"])
        table[name.lower()] = value.where(flag == 1).astype(float)
    return table


@cache
def terms(root: Path, name: str) -> dict[str, dict[str, Any]]:
    """The concepts of a table of the vocabulary server, by code."""
    graph = json.loads((root / f"nvs/{name}.json").read_text(encoding="utf-8"))["data"]["@graph"]
    concepts = [node for node in graph if node.get("@type") == "skos:Concept"]
    return {str(node["skos:notation"]).rpartition("::")[2]: node for node in concepts}


def label(concept: dict[str, Any]) -> str:
    """A concept's preferred label."""
    return str(concept["skos:prefLabel"]["@value"])
