"""The inputs of a lock as one plain tar, so that an old lock can still be built, or one be built on a plane.

Its first member is ``kgshare.lock``, every other ``inputs/SHA-256``; the same lock gives the same bytes.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from kgshare.aside import aside
from kgshare.cache import Cache
from kgshare.errors import FetchError, LockError, Problem
from kgshare.lock.fetch import describe
from kgshare.lock.file import every_input, parse, render
from kgshare.lock.model import LOCK, Arch, Lock, Locked

_LOCK_LIMIT = 16 << 20


def export_inputs(lock: Lock, archs: Iterable[Arch], cache: Cache, file: Path) -> list[Locked]:
    """Write the tar aside, then rename; every input is verified as it goes in.

    Raises:
        FetchError: an input is not in the cache or was altered there, or the file cannot be written.
    """
    items = _inputs(lock, archs)
    try:
        with aside(file) as path, tarfile.open(path, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            text = render(lock).encode()
            tar.addfile(_member(LOCK, len(text), lock.epoch), io.BytesIO(text))
            for item in items:
                with cache.verify(item.sha256).open("rb") as stream:
                    tar.addfile(_member(f"inputs/{item.sha256}", item.size, lock.epoch), stream)
    except OSError as error:
        raise FetchError(Problem(message=f"cannot be written: {error.strerror}", where=str(file))) from None
    return items


def import_inputs(file: Path, cache: Cache) -> tuple[Lock, list[Locked]]:
    """Take every input of an exported tar into the cache.

    Nothing is unpacked by its name: a member is read under the SHA-256 it claims to be, and must be in the lock.

    Returns:
        The tar's lock and the inputs that came with it.

    Raises:
        FetchError: not such a tar, truncated, a member that the lock does not name, a file that is not what it claims,
            or none for any of the lock's architectures in full.
    """
    try:
        with tarfile.open(file, mode="r|") as tar:
            members = iter(tar)
            lock = _lock_of(tar, next(members, None), file)
            named = {item.sha256: item for item in every_input(lock)}
            came = [_take(tar, member, named, cache, file) for member in members]
    except OSError as error:
        raise FetchError(
            Problem(message=f"cannot be read: {error.strerror or error}", where=str(file))
        ) from None
    except tarfile.TarError as error:
        raise FetchError(_refused(f"not a whole tar of kgshare's inputs: {error}", file)) from None
    got = {item.sha256 for item in came}
    if not any(got.issuperset(item.sha256 for item in every_input(lock, arch)) for arch in lock.archs):
        lacking = [describe(item) for item in named.values() if item.sha256 not in got]
        raise FetchError(
            _refused(f"incomplete: {len(lacking)} inputs are missing, the first is {lacking[0]}", file)
        )
    return lock, came


def _inputs(lock: Lock, archs: Iterable[Arch]) -> list[Locked]:
    found = {item.sha256: item for arch in archs for item in every_input(lock, arch)}
    return [found[sha256] for sha256 in sorted(found)]


def _member(name: str, size: int, epoch: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, epoch, 0o644
    return info


def _lock_of(tar: tarfile.TarFile, member: tarfile.TarInfo | None, file: Path) -> Lock:
    stream = tar.extractfile(member) if member and member.name == LOCK and member.size < _LOCK_LIMIT else None
    if stream is None:
        raise FetchError(_refused(f"its first member is not {LOCK}", file))
    try:
        return parse(stream.read().decode(), f"{file.name}!{LOCK}")
    except (LockError, UnicodeDecodeError) as error:
        raise FetchError(_refused(f"its lock cannot be read: {error}", file)) from None


def _take(
    tar: tarfile.TarFile, member: tarfile.TarInfo, named: dict[str, Locked], cache: Cache, file: Path
) -> Locked:
    folder, _, sha256 = member.name.partition("/")
    item = named.get(sha256)
    stream = tar.extractfile(member) if member.isfile() else None
    if folder != "inputs" or item is None or stream is None or member.size != item.size:
        raise FetchError(_refused(f"its member {member.name!r} is not what its lock names", file))
    with tempfile.NamedTemporaryFile(prefix="kgshare-", delete=False) as aside:
        path = Path(aside.name)
        try:
            while chunk := stream.read(1 << 20):
                aside.write(chunk)
            aside.flush()
            cache.add(path, sha256)
        except FetchError:
            raise FetchError(_refused(f"{describe(item)} in it is not what its lock says", file)) from None
        finally:
            path.unlink(missing_ok=True)
    return item


def _refused(message: str, file: Path) -> Problem:
    return Problem(message=message, where=str(file), hint="make it anew with `kgshare cache export`")
