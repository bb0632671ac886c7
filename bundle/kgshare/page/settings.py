"""What the page is told when it starts: the environment, and the project's ``page.json``."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kgshare.questions import Question, from_data

# Names under which the page is reached on its own machine, from its container's health check, and by its neighbours.
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
    """

    name: str
    version: str = ""
    description: str = ""
    open: str = "/"
    nodes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    relationships: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    assets: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything from the environment; ``hosts`` are the values of the Host header that are answered.

    ``browser`` is where Neo4j Browser opens, or empty.
    """

    project: Project
    uri: str = "bolt://database:7687"
    user: str = "neo4j"
    password_file: Path | None = None
    host: str = "0.0.0.0"  # noqa: S104 - inside its container; what is published on the machine is loopback only
    port: int = 8088
    browser: str = ""
    hosts: frozenset[str] = OWN_HOSTS


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the environment and the file that KGSHARE_PAGE_FILE names.

    Raises:
        SettingsError: the file is missing or not as it must be, or the port is no number.
    """
    port = environ.get("KGSHARE_PAGE_PORT", "8088")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"KGSHARE_PAGE_PORT is no port: {port!r}")
    more = {h.strip().lower() for h in environ.get("KGSHARE_PAGE_HOSTS", "").split(",") if h.strip()}
    password_file = environ.get("NEO4J_PASSWORD_FILE", "")
    return Settings(
        project=read_project(Path(environ.get("KGSHARE_PAGE_FILE", "/srv/kgshare/page.json"))),
        uri=environ.get("NEO4J_URI", "bolt://database:7687"),
        user=environ.get("NEO4J_USER", "neo4j"),
        password_file=Path(password_file) if password_file else None,
        host=environ.get("KGSHARE_PAGE_HOST", "0.0.0.0"),  # noqa: S104
        port=int(port),
        browser=_loopback(environ.get("KGSHARE_BROWSER_URL", "")),
        hosts=OWN_HOSTS | more | {socket.gethostname().lower()},
    )


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
    identity = found.get("identity") or {}
    assets = found.get("assets")
    return Project(
        name=found["name"],
        version=str(found.get("version", "")),
        description=str(found.get("description", "")),
        open=_local(str(found.get("open") or "/")),
        nodes=_keys(identity.get("nodes") or {}, file),
        relationships=_keys(identity.get("relationships") or {}, file),
        questions=_questions(found.get("questions") or [], file),
        assets=Path(assets) if assets else None,
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
