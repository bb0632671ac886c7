"""Values as a server sends them, turned into canonical text without a detour over Python's objects.

What is never decoded to a driver's class cannot lose anything on the way: every year, every offset with its seconds, the
difference between ``Z`` and the zone ``UTC``. And it is quick: a graph is read at the speed of the server.
Format: https://neo4j.com/docs/bolt/current/packstream/ and …/bolt/current/bolt/structure-semantics/ (Bolt 5).
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from struct import Struct

from kgshare.canonical.values import NotCanonical, duration_text, encode, offset_text, quote

_FLOAT, _INT2, _INT4, _INT8 = (Struct(form).unpack_from for form in (">d", ">h", ">i", ">q"))
_SIZES = {
    0xD0: (1, "text"), 0xD1: (2, "text"), 0xD2: (4, "text"), 0xCC: (1, "bytes"), 0xCD: (2, "bytes"), 0xCE: (4, "bytes"),
    0xD4: (1, "list"), 0xD5: (2, "list"), 0xD6: (4, "list"), 0xD8: (1, "map"), 0xD9: (2, "map"), 0xDA: (4, "map"),
}  # fmt: skip
_FIRST = {0x8: "text", 0x9: "list", 0xA: "map"}
_DAY, _SECOND = 86_400, 1_000_000_000
_DATE_OF_1970 = dt.date(1970, 1, 1)


def integer(data: bytes, at: int) -> tuple[int, int]:
    """The integer that begins at a place, and where it ends."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    if first >= 0xF0:
        return first - 256, at + 1
    if first == 0xC8:
        number = data[at + 1]
        return number - 256 if number > 127 else number, at + 2
    if first == 0xC9:
        return _INT2(data, at + 1)[0], at + 3
    if first == 0xCA:
        return _INT4(data, at + 1)[0], at + 5
    if first == 0xCB:
        return _INT8(data, at + 1)[0], at + 9
    raise NotCanonical(f"not an integer: {data[at : at + 8].hex()}")


def size(data: bytes, at: int, what: str) -> tuple[int, int]:
    """How many bytes, items or pairs a text, list or map has that begins at a place, and where they begin."""
    first = data[at]
    if _FIRST.get(first >> 4) == what:
        return first & 15, at + 1
    width, kind = _SIZES.get(first, (0, ""))
    if kind != what:
        raise NotCanonical(f"not a {what}: {data[at : at + 8].hex()}")
    at += 1
    return int.from_bytes(data[at : at + width]), at + width


def text(data: bytes, at: int) -> tuple[str, int]:
    """The string that begins at a place, as it is, and where it ends."""
    first = data[at]
    if first >> 4 == 8:
        at += 1
        end = at + (first & 15)
    else:
        count, at = size(data, at, "text")
        end = at + count
    return data[at:end].decode(), end


def texts(data: bytes, at: int) -> tuple[list[str], int]:
    """The list of strings that begins at a place, and where it ends."""
    count, at = size(data, at, "list")
    found = []
    for _ in range(count):
        one, at = text(data, at)
        found.append(one)
    return found, at


def end_of_texts(data: bytes, at: int) -> int:
    """Where the list of strings ends that begins at a place."""
    count, at = (data[at] & 15, at + 1) if data[at] >> 4 == 9 else size(data, at, "list")
    for _ in range(count):
        if data[at] >> 4 == 8:
            at += 1 + (data[at] & 15)
        else:
            length, start = size(data, at, "text")
            at = start + length
    return at


def value(data: bytes, at: int) -> tuple[str, int]:
    """The canonical text of the value that begins at a place, and where it ends.

    Raises:
        NotCanonical: a property cannot be such a value, or it is of a type that this kgshare does not know.
    """
    first = data[at]
    if first < 0x80:
        return str(first), at + 1
    if first == 0xC1:
        return encode(_FLOAT(data, at + 1)[0]), at + 9
    if first < 0x90 or 0xD0 <= first <= 0xD2:
        string, at = text(data, at)
        return quote(string), at
    if first >= 0xF0 or 0xC8 <= first <= 0xCB:
        number, at = integer(data, at)
        return str(number), at
    if first == 0xC3 or first == 0xC2:
        return "true" if first == 0xC3 else "false", at + 1
    if first < 0xA0 or 0xD4 <= first <= 0xD6:
        return _items(data, at)
    if 0xB0 <= first < 0xC0:
        return _structure(data, at)
    if 0xCC <= first <= 0xCE:
        count, at = size(data, at, "bytes")
        return f'bytes("{base64.b64encode(data[at : at + count]).decode()}")', at + count
    raise NotCanonical(f"a property cannot be what begins with {data[at : at + 8].hex()}")


def properties(data: bytes, at: int, names: dict[bytes, str]) -> dict[str, str]:
    """The map that begins at a place: name → canonical text of the value. Nulls are no properties.

    Args:
        data: a record of the server's.
        at: where the map begins.
        names: names that were met already, by their bytes; new ones are put into it.
    """
    first = data[at]
    if first >> 4 == 10:
        count, at = first & 15, at + 1
    else:
        count, at = size(data, at, "map")
    found: dict[str, str] = {}
    for _ in range(count):
        first = data[at]
        if first >> 4 == 8:
            end = at + 1 + (first & 15)
            raw = data[at + 1 : end]
        else:
            length, start = size(data, at, "text")
            end = start + length
            raw = data[start:end]
        name = names.get(raw)
        if name is None:
            name = names[raw] = raw.decode()
        first = data[end]
        # The commonest values, without a call.
        if first < 0x80:
            found[name], at = str(first), end + 1
        elif first == 0xC1:
            number = _FLOAT(data, end + 1)[0]
            # Not a number and the infinities are the floats whose difference to themselves is not 0.
            found[name], at = float.__repr__(number) if number - number == 0 else encode(number), end + 9
        elif first >> 4 == 8:
            at = end + 1 + (first & 15)
            found[name] = quote(data[end + 1 : at].decode())
        elif first == 0xC0:
            at = end + 1
        else:
            found[name], at = value(data, end)
    return found


def _items(data: bytes, at: int) -> tuple[str, int]:
    count, at = size(data, at, "list")
    found = []
    for _ in range(count):
        one, at = value(data, at)
        found.append(one)
    return f"[{', '.join(found)}]", at


def _structure(data: bytes, at: int) -> tuple[str, int]:
    count, tag = data[at] & 15, data[at + 1]
    kind = _STRUCTURES.get(tag)
    if kind is None or kind[0] != count:
        raise NotCanonical(
            f"a value of a type that this kgshare does not know ({count} fields, tag {tag:#04x})"
        )
    at += 2
    if kind[1] is None:
        return _point(data, at, count)
    fields: list[int | str] = []
    for _ in range(count):
        field: int | str
        first = data[at]
        field, at = text(data, at) if first >> 4 == 8 or 0xD0 <= first <= 0xD2 else integer(data, at)
        fields.append(field)
    return kind[1](*fields), at


def _point(data: bytes, at: int, count: int) -> tuple[str, int]:
    srid, at = integer(data, at)
    parts = []
    for _ in range(count - 1):
        if data[at] != 0xC1:
            raise NotCanonical(f"a coordinate that is no float: {data[at : at + 8].hex()}")
        parts.append(encode(_FLOAT(data, at + 1)[0]))
        at += 9
    return f"point({srid}, {', '.join(parts)})", at


# --- temporal values -----------------------------------------------------------------------------------------------


def civil(seconds: int, nanosecond: int) -> str:
    """Date and time of day, ISO 8601, of seconds since 1970 in the proleptic Gregorian calendar; any year."""
    days, clock = divmod(seconds, _DAY)
    return f"{civil_date(days)}T{clock_text(clock * _SECOND + nanosecond)}"


def civil_date(days: int) -> str:
    """The date so many days after 1970-01-01, ISO 8601; years before 0 or after 9999 carry a sign."""
    eras, rest = divmod(days, 146_097)  # 400 years, after which the calendar repeats
    day = _DATE_OF_1970 + dt.timedelta(days=rest)
    year = day.year + 400 * eras
    shown = f"{year:04d}" if 0 <= year <= 9999 else f"-{-year:04d}" if year < 0 else f"+{year}"
    return f"{shown}-{day.month:02d}-{day.day:02d}"


def clock_text(nanoseconds: int) -> str:
    """The time of day so many nanoseconds after midnight."""
    clock, nanosecond = divmod(nanoseconds, _SECOND)
    hour, rest = divmod(clock, 3600)
    fraction = f".{nanosecond:09d}".rstrip("0") if nanosecond else ""
    return f"{hour:02d}:{rest // 60:02d}:{rest % 60:02d}{fraction}"


def _called(kind: str, inside: str) -> str:
    return f'{kind}("{inside}")'


_STRUCTURES: dict[int, tuple[int, Callable[..., str] | None]] = {
    0x44: (1, lambda days: _called("date", civil_date(days))),
    0x54: (2, lambda nanoseconds, offset: _called("time", clock_text(nanoseconds) + offset_text(offset))),
    0x74: (1, lambda nanoseconds: _called("localtime", clock_text(nanoseconds))),
    0x49: (3, lambda s, n, offset: _called("datetime", civil(s + offset, n) + offset_text(offset))),
    0x69: (3, lambda s, n, zone: _called("datetime", f"{civil(s, n)}Z[{zone}]")),
    0x64: (2, lambda s, n: _called("localdatetime", civil(s, n))),
    0x45: (4, lambda *parts: _called("duration", duration_text(*parts))),
    0x58: (3, None),
    0x59: (4, None),
}
