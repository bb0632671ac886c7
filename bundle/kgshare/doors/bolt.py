"""The command line's one door to Bolt: nothing else of it imports ``neo4j``.

It only reads, in sessions with READ access: counts over the port that a stack publishes on loopback, and a database
that a project is to be made from.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from kgshare.canonical.values import NotCanonical
from kgshare.doors.alone import without_extras
from kgshare.doors.unpacked import values
from kgshare.doors.wire import Wire
from kgshare.errors import Problem, StackError
from kgshare.questions.model import Answer

with without_extras():
    from neo4j import READ_ACCESS, GraphDatabase, Query, Session
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

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


class Reading:
    """A database that is read and never written to.

    Args:
        session: of the driver.
        address: for error messages.
        wire: opens a connection for what is much to read; None where only the driver can (TLS, routing).
    """

    def __init__(self, session: Session, address: str, wire: Callable[[], Wire] | None = None) -> None:
        self._session, self._address, self._wire = session, address, wire

    def stream(self, query: str, parameters: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
        """A query's rows as they come.

        Raises:
            StackError: Neo4j refused the query, or went away.
        """
        try:
            for record in self._session.run(query, dict(parameters)):
                yield record.values()
        except (DriverError, Neo4jError, OSError) as error:
            said = getattr(error, "message", "") or error
            raise StackError(Problem(message=f"cannot be read: {said}", where=self._address)) from None

    def ask(self, query: str, parameters: Mapping[str, Any], *, rows: int, seconds: float) -> Answer:
        """A query's table, at most so many rows; Neo4j stops it after so many seconds.

        Raises:
            StackError: Neo4j refused the query, stopped it, or went away.
        """
        try:
            result = self._session.run(Query(query, timeout=seconds), dict(parameters))
            columns, table = (
                tuple(result.keys()),
                [tuple(record.values()) for record in islice(result, rows + 1)],
            )
            result.consume()
        except (DriverError, Neo4jError, OSError) as error:
            said = getattr(error, "message", "") or error
            if "TransactionTimedOut" in str(getattr(error, "code", "")):
                said = f"stopped after {seconds:g} seconds"
            raise StackError(Problem(message=f"the query failed: {said}", where=self._address)) from None
        return Answer(columns=columns, rows=tuple(table[:rows]), more=len(table) > rows)

    def rows(self, query: str) -> Iterator[Sequence[Any]]:
        """The rows of a query that reads much: as the server packed them where it is spoken to directly, several times quicker.

        Raises:
            StackError: Neo4j refused the query, or went away.
        """
        if self._wire is None:
            yield from self.stream(query, {})
            return
        with self._wire() as wire:
            for record in wire.stream(query):
                try:
                    row = values(record)
                except NotCanonical as error:
                    raise StackError(
                        Problem(message=f"cannot be read: {error}", where=self._address)
                    ) from None
                yield row

    def committed(self) -> str:
        """What was committed last, as a bookmark: the same one twice means that nothing was committed in between.

        A read transaction's bookmark carries the number of the last transaction that was closed, in every edition;
        ``SHOW DATABASES`` tells it in the Enterprise Edition only.
        """
        list(self.stream("RETURN 1", {}))
        return " ".join(sorted(self._session.last_bookmarks().raw_values))


@contextmanager
def reading(uri: str, *, user: str, password: str, database: str | None = None) -> Iterator[Reading]:
    """A read-only session on any server.

    Args:
        uri: ``bolt://HOST:PORT`` or ``neo4j://…``.
        user: who asks; password: empty where the server asks for none.
        password: of the user.
        database: its name; the user's home database when not given.

    Raises:
        StackError: nothing answers there, or the password is wrong.
    """
    logging.getLogger("neo4j.notifications").setLevel(logging.ERROR)
    auth = (user, password) if password else None
    try:
        with GraphDatabase.driver(
            uri, auth=auth, connection_timeout=10.0, max_transaction_retry_time=10.0, telemetry_disabled=True,
            user_agent="kgshare",
        ) as driver:  # fmt: skip
            driver.verify_connectivity()
            with driver.session(
                default_access_mode=READ_ACCESS, database=database, fetch_size=5000
            ) as session:
                yield Reading(session, uri, _direct(uri, user, password, database))
    except AuthError:
        hint = "give the password in NEO4J_PASSWORD or with --password-file, and the user with --user"
        message = (
            f"the database refuses {user} with this password"
            if password
            else "the database asks for a password"
        )
        raise StackError(Problem(message=message, where=uri, hint=hint)) from None
    except (DriverError, Neo4jError, OSError, ValueError) as error:
        hint = "is it running, and is this its Bolt address?"
        raise StackError(Problem(message=f"cannot be reached: {error}", where=uri, hint=hint)) from None


def _direct(uri: str, user: str, password: str, database: str | None) -> Callable[[], Wire] | None:
    """How to speak to a server without the driver, where that is possible: no TLS, no routing, Bolt 5.3 or newer."""
    where = urlsplit(uri)
    if where.scheme != "bolt" or not where.hostname:
        return None
    host, port = where.hostname, where.port or 7687

    def connect() -> Wire:
        return Wire(port, password, host=host, user=user, database=database, read_only=True, seconds=600)

    try:
        connect().close()
    except StackError:  # an older server
        return None
    return connect
