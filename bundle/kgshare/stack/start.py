"""``kgshare up``: from a verified bundle to an address that answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from kgshare import compose
from kgshare.doors.engine import PROJECT, ContainerFacts, Engine
from kgshare.errors import EngineError, StackError
from kgshare.progress import Progress
from kgshare.stack import look, podman, ports, run
from kgshare.stack import state as notes
from kgshare.stack.alone import alone
from kgshare.stack.kin import kin_of, require_kin
from kgshare.stack.load import ensure_images
from kgshare.stack.model import StackReport
from kgshare.stack.source import Source
from kgshare.stack.state import ImageNote, StackState

ATTEMPTS = 3
ANSWER_SECONDS = 60


def start(source: Source, *, stack: str, port: int | None, progress: Progress, engine: Engine) -> StackReport:
    """Load, start and wait. With the same bundle running already, only look.

    Raises:
        EngineError: the engine cannot run it.
        StackError: a service does not start, a port is taken, or the name belongs to something else.
    """
    with alone(stack, progress):
        return _start(source, stack=stack, port=port, progress=progress, engine=engine)


def _start(
    source: Source, *, stack: str, port: int | None, progress: Progress, engine: Engine
) -> StackReport:
    began = time.monotonic()
    containers = engine.containers({PROJECT: stack})
    _require_ours(containers, stack, source)
    if _runs_already(containers, stack, source, port):
        return report(engine, stack, already=True, notes_=(), began=began)
    run.require_compose()
    facts = engine.facts()
    fitting = source.on(facts.platform)
    if fitting is None:
        raise EngineError(
            f"the bundle is for {' and '.join(source.platforms)}, and this engine runs {facts.platform}",
            hint=f"ask its author for one that is built with `kgshare build --platform {facts.platform}`",
        )
    source = fitting
    images = ensure_images(source, engine, facts, progress)
    if engine.podman and podman.beside_docker(engine.podman):
        progress.say(podman.BESIDE_DOCKER)
    with progress.stage(f"start {stack}"):
        state, said = _start_on_free_ports(source, stack, port, images, containers, progress, engine)
    said = (*said, *_not_limited(engine, stack), *_kept(engine, state))
    return report(engine, stack, already=False, notes_=said, began=began)


def plan_state(
    source: Source,
    stack: str,
    images: Mapping[str, ImageNote],
    port: int,
    bolt_port: int,
    browser_port: int = 0,
) -> StackState:
    """What will be started, as it is noted."""
    manifest = source.manifest
    return StackState(
        stack=stack,
        project=manifest.name,
        version=manifest.version,
        bundle=source.digest,
        port=port,
        bolt_port=bolt_port,
        opens=manifest.open,
        health=manifest.application.health,
        store=f"{stack}-{source.store}",
        images=dict(images),
        browser_port=browser_port,
        kin=kin_of(manifest),
        about=source.about,
    )


def bring_up(engine: Engine, state: StackState, compose_text: str, progress: Progress) -> None:
    """Note a stack that was up before, start it, and wait until its page answers.

    Where somebody took one of its ports while it was down, it gets another.

    Raises:
        StackError: it does not start.
    """
    with progress.stage(f"start {state.stack}"):
        try:
            _bring_up(engine, state, compose_text)
        except run.PortTaken:
            progress.say(f"port {state.port} or {state.bolt_port} was taken meanwhile: trying others")
            other = ports.others(state.port, state.bolt_port, state.browser_port)
            _bring_up(engine, replace(state, **other), compose_text)  # type: ignore[arg-type]


def _bring_up(engine: Engine, state: StackState, compose_text: str) -> None:
    folder = notes.write_state(state, compose_text)
    run.compose_up(engine, state, folder)
    if not run.answers(state.port, state.health, ANSWER_SECONDS):
        raise run.why_silent(engine, state) or StackError(
            f"every service is well, but http://{ports.LOOPBACK}:{state.port}{state.health} does not answer",
            hint=f"`kgshare logs --name {state.stack}` shows what its services said",
        )


def report(
    engine: Engine, stack: str, *, already: bool, notes_: tuple[str, ...], began: float
) -> StackReport:
    """What is running now.

    Raises:
        StackError: nothing is.
    """
    status = look.status_of(engine, stack)
    return StackReport.of(status, already=already, notes=notes_, began=began)


def _require_ours(containers: tuple[ContainerFacts, ...], stack: str, source: Source) -> None:
    hint = f"`kgshare up --name ANOTHER` starts beside it, `kgshare down --name {stack}` makes room"
    if look.foreign(containers, stack):
        raise StackError(
            f"Docker has a project {stack} that is not kgshare's", hint="choose another name with --name"
        )
    names = {c.labels.get(compose.LABEL_NAME, "") for c in containers} - {source.manifest.name}
    if names:
        raise StackError(f"the stack {stack} belongs to the project {names.pop()}", hint=hint)
    if containers and (noted := notes.read_state(stack)):
        require_kin(stack, noted.kin, source.manifest)


def _runs_already(
    containers: tuple[ContainerFacts, ...], stack: str, source: Source, port: int | None
) -> bool:
    state = notes.read_state(stack)
    if state is None or state.bundle != source.digest or port not in {None, state.port}:
        return False
    services = look.services_of(containers, state)
    here = {c.service for c in containers if c.labels.get(compose.LABEL_BUNDLE) == source.digest}
    return (
        here == set(look.SERVICES)
        and all(service.well for service in services)
        and set(look.published(containers).values()) == state.ports
        and run.answers(state.port, state.health, 0)
    )


def _start_on_free_ports(
    source: Source,
    stack: str,
    port: int | None,
    images: Mapping[str, ImageNote],
    containers: tuple[ContainerFacts, ...],
    progress: Progress,
    engine: Engine,
) -> tuple[StackState, tuple[str, ...]]:
    """Start; where somebody is quicker and takes a port that was free, take another, unless one was asked for."""
    usual = source.manifest.application.port
    before, mine = notes.read_state(stack), set(look.published(containers).values())
    refused: set[int] = set()

    def free(number: int) -> bool:
        return number not in refused and (number in mine or ports.is_free(number))

    for attempt in range(ATTEMPTS):
        page = port and ports.require(port, free=free)
        page = page or ports.choose(before.port if before else usual, free=free)
        bolt = ports.choose(before.bolt_port if before else compose.BOLT_PORT, not_these={page}, free=free)
        browser = 0
        if source.manifest.neo4j.browser:
            last = before.browser_port if before else 0
            browser = ports.choose(last or compose.BROWSER_PORT, not_these={page, bolt}, free=free)
        state = plan_state(source, stack, images, page, bolt, browser)
        try:
            _bring_up(engine, state, source.compose)
        except run.PortTaken:
            if port is not None or attempt == ATTEMPTS - 1:
                raise
            progress.say(f"port {page} or {bolt} was taken just now: trying others")
            refused |= {page, bolt, browser}
            before = replace(state, port=page + 1, bolt_port=bolt + 1, browser_port=browser and browser + 1)
            continue
        break
    return state, _port_notes(state, port or usual)


def _port_notes(state: StackState, wanted: int) -> tuple[str, ...]:
    moved = []
    if state.port != wanted:
        moved.append(f"port {wanted} was taken, so the page is on {state.port}")
    if state.bolt_port != compose.BOLT_PORT:
        moved.append(f"port {compose.BOLT_PORT} was taken, so Bolt is on {state.bolt_port}")
    if state.browser_port not in {0, compose.BROWSER_PORT}:
        moved.append(f"port {compose.BROWSER_PORT} was taken, so Neo4j Browser is on {state.browser_port}")
    return tuple(moved)


def _not_limited(engine: Engine, stack: str) -> tuple[str, ...]:
    if all(c.limited for c in engine.containers({compose.LABEL_STACK: stack})):
        return ()
    why = "; rootless Podman needs cgroups v2 and its user's share of them for that" if engine.podman else ""
    return (f"the engine limits neither memory nor processes of this stack{why}",)


def _kept(engine: Engine, state: StackState) -> tuple[str, ...]:
    return tuple(
        f"an older store with its edits was kept: volume {name} (`kgshare up` of its bundle goes back to it, "
        f"`docker volume rm {name}` removes it)"
        for name in look.kept_volumes(engine, state.stack, state.store)
    )
