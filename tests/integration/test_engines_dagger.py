"""Dagger with a real engine, wherever one is reached: a session, or a CLI that has one. No engine can be had by package."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kgshare.doors.process import which
from kgshare.engines import BuildRequest, FilesystemTar, ImageTar
from kgshare.engines.dagger import DaggerEngine
from kgshare.engines.local import LocalEngine
from kgshare.errors import BuildError

WAYS = (
    "DAGGER_SESSION_PORT",
    "_EXPERIMENTAL_DAGGER_CLI_BIN",
)  # an engine by its address is reached with the CLI
REACHED = any(os.environ.get(way) for way in WAYS) or which("dagger") is not None
pytestmark = pytest.mark.skipif(
    not REACHED,
    reason=f"no Dagger engine is reached: there is no `dagger` on PATH, and neither {' nor '.join(WAYS)} is set",
)


@pytest.fixture
def engine() -> DaggerEngine:
    found = DaggerEngine()
    found.check()
    return found


def request(folder: Path, text: str, out: FilesystemTar | ImageTar) -> BuildRequest:
    (folder / "Dockerfile").write_text(text)
    return BuildRequest(
        dockerfile=folder / "Dockerfile", context=folder, target="a", platform="linux/amd64", epoch=1_700_000_000, output=out
    )  # fmt: skip


def test_an_image_of_layers_has_the_digests_that_every_engine_gives_its_layers(
    engine: DaggerEngine, tmp_path: Path
) -> None:
    import tarfile

    from kgshare.bundle import read_image_archive

    (tmp_path / "hello").write_text("hello\n")
    with tarfile.open(tmp_path / "files.tar", "w") as tar:
        tar.add(tmp_path / "hello", "etc/hello", filter=lambda info: info.replace(uid=0, gid=0, mtime=1))
    text = "FROM scratch AS a\nADD files.tar /\nUSER 1:1\n"
    made = []
    for name, each in (("dagger", engine), ("none", LocalEngine(tmp_path / "rooms"))):
        out = tmp_path / f"{name}.image.tar"
        each.build(request(tmp_path, text, ImageTar(path=out)))
        made.append([layer.diff_id for layer in read_image_archive(out).layers])
    assert made[0] == made[1]


def test_a_step_that_fails_is_told_with_its_reason(engine: DaggerEngine, tmp_path: Path) -> None:
    text = 'FROM scratch AS a\nRUN ["/none"]\n'
    with pytest.raises(BuildError, match="the step a failed"):
        engine.build(request(tmp_path, text, FilesystemTar(path=tmp_path / "out.tar")))


def test_a_project_is_built_to_the_same_graph_as_without_an_engine(
    engine: DaggerEngine, tmp_path: Path
) -> None:
    import shutil

    from kgshare.build import build
    from kgshare.bundle import read_bundle
    from kgshare.engines import choice
    from kgshare.progress import Progress
    from kgshare.trust.author import Signing

    herbarium = Path(__file__).parents[1] / "projects" / "herbarium"
    graphs = set()
    for name in ("dagger", "none"):
        project = shutil.copytree(herbarium, tmp_path / name)
        script = project / "identifications.cypher"
        script.write_text(f"{script.read_text()}\n// {tmp_path} {name}\n")  # so that it has to be seeded
        report = build(
            project, output=None, locked=False, progress=Progress(quiet=True), engine=choice.named(name),
            signing=Signing(off=True),
        )  # fmt: skip
        assert report.engine == name
        graphs.add(read_bundle(report.bundle).files["graph.tar.zst"].digest)
    assert len(graphs) == 1
