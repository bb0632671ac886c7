"""``kgshare up --local``: from a verified bundle to two processes that answer on loopback."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import kgshare
from kgshare import compose
from kgshare.bundle import Bundle, ImageRef
from kgshare.doors.process import last_lines, spawn
from kgshare.errors import Interrupted, Problem, StackError
from kgshare.local import look, processes
from kgshare.local import state as notes
from kgshare.local.built import built_here
from kgshare.local.end import stop
from kgshare.local.layout import make_plan
from kgshare.local.programs import Programs, choose
from kgshare.local.state import APPLICATION, LocalState
from kgshare.local.tree import ensure_tree, tree_of
from kgshare.progress import Progress
from kgshare.stack import ports
from kgshare.stack.alone import alone
from kgshare.stack.kin import kin_of, require_kin
from kgshare.stack.model import StackReport
from kgshare.stack.run import TAKEN, PortTaken, answers
from kgshare.stack.source import Source

ATTEMPTS = 3
WAIT = 240  # seconds; a slow disk takes its time over a store
WARNING = "! without containers nothing is sandboxed: database and application run as you, with your files and your network"


def start(
    source: Source,
    bundle: Bundle,
    *,
    stack: str,
    port: int | None,
    programs: str | None = None,
    agreed: Callable[[str], bool],
    progress: Progress,
) -> StackReport:
    """Unpack, copy the store, start and wait. With the same bundle running already, only look.

    Raises:
        EngineError: this machine cannot run the bundle's programs.
        Interrupted: the bundle was not built here, and the user did not agree.
        StackError: a service does not start, a port is taken, or the name belongs to something else.
    """
    began = time.monotonic()
    using = choose(programs, source.platform)
    print(WARNING, file=sys.stderr, flush=True)
    if not built_here(source.digest) and not agreed(
        f"{bundle.path.name} was not built on this machine. Run it all the same?"
    ):
        raise Interrupted(
            "nothing was started",
            hint="--yes agrees; without --local it runs in containers, which are sandboxed",
        )
    running = notes.read_state(stack)
    before = running or notes.read_last(stack)
    if before and before.project != source.manifest.name:
        hint = f"`kgshare up --name ANOTHER` starts beside it, `kgshare down --name {stack}` makes room"
        raise StackError(f"the stack {stack} belongs to the project {before.project}", hint=hint)
    if before:
        require_kin(stack, before.kin, source.manifest)
    same = running and (running.bundle, running.programs) == (source.digest, using.name)
    if running and same and port in {None, running.port} and look.well(running):
        return report(stack, already=True, notes_=(), began=began)
    images = {
        image.role: image
        for image in bundle.images
        if str(image.platform) == source.platform and image.role in notes.SERVICES
    }
    with alone(stack, progress):
        stop(stack)
        with progress.stage("unpack the images"):
            trees = {role: ensure_tree(bundle, image, using.parts) for role, image in images.items()}
        config = _application_config(bundle, images[APPLICATION])
        notes.write(notes.own_folder(stack) / notes.CONFIG, json.dumps(config, indent=2) + "\n")
        state = plan_state(source, images, stack, port, before, using.name)
        with progress.stage(f"start {stack}"):
            for attempt in range(ATTEMPTS):
                try:
                    _bring_up(state, config, trees, using)
                except PortTaken:
                    if port is not None or attempt == ATTEMPTS - 1:
                        raise
                    progress.say(f"port {state.port} or {state.bolt_port} was taken just now: trying others")
                    further = state.browser_port and state.browser_port + 1
                    moved = replace(
                        state, port=state.port + 1, bolt_port=state.bolt_port + 1, browser_port=further
                    )
                    state = plan_state(source, images, stack, port, moved, using.name)
                    continue
                break
    said = (
        *filter(None, (using.note,)),
        *_port_notes(state, port or source.manifest.application.port),
        *_kept(state),
    )
    return report(stack, already=False, notes_=said, began=began)


def plan_state(
    source: Source,
    images: Mapping[str, ImageRef],
    stack: str,
    port: int | None,
    before: LocalState | None,
    programs: str,
) -> LocalState:
    """What will be started: on the usual ports, those of last time, or the next that are free.

    Raises:
        StackError: the wanted port is taken.
    """
    usual = source.manifest.application.port
    page = ports.require(port) if port else ports.choose(before.port if before else usual)
    bolt = ports.choose(before.bolt_port if before else compose.BOLT_PORT, not_these={page})
    browser = 0
    if source.manifest.neo4j.browser:
        last = before.browser_port if before else 0
        browser = ports.choose(last or compose.BROWSER_PORT, not_these={page, bolt})
    return LocalState(
        stack=stack,
        project=source.manifest.name,
        version=source.manifest.version,
        bundle=source.digest,
        platform=source.platform,
        port=page,
        own_port=usual,
        bolt_port=bolt,
        opens=source.manifest.open,
        health=source.manifest.application.health,
        store=source.store,
        images={role: image.manifest_digest for role, image in images.items()},
        browser_port=browser,
        kin=kin_of(source.manifest),
        programs=programs,
        about=source.about,
    )


def bring_up(
    state: LocalState,
    application: Mapping[str, object],
    trees: Mapping[str, Path],
    programs: Programs,
    progress: Progress,
) -> None:
    """Note a stack that was up before, start its supervisor, and wait until its page answers.

    Where somebody took one of its ports while it was down, it gets another.

    Raises:
        StackError: it does not start; nothing of it runs then.
    """
    with progress.stage(f"start {state.stack}"):
        try:
            _bring_up(state, application, trees, programs)
        except PortTaken:
            progress.say(f"port {state.port} or {state.bolt_port} was taken meanwhile: trying others")
            other = ports.others(state.port, state.bolt_port, state.browser_port)
            _bring_up(replace(state, **other), application, trees, programs)  # type: ignore[arg-type]


def _bring_up(
    state: LocalState, application: Mapping[str, object], trees: Mapping[str, Path], programs: Programs
) -> None:
    folder = notes.own_folder(state.stack)
    plan = make_plan(state, application, trees, folder, programs)
    notes.write_state(state)
    notes.write_plan(folder, plan)
    _start_supervisor(folder)
    try:
        _wait(state, folder)
    except BaseException:
        stop(state.stack)
        raise


def report(stack: str, *, already: bool, notes_: tuple[str, ...], began: float) -> StackReport:
    """What is running now.

    Raises:
        StackError: nothing is.
    """
    return StackReport.of(look.status_of(stack), already=already, notes=notes_, began=began)


def again(state: LocalState) -> tuple[Mapping[str, object], Mapping[str, Path], Programs]:
    """What `bring_up` wants for a stack that was up before: from the unpacked images alone.

    Raises:
        StackError: they are gone.
        EngineError: this machine's Java is.
    """
    programs = choose(state.programs, state.platform)
    trees = {role: tree_of(digest, programs.parts) for role, digest in state.images.items()}
    try:
        config = json.loads((notes.folder_of(state.stack) / notes.CONFIG).read_bytes())
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict) or not all(tree.is_dir() for tree in trees.values()):
        raise StackError(
            f"the stack {state.stack} cannot be started again from here",
            hint=f"`kgshare down --name {state.stack} --volumes`, then `kgshare up --local FILE`",
        )
    return config, trees, programs


def _application_config(bundle: Bundle, image: ImageRef) -> Mapping[str, object]:
    config: Mapping[str, object] = json.loads(bundle.read_blob(image.config_digest)).get("config") or {}
    return config


def _start_supervisor(folder: Path) -> None:
    (folder / notes.PROCESSES).unlink(missing_ok=True)
    package = str(Path(kgshare.__file__).parents[1])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    spawned = spawn(
        [sys.executable, "-P", "-m", "kgshare.local.supervise", folder],
        cwd=folder,
        env={"PYTHONPATH": path, "PYTHONUTF8": "1", "KGSHARE_STATE": str(notes.root().parents[1])},
        log=folder / "logs" / "supervisor.log",
    )
    mine = processes.identify(spawned.pid)
    if mine and not (folder / notes.PROCESSES).exists():
        notes.write_processes(folder, notes.Processes(supervisor=mine))


def _wait(state: LocalState, folder: Path) -> None:
    limit = time.monotonic() + WAIT
    while time.monotonic() < limit:
        found = notes.read_processes(folder)
        problems = [
            _problem(folder, name, running.given_up)
            for name, running in found.services.items()
            if running.given_up
        ]
        if problems:
            raise StackError(*problems)
        if found.supervisor and not processes.alive(found.supervisor):
            raise StackError(_problem(folder, "supervisor", "ended"))
        if any(_port_taken(folder, name) for name in notes.SERVICES):
            raise PortTaken(
                f"port {state.port} or {state.bolt_port} of this machine is taken",
                hint="name another one with --port",
            )
        mine = processes.listens(found.of(APPLICATION).identity, state.port)
        if mine and answers(state.port, state.health, 0):
            return
        time.sleep(0.1)
    late = next((n for n in notes.SERVICES if not look.healthy(state, n)), APPLICATION)
    raise StackError(_problem(folder, late, f"was not healthy within {WAIT} s"))


def _port_taken(folder: Path, name: str) -> bool:
    """Whether a service said that somebody was quicker and took its port between our look and its start."""
    log = folder / "logs" / f"{name}.log"
    return log.is_file() and TAKEN.search(log.read_text(encoding="utf-8", errors="replace")) is not None


def _problem(folder: Path, name: str, why: str) -> Problem:
    log = folder / "logs" / f"{name}.log"
    text = last_lines(log.read_text(encoding="utf-8", errors="replace")) if log.is_file() else ""
    said = "\n".join(f"  | {line}" for line in text.splitlines()) or "  it printed nothing"
    return Problem(message=f"{name} {why}. Its last lines:\n{said}", hint=f"the whole log is {log}")


def _port_notes(state: LocalState, wanted: int) -> tuple[str, ...]:
    moved = []
    if state.port != wanted:
        moved.append(f"port {wanted} was taken, so the page is on {state.port}")
    if state.bolt_port != compose.BOLT_PORT:
        moved.append(f"port {compose.BOLT_PORT} was taken, so Bolt is on {state.bolt_port}")
    if state.browser_port not in {0, compose.BROWSER_PORT}:
        moved.append(f"port {compose.BROWSER_PORT} was taken, so Neo4j Browser is on {state.browser_port}")
    return tuple(moved)


def _kept(state: LocalState) -> tuple[str, ...]:
    return tuple(
        f"an older store with its edits was kept: {path} (`kgshare up --local` of its bundle goes back to it)"
        for path in notes.stores(state.stack)
        if path.name != state.store
    )
