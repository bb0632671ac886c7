"""What is inside a layer: decompressed within its announced size, digested, and every member of its tar looked at.

The scanner is fed pieces and keeps names, not contents, so memory stays small whatever the layer holds. Refused:
absolute names, ``..``, a name twice, a member beneath something that is not a folder, hard links out of the layer,
devices, pipes, file capabilities, and types that tar knows but images do not have (OCI image-spec 1.1, layer.md).

What engines read with is Go's ``archive/tar``, and it and Python's ``tarfile`` take some headers for different members.
Such a header is refused, whichever of the two is right: only what both read alike was looked at.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from enum import Enum

import zstandard

BLOCK = 512
MAX_EXTENSION = 1 << 20  # bytes of a pax or GNU long-name record
MAX_WINDOW = 1 << 27  # memory a frame may ask for
# zstd's densest block turns 4 bytes into 128 KiB: so many input bytes at a time make 128 MiB at the very most.
SLICE = 4096

_LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_CAPABILITY = "SCHILY.xattr.security.capability"

_USTAR, _GNU = b"ustar\x0000", b"ustar  \0"
_NUMBERS = (
    (100, 8),
    (108, 8),
    (116, 8),
    (124, 12),
    (136, 12),
)  # mode, user, group, size, time: offset and width
_OCTAL = re.compile(rb" *[0-7]*[ \0]*")
_BINARY = (0x80, 0xFF)  # the first byte of GNU's numbers that octal digits cannot hold


class _Reading(Enum):
    HEADER = "header"
    EXTENSION = "extension"
    END = "end"


class LayerCheck:
    """Takes a layer's compressed bytes and says at the end whether it is what its image says.

    What is wrong is told by `done`, so that bytes of another digest are called that and not a broken layer.
    """

    def __init__(self, diff_id: str, unpacked: int) -> None:
        self._diff_id = diff_id
        self._left = unpacked
        self._hasher = hashlib.sha256()
        self._zstd = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
        self._scan = TarScan()
        self._wrong: ValueError | None = None

    def feed(self, data: memoryview) -> None:
        """Take the next compressed bytes; after the first mistake nothing is decompressed any more."""
        if self._wrong is None:
            try:
                self._feed(data)
            except ValueError as error:
                self._wrong = error

    def _feed(self, data: memoryview) -> None:
        for start in range(0, len(data), SLICE):
            if self._zstd.eof:
                raise ValueError("bytes follow after its zstd frame")
            try:
                out = self._zstd.decompress(data[start : start + SLICE])
            except zstandard.ZstdError as error:
                raise ValueError(f"cannot be decompressed: {error}") from error
            self._left -= len(out)
            if self._left < 0:
                raise ValueError("decompresses to more bytes than announced")
            self._hasher.update(out)
            self._scan.feed(out)

    def done(self) -> None:
        """All bytes were given.

        Raises:
            ValueError: the layer is not what it must be.
        """
        if self._wrong is not None:
            raise self._wrong
        if not self._zstd.eof or self._zstd.unused_data:
            raise ValueError("is not exactly one zstd frame")
        if self._left:
            raise ValueError("decompresses to fewer bytes than announced")
        if "sha256:" + self._hasher.hexdigest() != self._diff_id:
            raise ValueError(f"does not decompress to {self._diff_id}, which the image's config names")
        self._scan.done()


class TarScan:
    """Looks at the headers of a tar that comes in pieces. Errors are ValueErrors."""

    def __init__(self) -> None:
        self._state = _Reading.HEADER
        self._pending = bytearray()
        self._want = BLOCK
        self._skip = 0
        self._extension = b""  # the type of the extended header being read
        self._size = 0  # of the extension's data, without padding
        self._extended: set[bytes] = set()  # the types of the extended headers before the next member
        self._next: dict[str, str] = {}  # what they say of it: path, linkpath, size
        self._seen: set[str] = set()
        self._folders: set[str] = {""}
        self._others: set[str] = set()

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        pos = 0
        while pos < len(data):
            if self._skip:
                step = min(self._skip, len(data) - pos)
                self._skip -= step
                pos += step
            elif self._state is _Reading.END:
                if data[pos:].strip(b"\0"):
                    raise ValueError("bytes follow after the end of its tar")
                return
            else:
                step = min(self._want - len(self._pending), len(data) - pos)
                self._pending += data[pos : pos + step]
                pos += step
                if len(self._pending) == self._want:
                    piece = bytes(self._pending)
                    self._pending.clear()
                    self._piece(piece)

    def done(self) -> None:
        """All bytes were given."""
        if self._state is not _Reading.END:
            raise ValueError("its tar ends in the middle")

    def _piece(self, piece: bytes) -> None:
        if self._state is _Reading.EXTENSION:
            self._read_extension(piece[: self._size])
            self._state, self._want = _Reading.HEADER, BLOCK
        elif not piece.strip(b"\0"):
            if self._extended:
                raise ValueError("its tar ends after an extended header")
            self._state = _Reading.END
        else:
            self._header(piece)

    def _header(self, block: bytes) -> None:
        _require_plain(block)
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.TarError as error:
            raise ValueError(f"a broken tar header in it: {error}") from error
        if info.size < 0:
            raise ValueError(f"{info.name!r} in it has a negative size")
        if info.type == tarfile.XHDTYPE or info.type in _LONG:
            self._begin_extension(info)
            return
        size = int(self._next.get("size", info.size))
        self._member(info, self._next.get("path", info.name), self._next.get("linkpath", info.linkname))
        self._next, self._extended = {}, set()
        self._skip = size + -size % BLOCK if info.type == tarfile.REGTYPE else 0

    def _begin_extension(self, info: tarfile.TarInfo) -> None:
        """One pax header stands before a member, or GNU's long name and long link; of more, readers forget some."""
        if info.type in self._extended or (self._extended and not {info.type, *self._extended} <= set(_LONG)):
            raise ValueError("more than one extended header before a member in it")
        if not 0 < info.size <= MAX_EXTENSION:
            raise ValueError(f"an extended header of {info.size} bytes in it")
        self._extended.add(info.type)
        self._extension, self._size = info.type, info.size
        self._want = info.size + -info.size % BLOCK
        self._state = _Reading.EXTENSION

    def _read_extension(self, data: bytes) -> None:
        if self._extension in _LONG:
            field = "path" if self._extension == tarfile.GNUTYPE_LONGNAME else "linkpath"
            self._say(field, data.rstrip(b"\0"))
            return
        while data:
            digits, space, _ = data.partition(b" ")
            if not space or not digits.isdigit() or not len(digits) + 2 < int(digits) <= len(data):
                raise ValueError("a broken extended header in it")
            record, data = data[len(digits) + 1 : int(digits)], data[int(digits) :]
            key, equals, value = record.partition(b"=")
            if not equals or not value.endswith(b"\n"):
                raise ValueError("a broken extended header in it")
            word = key.decode("utf-8", "surrogateescape")
            if word.startswith("GNU.sparse"):
                raise ValueError("a sparse file in it")
            if word == _CAPABILITY:
                raise ValueError("a file in it has capabilities, which are root's rights in part")
            if word in ("path", "linkpath", "size"):
                self._say(word, value[:-1])

    def _say(self, field: str, value: bytes) -> None:
        """Keep what an extended header says; Go takes the member's own field where one says nothing."""
        if not value or b"\0" in value or field in self._next or (field == "size" and not value.isdigit()):
            raise ValueError(f"a broken extended header in it: {field}")
        self._next[field] = value.decode("utf-8", "surrogateescape")

    def _member(self, info: tarfile.TarInfo, name: str, link: str) -> None:
        path = _inside(name)
        if info.type not in (tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE):
            kinds = {tarfile.CHRTYPE: "a device", tarfile.BLKTYPE: "a device", tarfile.FIFOTYPE: "a pipe"}
            raise ValueError(f"{name!r} in it is {kinds.get(info.type, 'of an unknown type')}")
        if path in self._seen:
            raise ValueError(f"{name!r} is in it twice")
        self._seen.add(path)
        folder = info.type == tarfile.DIRTYPE
        if not folder and name.endswith("/"):
            raise ValueError(f"{name!r} in it is no folder and has the name of one")
        parent = path if folder else path.rpartition("/")[0]
        while parent not in self._folders:
            if parent in self._others:
                raise ValueError(f"{name!r} in it lies beneath {parent!r}, which is not a folder")
            self._folders.add(parent)
            parent = parent.rpartition("/")[0]
        if not folder:
            if path in self._folders:
                raise ValueError(f"{name!r} in it is both a folder and not one")
            self._others.add(path)
        if info.type == tarfile.LNKTYPE and _inside(link) not in self._others:
            raise ValueError(
                f"{name!r} in it is a hard link to {link!r}, which is not before it in the layer"
            )


def _require_plain(block: bytes) -> None:
    """Refuse a header that has an older form, or fields that readers take for different numbers or names."""
    magic = block[257:265]
    if magic not in (_USTAR, _GNU) or block[156:157] == tarfile.AREGTYPE:
        raise ValueError("a tar header of an older form in it")
    if any(block[345 if magic == _GNU else 500 :]):
        raise ValueError("a tar header with fields in it that it must not have")
    for start, width in _NUMBERS:
        number = block[start : start + width]
        if not _OCTAL.fullmatch(number) and (start == 100 or number[0] not in _BINARY):
            raise ValueError("a number in a tar header in it is not octal")


def _inside(name: str) -> str:
    """A member's name without ``./`` before and ``/`` behind it, if it stays inside the layer."""
    if name.startswith("/") or "\0" in name:
        raise ValueError(f"the name {name!r} in it is absolute or broken")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"the name {name!r} in it leads out of the layer")
    return "/".join(parts)
