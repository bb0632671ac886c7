"""Argo's metadata files of floats, NetCDF formats 3.0 and 3.1: the float, its deployment, its sensors.

Format: Argo user's manual, doi:10.13155/29825.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import netCDF4
import numpy as np

from oceangraph.importers import netcdf
from oceangraph.importers.quality import File, Finding, Quality, UnreadableFile


@dataclass(frozen=True, kw_only=True)
class FloatFile:
    """What a metadata file says: rows of float_details, deployments, sensors, float_parameters, float_persons."""

    details: dict[str, str]
    deployment: dict[str, str]
    sensors: list[dict[str, str]]
    parameters: list[str]
    investigator: str


# Format 3.0 calls some variables otherwise than 3.1.
_OTHER_NAMES = {"PLATFORM_TYPE": ("PLATFORM_MODEL",), "FLOAT_SERIAL_NO": ("INST_REFERENCE",)}
_NOT_GIVEN = frozenset({"", "n/a", "N/A", "NA", "none", "None", "unknown"})


def read_float(file: File, quality: Quality) -> FloatFile:
    """Read a metadata file.

    Raises:
        UnreadableFile: as `open_argo`, or it does not say which float it is of.
    """
    with netcdf.open_argo(file, "meta-data") as dataset:
        wmo = netcdf.text(dataset, "PLATFORM_NUMBER")
        if not wmo.isdigit():
            raise UnreadableFile(f"PLATFORM_NUMBER is {wmo!r}")
        details = {
            "wmo": wmo,
            "platform_model": _given(dataset, "PLATFORM_TYPE"),
            "maker": _given(dataset, "PLATFORM_MAKER"),
            "serial_no": _given(dataset, "FLOAT_SERIAL_NO"),
            "project": _given(dataset, "PROJECT_NAME"),
            "owner": _given(dataset, "FLOAT_OWNER"),
            "detail_file": file.name,
        }
        sensors = _sensors(dataset, wmo, file, quality)
        parameters = _column(dataset, "PARAMETER")
        return FloatFile(
            details=details,
            deployment=_deployment(dataset, wmo, file, quality),
            sensors=sensors,
            parameters=list(dict.fromkeys(p for p in parameters if p)),
            investigator=_given(dataset, "PI_NAME"),
        )


def _deployment(dataset: netCDF4.Dataset, wmo: str, file: File, quality: Quality) -> dict[str, str]:
    lat, lon = (_scalar(dataset, f"LAUNCH_{name}") for name in ("LATITUDE", "LONGITUDE"))
    valid = lat is not None and lon is not None and -90 <= lat <= 90 and -180 <= lon <= 180
    if not valid:
        quality.add(
            Finding(file=file.name, row=0, rule="no-position" if lat is None else "invalid-position",
                    field="LAUNCH_LATITUDE LAUNCH_LONGITUDE", value=f"{lat} {lon}", action="value left out")
        )  # fmt: skip
    return {
        "id": wmo,
        "name": f"Deployment of float {wmo}",
        "date": _moment(dataset, "LAUNCH_DATE", file, quality),
        "latitude": f"{lat}" if valid else "",
        "longitude": f"{lon}" if valid else "",
        "launch_qc": _flag(dataset, "LAUNCH_QC"),
        "ship": _given(dataset, "DEPLOYMENT_PLATFORM"),
        "cruise": _given(dataset, "DEPLOYMENT_CRUISE_ID"),
        "start_date": _moment(dataset, "START_DATE", file, quality),
        "end_date": _moment(dataset, "END_MISSION_DATE", file, quality),
        "end_status": _given(dataset, "END_MISSION_STATUS"),
        "dataset": "argo-meta",
        "source_file": file.name,
    }


def _sensors(dataset: netCDF4.Dataset, wmo: str, file: File, quality: Quality) -> list[dict[str, str]]:
    names = ("SENSOR", "SENSOR_MAKER", "SENSOR_MODEL", "SENSOR_SERIAL_NO")
    kinds, makers, models, numbers = (_column(dataset, name) for name in names)
    senses: dict[str, list[str]] = {}
    for parameter, sensor in zip(
        _column(dataset, "PARAMETER"), _column(dataset, "PARAMETER_SENSOR"), strict=False
    ):
        if parameter and sensor:
            senses.setdefault(sensor, []).append(parameter)
    for sensor in sorted(set(senses) - set(kinds)):
        quality.add(
            Finding(file=file.name, row=0, rule="no-such-sensor", field="PARAMETER_SENSOR", value=sensor,
                    action="relationship left out")
        )  # fmt: skip
    rows: list[dict[str, str]] = []
    for i, kind in enumerate(kinds):
        if not kind:
            continue
        number = 1 + sum(r["sensor"] == kind for r in rows)
        rows.append(
            {
                "id": f"{wmo}/{kind}/{number}",
                "name": f"{kind} of float {wmo}",
                "sensor": kind,
                "model": "",
                "model_written": models[i] if i < len(models) else "",
                "maker": makers[i] if i < len(makers) else "",
                "serial_no": numbers[i] if i < len(numbers) else "",
                "wmo": wmo,
                "parameters": "|".join(dict.fromkeys(senses.get(kind, []))),
                "dataset": "argo-meta",
                "source_file": file.name,
            }
        )
    return rows


def _given(dataset: netCDF4.Dataset, name: str) -> str:
    for candidate in (name, *_OTHER_NAMES.get(name, ())):
        if candidate in dataset.variables:
            text = " ".join(netcdf.text(dataset, candidate).split())
            return "" if text in _NOT_GIVEN else text
    return ""


def _column(dataset: netCDF4.Dataset, name: str) -> list[str]:
    if name not in dataset.variables:
        return []
    return [netcdf.decode(row) for row in np.asarray(dataset[name][:])]


def _scalar(dataset: netCDF4.Dataset, name: str) -> float | None:
    variable = netcdf.variable(dataset, name)
    value = float(np.asarray(variable[:]).ravel()[0])
    return None if value == getattr(variable, "_FillValue", None) or not np.isfinite(value) else value


def _flag(dataset: netCDF4.Dataset, name: str) -> str:
    text = netcdf.text(dataset, name) if name in dataset.variables else ""
    return text if text.isdigit() else ""


def _moment(dataset: netCDF4.Dataset, name: str, file: File, quality: Quality) -> str:
    text = netcdf.text(dataset, name) if name in dataset.variables else ""
    if not text:
        return ""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        quality.add(
            Finding(
                file=file.name, row=0, rule="unreadable-time", field=name, value=text, action="value left out"
            )
        )
        return ""
