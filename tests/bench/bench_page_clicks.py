"""How long the API calls of a click take while twenty reviewers click: the 95th percentile, printed, and as a ratio.

A click on a bottle asks for its record with the graph around it, as a browser does, and of a bottle that was revised by whom.
Page and database are processes of their own, the load comes over loopback. Not collected by default (the name):

    python -m pytest tests/bench/bench_page_clicks.py -s
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from tests.bench.page_process import page_process
from tests.integration.page_server import Opened

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(600)]
USERS, CLICKS = 20, 12
THINKS = 2.0  # seconds between two clicks of one reviewer, on average
MOST_SLOWER = 12  # times a single reviewer's click


@pytest.fixture
def port(ocean_database: Opened, tmp_path: Path) -> Iterator[int]:
    """A page in a process of its own."""
    with page_process(tmp_path, ocean_database, None) as at:
        yield at


class Reviewer:
    """Somebody with a browser: a connection that stays open, a click on each of some bottles."""

    def __init__(self, port: int, bottles: Iterator[str]) -> None:
        self.port, self.bottles = port, bottles
        self.took: list[float] = []
        self.clicks: list[float] = []

    async def review(self, thinks: float) -> None:
        """Click, look, click."""
        self.stream = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.sleep(random.uniform(0, thinks))
        for _ in range(CLICKS):
            began = time.perf_counter()
            await self.click(next(self.bottles))
            self.clicks.append(time.perf_counter() - began)
            await asyncio.sleep(random.uniform(0.5 * thinks, 1.5 * thinks))
        self.stream[1].close()

    async def click(self, bottle: str) -> None:
        """The calls of one click: the record with the graph around it; of a revised bottle, who revised it."""
        key = quote(bottle)
        record = await self.call(f"record?label=Bottle&key={key}&graph=40")
        if b'"CHANGED"' in record:
            await self.call(f"panels/section/bottle?id={key}")

    async def call(self, path: str) -> bytes:
        """One request on the open connection, timed to its last byte."""
        reader, writer = self.stream
        began = time.perf_counter()
        writer.write(
            f"GET /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        assert " 200 " in head.splitlines()[0], head
        length = next(
            (int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length")), None
        )
        assert length is not None, head
        content = await reader.readexactly(length)
        self.took.append(time.perf_counter() - began)
        return content


def bottles(port: int, page: int) -> list[str]:
    """Bottles of the table, so many as a load looks at: each page has others."""
    address = f"http://127.0.0.1:{port}/api/v1/records?label=Bottle&limit=120&offset="
    found: list[str] = []
    for offset in (240 * page, 240 * page + 120):
        with urlopen(f"{address}{offset}", timeout=30) as answer:
            found += [item["key"][0] for item in json.load(answer)["items"]]
    return found


def percentile(values: list[float], of: int) -> float:
    """In milliseconds."""
    return 1000 * statistics.quantiles(values, n=100)[of - 1]


def load(port: int, users: int, thinks: float, page: int) -> tuple[list[float], list[float], float]:
    """Seconds of each call and of each click, and calls a second."""
    numbers = itertools.cycle(bottles(port, page))

    async def all_of_them() -> list[Reviewer]:
        reviewers = [Reviewer(port, numbers) for _ in range(users)]
        await asyncio.gather(*(reviewer.review(thinks) for reviewer in reviewers))
        return reviewers

    began = time.perf_counter()
    done = asyncio.run(all_of_them())
    seconds = time.perf_counter() - began
    took = [t for reviewer in done for t in reviewer.took]
    return took, [c for reviewer in done for c in reviewer.clicks], len(took) / seconds


def test_the_calls_of_a_click_while_twenty_reviewers_click(port: int) -> None:
    for page in range(2):
        load(port, USERS, 0, page)  # Neo4j's plans and Java's compiled code are there
    rows = [
        ("one reviewer", *_row(port, 1, 0.1, 2)),
        (f"{USERS} reviewers, a click in {THINKS:g} s", *_row(port, USERS, THINKS, 3)),
        (f"{USERS}, never pausing, what nobody has seen", *_row(port, USERS, 0, 4)),
        (f"{USERS}, never pausing, what was seen before", *_row(port, USERS, 0, 4)),
    ]
    print()
    for name, p50, p95, click, rate in rows:
        print(
            f"{name:42} call p50 {p50:6.1f} ms, p95 {p95:6.1f} ms; click p95 {click:6.1f} ms; {rate:5.0f} calls/s"
        )
    alone = rows[0][1]
    assert rows[1][2] < MOST_SLOWER * alone
    assert rows[2][2] < USERS * MOST_SLOWER * alone
    assert rows[3][2] < rows[2][2]


def _row(port: int, users: int, thinks: float, page: int) -> tuple[float, float, float, float]:
    took, clicks, rate = load(port, users, thinks, page)
    return percentile(took, 50), percentile(took, 95), percentile(clicks, 95), rate
