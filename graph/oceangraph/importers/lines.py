"""Nominal lines of WOCE and GO-SHIP sections from GeoJSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from oceangraph.importers.quality import File, Finding, Quality, UnreadableFile

_COLUMNS = ("id", "name", "woce_line", "line", "dataset")
NAMES = {"P02": "P02, 30°N Pacific"}
"""Names that people give to lines, where they have one."""


def sections(file: File, quality: Quality) -> pd.DataFrame:
    """All sections of the file: GO-SHIP name, the file's name, and the line as WKT rounded to 0.01 degrees.

    Raises:
        UnreadableFile: no GeoJSON feature collection.
    """
    document = json.loads(file.path.read_text(encoding="utf-8"))
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise UnreadableFile("this is no GeoJSON feature collection")
    rows: dict[str, tuple[str, ...]] = {}
    for number, feature in enumerate(features, 1):
        woce = str((feature.get("properties") or {}).get("WHP_Section") or "")
        try:
            line = wkt(feature["geometry"])
        except (KeyError, TypeError, ValueError) as error:
            quality.add(
                Finding(file=file.name, row=number, rule="no-line", field="geometry", value=f"{woce}: {error}",
                        action="section left out")
            )  # fmt: skip
            continue
        name = go_ship_name(woce)
        if not woce or name in rows:
            rule = "section-twice" if woce else "no-name"
            quality.add(
                Finding(file=file.name, row=number, rule=rule, field="WHP_Section", value=woce,
                        action="section left out")
            )  # fmt: skip
            continue
        rows[name] = (name, NAMES.get(name, f"Section {name}"), woce, line, "woce-lines")
    return pd.DataFrame([rows[k] for k in sorted(rows)], columns=pd.Index(_COLUMNS), dtype=object)


def go_ship_name(woce: str) -> str:
    """GO-SHIP writes the number of a WOCE line with two digits: P2 is P02, I8S is I08S."""
    return re.sub(r"^([A-Z]+)(\d)(?!\d)", r"\g<1>0\2", woce)


def wkt(geometry: Any) -> str:
    """A GeoJSON line as WKT; ValueError where it is none, or a position is none."""
    if geometry["type"] not in ("LineString", "MultiLineString"):
        raise ValueError(f"{geometry['type']} is no line")
    lines = [geometry["coordinates"]] if geometry["type"] == "LineString" else geometry["coordinates"]
    return "MULTILINESTRING (" + ", ".join(_points(line) for line in lines) + ")"


def _points(points: Iterable[tuple[float, float]]) -> str:
    found = []
    for x, y in points:
        if not (-360 <= x <= 360 and -90 <= y <= 90):
            raise ValueError(f"no position: {x} {y}")
        found.append(f"{round(x, 2):g} {round(y, 2):g}")
    return "(" + ", ".join(found) + ")"
