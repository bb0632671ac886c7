from __future__ import annotations

import json

import pytest

from kgshare.errors import LockError
from kgshare.lock.maven import near
from kgshare.lock.wheels import environment, explain, parse_report

ROW = {
    "metadata": {"name": "Typing_Extensions", "version": "4.16.0"},
    "download_info": {
        "url": "file:///x/typing_extensions-4.16.0%2Blocal-py3-none-any.whl",
        "archive_info": {"hashes": {"sha256": "ab" * 32}},
    },
}


def test_pips_report_gives_names_as_indexes_write_them_and_the_file() -> None:
    (found,) = parse_report(json.dumps({"version": "1", "install": [ROW]}))
    assert (found.name, found.filename) == (
        "typing-extensions",
        "typing_extensions-4.16.0+local-py3-none-any.whl",
    )
    assert found.sha256 == "ab" * 32


def test_an_index_without_hashes_cannot_be_locked() -> None:
    row = {**ROW, "download_info": {"url": "file:///x/a-1-py3-none-any.whl"}}
    with pytest.raises(LockError, match="no wheel with a SHA-256 for typing-extensions"):
        parse_report(json.dumps({"install": [row]}))


def test_the_target_is_debians_python_and_not_the_one_that_runs_kgshare() -> None:
    target = environment("3.13", "arm64")
    assert (target["python_version"], target["platform_machine"], target["sys_platform"]) == (
        "3.13",
        "aarch64",
        "linux",
    )


def test_a_missing_wheel_is_told_with_the_versions_that_have_one() -> None:
    output = (
        "ERROR: Could not find a version that satisfies the requirement numpy==1.19 (from versions: 2.0, 2.1, 2.2)\n"
        "ERROR: No matching distribution found for numpy==1.19\n"
    )
    told = explain(output, "3.13", "amd64")
    assert told["message"] == (
        "there is no wheel of numpy==1.19 for CPython 3.13 on Linux x86_64 (versions that have one: 2.0, 2.1, 2.2)"
    )


def test_the_versions_near_a_wrong_one_are_of_its_line() -> None:
    known = ["5.26.28", "5.26.9", "5.26.29", "5.26.30", "5.25.1", "2026.08.1", "5.26.30-drop01", "5.26.27"]
    assert near("5.26.99", known) == ["5.26.27", "5.26.28", "5.26.29", "5.26.30"]
    assert near("5.30.0", ["4.4.1", "5.25.1", "5.26.3"]) == ["5.25.1", "5.26.3"]
