"""A registry dies in the middle: nothing half is published or placed, and the same command goes on from there."""

from __future__ import annotations

import errno
import io
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.unit.registry_fake import Handler
from tests.unit.registry_scene import QUIET, Scene

from kgshare.bundle import read_bundle
from kgshare.bundle.documents import Blob
from kgshare.errors import MachineError, RegistryError
from kgshare.registry import transfer
from kgshare.registry.pull import pull_bundle
from kgshare.registry.reference import parse
from kgshare.registry.repository import Repository


def test_wherever_it_dies_during_a_push_the_tag_is_there_with_everything_or_not_at_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "ATTEMPTS", 1)
    whole, said = 0, []
    for lives in range(500):
        scene.server.lives = lives
        try:
            scene.push()
            break
        except RegistryError as error:
            said.append(str(error))
        if "1.0" in scene.server.tags:
            whole += 1
            scene.server.lives = None
            assert scene.pull(":1.0").bundle.read_bytes() == scene.file.read_bytes()
        else:
            assert [tag for tag in scene.server.tags if not tag.startswith("sha256-")] == []
    else:
        pytest.fail("it never ended")
    assert len(said) > 30  # after each of them it got a little further
    assert all("run the same command again" in text for text in said)
    assert 0 < whole < 10
    # Though it died so often, no byte was taken twice.
    assert scene.server.received == sum(map(len, scene.server.blobs.values()))


def test_wherever_it_dies_during_a_pull_no_file_is_there_and_what_came_is_not_fetched_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.push()
    monkeypatch.setattr(transfer, "ATTEMPTS", 1)
    before = scene.server.sent
    said = []
    for lives in range(500):
        scene.server.lives = lives
        try:
            pulled = scene.pull(":1.0")
            break
        except RegistryError as error:
            said.append(str(error))
        assert scene.reviewer.files() == []
    else:
        pytest.fail("it never ended")
    assert len(said) > 10
    assert all("run the same command again" in text for text in said)
    assert scene.reviewer.files() == ["herbs-1.0.kgshare.tar"]
    assert pulled.bundle.read_bytes() == scene.file.read_bytes()
    assert scene.server.sent - before == sum(blob_sizes(scene))


def blob_sizes(scene: Scene) -> list[int]:
    """What the bundle's blobs and its signature have, without its manifests."""
    bundle = read_bundle(scene.file)
    assert bundle.signature is not None
    return [len(bundle.signature.data), *(b.size for d, b in bundle.blobs.items() if d in scene.server.blobs)]


def largest(scene: Scene) -> tuple[str, bytes]:
    """The largest blob in the registry."""
    return max(scene.server.blobs.items(), key=lambda item: len(item[1]))


def breaking(digest: str, data: bytes, at: int) -> tuple[list[str], object]:
    """An answer that ends after so many of the bytes that it announced; and which parts were asked for."""
    asked: list[str] = []

    def odd(handler: Handler) -> bool:
        if handler.command != "GET" or not handler.path.endswith(f"/blobs/{digest}"):
            return False
        asked.append(handler.headers.get("Range", ""))
        start = int((asked[-1] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        handler.wfile.write(data[start : start + at])
        handler.close_connection = True
        return True

    return asked, odd


def test_a_blob_that_breaks_off_is_gone_on_with_where_it_broke(scene: Scene) -> None:
    scene.push()
    digest, data = largest(scene)
    third = len(data) // 3 + 1
    asked, scene.server.odd = breaking(digest, data, third)  # type: ignore[assignment]
    pulled = scene.pull()
    assert asked == ["", f"bytes={third}-", f"bytes={2 * third}-"]
    assert pulled.bundle.read_bytes() == scene.file.read_bytes()


def test_a_beginning_stays_for_the_next_command(scene: Scene) -> None:
    scene.push()
    digest, data = largest(scene)
    piece = len(data) // 5 + 1
    _, scene.server.odd = breaking(digest, data, piece)  # type: ignore[assignment]
    with pytest.raises(RegistryError, match=r"breaks off: (.|\n)*run the same command again"):
        scene.pull()
    assert scene.reviewer.files() == []
    scene.server.odd = lambda handler: False
    scene.server.asked.clear()
    assert scene.pull().bundle.read_bytes() == scene.file.read_bytes()
    [headers] = [headers for _, path, headers in scene.server.asked if path.endswith(f"/blobs/{digest}")]
    assert headers["Range"] == f"bytes={3 * piece}-"


def test_a_beginning_of_something_else_is_thrown_away(scene: Scene) -> None:
    scene.push()
    digest, data = largest(scene)
    part = scene.reviewer.folder / "cache" / "pulls" / f"{digest.removeprefix('sha256:')}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"\0" * (len(data) // 2))
    assert scene.pull().bundle.read_bytes() == scene.file.read_bytes()
    assert not part.exists()


def test_a_cache_that_keeps_little_makes_no_blob_come_twice(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.push()
    monkeypatch.setattr("kgshare.bundle.held.MOST", 1)
    assert scene.pull().bytes_fetched == scene.server.sent == sum(blob_sizes(scene))
    assert [file.name for file in (scene.reviewer.folder / "cache" / "pulls").iterdir()] == ["lock"]


def test_two_who_pull_at_once_fetch_each_blob_once(scene: Scene) -> None:
    scene.push()
    before = scene.server.sent
    places = [scene.reviewer.out / name for name in ("one.tar", "two.tar")]
    with ThreadPoolExecutor() as pool:
        for report in pool.map(lambda out: pull_bundle(scene.where, out, progress=QUIET), places):
            assert report.bundle.read_bytes() == scene.file.read_bytes()
    assert scene.server.sent - before == sum(blob_sizes(scene))


def test_a_full_disk_is_not_the_registrys_doing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.push()
    with monkeypatch.context() as patch:
        full = shutil._ntuple_diskusage(1000, 1000, 0)  # type: ignore[attr-defined]
        patch.setattr(shutil, "disk_usage", lambda folder: full)
        with pytest.raises(MachineError, match="0 MB are left, and this needs about"):
            scene.pull()
    assert scene.server.sent == blob_sizes(scene)[0]  # the signature, which is small
    assert scene.reviewer.files() == []


class FullFile(io.BytesIO):
    """A file on a disk that is full."""

    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_fills_up_meanwhile_is_said_at_once(scene: Scene) -> None:
    scene.push()
    digest, data = largest(scene)
    scene.server.asked.clear()
    with pytest.raises(OSError, match="No space left on device"):
        transfer.fetch(Repository(parse(scene.where)), Blob(digest=digest, size=len(data)), FullFile())
    assert len(scene.server.asked) == 1


def test_a_registry_that_is_busy_for_a_moment_is_asked_again(scene: Scene) -> None:
    scene.push()
    busy = [True] * 2

    def odd(handler: Handler) -> bool:
        if "/blobs/" in handler.path and busy:
            busy.pop()
            handler.error(503, "UNAVAILABLE")
            return True
        return False

    scene.server.odd = odd
    assert scene.pull().bundle.read_bytes() == scene.file.read_bytes()
    assert not busy


def test_nobody_at_the_address_is_said_with_the_address(scene: Scene) -> None:
    scene.push()
    scene.server.server_close()
    with pytest.raises(
        RegistryError, match=f"oci://{scene.server.host}/herbs:1.0: does not answer: Connection refused"
    ):
        scene.pull(":1.0")
