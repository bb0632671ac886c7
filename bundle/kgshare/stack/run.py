"""Docker Compose, called one way only: with the rendered file, kgshare's variables and nobody else's."""

from __future__ import annotations

import http.client
import re
import time
from pathlib import Path

from kgshare import compose
from kgshare.doors import process
from kgshare.doors.engine import ContainerFacts, Engine
from kgshare.errors import EngineError, KgshareError, Problem, StackError
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
    command: list[str | Path] = [
        "docker", "compose", "--ansi", "never", "--project-name", state.stack,
        "--project-directory", folder, "--file", folder / compose.COMPOSE, "--env-file", folder / ENV,
        "up", "--detach", "--remove-orphans",
    ]  # fmt: skip
    try:
        process.run(command, cwd=folder, without=NOT_OURS)
    except process.CommandMissing as error:
        raise EngineError(*error.problems) from None
    except process.CommandFailed as error:
        raise _why(engine, state, error.output) from None
    _wait(engine, state)


def _wait(engine: Engine, state: StackState) -> None:
    """Wait for the health checks; unlike Compose's ``--wait``, stop at the first that says no, and say which."""
    end = time.monotonic() + WAIT
    while True:
        found = engine.containers({compose.LABEL_STACK: state.stack})
        if found and all(c.state == "running" and c.health in {"", "healthy"} for c in found):
            return
        if time.monotonic() >= end or any(c.state in GONE or c.health == "unhealthy" for c in found):
            raise _why(engine, state, f"it was not healthy within {WAIT} s")
        time.sleep(0.1)


def _why(engine: Engine, state: StackState, output: str) -> KgshareError:
    if TAKEN.search(output):
        return PortTaken(
            f"port {state.port} or {state.bolt_port} of this machine is taken",
            hint="name another one with --port",
        )
    found = engine.containers({compose.LABEL_STACK: state.stack})
    failing = [c for c in found if c.state in DEAD or c.health == "unhealthy"]
    failing = failing or [c for c in found if c.health == "starting"]
    if not failing:
        return StackError(
            f"the stack {state.stack} did not start: {process.last_lines(output, 3)}",
            hint=f"`kgshare logs --name {state.stack}` shows what its services said",
        )
    return StackError(*(_problem(engine, state.stack, container) for container in failing))


def _problem(engine: Engine, stack: str, container: ContainerFacts) -> Problem:
    lines = list(engine.logs(container.id, tail=TAIL))
    said = "\n".join(f"  | {line}" for line in lines) if lines else "  it printed nothing"
    how = container.health if container.state == "running" else container.state
    return Problem(
        message=f"{container.service} did not become healthy: it is {how}. Its last lines:\n{said}",
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
