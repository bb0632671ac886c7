"""A bundle's or a project's stack as a container of testcontainers."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from testcontainers.core.container import DockerContainer

from kgshare import compose
from kgshare.doors.engine import Engine
from kgshare.errors import EngineError
from kgshare.testing.stack import KgshareStack

if TYPE_CHECKING:
    from docker.models.containers import Container  # noqa: TID251 - the type that testcontainers hands out


class KgshareContainer(KgshareStack, DockerContainer):
    """A bundle's whole stack: database, application, gateway.

    It is the database's container where testcontainers asks for one (``exec``, ``get_logs``); ports are those of this
    machine, on loopback. The store is new at each start: no edit of an earlier run is in it.
    """

    local = False

    def __init__(
        self, where: str | os.PathLike[str], *, quiet: bool = True, unverified: bool = False
    ) -> None:
        """Say what is to be started; nothing is.

        Args:
            where: a bundle, or a folder: of a project, which is built first where it is not up to date, or with a bundle.
            quiet: say nothing while starting.
            unverified: run a bundle that nobody who is trusted on this machine vouches for, too.
        """
        with suppress(EngineError):  # said at the start
            Engine.connect()  # a Podman that it finds is DOCKER_HOST from then on, for testcontainers too
        # The image is replaced at the start, when the bundle says which.
        DockerContainer.__init__(self, image=compose.DATABASE)
        KgshareStack.__init__(self, where, quiet=quiet, unverified=unverified)

    def start(self) -> Self:
        """Build where that is needed, verify, load, start, and wait until page and database answer.

        Raises:
            KgshareError: what `kgshare up` says.
        """
        super().start()
        self._container = self._database()
        self.image = self._container.attrs["Config"]["Image"]
        return self

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Take the stack away; its volumes too unless ``delete_volume`` is false."""
        super().stop(force, delete_volume)
        self._container = None
        self.get_docker_client().client.close()

    def get_logs(self) -> tuple[bytes, bytes]:
        """What the database printed: standard output and standard error."""
        said: tuple[bytes, bytes] = DockerContainer.get_logs(self)
        return said

    def _database(self) -> Container:
        labels = [f"{compose.LABEL_STACK}={self._stack}", f"com.docker.compose.service={compose.DATABASE}"]
        (found,) = self.get_docker_client().client.containers.list(filters={"label": labels})
        return found
