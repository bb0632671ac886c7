"""What the stack's commands return, each as text for people and as JSON for programs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.errors import StackError
from kgshare.trust.verdict import Verdict

NOT_SANDBOXED = "without containers: not sandboxed"


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """One service.

    Attributes:
        name: ``database``, ``application`` or ``gateway``.
        health: ``healthy``, ``starting``, ``unhealthy``; without a check of its own what it does: ``running``, …
        image: digest of its image's manifest; the engine's own id where kgshare's notes are lost.
    """

    name: str
    health: str
    image: str

    @property
    def well(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.health in {"healthy", "running"}


@dataclass(frozen=True, kw_only=True)
class StackStatus:
    """One stack of this machine as it is now.

    Attributes:
        stack: its name.
        project: name of the project it came from.
        version: the project's version; empty where kgshare's notes are lost.
        bundle: digest of the bundle's index.
        services: what runs.
        url: where the page opens; None when it is not running.
        bolt: address for drivers and Neo4j tools.
        nodes: how many nodes the database holds; None when it does not answer.
        relationships: the same for relationships.
        password_file: holds the password of user neo4j.
        store: the volume it runs on.
        kept: older volumes of this stack, with their edits.
        browser: where Neo4j Browser opens; None where the project has none.
        sandboxed: whether it runs in containers; volumes are folders where it does not.
    """

    stack: str
    project: str
    version: str
    bundle: str
    services: tuple[ServiceStatus, ...]
    url: str | None
    bolt: str | None
    nodes: int | None
    relationships: int | None
    password_file: Path | None
    store: str
    kept: tuple[str, ...]
    sandboxed: bool = True
    browser: str | None = None

    def lines(self) -> list[str]:
        """The status for a person."""
        title = " ".join(part for part in (self.stack, self.version) if part)
        graph = (
            "the database does not answer"
            if self.nodes is None or self.relationships is None
            else f"{self.nodes:,} nodes, {self.relationships:,} relationships"
        )
        rows = [f"{title}   {graph}", f"  page      {self.url or 'not running'}"]
        if self.bolt:
            kept = self.password_file or "its container"
            rows.append(f"  bolt      {self.bolt}   user neo4j, password in {kept}")
        if self.browser:
            rows.append(f"  browser   {self.browser}")
        rows += [f"  {s.name:<12} {s.health:<10} {s.image[:19]}" for s in self.services]
        if not self.sandboxed:
            rows.append(f"  {NOT_SANDBOXED}")
        rows += [f"  kept volume {name}" for name in self.kept]
        return rows


@dataclass(frozen=True, kw_only=True)
class StackReport:
    """What ``up`` and ``reset`` return.

    Attributes:
        already: whether it was running before, so that nothing was done.
        browser: where Neo4j Browser opens; None where the project has none.
        notes: what the user should know: another port than usual, an older volume that was kept.
        seconds: how long it took.
        verdict: who vouches for the bundle; None where it was not opened now.
    """

    schema: ClassVar[str] = "up"
    stack: str
    services: tuple[ServiceStatus, ...]
    url: str
    bolt: str
    nodes: int | None
    relationships: int | None
    bundle: str
    password_file: Path | None
    already: bool
    notes: tuple[str, ...]
    seconds: float
    browser: str | None = None
    verdict: Verdict | None = None

    @classmethod
    def of(cls, status: StackStatus, *, already: bool, notes: tuple[str, ...], began: float) -> StackReport:
        """What is running now; ``began`` is when the command did, on the monotonic clock.

        Raises:
            StackError: nothing is.
        """
        if status.url is None or status.bolt is None:
            hint = f"`kgshare logs --name {status.stack}` shows why"
            raise StackError(f"the stack {status.stack} stopped again", hint=hint)
        if status.nodes is None:
            notes = (*notes, "the database did not say how much it holds")
        if not status.sandboxed:
            notes = (NOT_SANDBOXED, *notes)
        return cls(
            stack=status.stack,
            services=status.services,
            url=status.url,
            bolt=status.bolt,
            nodes=status.nodes,
            relationships=status.relationships,
            bundle=status.bundle,
            password_file=status.password_file,
            already=already,
            notes=notes,
            browser=status.browser,
            seconds=round(time.monotonic() - began, 2),
        )

    def text(self) -> str:
        """The address, last so that it stands where the eye is."""
        counted = (
            f": {self.nodes:,} nodes, {self.relationships:,} relationships"
            if self.nodes is not None and self.relationships is not None
            else ""
        )
        state = "is running already" if self.already else f"is up after {self.seconds:.1f} s"
        rows = [f"{self.stack} {state}{counted}"]
        rows += [f"  {self.verdict.line()}"] if self.verdict else []
        rows += [f"  {note}" for note in self.notes]
        rows += [
            f"  database  {self.bolt}  user neo4j, password in {self.password_file or 'its container'}",
            *([f"  browser   {self.browser}"] if self.browser else []),
            f"  page      {self.url}",
        ]
        return "\n".join(rows)


@dataclass(frozen=True, kw_only=True)
class StatusReport:
    """What ``status`` returns: the stack that was asked for, or the only one, and beside it the others.

    All fields but ``others`` are empty where nothing runs.
    """

    schema: ClassVar[str] = "status"
    stack: str | None
    services: tuple[ServiceStatus, ...]
    url: str | None
    nodes: int | None
    relationships: int | None
    bundle: str | None
    password_file: Path | None
    stacks: tuple[StackStatus, ...]

    @classmethod
    def of(cls, stacks: tuple[StackStatus, ...]) -> StatusReport:
        """A report whose first stack is the one in question."""
        first = stacks[0] if stacks else None
        return cls(
            stack=first.stack if first else None,
            services=first.services if first else (),
            url=first.url if first else None,
            nodes=first.nodes if first else None,
            relationships=first.relationships if first else None,
            bundle=first.bundle if first else None,
            password_file=first.password_file if first else None,
            stacks=stacks,
        )

    def text(self) -> str:
        """Every stack, a few lines each."""
        if not self.stacks:
            return "no stack is here; `kgshare up FILE` starts one"
        return "\n\n".join("\n".join(stack.lines()) for stack in self.stacks)


@dataclass(frozen=True, kw_only=True)
class OpenReport:
    """What ``open`` returns: the address, and whether a browser was started."""

    schema: ClassVar[str] = "open"
    stack: str
    url: str
    opened: bool

    def text(self) -> str:
        """The address."""
        return self.url


@dataclass(frozen=True, kw_only=True)
class DownReport:
    """What ``down`` returns: what is no longer there, and which volumes still are.

    The volumes of a stack without containers are folders; ``processes`` are those of such stacks that were stopped.
    """

    schema: ClassVar[str] = "down"
    stacks: tuple[str, ...]
    containers: int
    networks: int
    volumes: tuple[str, ...]
    kept: tuple[str, ...]
    processes: int = 0

    def text(self) -> str:
        """One line, and how to get rid of what is left."""
        if not self.stacks:
            return "no stack was here"
        done = (
            f"{self.containers} containers, {self.networks} networks and {len(self.volumes)} volumes removed"
        )
        if self.processes and not self.containers:
            done = f"{self.processes} processes stopped, {len(self.volumes)} volumes removed"
        elif self.processes:
            done += f", {self.processes} processes stopped"
        rows = [f"{', '.join(self.stacks)}: {done}"]
        if self.kept:
            rows.append(f"  kept with their edits: {', '.join(self.kept)} (`down --volumes` removes them)")
        return "\n".join(rows)
