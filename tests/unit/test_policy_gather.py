"""Facts from images: what their layers hold, one upon the other, and as whom they run."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
import zstandard

from kgshare.bundle import LayerSource
from kgshare.errors import BundleError
from kgshare.policy.gather import Image, image_facts


def layer(path: Path, members: dict[str, int], *, links: dict[str, str] | None = None) -> LayerSource:
    """A layer of empty files with these modes, as a bundle holds it, with other bytes before it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, mode in members.items():
            info = tarfile.TarInfo(name)
            info.mode = mode
            tar.addfile(info)
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    packed = zstandard.ZstdCompressor().compress(raw.getvalue())
    path.write_bytes(b"before" + packed)
    return LayerSource(diff_id="sha256:x", path=path, offset=6, size=len(packed), compression="zstd")


def image(*layers: LayerSource, user: str = "65532:65532") -> Image:
    config = json.dumps({"config": {"User": user}}).encode()
    return Image(role="application", name="application", config=config, layers=layers, size=7)


def test_shells_and_setuid_files_are_found_wherever_they_lie(tmp_path: Path) -> None:
    members = {
        "usr/bin/dash": 0o755,
        "opt/x/bash": 0o700,
        "usr/bin/su": 0o4755,
        "usr/bin/wall": 0o2755,
        "usr/share/sh": 0o644,
        "opt/y/fish": 0o655,
    }
    facts = image_facts(image(layer(tmp_path / "1", members, links={"bin/sh": "dash"})))
    assert facts.shells == ("bin/sh", "opt/x/bash", "opt/y/fish", "usr/bin/dash")
    assert facts.setuid == ("usr/bin/su", "usr/bin/wall")
    assert (facts.role, facts.user, facts.size) == ("application", "65532:65532", 7)


def test_what_a_later_layer_takes_away_is_not_in_the_image(tmp_path: Path) -> None:
    below = layer(tmp_path / "1", {"usr/bin/dash": 0o755, "usr/bin/su": 0o4755})
    above = layer(tmp_path / "2", {"usr/bin/.wh.dash": 0, "usr/bin/su": 0o755})
    facts = image_facts(image(below, above))
    assert (facts.shells, facts.setuid) == ((), ())


def test_an_image_whose_configuration_names_no_user_runs_as_root(tmp_path: Path) -> None:
    assert image_facts(Image(role="database", name="database", config=b"{}", layers=(), size=0)).user == ""


def test_a_layer_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"short")
    broken = LayerSource(diff_id="sha256:x", path=tmp_path / "1", offset=0, size=900, compression="")
    with pytest.raises(
        BundleError, match="a layer of the application image cannot be read: the archive ends"
    ):
        image_facts(image(broken))
