"""The reference pages are what the code says; ``pytest --update-golden`` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.golden.render_docs import commands_page, manifest_page, ocean_page, policy_page

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize(
    ("page", "render"),
    [
        ("manifest.md", manifest_page),
        ("commands.md", commands_page),
        ("oceangraph.md", ocean_page),
        ("policy.md", policy_page),
    ],
)
def test_a_reference_page_says_what_the_code_does(
    page: str, render: Callable[[], str], golden: Callable[[Path, str], None]
) -> None:
    golden(REFERENCE / page, render())
