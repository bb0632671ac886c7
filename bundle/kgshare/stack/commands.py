"""The stack's commands as functions: ``up``, ``status``, ``logs``, ``open``, ``reset``, ``down``."""

from __future__ import annotations

import os
import queue
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

from kgshare import compose
from kgshare.doors.engine import ContainerFacts, Engine
from kgshare.errors import KgshareError, StackError
from kgshare.progress import Progress
from kgshare.stack import look
from kgshare.stack.end import bring_down, start_afresh
from kgshare.stack.model import DownReport, OpenReport, StackReport, StackStatus, StatusReport
from kgshare.stack.source import open_source
from kgshare.stack.start import start
from kgshare.stack.state import require_name


def up(
    where: Path | None = None,
    *,
    name: str | None = None,
    port: int | None = None,
    open_page: bool = True,
    progress: Progress,
) -> StackReport:
    """Verify a bundle, load it, start it, wait until it is well, and open its page.

    Args:
        where: the bundle, or a folder with one; the current folder when not given.
        name: of the stack; the project's when not given.
        port: for the page on this machine; the usual one, or the next that is free, when not given.
        open_page: whether to start a browser.
        progress: says what takes time.

    Raises:
        UsageError: there is no bundle there, or more than one.
        BundleError: the bundle is refused; nothing was loaded.
        EngineError: there is no engine that can run it.
        StackError: a service does not start, or the port is taken.
    """
    if name is not None:
        require_name(name)
    source = open_source(where or Path(), progress)
    stack = require_name(name or source.manifest.name)
    report = start(source, stack=stack, port=port, progress=progress, engine=Engine.connect())
    if open_page:
        show_in_browser(report.url)
    return report


def status(name: str | None = None) -> StatusReport:
    """How a stack is, or every stack: that of the project in this folder first.

    Raises:
        EngineError: no engine answers.
        StackError: there is no stack of that name.
    """
    engine = Engine.connect()
    there = look.present(engine)
    if name is not None:
        return StatusReport.of((look.status_of(engine, look.which(name, there)),))
    mine = look.project_here() if len(there) > 1 else ""
    stacks: tuple[StackStatus, ...] = tuple(
        look.status_of(engine, stack) for stack in sorted(there, key=lambda s: (s != mine, s))
    )
    return StatusReport.of(stacks)


def logs(
    service: str | None = None, *, name: str | None = None, follow: bool = False, tail: int | None = None
) -> Iterator[str]:
    """The lines that the services of a stack printed, each after the name of its service.

    Args:
        service: only this one.
        name: of the stack; that of the project in this folder, or the only one, when not given.
        follow: go on until interrupted or everything has stopped.
        tail: only so many of the last lines of each service.

    Raises:
        StackError: there is no such stack or service.
    """
    engine = Engine.connect()
    stack = look.which(name, look.present(engine))
    found = engine.containers({compose.LABEL_STACK: stack})
    chosen = [c for c in found if service in {None, c.service}]
    if not chosen:
        names = ", ".join(c.service for c in found)
        raise StackError(f"the stack {stack} has no service {service}", hint=f"its services are: {names}")
    return _followed(engine, chosen, tail) if follow else _printed(engine, chosen, tail)


def open_page(name: str | None = None) -> OpenReport:
    """Open a running stack's page in a browser, where there is one.

    Raises:
        StackError: there is no such stack, or it is not running.
    """
    engine = Engine.connect()
    stack = look.which(name, look.present(engine))
    found = look.status_of(engine, stack, seconds=0.5)
    if found.url is None:
        raise StackError(
            f"the stack {stack} is not running", hint="`kgshare up` of its bundle starts it again"
        )
    return OpenReport(stack=stack, url=found.url, opened=show_in_browser(found.url))


def reset(name: str | None = None, *, agreed: Callable[[str], bool], progress: Progress) -> StackReport:
    """Go back to the store of the bundle: every edit made in the stack is lost.

    Args:
        name: of the stack; that of the project in this folder, or the only one, when not given.
        agreed: is asked the question and says whether to go on.
        progress: says what takes time.

    Raises:
        Interrupted: the answer was no; nothing was done.
        StackError: there is no such stack, or it cannot be started again without its bundle.
    """
    engine = Engine.connect()
    stack = look.which(name, look.known(engine))
    return start_afresh(engine, stack, agreed=agreed, progress=progress)


def down(
    name: str | None = None, *, volumes: bool = False, everything: bool = False, progress: Progress
) -> DownReport:
    """Stop a stack and leave no container or network of it; volumes stay unless they are named.

    Args:
        name: of the stack; that of the project in this folder, or the only one, when not given.
        volumes: remove its volumes too, the older ones with their edits included.
        everything: every stack of this machine.
        progress: says what takes time.

    Raises:
        StackError: there is no stack of that name.
        UsageError: there are several, and none is named.
    """
    engine = Engine.connect()
    there = look.known(engine)
    if everything:
        return bring_down(engine, there, volumes=volumes, progress=progress)
    mine = look.project_here()
    if name is None and (not there or (mine and mine not in there)):
        return bring_down(engine, (), volumes=volumes, progress=progress)  # down already
    if name is None and not mine and not volumes:
        there = look.present(engine) or there  # one that is down already and left a volume is not in question
    return bring_down(engine, (look.which(name, there),), volumes=volumes, progress=progress)


def show_in_browser(url: str) -> bool:
    """Open an address in the user's browser; False where there is no screen to open it on."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")
    if sys.platform.startswith("linux") and not screen:
        return False  # what would open here is a browser in the terminal
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _line(container: ContainerFacts, text: str) -> str:
    return f"{container.service:<11} | {text}"


def _printed(engine: Engine, containers: list[ContainerFacts], tail: int | None) -> Iterator[str]:
    for container in containers:
        for text in engine.logs(container.id, tail=tail):
            yield _line(container, text)


def _followed(engine: Engine, containers: list[ContainerFacts], tail: int | None) -> Iterator[str]:
    lines: queue.Queue[str | None] = queue.Queue()

    def read(container: ContainerFacts) -> None:
        try:
            for text in engine.logs(container.id, tail=tail, follow=True):
                lines.put(_line(container, text))
        except KgshareError as error:
            lines.put(_line(container, str(error)))
        finally:
            lines.put(None)

    for container in containers:
        threading.Thread(target=read, args=(container,), daemon=True).start()
    left = len(containers)
    while left:
        line = lines.get()
        if line is None:
            left -= 1
        else:
            yield line
