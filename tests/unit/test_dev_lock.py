"""The lock of the environment: it covers what pyproject.toml asks for, by hash, and names no server."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.machine import TOP

from kgshare.doors.process import run

LOCK = (TOP / ".ci/requirements.lock").read_text(encoding="utf-8")
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9.-]*)(?:\[[a-z0-9,-]+\])?==(?P<version>\S+)(?: ; (?P<marker>[^\\]+?))? \\$",
    re.MULTILINE,
)


def locked() -> dict[str, list[str]]:
    found = defaultdict(list)
    for entry in ENTRY.finditer(LOCK):
        found[str(entry["name"])].append(entry["version"])
    return found


def declared() -> list[Requirement]:
    lines = run([sys.executable, TOP / ".ci/declared.py", TOP / "pyproject.toml"]).stdout.splitlines()
    return [Requirement(line) for line in lines]


def test_every_requirement_that_is_declared_is_locked_at_a_version_it_accepts() -> None:
    versions = locked()
    missing = [
        str(requirement)
        for requirement in declared()
        if requirement.marker is None or requirement.marker.evaluate(dict(default_environment()))
        if not any(
            requirement.specifier.contains(version, prereleases=True)
            for version in versions.get(canonicalize_name(requirement.name), [])
        )
    ]
    assert missing == [], "./dev relock"


def test_what_is_declared_is_all_of_the_projects_lists() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    names = {requirement.name for requirement in declared()}
    assert {"hatchling", "pydantic", "pytest", "starlette", "numpy"} <= names
    assert len(names) >= len(project["project"]["dependencies"])
    assert project["project"]["name"] not in names


def test_every_locked_version_carries_hashes_and_nothing_else_stands_in_the_lock() -> None:
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if ENTRY.fullmatch(line):
            assert after.startswith("    --hash=sha256:"), line
        else:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


def test_a_package_is_locked_twice_only_for_different_pythons_or_systems() -> None:
    for name, versions in locked().items():
        assert len(versions) == len(set(map(Version, versions))), name
        if len(versions) > 1:
            markers = [entry["marker"] for entry in ENTRY.finditer(LOCK) if entry["name"] == name]
            assert None not in markers, name
