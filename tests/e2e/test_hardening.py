"""What is in the images of a built project, read from its bundle: rows of docs/reference/hardening.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgshare.bundle import read_bundle
from kgshare.images.foreign import entries_of
from kgshare.images.policy import merged, wrong_config, wrong_files
from kgshare.lock.command import this_arch
from kgshare.policy.gather import Image, images_of

pytestmark = pytest.mark.docker  # what builds them


@pytest.fixture(scope="module")
def images(ocean_bundle: Path) -> tuple[Image, ...]:
    """The ocean's images: kgshare's database, and a Python application with packages, panels and npm's libraries."""
    return images_of(read_bundle(ocean_bundle))


def test_no_image_runs_as_root_or_is_started_by_a_shell(images: tuple[Image, ...]) -> None:
    for image in images:
        config = json.loads(image.config)
        port = int(next(iter(config["config"]["ExposedPorts"])).partition("/")[0])
        assert not list(wrong_config(config, platform=f"linux/{this_arch()}", port=port)), image.role


def test_every_image_says_how_its_health_is_seen(images: tuple[Image, ...]) -> None:
    for image in images:
        assert json.loads(image.config)["config"]["Healthcheck"]["Test"][0] == "CMD", image.role


def test_no_image_holds_a_shell_a_setuid_file_or_one_that_anybody_may_write(
    images: tuple[Image, ...],
) -> None:
    for image in images:
        assert wrong_files(merged(entries_of(layer) for layer in image.layers)) == [], image.role
