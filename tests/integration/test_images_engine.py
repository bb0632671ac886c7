"""The Docker engine, for real: what comes out, what stays behind, and what is said when a step fails."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kgshare.doors.process import run
from kgshare.engines import BuildRequest, FilesystemTar, ImageTar
from kgshare.engines.docker import DockerEngine
from kgshare.errors import BuildError
from kgshare.images.layers import Layer

pytestmark = pytest.mark.docker
Ask = Callable[[str, FilesystemTar | ImageTar], BuildRequest]

DOCKERFILE = """\
FROM scratch AS whole
ADD layer.tar /
LABEL a="b"
USER 7474:7474

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

    def request(target: str, output: FilesystemTar | ImageTar) -> BuildRequest:
        return BuildRequest(
            dockerfile=context / "Dockerfile", context=context, target=target, platform="linux/amd64",
            epoch=1_700_000_000, output=output, fresh=True,
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


def test_the_engine_of_this_machine_can_build() -> None:
    DockerEngine().check()


def test_a_file_system_comes_out_with_its_owners_and_modes(ask: Ask, tmp_path: Path) -> None:
    lines: list[str] = []
    DockerEngine().build(ask("whole", FilesystemTar(path=tmp_path / "fs.tar")), lines.append)
    with tarfile.open(tmp_path / "fs.tar") as tar:
        found = {m.name.strip("/"): (m.uid, m.mode & 0o777) for m in tar}
    assert found["data/x"] == (7474, 0o644)
    assert found["data/empty"] == (7474, 0o700)
    assert any("ADD layer.tar" in line for line in lines)


def test_two_builds_of_an_image_are_the_same_image_and_none_stays_in_docker(ask: Ask, tmp_path: Path) -> None:
    for name in ("1", "2"):
        DockerEngine().build(ask("whole", ImageTar(path=tmp_path / f"{name}.tar")))
    assert image(tmp_path / "1.tar") == image(tmp_path / "2.tar")
    config = image(tmp_path / "1.tar")[0].rpartition("/")[2]
    assert config not in run(["docker", "images", "--all", "--quiet", "--no-trunc"]).stdout


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


def test_a_failing_step_is_named_with_its_own_reason_and_leaves_nothing(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"the step broken failed: .*not/there"):
        DockerEngine().build(ask("broken", ImageTar(path=tmp_path / "x.tar")))
    assert not list(tmp_path.glob("x.tar*"))


def test_no_context_stays_behind_in_the_engine(ask: Ask, tmp_path: Path) -> None:
    DockerEngine().build(ask("whole", FilesystemTar(path=tmp_path / "fs.tar")))
    kept = run(["docker", "buildx", "du", "--filter", "type=source.local"]).stdout
    assert kept.strip() == "", kept
