"""From a folder as Neo4j's published examples are laid out to a page, with no edit by hand."""

from __future__ import annotations

import shutil
import urllib.request
from pathlib import Path

import pytest
from tests.e2e.command_line import works

pytestmark = pytest.mark.docker
TEA = Path(__file__).parents[1] / "projects" / "tea"


def test_a_folder_of_scripts_becomes_a_project_that_is_built_and_answers(tmp_path: Path) -> None:
    folder = shutil.copytree(TEA, tmp_path / "tea")
    report = works("init", folder, "--json").result
    assert (folder / "kgshare.yaml").is_file()
    assert report is not None
    built = works("build", folder, "--json").result
    counted = works("inspect", built["bundle"], "--json").result["nodes"]
    up = works("up", folder, "--name", "e2e-tea", "--no-open", "--json").result
    try:
        assert up["nodes"] == sum(counted.values()) > 5
        with urllib.request.urlopen(up["url"]) as answer:
            assert answer.status == 200
    finally:
        works("down", "--name", "e2e-tea", "--volumes")
