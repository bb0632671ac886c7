"""The seed stage's own door to Bolt: the one module here that imports the driver's sessions."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from kgshare.doors.wire import Wire
from kgshare.questions.model import Answer


class QueryFailed(Exception):
    """Neo4j refused a query.

    Attributes:
        message: Neo4j's own words.
        code: Neo4j's status code, as in ``Neo.ClientError.Statement.SyntaxError``; empty where it gave none.
    """

    def __init__(self, message: str, code: str = "") -> None:
        self.message, self.code = message, code
        super().__init__(message)


class Queries:
    """What runs queries: a session, or a transaction in it."""

    def __init__(self, runs: neo4j.Session | neo4j.Transaction) -> None:
        self._runs = runs

    def stream(self, query: str, parameters: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
        """A query's rows as they come, each a list of values.

        Raises:
            QueryFailed: Neo4j refused it, or failed on the way.
        """
        try:
            for record in self._runs.run(query, dict(parameters)):
                yield record.values()
        except (Neo4jError, DriverError) as error:
            raise _failed(error) from error

    def run(self, query: str, **parameters: Any) -> list[Sequence[Any]]:
        """All rows of a query.

        Raises:
            QueryFailed: Neo4j refused it, or failed on the way.
        """
        return list(self.stream(query, parameters))


class Database(Queries):
    """A session on the database that is being seeded. Queries are auto-commit, so ``IN TRANSACTIONS`` works."""

    def __init__(self, session: neo4j.Session, wires: ExitStack, uri: str, password: str) -> None:
        super().__init__(session)
        self._session, self._wires, self._uri, self._password = session, wires, uri, password

    @cached_property
    def wire(self) -> Wire:
        """A connection of its own, for reading the whole graph."""
        address = urlsplit(self._uri)
        assert address.port is not None  # `start_server` chose it, or a stack's settings name it
        return self._wires.enter_context(
            Wire(address.port, self._password, host=address.hostname or "127.0.0.1")
        )

    def ask(self, query: str, parameters: Mapping[str, Any], *, rows: int, seconds: float) -> Answer:
        """A query's table, at most so many rows; Neo4j stops it after so many seconds.

        Raises:
            QueryFailed: Neo4j refused it, or failed on the way.
        """
        try:
            result = self._session.run(neo4j.Query(query, timeout=seconds), dict(parameters))
            columns, table = (
                tuple(result.keys()),
                [tuple(record.values()) for record in islice(result, rows + 1)],
            )
            result.consume()
        except (Neo4jError, DriverError) as error:
            raise _failed(error) from error
        return Answer(columns=columns, rows=tuple(table[:rows]), more=len(table) > rows)

    @contextmanager
    def transaction(self, seconds: float | None = None) -> Iterator[Queries]:
        """Queries that are committed together when the context is left, or, with an error, not at all.

        Args:
            seconds: after which Neo4j gives up; as its settings say when not given.

        Raises:
            QueryFailed: Neo4j refuses the commit.
        """
        try:
            with self._session.begin_transaction(timeout=seconds) as within:
                yield Queries(within)
                within.commit()
        except (Neo4jError, DriverError) as error:
            raise _failed(error) from error


def _failed(error: Neo4jError | DriverError) -> QueryFailed:
    return QueryFailed(str(getattr(error, "message", "") or error), str(getattr(error, "code", "") or ""))


@contextmanager
def connect(uri: str, password: str | None = None, *, read_only: bool = False) -> Iterator[Database]:
    """A session on the default database of a server.

    Args:
        uri: ``bolt://HOST:PORT``.
        password: of the user neo4j; None where the server asks for none.
        read_only: whether the server shall refuse what writes.
    """
    # Deprecations are for those who wrote a query; in the middle of a build they are noise.
    logging.getLogger("neo4j.notifications").setLevel(logging.ERROR)
    auth = ("neo4j", password) if password else None
    mode = neo4j.READ_ACCESS if read_only else neo4j.WRITE_ACCESS
    with (
        neo4j.GraphDatabase.driver(uri, auth=auth, user_agent="kgshare", telemetry_disabled=True) as driver,
        driver.session(database="neo4j", fetch_size=5000, default_access_mode=mode) as session,
        ExitStack() as wires,
    ):
        yield Database(session, wires, uri, password or "")
