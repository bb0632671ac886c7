"""Both engines, for real: what comes out, that it is the same, what stays behind, and what is said when a step fails."""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kgshare.bundle import read_image_archive
from kgshare.doors.process import run
from kgshare.engines import BuildRequest, Engine, FilesystemTar, ImageTar
from kgshare.engines.docker import DockerEngine
from kgshare.engines.local import LocalEngine, Room
from kgshare.errors import BuildError
from kgshare.images.layers import Layer

Ask = Callable[[str, FilesystemTar | ImageTar], BuildRequest]

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

    def request(target: str, output: FilesystemTar | ImageTar) -> BuildRequest:
        return BuildRequest(
            dockerfile=context / "Dockerfile", context=context, target=target, platform="linux/amd64",
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


INSIDE = """
import os, socket, sys
root = sorted(name for name in os.listdir("/") if name != "lib64")
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    pass
links = [name for _, name in socket.if_nameindex()]
pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
open("/dev/null", "w").write("x")
print(root, links, pids, os.getuid(), sorted(os.environ), file=sys.stderr)
"""


@pytest.mark.parametrize("room", [room for room in Room if room.apart])
def test_a_step_sees_its_own_folder_processes_and_loopback_and_nothing_of_the_machine(
    room: Room, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    python = Path(sys.base_prefix).resolve()
    for folder in {
        "/usr",
        "/lib",
        "/lib64",
        str(python),
    }:  # the step's programs: this machine's, bound into its folder
        (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    command = [str(python / "bin" / f"python3.{sys.version_info[1]}"), "-I", "-S", "-c", INSIDE]
    binds = " && ".join(
        f"mount --rbind {d} {root}{d}" for d in sorted({"/usr", "/lib", "/lib64", str(python)})
    )
    said: list[str] = []
    # In a mount namespace of its own, so that the binds go with the test.
    run(
        [
            "unshare",
            "--mount",
            "sh",
            "-c",
            f'{binds} && exec "$@"',
            "sh",
            *room.argv(root, command, {"ONLY": "this"}),
        ],
        on_line=said.append,
    )
    names, links, pids, user, environment = eval(said[-1].replace("] ", "], ").replace(" 0 ", " 0, "))
    assert set(names) <= {"dev", "etc", "lib", "proc", "tmp", "usr", python.parts[1]}
    assert (links, pids, user) == (["lo"], [1], 0)
    assert set(environment) - {"LC_CTYPE"} == {"ONLY"}
