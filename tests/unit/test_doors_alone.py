"""What the command line does not load."""

from __future__ import annotations

import sys

import pytest

from kgshare.doors.process import run

LOADED = "import sys; from kgshare.doors import alone; {first}; import kgshare.doors.bolt; print('pandas' in sys.modules)"


@pytest.mark.parametrize(("first", "loaded"), [("alone.this_process_is_ours()", "False"), ("pass", "True")])
def test_the_driver_brings_pandas_along_but_not_into_a_process_of_ours(first: str, loaded: str) -> None:
    printed = run([sys.executable, "-c", LOADED.format(first=first)]).stdout
    assert printed.strip() == loaded


def test_what_was_hidden_from_the_driver_can_be_imported_afterwards() -> None:
    code = LOADED.format(first="alone.this_process_is_ours()") + "; import pandas; print(pandas.NA)"
    assert run([sys.executable, "-c", code]).stdout.split() == ["False", "<NA>"]


def test_a_command_loads_what_it_needs_and_the_command_line_alone_next_to_nothing() -> None:
    heavy = ("neo4j", "docker", "requests", "pydantic", "cryptography", "oras", "dagger", "pandas")
    code = f"import sys, kgshare.cli; print([name for name in {heavy} if name in sys.modules])"
    assert run([sys.executable, "-c", code]).stdout.strip() == "[]"
