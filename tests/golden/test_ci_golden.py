"""The files for forges: each is what a person has read, and what its forge's linters and published schema accept."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kgshare.ci.init import hooks, rendered
from kgshare.doors.process import run
from kgshare.places import cache_dir

FILES = Path(__file__).parent / "ci"
BIN = Path(sys.executable).parent
PLAIN = ("kgshare[keyless]==0.1.0", "main", ".")
NESTED = ("kgshare[keyless] @ git+https://git.example.org/kgshare@0123456789abcdef", "trunk", "graphs/ocean")


def written(forge: str, root: Path, *values: str) -> list[Path]:
    """The files of a forge as they lie in a repository."""
    made = []
    for name, text in rendered(forge, *values).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        made.append(root / name)
    return made


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_files_of_a_forge(forge: str, golden: Callable[[Path, str], None]) -> None:
    for name, text in rendered(forge, *PLAIN).items():
        golden(FILES / forge / name.replace("/", "-").strip(".-"), text)


def test_the_hooks_of_a_bare_repository(golden: Callable[[Path, str], None]) -> None:
    for name, text in hooks("/usr/bin/python3 -m kgshare").items():
        golden(FILES / "git" / name.rpartition("/")[2], text)


def both(forge: str, root: Path) -> list[Path]:
    """The files of a forge for a project at the top of its repository, and for one in a folder."""
    return [
        file
        for name, values in (("plain", PLAIN), ("nested", NESTED))
        for file in written(forge, root / name, *values)
    ]


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    both("github", tmp_path)
    said = run(
        [BIN / "zizmor", "--offline", "--pedantic", "--no-progress", tmp_path / "plain", tmp_path / "nested"]
    )
    assert "No findings to report" in said.stdout + said.stderr


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_published_schema_accepts_them(tmp_path: Path, forge: str) -> None:
    schema = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}[forge]
    said = run([BIN / "check-jsonschema", "--builtin-schema", schema, *both(forge, tmp_path)])
    assert "ok -- validation done" in said.stdout


def test_actionlint_finds_nothing(actionlint: Path, tmp_path: Path) -> None:
    assert run([actionlint, "-shellcheck", BIN / "shellcheck", *both("github", tmp_path)]).stdout == ""


def test_a_shell_accepts_the_hooks(tmp_path: Path) -> None:
    for name, text in hooks("'/a folder/python' -m kgshare").items():
        (tmp_path / Path(name).name).write_text(text)
        run([BIN / "shellcheck", tmp_path / Path(name).name])


@pytest.fixture(scope="session")
def actionlint() -> Path:
    """The linter of GitHub's files that `./dev test` builds where there is Go."""
    if found := [
        *sorted((cache_dir() / "tools").glob("*/actionlint")),
        *map(Path, filter(None, [shutil.which("actionlint")])),
    ]:
        return found[-1]
    reason = "there is no actionlint (./dev test builds it where Go is installed)"
    return pytest.skip(reason)
