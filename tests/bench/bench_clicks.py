"""How long the API takes for what a click on a bottle asks, while 20 reviewers click, against the same for one reviewer.

Not collected by default (the name). It uses the project's own graph on a Neo4j of its own, or the one at KGSHARE_TEST_OCEAN_BOLT:

    python -m pytest tests/bench/bench_clicks.py -s

Each reviewer clicks on another bottle every second, as a quick one does; a click is what the page asks then: record, graph,
history, bottle, derived facts. The reviewers are in a process of their own.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import random
import statistics
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest
from tests.integration.page_server import CRUISE, Page

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(900)]
USERS, CLICKS, PAUSE = 20, 15, 1.0
MOST_MS = 100.0


def clicks(address: str, bottles: list[str], users: int) -> list[float]:
    """Milliseconds of every request of so many reviewers who click at the same time."""
    took: list[float] = []
    threads = [threading.Thread(target=_reviewer, args=(address, bottles, n, took)) for n in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def _reviewer(address: str, bottles: list[str], number: int, took: list[float]) -> None:
    choice = random.Random(number)  # the same clicks in every run
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    time.sleep(choice.random() * PAUSE)
    for _ in range(CLICKS):
        bottle = choice.choice(bottles)
        for path, given in (
            ("record", {"label": "Bottle", "key": bottle}),
            ("graph", {"label": "Bottle", "key": bottle, "limit": "40"}),
            ("history", {"label": "Bottle", "key": bottle}),
            ("panels/section/bottle", {"id": bottle}),
            ("panels/compare/facts", {"id": bottle, "property": "ctd_salinity_qc"}),
        ):
            began = time.perf_counter()
            connection.request("GET", f"/api/v1/{path}?{urlencode(given)}")
            answer = connection.getresponse()
            body = json.load(answer)
            took.append((time.perf_counter() - began) * 1000)
            if answer.status != 200:
                raise AssertionError(f"{path}: {body}")
        time.sleep(PAUSE)


def test_what_a_click_asks_takes_at_most_100_ms_for_19_of_20_requests_of_20_reviewers(
    ocean_page: Page,
) -> None:
    status, section = ocean_page.get("panels/section/section", cruise=CRUISE, parameter="cfc_12")
    assert status == 200
    bottles = [one for station in section["stations"] for one in station["ids"]]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
        apart.submit(clicks, ocean_page.url, bottles, 4).result()  # warms plans and caches
        alone = apart.submit(clicks, ocean_page.url, bottles, 1).result()
        together = apart.submit(clicks, ocean_page.url, bottles, USERS).result()
    assert len(together) == 5 * USERS * CLICKS
    one, many = (statistics.quantiles(took, n=20)[-1] for took in (alone, together))
    print(f"\np95 of one reviewer {one:.1f} ms, of {USERS} {many:.1f} ms: {many / one:.1f} times as long")
    assert many <= MOST_MS
