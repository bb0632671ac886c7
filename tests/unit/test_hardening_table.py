"""The page of hardening names a test for every requirement, and each of these tests exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/reference/hardening.md").read_text().splitlines()
    if line.startswith("|") and not line.startswith("| ---")
][1:]


@cache
def functions_of(file: Path) -> frozenset[str]:
    return frozenset(
        node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_requirement_is_held_by_a_test_that_exists(row: list[str]) -> None:
    number, asked, does, held = row
    assert re.fullmatch(r"([45]\.\d+(, [45]\.\d+)*)?", number)
    assert asked
    assert does
    file, _, name = held.strip("`").partition("::")
    assert name in functions_of(ROOT / file)


def test_every_number_of_images_and_containers_is_in_the_table_or_explained_below_it() -> None:
    page = (ROOT / "docs/reference/hardening.md").read_text()
    wanted = {f"4.{n}" for n in range(1, 13)} | {f"5.{n}" for n in range(1, 33)}

    assert wanted - set(re.findall(r"\b[45]\.\d+\b", page)) == set()
