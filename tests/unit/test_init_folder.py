"""A folder in the layout of Neo4j's published examples is read for what it says, without starting anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgshare.errors import ManifestError
from kgshare.init.folder import Stated, check_of, read_folder

TEA = Path(__file__).parents[1] / "projects" / "tea"


def test_the_tea_project_says_what_it_is_and_what_its_query_gives() -> None:
    found = read_folder(TEA, "5.26.30")
    assert found.scripts == ("scripts/tea.cypher",)
    assert found.inputs == ("import",)
    assert found.names["description"] == "Teas, where they grow, and which of them taste alike"
    assert found.stated is not None
    check = check_of(found.stated)
    assert check["expect"] is True
    assert "tea.name = 'Keemun'" in check["cypher"]
    assert check["cypher"].endswith("RETURN 'Dian Hong' IN collect(toString(`name`))")


def test_the_dump_that_the_installation_file_names_for_this_neo4j_is_taken(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ("tea-35", "tea-43", "tea-50"):
        (tmp_path / "data" / f"{name}.dump").touch()
    assert read_folder(tmp_path, "5.26.30").dump == "data/tea-50.dump"
    rows = [
        {"dumpFile": "data/tea-35.dump", "targetNeo4jVersion": ">=3.5.0 <4.0.0"},
        {"dumpFile": "data/tea-43.dump", "targetNeo4jVersion": ">=4.3.0", "plugins": ["apoc"]},
    ]
    (tmp_path / "relate.project-install.json").write_text(json.dumps({"dbms": rows}))
    found = read_folder(tmp_path, "5.26.30")
    assert found.dump == "data/tea-43.dump"
    assert found.plugins == ("apoc",)
    assert "tea-50" in found.notes[0]


def test_scripts_stand_in_for_dumps_that_are_too_old(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "data" / "tea-35.dump").touch()
    (tmp_path / "scripts" / "b.cypher").write_text("RETURN apoc.version();")
    (tmp_path / "scripts" / "a.cypher").write_text("CREATE (:Tea);")
    found = read_folder(tmp_path, "5.26.30")
    assert (found.dump, found.scripts) == (None, ("scripts/a.cypher", "scripts/b.cypher"))
    assert found.plugins == ("apoc",)
    assert any("older than Neo4j 4.3" in note for note in found.notes)


def test_a_markdown_readme_states_a_query_and_its_result_too(tmp_path: Path) -> None:
    (tmp_path / "x.cypher").write_text("CREATE (:Tea);")
    (tmp_path / "README.md").write_text(
        "# Teas of the world\n\n```cypher\nMATCH (t:Tea)\nRETURN count(t);\n```\n\nExpected result: 1\n"
    )
    found = read_folder(tmp_path, "5.26.30")
    assert found.names["title"] == "Teas of the world"
    assert found.stated is not None
    assert check_of(found.stated) | {"name": ""} == {
        "name": "",
        "cypher": "MATCH (t:Tea) RETURN count(t)",
        "expect": 1,
    }


def test_a_parameter_cannot_end_the_text_it_stands_in() -> None:
    stated = Stated(
        query="RETURN $who AS x", parameters={"who": "O'Neill\\"}, column="x", expected="a'b", where=""
    )
    assert check_of(stated)["cypher"] == (
        "CALL () { RETURN 'O\\'Neill\\\\' AS x } RETURN 'a\\'b' IN collect(toString(`x`))"
    )


def test_a_folder_with_nothing_to_seed_from_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").touch()
    with pytest.raises(ManifestError, match="nothing here that a graph can be made of"):
        read_folder(tmp_path, "5.26.30")
