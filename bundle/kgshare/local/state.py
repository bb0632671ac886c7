"""Notes on a local stack: ``local/stacks/NAME/`` in the state folder, for its owner only.

``stack.json`` says what was started (``last.json`` when the stack is down), ``plan.json`` how, ``processes.json`` which processes
it is; beside them ``password``, ``stores/STORE/``, ``conf/``, ``run/`` and ``logs/``.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kgshare.aside import write_aside
from kgshare.errors import StackError
from kgshare.local.processes import Identity
from kgshare.places import state_dir

NOTES, LAST, PLAN, PROCESSES, PASSWORD = (
    "stack.json", "last.json", "plan.json", "processes.json", "password",
)  # fmt: skip
CONFIG = "application.json"  # what the application's image says to start
DATABASE, APPLICATION = "database", "application"
SERVICES = (DATABASE, APPLICATION)
PASSWORD_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class LocalState:
    """What was started. Fields as in `kgshare.stack.state.StackState`; ``images`` are manifest digests by role.

    ``programs`` is the name of those that run it (`kgshare.local.programs`).
    """

    stack: str
    project: str
    version: str
    bundle: str
    platform: str
    port: int
    own_port: int
    bolt_port: int
    opens: str
    health: str
    store: str
    images: dict[str, str]
    browser_port: int = 0
    kin: tuple[str, ...] = ()
    programs: str = "bundle"
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process to keep running."""

    argv: tuple[str, ...]
    cwd: Path
    env: dict[str, str]
    log: Path


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the supervisor is to do."""

    database: Program
    application: Program
    bolt_port: int
    port: int


@dataclass(frozen=True, kw_only=True)
class Running:
    """One service as the supervisor sees it; ``given_up`` says why it is not started again."""

    identity: Identity | None = None
    given_up: str = ""


@dataclass(frozen=True, kw_only=True)
class Processes:
    """The processes of a stack."""

    supervisor: Identity | None = None
    services: dict[str, Running] = field(default_factory=dict)

    def of(self, service: str) -> Running:
        """One service."""
        return self.services.get(service, Running())

    @property
    def all(self) -> tuple[Identity | None, ...]:
        """Every process, the one that would start others again first, the database last."""
        return (self.supervisor, self.of(APPLICATION).identity, self.of(DATABASE).identity)


_STATE, _PLAN, _PROCESSES = TypeAdapter(LocalState), TypeAdapter(Plan), TypeAdapter(Processes)


def root() -> Path:
    """Where local stacks are."""
    return state_dir() / "local" / "stacks"


def folder_of(stack: str) -> Path:
    """The folder of a stack."""
    return root() / stack


def known() -> tuple[str, ...]:
    """Every local stack, also one that is down and left a store."""
    return tuple(sorted(p.name for p in root().iterdir() if p.is_dir())) if root().is_dir() else ()


def present() -> tuple[str, ...]:
    """The local stacks that were started and not brought down."""
    return tuple(name for name in known() if (folder_of(name) / NOTES).is_file())


def own_folder(stack: str) -> Path:
    """The folder of a stack, made where it is missing.

    Raises:
        StackError: it cannot be.
    """
    folder = folder_of(stack)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise _cannot_write(folder, error) from None
    return folder


def read_state(stack: str) -> LocalState | None:
    """The notes of a stack; None where there are none, or none that can be read."""
    return _read(folder_of(stack) / NOTES)


def read_last(stack: str) -> LocalState | None:
    """The notes of a stack that is down, as it was when it was brought down."""
    return _read(folder_of(stack) / LAST)


def _read(file: Path) -> LocalState | None:
    try:
        return _STATE.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def write_state(state: LocalState) -> None:
    """Note what is being started."""
    folder = own_folder(state.stack)
    write(folder / NOTES, _STATE.dump_json(state, indent=2).decode() + "\n")
    (folder / LAST).unlink(missing_ok=True)


def read_plan(folder: Path) -> Plan:
    """What the supervisor is to do."""
    return _PLAN.validate_json((folder / PLAN).read_bytes())


def write_plan(folder: Path, plan: Plan) -> None:
    """Write it down for the supervisor."""
    write(folder / PLAN, _PLAN.dump_json(plan, indent=2).decode() + "\n")


def read_processes(folder: Path) -> Processes:
    """Which processes a stack is; none where there are no notes."""
    try:
        return _PROCESSES.validate_json((folder / PROCESSES).read_bytes())
    except (OSError, ValidationError):
        return Processes()


def write_processes(folder: Path, processes: Processes) -> None:
    """Note them."""
    write(folder / PROCESSES, _PROCESSES.dump_json(processes, indent=2).decode() + "\n")


def ensure_password(stack: str) -> Path:
    """The file with a stack's password, which only its owner reads; a random one is made where there is none."""
    file = own_folder(stack) / PASSWORD
    if not file.is_file():
        write(file, secrets.token_urlsafe(PASSWORD_BYTES) + "\n")
    return file


def stores(stack: str) -> tuple[Path, ...]:
    """The stores of a stack."""
    folder = folder_of(stack) / "stores"
    return tuple(sorted(p for p in folder.iterdir() if not p.name.startswith("."))) if folder.is_dir() else ()


def copy_store(stack: str, store: str, seeded: Path) -> Path:
    """The store of that name; copied from the unpacked image where there is none yet, aside and then renamed."""
    target = own_folder(stack) / "stores" / store
    if not target.is_dir():
        target.parent.mkdir(exist_ok=True)
        aside = target.with_name(f".{store}.part")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            shutil.copytree(seeded, aside, symlinks=True)
            aside.replace(target)
        except (OSError, shutil.Error) as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise StackError(f"the store cannot be copied: {error}", hint="see that there is room") from error
    return target


def write(file: Path, text: str) -> None:
    """Write a file for its owner only, aside and then renamed.

    Raises:
        StackError: it cannot be written; what was there before still is.
    """
    try:
        write_aside(file, text, mode=0o600)
    except OSError as error:
        raise _cannot_write(file.parent, error) from None


def _cannot_write(folder: Path, error: OSError) -> StackError:
    reason = error.strerror or str(error)
    return StackError(
        f"{folder} cannot be written: {reason}",
        hint="make room there or see whose it is, or name another folder in KGSHARE_STATE; then try again",
    )
