"""Make data/bakery.dump out of bakery.cypher: a Neo4j is started, filled, stopped and dumped; nothing else is left."""

from __future__ import annotations

import tempfile
from pathlib import Path

from kgshare.init.throwaway import neo4j_install
from kgshare.seeding.bolt import connect
from kgshare.seeding.cypher import split_statements
from kgshare.seeding.server import Install, start_server


def make_dump(folder: Path, install: Install) -> Path:
    """The dump of a copy of this folder; made with a Neo4j's jars."""
    statements = split_statements((folder / "bakery.cypher").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        with (
            start_server(install, home, config={"db.tx_log.preallocate": "false"}) as server,
            connect(server.uri) as db,
        ):
            for statement in statements:
                db.run(statement.text)
        (folder / "data").mkdir(exist_ok=True)
        install.admin(home, "database", "dump", "neo4j", f"--to-path={made}", what="dump")
        target = folder / "data" / "bakery.dump"
        target.write_bytes((home / "neo4j.dump").read_bytes())
    return target


if __name__ == "__main__":
    with neo4j_install("5.26.30", ()) as found:
        print(make_dump(Path(__file__).parent, found))
