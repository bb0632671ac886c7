"""Jars that are left out of Neo4j: of the line that was tried only, with a reason each, and in no lock of this repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgshare.lock.file import parse
from kgshare.lock.leftout import LEFT_OUT, needed
from kgshare.lock.maven import Coordinate

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / "kgshare.lock", *sorted((ROOT / "tests/projects").glob("*/kgshare.lock"))]


def jar(name: str) -> Coordinate:
    group, artifact = name.split(":")
    return Coordinate(group=group, artifact=artifact, version="1")


def test_a_whole_group_and_a_single_artifact_are_left_out_and_their_neighbours_stay() -> None:
    names = [
        "org.apache.parquet:parquet-column", "org.scala-lang:scala-reflect",
        "org.scala-lang:scala-library", "io.netty:netty-transport-native-epoll",
    ]  # fmt: skip

    assert [j.artifact for j in needed(map(jar, names), "5.26.30")] == [
        "scala-library",
        "netty-transport-native-epoll",
    ]


def test_nothing_is_left_out_of_a_neo4j_on_which_it_was_not_tried() -> None:
    assert len(needed([jar("org.apache.hadoop:hadoop-common")], "2026.08.1")) == 1


def test_each_has_its_reason() -> None:
    assert all(LEFT_OUT.values())


@pytest.mark.parametrize("file", LOCKS, ids=lambda file: file.parent.name)
def test_no_lock_names_one(file: Path) -> None:
    for item in parse(file.read_text()).jars["database"]:
        assert {item.group, f"{item.group}:{item.artifact}"}.isdisjoint(LEFT_OUT)
