"""A bundle's or a project's stack for tests, on either runtime: started, asked for its addresses, reset, taken away."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from neo4j import Driver, GraphDatabase

from kgshare import compose
from kgshare.build import bundle_of
from kgshare.errors import StackError
from kgshare.progress import Progress
from kgshare.stack import down, up
from kgshare.stack.model import StackReport
from kgshare.stack.source import find_bundle
from kgshare.testing.reset import Seeded, Undone
from kgshare.trust.check import Accept

USER = "neo4j"


class KgshareStack:
    """Database and application of a bundle. The store is new at each start: no edit of an earlier run is in it.

    With ``local`` as two processes, without a container engine and not sandboxed; `KgshareContainer` is the same in containers.
    """

    local = True

    def __init__(
        self,
        where: str | os.PathLike[str],
        *,
        quiet: bool = True,
        agreed: bool = False,
        unverified: bool = False,
    ) -> None:
        """Say what is to be started; nothing is.

        Args:
            where: a bundle, or a folder: of a project, which is built first where it is not up to date, or with a bundle.
            quiet: say nothing while starting.
            agreed: run a bundle without containers that was not built on this machine, too.
            unverified: run a bundle that nobody who is trusted on this machine vouches for, too.
        """
        self._where = Path(where)
        self._stack = ""
        self._agreed = agreed
        self._unverified = unverified
        self._progress = Progress(quiet=quiet)
        self._report: StackReport | None = None
        self._driver: Driver | None = None
        self._seeded: Seeded | None = None

    def start(self) -> Self:
        """Build where that is needed, verify, load, start, and wait until page and database answer.

        Raises:
            KgshareError: what `kgshare up` says.
        """
        bundle = find_bundle(bundle_of(self._where, progress=self._progress, local=self.local))
        # Tests go back to older versions as they like; who vouches for them is another question.
        accept = Accept(unverified=self._unverified, own=True)
        # A name of its own: test runs do not meet, and no store with an earlier run's edits is taken up.
        self._stack = f"test-{bundle.name.split('-')[0].lower()[:30]}-{uuid.uuid4().hex[:8]}"
        try:
            self._report = up(
                bundle, name=self._stack, open_page=False, local=self.local, agreed=lambda _: self._agreed,
                accept=accept, progress=self._progress,
            )  # fmt: skip
            self._seeded = Seeded(self.get_driver(), _port(self._report), self.password)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Take the stack away; its store too unless ``delete_volume`` is false."""
        del force
        if self._driver is not None:
            self._driver.close()
        if self._stack:
            with contextlib.suppress(StackError):  # it is gone already
                down(self._stack, volumes=delete_volume, progress=self._progress)
        self._report = self._driver = self._seeded = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def name(self) -> str:
        """The stack's name, for `kgshare logs --name`."""
        return self._stack

    @property
    def page(self) -> str:
        """Where the page opens: ``http://127.0.0.1:PORT`` and the path that the manifest names."""
        return self._running().url

    @property
    def bolt(self) -> str:
        """Address for drivers: ``bolt://127.0.0.1:PORT``."""
        return self._running().bolt

    @property
    def password(self) -> str:
        """Of user ``neo4j``."""
        file = self._running().password_file
        if file is None:
            raise StackError(f"the password of {self._stack} is lost")
        return file.read_text(encoding="utf-8").strip()

    def get_connection_url(self) -> str:
        """What testcontainers' own Neo4j container calls `bolt`."""
        return self.bolt

    def get_driver(self) -> Driver:
        """A driver of the database, the same each time; closed when the stack stops."""
        if self._driver is None:
            self._driver = GraphDatabase.driver(
                self.bolt, auth=(USER, self.password), telemetry_disabled=True
            )
        return self._driver

    def reset(self) -> Undone:
        """Back to the seeded graph, in well under a second where little was changed.

        Raises:
            StackError: the stack does not run, or somebody goes on writing.
        """
        self._running()
        assert self._seeded is not None
        return self._seeded.reset()

    def get_container_host_ip(self) -> str:
        """Stacks listen on loopback and nowhere else."""
        return "127.0.0.1"

    def get_exposed_port(self, port: int) -> int:
        """The port of this machine behind a port of the stack: 7687, or that of the application."""
        report = self._running()
        return _port(report) if port == compose.BOLT_PORT else int(urlsplit(report.url).port or 80)

    def get_logs(self) -> tuple[bytes, bytes]:
        """What the database printed, as testcontainers hands it out: standard output and standard error."""
        from kgshare.stack import logs

        lines = (line.partition(" | ")[2] for line in logs(compose.DATABASE, name=self._stack))
        return "".join(f"{line}\n" for line in lines).encode(), b""

    def _running(self) -> StackReport:
        if self._report is None:
            raise StackError("the stack is not running", hint="call start(), or use it in a `with`")
        return self._report


def _port(report: StackReport) -> int:
    return int(report.bolt.rpartition(":")[2])
