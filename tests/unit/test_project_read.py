"""Reading the manifest: what is right becomes a Project, what is wrong is said all at once with file and line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from kgshare.errors import ManifestError
from kgshare.project import json_schema, read_project
from kgshare.project.read import parse_project

RIGHT = """\
kgshare: 1
name: tiny
version: 1.0.0
description: one node
licence: CC0-1.0
authors:
  - {name: A}
identity:
  nodes: {Thing: [id]}
seed:
  - csv:
      nodes:
        - {file: things.csv, labels: [Thing]}
  - cypher:
      scripts: [more.cypher]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "things.csv").write_text("id\n1\n")
    (tmp_path / "more.cypher").write_text("RETURN 1;\n")
    return tmp_path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_project(text.encode(), folder / "kgshare.yaml")
    return [f"{p.where}: {p.message}" for p in caught.value.problems]


def test_a_right_manifest_becomes_a_project_with_its_checksum(folder: Path) -> None:
    (folder / "kgshare.yaml").write_text(RIGHT)
    project = read_project(folder)
    assert project.root == folder.resolve()
    assert project.manifest.identity.nodes == {"Thing": ("id",)}
    assert project.manifest.application.port == 8088
    assert len(project.checksum) == 64


def test_three_mistakes_are_three_reports_each_with_its_line(folder: Path) -> None:
    text = RIGHT.replace("version: 1.0.0", "version: [1]").replace("licence: CC0-1.0", "license: CC0-1.0")
    found = problems(folder, text)
    assert found == [
        "kgshare.yaml:3: `version`: Input should be a valid string",
        "kgshare.yaml:1: `licence` is missing",
        "kgshare.yaml:5: unknown key `license`",
    ]


def test_mistakes_of_every_kind_are_said_at_once(folder: Path) -> None:
    text = RIGHT.replace("version: 1.0.0", "version: [1]").replace("things.csv", "thing.csv")
    assert problems(folder, text) == [
        "kgshare.yaml:3: `version`: Input should be a valid string",
        "kgshare.yaml:13: there is no thing.csv",
    ]
    text = RIGHT + "neo4j:\n  config:\n    dbms.security.auth_enabled: false\n    'a b ': 1\n"
    text += "application:\n  port: 7687\n"
    assert [line.partition(": ")[0] for line in problems(folder, text)] == [
        "kgshare.yaml:18",
        "kgshare.yaml:19",
        "kgshare.yaml:21",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: tiny", "name: Tiny!", "kgshare.yaml:2: `name`"),
        ("things.csv", "thing.csv", "kgshare.yaml:13: there is no thing.csv"),
        ("things.csv", "../things.csv", "kgshare.yaml:13: `seed[0].csv.nodes[0].file`: a path inside the project"),
        ("things.csv", "/etc/passwd", "kgshare.yaml:13: `seed[0].csv.nodes[0].file`: a path inside the project"),
        ("labels: [Thing]", "labels: [Thong]", "kgshare.yaml:13: label Thong has no key"),
        ("name: tiny", "name: tiny\nname: small", "kgshare.yaml:3: `name` stands twice"),
        ("name: tiny", "name: 'tiny", "kgshare.yaml:2: not YAML"),
        ("kgshare: 1", "kgshare: 2", "kgshare.yaml:1: `kgshare`"),
        ("  - cypher:\n      scripts: [more.cypher]", "  - {}", "kgshare.yaml:14: `seed[1]`: a seed step has exactly one"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(folder: Path, old: str, new: str, expected: str) -> None:
    assert old in RIGHT
    assert any(line.startswith(expected) for line in problems(folder, RIGHT.replace(old, new)))


def test_bulk_steps_stand_before_cypher_steps(folder: Path) -> None:
    head, csv, cypher = (
        RIGHT.partition("  - csv:")[0],
        RIGHT[RIGHT.index("  - csv") : RIGHT.index("  - cypher")],
        "",
    )
    cypher = RIGHT[RIGHT.index("  - cypher") :]
    [problem] = problems(folder, head + cypher + csv)
    assert problem == "kgshare.yaml:13: `seed[1]`: a csv or python step stands after a cypher step"


def test_a_link_that_leads_out_of_the_project_is_refused(folder: Path) -> None:
    (folder / "things.csv").unlink()
    (folder / "things.csv").symlink_to("/etc/hostname")
    assert "leads out of the project's folder" in problems(folder, RIGHT)[0]


def test_a_folder_without_manifest_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="there is no manifest here") as caught:
        read_project(tmp_path)
    assert "kgshare.yaml" in caught.value.problems[0].hint


def test_every_project_of_the_tests_validates_against_the_published_schema(tmp_path: Path) -> None:
    import yaml

    schema = json.loads(json_schema())
    Draft202012Validator.check_schema(schema)
    for manifest in sorted(Path("tests/projects").glob("*/kgshare.yaml")):
        Draft202012Validator(schema).validate(yaml.safe_load(manifest.read_text()))
        folder = tmp_path / manifest.parent.name
        shutil.copytree(manifest.parent, folder)
        if folder.name == "bakery":  # its dump is made when it is built
            (folder / "data").mkdir(exist_ok=True)
            (folder / "data" / "bakery.dump").touch()
        read_project(folder)


DATA = """\
- name: things
  title: Things
  licence: LicenseRef-free
  terms: free
  version: 2026-11-25
  citation: A. (2026). Things.
  origin: doi:10.1/x
  files: [things.csv]
"""


def test_data_sets_stand_in_the_manifest_or_in_a_file_of_their_own(folder: Path) -> None:
    (folder / "data.yaml").write_text(DATA)
    inline = "datasets:\n" + "".join(f"  {line}\n" for line in DATA.splitlines())
    one, other = (
        parse_project((RIGHT + text).encode(), folder / "kgshare.yaml")
        for text in ("datasets: data.yaml\n", inline)
    )
    assert one.datasets == other.datasets
    [things] = one.datasets
    assert (things.name, things.version, things.files) == ("things", "2026-11-25", ("things.csv",))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("LicenseRef-free", "CC-BY", "data.yaml:3: data set things: `CC-BY` is no licence that SPDX knows"),
        ("  terms: free\n", "", "data.yaml:3: data set things: LicenseRef-free says nothing by itself"),
        ("[things.csv]", "[thing.csv]", "data.yaml:8: there is no thing.csv"),
        ("[things.csv]", "[../things.csv]", "data.yaml:8: `[0].files[0]`: a path inside the project"),
        ("  citation: A. (2026). Things.\n", "", "data.yaml:1: `[0].citation` is missing"),
        ("origin", "origins", "data.yaml:7: unknown key `[0].origins`"),
        (DATA, DATA + DATA, "data.yaml:9: two data sets are named things"),
        (DATA, "- [\n", "data.yaml:2: not YAML"),
    ],
)
def test_a_mistake_in_a_data_set_is_named_with_its_place(
    folder: Path, old: str, new: str, expected: str
) -> None:
    (folder / "data.yaml").write_text(DATA.replace(old, new))
    assert any(found.startswith(expected) for found in problems(folder, RIGHT + "datasets: data.yaml\n"))
