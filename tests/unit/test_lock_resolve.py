from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tests.unit import lock_example as example
from tests.unit.test_lock_needs import MANIFEST, project

from kgshare.cache import Cache
from kgshare.errors import LockError
from kgshare.lock import resolve as stage
from kgshare.lock.command import lock_project
from kgshare.lock.file import read_any_lock, read_lock, write_lock
from kgshare.lock.model import Lock
from kgshare.lock.needs import needs_of
from kgshare.progress import Progress
from kgshare.project import Project

QUIET = Progress(quiet=True)


@pytest.fixture
def no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks a client of any ecosystem fails with its name."""

    def refuse(*_: object, **__: object) -> None:
        raise LockError("a client was asked")

    monkeypatch.setattr(stage, "resolve_debian", refuse)
    monkeypatch.setattr(stage.maven, "resolve_jars", refuse)
    monkeypatch.setattr(stage.npm, "pack", refuse)
    monkeypatch.setattr(stage.wheels, "resolve_wheels", refuse)


def locked(project: Project) -> Lock:
    return dataclasses.replace(example.lock(), manifest=project.checksum, needs=needs_of(project).digests())


@pytest.mark.usefixtures("no_client")
def test_an_edit_that_asks_for_nothing_new_keeps_every_version_and_the_clock_and_asks_nobody(
    tmp_path: Path,
) -> None:
    lock = locked(project(tmp_path))
    edited = project(tmp_path, text=MANIFEST.replace("Two nodes.", "Two nodes and an edge."))
    again = stage.resolve(edited, needs_of(edited), progress=QUIET, previous=lock, cache=Cache(tmp_path))
    assert again == dataclasses.replace(lock, manifest=edited.checksum)
    assert again.manifest != lock.manifest


def test_only_the_part_whose_needs_changed_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = locked(project(tmp_path))
    edited = project(tmp_path, text=MANIFEST.replace("pandas>=2.2", "pandas>=3"))
    asked: list[tuple[str, ...]] = []

    def resolve_wheels(requirements: tuple[str, ...], *_: str) -> list[object]:
        asked.append(requirements)
        return []

    monkeypatch.setattr(stage.wheels, "resolve_wheels", resolve_wheels)
    again = stage.resolve(edited, needs_of(edited), progress=QUIET, previous=lock, cache=Cache(tmp_path))
    assert asked == [("neo4j<7,>=5.26", "pandas>=3")]
    assert again.jars == lock.jars
    assert again.archs["amd64"].debian == lock.archs["amd64"].debian
    assert again.archs["amd64"].wheels == {
        "seed": (),
        "application": lock.archs["amd64"].wheels["application"],
    }


@pytest.mark.usefixtures("no_client")
def test_every_part_that_cannot_be_resolved_is_reported_at_once(tmp_path: Path) -> None:
    here = project(tmp_path)
    with pytest.raises(LockError) as caught:
        stage.resolve(
            here, needs_of(here), progress=QUIET, previous=locked(here), update=True, cache=Cache(tmp_path)
        )
    assert len(caught.value.problems) == 5  # jars, npm, Debian, two environments


@pytest.mark.usefixtures("no_client")
def test_locking_again_writes_only_when_there_is_something_new(tmp_path: Path) -> None:
    first = project(tmp_path)
    write_lock(first, locked(first))
    report = lock_project(first, progress=QUIET)
    assert (report.current, report.written) == (True, False)
    edited = project(tmp_path, text=MANIFEST.replace("Two", "Three"))
    report = lock_project(edited, progress=QUIET)
    assert (report.current, report.written) == (False, True)
    assert read_lock(edited).epoch == example.lock().epoch


@pytest.mark.usefixtures("no_client")
def test_a_lock_that_cannot_be_made_leaves_the_old_one_as_it_was(tmp_path: Path) -> None:
    first = project(tmp_path)
    write_lock(first, locked(first))
    with pytest.raises(LockError):
        lock_project(first, progress=QUIET, update=True)
    assert read_any_lock(first) == locked(first)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["kgshare.lock", "src"]
