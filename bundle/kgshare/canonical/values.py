"""One value of a property as text, and back: exact for every type that Neo4j stores.

A value has exactly one text. It reads like a Cypher literal, so a person can review it; `decode` accepts only what
`encode` writes. The grammar is in docs/reference/canonical-text.md.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neo4j.spatial import Point

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
KINDS = ("date", "datetime", "duration", "localdatetime", "localtime", "time")


@dataclass(frozen=True, order=True, slots=True)
class Temporal:
    """A date, time or duration, exactly as Neo4j has it.

    Neo4j knows years, offsets with seconds, and a difference between ``Z`` and the zone ``UTC`` that neither
    Python's nor the driver's classes can hold; so the canonical text has its own.

    Attributes:
        kind: one of `KINDS`, which are Cypher's function names.
        text: ISO 8601, in the one form that docs/reference/canonical-text.md describes.
    """

    kind: str
    text: str


class NotCanonical(ValueError):
    """A text is not the canonical text of any value, or a value has none."""


_PLAIN = re.compile(r"[ !#-\[\]-~]*")
# Invisible or direction-changing characters would let a text look like another one in a review.
_HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
_ENCODE_STRING = json.encoder.encode_basestring


def quote(text: str) -> str:
    """A string in double quotes, escaped as in JSON; hidden characters are escaped too."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return _HIDDEN.sub(lambda hit: f"\\u{ord(hit[0]):04x}", _ENCODE_STRING(text))


def encode(value: Any) -> str:
    """The canonical text of a value.

    Args:
        value: bool, int, float, str, bytes, `Temporal`, the driver's temporal and spatial types, the standard
            library's, or a list (or tuple) of one of these.

    Raises:
        NotCanonical: Neo4j cannot store such a value as a property.
    """
    encoder = _ENCODERS.get(type(value))
    if encoder is None:
        encoder = next((e for kind, e in _subclasses() if isinstance(value, kind)), None)
        if encoder is None:
            raise NotCanonical(f"a property cannot be a {type(value).__name__}")
    return encoder(value)


def _integer(value: int) -> str:
    if not INT_MIN <= value <= INT_MAX:
        raise NotCanonical(f"{value} is beyond 64 bits")
    return str(int(value))


def _float(value: float) -> str:
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)


def _list(values: Any) -> str:
    return "[" + ", ".join([encode(value) for value in values]) + "]"


def _point(value: Point) -> str:
    return f"point({value.srid}, {', '.join(_float(part) for part in value)})"


def _fraction(nanosecond: int) -> str:
    return f".{nanosecond:09d}".rstrip("0") if nanosecond else ""


def _clock(value: Any, nanosecond: int) -> str:
    return f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}{_fraction(nanosecond)}"


def offset_text(seconds: int) -> str:
    """An offset from UTC: ``Z``, ``+02:00``, ``-00:53:28``."""
    if not seconds:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}" + (f":{rest:02d}" if rest else "")


def _nanosecond(value: Any) -> int:
    # neo4j.time has nanosecond; datetime has microsecond; pandas' Timestamp has both, the first being the rest.
    microsecond = getattr(value, "microsecond", None)
    if microsecond is None:
        return int(value.nanosecond)
    return int(microsecond) * 1000 + int(getattr(value, "nanosecond", 0))


def _offset(value: Any) -> dt.timedelta | None:
    asked = getattr(value, "utc_offset", None) or value.utcoffset  # the driver's name for it, and Python's
    found: dt.timedelta | None = asked()
    return found


def _time(value: Any) -> Temporal:
    text = _clock(value, _nanosecond(value))
    if value.tzinfo is None:
        return Temporal("localtime", text)
    offset = _offset(value)
    if offset is None:
        raise NotCanonical("a time of day has no named zone: give it an offset")
    return Temporal("time", text + offset_text(round(offset.total_seconds())))


def _datetime(value: Any) -> Temporal:
    zone, nanosecond = value.tzinfo, _nanosecond(value)
    if zone is None:
        return Temporal("localdatetime", f"{_day(value)}T{_clock(value, nanosecond)}")
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    # The driver gives pytz's UTC for the offset Z; a zone named UTC is a ZoneInfo.
    if name and not (name == "UTC" and not hasattr(zone, "key")):
        # By way of Python's datetime: a ZoneInfo that is asked about a neo4j.time.DateTime crashes the interpreter.
        native = value.replace(nanosecond=0).to_native() if hasattr(value, "to_native") else value
        instant = native.astimezone(dt.UTC)
        return Temporal("datetime", f"{_day(instant)}T{_clock(instant, nanosecond)}Z[{name}]")
    offset = _offset(value)
    assert offset is not None  # it has a tzinfo
    return Temporal(
        "datetime", f"{_day(value)}T{_clock(value, nanosecond)}{offset_text(round(offset.total_seconds()))}"
    )


def _day(value: Any) -> str:
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def duration_text(months: int, days: int, seconds: int, nanoseconds: int) -> str:
    """A duration from Neo4j's four parts; seconds and nanoseconds are one number of nanoseconds."""
    total = seconds * 1_000_000_000 + nanoseconds
    whole, fraction = divmod(abs(total), 1_000_000_000)
    text = (f"{months}M" if months else "") + (f"{days}D" if days else "")
    if total or not text:
        text += f"T{'-' if total < 0 else ''}{whole}{_fraction(fraction)}S"
    return f"P{text}"


def _timedelta(value: dt.timedelta) -> Temporal:
    nanoseconds = value.microseconds * 1000 + int(getattr(value, "nanoseconds", 0))
    return Temporal("duration", duration_text(0, value.days, value.seconds, nanoseconds))


def temporal(value: Any) -> Temporal:
    """A driver's or standard library's temporal value as a `Temporal`.

    Raises:
        NotCanonical: it is not a temporal value.
    """
    if isinstance(value, Temporal):
        return value
    duration, others = _temporals()
    if isinstance(value, duration):
        return Temporal("duration", duration_text(*map(int, value)))
    for kinds, make in others:
        if isinstance(value, kinds):
            return make(value)
    raise NotCanonical(f"not a temporal value: {type(value).__name__}")


@cache
def _temporals() -> tuple[Any, tuple[tuple[tuple[type, ...], Callable[[Any], Temporal]], ...]]:
    """The classes of temporal values. The driver is slow to import, and canonical text alone never needs it."""
    from neo4j.time import Date, DateTime, Duration, Time

    return Duration, (
        ((DateTime, dt.datetime), _datetime),
        ((Date, dt.date), lambda value: Temporal("date", _day(value))),
        ((Time, dt.time), _time),
        ((dt.timedelta,), _timedelta),
    )


def _temporal(value: Any) -> str:
    found = temporal(value)
    return f'{found.kind}("{found.text}")'


_ENCODERS: dict[type, Callable[[Any], str]] = {
    str: quote,
    bool: lambda value: "true" if value else "false",
    int: _integer,
    float: _float,
    list: _list,
    tuple: _list,
    bytes: lambda value: f'bytes("{base64.b64encode(value).decode()}")',
    bytearray: lambda value: f'bytes("{base64.b64encode(value).decode()}")',
    Temporal: _temporal,
}


@cache
def _subclasses() -> tuple[tuple[Any, Callable[[Any], str]], ...]:
    """Looked at in this order: Duration and Point are tuples, a Timestamp is a datetime, a datetime is a date."""
    from neo4j.spatial import Point
    from neo4j.time import Date, DateTime, Duration, Time

    temporals = (Duration, DateTime, Date, Time, dt.datetime, dt.date, dt.time, dt.timedelta)
    return ((temporals, _temporal), (Point, _point), (str, quote), (int, _integer), (float, _float))


# --- reading -------------------------------------------------------------------------------------------------------

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NUMBER = re.compile(r"-?(?:Infinity|\d+(?:\.\d+)?(?:e[+-]?\d+)?)|NaN")
_CALL = re.compile(r'(bytes|datetime|date|duration|localdatetime|localtime|time)\(("(?:[^"\\]|\\.)*")\)')
_POINT = re.compile(r"point\((\d+)((?:, [^,()]+)+)\)")
_DAY = r"(?:\d{4}|-\d{4}|[+-][1-9]\d{4,8})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_FRACTION = r"\.\d{0,8}[1-9]"
_CLOCK = rf"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:{_FRACTION})?"
_OFFSET = r"(?:Z|[+-](?!00:00(?![:\d]))(?:0\d|1[0-8]):[0-5]\d(?::(?!00)[0-5]\d)?)"
_SECONDS = rf"-?(?:[1-9]\d*(?:{_FRACTION})?|0{_FRACTION})"
_FORMS: dict[str, re.Pattern[str]] = {
    "date": re.compile(_DAY),
    "localdatetime": re.compile(rf"{_DAY}T{_CLOCK}"),
    "datetime": re.compile(rf"{_DAY}T{_CLOCK}(?:{_OFFSET}|Z\[[A-Za-z0-9_+/-]+\])"),
    "localtime": re.compile(_CLOCK),
    "time": re.compile(_CLOCK + _OFFSET),
    "duration": re.compile(rf"PT0S|P(?=[-\dT])(?:-?[1-9]\d*M)?(?:-?[1-9]\d*D)?(?:T{_SECONDS}S)?"),
}


def decode(text: str) -> Any:
    """The value of a canonical text; temporal values come as `Temporal`, points as the driver's.

    Raises:
        NotCanonical: ``text`` is not what `encode` writes for any value.
    """
    try:
        value, end = _value(text, 0)
    except (ValueError, IndexError, KeyError, binascii.Error) as error:
        raise NotCanonical(f"not a value: {text[:80]!r} ({error})") from None
    if end != len(text) or encode(value) != text:
        raise NotCanonical(f"not in its canonical form: {text[:80]!r}")
    return value


def decode_at(text: str, at: int) -> tuple[Any, int]:
    """A value that begins at a position, and where it ends; for texts that hold several.

    Raises:
        NotCanonical: no canonical value begins there.
    """
    try:
        value, end = _value(text, at)
    except (ValueError, IndexError, KeyError, binascii.Error) as error:
        raise NotCanonical(f"not a value: {text[at : at + 80]!r} ({error})") from None
    if encode(value) != text[at:end]:
        raise NotCanonical(f"not in its canonical form: {text[at:end][:80]!r}")
    return value, end


def _value(text: str, at: int) -> tuple[Any, int]:
    first = text[at]
    if first == '"':
        return _string(text, at)
    if first == "[":
        return _items(text, at)
    for word, value in (("true", True), ("false", False)):
        if text.startswith(word, at):
            return value, at + len(word)
    if number := _NUMBER.match(text, at):
        digits = number[0]
        whole = digits.lstrip("-").isdigit()
        return (int(digits) if whole else float(digits)), number.end()
    if call := _CALL.match(text, at):
        return _called(call[1], json.loads(call[2])), call.end()
    if point := _POINT.match(text, at):
        parts = [float(part) for part in point[2].removeprefix(", ").split(", ")]
        return make_point(int(point[1]), parts), point.end()
    raise ValueError("no value begins here")


def _string(text: str, at: int) -> tuple[str, int]:
    found = _STRING.match(text, at)
    if not found:
        raise ValueError("a string without end")
    return json.loads(found[0]), found.end()


def _items(text: str, at: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    at += 1
    while text[at] != "]":
        if items:
            if not text.startswith(", ", at):
                raise ValueError("items are separated by a comma and a space")
            at += 2
        item, at = _value(text, at)
        items.append(item)
    return items, at + 1


def _called(name: str, argument: str) -> Any:
    if name == "bytes":
        return base64.b64decode(argument, validate=True)
    if not _FORMS[name].fullmatch(argument):
        raise ValueError(f"not a {name}")
    return Temporal(name, argument)


def make_point(srid: int, parts: list[float]) -> Point:
    """The driver's point of a coordinate system (SRID), which Neo4j numbers 4326, 4979, 7203 and 9157."""
    from neo4j.spatial import CartesianPoint, WGS84Point

    kinds: dict[int, type[Point]] = {
        4326: WGS84Point,
        4979: WGS84Point,
        7203: CartesianPoint,
        9157: CartesianPoint,
    }
    if srid not in kinds or len(parts) != (3 if srid in (4979, 9157) else 2):
        raise ValueError(f"no point with SRID {srid} and {len(parts)} coordinates")
    return kinds[srid](parts)
