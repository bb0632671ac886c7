"""Tars unpacked by the rules of PEP 706 (``data``, ``tar``) on every Python that kgshare runs on.

Debian 12's Python 3.11.2 is older than those filters, so there the same rules are kept here.
"""

from __future__ import annotations

import copy
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path

FILTERS = hasattr(tarfile, "data_filter")


def unpack(archive: tarfile.TarFile, to: Path, members: Iterable[tarfile.TarInfo] | None = None) -> None:
    """Unpack a tar, or some of its members, as data from anywhere: nothing outside of the folder is written or linked to.

    Raises:
        tarfile.TarError: a member would lead out, is a device, or is a sparse file.
    """
    for member in archive if members is None else members:
        unpack_one(archive, member, to)


def unpack_one(archive: tarfile.TarFile, member: tarfile.TarInfo, to: Path) -> None:
    """Unpack one member; see `unpack`."""
    if member.issparse():  # a few bytes that become a file of any size; kgshare writes none
        raise tarfile.ExtractError(f"{member.name!r} is a sparse file")
    if FILTERS:
        archive.extract(member, to, filter="data")
    else:
        archive.extract(_tame(member, to, links=False), to)


def unpack_own(archive: tarfile.TarFile, to: Path) -> None:
    """Unpack a tar of a whole file system that kgshare made: links may be absolute, as they are meant for another root.

    Raises:
        tarfile.TarError: a member would be written outside of the folder.
    """
    if FILTERS:
        archive.extractall(to, filter="tar")
        return
    for member in archive:
        archive.extract(_tame(member, to, links=True), to)


def _tame(member: tarfile.TarInfo, to: Path, *, links: bool) -> tarfile.TarInfo:
    """A member as the filter would leave it: a safe name and target, nobody else's rights, one's own file."""
    tame = copy.copy(member)
    tame.name = member.name.lstrip("/")
    _inside(to, tame.name)
    if not links:
        if member.isdev():
            raise tarfile.ExtractError(f"{member.name!r} is a device")
        if member.issym() or member.islnk():
            if Path(member.linkname).is_absolute():
                raise tarfile.ExtractError(f"{member.name!r} is a link to an absolute path")
            _inside(to / Path(tame.name).parent if member.issym() else to, member.linkname, within=to)
        tame.uid, tame.gid = (os.getuid(), os.getgid()) if hasattr(os, "getuid") else (0, 0)
        tame.uname = tame.gname = ""
    tame.mode = member.mode & 0o755
    if not links and member.isreg():
        tame.mode = (tame.mode if tame.mode & 0o100 else tame.mode & ~0o111) | 0o600
    elif not links and member.isdir():
        tame.mode = 0o755
    return tame


def _inside(root: Path, path: str, *, within: Path | None = None) -> None:
    if not Path(os.path.realpath(root / path)).is_relative_to(os.path.realpath(within or root)):
        raise tarfile.ExtractError(f"{path!r} leads out of the folder")
