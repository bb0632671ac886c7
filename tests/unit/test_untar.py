"""Tars are unpacked by the same rules on a Python that has filters for them and on Debian 12's, which has none."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from kgshare import untar


@pytest.fixture(params=[False, True], ids=["own rules", "python's"], autouse=True)
def filters(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param and not hasattr(tarfile, "data_filter"):
        pytest.skip("this Python has no filters")
    monkeypatch.setattr(untar, "FILTERS", request.param)


def made(*rows: tuple[str, bytes, str, int]) -> tarfile.TarFile:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, link, mode in rows:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, link, mode
            archive.addfile(info)
    buffer.seek(0)
    return tarfile.open(fileobj=buffer)


FILE, FOLDER, SYMLINK, HARDLINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    "rows",
    [
        [("../out", FILE, "", 0o644)],
        [("a", SYMLINK, "/etc/passwd", 0o777)],
        [("d", FOLDER, "", 0o755), ("d/a", SYMLINK, "../../out", 0o777)],
        [("a", HARDLINK, "../out", 0o644)],
        [("a", tarfile.CHRTYPE, "", 0o644)],
        [("a", tarfile.FIFOTYPE, "", 0o644)],
    ],
)  # fmt: skip
def test_what_leads_out_or_is_a_device_is_refused(
    rows: list[tuple[str, bytes, str, int]], tmp_path: Path
) -> None:
    to = tmp_path / "to"
    to.mkdir()
    with made(*rows) as archive, pytest.raises(tarfile.TarError):
        untar.unpack(archive, to)
    assert [path for path in tmp_path.iterdir() if path != to] == []


def test_files_folders_and_links_inside_come_out_with_safe_modes(tmp_path: Path) -> None:
    rows = [
        ("d", FOLDER, "", 0o755), ("d/run", FILE, "", 0o4777), ("d/odd", FILE, "", 0o011), ("/abs", FILE, "", 0o666),
        ("d/link", SYMLINK, "../abs", 0o777), ("hard", HARDLINK, "d/run", 0o755),
    ]  # fmt: skip
    with made(*rows) as archive:
        untar.unpack(archive, tmp_path)
    modes = {name: (tmp_path / name).stat().st_mode & 0o7777 for name in ("d/run", "d/odd", "abs")}
    assert modes == {"d/run": 0o755, "d/odd": 0o600, "abs": 0o644}
    assert (tmp_path / "d/link").resolve() == tmp_path / "abs"
    assert (tmp_path / "hard").samefile(tmp_path / "d/run")


def test_only_the_members_that_are_asked_for_come_out(tmp_path: Path) -> None:
    with made(("a", FILE, "", 0o644), ("b", FILE, "", 0o644)) as archive:
        untar.unpack(archive, tmp_path, [archive.getmember("b")])
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_file_system_of_ours_keeps_links_that_are_meant_for_its_own_root(tmp_path: Path) -> None:
    with made(("etc", FOLDER, "", 0o755), ("etc/link", SYMLINK, "/usr/x", 0o777)) as archive:
        untar.unpack_own(archive, tmp_path)
    assert str((tmp_path / "etc/link").readlink()) == "/usr/x"
    with made(("../x", FILE, "", 0o644)) as archive, pytest.raises(tarfile.TarError):
        untar.unpack_own(archive, tmp_path)


def test_nothing_else_asks_for_filters_that_debian_12s_python_does_not_have() -> None:
    package = Path(untar.__file__).parent
    asking = [file.name for file in package.rglob("*.py") if ', filter="' in file.read_text(encoding="utf-8")]
    assert asking == ["untar.py"]


def test_a_sparse_file_of_a_terabyte_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("graph/nodes.txt")
        member.pax_headers = {"GNU.sparse.size": str(10**12), "GNU.sparse.map": "0,0"}
        tar.addfile(member)
    out.seek(0)
    with (
        tarfile.open(fileobj=out, mode="r|") as tar,
        pytest.raises(tarfile.TarError, match="is a sparse file"),
    ):
        untar.unpack(tar, tmp_path)
    assert list(tmp_path.iterdir()) == []
