"""A folder of tables becomes a csv step: what is nodes, what relationships, by which keys; every decision is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kgshare.errors import ManifestError
from kgshare.init import init
from kgshare.init.beside import find_application, read_compose
from kgshare.init.command import Access, InitReport
from kgshare.init.folder import read_folder
from kgshare.init.records import read_records
from kgshare.init.tables import Tables, read_tables
from kgshare.progress import Progress
from kgshare.project import read_project

TEAS = "name,kind,since,organic,first\nKeemun,black,1875,true,1875-05-01\nPu-erh,dark,,false,\nLongjing,green,700,true,\n"
ALIKE = "one,other,why\nKeemun,Pu-erh,malty\nPu-erh,Longjing,clear\n"


def made(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def tables(folder: Path, **files: str) -> Tables:
    records, _ = read_records(made(folder, **files))
    return read_tables(records)


def problems(folder: Path, **files: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        tables(folder, **files)
    return [str(problem) for problem in caught.value.problems]


def start(folder: Path, source: Path | None = None) -> InitReport:
    said = str(source) if source else None
    return init(folder, said, access=Access(), surrogates=(), progress=Progress(quiet=True))


def test_a_table_with_a_key_is_nodes_and_one_of_two_keys_is_relationships(tmp_path: Path) -> None:
    found = tables(tmp_path, teas__csv=TEAS, alike__csv=ALIKE)
    assert found.step() == {
        "nodes": [
            {"file": "teas.csv", "labels": ["Teas"], "types": {"since": "int", "organic": "boolean", "first": "date"}}
        ],
        "relationships": [
            {
                "file": "alike.csv", "type": "ALIKE",
                "start": {"label": "Teas", "columns": ["one"]}, "end": {"label": "Teas", "columns": ["other"]},
            }
        ],
    }  # fmt: skip
    look = found.look()
    assert (look.nodes, look.relationships) == (3, 2)


def test_every_decision_is_said(tmp_path: Path) -> None:
    notes = tables(tmp_path, teas__csv=TEAS, alike__csv=ALIKE).notes
    assert notes == (
        "teas.csv is taken as nodes Teas (the file's name); name tells them apart; so would kind: which one is meant?",
        "alike.csv is taken as relationships ALIKE from Teas (one) to Teas (other), as these columns hold their keys",
    )


def test_a_column_of_another_tables_keys_stays_a_property_and_is_said(tmp_path: Path) -> None:
    found = tables(
        tmp_path, cups__csv="id,tea,potter\n1,Keemun,Ann\n2,Keemun,Bo\n", teas__csv=TEAS, potters__csv="name\nAnn\nBo\n"
    )  # fmt: skip
    assert [t.label for t in found.nodes] == ["Cups", "Potters", "Teas"]
    assert found.links == ()
    assert any("cups.csv: tea holds keys of Teas and stays a property" in note for note in found.notes)


def test_numbers_with_a_zero_in_front_stay_texts(tmp_path: Path) -> None:
    [table] = tables(tmp_path, sheets__csv="barcode,box,weight\n007,01,1.5\n008,02,2\n").nodes
    assert dict(table.types) == {"weight": "float"}


def test_parallel_relationships_get_what_tells_them_apart(tmp_path: Path) -> None:
    rated = "tea,other,by\nKeemun,Pu-erh,x\nKeemun,Pu-erh,y\n"
    found = tables(tmp_path, teas__csv=TEAS, rated__csv=rated)
    assert found.look().discriminators == {"RATED": (("by",),)}
    folder = tmp_path / "project"
    folder.mkdir()
    made(folder, teas__csv=TEAS, rated__csv=rated)
    start(folder)
    assert read_project(folder).manifest.identity.relationships == {"RATED": ("by",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind,since\nblack,1\nblack,1\n", "teas.csv: no column tells its rows apart"),
        ("name;kind\na;b\n", "teas.csv:1: its columns are not separated by commas"),
        ("id:ID,name\n1,a\n", "teas.csv:1: the column 'id:ID' is a header of neo4j-admin's import"),
        ("name,name\na,b\n", "teas.csv:1: its first line must name every column, each once"),
        ("name,kind\na\n", "teas.csv: row 1 has 1 cells, the header has 2"),
        ("", "teas.csv:1: its first line must name every column"),
    ],
)
def test_what_is_no_table_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert problems(tmp_path, teas__csv=text)[0].startswith(said)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            [{"id": 1, "by": {"name": "x"}}],
            "teas.json record 1: 'by' is neither a value nor a list of values",
        ),
        ([{"id": 1, "by": ["a"]}, {"id": 2, "by": "a"}], "teas.json: 'by' is a list in some records"),
        ([{"id": 1, "by": ["a;b"]}], "teas.json record 1: 'by': a text in a list is empty or holds `;`"),
    ],
)
def test_json_that_no_table_can_hold_is_named_with_its_record(tmp_path: Path, data: Any, said: str) -> None:
    assert problems(tmp_path, teas__json=json.dumps(data))[0].startswith(said)


def test_json_that_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    assert problems(tmp_path, teas__json='[\n{"id": 1},\n{"id": }]')[0].startswith("teas.json:3: not JSON")


def test_lists_and_lines_of_json_become_tables_and_other_json_is_left_out_and_said(tmp_path: Path) -> None:
    folder = made(
        tmp_path,
        teas__json=json.dumps(
            [{"name": "Keemun", "notes": ["malt", "wine"], "grams": 2.5}, {"name": "Pu-erh"}]
        ),
        alike__jsonl='{"one": "Keemun", "other": "Pu-erh"}\n',
        settings__json='{"a": 1}',
        package__json='[{"id": 1}]',
    )
    report = start(folder)
    assert report.files == ("tables/teas.csv", "tables/alike.csv")
    assert (
        folder / "tables" / "teas.csv"
    ).read_text() == "name,notes,grams\nKeemun,malt;wine,2.5\nPu-erh,,\n"
    step = read_project(folder).manifest.seed[0].csv
    assert step is not None
    assert step.nodes[0].types == {"notes": "string[]", "grams": "float"}
    assert (step.relationships[0].type, step.relationships[0].start.columns) == ("ALIKE", ("one",))
    assert "settings.json is no list of records, so it is left out" in report.look
    assert (report.nodes, report.relationships) == (2, 1)


def test_a_folder_that_is_not_the_project_is_copied_from_and_left_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    made(source, teas__csv=TEAS, alike__csv=ALIKE)
    start(tmp_path / "project", source)
    assert read_project(tmp_path / "project").manifest.identity.nodes == {"Teas": ("name",)}
    assert sorted(p.name for p in source.iterdir()) == ["alike.csv", "teas.csv"]


# --- what stands beside -----------------------------------------------------------------------------------------------

COMPOSE = """
services:
  db:
    image: neo4j:5.26.12-enterprise
    environment:
      NEO4J_AUTH: none
      NEO4J_PLUGINS: '["apoc", "graph-data-science"]'
      NEO4J_server_memory_heap_max__size: 2G
  web:
    build: ./app
    command: python -m teahouse --port 8088
  cache: {image: "redis:7"}
"""


def test_a_compose_files_neo4j_gives_version_and_plugins_and_says_what_is_not_taken_over(
    tmp_path: Path,
) -> None:
    found = read_compose(made(tmp_path, compose__yaml=COMPOSE), "5.26.30")
    assert (found.version, found.plugins) == ("5.26.12", ("apoc", "graph-data-science"))
    assert found.applications == {"web": "app"}
    assert found.notes == (
        "compose.yaml: db runs Neo4j 5.26.12, which is taken; the Enterprise Edition's features are not in Community",
        "compose.yaml: settings of db are not taken over: NEO4J_server_memory_heap_max__size; neo4j.config is their place",
    )


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (
            "neo4j:4.4.3",
            "runs Neo4j 4.4.3; this project runs 5.26.30, which no longer knows all of its syntax",
        ),
        ("neo4j", "runs Neo4j of no stated version; this project runs 5.26.30"),
        ("registry.example/library/neo4j:5", "runs Neo4j 5; this project runs 5.26.30"),
    ],
)
def test_a_version_that_is_not_run_here_is_said_and_not_taken(tmp_path: Path, image: str, said: str) -> None:
    text = f"services: {{db: {{image: '{image}', environment: ['NEO4J_AUTH=none']}}}}"
    found = read_compose(made(tmp_path, docker_compose__yml=text), "5.26.30")
    (tmp_path / "docker_compose.yml").rename(tmp_path / "docker-compose.yml")
    found = read_compose(tmp_path, "5.26.30")
    assert found.version == ""
    assert found.notes == (f"docker-compose.yml: db {said}",)


def test_a_compose_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"compose\.yaml: not YAML"):
        read_compose(made(tmp_path, compose__yaml="services: ["), "5.26.30")


def test_an_application_is_proposed_as_a_comment_with_what_the_folder_says_of_it(tmp_path: Path) -> None:
    folder = made(tmp_path, teas__csv=TEAS, compose__yaml=COMPOSE.replace("5.26.12-enterprise", "5"))
    (folder / "app" / "teahouse").mkdir(parents=True)
    (folder / "app" / "teahouse" / "__main__.py").write_text("")
    (folder / "app" / "requirements.txt").write_text("neo4j>=5  # driver\n-r other.txt\n")
    report = start(folder)
    assert any("app holds an application in Python" in note for note in report.look)
    text = (folder / "kgshare.yaml").read_text()
    assert read_project(folder).manifest.application.start is None
    lines = text[text.index("# application:") :].splitlines()
    proposed = yaml.safe_load("\n".join(line.removeprefix("# ") for line in lines))
    assert proposed["application"] == {
        "source": ["app/teahouse"],
        "requirements": ["neo4j>=5"],
        "start": ["python", "-m", "teahouse", "--port", "8088"],
    }


def test_an_application_in_another_language_is_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "go.mod").touch()
    found = find_application(tmp_path, read_compose(tmp_path, "5.26.30"))
    assert found is not None
    assert found.notes[0].startswith("app/go.mod: an application that is not Python's")


def test_scripts_come_before_tables_and_what_they_load_is_an_input(tmp_path: Path) -> None:
    folder = made(tmp_path, teas__csv=TEAS, a__cypher="LOAD CSV FROM 'file:///data/x.csv' AS r CREATE (:X);")
    (folder / "data").mkdir()
    (folder / "data" / "x.csv").write_text("1\n")
    found = read_folder(folder, "5.26.30")
    assert (found.scripts, found.inputs, found.tables) == (("a.cypher",), ("data/x.csv",), None)
