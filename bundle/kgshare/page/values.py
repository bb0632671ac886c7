"""Values of a graph as JSON: each with its type, so that 2, "2" and 2.0 stay three things."""

from __future__ import annotations

import base64
import datetime as dt
import math
import re
from typing import Any

import neo4j.time
from neo4j.spatial import Point

_WGS84 = {4326, 4979}


def typed(value: Any) -> dict[str, Any]:
    """A property's value: ``{"type": …, "value": …}``.

    Types are those of the manifest: string, int, float, boolean, date, datetime, localdatetime, time, localtime,
    duration, point, bytes, and ``list`` with ``items``. Temporal values are in ISO 8601. An integer beyond 2^53 and
    a float that is no number are strings, since a browser's JSON has neither.
    """
    if isinstance(value, list):
        return {"type": "list", "value": [plain(v) for v in value], "items": sorted({kind(v) for v in value})}
    return {"type": kind(value), "value": plain(value)}


def kind(value: Any) -> str:
    """The name of the value's type."""
    for type_, name in _KINDS:
        if isinstance(value, type_):
            if name in ("datetime", "time") and getattr(value, "tzinfo", None) is None:
                return f"local{name}"
            return name
    return type(value).__name__


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (int, "int"),
    (float, "float"),
    (str, "string"),
    ((bytes, bytearray), "bytes"),
    ((neo4j.time.DateTime, dt.datetime), "datetime"),
    ((neo4j.time.Date, dt.date), "date"),
    ((neo4j.time.Time, dt.time), "time"),
    ((neo4j.time.Duration, dt.timedelta), "duration"),
    (Point, "point"),
    (list, "list"),
)


def plain(value: Any) -> Any:
    """The value as JSON can hold it, without its type."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Point):
        axes = ("longitude", "latitude", "height") if value.srid in _WGS84 else ("x", "y", "z")
        return {"srid": value.srid, **dict(zip(axes, value, strict=False))}
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, list):
        return [plain(v) for v in value]
    if hasattr(value, "iso_format"):
        # The driver writes nine digits whether they say something or not.
        return re.sub(r"\.(\d*?)0+(?=$|[Z+-])", lambda m: f".{m[1]}" if m[1] else "", value.iso_format())
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
