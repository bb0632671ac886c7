"""Argo's other index files: floats, parameters of biogeochemical profiles, the greylist.

Format: Argo user's manual, doi:10.13155/29825.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from oceangraph.importers.fields import known_code, times
from oceangraph.importers.nvs import Vocabulary
from oceangraph.importers.quality import File, Quality
from oceangraph.importers.textual import Layout, TextTable

INDEX = Layout(comment=lambda number, line: line.startswith("#"))
STAMP = "%Y%m%d%H%M%S"
_OF_FLOAT = r"^(?P<dac>[a-z]+)/(?P<wmo>\d{5,7})/"


def floats(file: File, vocabulary: Vocabulary, quality: Quality) -> Iterator[pd.DataFrame]:
    """Rows of ``floats.csv`` from the metadata index."""
    table = TextTable(file, INDEX, quality)
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
                "date_update": times(file, rows, "date_update", STAMP, quality),
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


def _type_code(written: pd.Series[str]) -> pd.Series[str]:
    return written.str.lstrip("0")


def greylist(file: File, vocabulary: Vocabulary, quality: Quality) -> Iterator[pd.DataFrame]:
    """Rows of ``greylist.csv``."""
    columns = ("PLATFORM_CODE", "PARAMETER_NAME", "START_DATE", "END_DATE", "QUALITY_CODE", "COMMENT", "DAC")
    seen: set[str] = set()
    for piece in TextTable(file, INDEX, quality).pieces(columns):
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
    for piece in TextTable(file, INDEX, quality).pieces(("file", "parameters")):
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
