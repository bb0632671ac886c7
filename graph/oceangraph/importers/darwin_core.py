"""Darwin Core event and occurrence tables: samplings, what was found in them, and the taxa.

Format: Darwin Core, https://dwc.tdwg.org/terms/. Memory does not grow with the rows but for the ids of samplings.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from oceangraph.importers.areas import area_of
from oceangraph.importers.fields import positions
from oceangraph.importers.quality import File, Quality
from oceangraph.importers.sink import Sink
from oceangraph.importers.textual import Layout, TextTable, numbers
from oceangraph.units import SPELLINGS

DATASET = "wbts-calanus"
_NO_VALUE = frozenset({"", "NA"})
_RANKS = ("kingdom", "phylum", "class", "order", "family", "genus")
_DEPTHS = (
    ("minimum_depth", "minimumDepthInMeters"),
    ("maximum_depth", "maximumDepthInMeters"),
    ("bottom_depth", "STATION_DEPTH"),
)
_DIGITS = re.compile(r"\d{4,}")


def files(folder: Path) -> tuple[list[File], list[File]]:
    """The event tables and the occurrence tables of a folder: ``*event.csv`` and ``*occurrence.csv``."""
    events, occurrences = (
        [File(name=f"dwc/{p.relative_to(folder)}", path=p) for p in sorted(folder.rglob(pattern))]
        for pattern in ("*event.csv", "*occurrence.csv")
    )
    return events, occurrences


def read_events(file: File, seen: set[str], sink: Sink, quality: Quality) -> None:
    """Write the samplings of an event table.

    Raises:
        UnreadableFile: a column that every event table has is missing.
    """
    table = TextTable(file, Layout(), quality)
    wanted = ("eventID", "eventDate", "decimalLatitude", "decimalLongitude")
    optional = (*(d for _, d in _DEPTHS), "samplingProtocol")
    for piece in table.pieces(wanted, optional=optional):
        rows = _once(file, piece, "eventID", seen, quality)
        lat, lon = positions(file, rows, quality, ("decimalLatitude", "decimalLongitude"))
        date = _dates(file, rows, quality)
        _compare_dates(file, rows, date, quality)
        made = {
            "id": rows["eventID"],
            "name": "Sampling " + rows["eventID"],
            "date": date,
            "latitude": rows["decimalLatitude"].where(lat.notna(), ""),
            "longitude": rows["decimalLongitude"].where(lon.notna(), ""),
            **{name: _depth(file, rows, column, quality) for name, column in _DEPTHS},
            "protocol": rows.get("samplingProtocol", ""),
            "sea_area": area_of(lat, lon),
            "dataset": DATASET,
            "source_file": file.name,
            "line": rows["line"],
        }
        sink.write("sampling_events.csv", pd.DataFrame(made, index=rows.index))


def _once(file: File, piece: pd.DataFrame, field: str, seen: set[str], quality: Quality) -> pd.DataFrame:
    empty = piece[field] == ""
    quality.mark(file, piece, empty, rule="no-identifier", fields=[field], action="row left out")
    again = ~empty & (piece[field].isin(seen) | piece[field].duplicated())
    quality.mark(file, piece, again, rule=f"{field}-twice", fields=[field], action="row left out")
    rows = piece[~empty & ~again]
    seen.update(rows[field])
    return rows


def _dates(file: File, rows: pd.DataFrame, quality: Quality) -> pd.Series[str]:
    text = rows["eventDate"]
    time = pd.to_datetime(
        text.where(text.str.match(r"\d{4}-\d\d-\d\d")), format="ISO8601", errors="coerce", utc=True
    )
    missing = text.isin(_NO_VALUE)
    action = "value left out"
    quality.mark(file, rows, missing, rule="no-date", fields=["eventDate"], action=action)
    quality.mark(
        file, rows, ~missing & time.isna(), rule="impossible-date", fields=["eventDate"], action=action
    )
    return time.dt.strftime("%Y-%m-%dT%H:%M:%SZ").fillna("")


def _compare_dates(file: File, rows: pd.DataFrame, date: pd.Series[str], quality: Quality) -> None:
    # Identifiers of samplings often hold their day, written the American way: GC082007WBWB-72 is of 20 August 2007.
    said = rows["eventID"].map(day_in)
    year_only = said.str.len() == 4
    differs = (said != "") & (date != "") & (said != date.str[:10].where(~year_only, date.str[:4]))
    shown = rows.assign(said=said)
    fields = ["eventID", "eventDate", "said"]
    year = differs & (said.str[:4] != date.str[:4])
    action = "kept: eventDate"
    quality.mark(file, shown, year, rule="year-contradicts-identifier", fields=fields, action=action)
    quality.mark(
        file, shown, differs & ~year, rule="day-contradicts-identifier", fields=fields, action=action
    )


def day_in(identifier: str) -> str:
    """The day (ISO 8601) or year that an identifier holds as MMDDYY, MMDDYYYY or YYYY; empty where it holds none."""
    digits = _DIGITS.search(identifier)
    if not digits:
        return ""
    text = digits[0]
    if len(text) == 4:
        return text if "1900" <= text <= "2100" else ""
    text = text[-8:] if len(text) >= 8 else text
    form = {6: "%m%d%y", 8: "%m%d%Y"}.get(len(text))
    day = pd.to_datetime(text, format=form, errors="coerce") if form else pd.NaT
    return "" if pd.isna(day) else day.strftime("%Y-%m-%d")


def _depth(file: File, rows: pd.DataFrame, column: str, quality: Quality) -> pd.Series[str]:
    if column not in rows:
        return pd.Series("", index=rows.index)
    text = rows[column].mask(rows[column].isin(_NO_VALUE), "")
    number = numbers(text)
    wrong = (text != "") & ~number.between(0, 12000)
    quality.mark(file, rows, wrong, rule="impossible-depth", fields=[column], action="value left out")
    return text.mask(wrong, "")


def read_occurrences(
    file: File,
    events: set[str],
    seen: set[str],
    taxa: dict[str, dict[str, str]],
    sink: Sink,
    quality: Quality,
) -> None:
    """Write the occurrences of a table, and note their taxa.

    Raises:
        UnreadableFile: a column that every occurrence table has is missing.
    """
    table = TextTable(file, Layout(), quality)
    wanted = ("occurrenceID", "eventID", "scientificName", "scientificNameID", "occurrenceStatus")
    optional = (
        "organismQuantity", "organismQuantityType", "lifeStage", "sex", "occurrenceRemarks", "acceptedname", "acceptedID",
        "scientificNameAuthorship", "taxonRank", *_RANKS,
    )  # fmt: skip
    for piece in table.pieces(wanted, optional=optional):
        piece = piece.reindex(
            columns=[*piece.columns, *(c for c in optional if c not in piece)], fill_value=""
        )
        rows = _once(file, piece, "occurrenceID", seen, quality)
        lost = ~rows["eventID"].isin(events)
        quality.mark(file, rows, lost, rule="no-such-event", fields=["eventID"], action="row left out")
        nameless = rows["scientificNameID"] == ""
        quality.mark(file, rows, nameless, rule="no-taxon", fields=["scientificName"], action="row left out")
        rows = rows[~lost & ~nameless]
        _note_taxa(file, rows, taxa)
        sink.write("occurrences.csv", _occurrences(file, rows, quality))


def _occurrences(file: File, rows: pd.DataFrame, quality: Quality) -> pd.DataFrame:
    kind = rows["organismQuantityType"]
    mismatch = (rows["organismQuantity"] != "") & (kind.map(SPELLINGS.get) != "m-2")
    fields = ["organismQuantity", "organismQuantityType"]
    quality.mark(file, rows, mismatch, rule="unit-mismatch", fields=fields, action="value left out")
    number = numbers(rows["organismQuantity"])
    wrong = (rows["organismQuantity"] != "") & ~(number >= 0)
    quality.mark(file, rows, wrong, rule="unreadable-number", fields=fields[:1], action="value left out")
    stage = rows["lifeStage"].mask(rows["lifeStage"].isin(_NO_VALUE), "")
    return pd.DataFrame(
        {
            "id": rows["occurrenceID"],
            "name": rows["scientificName"] + (" " + stage).where(stage != "", "") + " in " + rows["eventID"],
            "quantity": rows["organismQuantity"].mask(mismatch | wrong, ""),
            "status": rows["occurrenceStatus"],
            "life_stage": stage,
            "sex": rows["sex"].mask(rows["sex"].isin(_NO_VALUE), ""),
            "remarks": rows["occurrenceRemarks"],
            "taxon": rows["scientificNameID"],
            "sampling_event": rows["eventID"],
            "dataset": DATASET,
            "source_file": file.name,
            "line": rows["line"],
        }
    )


def _note_taxa(file: File, rows: pd.DataFrame, taxa: dict[str, dict[str, str]]) -> None:
    for row in rows.drop_duplicates("scientificNameID").to_dict("records"):
        taxa.setdefault(
            row["scientificNameID"],
            {
                "id": row["scientificNameID"],
                "name": row["scientificName"],
                "scientific_name": row["scientificName"],
                "authorship": row["scientificNameAuthorship"],
                "rank": row["taxonRank"],
                "accepted_name": row["acceptedname"],
                "aphia_id": row["acceptedID"],
                **{rank: row[rank] for rank in _RANKS},
                "dataset": DATASET,
                "source_file": file.name,
                "line": row["line"],
            },
        )
