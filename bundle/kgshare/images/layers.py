"""Tars for the layers of an image: sorted, one owner, one clock, so that equal content is equal bytes.

Everything that enters an image goes through here, also what a build step made: a step's output carries the time it
was made at, and a tar written here does not.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType

from kgshare.aside import aside

FOLDER, FILE, PROGRAM = 0o755, 0o644, 0o755


class Layer:
    """Collects the members of one layer and writes them, sorted by path, when it is closed without an error.

    Args:
        out: the tar to write; it appears when it is whole.
        epoch: the time of every member, in seconds since 1970.
        owner: number of the user and group that own what is added, unless said otherwise.
    """

    def __init__(self, out: Path, epoch: int, owner: int = 0) -> None:
        self._out, self._epoch, self._owner = out, epoch, owner
        self._members: dict[
            str, tuple[tarfile.TarInfo, Path | bytes | tuple[tarfile.TarFile, tarfile.TarInfo]]
        ] = {}
        self._sources: list[tarfile.TarFile] = []

    def folder(self, path: str, mode: int = FOLDER, owner: int | None = None) -> None:
        """Add a folder; those above it are added when the layer is written."""
        self._put(path, tarfile.DIRTYPE, mode, owner, b"")

    def text(self, path: str, content: str | bytes, mode: int = FILE) -> None:
        """Add a file by its content."""
        self._put(
            path, tarfile.REGTYPE, mode, None, content.encode() if isinstance(content, str) else content
        )

    def file(self, path: str, source: Path, mode: int = FILE) -> None:
        """Add a file; its own owner, mode and time do not matter."""
        self._put(path, tarfile.REGTYPE, mode, None, source)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        info = self._info(path, tarfile.SYMTYPE, 0o777, None)
        info.linkname = target
        self._members[info.name] = (info, b"")

    def tree(self, path: str, source: Path) -> None:
        """Add a folder of the host (or one file) with all that is below it, except bytecode.

        A link to a file is that file, one to a folder is left out; the plan has refused both where they lead out.
        """
        if source.is_file():
            return self.file(path, source)
        self.folder(path)
        for child in sorted(source.iterdir()):
            if (
                child.name != "__pycache__"
                and child.suffix != ".pyc"
                and not (child.is_symlink() and child.is_dir())
            ):
                self.tree(f"{path}/{child.name}", child)
        return None

    def tar(self, source: Path, below: str = "", to: str = "", suffixes: tuple[str, ...] = ()) -> None:
        """Add what a tar holds below a folder, moved to another; its modes stay, owners and times do not.

        Args:
            source: the tar; it is read when the layer is written.
            below: only members below this folder; all where it is empty.
            to: where they go.
            suffixes: only files with one of these endings; all where it is empty.
        """
        archive = tarfile.open(source)  # noqa: SIM115 - closed with the layer
        self._sources.append(archive)
        for member in archive:
            path = member.name.removeprefix("./").strip("/")
            if below and not (path == below or path.startswith(below + "/")):
                continue
            if suffixes and not (member.isfile() and path.endswith(suffixes)):
                continue
            rest = path.removeprefix(below).strip("/")
            where = f"{to}/{rest}".strip("/")
            if not where or member.isdev():
                continue
            info = self._info(where, member.type, member.mode & 0o777, None)
            info.linkname = _moved(member, below, to)
            info.size = member.size if member.isfile() else 0
            self._members[where] = (info, (archive, member))

    def _info(self, path: str, kind: bytes, mode: int, owner: int | None) -> tarfile.TarInfo:
        info = tarfile.TarInfo(path.strip("/"))
        info.type, info.mode, info.mtime = kind, mode, self._epoch
        info.uid = info.gid = self._owner if owner is None else owner
        return info

    def _put(self, path: str, kind: bytes, mode: int, owner: int | None, content: Path | bytes) -> None:
        info = self._info(path, kind, mode, owner)
        if ".." in PurePosixPath(info.name).parts:
            raise ValueError(f"leads out of the image: {path}")
        self._members[info.name] = (info, content)

    def __enter__(self) -> Layer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with aside(self._out) as path:
                    self._write(path)
                    os.utime(path, (self._epoch, self._epoch))
        finally:
            for source in self._sources:
                source.close()

    def _write(self, out: Path) -> None:
        for path in list(self._members):
            for above in _above(path):
                if above not in self._members:
                    self._members[above] = (self._info(above, tarfile.DIRTYPE, FOLDER, 0), b"")
        order = sorted(self._members.items(), key=lambda item: (item[1][0].islnk(), item[0]))
        with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as target:
            for _, (info, content) in order:
                if not info.isreg():
                    target.addfile(info)
                elif isinstance(content, bytes):
                    info.size = len(content)
                    target.addfile(info, io.BytesIO(content))
                elif isinstance(content, Path):
                    info.size = content.stat().st_size
                    with content.open("rb") as stream:
                        target.addfile(info, stream)
                else:
                    archive, member = content
                    target.addfile(info, archive.extractfile(member))


def _moved(member: tarfile.TarInfo, below: str, to: str) -> str:
    if not member.islnk():
        return member.linkname
    rest = member.linkname.removeprefix("./").strip("/").removeprefix(below).strip("/")
    return f"{to}/{rest}".strip("/")


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")[:-1]
    return ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
