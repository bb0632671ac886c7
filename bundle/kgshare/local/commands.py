"""The stack's commands for local stacks; `kgshare.stack.commands` calls them where a stack is a local one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kgshare.errors import Interrupted, StackError
from kgshare.local import processes
from kgshare.local import state as notes
from kgshare.local.end import bring_down, stop
from kgshare.local.start import again, bring_up, report, start
from kgshare.local.state import known, present
from kgshare.progress import Progress
from kgshare.stack.alone import alone
from kgshare.stack.model import StackReport

__all__ = ["bring_down", "known", "logs", "present", "reset", "start"]


def reset(stack: str, *, agreed: Callable[[str], bool], progress: Progress) -> StackReport:
    """Throw away a stack's store with its edits, and start from the one in its image.

    Raises:
        Interrupted: the user did not agree; nothing was done.
        StackError: it is down, or its image is gone.
    """
    began = time.monotonic()
    state = notes.read_state(stack) or notes.read_last(stack)
    if state is None:
        raise StackError(f"the stack {stack} was not up yet", hint="`kgshare up --local FILE` starts it")
    config, trees, programs = again(state)
    store = notes.folder_of(stack) / "stores" / state.store
    if not agreed(f"Every edit in {stack} ({store}) will be lost. Go on?"):
        raise Interrupted("nothing was changed")
    with alone(stack, progress):
        with progress.stage(f"stop {stack}"):
            stop(stack)
        shutil.rmtree(store, ignore_errors=True)
        bring_up(state, config, trees, programs, progress)
    return report(stack, already=False, notes_=("back at the store of its bundle",), began=began)


def logs(stack: str, service: str | None, *, follow: bool, tail: int | None) -> Iterator[str]:
    """The lines that the services of a stack printed since its last start, each after the name of its service.

    Raises:
        StackError: there is no such service.
    """
    if service not in {None, *notes.SERVICES}:
        names = ", ".join(notes.SERVICES)
        raise StackError(f"the stack {stack} has no service {service}", hint=f"its services are: {names}")
    chosen = [name for name in notes.SERVICES if service in {None, name}]
    return _lines(stack, chosen, follow, tail)


def _lines(stack: str, services: list[str], follow: bool, tail: int | None) -> Iterator[str]:
    read: dict[str, int] = {}
    for name in services:
        new, read[name] = _new_lines(_log(stack, name), 0)
        yield from (f"{name:<11} | {line}" for line in (new[-tail:] if tail else [] if tail == 0 else new))
    while follow:
        runs = any(processes.alive(p) for p in notes.read_processes(notes.folder_of(stack)).all)
        for name in services:
            new, read[name] = _new_lines(_log(stack, name), read[name])
            yield from (f"{name:<11} | {line}" for line in new)
        if not runs:
            return
        time.sleep(0.2)


def _log(stack: str, service: str) -> Path:
    return notes.folder_of(stack) / "logs" / f"{service}.log"


def _new_lines(log: Path, start: int) -> tuple[list[str], int]:
    """The whole lines after a place in a log, and the place after them; from the beginning where it is a new log."""
    try:
        with log.open("rb") as stream:
            size = stream.seek(0, 2)
            start = start if start <= size else 0
            stream.seek(start)
            data = stream.read()
    except FileNotFoundError:
        return [], 0
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode("utf-8", "replace").splitlines(), start + len(whole)
