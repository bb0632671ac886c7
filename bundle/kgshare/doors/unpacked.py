"""Records as the server packed them, turned into Python's values: quicker than the driver, and exact.

Dates, times and durations become `kgshare.canonical.values.Temporal`, which holds every one that Neo4j has.
Format: https://neo4j.com/docs/bolt/current/packstream/ (version 1, as of Bolt 5).
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from kgshare.canonical import packed
from kgshare.canonical.values import NotCanonical, Temporal

_FLOAT, _INT2, _INT4, _INT8 = (Struct(form).unpack_from for form in (">d", ">h", ">i", ">q"))


class Place(tuple[float, ...]):
    """A point: its coordinates, and the number of its reference system."""

    srid: int

    def __new__(cls, srid: int, *axes: float) -> Place:
        """The point at some coordinates."""
        made = super().__new__(cls, axes)
        made.srid = srid
        return made


def values(data: bytes) -> list[Any]:
    """The values of a record, which is a list.

    Raises:
        NotCanonical: a property cannot be such a value.
    """
    first = data[0]
    count, at = (first & 15, 1) if first >> 4 == 9 else packed.size(data, 0, "list")
    found: list[Any] = []
    add = found.append
    for _ in range(count):
        first = data[at]
        # The commonest, without a call.
        if first < 0x80:
            add(first)
            at += 1
        elif first < 0x90:
            at += 1
            end = at + (first & 15)
            add(data[at:end].decode())
            at = end
        elif first == 0xD0:
            end = at + 2 + data[at + 1]
            add(data[at + 2 : end].decode())
            at = end
        elif first == 0xC1:
            add(_FLOAT(data, at + 1)[0])
            at += 9
        elif first == 0xCA:
            add(_INT4(data, at + 1)[0])
            at += 5
        elif first == 0xC9:
            add(_INT2(data, at + 1)[0])
            at += 3
        elif first == 0xC0:
            add(None)
            at += 1
        else:
            one, at = value(data, at)
            add(one)
    return found


def value(data: bytes, at: int) -> tuple[Any, int]:
    """The value that begins at a place, and where it ends.

    Raises:
        NotCanonical: a property cannot be such a value.
    """
    first = data[at]
    if first < 0x80 or first >= 0xF0 or 0xC8 <= first <= 0xCB:
        return packed.integer(data, at)
    if first < 0x90 or 0xD0 <= first <= 0xD2:
        return packed.text(data, at)
    if first in _ONE:
        return _ONE[first], at + 1
    if first == 0xC1:
        return _FLOAT(data, at + 1)[0], at + 9
    if first < 0xA0 or 0xD4 <= first <= 0xD6:
        count, at = packed.size(data, at, "list")
        found = []
        for _ in range(count):
            one, at = value(data, at)
            found.append(one)
        return found, at
    if 0xCC <= first <= 0xCE:
        count, at = packed.size(data, at, "bytes")
        return data[at : at + count], at + count
    if first >> 4 == 0xB:
        return _structure(data, at)
    raise NotCanonical(f"a property cannot be what begins with {data[at : at + 8].hex()}")


_ONE = {0xC0: None, 0xC2: False, 0xC3: True}
_POINTS = {0x58, 0x59}


def _structure(data: bytes, at: int) -> tuple[Any, int]:
    if data[at + 1] in _POINTS:
        count = data[at] & 15
        srid, place = packed.integer(data, at + 2)
        axes = [_FLOAT(data, place + 1 + 9 * n)[0] for n in range(count - 1)]
        return Place(srid, *axes), place + 9 * (count - 1)
    text, end = packed.value(data, at)
    kind, _, rest = text.partition('("')
    return Temporal(kind, rest.removesuffix('")')), end
