"""Layers, what goes into them, and what a failed build says."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kgshare.engines.docker import failure, reason
from kgshare.errors import BuildError, EngineError, SeedError
from kgshare.images.build import seeded
from kgshare.images.context import classes_layer, npm_package, page_json, start_command
from kgshare.images.layers import Layer
from kgshare.lock.model import NpmPackage
from kgshare.project import read_project
from kgshare.project.read import parse_project
from kgshare.seeding.result import error_json

PROJECTS = Path(__file__).parents[1] / "projects"
HERBARIUM = read_project(PROJECTS / "herbarium")


def members(tar: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(tar) as archive:
        return archive.getmembers()


def tar_of(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_equal_content_is_equal_bytes_whatever_the_order_the_times_and_the_modes(tmp_path: Path) -> None:
    for turn, order in enumerate([("a", "b"), ("b", "a")]):
        source = tmp_path / f"source{turn}"
        source.mkdir()
        for name in order:
            (source / name).write_text(name)
            (source / name).chmod(0o600 if turn else 0o644)
            os.utime(source / name, (turn * 1000, turn * 1000))
        with Layer(tmp_path / f"{turn}.tar", epoch=42) as layer:
            for name in order:
                layer.tree(f"opt/x/{name}", source / name)
    assert (tmp_path / "0.tar").read_bytes() == (tmp_path / "1.tar").read_bytes()


def test_every_member_has_the_clock_and_the_owner_and_the_folders_above_are_roots(tmp_path: Path) -> None:
    with Layer(tmp_path / "l.tar", epoch=42, owner=7474) as layer:
        layer.text("data/databases/x", "1")
    rows = [(m.name, m.uid, m.mtime) for m in members(tmp_path / "l.tar")]
    assert rows == [("data", 0, 42), ("data/databases", 0, 42), ("data/databases/x", 7474, 42)]


def test_a_layer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), Layer(tmp_path / "l.tar", epoch=0) as layer:
        layer.tree("a", tmp_path / "not there")
    assert list(tmp_path.iterdir()) == []


def test_nothing_leads_out_of_a_layer(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="leads out"), Layer(tmp_path / "l.tar", epoch=0) as layer:
        layer.text("srv/../../etc/passwd", "root")


def test_part_of_a_tar_is_moved_and_the_rest_left(tmp_path: Path) -> None:
    source = tar_of(tmp_path / "s.tar", {"data/x": b"1", "database/y": b"2", "graph/z": b"3"})
    with Layer(tmp_path / "l.tar", epoch=0) as layer:
        layer.tar(source, below="data", to="there")
    assert [m.name for m in members(tmp_path / "l.tar")] == ["there", "there/x"]


def test_of_the_runtime_only_our_classes_go_on_a_base_with_a_java_and_that_is_linked_where_ours_would_be(
    tmp_path: Path,
) -> None:
    with Layer(tmp_path / "runtime.tar", 42) as layer:
        layer.text("opt/java/bin/java", "ours")
        layer.text("opt/kgshare/classes/Launch.class", "")

    classes_layer(tmp_path / "runtime.tar", "usr/lib/jvm/j", 42, tmp_path / "made.tar")

    with tarfile.open(tmp_path / "made.tar") as tar:
        assert [m.name for m in tar if not m.isdir()] == ["opt/java", "opt/kgshare/classes/Launch.class"]
        assert tar.getmember("opt/java").linkname == "../usr/lib/jvm/j"


def test_of_an_npm_package_only_what_a_browser_loads_and_its_licence_is_taken(tmp_path: Path) -> None:
    files = {
        "package/dist/a.mjs": b"1", "package/LICENSE": b"l", "package/install.sh": b"rm", "package/src/a.ts": b"t",
        "package/../../evil.js": b"x",
    }  # fmt: skip
    source = tar_of(tmp_path / "p.tgz", files)
    package = NpmPackage(name="@x/y", version="1.0.0", integrity="", sha256="", size=0)
    with Layer(tmp_path / "l.tar", epoch=0) as layer:
        npm_package(layer, package, source)
    names = [m.name for m in members(tmp_path / "l.tar") if m.isfile()]
    assert names == ["srv/kgshare/assets/@x/y/LICENSE", "srv/kgshare/assets/@x/y/dist/a.mjs"]


def test_a_projects_own_start_command_runs_on_the_images_python() -> None:
    assert start_command(HERBARIUM) == ["/usr/bin/python3.13", "-m", "herbarium"]


def test_a_project_without_an_application_starts_kgshares_page_with_its_panels() -> None:
    text = HERBARIUM.text.replace(b"start: [python, -m, herbarium]", b"panels: herbarium.panels")
    project = parse_project(text, HERBARIUM.root / "kgshare.yaml")
    assert start_command(project)[1:] == ["-m", "kgshare.page", "--panels", "herbarium.panels"]


def test_the_page_can_read_what_it_is_told_about_a_project(tmp_path: Path) -> None:
    from kgshare.page.settings import read_project as read_page

    (tmp_path / "page.json").write_text(page_json(HERBARIUM))
    page = read_page(tmp_path / "page.json")
    assert (page.name, page.open) == ("herbarium", "/sheets/H0007")
    assert page.nodes["Collector"] == ("surname", "initials")


BUILDKIT = """\
#7 [runtime 3/3] RUN --network=none javac
#7 0.512 /src/Launch.java:3: error: class, interface, enum, or record expected
#7 ERROR: process "/bin/sh -c javac" did not complete successfully: exit code: 1
------
 > [runtime 3/3] RUN --network=none javac:
0.512 /src/Launch.java:3: error: class, interface, enum, or record expected
------
Dockerfile:14
ERROR: failed to solve: process "/bin/sh -c javac" did not complete successfully: exit code: 1
"""


def test_of_a_failed_build_the_steps_own_words_are_told() -> None:
    assert reason(BUILDKIT) == "/src/Launch.java:3: error: class, interface, enum, or record expected"


def test_a_build_without_a_failing_step_tells_its_last_error() -> None:
    assert (
        reason("#1 x\nERROR: failed to solve: base.tar: not found\n")
        == "ERROR: failed to solve: base.tar: not found"
    )


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("write /x: no space left on device", EngineError),
        ("Cannot connect to the Docker daemon", EngineError),
        ("x", BuildError),
    ],
)
def test_an_engines_trouble_is_told_apart_from_a_steps(output: str, kind: type[Exception]) -> None:
    assert type(failure("seed", output)) is kind


@pytest.fixture
def stage(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    return lambda files: tar_of(tmp_path / "made.tar", files)


def test_the_error_of_a_seed_stage_is_the_error_of_the_build(
    stage: Callable[[dict[str, bytes]], Path],
) -> None:
    wrong = error_json(SeedError("row 7 has no end", hint="add it"))
    with pytest.raises(SeedError, match="row 7 has no end"):
        seeded(stage({"error.json": wrong.encode(), "exit-code": b"7\n"}))


def test_a_seed_stage_that_died_without_a_word_is_a_failed_build(
    stage: Callable[[dict[str, bytes]], Path],
) -> None:
    with pytest.raises(BuildError, match="Killed"):
        seeded(stage({"exit-code": b"137\n", "console.log": b"bulk: 1 s\nKilled\n"}))
