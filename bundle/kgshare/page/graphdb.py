"""The page's door to Bolt: read-only, parameterised, with a time limit on every transaction."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import neo4j
from neo4j.exceptions import (
    ClientError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from kgshare.page.readonly import not_reading
from kgshare.page.watch import State, Watch
from kgshare.questions import Answer

Rows = list[dict[str, Any]]
T = TypeVar("T")

STARTING_SECONDS = 60
QUERY_SECONDS = 10.0
DATABASE = "neo4j"  # named, so that the driver need not ask which one is the user's
AGAIN = 2  # a connection that was open before the database was started anew is found dead once
FOR_EVER = -1  # seconds of a connection's life, in the driver's words
AT_ONCE = 4  # queries of the query panel: the page itself must go on meanwhile


class Query(Protocol):
    """Run a reading query and get its rows; values are the driver's own (nodes, relationships, temporal types)."""

    def __call__(self, cypher: str, /, **parameters: Any) -> Awaitable[Rows]: ...  # noqa: D102


class Ask(Protocol):
    """Ask a question whose text is the project's own: a table, at most so many rows."""

    def __call__(self, cypher: str, parameters: Mapping[str, Any], /, *, rows: int) -> Awaitable[Answer]: ...  # noqa: D102


class Run(Protocol):
    """Run what a reviewer wrote: it must read, and reach nothing but the graph."""

    def __call__(self, cypher: str, /, *, rows: int) -> Awaitable[Answer]: ...  # noqa: D102


class QueryRefused(Exception):
    """Neo4j refuses the query; the message is Neo4j's."""


class NotAllowed(QueryRefused):
    """The page refuses the query, not Neo4j; the message says why."""


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
        self._panel = asyncio.Semaphore(AT_ONCE)
        self._watch = Watch(lambda: self._open(connections=1, lives=FOR_EVER), DATABASE)

    async def state(self) -> State | None:
        """The state that the graph is in, after this was called; None where the database does not tell it."""
        return await self._watch.state()

    async def query(self, cypher: str, /, **parameters: Any) -> Rows:
        """Run one reading query in a transaction of its own.

        Raises:
            DatabaseAway: there is no password yet, no connection, or it was lost.
            TooLong: the time limit was reached.
        """
        return await self._query(cypher, parameters, None)

    def since(self, state: State) -> Query:
        """The query function that sees all that was committed until then; raises what `query` raises."""
        marks = neo4j.Bookmarks.from_raw_values(state.marks)

        async def query(cypher: str, /, **parameters: Any) -> Rows:
            return await self._query(cypher, parameters, marks)

        return query

    async def _query(self, cypher: str, parameters: Mapping[str, Any], marks: neo4j.Bookmarks | None) -> Rows:
        async def work(session: neo4j.AsyncSession) -> Rows:
            # Cypher is built from the project's own declared names, quoted; values are always parameters.
            result = await session.run(neo4j.Query(cypher, timeout=self._seconds), dict(parameters))
            return [dict(record) async for record in result]

        return await self._read(work, marks)

    async def ask(self, cypher: str, parameters: Mapping[str, Any], /, *, rows: int) -> Answer:
        """Ask a question of the project's.

        Raises:
            QueryRefused: Neo4j does, as where it would write.
            DatabaseAway, TooLong: as for `query`.
        """

        async def work(session: neo4j.AsyncSession) -> Answer:
            # The text is the manifest's, in a bundle that was verified; the session reads, and values are parameters.
            result = await session.run(neo4j.Query(cypher, timeout=self._seconds), dict(parameters))
            table = [tuple(record.values()) for record in await result.fetch(rows + 1)]
            return Answer(columns=tuple(result.keys()), rows=tuple(table[:rows]), more=len(table) > rows)

        try:
            return await self._read(work)
        except ClientError as error:
            raise QueryRefused(error.message or str(error)) from error

    async def run(self, cypher: str, /, *, rows: int) -> Answer:
        """Run a reviewer's own query, after Neo4j's plan of it was looked through; nothing is tried a second time.

        Cancelling closes the connection, and Neo4j stops the query.

        Raises:
            QueryRefused: it writes, reaches for files or addresses, or Neo4j does not understand it.
            DatabaseAway, TooLong: as for `query`.
        """

        async def work(session: neo4j.AsyncSession) -> Answer:
            # A reviewer's own text. The session only reads, and the plan is Neo4j's own reading of it.
            planned = await (await session.run(f"EXPLAIN\n{cypher}")).consume()
            if problem := not_reading(planned.query_type or "", planned.plan):
                raise NotAllowed(problem)
            result = await session.run(neo4j.Query(cypher, timeout=self._seconds))
            table = [tuple(record.values()) for record in await result.fetch(rows + 1)]
            return Answer(columns=tuple(result.keys()), rows=tuple(table[:rows]), more=len(table) > rows)

        try:
            async with self._panel:
                return await self._within(work, fetch_size=200)
        except (ClientError, TransientError) as error:
            raise QueryRefused(_own_lines(error.message or str(error))) from error

    async def _read(
        self, work: Callable[[neo4j.AsyncSession], Awaitable[T]], marks: neo4j.Bookmarks | None = None
    ) -> T:
        # Auto-commit: one round trip where a managed transaction takes three. Reading can be tried again as it is.
        async def retried(session: neo4j.AsyncSession) -> T:
            for _ in range(AGAIN):
                with contextlib.suppress(ServiceUnavailable, SessionExpired):
                    return await work(session)
            return await work(session)

        return await self._within(retried, marks=marks)

    async def _within(
        self,
        work: Callable[[neo4j.AsyncSession], Awaitable[T]],
        fetch_size: int = 1000,
        marks: neo4j.Bookmarks | None = None,
    ) -> T:
        try:
            driver = self._connected()
            async with driver.session(
                database=DATABASE,
                default_access_mode=neo4j.READ_ACCESS,
                fetch_size=fetch_size,
                bookmarks=marks,
            ) as session:
                found = await work(session)
        except ClientError as error:
            code = error.code or ""
            if "TransactionTimedOut" in code:
                raise TooLong(f"stopped after {self._seconds:g} seconds") from error
            if ".Security." in code and not code.endswith(".Forbidden"):
                await self.close()
                raise DatabaseAway("the database refuses the page's password") from error
            raise
        except TransientError as error:
            if "MemoryPool" in (error.code or ""):
                raise QueryRefused("it wants more memory than the database has") from error
            raise DatabaseAway("the database is not ready") from error
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
        await self._watch.close()
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.close()

    def _connected(self) -> neo4j.AsyncDriver:
        if self._driver is None:
            self._driver = self._open()
        return self._driver

    def _open(self, connections: int = 20, lives: float = 3600) -> neo4j.AsyncDriver:
        return neo4j.AsyncGraphDatabase.driver(
            self._uri,
            auth=self._auth(),
            connection_timeout=3,
            connection_acquisition_timeout=5,
            max_connection_pool_size=connections,
            max_connection_lifetime=lives,
            telemetry_disabled=True,
            notifications_min_severity="OFF",
        )

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


def _own_lines(message: str) -> str:
    """Neo4j's message with the lines that the reviewer sees: the word EXPLAIN stood on one before them."""
    return re.sub(r"\(line (\d+), column (\d+) \(offset: \d+\)\)", _line_before, message)


def _line_before(found: re.Match[str]) -> str:
    return f"(line {max(1, int(found[1]) - 1)}, column {found[2]})"


def quoted(name: str) -> str:
    """A label, type or property name as Cypher writes it in backticks."""
    return "`" + name.replace("`", "``") + "`"


def named(names: Mapping[str, Any], name: str) -> str | None:
    """The name itself where it is one of those declared, else None: nothing undeclared reaches a query's text."""
    return name if name in names else None
