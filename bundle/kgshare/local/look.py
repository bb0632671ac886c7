"""How a local stack is."""

from __future__ import annotations

from kgshare import compose
from kgshare.doors import bolt
from kgshare.errors import StackError
from kgshare.local import processes
from kgshare.local import state as notes
from kgshare.local.health import bolt_answers
from kgshare.local.state import APPLICATION, DATABASE, LocalState
from kgshare.stack.model import ServiceStatus, StackStatus
from kgshare.stack.ports import LOOPBACK
from kgshare.stack.run import answers


def health(state: LocalState, service: str) -> str:
    """``healthy``, ``starting``, ``unhealthy`` or ``exited``; only what our own process listens on is asked."""
    found = notes.read_processes(notes.folder_of(state.stack))
    running = found.of(service)
    if not processes.alive(running.identity):
        coming = processes.alive(found.supervisor) and not running.given_up
        return "starting" if coming else "exited"
    port = state.bolt_port if service == DATABASE else state.port
    if not processes.listens(running.identity, port):
        return "starting"
    well = bolt_answers(port) if service == DATABASE else answers(port, state.health, 0)
    return "healthy" if well else "unhealthy"


def healthy(state: LocalState, service: str) -> bool:
    """Whether a service is well."""
    return health(state, service) == "healthy"


def well(state: LocalState) -> bool:
    """Whether the whole stack is."""
    supervisor = notes.read_processes(notes.folder_of(state.stack)).supervisor
    return processes.alive(supervisor) and all(healthy(state, service) for service in notes.SERVICES)


def status_of(stack: str, *, seconds: float = 5.0) -> StackStatus:
    """A stack as it is now; the database is asked how much it holds, for so many seconds at the most.

    Raises:
        StackError: there are no notes of it that can be read.
    """
    state = notes.read_state(stack)
    if state is None:
        raise StackError(f"the stack {stack} is down", hint="`kgshare up --local FILE` starts it again")
    services = tuple(
        ServiceStatus(name=name, health=health(state, name), image=state.images[name])
        for name in notes.SERVICES
    )
    by_name = {service.name: service for service in services}
    folder = notes.folder_of(stack)
    password = folder / notes.PASSWORD
    counts = None
    if by_name[DATABASE].well and password.is_file():
        try:
            counts = bolt.count(state.bolt_port, password.read_text().strip(), seconds=seconds)
        except StackError:
            counts = None
    return StackStatus(
        stack=stack,
        project=state.project,
        version=state.version,
        bundle=state.bundle,
        services=services,
        url=None
        if by_name[APPLICATION].health == "exited"
        else compose.page_address(state.port, state.opens),
        bolt=None if by_name[DATABASE].health == "exited" else f"bolt://{LOOPBACK}:{state.bolt_port}",
        nodes=counts.nodes if counts else None,
        relationships=counts.relationships if counts else None,
        password_file=password if password.is_file() else None,
        store=str(folder / "stores" / state.store),
        kept=tuple(str(path) for path in notes.stores(stack) if path.name != state.store),
        sandboxed=False,
        browser=compose.browser_address(state.browser_port, state.bolt_port)
        if state.browser_port and by_name[DATABASE].health != "exited"
        else None,
    )
