"""A project under Git whose upstream graph is at hand as the seed step would have left it: no database, no Docker."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.change_examples import a_set
from tests.unit.lock_example import lock

from kgshare.canonical import parse_record, write_text
from kgshare.changes import Change, ChangeSet, render
from kgshare.doors.process import run
from kgshare.lock.file import write_lock
from kgshare.lock.needs import needs_of
from kgshare.places import cache_dir
from kgshare.plan import SEED, make_plan
from kgshare.project import read_project
from kgshare.review.git import Repository
from kgshare.steps import StepStore

MANIFEST = """\
kgshare: 1
name: oceangraph
version: 1.0.0
description: Some bottles
licence: CC0-1.0
authors: [{{name: A. Curator}}]
identity: {{nodes: {{{nodes}}}}}
provenance: {provenance}
seed:
  - cypher: {{scripts: [seed.cypher]}}
changes: data/changes
"""
IDENTITY = {
    "GIT_AUTHOR_NAME": "M. Maintainer", "GIT_AUTHOR_EMAIL": "m@example.org", "GIT_COMMITTER_NAME": "M. Maintainer",
    "GIT_COMMITTER_EMAIL": "m@example.org", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


class Project:
    """The project in ``root``: its repository, and what is done to its change sets by hand."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "data" / "changes"
        self.repo = Repository(root=root)

    def git(self, *words: str) -> str:
        """What a Git command says."""
        return self.repo.run(*words)

    def write(self, one: ChangeSet, to: Path | None = None) -> Path:
        """Write a change set's file, into the folder of accepted ones if no other is given."""
        file = (to or self.folder) / f"{one.name}.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(one), encoding="utf-8", newline="")
        return file

    def commit(self, message: str = "change") -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def accept(self, *change_sets: ChangeSet) -> None:
        """Commit change sets as they are."""
        for one in change_sets:
            self.write(one)
        self.commit("accept")

    def branch(self, name: str, *change_sets: ChangeSet) -> None:
        """A branch that adds change sets; the one we are on stays."""
        self.git("checkout", "-q", "-b", name)
        self.accept(*change_sets)
        self.git("checkout", "-q", "main")

    def files(self) -> list[str]:
        """The accepted change sets' names."""
        return sorted(p.stem for p in self.folder.glob("*.toml"))


def make_project(
    root: Path,
    graph: Iterable[str],
    monkeypatch: pytest.MonkeyPatch,
    nodes: str = "Bottle: [id], Cast: [id]",
    provenance: str = "FROM",
) -> Project:
    """A committed project whose upstream holds some records."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "M. Maintainer")
    monkeypatch.setenv("GIT_CONFIG_KEY_1", "user.email")
    monkeypatch.setenv("GIT_CONFIG_VALUE_1", "m@example.org")
    monkeypatch.setenv("KGSHARE_CACHE", str(root.parent / "cache"))
    root.mkdir()
    run(["git", "init", "-q", "-b", "main", root])
    (root / "kgshare.yaml").write_text(MANIFEST.format(nodes=nodes, provenance=provenance))
    (root / "seed.cypher").write_text("CREATE (:Bottle {id: 15});\n")
    (root / "data" / "changes").mkdir(parents=True)
    (root / "data" / "changes" / ".keep").write_text("")
    project = read_project(root)
    made = replace(lock(), manifest=project.checksum, needs=needs_of(project).digests())
    write_lock(project, made)
    keep_seed(root, graph)
    found = Project(root)
    found.commit("project")
    return found


def keep_seed(root: Path, graph: Iterable[str]) -> None:
    """Put a result of the seed step where the build would have put it."""
    from kgshare.lock.file import read_any_lock

    project = read_project(root)
    found = read_any_lock(project)
    assert found is not None
    step = make_plan(project, found, "amd64").step(SEED)
    store = StepStore(root=cache_dir() / "steps")
    made = store.root / SEED / ".making-test"
    made.mkdir(parents=True, exist_ok=True)
    text = root.parent / "text" / "graph"
    write_text(map(parse_record, graph), text)
    (root.parent / "text" / "changes").mkdir(exist_ok=True)
    for tar, folder in (("graph.tar", "graph"), ("changes.tar", "changes")):
        with tarfile.open(made / tar, "w") as archive:
            archive.add(root.parent / "text" / folder, arcname=folder)
    for name in ("store.tar", "report.json"):
        (made / name).write_text("")
    store.keep(step, "0" * 40, made, 1.0, dict(step.inputs))


def a_proposal(name: str, *changes: Change, day: int = 1, **header: Any) -> ChangeSet:
    """A change set of some day in December."""
    return a_set(
        *changes, name=name, title=name.replace("-", " "), date=datetime(2026, 12, day, tzinfo=UTC), **header
    )
