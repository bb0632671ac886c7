"""WHP-Exchange CTD files: one file a cast; its levels, its cast and station, and its recorded revisions.

After the comments stand ``NUMBER_HEADERS = n`` and n − 1 lines ``NAME = value``, a header line, a line of units, the data and
``END_DATA``. Format: WHP-Exchange description, https://exchange-format.readthedocs.io.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from oceangraph import whp
from oceangraph.importers.cruises import Cruises
from oceangraph.importers.exchange import present, write_stations
from oceangraph.importers.quality import File, Finding, Quality, UnreadableFile
from oceangraph.importers.revisions import read_revisions
from oceangraph.importers.sink import Sink
from oceangraph.importers.textual import Layout, TextTable, numbers
from oceangraph.importers.undo import write_revisions
from oceangraph.units import SPELLINGS

_ASSIGNMENT = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]*)\s*=\s*(?P<value>.*)$")
_LAYOUT = Layout(
    comment=lambda number, line: number == 0 or line.startswith("#") or bool(_ASSIGNMENT.match(line)),
    units=True,
    end="END_DATA",
)
_KEYS = ("EXPOCODE", "STNNBR", "CASTNO", "DATE", "LATITUDE", "LONGITUDE")
_MEANINGS = {s.id: {str(v) for v, _ in s.meanings} for s in whp.SCHEMES}
LEVEL_COLUMNS = (
    "cast",
    "n",
    *(n for c in whp.CTD_COLUMNS for n in (c.name, f"{c.name}_qc")),
    "source_file",
    "line",
)


def read_ctd(file: File, cruises: Cruises, sink: Sink, quality: Quality) -> None:
    """Write the levels of the file; its station and cast where they were not met before; its revisions.

    Raises:
        UnreadableFile: it is no Exchange CTD file, or does not say of which cruise, station and cast.
    """
    table = TextTable(file, _LAYOUT, quality)
    if not table.comments or not table.comments[0].startswith("CTD"):
        raise UnreadableFile("the first line does not begin with CTD")
    head = {m["name"]: m["value"].strip() for line in table.comments if (m := _ASSIGNMENT.match(line))}
    absent = [name for name in _KEYS if not head.get(name)]
    if absent:
        raise UnreadableFile(f"the header has no {', '.join(absent)}")
    cast = _cast(head, table.header_line)
    known = cast["cast_id"].iloc[0] in cruises.ctd_casts
    if known:
        quality.add(
            Finding(file=file.name, row=0, rule="two-files-for-one-cast", value=str(cast["cast_id"].iloc[0]),
                    action="file left out")
        )  # fmt: skip
        return
    cruises.ctd_casts.add(str(cast["cast_id"].iloc[0]))
    cruises.meet(cast, file)
    write_stations(cast, file, cruises, sink, quality)
    columns = [c for c in whp.CTD_COLUMNS if _same_unit(c, table, file, quality)]
    n = 0
    names = [name for c in columns for name in (c.whp, f"{c.whp}_FLAG_W")]
    for piece in table.pieces((), optional=names):
        sink.write("ctd_levels.csv", _levels(piece, columns, cast, n, file, quality))
        n += len(piece)
    history = read_revisions([line for line in table.comments if not _ASSIGNMENT.match(line)])
    write_revisions(history, head["EXPOCODE"], "ctd", file, cruises, sink)


def _cast(head: Mapping[str, str], line: int) -> pd.DataFrame:
    station = f"{head['EXPOCODE']}/{head['STNNBR']}"
    row = {
        **{name: head[name] for name in _KEYS},
        "SECT_ID": head.get("SECT_ID", head.get("SECT", "")),
        "TIME": head.get("TIME", ""),
        "DEPTH": head.get("DEPTH", ""),
        "station_id": station,
        "cast_id": f"{station}/{head['CASTNO']}",
        "line": line,
    }
    return pd.DataFrame([row], dtype=object)


def _same_unit(column: whp.Column, table: TextTable, file: File, quality: Quality) -> bool:
    if column.whp not in table.header:
        return False
    unit = table.units[column.whp]
    if SPELLINGS.get(unit) == SPELLINGS[column.unit]:
        return True
    quality.add(
        Finding(file=file.name, row=table.header_line, rule="unit-mismatch", field=f"{column.whp} [{unit}]",
                action="column left out")
    )  # fmt: skip
    return False


def _levels(
    piece: pd.DataFrame,
    columns: list[whp.Column],
    cast: pd.DataFrame,
    before: int,
    file: File,
    quality: Quality,
) -> pd.DataFrame:
    made: dict[str, object] = {
        "cast": cast["cast_id"].iloc[0],
        "n": range(before + 1, before + 1 + len(piece)),
    }
    empty = pd.Series("", index=piece.index)
    for column in whp.CTD_COLUMNS:
        value, flag = empty, empty
        if column in columns:
            value = present(piece[column.whp])
            number = numbers(value)
            wrong = (value != "") & (number.isna() | (number.abs() == float("inf")))
            quality.mark(
                file, piece, wrong, rule="unreadable-number", fields=[column.whp], action="value left out"
            )
            value = value.mask(wrong, "")
            name = f"{column.whp}_FLAG_W"
            if name in piece:
                unknown = (piece[name] != "") & ~piece[name].isin(_MEANINGS[column.scheme])
                quality.mark(file, piece, unknown, rule="no-such-flag", fields=[name], action="flag left out")
                flag = piece[name].mask(unknown, "")
        made[column.name], made[f"{column.name}_qc"] = value, flag
    return pd.DataFrame({**made, "source_file": file.name, "line": piece["line"]}, index=piece.index)
