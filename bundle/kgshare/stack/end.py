"""``kgshare down`` and ``reset``: through the engine alone, so that lost notes or files keep nobody from clearing up."""

from __future__ import annotations

import time
from collections.abc import Callable

from kgshare import compose
from kgshare.doors.engine import Engine
from kgshare.errors import Interrupted, StackError
from kgshare.progress import Progress
from kgshare.stack import look
from kgshare.stack import state as notes
from kgshare.stack.alone import alone
from kgshare.stack.model import DownReport, StackReport
from kgshare.stack.start import bring_up, report

# From the outside inwards; the database last, and with time to close its store.
ORDER = (compose.GATEWAY, compose.APPLICATION, compose.DATABASE)
SECONDS = {compose.DATABASE: compose.STOP_SECONDS}


def bring_down(engine: Engine, stacks: tuple[str, ...], *, volumes: bool, progress: Progress) -> DownReport:
    """Remove containers, networks and notes of stacks; with ``volumes`` also every volume of theirs."""
    containers, networks = 0, 0
    removed: list[str] = []
    kept: list[str] = []
    for stack in stacks:
        with alone(stack, progress, needed=False):
            with progress.stage(f"stop {stack}"):
                containers += remove_containers(engine, stack)
            label: dict[str, str | None] = {compose.LABEL_STACK: stack}
            for network in engine.networks(label):
                engine.remove_network(network)
                networks += 1
            for volume in engine.volumes(label):
                if volumes:
                    engine.remove_volume(volume.name)
                    removed.append(volume.name)
                elif volume.labels.get(look.VOLUME) == "store":
                    kept.append(volume.name)
            notes.forget(stack)
    return DownReport(
        stacks=stacks, containers=containers, networks=networks, volumes=tuple(removed), kept=tuple(kept)
    )


def remove_containers(engine: Engine, stack: str) -> int:
    """Stop and remove the containers of a stack; how many there were."""
    found = engine.containers({compose.LABEL_STACK: stack})
    order = {name: place for place, name in enumerate(ORDER)}
    for container in sorted(found, key=lambda c: order.get(c.service, -1)):
        engine.stop(container.id, SECONDS.get(container.service, 5))
        engine.remove(container.id)
    return len(found)


def start_afresh(
    engine: Engine, stack: str, *, agreed: Callable[[str], bool], progress: Progress
) -> StackReport:
    """Throw away a stack's store with its edits, and start from the one in its image.

    Raises:
        Interrupted: the user did not agree; nothing was done.
        StackError: its notes are lost, so that only its bundle can start it again.
    """
    began = time.monotonic()
    state = notes.read_state(stack)
    file = notes.folder_of(stack) / compose.COMPOSE
    if state is None or not file.is_file() or not _images_there(engine, state):
        raise StackError(
            f"the stack {stack} cannot be started again from here",
            hint=f"`kgshare down --name {stack} --volumes`, then `kgshare up FILE`",
        )
    if not agreed(f"Every edit in {stack} (volume {state.store}) will be lost. Go on?"):
        raise Interrupted("nothing was changed")
    with alone(stack, progress):
        if notes.read_state(stack) != state:  # another kgshare was at work while the question stood
            raise StackError(
                f"the stack {stack} has changed meanwhile, and nothing was reset", hint="look, then try again"
            )
        with progress.stage(f"stop {stack}"):
            remove_containers(engine, stack)
        engine.remove_volume(state.store)
        bring_up(engine, state, file.read_text(encoding="utf-8"), progress)
        return report(engine, stack, already=False, notes_=("back at the store of its bundle",), began=began)


def _images_there(engine: Engine, state: notes.StackState) -> bool:
    return all(engine.image_id(image.tag) == image.id for image in state.images.values())
