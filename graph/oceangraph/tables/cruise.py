"""The cruise's tables: stations, casts, bottles and revisions, from a WHP-Exchange bottle file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from kgshare.errors import Problem, SeedError
from oceangraph import whp
from oceangraph.tables.areas import area_of
from oceangraph.tables.argo import times
from oceangraph.tables.findings import Finding, mark
from oceangraph.tables.upstream import Upstream, exchange_bottles, exchange_comments, exchange_units

BOTTLES = "cchdo/p02_bottle.csv"
_KEYS = ("EXPOCODE", "SECT_ID", "STNNBR", "CASTNO", "SAMPNO", "BTLNBR", "BTLNBR_FLAG_W", "DATE", "TIME")
_PLACES = ("LATITUDE", "LONGITUDE", "DEPTH", "BTL_DATE", "BTL_TIME", "BTL_LAT", "BTL_LON")
_NO_VALUE_FLAGS = frozenset({"1", "5", "9"})  # not received, not reported, not sampled
_MINUTES = "%Y%m%d%H%M"


@dataclass(frozen=True, kw_only=True)
class CruiseTables:
    """The cruise's tables, and what was found wrong."""

    stations: pd.DataFrame
    casts: pd.DataFrame
    bottles: pd.DataFrame
    revisions: pd.DataFrame
    changes: pd.DataFrame
    findings: tuple[Finding, ...]


def read_cruise(upstream: Upstream) -> CruiseTables:
    """Derive the cruise's tables from the bottle file.

    Raises:
        SeedError: the file or a column is missing, it is cut off, or a column's unit is not the expected one.
    """
    findings: list[Finding] = []
    _check_units(exchange_units(upstream, BOTTLES))
    raw = pd.concat(exchange_bottles(upstream, BOTTLES, _columns()), ignore_index=True)
    raw["station_id"] = raw["EXPOCODE"] + "/" + raw["STNNBR"]
    raw["cast_id"] = raw["station_id"] + "/" + raw["CASTNO"]
    raw["id"] = raw["cast_id"] + "/" + raw["SAMPNO"]
    again = raw["id"].duplicated()
    findings += mark(
        raw,
        again,
        file=BOTTLES,
        rule="bottle-twice",
        fields=["STNNBR", "CASTNO", "SAMPNO"],
        action="row left out",
    )
    raw = raw[~again]
    revisions, changes = read_revisions(exchange_comments(upstream, BOTTLES), raw)
    return CruiseTables(
        stations=_stations(raw, findings),
        casts=_casts(raw, findings),
        bottles=_bottles(raw, findings),
        revisions=revisions,
        changes=changes,
        findings=tuple(findings),
    )


def _columns() -> tuple[str, ...]:
    measured = (name for c in whp.COLUMNS for name in ((c.whp, f"{c.whp}_FLAG_W") if c.scheme else (c.whp,)))
    return (*_KEYS, *_PLACES, *measured)


def _check_units(units: dict[str, str]) -> None:
    wrong = [
        Problem(message=f"{c.whp} is in {units[c.whp]!r}, expected {c.unit!r}", where=BOTTLES)
        for c in whp.COLUMNS
        if c.whp in units and units[c.whp] != c.unit
    ]
    if wrong:
        raise SeedError(*wrong)


def _stations(raw: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    first = raw.drop_duplicates("station_id").reset_index(drop=True)
    lat, lon = _place(first, "LATITUDE", "LONGITUDE", findings)
    area = area_of(lat, lon)
    return pd.DataFrame(
        {
            "id": first["station_id"],
            "name": _section(first) + " station " + first["STNNBR"],
            "station": first["STNNBR"],
            "order": range(1, len(first) + 1),
            "leg": first["SECT_ID"],
            "date": _time(first, "DATE", "TIME", findings),
            "latitude": first["LATITUDE"].where(lat.notna(), ""),
            "longitude": first["LONGITUDE"].where(lon.notna(), ""),
            "bottom_depth": present(first["DEPTH"]),
            "cruise": first["EXPOCODE"],
            "sea_area": area,
            "line": first["line"],
        }
    )


def _section(rows: pd.DataFrame) -> pd.Series[str]:
    # The column holds the leg: P02W and P02E are both P02.
    return rows["SECT_ID"].str.replace(r"(?<=\d)[EWNS]$", "", regex=True)


def _casts(raw: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    first = raw.drop_duplicates("cast_id").reset_index(drop=True)
    lat, lon = _place(first, "LATITUDE", "LONGITUDE", findings)
    return pd.DataFrame(
        {
            "id": first["cast_id"],
            "name": _section(first) + " station " + first["STNNBR"] + " cast " + first["CASTNO"],
            "cast": first["CASTNO"],
            "date": _time(first, "DATE", "TIME", findings),
            "latitude": first["LATITUDE"].where(lat.notna(), ""),
            "longitude": first["LONGITUDE"].where(lon.notna(), ""),
            "station": first["station_id"],
        }
    )


def _bottles(raw: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    lat, lon = _place(raw, "BTL_LAT", "BTL_LON", findings)
    table = {
        "id": raw["id"],
        "name": _section(raw) + " station " + raw["STNNBR"] + " sample " + raw["SAMPNO"],
        "expocode": raw["EXPOCODE"],
        "station": raw["STNNBR"],
        "cast": raw["CASTNO"],
        "sampno": raw["SAMPNO"],
        "btlnbr": raw["BTLNBR"],
        "btlnbr_qc": raw["BTLNBR_FLAG_W"],
        "date": _time(raw, "BTL_DATE", "BTL_TIME", findings),
        "latitude": raw["BTL_LAT"].where(lat.notna(), ""),
        "longitude": raw["BTL_LON"].where(lon.notna(), ""),
    }
    for column in whp.COLUMNS:
        value = present(raw[column.whp])
        unreadable = (value != "") & pd.to_numeric(value, errors="coerce").isna()
        findings += mark(
            raw,
            unreadable,
            file=BOTTLES,
            rule="unreadable-number",
            fields=[column.whp],
            action="value left out",
        )
        table[column.name] = value.mask(unreadable, "")
        if column.scheme:
            flag = raw[f"{column.whp}_FLAG_W"]
            table[f"{column.name}_qc"] = flag
            findings += _flag_findings(raw, column.whp, value != "", flag)
    return pd.DataFrame({**table, "line": raw["line"]})


def _flag_findings(
    raw: pd.DataFrame, name: str, has_value: pd.Series[bool], flag: pd.Series[str]
) -> list[Finding]:
    without = flag.isin(_NO_VALUE_FLAGS)
    fields = [name, f"{name}_FLAG_W"]
    return [
        *mark(
            raw,
            has_value & without,
            file=BOTTLES,
            rule="value-though-flag-says-none",
            fields=fields,
            action="kept",
        ),
        *mark(
            raw,
            ~has_value & ~without,
            file=BOTTLES,
            rule="no-value-though-flag-says-one",
            fields=fields,
            action="kept",
        ),
        *mark(
            raw,
            ~flag.str.fullmatch("[1-9]"),
            file=BOTTLES,
            rule="no-such-flag",
            fields=fields[1:],
            action="kept",
        ),
    ]


def present(value: pd.Series[str]) -> pd.Series[str]:
    """Values with -999, -999.0, … made empty: that is how an Exchange file writes that there is none."""
    return value.mask(value.str.fullmatch(rf"{whp.MISSING}(\.0*)?"), "")


def _place(
    rows: pd.DataFrame, latitude: str, longitude: str, findings: list[Finding]
) -> tuple[pd.Series[float], pd.Series[float]]:
    lat = pd.to_numeric(rows[latitude], errors="coerce")
    lon = pd.to_numeric(rows[longitude], errors="coerce")
    valid = lat.between(-90, 90) & lon.between(-180, 180)
    findings += mark(
        rows,
        ~valid,
        file=BOTTLES,
        rule="invalid-position",
        fields=[latitude, longitude],
        action="value left out",
    )
    return lat.where(valid), lon.where(valid)


def _time(rows: pd.DataFrame, day: str, minute: str, findings: list[Finding]) -> pd.Series[str]:
    joined = rows.assign(date=present(rows[day]) + present(rows[minute]).where(present(rows[day]) != "", ""))
    return times(joined, "date", _MINUTES, file=BOTTLES, findings=findings)


_STAMP = re.compile(r"^[#\s]*(?:BOTTLE,)?\s*(?P<day>(?:19|20)\d{6})(?P<by>[A-Z]+)\s*$")
_CHANGE = re.compile(
    r"Changed (?P<whp>\S+) flags (?P<bottles>.+?) from flag (?P<before>\d) to (?P<after>\d)", re.IGNORECASE
)
_SAMPLE = re.compile(r"stn(?P<station>\w+?)-sampno(?P<sample>\w+)")


def read_revisions(comments: Sequence[str], raw: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Revisions that the file's comments record, and the flags that they say they changed.

    A revision begins with a stamp (day and initials, ``20140724SIOCCHRJL``); what follows up to the next stamp, or to
    the list of the cruise's facts, is what was done. Stamps that come twice are one revision.
    """
    expocode = str(raw["EXPOCODE"].iloc[0]) if len(raw) else ""
    texts: dict[tuple[str, str], list[str]] = {}
    for key, text in _stamped(comments):
        texts.setdefault(key, [])
        if text:
            texts[key].append(text)
    revisions, changes = [], []
    for (day, by), lines in sorted(texts.items()):
        id_ = f"{expocode}/{day}{by}"
        revisions.append(
            {
                "id": id_,
                "name": f"Revision {day} by {by}",
                "date": f"{day[:4]}-{day[4:6]}-{day[6:]}",
                "by": by,
                "description": "; ".join(lines),
            }
        )
        changes += [{"revision": id_, **c} for line in lines for c in _changes(line, raw)]
    return (
        pd.DataFrame(revisions, columns=pd.Index(["id", "name", "date", "by", "description"]), dtype=object),
        pd.DataFrame(
            changes, columns=pd.Index(["revision", "bottle", "property", "before", "after"]), dtype=object
        ),
    )


def _stamped(comments: Sequence[str]) -> Iterator[tuple[tuple[str, str], str]]:
    key: tuple[str, str] | None = None
    for line in comments:
        if re.match(r"^#\s*(SHIP|Data source|DATA CITATION)", line) or line.startswith("#|"):
            return
        stamp = _STAMP.match(line)
        if stamp:
            key = (stamp["day"], stamp["by"])
        if key:
            yield key, "" if stamp else line.lstrip("# ").strip()


def _changes(text: str, raw: pd.DataFrame) -> Iterator[dict[str, str]]:
    names = {c.whp: c.name for c in whp.COLUMNS}
    for change in _CHANGE.finditer(text):
        for sample in _SAMPLE.finditer(change["bottles"]):
            same = (raw["STNNBR"] == sample["station"]) & (raw["SAMPNO"] == sample["sample"])
            for bottle in raw.loc[same, "id"]:
                yield {
                    "bottle": str(bottle),
                    "property": f"{names[change['whp']]}_qc",
                    "before": change["before"],
                    "after": change["after"],
                }
