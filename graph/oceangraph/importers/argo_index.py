"""Argo's index files: profiles, floats, biogeochemical profiles, greylist; read in pieces.

Format: Argo user's manual, doi:10.13155/29825. Memory does not grow with the rows but for one number for each profile, by
which a second one is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oceangraph.importers.areas import AREAS, area_of
from oceangraph.importers.nvs import Vocabulary
from oceangraph.importers.quality import File, Quality
from oceangraph.importers.textual import Layout, TextTable, numbers

_FILE = r"^(?P<dac>[a-z]+)/(?P<wmo>\d{5,7})/profiles/(?P<data_mode>[RD])(?P=wmo)_(?P<cycle>\d{3,5})(?P<down>D?)\.nc$"
_OF_FLOAT = r"^(?P<dac>[a-z]+)/(?P<wmo>\d{5,7})/"
_STAMP = "%Y%m%d%H%M%S"
_LAYOUT = Layout(comment=lambda number, line: line.startswith("#"))


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


def floats(file: File, vocabulary: Vocabulary, quality: Quality) -> Iterator[pd.DataFrame]:
    """Rows of ``floats.csv`` from the metadata index."""
    table = TextTable(file, _LAYOUT, quality)
    seen: set[str] = set()
    for piece in table.pieces(("file", "profiler_type", "institution", "date_update")):
        parts = piece["file"].str.extract(_OF_FLOAT)
        unreadable = parts["wmo"].isna()
        quality.mark(file, piece, unreadable, rule="file-name", fields=["file"], action="row left out")
        again = ~unreadable & (parts["wmo"].isin(seen) | parts["wmo"].duplicated())
        quality.mark(file, piece, again, rule="float-twice", fields=["file"], action="row left out")
        rows = piece.join(parts)[~unreadable & ~again]
        seen.update(rows["wmo"])
        yield pd.DataFrame(
            {
                "wmo": rows["wmo"],
                "name": "Argo float " + rows["wmo"],
                "dac": rows["dac"],
                "date_update": times(file, rows, "date_update", _STAMP, quality),
                "profiler_type": _type_code(
                    known_code(file, rows, "profiler_type", vocabulary, "R08", quality)
                ),
                "institution": known_code(file, rows, "institution", vocabulary, "R04", quality),
                "programme": "argo",
                "dataset": "argo-index",
                "source_file": file.name,
                "line": rows["line"],
            }
        )


def profiles(
    file: File, in_files: ProfilesInFiles, vocabulary: Vocabulary, quality: Quality
) -> Iterator[tuple[pd.DataFrame, NDArray[np.int64]]]:
    """Rows of ``profiles.csv`` from the global index, and their keys.

    Where the profile's own file was read, the data mode is that file's, and what contradicts the index is told.
    """
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
    table = TextTable(file, _LAYOUT, quality)
    seen, seen_files = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
    for piece in table.pieces(columns):
        parts = piece["file"].str.extract(_FILE)
        unreadable = parts["wmo"].isna()
        quality.mark(file, piece, unreadable, rule="file-name", fields=["file"], action="row left out")
        rows = piece.join(parts)[~unreadable]
        rows["direction"] = rows["down"].replace("", "A")
        rows["key"] = _keys(rows)
        hashes = pd.util.hash_array(rows["file"].to_numpy(dtype=object))
        again = (rows["key"].isin(seen) | rows["key"].duplicated()).to_numpy()
        same = np.isin(hashes, seen_files) | pd.Series(hashes).duplicated().to_numpy()
        for rule, wrong in (("profile-twice", again & same), ("two-files-for-one-profile", again & ~same)):
            marked = pd.Series(wrong, index=rows.index)
            quality.mark(file, rows, marked, rule=rule, fields=["file"], action="row left out")
        rows = rows[~again]
        keys = rows["key"].to_numpy(dtype=np.int64)
        seen, seen_files = np.concatenate([seen, keys]), np.concatenate([seen_files, hashes[~again]])
        yield _profile_rows(file, rows, in_files, vocabulary, quality), keys


def _keys(rows: pd.DataFrame) -> pd.Series[int]:
    cycle = rows["cycle"].astype("int64")
    return rows["wmo"].astype("int64") * 1_000_000 + cycle * 2 + (rows["direction"] == "D")


def _profile_rows(
    file: File, rows: pd.DataFrame, in_files: ProfilesInFiles, vocabulary: Vocabulary, quality: Quality
) -> pd.DataFrame:
    lat, lon = positions(file, rows, quality)
    area = area_of(lat, lon)
    _compare_areas(file, rows, area, lat, quality)
    zero = rows["profiler_type"].str.startswith("0")
    quality.mark(file, rows, zero, rule="type-with-leading-zero", fields=["profiler_type"], action="kept")
    date = times(file, rows, "date", _STAMP, quality)
    mode = _compare_files(file, rows, in_files, date, lat, lon, quality)
    cycle = rows["cycle"].astype(int).astype(str)
    return pd.DataFrame(
        {
            "id": rows["wmo"] + "/" + cycle + "/" + rows["direction"],
            "name": "Float "
            + rows["wmo"]
            + " cycle "
            + cycle
            + rows["down"].map({"": "", "D": ", descending"}),
            "wmo": rows["wmo"],
            "cycle": cycle,
            "direction": rows["direction"],
            "data_mode": mode,
            "date": date,
            "latitude": rows["latitude"].where(lat.notna(), ""),
            "longitude": rows["longitude"].where(lat.notna(), ""),
            "ocean": rows["ocean"],
            "profiler_type": known_code(file, rows, "profiler_type", vocabulary, "R08", quality),
            "institution": known_code(file, rows, "institution", vocabulary, "R04", quality),
            "date_update": times(file, rows, "date_update", _STAMP, quality),
            "file": rows["file"],
            "sea_area": area,
            "dataset": "argo-index",
            "source_file": file.name,
            "line": rows["line"],
        }
    )


def _compare_areas(
    file: File, rows: pd.DataFrame, area: pd.Series[str], lat: pd.Series[float], quality: Quality
) -> None:
    ocean_of = {a.id: a.argo_ocean for a in AREAS}
    differs = (area != "") & (rows["ocean"] != "") & (area.map(ocean_of) != rows["ocean"])
    quality.mark(
        file, rows.assign(area=area), differs, rule="ocean-differs-from-area", fields=["ocean", "area"],
        action="kept, both",
    )  # fmt: skip
    nowhere = lat.notna() & (area == "")
    quality.mark(file, rows, nowhere, rule="in-no-area", fields=["latitude", "longitude"], action="no area")


def _compare_files(
    file: File,
    rows: pd.DataFrame,
    in_files: ProfilesInFiles,
    date: pd.Series[str],
    lat: pd.Series[float],
    lon: pd.Series[float],
    quality: Quality,
) -> pd.Series[str]:
    # Indexes round positions to 0.001 degrees and dates to a second.
    own = in_files.table().reindex(rows["key"]).set_axis(rows.index)
    read = own["latitude"].notna() | own["time"].notna() | own["data_mode"].notna()
    if not read.any():
        return rows["data_mode"]
    time = pd.to_datetime(own["time"], utc=True)
    apart = (pd.to_datetime(date, errors="coerce", utc=True) - time).abs() > pd.Timedelta(seconds=60)
    away = ((lat - own["latitude"].astype(float)).abs() > 0.0011) | (
        (lon - own["longitude"].astype(float)).abs() > 0.0011
    )
    shown = rows.assign(
        file_date=time.dt.strftime("%Y%m%d%H%M%S"),
        file_latitude=own["latitude"],
        file_longitude=own["longitude"],
    )
    quality.mark(
        file,
        shown,
        read & apart,
        rule="date-differs-from-file",
        fields=["date", "file_date"],
        action="kept: the index's",
    )
    fields = ["latitude", "longitude", "file_latitude", "file_longitude"]
    quality.mark(
        file, shown, read & away, rule="position-differs-from-file", fields=fields, action="kept: the index's"
    )
    mode = (
        own["data_mode"]
        .astype(object)
        .where(read & own["data_mode"].isin(["R", "A", "D"]), rows["data_mode"])
    )
    differs = (mode == "D") != (rows["data_mode"] == "D")
    quality.mark(
        file, rows.assign(file_mode=mode), differs, rule="mode-differs-from-file", fields=["data_mode", "file_mode"],
        action="the file's is taken",
    )  # fmt: skip
    return mode


def positions(
    file: File, rows: pd.DataFrame, quality: Quality, fields: tuple[str, str] = ("latitude", "longitude")
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Latitude and longitude as numbers. A position is a pair: where one half is missing or out of range, there is none."""
    lat, lon = numbers(rows[fields[0]]), numbers(rows[fields[1]])
    absent = (rows[fields[0]] == "") & (rows[fields[1]] == "")
    valid = lat.between(-90, 90) & lon.between(-180, 180)
    action = "value left out"
    quality.mark(file, rows, absent, rule="no-position", fields=list(fields), action=action)
    quality.mark(file, rows, ~valid & ~absent, rule="invalid-position", fields=list(fields), action=action)
    return lat.where(valid), lon.where(valid)


def times(
    file: File, rows: pd.DataFrame, field: str, form: str, quality: Quality, *, day: bool = False
) -> pd.Series[str]:
    """A column of upstream times as ISO 8601 text (UTC, or the day only); missing and impossible ones are told."""
    text = rows[field]
    time = pd.to_datetime(text, format=form, errors="coerce", utc=True)
    missing, impossible = text == "", (text != "") & time.isna()
    action = "value left out"
    if not day:
        rule = f"no-{field.replace('_', '-').lower()}"
        quality.mark(file, rows, missing, rule=rule, fields=[field], action=action)
    quality.mark(file, rows, impossible, rule="impossible-date", fields=[field], action=action)
    return time.dt.strftime("%Y-%m-%d" if day else "%Y-%m-%dT%H:%M:%SZ").fillna("")


def known_code(
    file: File, rows: pd.DataFrame, field: str, vocabulary: Vocabulary, table: str, quality: Quality
) -> pd.Series[str]:
    """A column of codes; one that its vocabulary does not know is told and left out."""
    codes = vocabulary.codes(table)
    plain = rows[field].str.lstrip("0") if table == "R08" else rows[field]
    unknown = (rows[field] != "") & ~plain.isin(codes)
    quality.mark(file, rows, unknown, rule=f"not-in-{table}", fields=[field], action="value left out")
    return rows[field].mask(unknown, "")


def _type_code(written: pd.Series[str]) -> pd.Series[str]:
    return written.str.lstrip("0")


def greylist(file: File, vocabulary: Vocabulary, quality: Quality) -> Iterator[pd.DataFrame]:
    """Rows of ``greylist.csv``."""
    columns = ("PLATFORM_CODE", "PARAMETER_NAME", "START_DATE", "END_DATE", "QUALITY_CODE", "COMMENT", "DAC")
    seen: set[str] = set()
    for piece in TextTable(file, _LAYOUT, quality).pieces(columns):
        rows = _sound_entries(file, piece, columns, vocabulary, quality)
        start = times(file, rows, "START_DATE", "%Y%m%d", quality, day=True)
        end = times(file, rows, "END_DATE", "%Y%m%d", quality, day=True)
        quality.mark(
            file, rows, start == "", rule="no-start-date", fields=["START_DATE"], action="row left out"
        )
        backwards = (end != "") & (end < start)
        quality.mark(
            file,
            rows,
            backwards,
            rule="ends-before-it-starts",
            fields=["START_DATE", "END_DATE"],
            action="kept",
        )
        about = rows["PLATFORM_CODE"] + "/" + rows["PARAMETER_NAME"]
        id_ = about + "/" + rows["START_DATE"] + "-" + rows["END_DATE"] + "/" + rows["QUALITY_CODE"]
        again = id_.isin(seen) | id_.duplicated()
        quality.mark(file, rows, again, rule="entry-twice", fields=list(columns[:3]), action="row left out")
        seen.update(id_)
        made = pd.DataFrame(
            {
                "id": id_,
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
                "flag": "Argo-RR2/" + rows["QUALITY_CODE"],
                "comment": rows["COMMENT"],
                "institution": known_code(file, rows, "DAC", vocabulary, "R04", quality),
                "dataset": "argo-greylist",
                "source_file": file.name,
                "line": rows["line"],
            }
        )
        yield made[~again & (start != "")]


def _sound_entries(
    file: File, piece: pd.DataFrame, columns: Sequence[str], vocabulary: Vocabulary, quality: Quality
) -> pd.DataFrame:
    tests = (
        ("wmo-number", "PLATFORM_CODE", ~piece["PLATFORM_CODE"].str.fullmatch(r"\d{5,7}")),
        ("not-in-R03", "PARAMETER_NAME", ~piece["PARAMETER_NAME"].isin(vocabulary.codes("R03"))),
        ("not-in-RR2", "QUALITY_CODE", ~piece["QUALITY_CODE"].isin(vocabulary.codes("RR2"))),
    )
    wrong = pd.Series(False, index=piece.index)
    for rule, field, test in tests:
        quality.mark(file, piece, test, rule=rule, fields=[field], action="row left out")
        wrong |= test
    return piece[~wrong]


def bio_parameters(file: File, vocabulary: Vocabulary, quality: Quality) -> pd.DataFrame:
    """Rows of ``float_parameters.csv``: a float and a parameter of its biogeochemical profiles, with the first line."""
    found: dict[tuple[str, str], int] = {}
    for piece in TextTable(file, _LAYOUT, quality).pieces(("file", "parameters")):
        wmo = piece["file"].str.extract(_OF_FLOAT)["wmo"]
        quality.mark(file, piece, wmo.isna(), rule="file-name", fields=["file"], action="row left out")
        for float_, parameters, line in zip(wmo, piece["parameters"], piece["line"], strict=True):
            if isinstance(float_, str):
                for parameter in parameters.split():
                    found.setdefault((float_, parameter), int(line))
    codes = vocabulary.codes("R03")
    rows = pd.DataFrame(
        [(*key, line) for key, line in sorted(found.items())],
        columns=pd.Index(["wmo", "parameter", "line"]),
        dtype=object,
    )
    unknown = ~rows["parameter"].isin(codes)
    quality.mark(file, rows, unknown, rule="not-in-R03", fields=["parameter"], action="relationship left out")
    return rows[~unknown]
