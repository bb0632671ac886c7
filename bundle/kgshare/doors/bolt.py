"""The command line's one door to Bolt: nothing else of it imports ``neo4j``.

It only counts, in a session with READ access, over the port that a stack publishes on loopback.
"""

from __future__ import annotations

from dataclasses import dataclass

from neo4j import READ_ACCESS, GraphDatabase
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from kgshare.errors import StackError

COUNT = "MATCH (n) RETURN count(n) AS n", "MATCH ()-[r]->() RETURN count(r) AS n"  # both from the count store


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much is in a graph."""

    nodes: int
    relationships: int


def count(port: int, password: str, *, seconds: float = 5.0) -> Counts:
    """Count what is in the graph behind a port of this machine.

    Raises:
        StackError: nothing answers there in time, or the password is not the right one.
    """
    address = f"bolt://127.0.0.1:{port}"
    try:
        with GraphDatabase.driver(
            address, auth=("neo4j", password), connection_timeout=seconds, max_transaction_retry_time=seconds,
            connection_acquisition_timeout=seconds, telemetry_disabled=True,
        ) as driver, driver.session(default_access_mode=READ_ACCESS) as session:  # fmt: skip
            nodes, relationships = (session.run(query).single(strict=True)["n"] for query in COUNT)
    except AuthError:
        raise StackError(
            f"the database at {address} does not take this stack's password",
            hint="the volume belongs to another password; `kgshare reset` makes a new store",
        ) from None
    except (DriverError, Neo4jError, OSError) as error:
        raise StackError(f"the database at {address} does not answer: {error}") from None
    return Counts(nodes=int(nodes), relationships=int(relationships))
