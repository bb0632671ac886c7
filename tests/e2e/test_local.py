"""Without a container engine: the same bundle, commands and reports, where no ``docker`` can be found."""

from __future__ import annotations

import os
import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import GraphDatabase
from tests.e2e.command_line import Ran, kgshare, works

from kgshare.local import processes
from kgshare.local.state import Processes, read_processes

pytestmark = [pytest.mark.docker, pytest.mark.neo4j]  # Docker builds the bundle; nothing after that has it


class Local:
    """A state folder of its own on a machine without Docker, and one stack in it."""

    name = "e2e-local"

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state of this machine"
        empty = folder / "bin"
        empty.mkdir()
        self.environment = {
            "KGSHARE_STATE": str(self.state),
            "PATH": str(empty),
            "DOCKER_HOST": f"unix://{folder}/no.sock",
        }

    def works(self, *words: str | Path) -> Ran:
        return works(*words, cwd=self.state.parent, **self.environment)

    def kgshare(self, *words: str | Path) -> Ran:
        return kgshare(*words, cwd=self.state.parent, **self.environment)

    def up(self, bundle: Path, *words: str) -> Ran:
        return self.works(
            "up", "--local", "--yes", bundle, "--name", self.name, "--no-open", "--json", *words
        )

    @property
    def folder(self) -> Path:
        return self.state / "local" / "stacks" / self.name

    @property
    def processes(self) -> Processes:
        return read_processes(self.folder)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    stack = Local(tmp_path)
    try:
        yield stack
    finally:
        if any((stack.state / "local" / "stacks").glob("*")):
            stack.works("down", "--all", "--volumes", "--discard")


@pytest.fixture
def bundle(herbarium_once: Path) -> Path:
    return next(herbarium_once.glob("*.kgshare.tar"))


def cypher(report: dict[str, str], query: str) -> list[object]:
    password = Path(report["password_file"]).read_text().strip()
    with GraphDatabase.driver(report["bolt"], auth=("neo4j", password)) as driver:
        return [record.values()[0] for record in driver.execute_query(query).records]


def page(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return str(answer.read().decode())


def gone(identity: processes.Identity | None) -> bool:
    return not processes.alive(identity)


def test_the_whole_way_of_a_stack_without_docker(local: Local, bundle: Path) -> None:
    without_engine = local.kgshare("up", bundle, "--no-open")
    assert without_engine.code == 9
    assert "kgshare up --local" in without_engine.err
    words = ("up", "--local", bundle, "--name", local.name, "--no-open", "--json")
    refused = local.kgshare(*words)
    assert refused.code == 130
    assert "was not built on this machine" in refused.err
    assert not (local.state / "local").exists()
    shutil.copytree(Path(os.environ["KGSHARE_STATE"]) / "built", local.state / "built")
    ran = local.works(*words)
    report = ran.result
    assert "sandboxed" in ran.err
    assert (report["nodes"], report["relationships"]) == (52, 122)
    assert {s["name"]: s["health"] for s in report["services"]} == {
        "database": "healthy",
        "application": "healthy",
    }
    assert "Gentiana clusii (revision, 2019)" in page(report["url"])
    password = Path(report["password_file"])
    assert password.stat().st_mode & 0o777 == 0o600

    started = local.processes
    for identity in started.all:
        assert identity is not None
        secret = password.read_text().strip().encode()
        for what in ("cmdline", "environ"):
            assert secret not in Path(f"/proc/{identity.pid}/{what}").read_bytes()
        assert all(each.loopback for each in processes.listeners(identity.pid))

    again = local.up(bundle).result
    assert again["already"]
    assert again["url"] == report["url"]
    assert local.processes == started

    with_containers = local.kgshare("up", bundle, "--name", local.name, "--no-open")
    assert with_containers.code == 10
    assert "is one without containers" in with_containers.err

    cypher(report, "CREATE (:Taxon {name: 'Gentiana localis'})")
    stack = f"stack:{local.name}"
    edits = local.works("diff", bundle, stack, "--json").result
    assert edits["counts"] == {"(:Taxon)": {"added": 1}}
    taken = local.works("snapshot", "-o", local.state / "edited", "--json").result
    assert local.works("diff", stack, local.state / "edited").out == "no difference\n"
    [status] = local.works("status", "--json").result["stacks"]
    assert (status["stack"], status["nodes"], status["sandboxed"]) == (local.name, 53, False)
    assert local.works("open", "--json").result["url"] == report["url"]
    printed = local.works("logs", "database").out
    assert "Started." in printed
    assert all(line.startswith("database ") for line in printed.splitlines())

    down = local.works("down", "--json").result
    assert down["processes"] == 3
    assert all(gone(identity) for identity in started.all)
    assert local.works("status", "--json").result["stacks"] == []
    with pytest.raises(urllib.error.URLError):
        page(report["url"])

    report = local.up(bundle).result
    assert cypher(report, "MATCH (t:Taxon {name: 'Gentiana localis'}) RETURN count(t)") == [1]
    assert local.kgshare("restore", bundle).code == 130  # nobody there to agree
    restored = local.works("restore", bundle, "--yes", "--json").result
    assert (restored["changes"], restored["before"]) == (1, taken["digest"])
    assert (
        restored["digest"]
        == local.works("snapshot", stack, "-o", local.state / "s", "--json").result["digest"]
    )
    assert local.kgshare("reset").code == 130  # nobody there to agree
    report = local.works("reset", "--yes", "--json").result
    assert report["nodes"] == 52
    last = local.processes
    local.works("down", "--volumes")
    assert all(gone(identity) for identity in last.all)
    assert list((local.state / "local" / "stacks").iterdir()) == []
    assert list((local.state / "local" / "images").iterdir()) == []


def test_two_stacks_stand_side_by_side_and_what_dies_in_one_is_seen_to(local: Local, bundle: Path) -> None:
    ups = [
        local.works("up", "--local", "--yes", bundle, "--name", name, "--no-open", "--json").result
        for name in (local.name, "e2e-local-b")
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
    while local.works("status", "--name", local.name, "--json").result["services"][1]["health"] != "healthy":
        assert time.monotonic() < limit
    assert local.processes.of("application").identity != application
    assert "Gentiana" in page(ups[0]["url"])

    left = local.processes
    assert left.supervisor is not None
    os.kill(left.supervisor.pid, signal.SIGKILL)
    local.works("down", "--name", local.name, "--volumes", "--discard")
    assert all(gone(identity) for identity in left.all)
    assert "Gentiana" in page(ups[1]["url"])


def test_a_newer_bundle_gets_its_own_store_and_the_older_is_kept(
    local: Local, bundle: Path, herbarium: Path
) -> None:
    older = local.up(bundle).result
    cypher(older, "CREATE (:Taxon {name: 'Gentiana localis'})")
    sheets = herbarium / "tables" / "sheets.csv"
    sheets.write_text(sheets.read_text() + "H0041,1999-07-01,1500,\n")
    collected = herbarium / "tables" / "collected.csv"
    collected.write_text(collected.read_text() + "Huber,M.,H0041\n")
    newer_bundle = Path(works("build", herbarium, "--json").result["bundle"])
    newer = local.up(newer_bundle).result
    assert newer["nodes"] == 53
    [kept] = local.works("status", "--json").result["stacks"][0]["kept"]
    assert any(kept in note for note in newer["notes"])
    assert cypher(newer, "MATCH (t:Taxon {name: 'Gentiana localis'}) RETURN count(t)") == [0]
    back = local.up(bundle).result
    assert cypher(back, "MATCH (t:Taxon {name: 'Gentiana localis'}) RETURN count(t)") == [1]


def test_the_reviewers_page_finds_its_libraries_in_the_unpacked_image(
    local: Local, ocean_bundle: Path
) -> None:
    report = local.up(ocean_bundle).result
    origin = report["url"].partition("/?")[0]
    assert "<title>" in page(report["url"])
    assert "cytoscape" in page(f"{origin}/assets/cytoscape/dist/cytoscape.esm.min.mjs")
