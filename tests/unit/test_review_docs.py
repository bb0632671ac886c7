"""The table of what a data pull request can do names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_feature_of_ours_in_the_table_names_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "reference" / "reviews.md").read_text()
    table = [line for line in page.splitlines() if line.startswith("| ") and line.count("|") == 9]
    named = re.findall(r"`(test_\w+(?:\.py)?)`", "\n".join(table))
    assert len(named) >= 14
    files = {p.name: p.read_text() for p in (ROOT / "tests").rglob("test_*.py")}
    functions = {
        name for text in files.values() for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)
    }
    assert [name for name in named if name not in files and name not in functions] == []
