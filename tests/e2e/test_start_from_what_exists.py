"""From what exists to a page that answers, with no edit by hand: a folder, the database that it became, a dump."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest
from tests.e2e.command_line import kgshare, works

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("stories")]
TEA = Path(__file__).parents[1] / "projects" / "tea"
TASTES_ALIKE = (
    "MATCH (:Tea {name: 'Keemun'})-[:TASTES_LIKE]-(other:Tea) RETURN other.name AS name ORDER BY name"
)


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
    """It is read with the stack's password, built again, and started without containers."""
    project = tmp_path / "tea"  # its name, as only graphs of one project are compared
    password = tea_stack["password_file"]
    works("init", project, "--from", tea_stack["bolt"], "--password-file", password)
    first = next(Path(tea_stack["folder"]).glob("*.kgshare.tar"))
    assert works("diff", first, _built(project)).out.strip() == "no difference"
    up = works("up", "--local", "--yes", project, "--name", "e2e-copy", "--no-open", "--json").result
    try:
        with neo4j.GraphDatabase.driver(
            up["bolt"], auth=("neo4j", Path(up["password_file"]).read_text().strip())
        ) as driver:
            names = [row["name"] for row in driver.execute_query(TASTES_ALIKE).records]
        assert names == ["Dian Hong", "Lapsang Souchong"]
        assert "Dian Hong" in neighbours(up["url"], "Keemun")
    finally:
        works("down", "--name", "e2e-copy", "--volumes")


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


def test_a_dump_becomes_a_project_whose_page_shows_what_was_in_it(
    bakery_bundle: Path, tmp_path: Path
) -> None:
    project = tmp_path / "from-dump"
    works("init", project, "--from", bakery_bundle.parent / "data" / "bakery.dump")
    up = works("up", "--local", "--yes", project, "--name", "e2e-dump", "--no-open", "--json").result
    try:
        assert (up["nodes"], up["relationships"]) == (19, 45)
        address = f"{up['url'].rstrip('/')}/api/v1/record?label=Bread&key=Focaccia"
        with urllib.request.urlopen(address) as answer:
            groups = json.load(answer)["neighbours"]
        [contains] = [group for group in groups if group["type"] == "CONTAINS"]
        assert {item["title"] for item in contains["items"]} >= {"olive oil", "wheat flour"}
    finally:
        works("down", "--name", "e2e-dump", "--volumes")
