"""What a stack does not do: work twice at once, blame the wrong service, touch what is not its own."""

from __future__ import annotations

import io
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from kgshare.compose import LABEL_STACK
from kgshare.doors.engine import ContainerFacts, VolumeFacts
from kgshare.errors import StackError, UsageError
from kgshare.progress import Progress
from kgshare.stack import StackStatus, StatusReport, commands, look, run, state
from kgshare.stack.alone import alone
from kgshare.stack.state import ImageNote, StackState

QUIET = Progress(quiet=True)
STATE = StackState(
    stack="tiny", project="tiny", version="1.0", bundle="sha256:" + "1" * 64, port=8089, bolt_port=7688,
    opens="/", health="/health", store="tiny-5.26.30-aaaaaaaaaaaa",
    images={
        role: ImageNote(tag=f"localhost/tiny/{role}:1.0", id="sha256:" + "2" * 64, digest="sha256:" + "3" * 64)
        for role in ("database", "application")
    },
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KGSHARE_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def container(service: str, **facts: object) -> ContainerFacts:
    usual = ContainerFacts(
        id=service, service=service, state="running", health="healthy", image="", labels={}, ports={}
    )
    return replace(usual, **facts)  # type: ignore[arg-type]


def test_the_second_waits_until_the_first_is_done_and_says_so_once() -> None:
    done: list[str] = []
    said = io.StringIO()

    def second() -> None:
        with alone("tiny", Progress(stream=said)):
            done.append("second")

    with alone("tiny", QUIET):
        waiting = threading.Thread(target=second)
        waiting.start()
        until = time.monotonic() + 5
        while not said.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.3)
        done.append("first")
    waiting.join(5)
    assert done == ["first", "second"]
    assert said.getvalue().count("another kgshare is at work on this stack") == 1


def test_work_on_another_stack_is_not_waited_for() -> None:
    said = io.StringIO()
    with alone("tiny", QUIET), alone("other", Progress(stream=said)):
        assert said.getvalue() == ""


def test_a_state_folder_that_cannot_be_made_keeps_from_starting_but_not_from_clearing_up(home: Path) -> None:
    home.write_text("a file is in the way")
    with pytest.raises(StackError, match="cannot be written"), alone("tiny", QUIET):
        pass
    with alone("tiny", QUIET, needed=False):
        pass


def test_the_application_that_crashed_is_the_cause_and_not_the_gateway_behind_it() -> None:
    crashed = container("application", state="exited", health="unhealthy", exit_code=3, restarts=3)
    found = (container("gateway", health="unhealthy"), crashed, container("database"))
    assert run.cause(found) == crashed
    assert run.how(crashed) == "it ended with exit code 3, and was started again 3 times"


def test_a_service_that_was_started_again_and_is_not_well_yet_is_a_failing_one() -> None:
    again = container("application", health="starting", restarts=1)
    assert run.cause((container("gateway"), again)) == again
    assert run.how(again) == "it is starting again after it ended, and was started again 1 time"
    said = "dependency failed to start: container tiny-application-1 exited (4)"
    assert "exit code 4" in run.how(again, said)
    assert run.cause((container("database", restarts=1), container("application", health="starting"))) is None


@pytest.mark.parametrize("name", ["..", "", ".", "a/b", "/etc", "A"])
def test_what_is_no_name_of_a_stack_is_no_folder(home: Path, name: str) -> None:
    beside = home / "other"
    beside.mkdir(parents=True)
    with pytest.raises(UsageError):
        state.folder_of(name)
    with pytest.raises(UsageError):
        state.forget(name)
    assert beside.is_dir()


def test_labels_that_are_no_names_are_not_stacks() -> None:
    labels = ["..", "", "tiny", "../x", "a b"]
    things = [VolumeFacts(name="v", created="", labels={LABEL_STACK: label}) for label in labels]
    assert look.names([*things, container("database")]) == {"tiny"}


def test_a_folder_without_notes_is_no_stack() -> None:
    state.write_state(STATE, "")
    (state.folder_of("tiny").parent / "stray").mkdir()
    assert state.noted() == ("tiny",)
    assert state.has_notes("tiny")
    assert not state.has_notes("stray")


def test_notes_that_cannot_be_written_are_one_sentence_with_the_next_step(home: Path) -> None:
    home.write_text("a file is in the way")
    with pytest.raises(StackError, match="the notes on the stack tiny cannot be written") as refused:
        state.write_state(STATE, "")
    assert "KGSHARE_STATE" in refused.value.problems[0].hint


def test_a_disk_that_is_full_amid_the_notes_leaves_those_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = state.write_state(STATE, "old\n")
    before = {file.name: file.read_text() for file in folder.iterdir()}
    _full_after(monkeypatch, 2)
    with pytest.raises(StackError, match="No space left on device"):
        state.write_state(replace(STATE, version="2.0", port=9000), "new\n")
    assert {file.name: file.read_text() for file in folder.iterdir()} == before


def test_a_disk_that_is_full_leaves_no_folder_of_a_new_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    _full_after(monkeypatch, 1)
    with pytest.raises(StackError, match="No space left on device"):
        state.write_state(STATE, "new\n")
    assert not state.folder_of("tiny").exists()


def _full_after(monkeypatch: pytest.MonkeyPatch, files: int) -> None:
    opened, real = [], os.open

    def limited(*args: object, **more: object) -> int:
        opened.append(args)
        if len(opened) > files:
            raise OSError(28, os.strerror(28))
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("kgshare.aside.os.open", limited)


@pytest.mark.parametrize("left", [typer.Abort, KeyboardInterrupt, EOFError])
def test_leaving_a_question_is_a_no(left: type[BaseException]) -> None:
    def asked(question: str) -> bool:
        raise left

    assert commands._no_is_no(asked)("Go on?") is False
    assert commands._no_is_no(lambda question: True)("Go on?") is True


def test_a_stack_started_with_another_state_folder_does_not_say_that_its_password_is_in_none() -> None:
    status = StackStatus(
        stack="tiny", project="tiny", version="", bundle="", services=(), url="http://127.0.0.1:8088/",
        bolt="bolt://127.0.0.1:7687", nodes=1, relationships=0, password_file=None, store="", kept=(),
    )  # fmt: skip
    assert "password in its container" in StatusReport.of((status,)).text()
