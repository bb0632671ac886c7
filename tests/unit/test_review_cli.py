"""What the commands of reviews ask, and how they say that they were called wrongly."""

# ruff: noqa: F811 (the fixture of the other file is used by its name)

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.unit.review_project import Project, a_proposal
from tests.unit.test_review_merge import FLAG3, FLAG4, ID17, project  # noqa: F401

from kgshare.changes import Property, read_change_set
from kgshare.cli import run
from kgshare.review import cli
from kgshare.stack import commands


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A person at the terminal, who gives these answers one after the other."""
    answers: list[str] = []
    monkeypatch.setattr(cli, "somebody", lambda: True)
    monkeypatch.setattr(typer, "prompt", lambda *words, **options: answers.pop(0))
    yield answers
    assert answers == [], "a question was not asked"


def command(project: Project, *words: str, code: int = 0) -> None:
    assert run([*words, "--project", str(project.root), "--local", "--quiet"]) == code


@pytest.mark.parametrize(
    ("answers", "value"),
    [(["o"], "3"), (["t"], None), (["v", "no value", "v", "9"], "9"), (["what?", "ours"], "3")],
)
def test_a_person_is_asked_about_each_conflict(
    project: Project,
    somebody: list[str],
    answers: list[str],
    value: str | None,
) -> None:
    project.accept(FLAG4)
    project.branch("two", FLAG3)
    somebody += answers
    command(project, "review", "merge", "two")
    made = [c.after for c in read_change_set(project.folder / "other-flag.toml").changes if c.record == ID17]  # type: ignore[union-attr]
    assert made == ([value] if value else [])


def test_what_a_person_leaves_for_later_is_asked_again(project: Project, somebody: list[str]) -> None:
    project.accept(FLAG4)
    project.branch("two", a_proposal("two", *FLAG3.changes, Property(ID17, "new", None, "1"), day=3))
    project.accept(a_proposal("more", Property(ID17, "new", None, "7"), day=2))
    somebody += ["l", "t"]
    command(project, "review", "merge", "two", code=13)
    assert project.files() == ["flag-17", "more"]
    somebody += ["o"]
    command(project, "review", "merge", "--continue")
    assert project.files() == ["flag-17", "more", "two"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["review", "merge"], "one of them"),
        (["review", "merge", "x", "--abort"], "one of them"),
        (["review", "merge", "x", "--ours", "first"], "not the number of a conflict: first"),
        (["review", "merge", "x", "--value", "1"], "not the number of a conflict: 1"),
        (["review", "merge", "x", "--value", "1=bad"], "not a value's canonical text"),
        (["review", "merge", "--continue"], "no merge is under way"),
        (["revert", "nothing", "--reason", "x"], "there is no change set nothing"),
        (["review", "squash"], "there is nothing to fold"),
        (["review", "squash", "--until", "x"], "there is no change set x"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    project: Project,
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project.accept(FLAG4)
    assert run([*words, "--project", str(project.root)]) == 2
    assert said in capsys.readouterr().err


def test_conflicts_are_rows_for_programs(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.accept(FLAG4)
    project.branch("two", FLAG3)
    assert run(["review", "merge", "two", "--project", str(project.root), "--local", "--json"]) == 13
    (row,) = json.loads(capsys.readouterr().out)["errors"]
    assert (row["kind"], "theirs 4" in row["message"]) == ("conflict", True)


def test_a_project_without_a_folder_of_change_sets_says_how_to_have_one(
    project: Project,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = project.root / "kgshare.yaml"
    manifest.write_text(manifest.read_text().replace("changes: data/changes\n", ""))
    assert run(["log", str(project.root)]) == 3
    assert "`changes: data/changes`" in capsys.readouterr().err


def test_the_edits_are_seen_to_before_a_stack_goes_and_kept_if_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def keep(stack: str) -> None:
        asked.append(stack)
        raise KeyError

    monkeypatch.setattr(commands, "chosen_stack", lambda *names: ("one", None))
    monkeypatch.setattr(commands.locals_of, "known", lambda: ("one", "two"))
    monkeypatch.setattr("kgshare.local.commands.reset", lambda stack, agreed, progress: agreed("Go on?"))
    monkeypatch.setattr(commands, "_engine", lambda **options: None)
    monkeypatch.setattr(commands, "_down", lambda *words, **options: pytest.fail("it went"))
    going: list[Any] = [
        lambda: commands.reset(
            "one", agreed=lambda question: True, keep=keep, progress=cli.Progress(quiet=True)
        ),
        lambda: commands.down("two", volumes=True, keep=keep, progress=cli.Progress(quiet=True)),
        lambda: commands.down(everything=True, volumes=True, keep=keep, progress=cli.Progress(quiet=True)),
    ]
    for go in going:
        with pytest.raises(KeyError):
            go()
    assert asked == ["one", "two", "one"]


def test_a_change_set_that_is_not_there_is_not_applied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["review", "apply", str(tmp_path / "none.toml")]) == 12
    assert "none.toml: cannot be read" in capsys.readouterr().err
