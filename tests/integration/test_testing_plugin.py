"""The fixtures and the container class on the herbarium: what a test did is gone, to the byte, before the next."""

from __future__ import annotations

import re
import shutil
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from neo4j import Driver, Query

from kgshare.canonical.graph import read_graph
from kgshare.doors.wire import Wire
from kgshare.errors import StackError
from kgshare.testing import KgshareContainer, KgshareStack, TestGraph

pytestmark = pytest.mark.docker
pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
IDENTITY = yaml.safe_load((ROOT / "tests/projects/herbarium/kgshare.yaml").read_text())["identity"]


@pytest.fixture(scope="session")
def kgshare_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the herbarium; the plugin builds it."""
    folder = tmp_path_factory.mktemp("testing") / "herbarium"
    return shutil.copytree(ROOT / "tests" / "projects" / "herbarium", folder)


@pytest.fixture(scope="session", params=["docker", "local"])
def kgshare_runtime(request: pytest.FixtureRequest) -> str:
    """Every test here on both: what they find must not depend on it."""
    return str(request.param)


def write(driver: Driver, *queries: str) -> None:
    for query in queries:
        driver.execute_query(Query(query), database_="neo4j")  # type: ignore[arg-type]


def digest(stack: KgshareStack, folder: Path) -> str:
    """SHA-256 of the graph's canonical text, schema included: the same digest that the seed stage computes."""
    keys = {label: tuple(names) for label, names in IDENTITY["nodes"].items()}
    discriminators = {t: tuple(names) for t, names in IDENTITY.get("relationships", {}).items()}
    with Wire(stack.get_exposed_port(7687), stack.password) as wire:
        return read_graph(wire, folder, keys, discriminators).sha256


@pytest.fixture(scope="session")
def seeded(kgshare_stack: KgshareStack, tmp_path_factory: pytest.TempPathFactory) -> str:
    return digest(kgshare_stack, tmp_path_factory.mktemp("seed") / "text")


def lookups(driver: Driver) -> list[Any]:
    return driver.execute_query("SHOW LOOKUP INDEXES YIELD name, entityType ORDER BY name").records


CHANGES = {
    "a property": ["MATCH (s:Sheet {barcode: 'H0007'}) SET s.note = 'mine', s.collected = datetime('2020-01-01T00:00Z')"],
    "the type of a number": ["MATCH (p:Place) SET p.latitude = toInteger(p.latitude)"],
    "a label": ["MATCH (s:Sheet {barcode: 'H0001'}) SET s:Mine REMOVE s:Sheet"],
    "a new node that is linked": ["MATCH (s:Sheet) CREATE (s)-[:SAW]->(:Visitor {at: point({x: 1.5, y: 2})})"],
    "a relationship taken away": ["MATCH (:Sheet {barcode: 'H0007'})-[r:IDENTIFIED_AS]->() DELETE r"],
    "a relationship twice": ["MATCH (a)-[r:FOUND_AT]->(b) WITH a, b LIMIT 1 CREATE (a)-[:FOUND_AT]->(b)"],
    "keys that are swapped": [
        "MATCH (a:Sheet {barcode: 'H0001'}), (b:Sheet {barcode: 'H0002'}) "
        "SET a.barcode = 'x' SET b.barcode = 'H0001' SET a.barcode = 'H0002'"
    ],
    "every record": ["MATCH (n) DETACH DELETE n"],
    "every record, and others in their places": [
        "MATCH (n) DETACH DELETE n", "UNWIND range(1, 60) AS i CREATE (:Sheet {barcode: 'H' + i})-[:COLLECTED]->(:Other)",
    ],
    "a constraint and what it forbids": [
        "MATCH (s:Sheet) SET s.only = s.barcode", "CREATE CONSTRAINT mine FOR (s:Sheet) REQUIRE s.only IS UNIQUE",
        "CREATE FULLTEXT INDEX words FOR (s:Sheet) ON EACH [s.note]",
    ],
    "indexes that are dropped": [f"DROP INDEX `{name}`" for name in ("LABELS", "TYPES")],
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_reset_brings_back_the_seed(
    what: str, kgshare_graph: TestGraph, seeded: str, tmp_path: Path
) -> None:
    driver, before = kgshare_graph.driver, lookups(kgshare_graph.driver)
    names = {"LABELS": before[0]["name"], "TYPES": before[1]["name"]}
    for query in CHANGES[what]:
        write(driver, re.sub("LABELS|TYPES", lambda hit: names[hit[0]], query))
    undone = kgshare_graph.reset()
    assert undone.records + undone.schema > 0
    assert digest(kgshare_graph.stack, tmp_path / "after") == seeded
    assert lookups(driver) == before


@pytest.mark.parametrize(
    "other",
    [{"PER_TRANSACTION": 30, "PER_QUERY": 7}, {"number_of": lambda bookmark: None}],
    ids=["more than one transaction holds", "a bookmark that tells no number"],
)
def test_a_reset_that_cannot_take_the_short_way_reads_everything_again(
    kgshare_graph: TestGraph,
    seeded: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    other: dict[str, Any],
) -> None:
    for name, value in other.items():
        monkeypatch.setattr(f"kgshare.testing.reset.{name}", value)
    write(kgshare_graph.driver, *CHANGES["every record, and others in their places"])
    assert kgshare_graph.reset().records > 100
    assert digest(kgshare_graph.stack, tmp_path / "after") == seeded


def test_a_dropped_constraint_comes_back_after_what_it_forbade_is_gone(
    kgshare_graph: TestGraph, seeded: str, tmp_path: Path
) -> None:
    driver = kgshare_graph.driver
    constraints = driver.execute_query("SHOW CONSTRAINTS YIELD name").records
    assert constraints, "the seed stage makes a constraint of every key"
    write(driver, *(f"DROP CONSTRAINT `{row['name']}`" for row in constraints))
    write(driver, "MATCH (s:Sheet) SET s.barcode = 'all the same'")
    kgshare_graph.reset()
    assert digest(kgshare_graph.stack, tmp_path / "after") == seeded


def test_a_transaction_that_a_test_left_open_cannot_commit_later(kgshare_graph: TestGraph) -> None:
    with kgshare_graph.driver.session(database="neo4j") as session:
        transaction = session.begin_transaction()
        transaction.run("CREATE (:Late)").consume()
        kgshare_graph.reset()
        with pytest.raises(Exception, match="terminated"):
            transaction.commit()
    assert not kgshare_graph.driver.execute_query("MATCH (n:Late) RETURN n").records


def test_a_few_changed_records_are_undone_within_a_second_and_none_at_once(kgshare_graph: TestGraph) -> None:
    def quickest(*queries: str) -> float:
        seconds = []
        for _ in range(3):  # the machine may be busy with something else
            write(kgshare_graph.driver, *queries)
            began = time.monotonic()
            kgshare_graph.reset()
            seconds.append(time.monotonic() - began)
        return min(seconds)

    assert quickest("MATCH (s:Sheet) WITH s LIMIT 5 SET s.note = 'mine'") < 1
    assert quickest("MATCH (s:Sheet) RETURN s") < 0.2


def test_the_fixtures_hand_out_page_driver_and_stack(
    kgshare_page: str, kgshare_driver: Driver, kgshare_stack: KgshareStack, kgshare_runtime: str
) -> None:
    assert isinstance(kgshare_stack, KgshareContainer) == (kgshare_runtime == "docker")
    with urllib.request.urlopen(kgshare_page) as answer:
        assert "Gentiana clusii (revision, 2019)" in answer.read().decode()
    assert kgshare_driver.execute_query("MATCH (n) RETURN count(n) AS n").records[0]["n"] == 52
    assert kgshare_stack.get_exposed_port(7687) == int(kgshare_stack.bolt.rpartition(":")[2])
    assert b"Started." in b"".join(kgshare_stack.get_logs())


def test_a_stack_that_was_not_started_says_so(kgshare_bundle: Path) -> None:
    for stack in (KgshareContainer(kgshare_bundle), KgshareStack(kgshare_bundle)):
        with pytest.raises(StackError, match="not running"):
            _ = stack.bolt


def test_a_runtime_that_does_not_exist_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile("def test_it(kgshare_runtime):\n    assert kgshare_runtime == 'local'\n")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "bundle"))
    pytester.makeini("[pytest]\nkgshare_runtime = podman\n")
    ran = pytester.runpytest_subprocess("-p", "kgshare.testing.plugin")
    ran.stdout.fnmatch_lines(["*kgshare_runtime is 'podman', and must be one of auto, docker, local*"])
    ran = pytester.runpytest_subprocess("-p", "kgshare.testing.plugin", "--kgshare-local")
    ran.assert_outcomes(passed=1)


def how_to_files() -> dict[str, str]:
    """The code blocks of the how-to that name their file in their first line."""
    text = (ROOT / "docs" / "how-to" / "test-against-a-bundle.md").read_text()
    return dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("kgshare_runtime", ["docker"], indirect=True, scope="session")
def test_the_how_to_can_be_copied(
    kgshare_stack: KgshareStack,  # it has built the bundle
    kgshare_bundle: Path,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = next(kgshare_bundle.glob("*.kgshare.tar"))
    (pytester.path / bundle.name).symlink_to(bundle)
    files = how_to_files()
    assert {"pyproject.toml", "conftest.py", "test_sheets.py", "test_container.py"} == set(files)
    conftest = files.pop("conftest.py")
    for name, text in files.items():
        (pytester.path / name).write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "bundle"))
    ran = pytester.runpytest_subprocess("-p", "kgshare.testing.plugin", "-q", timeout=500)
    ran.assert_outcomes(passed=5)
    # The same where no engine answers, and it is said; the bundle was built here, so nobody is asked.
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{pytester.path}/no.sock")
        ran = pytester.runpytest_subprocess(
            "-p", "kgshare.testing.plugin", "-q", "test_sheets.py", timeout=300
        )
    ran.assert_outcomes(passed=4)
    ran.stdout.fnmatch_lines(["kgshare: without containers, so not sandboxed: no container engine answers*"])
    (pytester.path / "pyproject.toml").unlink()
    pytester.makeconftest(conftest)
    pytester.makepyfile(
        test_named=f"def test_it(kgshare_bundle):\n    assert kgshare_bundle.name == {bundle.name!r}\n"
    )
    ran = pytester.runpytest_subprocess("-p", "kgshare.testing.plugin", "-q", "test_named.py", timeout=100)
    ran.assert_outcomes(passed=1)


def test_without_a_bundle_the_fixtures_say_what_to_do(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile("def test_it(kgshare_graph):\n    pass\n")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "bundle"))
    ran = pytester.runpytest_subprocess("-p", "kgshare.testing.plugin")
    ran.stdout.fnmatch_lines(["*no bundle is named: give --kgshare-bundle FILE*"])
    ran = pytester.runpytest_subprocess("-p", "kgshare.testing.plugin", "--kgshare-bundle", "nowhere.tar")
    ran.stdout.fnmatch_lines(["*does not start: *nowhere.tar*"])
