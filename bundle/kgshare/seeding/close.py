"""Stage 6: the stopped server's home becomes what is shipped: a store that opens without recovery, and nothing else.

Result folder: ``data/databases/neo4j``, ``data/transactions/neo4j``, ``graph/`` (canonical text), ``report.json``. Not
in it: the system database (users, and the password hash of whoever made it), logs, import files.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from kgshare.errors import Problem, SeedError
from kgshare.seeding.server import Install

STORE = ("databases/neo4j", "transactions/neo4j")


def check_store(install: Install, home: Path) -> None:
    """Let ``neo4j-admin database check`` look at the whole store.

    Raises:
        SeedError: it found an inconsistency, or failed.
    """
    scratch = home / "check"
    scratch.mkdir(exist_ok=True)
    words = ["database", "check", "neo4j", f"--report-path={scratch}"]
    install.admin(home, *words, what="neo4j-admin database check", reads=home / "data")


def close_store(home: Path, out: Path) -> None:
    """Move the store's files to the result folder.

    Raises:
        SeedError: there is no store.
    """
    for part in STORE:
        source, target = home / "data" / part, out / "data" / part
        if not source.is_dir():
            raise SeedError(Problem(message=f"Neo4j left no {part}", where=str(home)))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)
    for lock in (out / "data").rglob("*lock"):
        lock.unlink()
