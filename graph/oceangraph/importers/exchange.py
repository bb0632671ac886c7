"""WHP-Exchange bottle files: stations, casts, bottles, and the revisions that the comments record; read in pieces.

After the comments stand a header line, a line of units, the data, and ``END_DATA``. Format: WHP-Exchange description,
https://exchange-format.readthedocs.io. Memory does not grow with the bottles but for their ids, by which a second one is told.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from oceangraph import whp
from oceangraph.importers.areas import area_of
from oceangraph.importers.cruises import Cruises
from oceangraph.importers.fields import positions, times
from oceangraph.importers.quality import File, Finding, Quality, UnreadableFile
from oceangraph.importers.revisions import read_revisions
from oceangraph.importers.sink import Sink
from oceangraph.importers.textual import Layout, TextTable, numbers
from oceangraph.importers.undo import Undo, write_revisions
from oceangraph.units import SPELLINGS

_KEYS = ("EXPOCODE", "SECT_ID", "STNNBR", "CASTNO", "SAMPNO", "BTLNBR", "BTLNBR_FLAG_W", "DATE", "TIME")
_PLACES = ("LATITUDE", "LONGITUDE", "DEPTH")
_CLOSING = ("BTL_DATE", "BTL_TIME", "BTL_LAT", "BTL_LON")
_NO_VALUE_FLAGS = frozenset({"1", "5", "9"})  # not received, not reported, not sampled
_MINUTES = "%Y%m%d%H%M"
_LAYOUT = Layout(comment=lambda number, line: number == 0 or line.startswith("#"), units=True, end="END_DATA")
_MEANINGS = {s.id: {str(v) for v, _ in s.meanings} for s in whp.SCHEMES}


def read_bottles(file: File, cruises: Cruises, sink: Sink, quality: Quality) -> None:
    """Write the file's stations, casts, bottles, revisions and the flags that these changed.

    Flags that a recorded revision changed, and which the file has as they are after it, are written as they were before.

    Raises:
        UnreadableFile: it is no Exchange bottle file, or a column that every one has is missing.
    """
    table = TextTable(file, _LAYOUT, quality)
    if not table.comments or not table.comments[0].startswith("BOTTLE"):
        raise UnreadableFile("the first line does not begin with BOTTLE")
    columns, others = _columns(table, file, quality)
    revisions = read_revisions(table.comments)
    undo = Undo(file, revisions, quality)
    seen: set[str] = set()
    for piece in table.pieces((*_KEYS, *_PLACES), optional=others):
        raw = piece.reindex(columns=[*piece.columns, *(c for c in _CLOSING if c not in piece)], fill_value="")
        raw["station_id"] = raw["EXPOCODE"] + "/" + raw["STNNBR"]
        raw["cast_id"] = raw["station_id"] + "/" + raw["CASTNO"]
        raw["id"] = raw["cast_id"] + "/" + raw["SAMPNO"]
        incomplete = (raw[["EXPOCODE", "STNNBR", "CASTNO", "SAMPNO"]] == "").any(axis=1)
        incomplete |= ~raw["CASTNO"].str.fullmatch(r"\d+")
        keys = ["EXPOCODE", "STNNBR", "CASTNO", "SAMPNO"]
        quality.mark(file, raw, incomplete, rule="no-bottle-key", fields=keys, action="row left out")
        again = ~incomplete & (raw["id"].isin(seen) | raw["id"].duplicated())
        quality.mark(file, raw, again, rule="bottle-twice", fields=keys[1:], action="row left out")
        raw = raw[~again & ~incomplete].reset_index(drop=True)
        seen.update(raw["id"])
        cruises.meet(raw, file)
        sink.write("revision_changes.csv", undo.apply(raw))
        write_stations(raw, file, cruises, sink, quality)
        sink.write("bottles.csv", _bottles(raw, columns, file, quality))
    undo.unmatched()
    for expocode in cruises.met:
        if cruises.met[expocode]["file"] == file.name:
            cruises.measured[expocode] = {c.whp for c in columns}
            write_revisions(revisions, expocode, "", file, cruises, sink)


def _columns(table: TextTable, file: File, quality: Quality) -> tuple[tuple[whp.Column, ...], list[str]]:
    # Columns in another unit than the graph's are left out whole; so are those that the graph has no property for.
    known: list[whp.Column] = []
    for column in whp.COLUMNS:
        if column.whp not in table.header:
            _tell_column(file, table, quality, "no-such-column", column.whp, "property left out")
        elif SPELLINGS.get(table.units[column.whp]) != SPELLINGS[column.unit]:
            where = f"{column.whp} [{table.units[column.whp]}]"
            _tell_column(file, table, quality, "unit-mismatch", where, "column left out")
        else:
            known.append(column)
    flags = [f"{c.whp}_FLAG_W" for c in known if c.scheme]
    taken = {*_KEYS, *_PLACES, *_CLOSING, *(c.whp for c in known), *flags}
    for name in table.header:
        if name not in taken and not name.endswith("_FLAG_W") and name not in {c.whp for c in whp.COLUMNS}:
            _tell_column(file, table, quality, "column-not-taken", name, "column left out")
    return tuple(known), [*_CLOSING, *(c.whp for c in known), *flags]


def _tell_column(file: File, table: TextTable, quality: Quality, rule: str, field: str, action: str) -> None:
    quality.add(Finding(file=file.name, row=table.header_line, rule=rule, field=field, action=action))


def write_stations(raw: pd.DataFrame, file: File, cruises: Cruises, sink: Sink, quality: Quality) -> None:
    """Write the stations and casts of rows that were not met before."""
    for table, new in (
        ("stations.csv", raw[~raw["station_id"].isin(cruises.stations)].drop_duplicates("station_id")),
        ("casts.csv", raw[~raw["cast_id"].isin(cruises.casts)].drop_duplicates("cast_id")),
    ):
        new = new.reset_index(drop=True)
        lat, lon = positions(file, new, quality, ("LATITUDE", "LONGITUDE"))
        place = {
            "date": _time(file, new, "DATE", "TIME", quality),
            "latitude": new["LATITUDE"].where(lat.notna(), ""),
            "longitude": new["LONGITUDE"].where(lon.notna(), ""),
        }
        name = _section(new) + " station " + new["STNNBR"]
        if table == "stations.csv":
            first = len(cruises.stations) + 1
            cruises.stations.update({s: i for i, s in enumerate(new["station_id"], first)})
            own = {
                "id": new["station_id"], "name": name, "station": new["STNNBR"], "order": range(first, first + len(new)),
                "leg": new["SECT_ID"], **place, "bottom_depth": _number(file, new, "DEPTH", quality),
                "cruise": new["EXPOCODE"], "sea_area": area_of(lat, lon),
            }  # fmt: skip
        else:
            cruises.casts.update(new["cast_id"])
            own = {
                "id": new["cast_id"], "name": name + " cast " + new["CASTNO"], "cast": new["CASTNO"], **place,
                "station": new["station_id"],
            }  # fmt: skip
        sink.write(table, pd.DataFrame({**own, "source_file": file.name, "line": new["line"]}))


def _section(rows: pd.DataFrame) -> pd.Series[str]:
    # The column holds the leg: P02W and P02E are both P02.
    return rows["SECT_ID"].str.replace(r"(?<=\d)[EWNS]$", "", regex=True)


def _bottles(raw: pd.DataFrame, columns: Sequence[whp.Column], file: File, quality: Quality) -> pd.DataFrame:
    has_closing = (raw["BTL_LAT"] != "") | (raw["BTL_LON"] != "")
    lat, lon = positions(file, raw[has_closing], quality, ("BTL_LAT", "BTL_LON"))
    closed = (present(raw["BTL_DATE"]) != "").any()
    table: dict[str, object] = {
        "id": raw["id"],
        "name": _section(raw) + " station " + raw["STNNBR"] + " sample " + raw["SAMPNO"],
        "expocode": raw["EXPOCODE"],
        "station": raw["STNNBR"],
        "cast": raw["CASTNO"],
        "sampno": raw["SAMPNO"],
        "btlnbr": raw["BTLNBR"],
        "btlnbr_qc": _flag(file, raw, "BTLNBR_FLAG_W", "WOCE-btlnbr", quality),
        "date": _time(file, raw, "BTL_DATE", "BTL_TIME", quality) if closed else "",
        "latitude": raw["BTL_LAT"].where(lat.reindex(raw.index).notna(), ""),
        "longitude": raw["BTL_LON"].where(lon.reindex(raw.index).notna(), ""),
    }
    for column in whp.COLUMNS:
        taken = column in columns
        value = _number(file, raw, column.whp, quality) if taken else pd.Series("", index=raw.index)
        table[column.name] = value
        if column.scheme:
            name = f"{column.whp}_FLAG_W"
            flag = pd.Series("", index=raw.index)
            if taken and name in raw:
                flag = _flag(file, raw, name, column.scheme, quality)
                _contradictions(file, raw, column.whp, value != "", flag, quality)
            table[f"{column.name}_qc"] = flag
    table |= {"cast_id": raw["cast_id"], "source_file": file.name, "line": raw["line"]}
    return pd.DataFrame(table, index=raw.index)


def _number(file: File, raw: pd.DataFrame, name: str, quality: Quality) -> pd.Series[str]:
    value = present(raw[name])
    number = numbers(value)
    unreadable = (value != "") & (number.isna() | (number.abs() == float("inf")))
    quality.mark(file, raw, unreadable, rule="unreadable-number", fields=[name], action="value left out")
    return value.mask(unreadable, "")


def _flag(file: File, raw: pd.DataFrame, name: str, scheme: str, quality: Quality) -> pd.Series[str]:
    flag = raw[name]
    unknown = (flag != "") & ~flag.isin(_MEANINGS[scheme])
    quality.mark(file, raw, unknown, rule="no-such-flag", fields=[name], action="flag left out")
    return flag.mask(unknown, "")


def _contradictions(
    file: File,
    raw: pd.DataFrame,
    name: str,
    has_value: pd.Series[bool],
    flag: pd.Series[str],
    quality: Quality,
) -> None:
    without = flag.isin(_NO_VALUE_FLAGS)
    fields = [name, f"{name}_FLAG_W"]
    quality.mark(
        file, raw, has_value & without, rule="value-though-flag-says-none", fields=fields, action="kept"
    )
    quality.mark(
        file,
        raw,
        ~has_value & ~without & (flag != ""),
        rule="no-value-though-flag-says-one",
        fields=fields,
        action="kept",
    )


def present(value: pd.Series[str]) -> pd.Series[str]:
    """Values with -999, -999.0, … made empty: that is how an Exchange file writes that there is none."""
    return value.mask(value.str.fullmatch(rf"{whp.MISSING}(\.0*)?"), "")


def _time(file: File, rows: pd.DataFrame, day: str, minute: str, quality: Quality) -> pd.Series[str]:
    date = present(rows[day])
    joined = rows.assign(date=date + present(rows[minute]).str.zfill(4).where(date != "", ""))
    return times(file, joined, "date", _MINUTES, quality)
