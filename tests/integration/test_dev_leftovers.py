"""What the end of a test session takes away in Docker, and what it leaves alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.leftovers import FILES_LABEL, PROJECT_LABEL, own_projects, sweep

from kgshare.doors.process import run

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """An image with nothing in it, enough to create containers from."""
    tag = f"leftovers-{uuid.uuid4().hex[:8]}"
    archive = run(["bash", "-c", f"tar c --files-from /dev/null | docker import - {tag}"]).stdout
    assert archive.startswith("sha256:")
    yield tag
    run(["docker", "rmi", "--force", tag])


def create(image: str, *labels: str) -> str:
    words = [word for label in labels for word in ("--label", label)]
    return run(["docker", "create", *words, image, "/never-started"]).stdout.strip()


def listed(kind: str, label: str) -> list[str]:
    command = ["docker", "ps", "--all"] if kind == "container" else ["docker", kind, "ls"]
    return run([*command, "--quiet", "--filter", f"label={label}"]).stdout.split()


def test_everything_with_a_label_of_the_session_goes_and_nothing_without(image: str, tmp_path: Path) -> None:
    ours, others = f"kgshare.test-session={uuid.uuid4().hex}", f"kgshare.test-session={uuid.uuid4().hex}"
    create(image, ours)
    run(["docker", "volume", "create", "--label", ours])
    run(["docker", "network", "create", "--internal", "--label", ours, f"leftovers-{uuid.uuid4().hex[:8]}"])
    kept = create(image, others)
    try:
        removed = sweep(tmp_path, [ours])
        assert sorted(line.split()[0] for line in removed) == ["container", "network", "volume"]
        assert [listed(kind, ours) for kind in ("container", "network", "volume")] == [[], [], []]
        assert len(listed("container", others)) == 1
        assert sweep(tmp_path, [ours]) == []
    finally:
        run(["docker", "rm", kept])


def test_a_stack_is_ours_by_the_folder_of_its_compose_file_not_by_its_name(
    image: str, tmp_path: Path
) -> None:
    mine, shared = f"p{uuid.uuid4().hex[:8]}", f"p{uuid.uuid4().hex[:8]}"
    (tmp_path / shared).mkdir()
    create(image, f"{PROJECT_LABEL}={mine}", f"{FILES_LABEL}={tmp_path}/{mine}/compose.yaml")
    run(["docker", "volume", "create", "--label", f"{PROJECT_LABEL}={mine}"])
    other = create(image, f"{PROJECT_LABEL}={shared}", f"{FILES_LABEL}=/elsewhere/compose.yaml")
    try:
        assert own_projects(tmp_path) == {mine}
        assert sorted(line.split()[0] for line in sweep(tmp_path, [])) == ["container", "volume"]
        assert len(listed("container", f"{PROJECT_LABEL}={shared}")) == 1
    finally:
        run(["docker", "rm", other])
