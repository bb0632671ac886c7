"""Which state the graph is in: its last committed transaction, as Neo4j names it in the bookmark of any query.

Neo4j's bookmark is of the newest committed transaction, whoever made it; a query that carries one is answered only when that
transaction and all before it can be seen. So an answer that was asked with a state holds at least that state, and as long as
the state is told again, nothing was committed since: the answer is still right, whoever writes, over Bolt or on the page.

Source: Neo4j's TransactionIdTracker (``newestTransactionId``, ``awaitUpToDate``); the driver's manual on bookmarks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import neo4j

PATIENCE = 3.0  # seconds; without an answer the state is not known, and nothing kept is used


@dataclass(frozen=True, kw_only=True)
class State:
    """Two states are one exactly where nothing was committed between.

    Attributes:
        life: of the connection on which it was asked. After a restart the database may be another under the same number.
        marks: Neo4j's bookmarks.
    """

    life: int
    marks: frozenset[str]


class Watch:
    """Asks for the state on one connection of its own, which lives as long as the database does.

    Args:
        connect: opens a driver for one connection that is never replaced silently.
        database: which of the server's.
    """

    def __init__(self, connect: Callable[[], neo4j.AsyncDriver], database: str) -> None:
        self._connect, self._database = connect, database
        self._driver: neo4j.AsyncDriver | None = None
        self._life = 0
        self._asking: asyncio.Task[State | None] | None = None
        self._next: asyncio.Task[State | None] | None = None

    async def state(self) -> State | None:
        """The state at a moment after this was called; None where the database does not tell.

        Who comes while a question is on its way waits for the next one, all together: what was written before they came is
        in its answer.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._asking))
        return await asyncio.shield(self._next)

    async def close(self) -> None:
        """Let go of the connection; the next state is of another life."""
        driver, self._driver = self._driver, None
        self._life += 1
        if driver is not None:
            await driver.close()

    async def _after(self, before: asyncio.Task[State | None] | None) -> State | None:
        if before is not None:
            await asyncio.wait({before})
        self._asking, self._next = self._next, None
        try:
            return await asyncio.wait_for(self._ask(), PATIENCE)
        except Exception:
            # Whatever it is, the queries of whoever waits will meet it too, and say it.
            await self.close()
            return None

    async def _ask(self) -> State:
        if self._driver is None:
            self._driver = self._connect()
        life = self._life
        async with self._driver.session(
            database=self._database, default_access_mode=neo4j.READ_ACCESS
        ) as session:
            await (await session.run("RETURN 1")).consume()
            return State(life=life, marks=(await session.last_bookmarks()).raw_values)
