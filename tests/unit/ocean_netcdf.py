"""Synthetic Argo NetCDF files, in the published formats 3.0 and 3.1 as far as importers read them; no real float's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

FILL = 99999.0
PARAMETERS = (("PRES", "decibar"), ("TEMP", "degree_Celsius"), ("PSAL", "psu"))


@dataclass(frozen=True)
class Cast:
    """A profile to write: per parameter a list of values, FILL for none; flags are a text of one character a level."""

    cycle: int
    values: dict[str, Sequence[float]]
    flags: dict[str, str] = field(default_factory=dict)
    direction: str = "A"
    mode: str = "R"
    juld: float = 21915.5  # 2010-01-01T12:00
    latitude: float = -30.5
    longitude: float = -20.25
    wmo: str = "1900001"
    adjusted: dict[str, Sequence[float]] = field(default_factory=dict)


def write_profiles(
    path: Path, casts: Sequence[Cast], *, version: str = "3.1", units: dict[str, str] | None = None
) -> Path:
    """A multi-profile file of these profiles."""
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = max(len(v) for cast in casts for v in cast.values.values())
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as data:
        _dimensions(data, N_PROF=len(casts), N_LEVELS=levels, N_PARAM=3)
        _head(data, "Argo profile", version)
        _texts(data, "PLATFORM_NUMBER", "STRING8", [c.wmo for c in casts])
        _numbers(data, "CYCLE_NUMBER", "i4", ("N_PROF",), [c.cycle for c in casts], 99999)
        for name, text in (("DIRECTION", "direction"), ("DATA_MODE", "mode")):
            _characters(data, name, ("N_PROF",), [getattr(c, text) for c in casts])
        for name, attribute in (("JULD", "juld"), ("LATITUDE", "latitude"), ("LONGITUDE", "longitude")):
            fill = 999999.0 if name == "JULD" else FILL
            _numbers(data, name, "f8", ("N_PROF",), [getattr(c, attribute) for c in casts], fill)
        for name in ("JULD_QC", "POSITION_QC"):
            _characters(data, name, ("N_PROF",), "1" * len(casts))
        for name, unit in PARAMETERS:
            _parameter(data, name, (units or {}).get(name, unit), casts, levels)
    return path


def _parameter(data: netCDF4.Dataset, name: str, unit: str, casts: Sequence[Cast], levels: int) -> None:
    _characters(data, f"PROFILE_{name}_QC", ("N_PROF",), "A" * len(casts))
    for part, get in (("", "values"), ("_ADJUSTED", "adjusted")):
        rows = [[*getattr(c, get).get(name, []), *[FILL] * levels][:levels] for c in casts]
        variable = _numbers(data, name + part, "f4", ("N_PROF", "N_LEVELS"), rows, FILL)
        variable.units = unit
        texts = [
            c.flags.get(name + part, "".join("1" if v != FILL else " " for v in row))
            for c, row in zip(casts, rows, strict=True)
        ]
        _characters(data, f"{name}{part}_QC", ("N_PROF", "N_LEVELS"), [t.ljust(levels) for t in texts])
    errors = [[FILL] * levels for _ in casts]
    _numbers(data, f"{name}_ADJUSTED_ERROR", "f4", ("N_PROF", "N_LEVELS"), errors, FILL)


def write_meta(path: Path, *, version: str = "3.1", **texts: str) -> Path:
    """A metadata file of float 1900001 with three sensors; a keyword replaces the text of a variable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    old = version == "3.0"
    given = {
        "PLATFORM_NUMBER": "1900001",
        "PLATFORM_MODEL" if old else "PLATFORM_TYPE": "SOLO",
        "INST_REFERENCE" if old else "FLOAT_SERIAL_NO": "007",
        "PLATFORM_MAKER": "SIO",
        "PROJECT_NAME": "Argo synthetic",
        "FLOAT_OWNER": "n/a",
        "PI_NAME": "Ada Float",
        "LAUNCH_DATE": "20091231060000",
        "START_DATE": "20091231070000",
        "DEPLOYMENT_PLATFORM": "R/V Synthetic",
        **texts,
    }
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as data:
        _dimensions(data, N_SENSOR=3, N_PARAM=3)
        _head(data, "Argo meta-data", version)
        for name, text in given.items():
            _characters(data, name, ("STRING64",), text.ljust(64))
        for name, value in (("LAUNCH_LATITUDE", -30.0), ("LAUNCH_LONGITUDE", -20.0)):
            _numbers(data, name, "f8", (), value, FILL)
        sensors = ["CTD_PRES", "CTD_TEMP", "CTD_CNDC"]
        _texts(data, "SENSOR", "STRING64", sensors, "N_SENSOR")
        _texts(data, "SENSOR_MAKER", "STRING64", ["SBE"] * 3, "N_SENSOR")
        _texts(data, "SENSOR_MODEL", "STRING64", ["SBE41", "SBE41", "HOMEMADE"], "N_SENSOR")
        _texts(data, "SENSOR_SERIAL_NO", "STRING16", ["1", "2", "3"], "N_SENSOR")
        _texts(data, "PARAMETER", "STRING64", ["PRES", "TEMP", "PSAL"], "N_PARAM")
        _texts(data, "PARAMETER_SENSOR", "STRING64", ["CTD_PRES", "CTD_TEMP", "CTD_PSAL"], "N_PARAM")
    return path


def _dimensions(data: netCDF4.Dataset, **sizes: int) -> None:
    for name, size in {"STRING4": 4, "STRING8": 8, "STRING16": 16, "STRING64": 64, **sizes}.items():
        data.createDimension(name, size)


def _head(data: netCDF4.Dataset, kind: str, version: str) -> None:
    _characters(data, "DATA_TYPE", ("STRING16",), kind.ljust(16))
    _characters(data, "FORMAT_VERSION", ("STRING4",), version.ljust(4))


def _texts(
    data: netCDF4.Dataset, name: str, width: str, texts: Sequence[str], dimension: str = "N_PROF"
) -> None:
    size = len(data.dimensions[width])
    _characters(data, name, (dimension, width), [t.ljust(size) for t in texts])


def _characters(data: netCDF4.Dataset, name: str, dimensions: tuple[str, ...], texts: Any) -> None:
    variable = data.createVariable(name, "S1", dimensions, fill_value=b" ")
    rows = [list(t) for t in texts] if len(dimensions) > 1 else list(texts)
    variable[:] = np.array(rows, dtype="S1")


def _numbers(
    data: netCDF4.Dataset, name: str, kind: str, dimensions: tuple[str, ...], values: Any, fill: float
) -> Any:
    variable = data.createVariable(name, kind, dimensions, fill_value=fill)
    variable[:] = np.array(values)
    return variable
