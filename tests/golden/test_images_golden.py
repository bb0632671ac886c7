"""What an image build is told: command lines, Dockerfiles, configuration, each as a person has read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kgshare.base.make import in_container, mmdebstrap_argv
from kgshare.engines import BuildRequest, FilesystemTar
from kgshare.engines.docker import build_argv
from kgshare.images import conf
from kgshare.images.build import dockerfile
from kgshare.lock.model import DebianPackage
from kgshare.project import read_project

HERE = Path(__file__).parent / "images"
HERBARIUM = read_project(Path(__file__).parents[1] / "projects" / "herbarium")
Golden = Callable[[Path, str], None]


def package(name: str, version: str) -> DebianPackage:
    return DebianPackage(
        name=name, version=version, suite="trixie-security", architecture="amd64", sha256="0" * 64, size=1, source=name
    )  # fmt: skip


def test_mmdebstrap_is_called_as_it_was_read_on_debian_and_in_a_container(golden: Golden) -> None:
    argv = mmdebstrap_argv(
        [package("tzdata", "2026a-1"), package("libc6", "2.41-12")], "trixie", "amd64", "/base"
    )
    golden(HERE / "mmdebstrap.txt", "\n".join([*argv, "", *in_container(argv, Path("/tmp/w"), 42)]) + "\n")


def test_docker_is_called_as_it_was_read(golden: Golden) -> None:
    request = BuildRequest(
        dockerfile=Path("/c/Dockerfile"), context=Path("/c"), target="result", platform="linux/arm64",
        args={"TITLE": "a b"}, epoch=42, output=FilesystemTar(path=Path("/o")), fresh=True,
    )  # fmt: skip
    golden(HERE / "buildx.txt", "\n".join(build_argv(request, ["--output", "type=tar,dest=/o"])) + "\n")


def test_neo4js_configuration_is_the_one_that_was_read(golden: Golden) -> None:
    golden(HERE / "neo4j.conf", conf.neo4j_conf(HERBARIUM.manifest))
    golden(HERE / "database.args", conf.database_args(HERBARIUM.manifest, ["neo4j.jar"], ["apoc.jar"]))


@pytest.mark.parametrize("name", ["runtime", "seed", "database", "application"])
def test_a_dockerfile_asks_no_registry_and_runs_no_step_with_a_network(name: str) -> None:
    lines = dockerfile(name, HERBARIUM).replace("\\\n", " ").splitlines()
    stages = {"scratch"} | {line.split()[-1] for line in lines if line.startswith("FROM ")}
    assert {line.split()[1] for line in lines if line.startswith("FROM ")} <= stages
    assert all(line.startswith("RUN --network=none ") for line in lines if line.startswith("RUN "))
    assert not [line for line in lines if line.startswith("# syntax") or "@START@" in line]


@pytest.mark.parametrize("name", ["database", "application"])
def test_the_last_stage_of_an_image_runs_nothing_and_is_nobodys_root(name: str) -> None:
    last = dockerfile(name, HERBARIUM).rpartition("\nFROM ")[2]
    assert "RUN" not in last
    assert {"database": "USER 7474:7474", "application": "USER 65532:65532"}[name] in last
