"""How long the pipeline takes when nothing has changed: at most 3 s, from the command to its last line.

Not collected by default (the name). It uses a clone of this repository and the machine's own cache, so the first run does
whatever was not built here before:

    python -m pytest tests/bench/bench_ci.py -s
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.e2e.command_line import works

from kgshare.doors.process import run

ROOT = Path(__file__).parents[2]
MOST_SECONDS, ROUNDS = 3.0, 3
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]


def test_a_run_with_nothing_to_do_takes_at_most_three_seconds(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run(["git", "clone", "-q", ROOT, clone])

    def seconds() -> tuple[float, list[str]]:
        began = time.perf_counter()
        steps = works("ci", "run", clone, "--json").result["steps"]
        return time.perf_counter() - began, [step["name"] for step in steps if step["ran"]]

    first, ran = seconds()
    again = [seconds() for _ in range(ROUNDS)]
    print(
        f"\nfirst {first:.1f} s ({len(ran)} steps ran), then {', '.join(f'{took:.2f} s' for took, _ in again)}"
    )
    assert [names for _, names in again] == [[]] * ROUNDS
    assert min(took for took, _ in again) <= MOST_SECONDS
