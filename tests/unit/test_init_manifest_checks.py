"""Dumps and plugins in the manifest: what cannot work is refused while it is read, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgshare.errors import ManifestError
from kgshare.project import read_project

HEAD = """kgshare: 1
name: tea
version: "1"
description: Teas
licence: CC0-1.0
authors: [{name: A}]
identity: {nodes: {Tea: [name]}}
"""


def project(folder: Path, text: str) -> Path:
    for name in ("tea.dump", "tea.cypher", "tea.csv"):
        (folder / name).write_text("name\n")
    (folder / "kgshare.yaml").write_text(HEAD + text)
    return folder


def test_a_dump_and_scripts_after_it_are_a_seed(tmp_path: Path) -> None:
    text = "seed:\n- dump: {file: tea.dump}\n- cypher: {scripts: [tea.cypher]}\n"
    steps = read_project(project(tmp_path, text)).manifest.seed
    assert steps[0].dump is not None
    assert steps[0].dump.file == "tea.dump"


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ("- cypher: {scripts: [tea.cypher]}\n- dump: {file: tea.dump}\n", r"kgshare.yaml:10: .*first step"),
        ("- dump: {file: tea.dump}\n- dump: {file: tea.dump}\n", r"kgshare.yaml:10: .*the only dump"),
        (
            "- dump: {file: tea.dump}\n- csv: {nodes: [{file: tea.csv, labels: [Tea]}]}\n",
            r"kgshare.yaml:9: .*cannot stand beside csv",
        ),
        ("- dump: {file: none.dump}\n", "there is no none.dump"),
    ],
)
def test_a_dump_in_the_wrong_place_is_refused_with_its_line(tmp_path: Path, seed: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_project(project(tmp_path, "seed:\n" + seed))


def plugin(version: str, allow: str = "", jars: tuple[str, ...] = ("apoc-core", "apoc-common")) -> str:
    names = ", ".join(f"'org.neo4j.procedure:{jar}:{version}'" for jar in jars)
    config = f', config: {{dbms.security.procedures.allowlist: "{allow}"}}' if allow else ""
    return f"neo4j: {{plugins: [{names}]{config}}}\nseed: [{{cypher: {{scripts: [tea.cypher]}}}}]\n"


def test_a_plugin_of_another_line_than_neo4js_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"apoc-core 5\.20\.0 is for another Neo4j than 5\.26\.30"):
        read_project(project(tmp_path, plugin("5.20.0", "apoc.*")))


def test_a_plugin_of_which_nothing_may_be_called_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no procedure or function of apoc-core is allowed"):
        read_project(project(tmp_path, plugin("5.26.0")))
    assert read_project(project(tmp_path, plugin("5.26.0", "apoc.text.*"))).manifest.neo4j.plugins


def test_apoc_core_needs_the_classes_of_apoc_common(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="apoc-core lacks the classes of apoc-common"):
        read_project(project(tmp_path, plugin("5.26.0", "apoc.*", ("apoc-core",))))
