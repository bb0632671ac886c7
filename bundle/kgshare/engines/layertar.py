"""A layer's tar as Docker writes it, so that an image has one digest whoever built it.

Docker unpacks what a stage adds and tars the difference anew, with Go's ``archive/tar``: walked folder by folder, names of folders
with a slash, plain ustar headers, pax records only for what those cannot hold. Tried against Engine 26.1 (tests/integration).
Format: POSIX.1-2017, pax(1), "ustar Interchange Format" and "pax Header Block".
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

BLOCK = 512
NAME, PREFIX, LINK = 100, 155, 100
END = bytes(2 * BLOCK)
_PIECE = 1 << 20


def docker_layer(source: Path) -> Iterator[bytes]:
    """The bytes of the layer that adding a tar makes."""
    with tarfile.open(source) as archive:
        members = sorted(archive, key=lambda member: _path(member).split("/"))
        first: dict[
            str, tarfile.TarInfo
        ] = {}  # of several names of one file the first in order has the content
        for member in members:
            content = member
            if member.isreg() or member.islnk():
                key = member.linkname.removeprefix("./") if member.islnk() else _path(member)
                content = archive.getmember(member.linkname) if member.islnk() else member
                name = first.setdefault(key, member)
                if name is not member:
                    yield from _header(member, tarfile.LNKTYPE, 0, _path(name))
                    continue
            if not content.isreg():
                yield from _header(member, member.type, 0, member.linkname if member.issym() else "")
                continue
            yield from _header(member, tarfile.REGTYPE, content.size, "")
            stream = archive.extractfile(content)
            assert stream is not None
            yield from _content(stream, content.size)
    yield END


def _content(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece
    yield bytes(-size % BLOCK)


def _path(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./").strip("/")


def _header(member: tarfile.TarInfo, kind: bytes, size: int, link: str) -> Iterator[bytes]:
    name = _path(member) + ("/" if kind == tarfile.DIRTYPE else "")
    split = _split(name)
    pax: dict[str, str] = {}
    if not name.isascii() or (len(name) > NAME and not split):
        pax["path"] = name
    if not link.isascii() or len(link) > LINK:
        pax["linkpath"] = link
    if pax:
        records = b"".join(_record(key, value) for key, value in sorted(pax.items()))
        folder, _, file = name.rstrip("/").rpartition("/")
        # Go splits before it strips: a folder's own name then stands before the word.
        where = (
            f"{name}PaxHeaders.0"
            if name.endswith("/")
            else "/".join(filter(None, (folder, "PaxHeaders.0", file)))
        )
        yield _block(
            _ascii(where)[:NAME].rstrip("/"), tarfile.XHDTYPE, 0, 0, 0, len(records), 0, device=False
        )
        yield records + bytes(-len(records) % BLOCK)
    prefix, rest = ("", _ascii(name)[:NAME]) if pax or not split else split
    yield _block(
        rest,
        kind,
        0o777 if kind == tarfile.SYMTYPE else member.mode & 0o7777,  # Linux knows no other mode of a link
        member.uid,
        member.gid,
        size,
        int(member.mtime),
        _ascii(link)[:LINK],
        prefix,
    )


def _split(name: str) -> tuple[str, str] | None:
    """A long name as ustar's prefix and name; None where it is short, or cannot be split."""
    if len(name) <= NAME or not name.isascii():
        return None
    end = min(len(name.rstrip("/")), PREFIX + 1)
    at = name[:end].rfind("/")
    if at <= 0 or not 0 < len(name) - at - 1 <= NAME:
        return None
    return name[:at], name[at + 1 :]


def _record(key: str, value: str) -> bytes:
    """``LENGTH KEY=VALUE\\n``, where the length counts itself."""
    body = f" {key}={value}\n".encode()
    size = len(body)
    while size != len(body) + len(str(size)):
        size = len(body) + len(str(size))
    return str(size).encode() + body


def _ascii(text: str) -> str:
    return "".join(char for char in text if char.isascii())


def _block(
    name: str, kind: bytes, mode: int, uid: int, gid: int, size: int, mtime: int, link: str = "", prefix: str = "",
    *, device: bool = True,
) -> bytes:  # fmt: skip
    numbers = ((mode, 8), (uid, 8), (gid, 8), (size, 12), (mtime, 12))
    devices = b"0000000\0" * 2 if device else bytes(16)
    block = b"".join(
        [
            name.encode().ljust(NAME, b"\0"),
            *(b"%0*o\0" % (width - 1, number) for number, width in numbers),
            b" " * 8,
            kind,
            link.encode().ljust(LINK, b"\0"),
            b"ustar\x0000",
            bytes(64),
            devices,
            prefix.encode().ljust(PREFIX, b"\0"),
            bytes(12),
        ]
    )
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
