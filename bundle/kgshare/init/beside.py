"""What stands beside the data: a compose file's Neo4j, and an application; what is found is proposed or said."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kgshare.errors import ManifestError, Problem

COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_EXACT = re.compile(r"(\d+\.\d+\.\d+)(?:-|$)")
PLUGIN_LISTS = ("NEO4J_PLUGINS", "NEO4JLABS_PLUGINS")
SETTLED = ("NEO4J_AUTH", "NEO4J_ACCEPT_LICENSE_AGREEMENT", *PLUGIN_LISTS)  # nothing of these is lost


@dataclass(frozen=True, kw_only=True)
class Composed:
    """What a compose file says.

    Attributes:
        version: of Neo4j, where it is one that a project can run; empty otherwise.
        plugins: their names, in lower case.
        applications: service → its folder, of services that are built here.
        commands: service → its command.
        notes: what was read, and what of it is not taken over.
    """

    version: str = ""
    plugins: tuple[str, ...] = ()
    applications: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_compose(folder: Path, usual: str) -> Composed:
    """What the folder's compose file says of Neo4j and of applications.

    Args:
        folder: the folder.
        usual: the Neo4j that a project runs unless it says otherwise.

    Raises:
        ManifestError: it is not YAML.
    """
    file = next((folder / name for name in COMPOSE_FILES if (folder / name).is_file()), None)
    if file is None:
        return Composed()
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(Problem(message=f"not YAML: {error}", where=file.name)) from None
    services = data.get("services") if isinstance(data, dict) else None
    rows = (
        {str(k): v for k, v in services.items() if isinstance(v, dict)} if isinstance(services, dict) else {}
    )
    version, plugins, notes = "", set[str](), list[str]()
    for name, service in rows.items():
        repository, _, tag = str(service.get("image") or "").partition("@")[0].partition(":")
        if repository.rpartition("/")[2] != "neo4j":
            continue
        environment = _environment(service)
        found, said = _version(tag, usual)
        version = version or found
        plugins |= set(_plugins(environment, file.name))
        notes += [f"{file.name}: {name} runs {said}", *_lost(environment, name, file.name)]
    built = {name: _built(service) for name, service in rows.items() if service.get("build")}
    commands = {name: _command(rows[name].get("command")) for name in built}
    return Composed(
        version=version, plugins=tuple(sorted(plugins)), applications=built, commands=commands, notes=tuple(notes)
    )  # fmt: skip


def _version(tag: str, usual: str) -> tuple[str, str]:
    line = usual.rpartition(".")[0]
    exact = _EXACT.match(tag)
    enterprise = "; the Enterprise Edition's features are not in Community" if "enterprise" in tag else ""
    if exact and exact[1].rpartition(".")[0] == line:
        return exact[1], f"Neo4j {exact[1]}, which is taken{enterprise}"
    if tag.startswith("4"):
        return (
            "",
            f"Neo4j {tag}; this project runs {usual}, which no longer knows all of its syntax{enterprise}",
        )
    return "", f"Neo4j {tag or 'of no stated version'}; this project runs {usual}{enterprise}"


def _environment(service: Mapping[str, Any]) -> dict[str, str]:
    given = service.get("environment") or {}
    if isinstance(given, dict):
        return {str(name): "" if value is None else str(value) for name, value in given.items()}
    return dict(str(word).partition("=")[::2] for word in given)


def _plugins(environment: Mapping[str, str], where: str) -> Iterator[str]:
    for variable in PLUGIN_LISTS:
        text = environment.get(variable, "")
        if not text:
            continue
        try:
            names = json.loads(text)
        except ValueError:
            names = None
        if not isinstance(names, list):
            raise ManifestError(Problem(message=f"{variable} is no list in JSON: {text}", where=where))
        yield from (str(name).lower() for name in names)


def _lost(environment: Mapping[str, str], service: str, where: str) -> Iterator[str]:
    names = sorted(n for n in environment if n.startswith("NEO4J_") and n not in SETTLED)
    if names:
        yield f"{where}: settings of {service} are not taken over: {', '.join(names)}; neo4j.config is their place"


def _built(service: Mapping[str, Any]) -> str:
    build = service["build"]
    context = build.get("context", ".") if isinstance(build, dict) else build
    return str(context).removeprefix("./").rstrip("/") or "."


def _command(given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        return tuple(shlex.split(given))
    return tuple(str(word) for word in given) if isinstance(given, list) else ()


# --- an application ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Application:
    """What is proposed for an application that was found; as a comment, since only its author knows whether it holds."""

    data: Mapping[str, Any]
    notes: tuple[str, ...]


def find_application(folder: Path, composed: Composed) -> Application | None:
    """The application of a folder: what a compose file builds, or a package of Python, or a Dockerfile."""
    places = [*composed.applications.values(), "app", "application", "server", "web", "."]
    for place in dict.fromkeys(places):
        where = folder / place
        if not where.is_dir() or not where.resolve().is_relative_to(folder.resolve()):
            continue
        found = _python(folder, place, composed) or _image(folder, place)
        if found:
            return found
    return None


def _python(folder: Path, place: str, composed: Composed) -> Application | None:
    where = folder / place
    mains = sorted(p.parent for p in [*where.glob("__main__.py"), *where.glob("*/__main__.py")])
    listed = where / "requirements.txt"
    if not mains and not (listed.is_file() and any(where.glob("*.py"))):
        return None
    requirements = _requirements(listed)
    source = mains[0].relative_to(folder).as_posix() if mains else place
    start = next((c for s, c in composed.commands.items() if composed.applications[s] == place and c), ())
    if not start and mains and source != ".":
        start = ("python", "-m", mains[0].name)
    data = {
        "source": [source],
        "requirements": requirements,
        "start": list(start) or ["python", "-m", "MODULE"],
    }
    notes = (
        f"{place if place != '.' else 'this folder'} holds an application in Python; it is not run unless the comment under "
        "`application` becomes a key. It finds the database in NEO4J_URI, NEO4J_USER and NEO4J_PASSWORD_FILE, and must "
        "listen on its `port`",
    )
    return Application(data=data, notes=notes)


def _requirements(file: Path) -> list[str]:
    lines: Iterable[str] = file.read_text(encoding="utf-8").splitlines() if file.is_file() else ()
    plain = (line.partition("#")[0].strip() for line in lines)
    return [line for line in plain if line and not line.startswith("-")]


def _image(folder: Path, place: str) -> Application | None:
    name = next((n for n in ("Dockerfile", "Containerfile") if (folder / place / n).is_file()), None)
    kind = next((n for n in ("package.json", "go.mod", "pom.xml", "build.gradle", "Cargo.toml") if (folder / place / n).is_file()), None)  # fmt: skip
    if name is None and kind is None:
        return None
    path = f"{place}/{name or kind}".removeprefix("./")
    notes = (
        f"{path}: an application that is not Python's; kgshare's page is shown unless its image is named "
        "(docs/how-to/examples.md, application.image)",
    )
    return Application(data={"image": "APPLICATION.tar"}, notes=notes)
