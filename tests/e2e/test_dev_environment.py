"""./dev makes the locked environment with real pip, once, and notices what changes it.

The project here is this one with the smallest lock that can build it, so that the suite does not fetch everything
again; `./dev test` itself has installed the whole lock before this runs.
"""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest
from tests.machine import TOP, Ended, dev

BUILDS_US = ("hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers", "pip")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project with a small lock, set up once."""
    top = tmp_path_factory.mktemp("project") / "kgshare"
    top.mkdir()
    for name in ("dev", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(TOP / name, top)
    for name in (".ci", "bundle", "graph"):
        shutil.copytree(TOP / name, top / name, ignore=shutil.ignore_patterns("__pycache__"))
    lock = (TOP / ".ci/requirements.lock").read_text(encoding="utf-8")
    entries = re.findall(r"^[a-z].*\n(?:    .*\n)+", lock, re.MULTILINE)
    kept = [entry for entry in entries if entry.split("==")[0] in BUILDS_US]
    assert len(kept) == len(BUILDS_US)
    (top / ".ci/requirements.lock").write_text("".join(kept), encoding="utf-8")
    return top


def run_dev(project: Path, *words: str, cwd: Path | None = None) -> Ended:
    return dev([str(project / "dev"), *words], cwd=cwd or project)


def timed(project: Path) -> tuple[float, Ended]:
    start = time.monotonic()
    ended = run_dev(project, "run", "python", "-c", "import kgshare; print(kgshare.__file__)")
    return time.monotonic() - start, ended


def test_the_first_run_installs_and_the_next_has_nothing_to_do(project: Path) -> None:
    first, installed = timed(project)
    assert installed.code == 0, installed.stderr
    assert "Installing the locked packages" in installed.stderr
    assert installed.stdout == f"{project}/bundle/kgshare/__init__.py\n"

    second, again = timed(project)
    assert (again.code, again.stdout, again.stderr) == (0, installed.stdout, "")
    assert second < first / 5


def test_run_keeps_the_callers_folder_and_passes_exit_code_and_output_on(
    project: Path, tmp_path: Path
) -> None:
    ended = run_dev(project, "run", "bash", "-c", "pwd; command -v python; exit 7", cwd=tmp_path)
    assert ended.code == 7
    assert ended.stdout.splitlines() == [str(tmp_path), f"{project}/.venv/bin/python"]


def test_a_changed_pyproject_is_installed_anew(project: Path) -> None:
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('\n[project.entry-points."kgshare.sign"]\nof = "change"\n')
    find = "import importlib.metadata as m; print([e.name for e in m.entry_points(group='kgshare.sign')])"
    ended = run_dev(project, "run", "python", "-c", find)
    assert "Installing" in ended.stderr
    assert ended.stdout == "['of']\n"


def test_a_project_that_was_moved_gets_a_new_environment(project: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(project, moved, symlinks=True)
    _, ended = timed(moved)
    assert "Making the Python environment" in ended.stderr
    assert ended.stdout == f"{moved}/bundle/kgshare/__init__.py\n"


def test_a_package_whose_hash_is_not_the_locked_one_is_refused_and_nothing_is_marked_done(
    project: Path, tmp_path: Path
) -> None:
    altered = tmp_path / "altered"
    shutil.copytree(project, altered, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    lock = altered / ".ci/requirements.lock"
    lock.write_text(re.sub(r"[0-9a-f]{64}", "0" * 64, lock.read_text(encoding="utf-8")), encoding="utf-8")
    ended = run_dev(altered, "run", "true")
    assert ended.code == 21
    assert "do not match" in ended.stderr.lower()
    assert ended.stderr.splitlines()[-1].startswith("./dev: pip could not install .ci/requirements.lock")
    assert not (altered / ".venv/dev-stamp").exists()
