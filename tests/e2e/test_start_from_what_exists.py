"""From what exists to a page that answers, with no edit by hand: a folder, and the database that it became."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.command_line import kgshare, works

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("stories")]
TEA = Path(__file__).parents[1] / "projects" / "tea"


@pytest.fixture(scope="module")
def tea_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A folder in the layout of Neo4j's published examples, made a project, built and started."""
    folder = shutil.copytree(TEA, tmp_path_factory.mktemp("from") / "tea")
    report = works("init", "--from", folder).out
    assert "wrote" in report
    works("build", folder)
    up = works("up", folder, "--name", "e2e-tea", "--no-open", "--json").result
    try:
        yield {**up, "folder": folder}
    finally:
        works("down", "--name", "e2e-tea", "--volumes")


def neighbours(url: str, name: str) -> set[str]:
    """What a page shows beside a tea."""
    address = f"{url.rstrip('/')}/api/v1/record?label=Tea&key={name}"
    with urllib.request.urlopen(address) as answer:
        groups = json.load(answer)["neighbours"]
    return {item["title"] for group in groups if group["type"] == "TASTES_LIKE" for item in group["items"]}


def test_a_folder_becomes_a_project_whose_readme_is_a_check_and_whose_page_shows_the_result(
    tea_stack: dict[str, Any],
) -> None:
    manifest = (tea_stack["folder"] / "kgshare.yaml").read_text()
    assert "the README's query gives Dian Hong" in manifest
    assert "# look: the README states this, and it does not hold" not in manifest
    assert (tea_stack["nodes"], tea_stack["relationships"]) == (12, 14)
    assert "Dian Hong" in neighbours(tea_stack["url"], "Keemun")


def test_a_running_database_becomes_a_project_with_the_same_graph(
    tea_stack: dict[str, Any], tmp_path: Path
) -> None:
    """It is read with the stack's password, and built again."""
    project = tmp_path / "tea"  # its name, as only graphs of one project are compared
    password = tea_stack["password_file"]
    works("init", project, "--from", tea_stack["bolt"], "--password-file", password)
    first = next(Path(tea_stack["folder"]).glob("*.kgshare.tar"))
    copy = works("build", project, "--json").result["bundle"]
    assert works("diff", first, copy).out.strip() == "no difference"


def test_a_wrong_password_and_none_are_said_and_nothing_is_written(
    tea_stack: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("another")
    wrong = kgshare(
        "init", tmp_path / "copy", "--from", tea_stack["bolt"], "--password-file", tmp_path / "password"
    )
    none = kgshare("init", tmp_path / "copy", "--from", tea_stack["bolt"])
    assert (wrong.code, none.code) == (10, 10)
    assert f"{tea_stack['bolt']}: the database refuses neo4j with this password" in wrong.err
    assert f"{tea_stack['bolt']}: the database asks for a password" in none.err
    assert "NEO4J_PASSWORD" in wrong.err
    assert "another" not in wrong.err
    assert not list((tmp_path / "copy").iterdir())


def _built(project: Path) -> Path:
    return Path(works("build", project, "--json").result["bundle"])
