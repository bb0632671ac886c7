"""The page's door to Bolt: read-only, parameterised, with a time limit on every transaction."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import neo4j
from neo4j.exceptions import ClientError, DriverError, Neo4jError

from kgshare.questions import Answer

Rows = list[dict[str, Any]]
T = TypeVar("T")

STARTING_SECONDS = 60
QUERY_SECONDS = 10.0


class Query(Protocol):
    """Run a reading query and get its rows; values are the driver's own (nodes, relationships, temporal types)."""

    def __call__(self, cypher: str, /, **parameters: Any) -> Awaitable[Rows]: ...  # noqa: D102


class Ask(Protocol):
    """Ask a question whose text is the project's own: a table, at most so many rows."""

    def __call__(self, cypher: str, parameters: Mapping[str, Any], /, *, rows: int) -> Awaitable[Answer]: ...  # noqa: D102


class QueryRefused(Exception):
    """Neo4j refuses the query; the message is Neo4j's."""


class DatabaseAway(Exception):
    """The database does not answer."""


class TooLong(Exception):
    """The query ran into the time limit."""


class Graph:
    """A database that may appear after the page does, and may go away and come back.

    Args:
        uri: Bolt address.
        user: name of the database user.
        password_file: file that holds the password; it may appear later. None: no authentication.
        seconds: time limit of each transaction.
        clock: what the time since the start is measured with.
    """

    def __init__(
        self,
        uri: str,
        user: str,
        password_file: Path | None,
        *,
        seconds: float = QUERY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._uri, self._user, self._file = uri, user, password_file
        self._seconds, self._clock = seconds, clock
        self._since = clock()
        self._answered = False
        self._driver: neo4j.AsyncDriver | None = None

    async def query(self, cypher: str, /, **parameters: Any) -> Rows:
        """Run one reading query in a transaction of its own.

        Raises:
            DatabaseAway: there is no password yet, no connection, or it was lost.
            TooLong: the time limit was reached.
        """

        async def work(transaction: neo4j.AsyncManagedTransaction) -> Rows:
            # Cypher is built from the project's own declared names, quoted; values are always parameters.
            result = await transaction.run(cypher, parameters)
            return [dict(record) async for record in result]

        return await self._read(work)

    async def ask(self, cypher: str, parameters: Mapping[str, Any], /, *, rows: int) -> Answer:
        """Ask a question of the project's.

        Raises:
            QueryRefused: Neo4j does, as where it would write.
            DatabaseAway, TooLong: as for `query`.
        """

        async def work(transaction: neo4j.AsyncManagedTransaction) -> Answer:
            # The text is the manifest's, in a bundle that was verified; the session reads, and values are parameters.
            result = await transaction.run(cypher, dict(parameters))
            table = [tuple(record.values()) for record in await result.fetch(rows + 1)]
            return Answer(columns=tuple(result.keys()), rows=tuple(table[:rows]), more=len(table) > rows)

        try:
            return await self._read(work)
        except ClientError as error:
            raise QueryRefused(error.message or str(error)) from error

    async def _read(self, work: Callable[[neo4j.AsyncManagedTransaction], Awaitable[T]]) -> T:
        try:
            driver = self._connected()
            async with driver.session(default_access_mode=neo4j.READ_ACCESS) as session:
                found = await session.execute_read(neo4j.unit_of_work(timeout=self._seconds)(work))
        except ClientError as error:
            code = error.code or ""
            if "TransactionTimedOut" in code:
                raise TooLong(f"stopped after {self._seconds:g} seconds") from error
            if ".Security." in code and not code.endswith(".Forbidden"):
                await self.close()
                raise DatabaseAway("the database refuses the page's password") from error
            raise
        except (DriverError, Neo4jError, OSError) as error:
            raise DatabaseAway("the database does not answer") from error
        self._answered = True
        return found

    async def status(self) -> str:
        """``ok``, ``starting`` (has not answered yet and may still come), or ``database unreachable``."""
        try:
            await self.query("RETURN 1")
        except (DatabaseAway, TooLong):
            young = self._clock() - self._since < STARTING_SECONDS
            return "starting" if young and not self._answered else "database unreachable"
        return "ok"

    async def close(self) -> None:
        """Close the connections; the next query opens new ones, with the password read again."""
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.close()

    def _connected(self) -> neo4j.AsyncDriver:
        if self._driver is None:
            self._driver = neo4j.AsyncGraphDatabase.driver(
                self._uri,
                auth=self._auth(),
                connection_timeout=3,
                connection_acquisition_timeout=5,
                max_transaction_retry_time=2,
                max_connection_pool_size=20,
                telemetry_disabled=True,
                notifications_min_severity="OFF",
            )
        return self._driver

    def _auth(self) -> tuple[str, str] | None:
        if self._file is None:
            return None
        try:
            password = self._file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise DatabaseAway("there is no password yet") from error
        if not password:
            raise DatabaseAway("there is no password yet")
        return self._user, password


def quoted(name: str) -> str:
    """A label, type or property name as Cypher writes it in backticks."""
    return "`" + name.replace("`", "``") + "`"


def named(names: Mapping[str, Any], name: str) -> str | None:
    """The name itself where it is one of those declared, else None: nothing undeclared reaches a query's text."""
    return name if name in names else None
