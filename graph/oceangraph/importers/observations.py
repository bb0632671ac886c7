"""ERDDAP tabledap CSV and CF NetCDF: each value of each row becomes an Observation, with what the file says of its variable.

ERDDAP's ``.csv`` has a header line and a line of units. CF files are read with xarray, slice by slice along their first dimension;
coordinates are known by their attributes (CF 1.11, sections 4 and 9). A flag (ERDDAP's ``X_qc``, CF's ``status_flag``) stands beside
its value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import xarray as xr

from oceangraph.importers import netcdf
from oceangraph.importers.fields import positions
from oceangraph.importers.quality import File, Finding, Quality, UnreadableFile
from oceangraph.importers.sink import Sink
from oceangraph.importers.textual import Layout, TextTable, numbers
from oceangraph.units import SPELLINGS

SLICE_VALUES = 50_000
_FLAGS = ("_qc", "_QC", "_flag")
_PLACES = {"time": "time", "latitude": "latitude", "longitude": "longitude", "depth": "depth", "altitude": "altitude",
           "pres": "pressure", "pressure": "pressure", "z": "altitude"}  # fmt: skip
_STANDARD = {"time": "time", "latitude": "latitude", "longitude": "longitude", "depth": "depth", "altitude": "altitude",
             "height": "altitude", "sea_water_pressure": "pressure"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable with values: its name in the file, its unit as written, its CF standard name, the column of its flags."""

    name: str
    units: str
    standard_name: str = ""
    flag: str = ""


def read_erddap(file: File, sink: Sink, quality: Quality) -> dict[str, str]:
    """Write the values of an ERDDAP table; the row of its Dataset.

    Raises:
        UnreadableFile: it has no line of units, or no time, latitude and longitude.
    """
    table = TextTable(file, Layout(units=True), quality)
    places = {place: name for name, place in _PLACES.items() if name in table.header}
    missing = [p for p in ("time", "latitude", "longitude") if p not in places]
    if missing:
        raise UnreadableFile(f"there is no column {', '.join(missing)}")
    values = [n for n in table.header if n not in places.values()]
    units = {**table.units, **{place: table.units[name] for place, name in places.items()}}
    dataset = f"erddap-{file.path.stem}"
    flags = {n: f for n in values for suffix in _FLAGS if (f := n + suffix) in values}
    # What has no unit is a name, a code or a flag: not a measured value.
    measured = [n for n in values if table.units[n] and n not in flags.values()]
    variables = [Variable(name=n, units=table.units[n], flag=flags.get(n, "")) for n in measured]
    for name in values:
        if name not in measured and name not in flags.values():
            quality.add(
                Finding(
                    file=file.name,
                    row=table.header_line,
                    rule="column-not-taken",
                    field=name,
                    action="column left out",
                )
            )
    for piece in table.pieces(tuple(places.values()), optional=values):
        row = piece.rename(columns={name: place for place, name in places.items()})
        for name in measured:
            column = piece[name].mask(piece[name] == "NaN", "")
            unreadable = (column != "") & numbers(column).isna()
            quality.mark(
                file, piece, unreadable, rule="unreadable-number", fields=[name], action="value left out"
            )
            row[name] = column.mask(unreadable, "")
        sink.write("observations.csv", _observations(file, dataset, row, variables, units, quality))
    return _dataset(dataset, f"ERDDAP table {file.path.stem}", {})


def read_cf(file: File, names: dict[str, str], sink: Sink, quality: Quality) -> dict[str, str]:
    """Write the values of a CF NetCDF file, and note its standard names; the row of its Dataset.

    Raises:
        UnreadableFile: no NetCDF, cut off, no CF (its times do not decode), or without time, latitude and longitude.
    """
    netcdf.whole(file)
    try:
        with xr.open_dataset(file.path, engine="netcdf4", mask_and_scale=True, chunks=None) as opened:
            dataset = f"cf-{file.path.stem}"
            places = _coordinates(opened)
            variables = _variables(opened, places)
            for variable in variables:
                if variable.standard_name:
                    names.setdefault(variable.standard_name, dataset)
            units = {place: str(opened[name].attrs.get("units", "")) for place, name in places.items()}
            before = 0
            for frame in _slices(opened, [*places.values(), *names_of(variables)]):
                row = frame.rename(columns={name: place for place, name in places.items()})
                row["line"] = range(before + 1, before + 1 + len(row))
                before += len(row)
                text = pd.DataFrame({c: _texts(row[c]) for c in row.columns})
                sink.write("observations.csv", _observations(file, dataset, text, variables, units, quality))
            return _dataset(
                dataset, str(opened.attrs.get("title", f"CF file {file.path.stem}")), opened.attrs
            )
    except (RuntimeError, ValueError, OSError) as error:
        raise UnreadableFile(f"this is no CF NetCDF, or cut off: {error}") from error


def _coordinates(opened: xr.Dataset) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, variable in opened.variables.items():
        place = _STANDARD.get(str(variable.attrs.get("standard_name", ""))) or _PLACES.get(str(name).lower())
        if place and place not in found:
            found[place] = str(name)
    missing = [p for p in ("time", "latitude", "longitude") if p not in found]
    if missing:
        raise ValueError(f"no variable is {', '.join(missing)}")
    return found


def _variables(opened: xr.Dataset, places: Mapping[str, str]) -> list[Variable]:
    flags = {
        str(n) for n, v in opened.data_vars.items() if "status_flag" in str(v.attrs.get("standard_name", ""))
    }
    return [
        Variable(
            name=str(n),
            units=str(v.attrs.get("units", "")),
            standard_name=str(v.attrs.get("standard_name", "")),
            flag=next((a for a in str(v.attrs.get("ancillary_variables", "")).split() if a in flags), ""),
        )
        for n, v in opened.data_vars.items()
        if str(n) not in {*places.values(), *flags}
        and v.dtype.kind in "fiu"
        and v.dims
        and "cf_role" not in v.attrs
    ]


def names_of(variables: list[Variable]) -> list[str]:
    """The variables and their flags."""
    return [name for v in variables for name in (v.name, v.flag) if name]


def _slices(opened: xr.Dataset, names: list[str]) -> Iterator[pd.DataFrame]:
    held = opened[names].reset_coords()
    if not held.sizes:
        return
    first = max(held.sizes, key=lambda d: sum(d in held[n].dims for n in names))
    rest = 1
    for dimension, size in held.sizes.items():
        rest *= size if dimension != first else 1
    step = max(1, SLICE_VALUES // rest)
    for start in range(0, held.sizes[first], step):
        part = held.isel({first: slice(start, start + step)})
        yield part.to_dataframe().reset_index()[names]


def _texts(column: pd.Series[Any]) -> pd.Series[str]:
    if column.dtype.kind == "M":
        moments: pd.Series[str] = column.dt.strftime("%Y-%m-%dT%H:%M:%SZ").fillna("")
        return moments
    texts: pd.Series[str] = column.astype(str).where(column.notna(), "")
    return texts


def _observations(
    file: File,
    dataset: str,
    row: pd.DataFrame,
    variables: list[Variable],
    units: Mapping[str, str],
    quality: Quality,
) -> pd.DataFrame:
    lat, lon = positions(file, row, quality)
    time = pd.to_datetime(row["time"].where(row["time"] != ""), format="ISO8601", errors="coerce", utc=True)
    quality.mark(file, row, row["time"] == "", rule="no-date", fields=["time"], action="value left out")
    wrong = (row["time"] != "") & time.isna()
    quality.mark(file, row, wrong, rule="impossible-date", fields=["time"], action="value left out")
    shared = {
        "date": time.dt.strftime("%Y-%m-%dT%H:%M:%SZ").fillna(""),
        "latitude": row["latitude"].where(lat.notna(), ""),
        "longitude": row["longitude"].where(lon.notna(), ""),
        "depth": _vertical(file, row, units, quality),
        "pressure": row["pressure"]
        if SPELLINGS.get(units.get("pressure", "")) == "dbar" and "pressure" in row
        else "",
        "dataset": dataset,
        "source_file": file.name,
        "line": row["line"],
    }
    parts = []
    for variable in variables:
        has = row[variable.name] != ""
        made = {
            "id": f"{dataset}/" + row["line"].astype(str) + f"/{variable.name}",
            "name": f"{variable.name} in row " + row["line"].astype(str) + f" of {dataset}",
            "variable": variable.name,
            "value": row[variable.name],
            "units": variable.units,
            "flag": row[variable.flag] if variable.flag else "",
            "standard_name": variable.standard_name,
            **shared,
        }
        parts.append(pd.DataFrame(made, index=row.index)[has])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _vertical(file: File, row: pd.DataFrame, units: Mapping[str, str], quality: Quality) -> pd.Series[str]:
    for place, sign in (("depth", 1), ("altitude", -1)):
        if place in row:
            if SPELLINGS.get(units.get(place, "")) != "m":
                found = row["line"] == row["line"].min()
                fields = [place]
                quality.mark(file, row, found, rule="unit-mismatch", fields=fields, action="column left out")
                break
            if sign == 1:
                return row[place]
            return (-numbers(row[place]) + 0.0).astype(str).where(row[place] != "", "")
    return pd.Series("", index=row.index)


def _dataset(id_: str, name: str, attributes: Mapping[str, Any]) -> dict[str, str]:
    given = {key: str(attributes.get(key, "")) for key in ("references", "license", "institution")}
    return {
        "id": id_,
        "name": name,
        "doi": "",
        "citation": given["references"] or ", ".join(p for p in (given["institution"], name) if p),
        "licence": given["license"] or "none given",
        "version_date": "",
        "publication": "",
    }
