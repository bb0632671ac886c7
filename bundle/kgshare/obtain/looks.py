"""What the first bytes of a file show, before the rest is fetched. Pure.

The reader of bundles judges a file; this is only so that nobody waits for a gigabyte of something else.
"""

from __future__ import annotations

from kgshare.errors import ObtainError, Problem

HEAD = 512  # bytes of a tar's first header
MAGIC = slice(257, 262)  # POSIX.1-2001, ustar header block
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "a zip archive",
    b"\xfd7zXZ": "xz",
}


def require_bundle(head: bytes, content_type: str, where: str) -> None:
    """See that what begins so may be a bundle.

    Args:
        head: the first bytes.
        content_type: what the server says it is.
        where: the address, for the message.

    Raises:
        ObtainError: it is something else, and what.
    """
    if head[MAGIC] == b"ustar":
        return
    what, hint = "no bundle", "a bundle is a file NAME-VERSION.kgshare.tar"
    start = head.lstrip()[:100].lower()
    if start.startswith((b"<!doctype", b"<html")) or content_type.startswith("text/html"):
        what = "a web page, no bundle"
        hint = "take the address of the file itself; where one has to sign in first, fetch it with a browser and name the file"
    elif head.startswith(b"version https://git-lfs"):
        what, hint = "a pointer of Git LFS, no bundle", "take the address of the file itself"
    elif packed := next((name for magic, name in _PACKED.items() if head.startswith(magic)), ""):
        what, hint = f"packed ({packed})", "unpack it, then name the bundle in it"
    raise ObtainError(Problem(message=f"what came is {what}", where=where, hint=hint))
