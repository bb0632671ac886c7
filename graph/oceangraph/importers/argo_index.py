"""Argo's global profile index, read in pieces and compared with the profiles' own files where these were read.

Format: Argo user's manual, doi:10.13155/29825. Memory does not grow with the rows but for one number for each profile, by
which a second one is told.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oceangraph.importers.areas import AREAS, area_of
from oceangraph.importers.argo_compared import ProfilesInFiles
from oceangraph.importers.argo_lists import INDEX, STAMP
from oceangraph.importers.fields import known_code, positions, times
from oceangraph.importers.nvs import Vocabulary
from oceangraph.importers.quality import File, Quality
from oceangraph.importers.textual import TextTable

_FILE = r"^(?P<dac>[a-z]+)/(?P<wmo>\d{5,7})/profiles/(?P<data_mode>[RD])(?P=wmo)_(?P<cycle>\d{3,5})(?P<down>D?)\.nc$"


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
    table = TextTable(file, INDEX, quality)
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
    date = times(file, rows, "date", STAMP, quality)
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
            "date_update": times(file, rows, "date_update", STAMP, quality),
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
