"""The seed stage, from a specification to a closed store: its body is the list of its parts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kgshare.aside import write_aside
from kgshare.canonical.graph import read_graph
from kgshare.canonical.text import CanonicalDigest
from kgshare.changes.apply import Delta
from kgshare.changes.load import digest_after
from kgshare.seeding.bolt import Database, connect
from kgshare.seeding.bulk import bulk_stage
from kgshare.seeding.changes import apply_change_sets, read_change_sets
from kgshare.seeding.checks import run_checks
from kgshare.seeding.close import check_store, close_store
from kgshare.seeding.dump import load_dump, require_open
from kgshare.seeding.questions import check_questions
from kgshare.seeding.result import REPORT, Clock, SeedReport
from kgshare.seeding.scripts import apply_late, identity_constraints, run_scripts, wait_for_indexes
from kgshare.seeding.server import Install, Server, start_server, write_config
from kgshare.seeding.spec import CypherStep, DumpStep, SeedSpec

# A store that is about to be packed: no preallocated space in it, no more transaction log than opening it needs, and
# no reading from anywhere but the step's declared inputs.
SEED_CONFIG: Mapping[str, str] = {
    "db.tx_log.preallocate": "false",
    "db.store.files.preallocate": "false",
    "db.tx_log.rotation.size": "1m",
    "db.tx_log.rotation.retention_policy": "keep_none",
    "dbms.security.allow_csv_import_from_file_urls": "true",
    "internal.dbms.cypher_ip_blocklist": "0.0.0.0/0,::/0",
}


def seed(spec: SeedSpec) -> SeedReport:
    """Make the store that a specification describes, in its ``out`` folder (see `kgshare.seeding.close`).

    Raises:
        SeedError: what is wrong with the data, a script, a change set or a check; nothing is left in ``out``.
    """
    clock, out = Clock(), Path(spec.out)
    change_sets = read_change_sets(spec)
    install, home, scratch = prepare(spec)
    with _after_steps(spec, install, home, scratch, clock) as (server, db):
        taken_back = Delta()
        if change_sets:
            with clock.stage("changes"):
                taken_back = apply_change_sets(db, change_sets, spec)
                wait_for_indexes(db)
        with clock.stage("checks"):
            run_checks(db, spec.checks)
            check_questions(server.uri, spec.questions)
        with clock.stage("canonical text"):
            digest = read_graph(db.wire, out / "graph", spec.node_keys, spec.relationship_keys)
        labels = count_labels(db)
        with clock.stage("stop"):
            server.stop()
    with clock.stage("store check"):
        check_store(install, home)
    close_store(home, out)
    report = replace(_report(spec, digest, labels, clock), upstream=digest_after(out / "graph", taken_back))
    write_aside(out / REPORT, report.to_json())
    shutil.rmtree(spec.work)
    return report


def seed_upstream(spec: SeedSpec) -> SeedReport:
    """Do a specification's steps and close the store, which stands in ``out``/data: what `seed` begins with (``begun``).

    Its files are kept as long as the steps and what they read are the same, so that two versions which differ in corrections
    share them to the byte. What must hold of the graph is asked later, of the graph with the corrections.

    Raises:
        SeedError: what is wrong with the data or a script; nothing is left in ``out``.
    """
    clock = Clock()
    install, home, scratch = prepare(spec)
    with _after_steps(spec, install, home, scratch, clock) as (server, db):
        (nodes,), (relationships,) = (
            next(iter(db.run(f"MATCH {what} RETURN count(*)"))) for what in ("()", "()-[]->()")
        )
        with clock.stage("stop"):
            server.stop()
    close_store(home, Path(spec.out))
    report = SeedReport(
        neo4j_version=spec.neo4j_version, digest="", nodes=int(nodes), relationships=int(relationships),
        labels={}, types={}, seconds=clock.seconds,
    )  # fmt: skip
    write_aside(Path(spec.out) / REPORT, report.to_json())
    shutil.rmtree(spec.work)
    return report


@contextmanager
def _after_steps(
    spec: SeedSpec, install: Install, home: Path, scratch: Path, clock: Clock
) -> Iterator[tuple[Server, Database]]:
    """A running server in which the steps have been done: now, or when the store that it is given was made."""
    if spec.begun is not None:
        with clock.stage("copy"):
            shutil.copytree(spec.begun, home / "data")
        with clock.stage("start"):
            server = start_server(install, home, config=config(spec))
        with server, connect(server.uri) as db:
            yield server, db
        return
    with clock.stage("dump"):
        load_dump(spec, install, home)
    with clock.stage("bulk"):
        imported = bulk_stage(spec, install, home, scratch)
    with clock.stage("start"):
        server = start_server(install, home, config=config(spec))
    with server, connect(server.uri) as db:
        for step in spec.steps:
            if isinstance(step, DumpStep):
                require_open(db, home, step.file)
        with clock.stage("constraints"):
            identity_constraints(db, spec.node_keys)
            apply_late(db, imported.late)
        with clock.stage("cypher"):
            for step in spec.steps:
                if isinstance(step, CypherStep):
                    run_scripts(db, step, Path(spec.project), home / "import")
            identity_constraints(db, spec.node_keys)  # again: a script may have put its own in their place
            wait_for_indexes(db)
        yield server, db


def prepare(spec: SeedSpec) -> tuple[Install, Path, Path]:
    """Empty the work and result folders; returns Java and jars, the server's home, and the folder for scratch files."""
    work, out = Path(spec.work), Path(spec.out)
    home, scratch = work / "neo4j", work / "import-files"
    shutil.rmtree(work, ignore_errors=True)
    for folder in (home, scratch, out):
        folder.mkdir(parents=True, exist_ok=True)
    # Only what a former run left: the folder itself may be a mount point.
    for name in ("data", "graph"):
        shutil.rmtree(out / name, ignore_errors=True)
    for name in ("report.json", "error.json"):
        (out / name).unlink(missing_ok=True)
    plugins = Path(spec.plugins) if spec.plugins else None
    install = Install(java=Path(spec.java), lib=Path(spec.lib), plugins=plugins, heap=spec.heap)
    write_config(home, config(spec))
    return install, home, scratch


def config(spec: SeedSpec) -> dict[str, str]:
    """Neo4j's settings while it is seeded: the project's, then those that the stage depends on."""
    # On the class path alone a plugin's classes are found, but not its procedures.
    plugins = {"server.directories.plugins": spec.plugins} if spec.plugins else {}
    return {
        **plugins,
        "server.memory.pagecache.size": spec.pagecache,
        **spec.config,
        **SEED_CONFIG,
        "server.directories.import": str(Path(spec.work) / "neo4j" / "import"),
    }


def count_labels(db: Database) -> dict[str, int]:
    """Nodes by label, every label counted."""
    rows = db.run("MATCH (n) UNWIND labels(n) AS l RETURN l, count(*) ORDER BY l")
    return {str(label): int(count) for label, count in rows}


def _report(spec: SeedSpec, digest: CanonicalDigest, labels: dict[str, int], clock: Clock) -> SeedReport:
    types = digest.count("relationships")
    return SeedReport(
        neo4j_version=spec.neo4j_version,
        digest=digest.sha256,
        nodes=sum(digest.count("nodes").values()),
        relationships=sum(types.values()),
        labels=labels,
        types=types,
        seconds=clock.seconds,
    )
