"""What importers of several files note of the cruises that they meet."""

from __future__ import annotations

import pandas as pd

from oceangraph.importers.quality import File


class Cruises:
    """What was met of cruises: by expocode sections, days and measured parameters; ids of stations and casts."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.met: dict[str, dict[str, str]] = {}
        self.measured: dict[str, set[str]] = {}
        self.stations: dict[str, int] = {}
        self.casts: set[str] = set()
        self.ctd_casts: set[str] = set()
        self.revisions: set[str] = set()
        self.advisers: dict[str, str] = {}

    def meet(self, rows: pd.DataFrame, file: File) -> None:
        """Note expocode, section and days of rows (columns EXPOCODE, SECT_ID, DATE)."""
        for expocode, part in rows.groupby("EXPOCODE", sort=False):
            days = part["DATE"][part["DATE"].str.fullmatch(r"\d{8}")]
            known = self.met.setdefault(
                str(expocode), {"section": str(part["SECT_ID"].iloc[0]), "file": file.name}
            )
            if len(days):
                known["start"] = min(days.min(), known.get("start", "9"))
                known["end"] = max(days.max(), known.get("end", ""))


def dataset_of(expocode: str) -> str:
    """The id of the Dataset of a cruise's files."""
    return f"cchdo-{expocode}"
