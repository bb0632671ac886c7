"""Nothing unsaved is lost: before a stack's edits go, they are a change set in a file, unless somebody says to discard them."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kgshare.aside import write_aside
from kgshare.changes.file import render
from kgshare.changes.make import Wanted, now
from kgshare.changes.model import SUFFIX
from kgshare.errors import Interrupted, SeedError, StackError, UsageError
from kgshare.places import state_dir
from kgshare.progress import Progress
from kgshare.review.git import author_here
from kgshare.review.propose import Edits, change_set_of, edits_of
from kgshare.review.show import change_lines

SHOWN = 20  # lines of edits on a terminal
Answer = Literal["save", "discard", "cancel"]


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """What happens to a stack's edits before it is reset, removed or replaced; called with the stack's name.

    Attributes:
        ask: asks a person, who has seen the edits; None where nobody is there, and they are saved.
        progress: shows the edits and says where they are.
    """

    ask: Callable[[str], Answer] | None
    progress: Progress

    def __call__(self, stack: str) -> None:
        """Save a stack's edits, or let them go.

        Raises:
            Interrupted: the person wants to go on with neither.
            StackError: they cannot be read.
        """
        hint = "`--discard` goes on without them; a stack that is down is started by `kgshare up`, then they can be read"
        try:
            edits = edits_of(stack, progress=Progress(quiet=True))
        except (StackError, SeedError) as error:
            said = "; ".join(problem.message for problem in error.problems)
            question = f"whether {stack} has edits cannot be seen: {said}"
            if self.ask is None or self.ask(question) != "discard":
                raise StackError(question, hint=hint) from None
            return
        if not edits.changes:
            return
        answer: Answer = "save"
        if self.ask is not None:
            lines = list(change_lines(edits.changes))
            for line in lines[:SHOWN]:
                self.progress.say(line)
            if len(lines) > SHOWN:
                self.progress.say(f"  and {len(lines) - SHOWN} more lines")
            answer = self.ask(f"{stack} has {len(edits.changes)} changes that are in no change set")
        if answer == "cancel":
            raise Interrupted("nothing was changed")
        if answer == "save":
            file = save(edits)
            self.progress.say(f"the edits in {stack} are saved in {file}")


def save(edits: Edits) -> Path:
    """Write the edits of a stack as a change set into kgshare's state folder; returns its file.

    Raises:
        MachineError, OSError: it cannot be written.
    """
    author = os.environ.get("USER") or "unknown"
    with suppress(UsageError):
        author = author_here(Path())
    date = now()
    wanted = Wanted(
        title=f"Edits in {edits.stack}",
        reason="Saved by kgshare before they would have been lost.",
        author=author,
    )
    one = change_set_of(edits, wanted)
    file = state_dir() / "edits" / f"{edits.stack}-{date:%Y%m%dT%H%M%SZ}{SUFFIX}"
    write_aside(file, render(one))
    return file


def offer(stack: str, keeper: Keeper) -> None:
    """What `Keeper` does, for a stack that stays where it is if the edits cannot be read."""
    with suppress(StackError, SeedError):
        keeper(stack)
