"""Reader of upstream tables in text: pieces of stripped text columns with the line each row stands in.

Comment lines, the header and, where the format has one, the line of units are read first. Rows with too few or too many
cells (a shifted column, a cut-off end) and rows that are not UTF-8 are told and left out; the rest is read on.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pandas as pd

from oceangraph.importers.quality import File, Finding, Quality, UnreadableFile

PIECE_ROWS = 20_000


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a format puts around its rows.

    Attributes:
        comment: is this line (by number, from 0) one of the lines before the header.
        units: a line of units follows the header.
        end: first cell of the line that ends the table; empty where the format has none.
    """

    comment: Callable[[int, str], bool] = lambda number, line: False
    units: bool = False
    end: str = ""


class TextTable:
    """An upstream table: its comments, header and units, and its rows in pieces."""

    def __init__(self, file: File, layout: Layout, quality: Quality) -> None:
        """Read what stands before the rows.

        Raises:
            UnreadableFile: there is no header, or no line of units where there must be one.
        """
        self.file, self._layout, self._quality = file, layout, quality
        self.comments: list[str] = []
        self.header: tuple[str, ...] = ()
        units: list[str] = []
        with file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
            head = self._head(iter(enumerate(lines)))
            self.header = self._cells(next(head, ""))
            if layout.units:
                units = list(self._cells(next(head, "")))
        if not any(self.header):
            raise UnreadableFile("there is no header line")
        if layout.units and len(units) != len(self.header):
            raise UnreadableFile("there is no line of units after the header")
        self.units = dict(zip(self.header, units, strict=True)) if layout.units else {}
        self.header_line = len(self.comments) + 1

    def _head(self, lines: Iterator[tuple[int, str]]) -> Iterator[str]:
        for number, line in lines:
            text = line.rstrip("\r\n")
            if not self.header and self._layout.comment(number, text):
                self.comments.append(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
            else:
                yield text

    @staticmethod
    def _cells(line: str) -> tuple[str, ...]:
        if any("\udc80" <= c <= "\udcff" for c in line) or "\x00" in line:
            raise UnreadableFile("the header is not UTF-8")
        return tuple(cell.strip() for cell in next(csv.reader([line]), []))

    def pieces(self, columns: Sequence[str], *, optional: Sequence[str] = ()) -> Iterator[pd.DataFrame]:
        """The rows, in pieces of up to `PIECE_ROWS`: ``columns``, those of ``optional`` that there are, and ``line``.

        Raises:
            UnreadableFile: a column is missing.
        """
        missing = [c for c in columns if c not in self.header]
        if missing:
            raise UnreadableFile(f"there is no column {', '.join(missing)} in line {self.header_line}")
        kept = [*columns, *(c for c in optional if c in self.header)]
        places = [self.header.index(c) for c in kept]
        rows = self._rows()
        while piece := list(islice(rows, PIECE_ROWS)):
            values = [(*(cells[i].strip() for i in places), line) for line, cells in piece]
            yield pd.DataFrame(values, columns=pd.Index([*kept, "line"]), dtype=object)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        skip = self.header_line + bool(self._layout.units)
        width, ended = len(self.header), False
        with self.file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
            reader = csv.reader(islice(lines, skip, None))
            line = skip
            while not ended:
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    raise UnreadableFile(f"line {skip + reader.line_num}: {error}") from error
                if cells is None:
                    break
                line, before = skip + reader.line_num, line
                if self._layout.end and cells and cells[0].strip() == self._layout.end:
                    ended = True
                elif self._sound(cells, width, before + 1):
                    yield before + 1, cells
        if self._layout.end and not ended:
            action = "rows before it loaded"
            self._tell("cut-off", line, f"the file ends without {self._layout.end}", action)

    def _sound(self, cells: list[str], width: int, line: int) -> bool:
        if not cells:
            return False
        if any("\udc80" <= c <= "\udcff" for cell in cells if not cell.isascii() for c in cell):
            self._tell("not-utf-8", line, ",".join(cells).encode("ascii", "replace").decode(), "row left out")
            return False
        if len(cells) != width:
            rule = "too-few-cells" if len(cells) < width else "too-many-cells"
            self._tell(rule, line, ",".join(cells), "row left out")
            return False
        return True

    def _tell(self, rule: str, line: int, value: str, action: str) -> None:
        self._quality.add(Finding(file=self.file.name, row=line, rule=rule, value=value, action=action))


def numbers(text: pd.Series[str]) -> pd.Series[float]:
    """Numbers of a text column; NaN where there is none."""
    return pd.to_numeric(text, errors="coerce").astype(float)
