"""The two projects that go the whole way, built once a session with the machine's own cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.e2e.command_line import works

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def ocean_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ocean project's bundle."""
    out = tmp_path_factory.mktemp("ocean")
    return Path(works("build", ROOT, "--output", out, "--json").result["bundle"])


@pytest.fixture(scope="session")
def herbarium_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the herbarium, built."""
    folder = tmp_path_factory.mktemp("herbarium") / "herbarium"
    shutil.copytree(ROOT / "tests" / "projects" / "herbarium", folder)
    works("build", folder)
    return folder


@pytest.fixture
def herbarium(herbarium_once: Path, tmp_path: Path) -> Path:
    """A copy of the built herbarium that a test may change."""
    return shutil.copytree(herbarium_once, tmp_path / "herbarium")
