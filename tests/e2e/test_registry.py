"""A bundle goes to a registry, comes back as the same file, and is started from there on a Docker that does not have it."""

from __future__ import annotations

import os
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.base_registry import registry
from tests.e2e.command_line import kgshare, works

from kgshare.doors.process import run

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry(tmp_path_factory.mktemp("pushed") / "registry") as host:
        yield host


def without_images(name: str) -> None:
    """Take a project's images out of Docker, whatever they are tagged."""
    found = run(["docker", "images", "--quiet", "--no-trunc", f"localhost/{name}/*"]).stdout.split()
    if found:
        run(["docker", "rmi", "--force", *sorted(set(found))])


def test_push_pull_and_up_through_a_registry(herbarium_once: Path, address: str, tmp_path: Path) -> None:
    file = next(herbarium_once.glob("*.kgshare.tar"))
    where = f"oci://{address}/herbarium"
    pushed = works("push", file, where, "--json").result
    assert pushed["blobs_sent"] == pushed["blobs"]
    again = works("push", file, where).out
    assert f"blobs sent: 0 of {pushed['blobs']}, 0 bytes" in again
    assert f"kgshare up {pushed['reference']}" in again

    cache = {"KGSHARE_CACHE": str(tmp_path / "cache")}
    pulled = works("pull", where, "--output", tmp_path, "--json", **cache).result
    assert Path(pulled["bundle"]).read_bytes() == file.read_bytes()
    assert pulled["blobs_fetched"] == pulled["blobs"]

    without_images("herbarium")
    stack = ("--name", "e2e-registry")
    try:
        up = works("up", pushed["reference"], *stack, "--no-open", "--json", **cache)
        assert re.search(r"fetch 0 of \d+ blobs", up.err)  # they are in the file that was pulled
        with urllib.request.urlopen(up.result["url"]) as answer:
            assert "Gentiana clusii (revision, 2019)" in answer.read().decode()
    finally:
        works("down", *stack, "--volumes")


def test_compose_reads_the_project_that_was_pushed(
    herbarium_once: Path, address: str, tmp_path: Path
) -> None:
    file = next(herbarium_once.glob("*.kgshare.tar"))
    [name] = [
        n
        for n in works("push", file, f"oci://{address}/composed", "--json").result["also"]
        if n.endswith("-compose")
    ]
    may = {**os.environ, "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "true", "HOME": str(tmp_path)}
    images = run(["docker", "compose", "-f", f"oci://{name}", "config", "--images"], env=may).stdout.split()
    assert len(images) == 3
    assert all(re.fullmatch(f"{address}/composed@sha256:[0-9a-f]{{64}}", image) for image in images)


def test_what_is_not_there_or_no_reference_is_said(address: str) -> None:
    nothing = kgshare("pull", f"oci://{address}/nothing", "--json")
    assert (nothing.code, nothing.errors[0]["message"]) == (18, "there is no nothing")
    assert kgshare("up", f"oci://{address}/nothing:1.0").code == 18
    assert kgshare("push", "README.md", "oci://README.md").code == 2
