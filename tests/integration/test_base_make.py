"""mmdebstrap itself, on small packages of the test's own: same packages, same bytes, nothing refused inside."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kgshare.base import APPLICATION, DATABASE, make_base
from kgshare.doors.process import run, which
from kgshare.errors import BuildError
from kgshare.lock.model import DebianPackage

pytestmark = pytest.mark.skipif(not (which("mmdebstrap") and which("dpkg-deb")), reason="no mmdebstrap here")
EPOCH = 1_700_000_000
Make = Callable[..., DebianPackage]


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    folder = tmp_path / "pool"
    folder.mkdir()
    return folder


@pytest.fixture
def package(tmp_path: Path, pool: Path) -> Make:
    """``package(name, path={mode: …})``: a .deb that depends on something that is nowhere."""

    def make(name: str, files: dict[str, int]) -> DebianPackage:
        tree = tmp_path / "trees" / name
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: 1:1.0-1\nArchitecture: amd64\nMaintainer: T <t@localhost>\n"
            "Depends: left-out-of-the-lock\nDescription: test\n"
        )
        (tree / "DEBIAN" / "postinst").write_text("#!/bin/sh\nexit 1\n")
        (tree / "DEBIAN" / "postinst").chmod(0o755)
        for path, mode in files.items():
            target = tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path)
            target.chmod(mode)
        deb = pool / name
        run(["dpkg-deb", "--build", "--root-owner-group", tree, deb])
        data = deb.read_bytes()
        return DebianPackage(
            name=name, version="1:1.0-1", suite="trixie", architecture="amd64",
            sha256=hashlib.sha256(data).hexdigest(), size=len(data), source=name,
        )  # fmt: skip

    return make


def test_the_same_packages_make_the_same_bytes_and_run_nothing_of_theirs(
    package: Make, pool: Path, tmp_path: Path
) -> None:
    packages = [
        package("libx", {"usr/lib/libx.so": 0o644, "usr/share/doc/libx/copyright": 0o644}),
        package("tool", {"usr/sbin/y": 0o4755}),
    ]
    for turn in ("1", "2"):
        out = tmp_path / f"{turn}.tar"
        make_base(packages, lambda p: pool / p.name, spec=DATABASE, epoch=EPOCH, arch="amd64", out=out)
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()
    with tarfile.open(tmp_path / "1.tar") as tar:
        names = tar.getnames()
        assert {"usr/lib/libx.so", "usr/share/doc/libx/copyright", "var/lib/dpkg/status.d/libx"} <= set(names)
        assert not {"usr/sbin/y", "etc/hostname", "etc/resolv.conf"} & set(names)
        assert max(member.mtime for member in tar) == EPOCH


def test_a_base_with_a_shell_is_not_made_and_leaves_nothing(
    package: Make, pool: Path, tmp_path: Path
) -> None:
    shell = package("dash", {"usr/bin/dash": 0o755})
    with pytest.raises(BuildError, match="usr/bin/dash"):
        make_base(
            [shell],
            lambda p: pool / p.name,
            spec=APPLICATION,
            epoch=EPOCH,
            arch="amd64",
            out=tmp_path / "b.tar",
        )
    assert not list(tmp_path.glob("b.tar*"))


def test_a_file_that_is_not_the_locked_one_is_not_unpacked(package: Make, pool: Path, tmp_path: Path) -> None:
    locked = package("libx", {"usr/lib/libx.so": 0o644})
    with (pool / "libx").open("ab") as deb:
        deb.write(b"more")
    with pytest.raises(BuildError, match="mmdebstrap could not unpack"):
        make_base(
            [locked],
            lambda p: pool / p.name,
            spec=DATABASE,
            epoch=EPOCH,
            arch="amd64",
            out=tmp_path / "c.tar",
        )
