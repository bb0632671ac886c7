from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit import lock_example

from kgshare.lock.file import render

GOLDEN = Path(__file__).parent / "lock.json"


def test_a_lock_is_written_as_people_read_it(golden: Callable[[Path, str], None]) -> None:
    golden(GOLDEN, render(lock_example.lock()))
