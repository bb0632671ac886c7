"""Both engines, for real: what comes out, that it is the same, what stays behind, and what is said when a step fails."""

from __future__ import annotations

import json
import os
import sys
import tarfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kgshare.bundle import read_image_archive
from kgshare.doors.process import CommandFailed, run, stop_all
from kgshare.engines import BuildRequest, Engine, FilesystemTar, ImageTar
from kgshare.engines.docker import DockerEngine
from kgshare.engines.local import LocalEngine, Room
from kgshare.errors import BuildError
from kgshare.images.layers import Layer

Ask = Callable[..., BuildRequest]

DOCKERFILE = """\
FROM scratch AS whole
ADD layer.tar /
ADD more.tar /
ARG WHAT
LABEL a="b ${WHAT}"
ENV A=b C=d
USER 7474:7474
WORKDIR /data
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=90s --start-interval=1s CMD ["/data/x", "y"]
EXPOSE 7687
STOPSIGNAL SIGTERM
ENTRYPOINT ["/data/x"]

FROM whole AS broken
RUN --network=none ["/not/there"]
"""


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    with Layer(context / "layer.tar", epoch=1_700_000_000, owner=7474) as layer:
        layer.text("data/x", f"of {tmp_path.name}")
        layer.folder("data/empty", 0o700)
        for name in ("data.x", "data/é", "data/" + "n" * 120, f"data/{'p' * 60}/{'q' * 60}"):
            layer.text(name, name)
    with tarfile.open(context / "more.tar", "w") as more:
        for name, kind, link in (
            ("b", tarfile.REGTYPE, ""),
            ("a", tarfile.LNKTYPE, "b"),
            ("c", tarfile.SYMTYPE, "/é"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mtime = kind, link, 1_600_000_000
            more.addfile(info)

    def request(target: str, output: FilesystemTar | ImageTar, platform: str = "linux/amd64") -> BuildRequest:
        return BuildRequest(
            dockerfile=context / "Dockerfile", context=context, target=target, platform=platform,
            args={"WHAT": "it 'is'"}, epoch=1_700_000_000, output=output, fresh=True,
        )  # fmt: skip

    return request


def image(path: Path) -> tuple[str, list[str]]:
    """Digest of the configuration, and of the layers."""
    with tarfile.open(path) as tar:
        stream = tar.extractfile("manifest.json")
        assert stream
        (row,) = json.load(stream)
        assert not row["RepoTags"]
        return row["Config"], row["Layers"]


@pytest.fixture(params=[pytest.param("docker", marks=pytest.mark.docker), "none"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Either engine: all that they share is tried on both."""
    return DockerEngine() if request.param == "docker" else LocalEngine(tmp_path / "work")


def test_the_engine_of_this_machine_can_build(engine: Engine) -> None:
    engine.check()


def test_a_file_system_comes_out_with_its_modes(engine: Engine, ask: Ask, tmp_path: Path) -> None:
    lines: list[str] = []
    engine.build(ask("whole", FilesystemTar(path=tmp_path / "fs.tar")), lines.append)
    with tarfile.open(tmp_path / "fs.tar") as tar:
        found = {m.name.strip("/"): m.mode & 0o777 for m in tar}
    assert found["data/x"] == 0o644
    assert found["data/empty"] == 0o700
    assert any("ADD layer.tar" in line for line in lines)


@pytest.mark.docker
def test_an_image_is_the_same_whichever_engine_builds_it_and_none_stays_in_docker(
    ask: Ask, tmp_path: Path
) -> None:
    for name, each in (("1", DockerEngine()), ("2", DockerEngine()), ("3", LocalEngine(tmp_path / "work"))):
        each.build(ask("whole", ImageTar(path=tmp_path / f"{name}.tar")))
    assert image(tmp_path / "1.tar") == image(tmp_path / "2.tar")
    one, other = (read_image_archive(tmp_path / f"{name}.tar") for name in ("1", "3"))
    assert one.config == other.config
    assert [layer.diff_id for layer in one.layers] == [layer.diff_id for layer in other.layers]
    config = image(tmp_path / "1.tar")[0].rpartition("/")[2]
    assert config not in run(["docker", "images", "--all", "--quiet", "--no-trunc"]).stdout


def test_an_image_for_another_platform_has_the_same_layers_and_says_whose_it_is(
    engine: Engine, ask: Ask, tmp_path: Path
) -> None:
    found = []
    for platform in ("linux/amd64", "linux/arm64"):
        out = tmp_path / platform.replace("/", "-")
        engine.build(ask("whole", ImageTar(path=out), platform))
        found.append(read_image_archive(out))
    assert [str(image.platform) for image in found] == ["linux/amd64", "linux/arm64"]
    one, other = ([layer.diff_id for layer in image.layers] for image in found)
    assert one == other


@pytest.mark.docker
def test_an_image_that_was_there_under_a_name_stays_there(ask: Ask, tmp_path: Path) -> None:
    tag = f"kgimg-test/kept:{tmp_path.name.lower()}"
    DockerEngine().build(ask("whole", ImageTar(path=tmp_path / "1.tar")))
    loaded = (
        run(["docker", "load", "--quiet", "--input", tmp_path / "1.tar"]).stdout.strip().rpartition(" ")[2]
    )
    run(["docker", "tag", loaded, tag])
    try:
        DockerEngine().build(ask("whole", ImageTar(path=tmp_path / "2.tar")))
        assert run(["docker", "image", "inspect", "--format", "{{.Id}}", tag]).stdout.strip() == loaded
    finally:
        run(["docker", "image", "rm", tag])


def test_a_failing_step_is_named_with_its_own_reason_and_leaves_nothing(
    engine: Engine, ask: Ask, tmp_path: Path
) -> None:
    with pytest.raises(BuildError, match=r"the step broken failed: .*not/there"):
        engine.build(ask("broken", FilesystemTar(path=tmp_path / "x.tar")))
    assert not list(tmp_path.glob("x.tar*"))


@pytest.mark.docker
def test_no_context_stays_behind_in_the_engine(ask: Ask, tmp_path: Path) -> None:
    DockerEngine().build(ask("whole", FilesystemTar(path=tmp_path / "fs.tar")))
    kept = run(["docker", "buildx", "du", "--filter", "type=source.local"]).stdout
    assert kept.strip() == "", kept


# What a step sees, as one line of JSON.
LOOK = """
import json, os, socket, sys
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    pass
open("/dev/null", "w").write("x")
links = [name for _, name in socket.if_nameindex()]
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
print(json.dumps([os.listdir("/"), links, pids, os.getuid(), list(os.environ)]))
"""
LEAVE = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "MARK"])
print("left one", flush=True)
time.sleep(float(sys.argv[1]))
"""
ROOMS = [room for room in Room if room.apart]


def in_room(room: Room, root: Path, script: str, *words: str) -> list[str]:
    """The command line of a script in a room; its Python is this machine's, bound into the room's folder.

    The binds are made in a mount namespace around the room, so they go with it.
    """
    python = Path(sys.base_prefix).resolve()
    bound = sorted({"/usr", "/lib", "/lib64", str(python)})
    for folder in bound:
        (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    program = str(python / "bin" / f"python3.{sys.version_info[1]}")
    binds = " && ".join(f"mount --rbind {folder} {root}{folder}" for folder in bound)
    command = room.argv(root, [program, "-I", "-S", "-c", script, *words], {"ONLY": "this"})
    return ["unshare", "--mount", "sh", "-c", f'{binds} && exec "$@"', "sh", *command]


@pytest.mark.parametrize("room", ROOMS)
def test_a_step_sees_its_own_folder_processes_and_loopback_and_nothing_of_the_machine(
    room: Room, tmp_path: Path
) -> None:
    said: list[str] = []
    run(in_room(room, tmp_path, LOOK), on_line=said.append)
    names, links, pids, user, environment = json.loads(said[-1])
    assert set(names) <= {"dev", "etc", "lib", "lib64", "proc", "tmp", "usr", Path(sys.base_prefix).parts[1]}
    assert (links, pids, user) == (["lo"], [1], 0)
    assert set(environment) - {"LC_CTYPE"} == {"ONLY"}


def running(mark: str) -> bool:
    lines = (file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.parent.exists())
    return any(mark.encode() in line and b"sleep(600)" in line for line in lines)


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_that_a_step_started_survives_its_end_or_ctrl_c(room: Room, tmp_path: Path) -> None:
    mark = f"left-{tmp_path.name}-{os.getpid()}"
    run(in_room(room, tmp_path, LEAVE.replace("MARK", mark), "0"))
    assert not running(mark)
    with ThreadPoolExecutor() as pool:
        said: list[str] = []
        step = pool.submit(
            run, in_room(room, tmp_path, LEAVE.replace("MARK", mark), "600"), on_line=said.append
        )
        while not said:
            time.sleep(0.05)
        assert running(mark)
        stop_all()  # as Ctrl-C does
        with pytest.raises(CommandFailed):
            step.result()
    assert not running(mark)
