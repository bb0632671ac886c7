"""Which engine builds: each function finds one, and is called only where something has to be built."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from kgshare.doors import engine
from kgshare.engines import Engine
from kgshare.engines.docker import DockerEngine
from kgshare.engines.local import LocalEngine
from kgshare.engines.named import usual_name
from kgshare.errors import EngineError, UsageError
from kgshare.places import cache_dir

Find = Callable[[], Engine]


class _Docker(DockerEngine):
    """Docker, whose absence is not the end where the machine can build by itself."""

    def check(self) -> None:
        try:
            super().check()
        except EngineError as error:
            if sys.platform != "linux":
                raise
            raise error.adding("`kgshare build --local` needs no engine") from None


class ForPodman(LocalEngine):
    """This machine's own means beside Podman, whose builder is none of BuildKit: the images are Docker's to the byte."""

    name = "podman"

    @property
    def remarks(self) -> tuple[str, ...]:
        """How it was built."""
        return ("Podman has no BuildKit, which builds bundles", *super().remarks)


def docker() -> Engine:
    """Docker; where the engine that answers is Podman, this machine's own means."""
    try:
        if engine.Engine.connect().podman:
            return ForPodman(cache_dir() / "rooms")
    except EngineError:
        pass  # said by the check, with what can be done
    return _Docker()


def machine() -> Engine:
    """This machine's own means, without a container engine."""
    return LocalEngine(cache_dir() / "rooms")


def dagger() -> Engine:
    """Dagger, by its client (the extra ``dagger``)."""
    from kgshare.engines.dagger import DaggerEngine

    return DaggerEngine()


def named(name: str) -> Find:
    """What finds the engine of a name.

    Raises:
        UsageError: there is none of that name.
    """
    by_name: Mapping[str, Find] = {"docker": docker, "dagger": dagger, "none": machine}
    if name not in by_name:
        raise UsageError(f"there is no engine {name}", hint=f"known: {', '.join(by_name)}")
    return by_name[name]


def usual() -> Engine:
    """The engine where none is named: that of ``KGSHARE_ENGINE``, else Docker.

    Raises:
        UsageError: the variable names none.
    """
    return named(usual_name())()


def either() -> Engine:
    """The usual one where it answers, else this machine's own means."""
    found = usual()
    try:
        found.check()
    except EngineError:
        return machine()
    return found
