"""The compose file of a project, as a person reads it; the one at the top level is the ocean project's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kgshare.compose import COMPOSE, ComposePlan, render_compose
from kgshare.project import read_project

TOP = Path(__file__).parents[2]
FILES = {
    ".": TOP / COMPOSE,
    "tests/projects/herbarium": Path(__file__).parent / "compose" / "herbarium.yaml",
}


@pytest.mark.parametrize("folder", FILES)
def test_the_compose_file_of_a_project_is_the_one_that_was_read_and_committed(
    folder: str, golden: Callable[[Path, str], None]
) -> None:
    golden(FILES[folder], render_compose(ComposePlan.of(read_project(TOP / folder).manifest)))
