"""Docker Compose, called one way only: with the rendered file, kgshare's variables and nobody else's."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from kgshare import compose
from kgshare.aside import write_aside
from kgshare.doors import process
from kgshare.doors.engine import ContainerFacts, Engine
from kgshare.errors import EngineError, KgshareError, Problem, StackError
from kgshare.stack import podman
from kgshare.stack.ports import LOOPBACK
from kgshare.stack.state import ENV, StackState

MINIMUM = (2, 20)
WAIT = 240  # seconds until the health checks must be content; a slow disk takes its time over a store
TAIL = 12
# The caller's settings for Compose and for us; the stack must be the one that the files describe.
NOT_OURS = ("COMPOSE_", "KGSHARE_", "DOCKER_DEFAULT_PLATFORM")
TAKEN = re.compile(r"port is already allocated|address already in use|ports are not available", re.IGNORECASE)
GONE = {"exited", "dead"}
DEAD = {*GONE, "restarting"}
ORDER = (compose.DATABASE, compose.APPLICATION, compose.GATEWAY)  # from the inside outwards


class PortTaken(StackError):
    """Somebody took the port between our look and the engine's."""


def require_compose() -> None:
    """Look whether Docker Compose is there, and new enough.

    Raises:
        EngineError: it is not.
    """
    wanted = ".".join(map(str, MINIMUM))
    hint = f"install Docker's compose plugin, {wanted} or newer, then run the same command again"
    try:
        version = process.run(["docker", "compose", "version", "--short"]).stdout.strip()
    except process.CommandMissing:
        raise EngineError("the command `docker` is not installed", hint=hint) from None
    except process.CommandFailed:
        raise EngineError("Docker has no compose plugin", hint=hint) from None
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if found and (int(found[1]), int(found[2])) < MINIMUM:
        raise EngineError(f"Docker Compose {version} is too old: {wanted} or newer is needed", hint=hint)


def compose_up(engine: Engine, state: StackState, folder: Path) -> None:
    """Create or update the stack's containers and wait until they are well.

    Raises:
        PortTaken: a port was not free after all.
        StackError: a service did not start, with the last lines it printed.
    """
    files: list[str | Path] = ["--file", folder / compose.COMPOSE]
    beside: AbstractContextManager[None] = nullcontext()
    if engine.podman:
        write_aside(folder / podman.OVERLAY, podman.make_networks(engine.podman, state), mode=0o600)
        files += ["--file", folder / podman.OVERLAY]
        beside = podman.checking_health(engine, state.stack)
    command: list[str | Path] = [
        "docker", "compose", "--ansi", "never", "--project-name", state.stack,
        "--project-directory", folder, *files, "--env-file", folder / ENV,
        "up", "--detach", "--remove-orphans",
    ]  # fmt: skip
    try:
        with beside:
            process.run(command, cwd=folder, without=NOT_OURS)
    except process.CommandMissing as error:
        raise EngineError(*error.problems) from None
    except process.CommandFailed as error:
        found = engine.containers({compose.LABEL_STACK: state.stack})
        if (
            not TAKEN.search(error.output) and cause(found) is None
        ):  # Compose itself failed, none of the services
            raise _not_started(state, error.output) from None
        raise _why(engine, state, error.output, found) from None
    _wait(engine, state)


def _wait(engine: Engine, state: StackState) -> None:
    """Wait for the health checks; unlike Compose's ``--wait``, stop at the first that says no, and say which."""
    end = time.monotonic() + WAIT
    while True:
        found = engine.containers({compose.LABEL_STACK: state.stack})
        if found and all(c.state == "running" and c.health in {"", "healthy"} for c in found):
            return
        if time.monotonic() >= end or any(c.state in GONE or c.health == "unhealthy" for c in found):
            raise _why(engine, state, f"it was not healthy within {WAIT} s", found)
        if not engine.check_health([c for c in found if c.health != "healthy"]):
            time.sleep(0.1)


def why_silent(engine: Engine, state: StackState) -> KgshareError | None:
    """Why a stack whose services were all well does not answer; None where none of them failed since."""
    found = engine.containers({compose.LABEL_STACK: state.stack})
    container = cause(found)
    return StackError(_problem(engine, state.stack, container)) if container else None


def cause(containers: Iterable[ContainerFacts]) -> ContainerFacts | None:
    """The one that fails; of several the innermost, as the others fail for its sake. None where none does."""
    order = {name: place for place, name in enumerate(ORDER)}
    failing = [
        c
        for c in containers
        if c.state in DEAD or c.health == "unhealthy" or (c.restarts and c.health != "healthy")
    ]
    return min(failing, key=lambda c: order.get(c.service, len(order)), default=None)


def how(container: ContainerFacts, output: str = "") -> str:
    """What became of a container that fails, with its exit code; Compose may have said it before a restart."""
    said = re.search(rf"-{re.escape(container.service)}-\d+ exited \((\d+)\)", output)
    code = container.exit_code or (int(said[1]) if said else 0)
    times = container.restarts
    again = f", and was started again {times} time{'s' if times > 1 else ''}" if times else ""
    if container.state in DEAD or code:
        return f"it ended with exit code {code}{again}"
    return f"it is {container.health or container.state}{' again after it ended' if times else ''}{again}"


def _why(
    engine: Engine, state: StackState, output: str, found: tuple[ContainerFacts, ...] = ()
) -> KgshareError:
    if TAKEN.search(output):
        return PortTaken(
            f"port {state.port} or {state.bolt_port} of this machine is taken",
            hint="name another one with --port",
        )
    found = found or engine.containers({compose.LABEL_STACK: state.stack})
    order = {name: place for place, name in enumerate(ORDER)}
    starting = sorted(
        (c for c in found if c.health == "starting"), key=lambda c: order.get(c.service, len(order))
    )
    container = cause(found) or next(iter(starting), None)
    if container is None:
        return _not_started(state, output)
    return StackError(_problem(engine, state.stack, container, output))


def _not_started(state: StackState, output: str) -> StackError:
    return StackError(
        f"the stack {state.stack} did not start: {process.last_lines(output, 3)}",
        hint=f"`kgshare logs --name {state.stack}` shows what its services said",
    )


def _problem(engine: Engine, stack: str, container: ContainerFacts, output: str = "") -> Problem:
    lines = list(engine.logs(container.id, tail=TAIL))
    said = "\n".join(f"  | {line}" for line in lines) if lines else "  it printed nothing"
    return Problem(
        message=f"{container.service} did not become healthy: {how(container, output)}. Its last lines:\n{said}",
        hint=f"`kgshare logs --name {stack} {container.service}` shows more; "
        f"`kgshare down --name {stack}` clears up",
    )


def answers(port: int, path: str, seconds: float) -> bool:
    """Whether an HTTP server on a port of this machine answers 200 within some seconds. No proxy is asked."""
    end = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        if time.monotonic() >= end:
            return False
        time.sleep(0.1)
