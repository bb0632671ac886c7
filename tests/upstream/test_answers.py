"""What questions.yaml expects is what the upstream files say, computed without the graph (see `tests.upstream.answers`).

The upstream files are not part of the project. Where they are, name their folder:

    OCEANGRAPH_UPSTREAM=DIR python -m pytest tests/upstream
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.upstream.answers import ANSWERS
from tests.upstream.ocean import kilometres

from oceangraph.ask import named, questions

UPSTREAM = os.environ.get("OCEANGRAPH_UPSTREAM")
needs_upstream = pytest.mark.skipif(
    not UPSTREAM, reason="OCEANGRAPH_UPSTREAM names no folder with the upstream files"
)


def test_every_question_has_an_answer_that_was_computed_without_the_graph_and_none_is_empty() -> None:
    assert {question.name for question in questions()} == set(ANSWERS)
    assert all(question.expect for question in questions())
    assert len(ANSWERS) >= 20


@needs_upstream
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_the_upstream_files_give_the_expected_answer(name: str) -> None:
    expect = named(name).expect or ()
    wanted = [list(row.values()) if isinstance(row, Mapping) else list(row) for row in expect]
    found = ANSWERS[name](Path(str(UPSTREAM)))
    # A row that is a mapping leaves columns out; they stand last.
    assert [row[: len(w)] for row, w in zip(found, wanted, strict=True)] == wanted


@needs_upstream
def test_no_float_comes_within_240_km_of_the_section() -> None:
    from tests.upstream.answers import first_rows, profiles

    root = Path(str(UPSTREAM))
    stations = first_rows(root)[["LONGITUDE", "LATITUDE"]].to_numpy()
    there = profiles(root)
    there = there[(there["wmo"] == "2901780")].dropna(subset=["latitude", "longitude"])
    far = [
        kilometres(sx, sy, x, y)
        for sx, sy in stations
        for x, y in zip(there["longitude"], there["latitude"], strict=True)
    ]
    assert 239 < min(far) < 245
