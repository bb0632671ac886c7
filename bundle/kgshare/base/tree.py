"""From the tree that packages unpack to, to the tree of a base: what goes, what is added, what is refused. Pure.

A tree is a list of entries; contents stay where they are until the tar is written.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from kgshare.base.spec import (
    DOCUMENTS,
    FORBIDDEN_PROGRAMS,
    LEFT_OUT,
    LEFT_OUT_PARTS,
    PROGRAM_FOLDERS,
    BaseSpec,
)
from kgshare.errors import Problem

Kind = Literal["file", "folder", "link", "hardlink"]

# Debian is usr-merged since trixie; its packages rely on these links (Debian Policy 9.1.1, base-files 13).
MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
PURGED_MODES = stat.S_ISUID | stat.S_ISGID
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One member of a tree.

    Attributes:
        path: without a leading slash.
        mode: permission bits.
        target: of a link; for a hard link the path of the file.
        content: of a file that kgshare adds; None for one whose content stands in the tar it came from.
    """

    path: str
    kind: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    target: str = ""
    content: bytes | None = None


def base_tree(unpacked: Iterable[Entry], spec: BaseSpec, records: Mapping[str, str]) -> list[Entry]:
    """The tree of a base, sorted by path; hard links last, after the files they need.

    Args:
        unpacked: what the packages hold.
        spec: which base it is.
        records: package name → its control stanza, for ``var/lib/dpkg/status.d``.
    """
    kept: dict[str, Entry] = {}
    for entry in unpacked:
        if entry.path and not _left_out(entry, spec):
            kept[entry.path] = replace(entry, mode=_tamed(entry))
    for entry in _added(spec, records):
        kept[entry.path] = entry
    whole = _with_parents(kept)
    for path, target in MERGED.items():
        if target in whole and path not in whole:
            whole[path] = Entry(path=path, kind="link", mode=0o777, target=target)
    return sorted(whole.values(), key=lambda e: (e.kind == "hardlink", e.path))


def _left_out(entry: Entry, spec: BaseSpec) -> bool:
    path = entry.path + "/" if entry.kind == "folder" else entry.path
    if path.startswith(DOCUMENTS) and path.count("/") > 3:
        # A package's own folder of documents may be a link to another's; the copyright file in it stays.
        return not path.endswith("/copyright")
    if path.startswith(DOCUMENTS) and entry.kind == "folder":
        return False
    if spec.hardened and not LEFT_OUT_PARTS.isdisjoint(path.split("/")):
        return True
    # A folder named with its slash stays, empty: programs expect var/log and usr/bin.
    return any(
        path.startswith(prefix) and not (path == prefix and prefix.endswith("/"))
        for prefix in (*LEFT_OUT, *spec.left_out)
    )


def _tamed(entry: Entry) -> int:
    """No set-user-id, no set-group-id, nothing that anybody may write (a link's own mode means nothing)."""
    if entry.kind == "link":
        return 0o777
    if entry.kind == "folder" and entry.mode & stat.S_ISVTX:
        return 0o1777
    return entry.mode & ~PURGED_MODES & ~stat.S_ISVTX & ~stat.S_IWOTH


def _added(spec: BaseSpec, records: Mapping[str, str]) -> Iterator[Entry]:
    """What Debian's maintainer scripts would have made, and the records that scanners read."""
    users = [("root", 0, "/root"), ("nobody", 65534, "/nonexistent")]
    if spec.user:
        users.insert(1, (spec.user.name, spec.user.number, spec.user.home))
    groups = [(name if number != 65534 else "nogroup", number) for name, number, _ in users]
    passwd = "".join(f"{name}:x:{n}:{n}:{name}:{home}:/usr/sbin/nologin\n" for name, n, home in users)
    text = {
        "etc/passwd": passwd,
        "etc/group": "".join(f"{name}:x:{n}:\n" for name, n in groups),
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
        "etc/machine-id": "",
    }
    for path, body in text.items():
        yield Entry(path=path, kind="file", mode=0o644, content=body.encode())
    for package, control in sorted(records.items()):
        yield Entry(
            path=f"var/lib/dpkg/status.d/{package}", kind="file", mode=0o644, content=control.encode()
        )
    yield Entry(path="tmp", kind="folder", mode=0o1777)
    for path in ("proc", "sys", "dev", "run", "root", "var/tmp"):
        mode = {"root": 0o700, "var/tmp": 0o1777}.get(path, 0o755)
        yield Entry(path=path, kind="folder", mode=mode)


def _with_parents(tree: dict[str, Entry]) -> dict[str, Entry]:
    """Every folder above an entry, so that each has an owner and a mode that we gave it."""
    whole = dict(tree)
    for path in tree:
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            above = "/".join(parts[:depth])
            if above not in whole:
                whole[above] = Entry(path=above, kind="folder", mode=0o755)
    return whole


def refuse(tree: Iterable[Entry], spec: BaseSpec) -> list[Problem]:
    """What must not be in a base, each with its path; empty when it is as it must be."""
    return [problem for entry in tree for problem in _wrong(entry, spec)]


def _wrong(entry: Entry, spec: BaseSpec) -> Iterator[Problem]:
    if entry.kind != "link":
        if entry.mode & PURGED_MODES:
            yield Problem(message="runs with another user's rights (setuid or setgid)", where=entry.path)
        if entry.mode & stat.S_IWOTH and not (entry.kind == "folder" and entry.mode & stat.S_ISVTX):
            yield Problem(message="anybody may write it", where=entry.path)
    folder, _, name = entry.path.rpartition("/")
    if spec.hardened and entry.kind != "folder" and folder in PROGRAM_FOLDERS and name in FORBIDDEN_PROGRAMS:
        yield Problem(
            message=f"no shell and no package manager may be in the {spec.name} image, but there is {name}",
            where=entry.path,
        )


def record_name(package: str) -> str:
    """The file name of a package's record; a package's name is safe as one (Debian Policy 5.6.1).

    Raises:
        ValueError: it is no package name.
    """
    if not _NAME.fullmatch(package):
        raise ValueError(f"not a Debian package name: {package!r}")
    return package
