"""What is there: the stacks of this machine, from the engine's labels first and kgshare's notes second."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kgshare import compose
from kgshare.doors import bolt
from kgshare.doors.engine import PROJECT, ContainerFacts, Engine, VolumeFacts
from kgshare.errors import KgshareError, StackError, UsageError
from kgshare.local import state as locals_of
from kgshare.project import read_project
from kgshare.stack import state as notes
from kgshare.stack.model import ServiceStatus, StackStatus
from kgshare.stack.ports import LOOPBACK
from kgshare.stack.state import StackState

SERVICES = (compose.DATABASE, compose.APPLICATION, compose.GATEWAY)
VOLUME = "com.docker.compose.volume"


def known(engine: Engine) -> tuple[str, ...]:
    """Every stack that has a container, a volume or notes here."""
    any_stack: dict[str, str | None] = {compose.LABEL_STACK: None}
    return tuple(
        sorted({*names(engine.containers(any_stack)), *names(engine.volumes(any_stack)), *notes.noted()})
    )


def present(engine: Engine) -> tuple[str, ...]:
    """The stacks that have containers, running or not."""
    return tuple(sorted(names(engine.containers({compose.LABEL_STACK: None}))))


def names(found: Iterable[ContainerFacts | VolumeFacts]) -> set[str]:
    """The stacks that things belong to. A label is anybody's text; what is no stack's name is not ours to touch."""
    labels = {thing.labels.get(compose.LABEL_STACK, "") for thing in found}
    return {label for label in labels if notes.NAME.fullmatch(label)}


def which(name: str | None, there: tuple[str, ...]) -> str:
    """The stack that is meant: the named one, that of the project in this folder, or elsewhere the only one.

    Raises:
        StackError: there is no such stack.
        UsageError: there are several, and none is named.
    """
    if name is not None:
        if notes.require_name(name) not in there:
            others = f"; there are: {', '.join(there)}" if there else ""
            raise StackError(f"there is no stack {name}{others}", hint="`kgshare up FILE` starts one")
        return name
    if not there:
        raise StackError("no stack is here", hint="`kgshare up FILE` starts one")
    mine = project_here()
    if mine in there:
        return mine
    if mine:
        raise StackError(
            f"there is no stack {mine}; there are: {', '.join(there)}", hint="say which one with --name"
        )
    if len(there) > 1:
        raise UsageError(f"there are several stacks: {', '.join(there)}", hint="say which one with --name")
    return there[0]


def project_here() -> str:
    """Name of the project whose manifest is in the current folder; empty where there is none."""
    try:
        return read_project(Path.cwd()).manifest.name
    except KgshareError:
        return ""


def services_of(
    containers: tuple[ContainerFacts, ...], state: StackState | None
) -> tuple[ServiceStatus, ...]:
    """The services in the order of the compose file, then what else carries the stack's label."""
    order = {name: place for place, name in enumerate(SERVICES)}
    digests = {image.id: image.digest for image in state.images.values()} if state else {}
    return tuple(
        ServiceStatus(
            name=c.service,
            health=c.health if c.state == "running" and c.health else c.state,
            image=digests.get(c.image, c.image),
        )
        for c in sorted(containers, key=lambda c: (order.get(c.service, len(order)), c.service))
    )


def status_of(engine: Engine, stack: str, *, seconds: float = 5.0) -> StackStatus:
    """A stack as it is now; the database is asked how much it holds, for so many seconds at the most."""
    containers = engine.containers({compose.LABEL_STACK: stack})
    if engine.check_health(containers):
        containers = engine.containers({compose.LABEL_STACK: stack})
    state = notes.read_state(stack)
    ports = published(containers)
    bolt_port = ports.get(compose.BOLT_PORT)
    browser_port = ports.get(compose.BROWSER_PORT) if state and state.browser_port else None
    not_the_page = {compose.BOLT_PORT, *([compose.BROWSER_PORT] if browser_port else [])}
    page = next((outside for inside, outside in ports.items() if inside not in not_the_page), None)
    password = read_password(engine, stack, containers)
    counts = None
    if bolt_port and password:
        try:
            counts = bolt.count(bolt_port, password, seconds=seconds)
        except StackError:
            counts = None
    labels = containers[0].labels if containers else {}
    store = state.store if state else ""
    kept = notes.folder_of(stack) / notes.PASSWORD
    return StackStatus(
        stack=stack,
        project=labels.get(compose.LABEL_NAME, state.project if state else ""),
        version=state.version if state else "",
        bundle=labels.get(compose.LABEL_BUNDLE, state.bundle if state else ""),
        services=services_of(containers, state),
        url=compose.page_address(page, state.opens if state else "/") if page else None,
        bolt=f"bolt://{LOOPBACK}:{bolt_port}" if bolt_port else None,
        nodes=counts.nodes if counts else None,
        relationships=counts.relationships if counts else None,
        password_file=kept if kept.is_file() else None,
        store=store,
        kept=kept_volumes(engine, stack, store) if state else (),
        browser=compose.browser_address(browser_port, bolt_port) if browser_port and bolt_port else None,
    )


def published(containers: tuple[ContainerFacts, ...]) -> dict[int, int]:
    """Ports on this machine by port inside, of the gateway that is running."""
    return {
        inside: outside
        for c in containers
        if c.service == compose.GATEWAY and c.state == "running"
        for inside, outside in c.ports.items()
    }


def kept_volumes(engine: Engine, stack: str, current: str) -> tuple[str, ...]:
    """Volumes of a stack that hold a store, but not the one it runs on."""
    stores = engine.volumes({compose.LABEL_STACK: stack, VOLUME: "store"})
    return tuple(v.name for v in stores if v.name != current)


def stores(engine: Engine | None) -> tuple[str, ...]:
    """The names of all stores of this machine's stacks, whichever runtime they have."""
    states = [notes.read_state(stack) for stack in notes.noted()]
    local = [path.name for stack in locals_of.known() for path in locals_of.stores(stack)]
    volumes = engine.volumes({compose.LABEL_STACK: None, VOLUME: "store"}) if engine else ()
    return (*(state.store for state in states if state), *local, *(volume.name for volume in volumes))


def read_password(engine: Engine, stack: str, containers: tuple[ContainerFacts, ...]) -> str | None:
    """The stack's password: from its database, which made it.

    From then on it is kept in the notes, if the stack was started with this state folder; nobody else's is.
    """
    for container in containers:
        if container.service == compose.DATABASE:
            found = engine.read_file(container.id, compose.PASSWORD_FILE)
            if found:
                password = found.decode().strip()
                if notes.has_notes(stack) and notes.read_password(stack) != password:
                    with suppress(StackError):  # looking needs no room on the disk
                        notes.write_password(stack, password)
                return password
    return notes.read_password(stack)


def foreign(containers: tuple[ContainerFacts, ...], stack: str) -> bool:
    """Whether containers of that Compose project are not kgshare's."""
    return any(c.labels.get(PROJECT) == stack and compose.LABEL_STACK not in c.labels for c in containers)
