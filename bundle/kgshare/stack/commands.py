"""The stack's commands as functions: ``up``, ``status``, ``logs``, ``open``, ``reset``, ``down``."""

from __future__ import annotations

import os
import queue
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from typer import Abort

from kgshare import compose
from kgshare.doors.engine import ContainerFacts, Engine
from kgshare.errors import EngineError, KgshareError, StackError
from kgshare.local import state as locals_of
from kgshare.policy.store import line_of, today
from kgshare.progress import Progress
from kgshare.stack import baseline, look
from kgshare.stack.end import bring_down, start_afresh
from kgshare.stack.model import DownReport, OpenReport, StackReport, StackStatus, StatusReport
from kgshare.stack.source import open_bundle
from kgshare.stack.start import start
from kgshare.stack.state import noted, read_state, require_name
from kgshare.trust.check import NOTHING, Accept

Keep = Callable[[str], None]
"""Sees to the edits in the stack of that name before they go; raises to stop that."""


def up(
    where: Path | None = None,
    *,
    name: str | None = None,
    port: int | None = None,
    open_page: bool = True,
    local: bool = False,
    programs: str | None = None,
    agreed: Callable[[str], bool] = lambda question: False,
    keep: Keep = lambda stack: None,
    accept: Accept = NOTHING,
    progress: Progress,
) -> StackReport:
    """Verify a bundle, load it, start it, wait until it is well, and open its page.

    Args:
        where: the bundle, or a folder with one; the current folder when not given.
        name: of the stack; the project's when not given.
        port: for the page on this machine; the usual one, or the next that is free, when not given.
        open_page: whether to start a browser.
        local: without a container engine, as two processes of this user.
        programs: what runs those two: ``bundle``, its own, or ``machine``; by itself the bundle's where they can.
        agreed: is asked before ``local`` runs a bundle that was not built here.
        keep: sees to the edits in a stack that goes on with another store.
        accept: what the user takes knowingly.
        progress: says what takes time.

    Raises:
        UsageError: there is no bundle there, or more than one.
        BundleError: the bundle is refused; nothing was loaded.
        TrustError: nobody who is trusted vouches for it; nothing was loaded.
        EngineError: there is no engine that can run it.
        StackError: a service does not start, or the port is taken.
    """
    if name is not None:
        require_name(name)
    agreed = _no_is_no(agreed)
    source, bundle = open_bundle(where or Path(), progress, accept)
    whose = (
        "policy"
        if source.verdict and source.verdict.accepted
        else "policy, by the word of a file that nobody vouches for"
    )
    policy = f"{whose}: {line_of(bundle, today())}"
    progress.say(policy)
    baseline.keep(bundle)
    stack = require_name(name or source.manifest.name)
    _require_other_runtime_free(stack, local=local)
    before = locals_of.read_state(stack) if local else read_state(stack)
    if before and not before.store.endswith(source.store):
        keep(stack)
    if local:
        from kgshare.local import commands as without

        report = without.start(
            source, bundle, stack=stack, port=port, programs=programs, agreed=agreed, progress=progress
        )
    else:
        report = start(source, stack=stack, port=port, progress=progress, engine=_engine_or_local(progress))
    report = replace(report, verdict=source.verdict)
    if open_page:
        show_in_browser(report.url)
    return replace(report, notes=(*report.notes, policy))


def status(name: str | None = None) -> StatusReport:
    """How a stack is, or every stack: that of the project in this folder first.

    Raises:
        EngineError: no engine answers.
        StackError: there is no stack of that name.
    """
    beside = locals_of.present()
    engine = None if name in beside else _engine(optional=bool(locals_of.known()))
    there = (*beside, *(look.present(engine) if engine else ()))
    if name is not None:
        return StatusReport.of((_status(engine, look.which(name, there), beside),))
    mine = look.project_here() if len(there) > 1 else ""
    ordered = sorted(there, key=lambda s: (s != mine, s))
    return StatusReport.of(tuple(_status(engine, stack, beside) for stack in ordered))


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
    stack, engine = chosen_stack(name, locals_of.known(), look.present)
    if engine is None:
        from kgshare.local import commands as without

        return without.logs(stack, service, follow=follow, tail=tail)
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
    beside = locals_of.present()
    stack, engine = chosen_stack(name, beside, look.present)
    found = _status(engine, stack, beside, seconds=0.5)
    if found.url is None:
        raise StackError(
            f"the stack {stack} is not running", hint="`kgshare up` of its bundle starts it again"
        )
    return OpenReport(stack=stack, url=found.url, opened=show_in_browser(found.url))


def reset(
    name: str | None = None,
    *,
    agreed: Callable[[str], bool],
    keep: Keep = lambda stack: None,
    progress: Progress,
) -> StackReport:
    """Go back to the store of the bundle: every edit made in the stack is lost.

    Args:
        name: of the stack; that of the project in this folder, or the only one, when not given.
        agreed: is asked the question and says whether to go on.
        keep: sees to the edits before they go.
        progress: says what takes time.

    Raises:
        Interrupted: the answer was no; nothing was done.
        StackError: there is no such stack, or it cannot be started again without its bundle.
    """
    asked = _no_is_no(agreed)
    stack, engine = chosen_stack(name, locals_of.known(), look.known)

    def kept(question: str) -> bool:
        if not asked(question):
            return False
        keep(stack)
        return True

    if engine is None:
        from kgshare.local import commands as without

        return without.reset(stack, agreed=kept, progress=progress)
    return start_afresh(engine, stack, agreed=kept, progress=progress)


def down(
    name: str | None = None,
    *,
    volumes: bool = False,
    everything: bool = False,
    keep: Keep = lambda stack: None,
    progress: Progress,
) -> DownReport:
    """Stop a stack and leave no container or network of it; volumes stay unless they are named.

    Args:
        name: of the stack; that of the project in this folder, or the only one, when not given.
        volumes: remove its volumes too, the older ones with their edits included.
        everything: every stack of this machine.
        keep: sees to the edits before they go with the volumes.
        progress: says what takes time.

    Raises:
        StackError: there is no stack of that name.
        UsageError: there are several, and none is named.
    """
    beside = locals_of.known()
    engine = None if name in beside else _engine(optional=bool(beside))
    there = tuple(dict.fromkeys((*beside, *(look.known(engine) if engine else ()))))
    if everything:
        for stack in there if volumes else ():
            keep(stack)
        return _down(engine, there, beside, volumes=volumes, progress=progress)
    mine = look.project_here()
    if name is None and (not there or (mine and mine not in there)):
        return _down(engine, (), beside, volumes=volumes, progress=progress)  # down already
    if name is None and not mine and not volumes:
        # One that is down already and left a volume is not in question.
        there = (*locals_of.present(), *(look.present(engine) if engine else ())) or there
    chosen = look.which(name, there)
    if volumes:
        keep(chosen)
    return _down(engine, (chosen,), beside, volumes=volumes, progress=progress)


def show_in_browser(url: str) -> bool:
    """Open an address in the user's browser; False where there is no screen to open it on."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")
    if sys.platform.startswith("linux") and not screen:
        return False  # what would open here is a browser in the terminal
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _no_is_no(agreed: Callable[[str], bool]) -> Callable[[str], bool]:
    """Ctrl-C and the end of the input are a no to the question, not an end amid the work."""

    def asked(question: str) -> bool:
        try:
            return agreed(question)
        except (Abort, KeyboardInterrupt, EOFError):
            return False

    return asked


def _engine(*, optional: bool) -> Engine | None:
    """The engine; None where none answers and that is no reason to stop, as there are stacks without one."""
    try:
        return Engine.connect()
    except EngineError:
        if optional:
            return None
        raise


def _engine_or_local(progress: Progress) -> Engine:
    """The engine; the error says what needs none, where that is possible."""
    try:
        return Engine.connect(progress.say)
    except EngineError as error:
        raise error.adding("`kgshare up --local` needs no engine, and is not sandboxed") from None


def chosen_stack(
    name: str | None, beside: tuple[str, ...], there: Callable[[Engine], tuple[str, ...]]
) -> tuple[str, Engine | None]:
    """The stack that is meant, and the engine it runs on; None for one that runs without.

    Args:
        name: of the stack; that of the project in this folder, or the only one, when not given.
        beside: the stacks without containers that are in question.
        there: those with containers.

    Raises:
        StackError: there is no such stack.
        UsageError: there are several, and none is named.
        EngineError: no engine answers, and no stack without one is in question.
    """
    engine = None if name in beside else _engine(optional=bool(beside))
    names = tuple(dict.fromkeys((*beside, *(there(engine) if engine else ()))))
    stack = look.which(name, names)
    return stack, None if stack in beside else engine


def _status(
    engine: Engine | None, stack: str, beside: tuple[str, ...], *, seconds: float = 5.0
) -> StackStatus:
    if engine is None or stack in beside:
        from kgshare.local.look import status_of

        return status_of(stack, seconds=seconds)
    return look.status_of(engine, stack, seconds=seconds)


def _down(
    engine: Engine | None,
    stacks: tuple[str, ...],
    beside: tuple[str, ...],
    *,
    volumes: bool,
    progress: Progress,
) -> DownReport:
    from kgshare.local.end import bring_down as without

    done = without(tuple(s for s in stacks if s in beside), volumes=volumes, progress=progress)
    rest = tuple(s for s in stacks if s not in beside)
    if engine is not None and rest:
        local, done = done, bring_down(engine, rest, volumes=volumes, progress=progress)
        done = replace(
            done,
            stacks=stacks,
            volumes=(*done.volumes, *local.volumes),
            kept=(*done.kept, *local.kept),
            processes=local.processes,
        )
    if volumes:
        baseline.forget_all_but(look.stores(engine or _engine(optional=True)))
    return done


def _require_other_runtime_free(stack: str, *, local: bool) -> None:
    """One name is one stack, with containers or without.

    Raises:
        StackError: it is the other's.
    """
    if stack in (noted() if local else locals_of.known()):
        kind = "with" if local else "without"
        raise StackError(
            f"the stack {stack} is one {kind} containers",
            hint=f"choose another name with --name, or `kgshare down --name {stack} --volumes` makes room",
        )


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
