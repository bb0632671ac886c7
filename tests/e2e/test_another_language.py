"""A project whose application is not Python's: an image built from its own Dockerfile and locked inputs, or one that comes whole."""

from __future__ import annotations

import json
import re
import shutil
import subprocess  # noqa: TID251 - what a person types to save an image
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.command_line import kgshare, works

pytestmark = pytest.mark.docker
LIGHTHOUSE = Path(__file__).parents[1] / "projects" / "lighthouse"


@pytest.fixture(scope="module")
def lighthouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, built."""
    folder = shutil.copytree(LIGHTHOUSE, tmp_path_factory.mktemp("light") / "lighthouse")
    works("build", folder)
    return folder


def page(url: str) -> list[str]:
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode().splitlines()


def application(folder: Path) -> Any:
    images = works("inspect", next(folder.glob("*.kgshare.tar")), "--json").result["images"]
    return next(image for image in images if image["role"] == "application")


@pytest.mark.parametrize("how", [(), ("--local", "--yes")], ids=["containers", "local"])
def test_its_page_answers_from_the_graph(lighthouse: Path, how: tuple[str, ...]) -> None:
    name = f"e2e-light{len(how)}"
    try:
        up = works("up", *how, lighthouse, "--name", name, "--no-open", "--json").result
        assert page(up["url"])[:2] == ["Neuwerk light (North): 39 m", "Old head (North): 30 m"]
        assert {s["name"]: s["health"] for s in up["services"]}["application"] == "healthy"
    finally:
        works("down", "--name", name, "--volumes")


def test_an_image_that_docker_saved_is_locked_by_its_digest_and_packed_as_it_is(
    lighthouse: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(lighthouse, tmp_path / "whole", ignore=shutil.ignore_patterns("*.tar"))
    bundle = next(lighthouse.glob("*.kgshare.tar"))
    subprocess.run(["docker", "load", "--quiet", "--input", bundle], check=True, stdout=subprocess.DEVNULL)
    tag = "localhost/lighthouse/application:1.0.0"
    subprocess.run(["docker", "save", "--output", folder / "app.tar", tag], check=True)
    manifest = folder / "kgshare.yaml"
    text = re.sub(r"  image:\n(    .*\n)+  jars:.*\n", "  image: app.tar\n", manifest.read_text())
    assert "image: app.tar" in text
    manifest.write_text(text)
    assert kgshare("build", folder, "--locked").code == 4
    works("build", folder)
    locked = json.loads((folder / "kgshare.lock").read_text())["needs"]["image"]
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", locked)
    assert application(folder)["digest"] == application(lighthouse)["digest"]
    text = text.replace("port: 8090", "port: 8091")
    manifest.write_text(text)
    ran = kgshare("build", folder, "--json")
    assert ran.code == 6
    assert ran.errors[0]["message"] == "port: the image listens on 8090, and application.port is 8091"
    assert ran.errors[0]["where"] == "app.tar"


def test_a_dockerfile_that_would_fetch_an_image_is_named_with_its_line(
    lighthouse: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(lighthouse, tmp_path / "fetching")
    dockerfile = folder / "app" / "Dockerfile"
    dockerfile.write_text(
        dockerfile.read_text().replace("FROM scratch AS application", "FROM eclipse-temurin:21-jre")
    )
    ran = kgshare("build", folder, "--json")
    assert (ran.code, ran.errors[0]["kind"]) == (6, "image")
    assert ran.errors[0]["message"] == "the image eclipse-temurin:21-jre would have to be fetched"
    assert re.fullmatch(r"app/Dockerfile:\d+", ran.errors[0]["where"])
    assert "ADD base.tar /" in ran.errors[0]["hint"]
