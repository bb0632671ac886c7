"""What the page is told when it starts: the environment, and the project's ``page.json``."""

from __future__ import annotations

import base64
import ipaddress
import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kgshare.questions import Question, from_data

# Names under which the page is reached on its own machine, from its container's health check, and by its neighbours.
LEAST_TOKEN = 16
OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "application"})


class SettingsError(Exception):
    """The page cannot start with what it was told; the message says which setting and why."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """What ``page.json`` says about the project.

    Attributes:
        name: the project's name.
        version: its version.
        description: one line.
        open: path and query at which the page opens.
        nodes: label → key properties.
        relationships: relationship type → properties that tell two between the same nodes apart.
        questions: what the graph can be asked.
        assets: folder with the npm packages, or None where there is none.
        licence: of the project; authors: likewise.
        authors: as the manifest names them.
        made_with: versions by name: kgshare, neo4j.
        baseline: ``sha256:`` and the digest of the graph as it was seeded; empty where it is not known.
        provenance: type of the relationships to what a record was derived from, or empty.
        changes: folder of the change sets that are in the graph, or None.
    """

    name: str
    version: str = ""
    description: str = ""
    open: str = "/"
    nodes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    relationships: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    assets: Path | None = None
    licence: str = ""
    authors: tuple[str, ...] = ()
    made_with: Mapping[str, str] = field(default_factory=dict)
    baseline: str = ""
    provenance: str = ""
    changes: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything from the environment.

    Attributes:
        project: what ``page.json`` says.
        uri: Bolt address of the database; user: its user.
        user: likewise.
        password_file: holds the password; None where the database asks for none.
        host: what is listened on; port: likewise.
        port: likewise.
        browser: where Neo4j Browser opens, or empty.
        hosts: values of the Host header that are answered.
        token: what a browser must show first; empty where the page is reached from its own machine only.
        state: folder for what the reviewer has edited; None keeps it in memory.
        about: what ``kgshare up`` says of the bundle (`kgshare.page.about`); empty without it.
    """

    project: Project
    uri: str = "bolt://database:7687"
    user: str = "neo4j"
    password_file: Path | None = None
    host: str = "0.0.0.0"  # noqa: S104 - inside its container; what is published on the machine is loopback only
    port: int = 8088
    browser: str = ""
    hosts: frozenset[str] = OWN_HOSTS
    token: str = ""
    state: Path | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the environment and the file that KGSHARE_PAGE_FILE names.

    Raises:
        SettingsError: the file is missing or not as it must be, or the port is no number.
    """
    port = environ.get("KGSHARE_PAGE_PORT", "8088")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"KGSHARE_PAGE_PORT is no port: {port!r}")
    more = {h.strip().lower() for h in environ.get("KGSHARE_PAGE_HOSTS", "").split(",") if h.strip()}
    password_file, state = environ.get("NEO4J_PASSWORD_FILE", ""), environ.get("KGSHARE_PAGE_STATE", "")
    host = environ.get("KGSHARE_PAGE_HOST", "0.0.0.0")  # noqa: S104
    return Settings(
        project=read_project(Path(environ.get("KGSHARE_PAGE_FILE", "/srv/kgshare/page.json"))),
        uri=environ.get("NEO4J_URI", "bolt://database:7687"),
        user=environ.get("NEO4J_USER", "neo4j"),
        password_file=Path(password_file) if password_file else None,
        host=host,
        port=int(port),
        browser=_loopback(environ.get("KGSHARE_BROWSER_URL", "")),
        hosts=OWN_HOSTS | more | {socket.gethostname().lower()},
        token=_token(environ, host),
        state=Path(state) if state else None,
        about=_about(environ.get("KGSHARE_ABOUT", "")),
    )


def _token(environ: Mapping[str, str], host: str) -> str:
    """The access token: asked for unless the page is reached from its own machine only.

    A page in a container listens on all of its container's addresses; that the machine publishes it on loopback only is
    known to whoever publishes it, who says so with ``KGSHARE_PAGE_PUBLISHED=loopback``.
    """
    if file := environ.get("KGSHARE_PAGE_TOKEN_FILE", ""):
        try:
            token = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"KGSHARE_PAGE_TOKEN_FILE: {file}: {error.strerror}") from error
        if len(token) < LEAST_TOKEN:
            raise SettingsError(
                f"KGSHARE_PAGE_TOKEN_FILE: {file}: {LEAST_TOKEN} characters or more are needed"
            )
        return token
    if is_loopback(host) or environ.get("KGSHARE_PAGE_PUBLISHED") == "loopback":
        return ""
    return secrets.token_urlsafe(24)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _about(text: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.b64decode(text, validate=True) or b"{}")
    except ValueError as error:
        raise SettingsError(f"KGSHARE_ABOUT is not JSON in base64: {error}") from error
    return found if isinstance(found, dict) else {}


def read_project(file: Path) -> Project:
    """Read ``page.json``; raises SettingsError with the file's name and what is wrong."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{file}: not JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        raise SettingsError(f"{file}: an object with a `name` is expected")
    identity, made_with = found.get("identity") or {}, found.get("made_with") or {}
    assets, changes = found.get("assets"), found.get("changes")
    return Project(
        name=found["name"],
        version=str(found.get("version", "")),
        description=str(found.get("description", "")),
        open=_local(str(found.get("open") or "/")),
        nodes=_keys(identity.get("nodes") or {}, file),
        relationships=_keys(identity.get("relationships") or {}, file),
        questions=_questions(found.get("questions") or [], file),
        assets=Path(assets) if assets else None,
        licence=str(found.get("licence", "")),
        authors=tuple(str(author) for author in found.get("authors") or ()),
        made_with={str(name): str(version) for name, version in made_with.items()},
        baseline=str(found.get("baseline", "")),
        provenance=str(found.get("provenance") or ""),
        changes=Path(changes) if changes else None,
    )


def _questions(found: Any, file: Path) -> tuple[Question, ...]:
    try:
        return from_data(found)
    except (TypeError, AttributeError) as error:
        raise SettingsError(f"{file}: `questions`: {error}") from error


def _keys(found: Any, file: Path) -> dict[str, tuple[str, ...]]:
    if not isinstance(found, dict) or not all(isinstance(v, list) for v in found.values()):
        raise SettingsError(f"{file}: `identity` names lists of properties by label")
    return {str(label): tuple(str(p) for p in properties) for label, properties in found.items()}


def _loopback(address: str) -> str:
    # Only ever a link to this machine.
    return address if address.startswith("http://127.0.0.1:") else ""


def _local(path: str) -> str:
    # `//host` and `\host` lead away from this page.
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
