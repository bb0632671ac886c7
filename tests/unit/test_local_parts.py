"""What a stack without containers is made of: safe unpacking, paths of this machine, loopback, and whose process it is."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import time
from pathlib import Path

import pytest
import zstandard

from kgshare.bundle import BlobRef, Bundle
from kgshare.doors.process import Spawned, spawn
from kgshare.errors import BundleError, StackError
from kgshare.local import end, processes, settings, tree
from kgshare.local import state as notes
from kgshare.local.built import built_here, remember
from kgshare.local.health import bolt_answers
from kgshare.local.system import Elsewhere, Linux, System
from kgshare.progress import Progress

LISTEN = "import socket,time; s=socket.socket(); s.bind(('{}', {})); s.listen(); print(s.getsockname(), flush=True); time.sleep(60)"


def member(
    name: str, data: bytes = b"", link: str = "", kind: bytes = tarfile.REGTYPE, mode: int = 0o644
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = (
        (tarfile.SYMTYPE if link else kind),
        link,
        len(data),
        mode,
    )
    info.pax_headers = {"data": data.decode()}  # kept beside the member for `unpacked`
    return info


def unpacked(tmp_path: Path, *layers: list[tarfile.TarInfo], altered: bool = False) -> Path:
    """Layers laid one after the other into a file, and unpacked as those of a bundle are."""
    target = tmp_path / "image"
    target.mkdir()
    for number, members in enumerate(layers):
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as tar:
            for info in members:
                data = info.pax_headers.pop("data").encode()
                tar.addfile(info, io.BytesIO(data))
        blob = zstandard.ZstdCompressor().compress(raw.getvalue())
        file = tmp_path / f"{number}.tar"
        file.write_bytes(b"before" + blob + b"after")
        digest = "sha256:" + hashlib.sha256(b"other" if altered else blob).hexdigest()
        where = BlobRef(digest=digest, offset=6, size=len(blob))
        bundle = Bundle(
            path=file,
            digest="",
            name="x",
            version="1",
            size=0,
            images=(),
            files={},
            blobs={digest: where},
            unsigned=0,
            index=where,
        )
        tree.unpack(bundle, where, target)
    return target


def test_a_later_layer_replaces_files_and_goes_through_links_that_stay_inside(tmp_path: Path) -> None:
    image = unpacked(
        tmp_path,
        [member("usr/lib/x", b"old"), member("lib", link="usr/lib"), member("abs", link="/usr/lib/x")],
        [member("usr/lib/x", b"new"), member("lib/y", b"there", mode=0o4755)],
    )
    assert (image / "abs").read_text() == "new"
    assert not (image / "abs").readlink().is_absolute()
    assert (image / "usr/lib/y").read_text() == "there"
    assert (image / "usr/lib/y").stat().st_mode & 0o7777 == 0o755  # no setuid


@pytest.mark.parametrize(
    "layers",
    [
        ([member("out", link="../outside")], []),
        ([member("a/b/out", link="../../../outside")], []),
        ([member("../outside/x", b"x")], []),
        ([member("tty", kind=tarfile.CHRTYPE)], []),
        ([member("x", b"x")], [member(".wh.x")]),
    ],
    ids=["link", "deep link", "name", "device", "whiteout"],
)
def test_what_leads_out_of_an_image_is_refused(
    tmp_path: Path, layers: tuple[list[tarfile.TarInfo], ...]
) -> None:
    (tmp_path / "outside").mkdir()
    for layer in layers:
        for info in layer:
            info.pax_headers.setdefault("data", "")
    with pytest.raises(BundleError):
        unpacked(tmp_path, *layers)
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_layer_that_changed_since_it_was_verified_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="changed since"):
        unpacked(tmp_path, [member("x", b"x")], altered=True)


def test_java_arguments_point_to_the_unpacked_image(tmp_path: Path) -> None:
    text = "-Xms1g\n-Djava.library.path=/opt/neo4j/native\n-cp\n/opt/kgshare/classes:/opt/neo4j/lib/a.jar\nLaunch\n--home-dir=/opt/neo4j\n--config-dir=/opt/neo4j/conf\n"
    root = Path("/a b")
    words = settings.java_arguments(text, root, Path("/c"), Path("/t")).splitlines()
    assert words == [
        '"-Djava.io.tmpdir=/t"', '"-Xms1g"', '"-Djava.library.path=/a b/opt/neo4j/native"', '"-cp"',
        '"/a b/opt/kgshare/classes:/a b/opt/neo4j/lib/a.jar"', '"Launch"', '"--home-dir=/a b/opt/neo4j"',
        '"--config-dir=/c"',
    ]  # fmt: skip


def test_the_database_listens_on_loopback_whatever_its_image_says() -> None:
    text = "# head\nserver.bolt.listen_address=0.0.0.0:7687\nserver.default_listen_address=0.0.0.0\ndb.x=1\n"
    made = settings.neo4j_conf(
        text, Path("/i"), conf=Path("/c"), data=Path("/d"), run=Path("/r"), bolt_port=7700
    )
    assert "0.0.0.0" not in made
    assert "server.bolt.listen_address=127.0.0.1:7700\n" in made
    assert "db.x=1\n" in made
    assert "server.directories.data=/d\n" in made


def test_a_path_of_windows_is_one_to_neo4j_too() -> None:
    made = settings.neo4j_conf(
        "", Path("/i"), conf=Path("/c"), data=Path(r"C:\Users\ann"), run=Path("/r"), bolt_port=7700
    )
    assert r"server.directories.data=C:\\Users\\ann" in made.splitlines()


def test_the_application_sees_the_variables_of_its_image_and_stack_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "x")
    (tmp_path / "app").mkdir()
    config = {"Env": ["PYTHONPATH=/app:/not/there", "A=b=c"]}
    found = settings.application_environment(
        tmp_path, config, own_port=8000, port=8001, bolt_port=7688, password=Path("/p"), page=Path("/j"),
        edits=Path("/e"), own={"PYTHONHOME": "/h", settings.SITE: "/wheels"},
    )  # fmt: skip
    assert found["PYTHONPATH"] == f"{settings.GUARD}:{tmp_path}/app:/not/there:/wheels"
    assert found["PYTHONHOME"] == "/h"
    assert found["A"] == "b=c"
    assert found["NEO4J_URI"] == "bolt://127.0.0.1:7688"
    assert "SECRET_OF_THE_USER" not in found


def test_a_script_is_started_by_the_program_that_its_first_line_names(tmp_path: Path) -> None:
    for name, data in (
        ("usr/lib64/ld-linux-x86-64.so.2", b"\x7fELF"), ("usr/bin/python3.13", b"\x7fELF"),
        ("usr/bin/serve", b"#!/usr/bin/python3.13 -s\n"), ("usr/bin/other", b"#!/usr/bin/env python3.13\n"),
    ):  # fmt: skip
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    python = str(tmp_path / "usr/bin/python3.13")
    assert settings.loaded(tmp_path, "linux/amd64", "serve")[-3:] == [
        python,
        "-s",
        str(tmp_path / "usr/bin/serve"),
    ]
    assert settings.loaded(tmp_path, "linux/amd64", "other")[-2:] == [python, str(tmp_path / "usr/bin/other")]
    with pytest.raises(StackError, match="no program `sh`"):
        settings.loaded(tmp_path, "linux/amd64", "sh")


def listening(tmp_path: Path, address: str, port: int, **env: str) -> Spawned:
    log = tmp_path / "log"
    child = spawn([sys.executable, "-c", LISTEN.format(address, port)], cwd=tmp_path, env=env, log=log)
    limit = time.monotonic() + 20
    while not log.read_text():
        assert time.monotonic() < limit
        time.sleep(0.02)
    return child


@pytest.fixture(params=[Linux, Elsewhere])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> System:
    """Both ways to ask a system, which must say the same."""
    if request.param is Linux and sys.platform != "linux":
        pytest.skip("/proc is Linux's")
    monkeypatch.setattr(processes, "system", request.param())
    return processes.system


def test_who_listens_for_other_machines_is_seen_and_the_guard_keeps_it_on_loopback(
    system: System, tmp_path: Path
) -> None:
    child = listening(tmp_path, "0.0.0.0", 0)
    mine = processes.identify(child.pid)
    try:
        [open_to_all] = processes.listeners(child.pid)
        assert not open_to_all.loopback
        assert processes.listens(mine, open_to_all.port)
        assert system.session(child.pid) == (child.pid,)
    finally:
        assert processes.end(mine, 5)
    child.code()
    assert not processes.alive(mine)
    (tmp_path / "log").unlink()
    port = open_to_all.port
    child = listening(
        tmp_path, "0.0.0.0", 8000, PYTHONPATH=str(settings.GUARD), KGSHARE_LISTEN=f"8000:{port}"
    )
    mine = processes.identify(child.pid)
    try:
        assert processes.listeners(child.pid) == (processes.Listener(port=port, loopback=True),)
        assert not bolt_answers(port, seconds=0.2)
    finally:
        processes.end(mine, 5)


def test_a_number_used_again_by_another_process_is_not_ours(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGSHARE_STATE", str(tmp_path))
    child = spawn(
        [sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path, env={}, log=tmp_path / "log"
    )
    somebody = processes.identify(child.pid)
    assert somebody is not None
    try:
        row = {"pid": somebody.pid, "start": somebody.start - 1, "boot": somebody.boot}
        file = notes.own_folder("x") / notes.PROCESSES
        file.write_text(json.dumps({"supervisor": row, "services": {"database": {"identity": row}}}))
        assert end.bring_down(("x",), volumes=True, progress=Progress(quiet=True)).processes == 0
        assert processes.alive(somebody)
        assert notes.known() == ()
    finally:
        processes.end(somebody, 5)


def test_only_what_was_built_here_is_known_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGSHARE_STATE", str(tmp_path))
    remember("sha256:" + "a" * 64)
    assert built_here("sha256:" + "a" * 64)
    assert not built_here("sha256:" + "b" * 64)


def test_a_password_is_random_kept_and_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGSHARE_STATE", str(tmp_path))
    file, other = notes.ensure_password("x"), notes.ensure_password("y")
    assert file.stat().st_mode & 0o777 == 0o600
    assert notes.folder_of("x").stat().st_mode & 0o777 == 0o700
    assert len(file.read_text()) > 40
    assert file.read_text() == notes.ensure_password("x").read_text() != other.read_text()
    assert list(file.parent.iterdir()) == [file]
