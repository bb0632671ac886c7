from __future__ import annotations

import dataclasses
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from tests.unit import lock_example as example

from kgshare.cache import Cache
from kgshare.errors import FetchError
from kgshare.lock.archive import export_inputs, import_inputs
from kgshare.lock.file import every_input, render
from kgshare.lock.model import ArchLock, Jar, Lock


def small(cache: Cache, tmp_path: Path) -> Lock:
    """A lock of two jars that are in the cache."""
    jars: list[Jar] = []
    for name in ("one", "two"):
        file = tmp_path / name
        file.write_bytes(name.encode() * 1000)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        cache.add(file, sha256)
        jars.append(dataclasses.replace(example.jar(name, "1"), sha256=sha256, size=3000))
    return dataclasses.replace(
        example.lock(),
        jars={"database": tuple(jars)},
        npm=(),
        archs={"amd64": ArchLock(debian={}, wheels={})},
    )


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Lock, Path]:
    cache = Cache(tmp_path / "cache")
    lock = small(cache, tmp_path)
    export_inputs(lock, ["amd64"], cache, tmp_path / "inputs.tar")
    return lock, tmp_path / "inputs.tar"


def test_inputs_go_from_one_machine_to_another(exported: tuple[Lock, Path], tmp_path: Path) -> None:
    lock, file = exported
    other = Cache(tmp_path / "other")
    got, items = import_inputs(file, other)
    assert (got, items) == (lock, sorted(every_input(lock), key=lambda item: item.sha256))
    assert all(other.verify(item.sha256).stat().st_size == item.size for item in items)


def test_the_same_lock_gives_the_same_bytes(exported: tuple[Lock, Path], tmp_path: Path) -> None:
    lock, file = exported
    export_inputs(lock, ["amd64"], Cache(tmp_path / "cache"), tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == file.read_bytes()


def test_what_is_not_in_the_cache_is_not_exported_and_no_half_file_stays(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="is not in the cache"):
        export_inputs(example.lock(), ["amd64"], Cache(tmp_path / "empty"), tmp_path / "inputs.tar")
    assert list(tmp_path.glob("*inputs.tar*")) == []


def rewrite(file: Path, members: list[tuple[str, bytes]]) -> None:
    with tarfile.open(file, "w") as tar:
        for name, body in members:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))


def test_a_truncated_altered_or_foreign_archive_is_refused(
    exported: tuple[Lock, Path], tmp_path: Path
) -> None:
    lock, file = exported
    with tarfile.open(file) as tar:
        members = [(m.name, tar.extractfile(m).read()) for m in tar]  # type: ignore[union-attr]
    whole = file.read_bytes()
    altered = members[1][1][:-1] + b"!"
    cases: dict[str, list[tuple[str, bytes]] | bytes] = {
        "not a whole tar of kgshare's inputs": whole[: whole.index(b"two" * 9) + 100],
        "unexpected end of data": whole[:700],
        "not a whole tar": b"not a tar at all",
        "is not what its lock says": [members[0], (members[1][0], altered), members[2]],
        "is not what its lock names": [*members, ("../../etc/passwd", b"x")],
        "incomplete: 1 inputs are missing": members[:2],
        "its first member is not kgshare.lock": members[1:],
        "its lock cannot be read": [
            ("kgshare.lock", render(lock).replace('"trixie"', "7").encode()),
            *members[1:],
        ],
    }
    for number, (message, content) in enumerate(cases.items()):
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            rewrite(file, content)
        with pytest.raises(FetchError, match=message):
            import_inputs(file, Cache(tmp_path / f"fresh{number}"))
