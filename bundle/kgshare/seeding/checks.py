"""Stage 4: the manifest's checks against the finished graph."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from kgshare.canonical.values import NotCanonical, encode, temporal
from kgshare.errors import Problem, SeedError
from kgshare.seeding.bolt import Database, QueryFailed
from kgshare.seeding.spec import Check


def run_checks(db: Database, checks: Iterable[Check]) -> None:
    """Run every check.

    Raises:
        SeedError: each check whose query fails, does not return one single value, or another than expected.
    """
    problems = [problem for check in checks for problem in [_failure(db, check)] if problem]
    if problems:
        raise SeedError(*problems)


def _failure(db: Database, check: Check) -> Problem | None:
    where = f"check {check.name!r}"
    try:
        rows = db.run(check.cypher)
    except QueryFailed as error:
        return Problem(message=f"its query failed: {error.message}", where=where)
    if len(rows) != 1 or len(rows[0]) != 1:
        columns = f" of {len(rows[0])} values" if rows else ""
        return Problem(message=f"returned {len(rows)} rows{columns}, not one single value", where=where)
    actual = rows[0][0]
    if same(actual, check.expect):
        return None
    return Problem(message=f"expected {shown(check.expect)}, got {shown(actual)}", where=where)


def same(actual: Any, expected: Any) -> bool:
    """Whether a query's value is the manifest's: true is not 1, 1 is 1.0, a date equals its ISO text."""
    if isinstance(actual, bool) or isinstance(expected, bool):
        return actual is expected
    if isinstance(actual, list) and isinstance(expected, list):
        return len(actual) == len(expected) and all(map(same, actual, expected))
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(same(actual[key], expected[key]) for key in actual)
    if isinstance(actual, float) and isinstance(expected, float) and math.isnan(actual):
        return math.isnan(expected)
    if isinstance(expected, str) and not isinstance(actual, str):
        try:
            return temporal(actual).text == expected
        except NotCanonical:
            return False
    return bool(actual == expected)


def shown(value: Any) -> str:
    """A query's value as a message names it."""
    try:
        return encode(value)
    except NotCanonical:
        return repr(value)
