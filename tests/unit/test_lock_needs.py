from __future__ import annotations

from pathlib import Path

from kgshare.lock.needs import needs_of
from kgshare.project import Project
from kgshare.project.read import parse_project

MANIFEST = """\
kgshare: 1
name: tiny
version: 1.0.0
description: Two nodes.
licence: CC0-1.0
authors: [{name: A}]
neo4j: {version: 5.26.30, plugins: ["org.example:plug:1.0"]}
identity: {nodes: {A: [id]}}
seed:
  - python: {function: "m:f", source: [src], requirements: ["pandas>=2.2"]}
"""


def project(folder: Path, more: str = "", *, text: str = MANIFEST) -> Project:
    (folder / "src").mkdir(exist_ok=True)
    return parse_project((text + more).encode(), folder / "kgshare.yaml")


def test_the_seed_gets_what_its_steps_ask_for_and_the_driver(tmp_path: Path) -> None:
    assert needs_of(project(tmp_path)).wheels["seed"] == ("neo4j<7,>=5.26", "pandas>=2.2")


def test_kgshares_own_page_brings_its_requirements_and_another_application_only_its_own(
    tmp_path: Path,
) -> None:
    own = needs_of(project(tmp_path)).wheels["application"]
    assert {"starlette", "uvicorn"} <= {line.partition(">")[0].partition("<")[0] for line in own}
    other = needs_of(project(tmp_path, "application: {start: [python, -m, app], requirements: [flask]}\n"))
    assert other.wheels["application"] == ("flask",)
    assert other.npm == {}


def test_every_neo4j_root_has_the_manifests_version(tmp_path: Path) -> None:
    needs = needs_of(project(tmp_path))
    assert all(root.endswith(":5.26.30") for root in needs.jars["database"])
    assert needs.jars["plugins"] == ("org.example:plug:1.0",)


def test_an_edit_that_asks_for_nothing_new_leaves_every_digest_as_it_was(tmp_path: Path) -> None:
    before = needs_of(project(tmp_path)).digests()
    after = needs_of(
        project(tmp_path, text=MANIFEST.replace("Two nodes.", "Two nodes and an edge."))
    ).digests()
    assert before == after


def test_a_new_requirement_changes_its_own_part_only(tmp_path: Path) -> None:
    before = needs_of(project(tmp_path)).digests()
    after = needs_of(project(tmp_path, text=MANIFEST.replace("pandas>=2.2", "pandas>=3"))).digests()
    assert {part for part in before if before[part] != after[part]} == {"wheels.seed"}
