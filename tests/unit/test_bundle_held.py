"""What a machine already has, and a bundle's file made from its parts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.test_bundle_write import image, written

from kgshare.bundle import Bundle, Held, assemble, held
from kgshare.bundle.documents import Blob
from kgshare.bundle.model import sha256
from kgshare.errors import BundleError


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return written(tmp_path)


@pytest.fixture
def here(tmp_path: Path) -> Held:
    return Held(tmp_path / "of-a-reviewer")


def index_of(bundle: Bundle) -> bytes:
    with bundle.path.open("rb") as stream:
        stream.seek(512 + 512 + 512)
        data = stream.read(1 << 16)
    return data[: data.index(b"\0")]


def test_each_blob_of_a_bundle_that_was_read_here_is_held(bundle: Bundle, here: Held) -> None:
    assert here.find(bundle.images[0].layer_digests[0]) is None
    here.remember(bundle)
    for digest, ref in bundle.blobs.items():
        found = here.find(digest)
        assert found is not None
        assert (len(found.read()), sha256(found.read())) == (ref.size, digest)
    assert here.find(digest, ref.size + 1) is None


def test_a_bundle_that_went_or_changed_is_not_used(bundle: Bundle, here: Held) -> None:
    here.remember(bundle)
    digest = bundle.images[0].layer_digests[0]
    stat = bundle.path.stat()
    data = bytearray(bundle.path.read_bytes())
    data[bundle.blobs[digest].offset] ^= 1
    bundle.path.write_bytes(data)
    assert here.find(digest) is None
    os.utime(bundle.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # altered by somebody who hides it
    assert here.find(digest) is None
    assert here.find(bundle.images[0].config_digest) is not None
    bundle.path.unlink()
    assert here.find(bundle.images[0].config_digest) is None


def test_a_blob_is_taken_in_only_with_the_bytes_of_its_digest(here: Held) -> None:
    digest = sha256(b"one two")
    with pytest.raises(BundleError, match="what came has the digest"):
        here.take(digest, [b"one ", b"three"])
    assert not list(here.blobs.iterdir())
    assert here.take(digest, [b"one ", b"two"]).read() == b"one two"
    found = here.find(digest)
    assert found is not None
    found.path.write_bytes(b"one ten")
    with pytest.raises(BundleError, match="changed in this moment"):
        found.read()
    assert here.find(digest) is None


def test_the_folder_of_blobs_is_bounded_and_loses_what_was_used_longest_ago(
    here: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "MOST", 25)
    digests = [sha256(letter * 10) for letter in (b"a", b"b", b"c")]
    for age, letter in enumerate((b"a", b"b")):
        place = here.take(sha256(letter * 10), [letter * 10]).path
        os.utime(place, (age, age))
    assert here.find(digests[0]) is not None  # used: now b is the oldest
    here.take(digests[2], [b"c" * 10])
    assert [here.find(digest) is not None for digest in digests] == [True, False, True]
    assert here.empty() == 20
    assert here.find(digests[0]) is None


def test_a_layer_that_was_compressed_here_is_held(tmp_path: Path) -> None:
    layer = image(tmp_path, "database", [b"\0" * 1024]).layers[0]
    (tmp_path / "cache").rename(tmp_path / "layers")
    found = Held(tmp_path).find(layer.digest)
    assert found is not None
    assert found.size == layer.size


def test_from_index_blobs_and_signature_the_bytes_of_the_file_follow(bundle: Bundle, here: Held) -> None:
    here.remember(bundle)

    def blob(wanted: Blob) -> Iterator[bytes]:
        found = here.find(wanted.digest, wanted.size)
        assert found is not None
        return found.pieces()

    made = assemble(index_of(bundle), blob, bundle.path.with_name("again.kgshare.tar"))
    assert made.path.read_bytes() == bundle.path.read_bytes()
    assert made == replace(bundle, path=made.path)


@pytest.mark.parametrize("wrong", [b"other", b""])
def test_a_part_with_other_bytes_leaves_no_file(wrong: bytes, bundle: Bundle) -> None:
    layer = bundle.images[0].layer_digests[0]

    def blob(wanted: Blob) -> list[bytes]:
        return [wrong if wanted.digest == layer else bundle.read_blob(wanted.digest)]

    out = bundle.path.with_name("again.kgshare.tar")
    with pytest.raises(BundleError, match="not those of the digest"):
        assemble(index_of(bundle), blob, out)
    with pytest.raises(BundleError, match="canonical"):
        assemble(index_of(bundle) + b" ", blob, out)
    assert not list(out.parent.glob("*again*"))
