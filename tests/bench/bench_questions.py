"""How long each of the ocean's questions takes, warm, and that it takes no more than 50 ms at the median.

Not collected by default (the name). It uses the project's own graph on a Neo4j of its own, or the one at KGSHARE_BENCH_BOLT:

    python -m pytest tests/bench/bench_questions.py -s

The same query without rows, `RETURN 1`, is asked in between: what one round trip costs here.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import pytest

from kgshare.doors.bolt import reading
from kgshare.questions.ask import ask
from oceangraph.ask import questions

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(1200)]
ROUNDS, WARM = 21, 10
MOST_MS = 50.0


def median_ms(do: Callable[[], object]) -> float:
    """Median milliseconds of many rounds, after some that warm caches and plans."""
    for _ in range(WARM):
        do()
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        do()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1000


def test_every_question_takes_at_most_50_ms_warm(request: pytest.FixtureRequest) -> None:
    uri = os.environ.get("KGSHARE_BENCH_BOLT") or request.getfixturevalue("ocean_database").uri
    with reading(uri, user="neo4j", password=os.environ.get("NEO4J_PASSWORD", "")) as session:
        trip = median_ms(lambda: list(session.stream("RETURN 1", {})))
        took = {question.name: median_ms(lambda q=question: ask(session, q)) for question in questions()}
    print(f"\n{'a round trip':32} {trip:7.1f} ms")
    for name, ms in sorted(took.items(), key=lambda item: -item[1]):
        print(f"{name:32} {ms:7.1f} ms")
    assert {name: ms for name, ms in took.items() if ms > MOST_MS} == {}
