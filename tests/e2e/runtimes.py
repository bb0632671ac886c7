"""The two runtimes as a user meets them: a machine with Docker, and one on which no engine can be found."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker  # noqa: TID251 - the engine itself is asked what is left
from tests.e2e.command_line import Ran, kgshare, works

from kgshare.local import processes
from kgshare.local.state import Processes, read_processes

ENGINES = ("docker", "podman", "containerd", "nerdctl", "buildctl")


def without_engine(folder: Path) -> dict[str, str]:
    """The environment of a machine that has every program of this one but an engine's."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for place in os.environ["PATH"].split(os.pathsep):
        for file in Path(place).iterdir() if Path(place).is_dir() else ():
            if not file.name.startswith(ENGINES) and not (programs / file.name).is_symlink():
                (programs / file.name).symlink_to(file)
    return {"PATH": str(programs), "DOCKER_HOST": f"unix://{folder}/no.sock"}


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """One machine and one stack on it.

    Attributes:
        name: of the runtime, ``docker`` or ``local``.
        stack: name of the stack.
        state: kgshare's state folder.
        environment: variables beside the user's own.
    """

    name: str
    stack: str
    state: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        """What `up` wants besides."""
        return ("--local", "--yes") if self.name == "local" else ()

    def kgshare(self, *words: str | Path) -> Ran:
        """Run a command, whatever becomes of it."""
        return kgshare(*words, cwd=self.state, KGSHARE_STATE=str(self.state), **self.environment)

    def works(self, *words: str | Path) -> Ran:
        """Run a command, which must end well."""
        return works(*words, cwd=self.state, KGSHARE_STATE=str(self.state), **self.environment)

    def up(self, bundle: Path, *words: str) -> Any:
        """The report of `up`."""
        line = ("up", bundle, "--name", self.stack, "--no-open", "--json", *self.words, *words)
        return self.works(*line).result

    def down(self) -> None:
        """Take everything away."""
        self.works("down", "--all", "--volumes", "--discard")

    @property
    def folder(self) -> Path:
        """Of a local stack."""
        return self.state / "local" / "stacks" / self.stack

    @property
    def processes(self) -> Processes:
        """Of a local stack."""
        return read_processes(self.folder)

    def running(self) -> set[str]:
        """What runs of the stack now, by the system's own word: containers and networks, or processes."""
        if self.name == "local":
            return {str(each.pid) for each in self.processes.all if each and processes.alive(each)}
        engine, mine = docker.from_env(), {"label": f"kgshare.stack={self.stack}"}
        found = [*engine.containers.list(all=True, filters=mine), *engine.networks.list(filters=mine)]
        return {str(each.id) for each in found}

    def kept(self) -> set[str]:
        """What is kept of the stack when it is down: volumes, or folders."""
        if self.name == "local":
            return {str(path) for path in self.folder.glob("stores/*")}
        return {
            str(v.id)
            for v in docker.from_env().volumes.list(filters={"label": f"kgshare.stack={self.stack}"})
        }
