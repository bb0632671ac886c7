"""Argo's multi-profile files, NetCDF formats 3.0 and 3.1: profiles and every level, values as they are written.

Format: Argo user's manual, doi:10.13155/29825. Files are read a block of profiles at a time, with netCDF4 itself: xarray would
decode every variable of a file, and mask by ``valid_min`` what must be reported instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import netCDF4
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oceangraph.importers import netcdf
from oceangraph.importers.quality import File, Finding, Quality, UnreadableFile
from oceangraph.model import VARIABLES
from oceangraph.units import SPELLINGS

BLOCK = 64  # profiles
_EPOCH = datetime(1950, 1, 1)
_PARTS = ("", "_QC", "_ADJUSTED", "_ADJUSTED_QC", "_ADJUSTED_ERROR")
VALUE_COLUMNS = tuple(f"{v.name}{part.lower()}" for v in VARIABLES for part in _PARTS)
PROFILE_COLUMNS = ("id", "wmo", "cycle", "direction", "data_mode", "date", "latitude", "longitude", "key")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some profiles of a file: what identifies each (`PROFILE_COLUMNS`), its details, its levels with their profile's row."""

    profiles: pd.DataFrame
    details: pd.DataFrame
    levels: pd.DataFrame


def key(wmo: str, cycle: int, direction: str) -> int:
    """One number for a profile: so that millions can be told apart at eight bytes each."""
    return int(wmo) * 1_000_000 + cycle * 2 + (direction == "D")


def profile_blocks(file: File, quality: Quality) -> Iterator[Block]:
    """The profiles of a multi-profile file with all levels that hold a value or a flag.

    Raises:
        UnreadableFile: as `open_argo`, or a variable is missing or cut off.
    """
    with netcdf.open_argo(file, "profile") as dataset:
        names = _station_variables(dataset, file, quality)
        total = len(dataset.dimensions["N_PROF"]) if "N_PROF" in dataset.dimensions else 0
        for start in range(0, total, BLOCK):
            try:
                yield _block(dataset, file, names, slice(start, min(start + BLOCK, total)), quality)
            except (RuntimeError, OSError) as error:
                raise UnreadableFile(f"from profile {start + 1} on: {error}") from error


def _station_variables(dataset: netCDF4.Dataset, file: File, quality: Quality) -> tuple[str, ...]:
    # A variable in another unit is left out whole: its numbers would mean something else.
    found = []
    for v in VARIABLES:
        if v.code not in dataset.variables:
            continue
        unit = str(getattr(dataset[v.code], "units", ""))
        if SPELLINGS.get(unit) == v.unit:
            found.append(v.code)
        else:
            quality.add(
                Finding(
                    file=file.name,
                    row=0,
                    rule="unit-mismatch",
                    field=v.code,
                    value=unit,
                    action="variable left out",
                )
            )
    return tuple(found)


def _block(
    dataset: netCDF4.Dataset, file: File, names: tuple[str, ...], at: slice, quality: Quality
) -> Block:
    profiles = _profiles(dataset, at)
    rows = np.arange(at.start, at.stop) + 1
    known = profiles["id"] != ""
    for row in rows[~known.to_numpy()]:
        quality.add(
            Finding(file=file.name, row=int(row), rule="no-profile-number", field="PLATFORM_NUMBER CYCLE_NUMBER",
                    action="profile left out")
        )  # fmt: skip
    _odd_positions(profiles, file, rows, quality)
    details = pd.DataFrame({"id": profiles["id"]}, dtype=object)
    details["date_qc"] = _flag_texts(dataset, "JULD_QC", at, file, quality)
    details["position_qc"] = _flag_texts(dataset, "POSITION_QC", at, file, quality)
    for v in VARIABLES:
        details[f"{v.name}_profile_qc"] = netcdf.characters(dataset, f"PROFILE_{v.code}_QC", at)
    details = details.assign(detail_file=file.name, detail_row=rows)
    levels = _levels(dataset, file, names, at, profiles["id"].to_numpy(), quality)
    return Block(profiles=profiles[known], details=details[known], levels=levels)


def _profiles(dataset: netCDF4.Dataset, at: slice) -> pd.DataFrame:
    wmo = netcdf.strings(dataset, "PLATFORM_NUMBER", at)
    cycle = np.asarray(netcdf.variable(dataset, "CYCLE_NUMBER")[at])
    direction = netcdf.characters(dataset, "DIRECTION", at)
    mode = netcdf.characters(dataset, "DATA_MODE", at)
    lat, lon = netcdf.doubles(dataset, "LATITUDE", at), netcdf.doubles(dataset, "LONGITUDE", at)
    rows = []
    for w, c, d, m, y, x, day in zip(
        wmo, cycle.tolist(), direction, mode, lat, lon, netcdf.doubles(dataset, "JULD", at), strict=True
    ):
        d = d or "A"
        sound = w.isdigit() and 5 <= len(w) <= 7 and 0 <= c < 99999 and d in "AD"
        id_ = f"{w}/{c}/{d}" if sound else ""
        rows.append((id_, w, c, d, m, date_of(day), y, x, key(w, c, d) if sound else -1))
    return pd.DataFrame(rows, columns=pd.Index(PROFILE_COLUMNS))


def date_of(juld: float) -> str:
    """Days since 1950-01-01 as ISO 8601 text to the second; empty where there are none."""
    if not np.isfinite(juld) or not 0 <= juld < 100_000:
        return ""
    moment = _EPOCH + timedelta(seconds=round(juld * 86_400))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _odd_positions(profiles: pd.DataFrame, file: File, rows: NDArray[Any], quality: Quality) -> None:
    for row, lat, lon in zip(rows, profiles["latitude"], profiles["longitude"], strict=True):
        if np.isfinite(lat) and np.isfinite(lon) and not (-90 <= lat <= 90 and -180 <= lon <= 180):
            quality.add(
                Finding(file=file.name, row=int(row), rule="invalid-position", field="LATITUDE LONGITUDE",
                        value=f"{lat} {lon}", action="value left out")
            )  # fmt: skip


def _levels(
    dataset: netCDF4.Dataset,
    file: File,
    names: tuple[str, ...],
    at: slice,
    ids: NDArray[Any],
    quality: Quality,
) -> pd.DataFrame:
    shape = (at.stop - at.start, len(dataset.dimensions["N_LEVELS"]))
    columns: dict[str, NDArray[Any]] = {}
    for v in VARIABLES:
        for part in _PARTS:
            name = f"{v.name}{part.lower()}"
            if v.code not in names or v.code + part not in dataset.variables:
                columns[name] = np.full(shape, "", dtype=object)
            elif part.endswith("QC"):
                columns[name] = _flag_texts(dataset, v.code + part, at, file, quality)
            else:
                columns[name] = _value_texts(dataset, v.code + part, at, file, quality)
    filled = np.zeros(shape, dtype=bool)
    for column in columns.values():
        filled |= column != ""
    filled &= (ids != "")[:, None]
    profile, level = np.nonzero(filled)
    values = {name: column[profile, level] for name, column in columns.items()}
    return pd.DataFrame({"profile": ids[profile], "row": at.start + profile + 1, "n": level + 1, **values})


def _value_texts(
    dataset: netCDF4.Dataset, name: str, at: slice, file: File, quality: Quality
) -> NDArray[Any]:
    # The shortest text that reads back as the same number of the file's own precision.
    variable = netcdf.variable(dataset, name)
    values = np.asarray(variable[at])
    fill = getattr(variable, "_FillValue", None)
    missing = values == fill if fill is not None else np.zeros(values.shape, dtype=bool)
    broken = ~np.isfinite(values) & ~missing
    for row, level in np.argwhere(broken):
        quality.add(
            Finding(file=file.name, row=int(at.start + row + 1), rule="no-number", field=f"{name}[{level + 1}]",
                    value=str(values[row, level]), action="value left out")
        )  # fmt: skip
    texts = values.astype(str).astype(object)
    texts[missing | broken] = ""
    return texts


def _flag_texts(dataset: netCDF4.Dataset, name: str, at: slice, file: File, quality: Quality) -> NDArray[Any]:
    flags = np.char.decode(np.asarray(netcdf.variable(dataset, name)[at]), "latin-1")
    flags = np.where((flags == " ") | (flags == "\x00"), "", flags).astype(object)
    odd = (flags != "") & ~np.char.isdigit(flags.astype(str))
    for place in np.argwhere(odd):
        level = f"[{place[1] + 1}]" if len(place) > 1 else ""
        quality.add(
            Finding(file=file.name, row=int(at.start + place[0] + 1), rule="no-such-flag", field=f"{name}{level}",
                    value=str(flags[tuple(place)]), action="flag left out")
        )  # fmt: skip
    flags[odd] = ""
    return flags
