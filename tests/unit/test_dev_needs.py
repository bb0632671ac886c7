"""What the suite does where Docker or Chromium is missing, tried with pytest itself in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.machine import TOP, dev

TESTS = """
import pytest
@pytest.mark.docker
def test_engine(): pass
@pytest.mark.browser
def test_page(chromium): pass
def test_pure(): pass
"""


def run_suite(folder: Path, **env: str) -> tuple[int, str]:
    file = folder / "test_sample.py"
    file.write_text(TESTS, encoding="utf-8")
    settings = [f"{name}={value}" for name, value in {"PATH": str(folder), **env}.items()]
    ended = dev(["/usr/bin/env", "-i", *settings, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c",
                 str(TOP / "pyproject.toml"), f"--rootdir={TOP}", "-p", "tests.conftest",
                 f"--basetemp={folder / 'base'}", str(file)], cwd=TOP)  # fmt: skip
    return ended.code, ended.stdout


def test_where_docker_and_chromium_are_missing_their_tests_are_skipped_with_the_reason(
    tmp_path: Path,
) -> None:
    code, output = run_suite(tmp_path)
    assert code == 0
    assert "1 passed, 2 skipped" in output
    assert "no Docker Engine answers: docker is not installed" in output
    assert "there is no Chromium on PATH" in output


@pytest.mark.parametrize("ci", ["true", "1"])
def test_in_ci_the_same_tests_fail_instead(ci: str, tmp_path: Path) -> None:
    code, output = run_suite(tmp_path, CI=ci)
    assert code == 1
    assert "1 passed, 2 errors" in output
    assert "no Docker Engine answers" in output
