"""``python -m kgshare.local.supervise FOLDER``: keep the two processes of a local stack running until told to stop.

It starts the database, when that answers the application, and again, up to three times each, what ends by itself. It
looks on what they listen: what would be open to other machines is stopped, and not started again.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from kgshare.doors.process import Spawned, spawn
from kgshare.local import processes as system
from kgshare.local.health import bolt_answers
from kgshare.local.state import (
    APPLICATION,
    DATABASE,
    Plan,
    Processes,
    Program,
    Running,
    read_plan,
    write_processes,
)

RESTARTS = 3  # as the containers' `on-failure:3`
PAUSE = 0.1
LOOK_EVERY = 10  # pauses between two looks at what is listened on
DATABASE_SECONDS, APPLICATION_SECONDS = 60, 5


@dataclass
class Service:
    """One process, whichever time it was started."""

    program: Program
    process: Spawned | None = None
    noted: Running = field(default_factory=Running)
    starts: int = 0

    def start(self) -> None:
        """Start it, for the first time or again."""
        self.starts += 1
        self.process = spawn(
            self.program.argv, cwd=self.program.cwd, env=self.program.env, log=self.program.log
        )
        self.noted = Running(identity=system.identify(self.process.pid))

    def care(self) -> bool:
        """Start it again where it ended; whether anything changed."""
        if self.process is None or self.noted.given_up or (code := self.process.code()) is None:
            return False
        if self.starts <= RESTARTS and code != 0:
            time.sleep(self.starts)
            self.start()
        else:
            self.noted = replace(self.noted, given_up=f"ended with exit code {code}")
        return True

    def guard(self) -> bool:
        """Stop it where it is open to other machines; whether it was."""
        if self.process is None or self.noted.given_up:
            return False
        if found := [each for each in system.listeners(self.process.pid) if not each.loopback]:
            system.end(self.noted.identity, 0)
            where = ", ".join(f"port {each.port}" for each in found)
            self.noted = replace(
                self.noted, given_up=f"listened for other machines on {where}, and was stopped"
            )
            return True
        return False

    def stop(self, seconds: float) -> None:
        """Stop it and its children."""
        if self.process is not None:
            self.process.code()
            system.end(self.noted.identity, seconds)
            self.process.code()


class Supervisor:
    """The loop."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan
        self.services = {DATABASE: Service(plan.database), APPLICATION: Service(plan.application)}
        self.myself = system.identify(os.getpid())
        self.stopping = False

    def run(self) -> None:
        """Until a signal comes."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        database, application = self.services[DATABASE], self.services[APPLICATION]
        turn = 0
        try:
            database.start()
            self._note()
            while not self.stopping:
                if application.starts == 0 and self._database_answers():
                    application.start()
                    self._note()
                changed = [service.care() for service in self.services.values()]
                if turn % LOOK_EVERY == 0:
                    changed += [service.guard() for service in self.services.values()]
                if any(changed):
                    self._note()
                turn += 1
                time.sleep(PAUSE)
        finally:
            application.stop(APPLICATION_SECONDS)
            database.stop(DATABASE_SECONDS)

    def _database_answers(self) -> bool:
        mine = self.services[DATABASE].noted.identity
        return system.listens(mine, self.plan.bolt_port) and bolt_answers(self.plan.bolt_port)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _note(self) -> None:
        noted = {name: service.noted for name, service in self.services.items()}
        write_processes(self.folder, Processes(supervisor=self.myself, services=noted))


def main() -> None:
    """Supervise the stack in the folder named on the command line."""
    folder = Path(sys.argv[1])
    Supervisor(folder, read_plan(folder)).run()


if __name__ == "__main__":
    main()
