"""PackStream just far enough to compare and give back values without understanding them.

A reset must restore a value exactly as Neo4j had it, and tell ``1`` from ``1.0`` and ``Z`` from the zone ``UTC``. What is
never decoded cannot be changed on the way: a property stays the bytes that the server sent, and goes back as the same
bytes. Format: https://neo4j.com/docs/bolt/current/packstream/ (version 1, as of Bolt 5).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SIZES = {1: ">B", 2: ">H", 4: ">I"}
# First byte → how many bytes of payload follow, for values of a fixed size: null, float, booleans, integers.
_FIXED = {0xC0: 0, 0xC1: 8, 0xC2: 0, 0xC3: 0, 0xC8: 1, 0xC9: 2, 0xCA: 4, 0xCB: 8}
# First byte → (how many bytes say the size, what the size counts).
_SIZED = {
    0xCC: (1, "bytes"), 0xCD: (2, "bytes"), 0xCE: (4, "bytes"),
    0xD0: (1, "bytes"), 0xD1: (2, "bytes"), 0xD2: (4, "bytes"),
    0xD4: (1, "items"), 0xD5: (2, "items"), 0xD6: (4, "items"),
    0xD8: (1, "pairs"), 0xD9: (2, "pairs"), 0xDA: (4, "pairs"),
}  # fmt: skip
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}


@dataclass(frozen=True, slots=True)
class Raw:
    """A value that is packed already."""

    data: bytes


Value = None | bool | int | str | Raw | Sequence["Value"] | Mapping[str, "Value"]


def pack(value: Value) -> bytes:
    """The bytes of a value; of floats and Neo4j's own types only as `Raw`."""
    match value:
        case Raw():
            return value.data
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return _integer(value)
        case str():
            data = value.encode()
            return _head(len(data), 0x80, 0xD0) + data
        case Mapping():
            pairs = [pack(name) + pack(item) for name, item in value.items()]
            return _head(len(pairs), 0xA0, 0xD8) + b"".join(pairs)
        case _:
            return _head(len(value), 0x90, 0xD4) + b"".join([pack(item) for item in value])


def _integer(value: int) -> bytes:
    if -16 <= value <= 127:
        return struct.pack(">b", value)
    return b"\xcb" + struct.pack(">q", value)


def _head(size: int, tiny: int, marker: int) -> bytes:
    if size < 16:
        return bytes([tiny + size])
    step = 0 if size < 1 << 8 else 1 if size < 1 << 16 else 2
    return bytes([marker + step]) + struct.pack((">B", ">H", ">I")[step], size)


class Reader:
    """Reads values one after the other out of one message."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def size(self) -> tuple[str, int]:
        """Step over a value's head: what follows (``bytes``, ``items``, ``pairs``), and how many of them."""
        first = self.data[self.at]
        self.at += 1
        if first in _FIXED:
            return "bytes", _FIXED[first]
        if first in _SIZED:
            width, what = _SIZED[first]
            (size,) = struct.unpack_from(_SIZES[width], self.data, self.at)
            self.at += width
            return what, size
        match first >> 4:
            case 0x8:
                return "bytes", first & 15
            case 0x9:
                return "items", first & 15
            case 0xA:
                return "pairs", first & 15
            case 0xB:
                self.at += 1  # the structure's tag
                return "items", first & 15
        return "bytes", 0  # a tiny integer is its own head

    def raw(self) -> bytes:
        """The next value as it stands."""
        start = self.at
        left = 1
        while left:
            left -= 1
            what, size = self.size()
            if what == "bytes":
                self.at += size
            else:
                left += size * (2 if what == "pairs" else 1)
        return self.data[start : self.at]

    def integer(self) -> int:
        """The next value, an integer."""
        start = self.at
        data = self.raw()
        if len(data) == 1:
            return int(struct.unpack(">b", data)[0])
        return int.from_bytes(self.data[start + 1 : self.at], signed=True)

    def text(self) -> str:
        """The next value, a string."""
        _, size = self.size()
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def texts(self) -> list[str]:
        """The next value, a list of strings."""
        _, size = self.size()
        return [self.text() for _ in range(size)]

    def properties(self) -> dict[str, bytes]:
        """The next value, a map: each name with its value as it stands."""
        _, size = self.size()
        return {self.text(): self.raw() for _ in range(size)}

    def plain(self) -> Any:
        """The next value as Python has it: null, booleans, numbers, strings, lists and maps.

        Raises:
            ValueError: it is, or holds, something else.
        """
        first, start = self.data[self.at], self.at
        what, size = self.size()
        if what == "pairs":
            return {self.text(): self.plain() for _ in range(size)}
        if what == "items":
            if first >> 4 == 0xB:
                raise ValueError("a structure has no plain value")
            return [self.plain() for _ in range(size)]
        if first >> 4 == 8 or 0xD0 <= first <= 0xD2:
            self.at = start
            return self.text()
        if first in _CONSTANTS:
            return _CONSTANTS[first]
        self.at = start
        if first == 0xC1:
            return struct.unpack(">d", self.raw()[1:])[0]
        if 0xCC <= first <= 0xCE:
            raise ValueError("bytes have no plain value")
        return self.integer()
