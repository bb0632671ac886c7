"""Values as cells of Neo4j's bulk import: from Python values, and from the text in a CSV file's cells.

The import's types are those of the header in ``neo4j-admin database import`` (Neo4j operations manual, "Import").
"""

from __future__ import annotations

import datetime as dt
import math
import re
import zoneinfo
from collections.abc import Callable
from typing import Any, NamedTuple

from neo4j.spatial import Point

from kgshare.canonical.values import INT_MAX, INT_MIN, NotCanonical, temporal

# Separates the elements of a list in a cell: a character that no sensible string holds.
UNIT = "\x1f"
# A property that the import's text cannot carry exactly; it is set over Bolt when the server runs.
LATE = "late"


class Cell(NamedTuple):
    """A property's value.

    Attributes:
        type: the import's type, as in ``long`` or ``string[]``, or `LATE`.
        text: what stands in the import's file.
        value: the Python value, for keys and for what is set late.
    """

    type: str
    text: str
    value: Any


class BadValue(ValueError):
    """A value that is not of its type, or that no property can hold."""


def cell(value: Any) -> Cell | None:
    """The cell of a Python value; None where the value is missing (None, NaN, NaT, pandas' NA).

    Raises:
        BadValue: no property can hold it.
    """
    kind = type(value)
    if kind is str:
        return Cell("string", _quoted(value), value)
    if kind is float:
        return None if value != value else Cell("double", _double(value), value)
    if kind is bool:
        return Cell("boolean", "true" if value else "false", value)
    if kind is int:
        if not INT_MIN <= value <= INT_MAX:
            raise BadValue(f"{value} is beyond 64 bits")
        return Cell("long", str(value), value)
    if value is None or kind.__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, (list, tuple)) and not isinstance(value, Point) and not hasattr(value, "months"):
        return _list(list(value))
    return _other(value)


def _other(value: Any) -> Cell | None:
    if hasattr(value, "tolist") and type(value).__module__.startswith("numpy"):
        return _numpy(value)
    if isinstance(value, (bytes, bytearray)):
        return Cell(LATE, "", bytes(value))
    if isinstance(value, Point):
        return Cell("point", _quoted(_point(value)), value)
    for plain in (str, int, float):
        if isinstance(value, plain):
            return cell(plain(value))
    try:
        found = temporal(value)
    except NotCanonical:
        raise BadValue(f"a property cannot be a {type(value).__name__}") from None
    if "[" in found.text:
        # The import wants the local time and its offset beside the zone's name; what cannot say them is set late.
        zone = found.text[found.text.index("[") :]
        return (
            Cell("datetime", f'"{value.isoformat()}{zone}"', value)
            if isinstance(value, dt.datetime)
            else Cell(LATE, "", value)
        )
    return Cell(found.kind, f'"{found.text}"', value)


def _numpy(value: Any) -> Cell | None:
    """NumPy's scalars and arrays; datetime64 has nanoseconds, which ``tolist`` would turn into a number."""
    if value.dtype.kind == "M":
        text = str(value)
        return None if text == "NaT" else Cell("localdatetime", f'"{text}"', text)
    return cell(value.tolist())


def _list(values: list[Any]) -> Cell:
    cells = [cell(value) for value in values]
    if any(item is None for item in cells):
        raise BadValue("a list cannot hold missing values")
    kinds = {item.type for item in cells if item}
    if kinds == {"long", "double"}:
        return _list([float(value) for value in values])
    if len(kinds) > 1:
        raise BadValue(f"a list cannot mix types: {', '.join(sorted(kinds))}")
    kind = next(iter(kinds), LATE)
    if kind.endswith("[]"):
        raise BadValue("a list cannot hold lists")
    plain = [item.value if item else None for item in cells]
    if kind == LATE or (kind == "string" and any(not text or UNIT in text for text in plain)):
        return Cell(LATE, "", plain)
    inside = UNIT.join(_unquoted(item.text) for item in cells if item)
    return Cell(f"{kind}[]", _quoted(inside), plain)


def _double(value: float) -> str:
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)


def _point(value: Point) -> str:
    parts = ", ".join(f"{axis}: {float(part)!r}" for axis, part in zip("xyz", value, strict=False))
    return f"{{srid: {value.srid}, {parts}}}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _unquoted(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


# --- from the text in a CSV file -----------------------------------------------------------------------------------

Reader = Callable[[str], Cell]

_INT = re.compile(r"[+-]?\d+")
_DURATION = re.compile(
    r"-?P(?=.)(?:[-+]?[\d.]+Y)?(?:[-+]?[\d.]+M)?(?:[-+]?[\d.]+W)?(?:[-+]?[\d.]+D)?"
    r"(?:T(?=.)(?:[-+]?[\d.]+H)?(?:[-+]?[\d.]+M)?(?:[-+]?[\d.]+S)?)?"
)
_ZONE = re.compile(r"\[([^\]]+)\]$")
_POINT_PAIR = re.compile(r"\s*(srid|crs|x|y|z|latitude|longitude|height)\s*:\s*('?[\w.+-]+'?)\s*")


def reader(kind: str) -> Reader:
    """The function that reads a non-empty cell of a CSV column of a type named in the manifest.

    The function raises `BadValue` where the text is not of that type. Elements of a list are separated by ``;``.
    """
    if kind.endswith("[]"):
        return _list_reader(_READERS[kind[:-2]])
    return _READERS[kind]


def _list_reader(element: Reader) -> Reader:
    def read(text: str) -> Cell:
        cells = [element(part) for part in text.split(";")]
        values = [item.value for item in cells]
        if any(item.type == LATE or (item.type == "string" and not item.value) for item in cells):
            return Cell(LATE, "", values)
        inside = UNIT.join(_unquoted(item.text) for item in cells)
        return Cell(f"{cells[0].type}[]", _quoted(inside), values)

    return read


def _read_string(text: str) -> Cell:
    return Cell("string", _quoted(text), text)


def _read_int(text: str) -> Cell:
    plain = text.strip()
    if not _INT.fullmatch(plain):
        raise BadValue("not an integer")
    number = int(plain)
    if not INT_MIN <= number <= INT_MAX:
        raise BadValue("beyond 64 bits")
    return Cell("long", str(number), number)


def _read_float(text: str) -> Cell:
    if "_" in text:
        raise BadValue("not a number")
    try:
        number = float(text)
    except ValueError:
        raise BadValue("not a number") from None
    return Cell("double", "NaN" if number != number else _double(number), number)


def _read_boolean(text: str) -> Cell:
    plain = text.strip().lower()
    if plain not in ("true", "false"):
        raise BadValue("not true or false")
    return Cell("boolean", plain, plain == "true")


def _temporal_reader(kind: str, parse: Callable[[str], Any]) -> Reader:
    def read(text: str) -> Cell:
        plain = text.strip()
        try:
            value = parse(plain)
        except (ValueError, KeyError, zoneinfo.ZoneInfoNotFoundError) as error:
            raise BadValue(f"not a {kind} ({error})") from None
        return Cell(kind, _quoted(value), value)

    return read


def _date(text: str) -> str:
    return dt.date.fromisoformat(text).isoformat()


def _local_datetime(text: str) -> str:
    if dt.datetime.fromisoformat(text).tzinfo:
        raise ValueError("it has an offset: use the type datetime")
    return text.replace(" ", "T", 1)


def _zoned_datetime(text: str) -> str:
    zone = _ZONE.search(text)
    plain = text[: zone.start()] if zone else text
    if zone:
        zoneinfo.ZoneInfo(zone[1])
    if not dt.datetime.fromisoformat(plain).tzinfo and not zone:
        raise ValueError("it has no offset: use the type localdatetime")
    return text.replace(" ", "T", 1)


def _local_time(text: str) -> str:
    if dt.time.fromisoformat(text).tzinfo:
        raise ValueError("it has an offset: use the type time")
    return text


def _zoned_time(text: str) -> str:
    if not dt.time.fromisoformat(text).tzinfo:
        raise ValueError("it has no offset: use the type localtime")
    return text


def _duration(text: str) -> str:
    if not _DURATION.fullmatch(text):
        raise ValueError("not ISO 8601")
    return text


def _read_point(text: str) -> Cell:
    inside = text.strip().removeprefix("{").removesuffix("}")
    pairs = [_POINT_PAIR.fullmatch(part) for part in inside.split(",")]
    if not all(pairs) or len(pairs) < 2:
        raise BadValue("not a point such as {latitude: 30.0, longitude: -150.2}")
    return Cell("point", _quoted("{" + ", ".join(f"{p[1]}: {p[2]}" for p in pairs if p) + "}"), text)


_READERS: dict[str, Reader] = {
    "string": _read_string,
    "int": _read_int,
    "float": _read_float,
    "boolean": _read_boolean,
    "date": _temporal_reader("date", _date),
    "localdatetime": _temporal_reader("localdatetime", _local_datetime),
    "datetime": _temporal_reader("datetime", _zoned_datetime),
    "localtime": _temporal_reader("localtime", _local_time),
    "time": _temporal_reader("time", _zoned_time),
    "duration": _temporal_reader("duration", _duration),
    "point": _read_point,
}
