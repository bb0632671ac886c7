"""Argo's tables: profiles, floats, greylist, and what floats measure, from the GDAC's index files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from oceangraph.tables.areas import AREAS, area_of
from oceangraph.tables.findings import Finding, mark
from oceangraph.tables.upstream import Upstream, argo_index

PROFILES = "argo/ar_index_global_prof.txt"
META = "argo/ar_index_global_meta.txt"
BIO = "argo/argo_bio-profile_index.txt"
GREYLIST = "argo/ar_greylist.txt"

_FILE = r"^(?P<dac>[a-z]+)/(?P<wmo>\d{5,7})/profiles/(?P<data_mode>[RD])(?P=wmo)_(?P<cycle>\d{3,4})(?P<down>D?)\.nc$"
_META_FILE = r"^(?P<dac>[a-z]+)/(?P<wmo>\d{5,7})/"
_STAMP = "%Y%m%d%H%M%S"


@dataclass(frozen=True, kw_only=True)
class Argo:
    """Argo's tables, and what was found wrong."""

    profiles: pd.DataFrame
    floats: pd.DataFrame
    greylist: pd.DataFrame
    float_parameters: pd.DataFrame
    findings: tuple[Finding, ...]


def read_argo(upstream: Upstream) -> Argo:
    """Derive Argo's tables from the four index files.

    Raises:
        SeedError: a file or a column is missing.
    """
    findings: list[Finding] = []
    profiles = pd.concat(_profiles(upstream, findings), ignore_index=True)
    repeated = profiles["id"].duplicated()
    findings += mark(
        profiles, repeated, file=PROFILES, rule="profile-twice", fields=["file"], action="row left out"
    )
    profiles = profiles[~repeated]
    floats = pd.concat(_floats(upstream), ignore_index=True)
    return Argo(
        profiles=profiles,
        floats=floats,
        greylist=pd.concat(_greylist(upstream, findings), ignore_index=True),
        float_parameters=_float_parameters(upstream),
        findings=tuple(findings),
    )


def _profiles(upstream: Upstream, findings: list[Finding]) -> Iterator[pd.DataFrame]:
    columns = (
        "file",
        "date",
        "latitude",
        "longitude",
        "ocean",
        "profiler_type",
        "institution",
        "date_update",
    )
    for chunk in argo_index(upstream, PROFILES, columns):
        parts = chunk["file"].str.extract(_FILE)
        unreadable = parts["wmo"].isna()
        findings += mark(
            chunk, unreadable, file=PROFILES, rule="file-name", fields=["file"], action="row left out"
        )
        rows = chunk.join(parts)[~unreadable]
        lat, lon = _positions(rows, findings)
        area = area_of(lat, lon)
        ocean_of = {a.id: a.argo_ocean for a in AREAS}
        differs = (area != "") & (rows["ocean"] != "") & (area.map(ocean_of) != rows["ocean"])
        findings += mark(
            rows.assign(area=area),
            differs,
            file=PROFILES,
            rule="ocean-differs-from-area",
            fields=["ocean", "area"],
            action="kept, both",
        )
        nowhere = lat.notna() & (area == "")
        findings += mark(
            rows,
            nowhere,
            file=PROFILES,
            rule="in-no-area",
            fields=["latitude", "longitude"],
            action="no area",
        )
        zero = rows["profiler_type"].str.startswith("0")
        findings += mark(
            rows, zero, file=PROFILES, rule="type-with-leading-zero", fields=["profiler_type"], action="kept"
        )
        has_position = lat.notna()
        yield pd.DataFrame(
            {
                "id": rows["wmo"] + "_" + rows["cycle"] + rows["down"],
                "name": "Float "
                + rows["wmo"]
                + " cycle "
                + _plain(rows["cycle"])
                + _descending(rows["down"]),
                "wmo": rows["wmo"],
                "cycle": _plain(rows["cycle"]),
                "direction": rows["down"].replace("", "A"),
                "data_mode": rows["data_mode"],
                "date": times(rows, "date", _STAMP, file=PROFILES, findings=findings),
                "latitude": rows["latitude"].where(has_position, ""),
                "longitude": rows["longitude"].where(has_position, ""),
                "ocean": rows["ocean"],
                "profiler_type": rows["profiler_type"],
                "institution": rows["institution"],
                "date_update": times(rows, "date_update", _STAMP, file=PROFILES, findings=findings),
                "file": rows["file"],
                "sea_area": area,
                "line": rows["line"],
            }
        )


def _positions(rows: pd.DataFrame, findings: list[Finding]) -> tuple[pd.Series[float], pd.Series[float]]:
    # A position is a pair: where one half is missing or out of range, there is none.
    lat = pd.to_numeric(rows["latitude"], errors="coerce")
    lon = pd.to_numeric(rows["longitude"], errors="coerce")
    absent = (rows["latitude"] == "") & (rows["longitude"] == "")
    valid = lat.between(-90, 90) & lon.between(-180, 180)
    fields = ["latitude", "longitude"]
    findings += mark(rows, absent, file=PROFILES, rule="no-position", fields=fields, action="value left out")
    findings += mark(
        rows, ~valid & ~absent, file=PROFILES, rule="invalid-position", fields=fields, action="value left out"
    )
    return lat.where(valid), lon.where(valid)


def times(
    rows: pd.DataFrame, field: str, form: str, *, file: str, findings: list[Finding], day: bool = False
) -> pd.Series[str]:
    """A column of upstream times as ISO 8601 text (UTC, or the day only); missing and unreadable ones are found."""
    text = rows[field]
    time = pd.to_datetime(text, format=form, errors="coerce", utc=True)
    missing, unreadable = text == "", (text != "") & time.isna()
    if not day:
        findings += mark(
            rows,
            missing,
            file=file,
            rule=f"no-{field.replace('_', '-')}",
            fields=[field],
            action="value left out",
        )
    findings += mark(
        rows, unreadable, file=file, rule="unreadable-time", fields=[field], action="value left out"
    )
    return time.dt.strftime("%Y-%m-%d" if day else "%Y-%m-%dT%H:%M:%SZ").fillna("")


def _plain(cycle: pd.Series[str]) -> pd.Series[str]:
    return cycle.astype(int).astype(str)


def _descending(down: pd.Series[str]) -> pd.Series[str]:
    return down.map({"": "", "D": ", descending"})


def _floats(upstream: Upstream) -> Iterator[pd.DataFrame]:
    for chunk in argo_index(upstream, META, ("file", "profiler_type", "institution", "date_update")):
        rows = chunk.join(chunk["file"].str.extract(_META_FILE))
        yield pd.DataFrame(
            {
                "wmo": rows["wmo"],
                "name": "Argo float " + rows["wmo"],
                "dac": rows["dac"],
                "date_update": times(rows, "date_update", _STAMP, file=META, findings=[]),
                "profiler_type": rows["profiler_type"],
                "institution": rows["institution"],
                "line": rows["line"],
            }
        )


def _greylist(upstream: Upstream, findings: list[Finding]) -> Iterator[pd.DataFrame]:
    columns = ("PLATFORM_CODE", "PARAMETER_NAME", "START_DATE", "END_DATE", "QUALITY_CODE", "COMMENT", "DAC")
    for rows in argo_index(upstream, GREYLIST, columns):
        again = rows.duplicated(subset=list(columns))
        findings += mark(
            rows,
            again,
            file=GREYLIST,
            rule="entry-twice",
            fields=["PLATFORM_CODE", "PARAMETER_NAME", "START_DATE"],
            action="row left out",
        )
        rows = rows[~again]
        start = times(rows, "START_DATE", "%Y%m%d", file=GREYLIST, findings=findings, day=True)
        end = times(rows, "END_DATE", "%Y%m%d", file=GREYLIST, findings=findings, day=True)
        backwards = (end != "") & (end < start)
        findings += mark(
            rows,
            backwards,
            file=GREYLIST,
            rule="ends-before-it-starts",
            fields=["START_DATE", "END_DATE"],
            action="kept",
        )
        span = rows["START_DATE"] + "-" + rows["END_DATE"]
        name = rows["PLATFORM_CODE"] + "/" + rows["PARAMETER_NAME"]
        yield pd.DataFrame(
            {
                "id": name + "/" + span + "/" + rows["QUALITY_CODE"],
                "name": rows["PARAMETER_NAME"]
                + " of float "
                + rows["PLATFORM_CODE"]
                + " greylisted from "
                + start,
                "wmo": rows["PLATFORM_CODE"],
                "parameter": rows["PARAMETER_NAME"],
                "start_date": start,
                "end_date": end,
                "quality_code": rows["QUALITY_CODE"],
                "comment": rows["COMMENT"],
                "institution": rows["DAC"],
                "line": rows["line"],
            }
        )


def _float_parameters(upstream: Upstream) -> pd.DataFrame:
    # One row for a float and a parameter, with the first line that says so.
    found: dict[tuple[str, str], int] = {}
    for chunk in argo_index(upstream, BIO, ("file", "parameters")):
        wmo = chunk["file"].str.extract(_META_FILE)["wmo"]
        listed = chunk["parameters"].str.split().explode().dropna()
        pairs = pd.DataFrame({"wmo": wmo, "line": chunk["line"]}).loc[listed.index]
        for parameter, float_, line in zip(listed, pairs["wmo"], pairs["line"], strict=True):
            found.setdefault((str(float_), str(parameter)), int(line))
    rows = [(*key, line) for key, line in sorted(found.items())]
    return pd.DataFrame(rows, columns=pd.Index(["wmo", "parameter", "line"]), dtype=object)
