"""Stopping local stacks: exactly the processes that were noted, the supervisor first, the database with time to close."""

from __future__ import annotations

import shutil

from kgshare.local import processes, tree
from kgshare.local import state as notes
from kgshare.local.supervise import APPLICATION_SECONDS, DATABASE_SECONDS
from kgshare.progress import Progress
from kgshare.stack.alone import alone
from kgshare.stack.model import DownReport


def stop(stack: str) -> int:
    """Stop what runs of a stack; how many processes that were.

    Told to stop, the supervisor stops the other two, and then itself; where it is gone they are stopped one by one.
    """
    folder = notes.folder_of(stack)
    found = notes.read_processes(folder)
    running = sum(processes.alive(identity) for identity in found.all)
    processes.end(found.supervisor, DATABASE_SECONDS + 2 * APPLICATION_SECONDS)
    found = notes.read_processes(folder)  # it may have started one again meanwhile
    for service, seconds in ((notes.APPLICATION, APPLICATION_SECONDS), (notes.DATABASE, DATABASE_SECONDS)):
        processes.end(found.of(service).identity, seconds)
    (folder / notes.PROCESSES).unlink(missing_ok=True)
    return running


def bring_down(stacks: tuple[str, ...], *, volumes: bool, progress: Progress) -> DownReport:
    """Stop stacks; with ``volumes`` leave nothing of them, and no unpacked image that no other stack has."""
    ended = 0
    removed: list[str] = []
    kept: list[str] = []
    for stack in stacks:
        folder = notes.folder_of(stack)
        with alone(stack, progress, needed=False):
            with progress.stage(f"stop {stack}"):
                ended += stop(stack)
            (removed if volumes else kept).extend(str(path) for path in notes.stores(stack))
            if volumes:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            images = notes.read_state(stack)
            if images is not None:
                (folder / notes.NOTES).replace(folder / notes.LAST)
            (folder / notes.PLAN).unlink(missing_ok=True)
            shutil.rmtree(folder / "run", ignore_errors=True)
    if volumes:
        remove_unused_images()
    return DownReport(
        stacks=stacks, containers=0, networks=0, volumes=tuple(removed), kept=tuple(kept), processes=ended
    )


def remove_unused_images() -> None:
    """Remove the unpacked images that no stack has, running or down."""
    if not tree.images_dir().is_dir():
        return
    states = (notes.read_state(stack) or notes.read_last(stack) for stack in notes.known())
    found = [state for state in states if state]
    kinds = ((), ("some",))
    used = {
        tree.tree_of(digest, parts).name for s in found for digest in s.images.values() for parts in kinds
    }
    for path in tree.images_dir().iterdir():
        if path.name not in used:
            shutil.rmtree(path, ignore_errors=True)
