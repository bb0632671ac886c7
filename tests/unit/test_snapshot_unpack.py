"""The canonical text in a bundle: packed or, in an older one, plain; what does not say how large it becomes is refused."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import zstandard
from tests.unit.change_examples import bottle, graph_of, packed
from tests.unit.test_bundle_write import written

from kgshare.bundle import REQUIRED, Bundle, ProjectFile
from kgshare.canonical import parse_record, write_text
from kgshare.errors import BundleError
from kgshare.snapshot import unpack
from kgshare.snapshot.unpack import GRAPH, PACKED, unpack_graph


def bundle_with(folder: Path, **files: bytes) -> Bundle:
    folder.mkdir(exist_ok=True)
    own = [ProjectFile(name=n, media_type=t, source=n.encode()) for n, t in REQUIRED.items()]
    own += [ProjectFile(name=n, media_type="application/x", source=data) for n, data in files.items()]
    return written(folder, files=tuple(own))


@pytest.fixture
def text(tmp_path: Path) -> tuple[bytes, str]:
    """A canonical text, packed, and its digest."""
    digest = write_text(map(parse_record, graph_of(bottle(1), bottle(2)).values()), tmp_path / "text")
    return packed(tmp_path / "text", tmp_path / "packed").read_bytes(), digest.sha256


def test_a_packed_text_and_a_plain_one_have_the_same_digest(tmp_path: Path, text: tuple[bytes, str]) -> None:
    data, digest = text
    plain = zstandard.ZstdDecompressor().decompress(data)
    assert unpack_graph(bundle_with(tmp_path / "a", **{PACKED: data}), tmp_path / "a").sha256 == digest
    assert unpack_graph(bundle_with(tmp_path / "b", **{GRAPH: plain}), tmp_path / "b").sha256 == digest


def test_a_bundle_with_two_texts_is_refused(tmp_path: Path, text: tuple[bytes, str]) -> None:
    with pytest.raises(BundleError, match="which is the graph"):
        unpack_graph(bundle_with(tmp_path / "a", **{PACKED: text[0], GRAPH: b""}), tmp_path / "a")


def unsized(data: bytes) -> bytes:
    """Packed by somebody who does not say how large it becomes."""
    return zstandard.ZstdCompressor(write_content_size=False).compress(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (unsized(b"x" * 100), "it says that it becomes -1 bytes"),
        (zstandard.ZstdCompressor().compress(b"x" * 2_000_000), "it says that it becomes 2000000 bytes"),
        (b"no zstd at all", "holds no canonical text"),
        (zstandard.ZstdCompressor().compress(b"no tar")[:-2], "holds no canonical text"),
        (zstandard.ZstdCompressor().compress(b"no tar" * 200), "holds no canonical text"),
    ],
)
def test_what_is_no_packed_text_or_becomes_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, reason: str
) -> None:
    monkeypatch.setattr(unpack, "MOST", 1_000_000)
    with pytest.raises(BundleError, match=reason):
        unpack_graph(bundle_with(tmp_path / "a", **{PACKED: data}), tmp_path / "a")


def test_a_text_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("../evil")
        tar.addfile(info, io.BytesIO())
    data = zstandard.ZstdCompressor().compress(out.getvalue())
    with pytest.raises(BundleError, match="holds no canonical text"):
        unpack_graph(bundle_with(tmp_path / "a", **{PACKED: data}), tmp_path / "a")
    assert not (tmp_path / "evil").exists()
