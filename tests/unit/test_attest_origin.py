"""What the provenance says of Git: the last revision that changed what is built, and what is otherwise now."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgshare.attest.origin import UNKNOWN, origin_of
from kgshare.doors.process import run


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    return run(["git", *identity, *words], cwd=folder).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "repository" / "project"
    folder.mkdir(parents=True)
    git(folder.parent, "init", "--quiet")
    (folder / "kgshare.yaml").write_text("one")
    (folder / "data").mkdir()
    (folder / "data" / "a.csv").write_text("a")
    (folder / "README.md").write_text("read me")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def test_a_commit_of_something_else_leaves_the_revision_as_it_was(project: Path) -> None:
    paths = [project / "kgshare.yaml", project / "data"]
    before = origin_of(project, paths)
    assert (before.revision, before.clean) == (git(project, "rev-parse", "HEAD"), True)
    (project / "README.md").write_text("read me again")
    git(project, "commit", "-qam", "other")
    assert origin_of(project, paths) == before
    (project / "data" / "a.csv").write_text("b")
    git(project, "commit", "-qam", "data")
    assert origin_of(project, paths).revision == git(project, "rev-parse", "HEAD") != before.revision


def test_what_is_changed_new_or_ignored_is_named_and_bytecode_is_not(project: Path) -> None:
    (project / ".gitignore").write_text("*.big\n__pycache__/\n")
    git(project, "add", ".")
    git(project, "commit", "-qm", "ignore")
    (project / "data" / "a.csv").write_text("changed")
    (project / "data" / "new.csv").write_text("new")
    (project / "data" / "ignored.big").write_text("ignored")
    (project / "data" / "__pycache__").mkdir()
    (project / "data" / "__pycache__" / "x.pyc").write_text("no input")
    found = origin_of(project, [project / "data"])
    assert not found.clean
    assert [name.removeprefix("project/") for name in found.changed] == [
        "data/a.csv",
        "data/ignored.big",
        "data/new.csv",
    ]


def test_without_a_repository_or_a_commit_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "kgshare.yaml").write_text("one")
    assert origin_of(tmp_path, [tmp_path / "kgshare.yaml"]) == UNKNOWN
    git(tmp_path, "init", "--quiet")
    fresh = origin_of(tmp_path, [tmp_path / "kgshare.yaml"])
    assert (fresh.revision, fresh.clean) == ("", False)
