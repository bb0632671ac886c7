"""Where the database of a running stack answers, whichever runtime it has."""

from __future__ import annotations

from dataclasses import dataclass, field

from kgshare import compose
from kgshare.doors.engine import Engine
from kgshare.errors import StackError
from kgshare.local import state as locals_of
from kgshare.stack import look
from kgshare.stack import state as notes
from kgshare.stack.commands import chosen_stack


@dataclass(frozen=True, kw_only=True)
class Reach:
    """A running stack's database.

    Attributes:
        stack: its name.
        project: name of the project it came from.
        bundle: digest of the bundle's index; empty where kgshare's notes are lost.
        store: name of the store it runs on; its baseline is found by it.
        port: where Bolt answers on this machine.
        password: of user neo4j.
    """

    stack: str
    project: str
    bundle: str
    store: str
    port: int
    password: str = field(repr=False)


def reach(name: str | None = None) -> Reach:
    """The database of a stack: of the named one, that of the project in this folder, or the only one.

    Raises:
        StackError: there is no such stack, it is not running, or its password is not known here.
        UsageError: there are several, and none is named.
    """
    if name in locals_of.known():  # also one that is down, about which no engine knows anything
        return _local(name)
    stack, engine = chosen_stack(name, locals_of.present(), look.present)
    return _local(stack) if engine is None else _contained(engine, stack)


def _local(stack: str) -> Reach:
    from kgshare.local.look import healthy

    state = locals_of.read_state(stack)
    if state is None or not healthy(state, locals_of.DATABASE):
        raise _not_running(stack, "--local FILE")
    password = (locals_of.folder_of(stack) / locals_of.PASSWORD).read_text(encoding="utf-8").strip()
    return Reach(
        stack=stack, project=state.project, bundle=state.bundle, store=state.store,
        port=state.bolt_port, password=password,
    )  # fmt: skip


def _contained(engine: Engine, stack: str) -> Reach:
    containers = engine.containers({compose.LABEL_STACK: stack})
    port = look.published(containers).get(compose.BOLT_PORT)
    password = look.read_password(engine, stack, containers)
    if port is None or password is None:
        raise _not_running(stack, "FILE")
    state, labels = notes.read_state(stack), containers[0].labels
    volumes = [v.name for v in engine.volumes({compose.LABEL_STACK: stack, look.VOLUME: "store"})]
    return Reach(
        stack=stack, project=labels.get(compose.LABEL_NAME, ""), bundle=labels.get(compose.LABEL_BUNDLE, ""),
        store=state.store if state else volumes[0] if len(volumes) == 1 else "", port=port, password=password,
    )  # fmt: skip


def _not_running(stack: str, file: str) -> StackError:
    return StackError(
        f"the database of the stack {stack} is not running",
        hint=f"`kgshare up {file}` of its bundle starts it",
    )
