"""The one form a tar member has in a bundle, and a reader that accepts no other.

POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format"): a header of 512 bytes, the data, zeros up to the next
512; two blocks of zeros at the end. Every free choice is fixed here rather than left to a library, whose choices
change between versions (device fields of regular files did in Python's tarfile).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from kgshare.bundle.model import CHUNK, refuse

BLOCK = 512
END = bytes(2 * BLOCK)
MAX_SIZE = 8**11 - 1  # what ustar's eleven octal digits hold


class Sink(Protocol):
    """Takes the bytes of a member while they are read."""

    def feed(self, data: memoryview) -> None:
        """Take the next bytes."""
        ...


def header(name: str, size: int) -> bytes:
    """The header of a regular file: mode 0644, owner 0:0, time 0, no names of owners, no device."""
    fields = (
        name.encode("ascii").ljust(100, b"\0")
        + b"0000644\0"
        + b"0000000\0"
        + b"0000000\0"
        + b"%011o\0" % size
        + b"00000000000\0"
    )
    rest = b"0" + bytes(100) + b"ustar\x0000" + bytes(32 + 32) + b"0000000\0" + b"0000000\0" + bytes(155 + 12)
    total = sum(fields) + sum(b" " * 8) + sum(rest)
    return fields + b"%06o\0 " % total + rest


def padding(size: int) -> bytes:
    """The zeros between data of ``size`` bytes and the next block."""
    return bytes(-size % BLOCK)


def blob_name(digest: str) -> str:
    """The member that holds a digest: ``blobs/sha256/…``, as the OCI image layout has it."""
    return "blobs/" + digest.replace(":", "/")


def pieces(name: str, data: bytes) -> Iterator[bytes]:
    """A whole member: header, data, padding."""
    yield header(name, len(data))
    yield data
    yield padding(len(data))


class StrictTar:
    """Reads members in order, each of which the caller must expect; all that is not the one form is refused."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.path = path
        self.stream = stream
        self.offset = 0
        self.length = os.fstat(stream.fileno()).st_size
        self._buffer = memoryview(bytearray(CHUNK))

    def _exactly(self, count: int, member: str) -> bytes:
        data = self.stream.read(count)
        self.offset += len(data)
        if len(data) != count:
            raise refuse(self.path, member, "the file ends in the middle of it: it is truncated")
        return data

    def _padding(self, size: int, member: str) -> None:
        count = -size % BLOCK
        if self._exactly(count, member) != bytes(count):
            raise refuse(self.path, member, "the padding after it is not zero")

    def small(self, name: str, limit: int) -> bytes:
        """The next member, which must be ``name``, of a size it may say itself, up to ``limit`` bytes."""
        block = self._exactly(BLOCK, name)
        digits = block[124:135]
        size = int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else 0
        self._check(block, name, size)
        if size > limit:
            raise refuse(self.path, name, f"has {size} bytes, more than the {limit} allowed")
        data = self._exactly(size, name)
        self._padding(size, name)
        return data

    def blob(
        self, digest: str, size: int, *, keep: bool = False, sink: Sink | None = None
    ) -> tuple[int, bytes]:
        """The next member, which must be the blob of ``digest`` with ``size`` bytes.

        Returns:
            The offset of its data in the file, and with ``keep`` the data.
        """
        name = blob_name(digest)
        self._check(self._exactly(BLOCK, name), name, size)
        start = self.offset
        if start + size > self.length:
            raise refuse(self.path, name, "the file ends in the middle of it: it is truncated")
        hasher = hashlib.sha256()
        kept = bytearray()
        left = size
        while left:
            view = self._buffer[: min(left, CHUNK)]
            count = self.stream.readinto(view)  # type: ignore[attr-defined]
            if not count:
                raise refuse(self.path, name, "the file ends in the middle of it: it is truncated")
            self.offset += count
            left -= count
            hasher.update(view[:count])
            if keep:
                kept += view[:count]
            if sink is not None:
                sink.feed(view[:count])
        if hasher.hexdigest() != digest.removeprefix("sha256:"):
            raise refuse(self.path, name, "its bytes do not have the digest that is its name: it was altered")
        self._padding(size, name)
        return start, bytes(kept)

    def optional(self, name: str, limit: int) -> bytes | None:
        """The next member if it is ``name``, as `small` reads it; else None, and `end` looks at what comes."""
        return self.small(name, limit) if self.next_name() == name else None

    def next_name(self) -> str:
        """What the next header calls its member; nothing of it is checked, and it is still to be read."""
        block = self.stream.read(BLOCK)
        self.stream.seek(self.offset)
        return block[:100].split(b"\0")[0].decode("ascii", "replace")

    def end(self) -> None:
        """Nothing but the two blocks of zeros may follow."""
        rest = self.stream.read(len(END) + 1)
        if rest[: len(END)] == END and len(rest) > len(END):
            raise refuse(self.path, "", "bytes follow after the end of the archive")
        if rest != END:
            found = rest[:100].split(b"\0")[0].decode("ascii", "replace")
            if found:
                raise refuse(self.path, repr(found), "is reachable from no manifest: it does not belong here")
            raise refuse(
                self.path, "", "the end of the archive is not two blocks of zeros: it is truncated or altered"
            )

    def _check(self, block: bytes, name: str, size: int) -> None:
        if block == header(name, size):
            return
        found = block[:100].split(b"\0")[0].decode("ascii", "replace")
        if found != name:
            what = f"found {found!r}" if found else "found the end of the archive"
            raise refuse(self.path, name, f"must come here, {what}")
        if block[124:136] != header(name, size)[124:136]:
            raise refuse(self.path, name, f"does not have the size that was announced, {size} bytes")
        raise refuse(
            self.path, name, "its tar header (type, owner, mode, time, checksum) is not the one valid form"
        )
