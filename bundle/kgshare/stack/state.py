"""kgshare's own notes on a stack: ``stacks/NAME/`` in the state folder.

Docker's labels say which stacks there are; the notes say what labels cannot: ports, digests, the password, the
rendered compose file. A stack whose notes are lost can still be seen and brought down.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kgshare import compose
from kgshare.aside import aside
from kgshare.errors import StackError, UsageError
from kgshare.places import state_dir

NOTES, ENV, PASSWORD = "stack.json", "env", "password"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, kw_only=True)
class ImageNote:
    """An image as it was loaded.

    Attributes:
        tag: the name it was given.
        id: what this engine calls it.
        digest: of its OCI manifest, the same on every engine.
    """

    tag: str
    id: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class StackState:
    """What was started, from which bundle, and where it listens.

    Attributes:
        stack: its name.
        project: name of the project.
        version: its version.
        bundle: digest of the bundle's index.
        port: of the page on this machine.
        bolt_port: of Bolt on this machine.
        browser_port: of Neo4j Browser on this machine; 0 where the project has none.
        opens: path at which the page opens.
        health: path that answers 200 when the application is well.
        store: name of the store's volume.
        kin: what the project's versions have in common, see `kgshare.stack.kin`.
        about: what the page says of the bundle, see `kgshare.stack.about`.
        images: by service, ``database`` and ``application``.
    """

    stack: str
    project: str
    version: str
    bundle: str
    port: int
    bolt_port: int
    opens: str
    health: str
    store: str
    images: dict[str, ImageNote]
    browser_port: int = 0
    kin: tuple[str, ...] = ()
    about: str = ""

    @property
    def ports(self) -> set[int]:
        """Every port of this machine that it publishes."""
        return {self.port, self.bolt_port, *([self.browser_port] if self.browser_port else [])}

    @property
    def variables(self) -> dict[str, str]:
        """The compose file's variables."""
        return {
            compose.PORT: str(self.port),
            compose.BOLT: str(self.bolt_port),
            compose.DATABASE_IMAGE: self.images[compose.DATABASE].tag,
            compose.APPLICATION_IMAGE: self.images[compose.APPLICATION].tag,
            compose.STORE: self.store,
            compose.BUNDLE: self.bundle,
            **({compose.ABOUT: self.about} if self.about else {}),
            **({compose.BROWSER: str(self.browser_port)} if self.browser_port else {}),
        }


_NOTES = TypeAdapter(StackState)


def require_name(name: str) -> str:
    """A stack's name, if it is one; it becomes the name of a folder, of networks and of containers.

    Raises:
        UsageError: it is not.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"`{name}` cannot be the name of a stack", hint="use small letters, digits, `-` and `_`"
        )
    return name


def folder_of(stack: str) -> Path:
    """Where the notes of a stack are.

    Raises:
        UsageError: that is no name of a stack, and so of no folder.
    """
    return state_dir() / "stacks" / require_name(stack)


def noted() -> tuple[str, ...]:
    """The stacks there are notes of."""
    root = state_dir() / "stacks"
    if not root.is_dir():
        return ()
    return tuple(sorted(p.name for p in root.iterdir() if NAME.fullmatch(p.name) and (p / NOTES).is_file()))


def has_notes(stack: str) -> bool:
    """Whether a stack was started with this state folder."""
    return (folder_of(stack) / NOTES).is_file()


def write_state(state: StackState, compose_text: str) -> Path:
    """Write the notes, all aside and then renamed, and give back their folder (0700).

    Raises:
        StackError: they cannot be written; those of before are as they were.
    """
    folder = folder_of(state.stack)
    texts = {
        compose.COMPOSE: compose_text,
        ENV: env_text(state.variables),
        NOTES: _NOTES.dump_json(state, indent=2).decode() + "\n",
    }
    _write(state.stack, texts)
    return folder


def env_text(variables: Mapping[str, str]) -> str:
    """Variables as an env file; single quotes keep Compose from reading anything into a value."""
    return "".join(f"{name}='{value}'\n" for name, value in sorted(variables.items()))


def read_state(stack: str) -> StackState | None:
    """The notes of a stack; None where there are none, or none that can be read."""
    try:
        return _NOTES.validate_json((folder_of(stack) / NOTES).read_bytes())
    except (OSError, ValidationError):
        return None


def write_password(stack: str, password: str) -> Path:
    """Keep a stack's password in a file that only its owner reads.

    Raises:
        StackError: it cannot be written.
    """
    _write(stack, {PASSWORD: password})
    return folder_of(stack) / PASSWORD


def read_password(stack: str) -> str | None:
    """The password kept for a stack, if there is one."""
    try:
        return (folder_of(stack) / PASSWORD).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def forget(stack: str) -> None:
    """Remove the notes; the password is still in the volume that knows it."""
    shutil.rmtree(folder_of(stack), ignore_errors=True)


def cannot_write(stack: str, error: OSError) -> StackError:
    """What to say where the state folder takes no file."""
    reason = error.strerror or str(error)
    return StackError(
        f"the notes on the stack {stack} cannot be written to {state_dir()}: {reason}",
        hint="make room there or see whose it is, or name another folder in KGSHARE_STATE; then try again",
    )


def _write(stack: str, texts: Mapping[str, str]) -> None:
    """Write files of a stack, every one aside before the first is renamed; what cannot be written leaves nothing."""
    folder = folder_of(stack)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        with ExitStack() as renamed_last:
            for name, text in texts.items():
                path = renamed_last.enter_context(aside(folder / name, mode=0o600))
                path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise cannot_write(stack, error) from None
    finally:
        with suppress(OSError):
            folder.rmdir()  # only where it is empty, as nothing could be written
