"""A running stack's graph as canonical text: of one moment, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kgshare.canonical.graph import read_graph
from kgshare.canonical.text import CanonicalDigest
from kgshare.doors.moment import of_one_moment
from kgshare.doors.wire import Wire
from kgshare.errors import StackError
from kgshare.progress import Progress
from kgshare.stack.baseline import Baseline, find
from kgshare.stack.reach import Reach, reach


@dataclass(frozen=True, kw_only=True)
class StackText:
    """What a running stack holds.

    Attributes:
        stack: where it was read.
        folder: the canonical text.
        digest: its digests.
        baseline: where the stack began.
    """

    stack: Reach
    folder: Path
    digest: CanonicalDigest
    baseline: Baseline


def read_stack(name: str | None, out: Path, *, progress: Progress) -> StackText:
    """Write the canonical text of a running stack, with or without containers, into a folder, which is replaced.

    Args:
        name: of the stack; that of the project in this folder, or the only one, when not given.
        out: the folder.
        progress: says that it is read, and when it has to be read once more.

    Raises:
        StackError: there is no such stack, it does not answer, where it began is not known, or it is being written to.
        UsageError: there are several stacks, and none is named.
        SeedError: a record cannot be identified: which, and what to declare.
    """
    stack = reach(name)
    baseline = baseline_of(stack)
    identity = baseline.manifest.identity
    with Wire(stack.port, stack.password) as source, progress.stage(f"read the graph of {stack.stack}"):
        digest = of_one_moment(
            source,
            lambda: read_graph(source, out, identity.nodes, identity.relationships),
            say=progress.say,
            where=stack.stack,
            hint="wait until the application or the script that writes is done, then try again",
        )
    return StackText(stack=stack, folder=out, digest=digest, baseline=baseline)


def baseline_of(stack: Reach) -> Baseline:
    """Where a stack began: what its bundle said of its graph when it was started.

    Raises:
        StackError: that was not kept on this machine.
    """
    found = find(stack.store)
    if found is None:
        hint = "`kgshare up FILE` with the bundle it was started from; it goes on running"
        raise StackError(f"where the stack {stack.stack} began is not known here", hint=hint)
    return found
