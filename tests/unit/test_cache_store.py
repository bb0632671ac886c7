from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from tests.unit import lock_example as example

from kgshare.cache import Cache, Inputs, fetch
from kgshare.errors import FetchError
from kgshare.lock.model import Wheel
from kgshare.progress import Progress


def item(cache: Cache, tmp_path: Path, content: bytes = b"a wheel") -> Wheel:
    source = tmp_path / "source"
    source.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    cache.add(source, sha256)
    return Wheel(name="w", version="1", filename="w.whl", sha256=sha256, size=len(content))


def alter(file: Path, content: bytes) -> None:
    file.chmod(0o644)
    file.write_bytes(content)


def test_a_file_is_found_by_its_hash(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    wheel = item(cache, tmp_path)
    place = cache.path(wheel.sha256)
    assert place is not None
    assert place.relative_to(tmp_path).as_posix() == f"cache/inputs/sha256/{wheel.sha256[:2]}/{wheel.sha256}"


def test_a_file_with_another_hash_is_not_taken_in_and_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    (tmp_path / "source").write_bytes(b"not what was locked")
    with pytest.raises(FetchError, match=f"locked is {'0' * 64}"):
        cache.add(tmp_path / "source", "0" * 64)
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file()] == []


def test_a_cached_file_that_was_altered_is_refused_and_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    wheel = item(cache, tmp_path)
    inputs = Inputs(cache=cache, lock=example.lock())
    alter(inputs.path(wheel), b"altered")
    with pytest.raises(FetchError, match="was altered"):
        inputs.path(wheel)
    assert cache.path(wheel.sha256) is None


def test_a_new_process_trusts_no_size_and_time(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    wheel = item(cache, tmp_path)
    place = cache.place(wheel.sha256)
    state = place.stat()
    alter(place, b"A WHEEL")
    os.utime(place, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(FetchError, match="was altered"):
        Inputs(cache=cache, lock=example.lock()).path(wheel)


def test_a_remembered_name_is_forgotten_with_its_file(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    wheel = item(cache, tmp_path)
    cache.remember("maven", "g:a:1", wheel.sha256)
    assert cache.remembered("maven", "g:a:1") == cache.place(wheel.sha256)
    alter(cache.place(wheel.sha256), b"altered")
    assert cache.remembered("maven", "g:a:1") is None


def test_offline_everything_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(
            example.lock(), "amd64", Cache(tmp_path), progress=Progress(quiet=True), locked=True, offline=True
        )
    named = "\n".join(problem.message for problem in caught.value.problems)
    assert len(caught.value.problems) == 8
    assert "org.example:netty:4.1:linux-x86_64 is not in the cache" in named
    assert "Debian package zlib1g 1:1.3 (amd64) is not in the cache" in named
