"""What a manifest must keep to beyond the types of its keys: order, declared labels, files that are there, settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kgshare.errors import Problem
from kgshare.project.model import BaseImages, ImageBuild, Manifest

ALLOWLIST = "dbms.security.procedures.allowlist"  # opens what plugins bring
Place = tuple[str | int, ...]
Lines = dict[Place, int]


def broken_rules(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    """Every rule that a manifest of the right types breaks, each with its line."""
    yield from _wrong_order(manifest, lines, name)
    yield from _wrong_labels(manifest, lines, name)
    yield from _wrong_dumps(manifest, lines, name)
    yield from _wrong_plugins(manifest, lines, name)
    yield from _wrong_image(manifest, lines, name)
    yield from _wrong_settings(manifest, lines, name)
    yield from _wrong_base(manifest, lines, name)


def line_of(lines: Lines, at: Place) -> int:
    """The line of a place, or of the nearest thing around it that is written down."""
    while at not in lines:
        at = at[:-1]
    return lines[at]


def _wrong_order(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    """Bulk import fills an empty store, so its steps come first."""
    cypher_seen = False
    for index, step in enumerate(manifest.seed):
        if step.cypher:
            cypher_seen = True
        elif cypher_seen:
            yield Problem(
                message=f"`seed[{index}]`: a csv or python step stands after a cypher step",
                where=f"{name}:{line_of(lines, ('seed', index))}",
                hint="the bulk import fills an empty store: put csv and python steps first",
            )


def _wrong_dumps(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    """A dump is a whole store: it comes first, once, and nothing else can fill the store that it is."""
    bulk = any(step.csv or step.python for step in manifest.seed)
    for index, step in enumerate(manifest.seed):
        where = f"{name}:{line_of(lines, ('seed', index))}"
        if step.dump and index:
            yield Problem(
                message=f"`seed[{index}]`: a dump is the first step, and the only dump", where=where
            )
        elif step.dump and bulk:
            yield Problem(
                message=f"`seed[{index}]`: a dump cannot stand beside csv and python steps",
                where=where,
                hint="a dump and the bulk import both fill an empty store: add rows with a cypher step and LOAD CSV",
            )


def _wrong_plugins(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    """APOC of another line than Neo4j's does not start; without an allow-list entry nothing of it can be called."""
    line = manifest.neo4j.version.rpartition(".")[0]
    for index, coordinate in enumerate(manifest.neo4j.plugins):
        group, artifact, version = coordinate.split(":")
        if group != "org.neo4j.procedure":
            continue  # whose versions say nothing about Neo4j's
        where = f"{name}:{line_of(lines, ('neo4j', 'plugins', index))}"
        if version.rpartition(".")[0] != line:
            yield Problem(
                message=f"{artifact} {version} is for another Neo4j than {manifest.neo4j.version}",
                where=where,
                hint=f"its first two numbers are Neo4j's: {group}:{artifact}:{line}.x",
            )
        common = f"{group}:apoc-common:{version}"
        if artifact == "apoc-core" and common not in manifest.neo4j.plugins:
            hint = f"name it beside it: {common} (neither its jar nor its pom has them)"
            yield Problem(message="apoc-core lacks the classes of apoc-common", where=where, hint=hint)
        if "apoc" not in str(manifest.neo4j.config.get(ALLOWLIST, "")):
            hint = f'allow what you use: neo4j.config: {{{ALLOWLIST}: "apoc.*"}}, or name by name'
            yield Problem(
                message=f"no procedure or function of {artifact} is allowed", where=where, hint=hint
            )


def _wrong_labels(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    """Every label that a table names by key must have its key declared."""
    declared = manifest.identity.nodes
    for index, step in enumerate(manifest.seed):
        for table, row in enumerate(step.csv.nodes if step.csv else ()):
            if row.labels[0] not in declared:
                at: Place = ("seed", index, "csv", "nodes", table)
                yield _no_key(row.labels[0], f"{name}:{line_of(lines, at)}")
        for table, link in enumerate(step.csv.relationships if step.csv else ()):
            for side, end in (("start", link.start), ("end", link.end)):
                at = ("seed", index, "csv", "relationships", table, side)
                where = f"{name}:{line_of(lines, at)}"
                if end.label not in declared:
                    yield _no_key(end.label, where)
                elif len(end.columns) != len(declared[end.label]):
                    keys = ", ".join(declared[end.label])
                    yield Problem(
                        message=f"`{side}` needs a column for each key of {end.label}: {keys}", where=where
                    )


def _wrong_image(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    """An image is an application by itself: what only kgshare's own images are made of says nothing beside it."""
    application = manifest.application
    names = ("source", "requirements", "assets", "panels", "start")
    beside = [key for key in names if getattr(application, key)] if application.image else []
    for key in beside:
        where = f"{name}:{line_of(lines, ('application', key))}"
        hint = "the image brings all of it, and says itself what is started"
        yield Problem(
            message=f"`application.{key}` cannot stand beside `application.image`", where=where, hint=hint
        )
    if application.jars and not isinstance(application.image, ImageBuild):
        where = f"{name}:{line_of(lines, ('application', 'jars'))}"
        yield Problem(
            message="`application.jars` are for an image that is built from a Dockerfile", where=where
        )


def _wrong_base(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    stated = isinstance(manifest.base, BaseImages) and manifest.base.application
    if stated and isinstance(manifest.application.image, str):
        yield Problem(
            message="nothing stands on `base.application`: the application's image comes whole",
            where=f"{name}:{line_of(lines, ('base', 'application'))}",
            hint="take one of the two out",
        )


def _no_key(label: str, where: str) -> Problem:
    return Problem(
        message=f"label {label} has no key", where=where, hint=f"declare it: identity.nodes.{label}"
    )


def named_paths(data: Any) -> Iterator[tuple[Place, str]]:
    """Every path of the project that a manifest's data names, with its place; also of one that is not valid."""
    for place, value in _leaves(data, ()):
        words = tuple(word for word in place if isinstance(word, str))
        if words in PATHS and isinstance(value, str):
            yield place, value


# Keys, without the indexes between them, whose value is a path of the project.
PATHS = frozenset(
    {
        ("application", "source"),
        ("application", "image"),
        ("application", "image", "dockerfile"),
        ("application", "image", "context"),
        ("changes",),
        ("datasets",),
        ("datasets", "files"),
        ("review", "rules"),
        ("review", "signers"),
        ("questions",),
        ("seed", "dump", "file"),
        ("seed", "csv", "nodes", "file"),
        ("seed", "csv", "relationships", "file"),
        ("seed", "python", "source"),
        ("seed", "python", "inputs"),
        ("seed", "cypher", "scripts"),
        ("seed", "cypher", "inputs"),
    }
)


def _leaves(data: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, (*place, str(key)))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _leaves(value, (*place, index))
    else:
        yield place, data


def missing_files(data: Any, lines: Lines, file: Path) -> Iterator[Problem]:
    """Paths that lead nowhere or out of the project; looked for in the data, so that all is said at once."""
    for place, path in named_paths(data):
        where = f"{file.name}:{line_of(lines, place)}"
        target = file.parent / path
        if path.startswith("/") or ".." in path.split("/") or "\0" in path:
            continue  # said by the path's own type
        if not target.exists():
            hint = "paths start at the manifest's folder"
            yield Problem(message=f"there is no {path}", where=where, hint=hint)
        elif not target.resolve().is_relative_to(file.parent.resolve()):
            yield Problem(message=f"{path} leads out of the project's folder", where=where)


def _wrong_settings(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    """Settings that only kgshare sets, and the one port that is taken."""
    from kgshare.compose import BOLT_PORT, BROWSER_PORT
    from kgshare.images.conf import refused

    for setting, value in manifest.neo4j.config.items():
        where = f"{name}:{line_of(lines, ('neo4j', 'config', setting))}"
        for problem in refused({setting: str(value)}):
            yield dataclasses.replace(problem, where=where)
    port = manifest.application.port
    if port == BOLT_PORT or (port == BROWSER_PORT and manifest.neo4j.browser):
        yield Problem(
            message=f"`application.port`: {port} is the database's",
            where=f"{name}:{line_of(lines, ('application', 'port'))}",
            hint="let the application listen on another port",
        )
