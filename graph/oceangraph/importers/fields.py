"""Columns of upstream rows as tables have them: positions, times, codes; what is wrong with them is told."""

from __future__ import annotations

import pandas as pd

from oceangraph.importers.nvs import Vocabulary
from oceangraph.importers.quality import File, Quality
from oceangraph.importers.textual import numbers


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
