"""Read ``kgshare.yaml`` strictly: every mistake with its file and line, all at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from kgshare.errors import ManifestError, Problem
from kgshare.project.model import Manifest, SeedStep

MANIFEST = "kgshare.yaml"
ALLOWLIST = "dbms.security.procedures.allowlist"

Path_ = tuple[str | int, ...]
Lines = dict[Path_, int]


@dataclass(frozen=True, kw_only=True)
class Project:
    """A manifest that was read and found right, and the folder it stands in.

    Attributes:
        root: the project's folder; every path in the manifest is relative to it.
        manifest: what the file says.
        text: the file's bytes, as they go into the bundle.
    """

    root: Path
    manifest: Manifest
    text: bytes

    @property
    def checksum(self) -> str:
        """SHA-256 of the manifest's bytes, which its lock carries."""
        return hashlib.sha256(self.text).hexdigest()


def json_schema() -> str:
    """The manifest's JSON Schema, from the same definition that validates it."""
    return json.dumps(Manifest.model_json_schema(), indent=2) + "\n"


def read_project(where: Path) -> Project:
    """Read the manifest of a project's folder (or the manifest itself).

    Raises:
        ManifestError: there is none, or with every mistake in it, by file and line.
    """
    file = where / MANIFEST if where.is_dir() or where.suffix not in {".yaml", ".yml"} else where
    try:
        text = file.read_bytes()
    except OSError:
        raise ManifestError(
            Problem(
                message="there is no manifest here",
                where=str(file),
                hint="go to the project's folder, or write a kgshare.yaml (see docs/reference/manifest.md)",
            )
        ) from None
    return parse_project(text, file)


def parse_project(text: bytes, file: Path) -> Project:
    """What `read_project` does, for a manifest's bytes; ``file`` names them and its folder is the project's."""
    data, lines = _load(text, file.name)
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        raise ManifestError(*_problems(error, lines, file.name)) from None
    problems = [*_wrong_order(manifest, lines, file.name), *_wrong_labels(manifest, lines, file.name)]
    problems += _wrong_dumps(manifest, lines, file.name)
    problems += _wrong_plugins(manifest, lines, file.name)
    problems += _missing_files(manifest, lines, file)
    if problems:
        raise ManifestError(*problems)
    return Project(root=file.parent.resolve(), manifest=manifest, text=text)


def _load(text: bytes, name: str) -> tuple[Any, Lines]:
    """The YAML's data, and the line of every key and item; a duplicate key is an error."""
    try:
        node = yaml.compose(text.decode(), Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise ManifestError(Problem(message=f"not UTF-8: {error.reason}", where=name)) from None
    except yaml.MarkedYAMLError as error:
        mark = (
            error.context_mark or error.problem_mark
        )  # where the broken piece starts, not where the file ends
        where = f"{name}:{mark.line + 1}" if mark else name
        raise ManifestError(Problem(message=f"not YAML: {error.problem}", where=where)) from None
    except yaml.YAMLError as error:
        raise ManifestError(Problem(message=f"not YAML: {error}", where=name)) from None
    lines: Lines = {(): 1}
    duplicates: list[Problem] = []
    if node is not None:
        _walk(node, (), lines, duplicates, name)
    if duplicates:
        raise ManifestError(*duplicates)
    return data, lines


def _walk(node: yaml.Node, at: Path_, lines: Lines, duplicates: list[Problem], name: str) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*at, key.value)
            if place in lines:
                where = f"{name}:{key.start_mark.line + 1}"
                duplicates.append(Problem(message=f"`{key.value}` stands twice", where=where))
            lines[place] = key.start_mark.line + 1
            _walk(value, place, lines, duplicates, name)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*at, index)] = item.start_mark.line + 1
            _walk(item, (*at, index), lines, duplicates, name)


def _line(lines: Lines, at: Path_) -> int:
    """The line of a place, or of the nearest thing around it that is written down."""
    while at not in lines:
        at = at[:-1]
    return lines[at]


def _dotted(at: Path_) -> str:
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the manifest"


def _problems(error: ValidationError, lines: Lines, name: str) -> Iterator[Problem]:
    for row in error.errors(include_url=False):
        at = tuple(row["loc"])
        key = _dotted(at)
        match row["type"]:
            case "extra_forbidden":
                message, hint = (
                    f"unknown key `{key}`",
                    "see docs/reference/manifest.md for the keys there are",
                )
            case "missing":
                message, hint = f"`{key}` is missing", ""
            case _:
                message, hint = f"`{key}`: {row['msg'].removeprefix('Value error, ')}", ""
        yield Problem(message=message, where=f"{name}:{_line(lines, at)}", hint=hint)


def _wrong_order(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    """Bulk import fills an empty store, so its steps come first."""
    cypher_seen = False
    for index, step in enumerate(manifest.seed):
        if step.cypher:
            cypher_seen = True
        elif cypher_seen:
            yield Problem(
                message=f"`seed[{index}]`: a csv or python step stands after a cypher step",
                where=f"{name}:{_line(lines, ('seed', index))}",
                hint="the bulk import fills an empty store: put csv and python steps first",
            )


def _wrong_dumps(manifest: Manifest, lines: Lines, name: str) -> Iterator[Problem]:
    """A dump is a whole store: it comes first, once, and nothing else can fill the store that it is."""
    bulk = any(step.csv or step.python for step in manifest.seed)
    for index, step in enumerate(manifest.seed):
        where = f"{name}:{_line(lines, ('seed', index))}"
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
        where = f"{name}:{_line(lines, ('neo4j', 'plugins', index))}"
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
                at: Path_ = ("seed", index, "csv", "nodes", table)
                yield _no_key(row.labels[0], f"{name}:{_line(lines, at)}")
        for table, link in enumerate(step.csv.relationships if step.csv else ()):
            for side, end in (("start", link.start), ("end", link.end)):
                at = ("seed", index, "csv", "relationships", table, side)
                where = f"{name}:{_line(lines, at)}"
                if end.label not in declared:
                    yield _no_key(end.label, where)
                elif len(end.columns) != len(declared[end.label]):
                    keys = ", ".join(declared[end.label])
                    yield Problem(
                        message=f"`{side}` needs a column for each key of {end.label}: {keys}", where=where
                    )


def _no_key(label: str, where: str) -> Problem:
    return Problem(
        message=f"label {label} has no key", where=where, hint=f"declare it: identity.nodes.{label}"
    )


def _step_paths(step: SeedStep) -> Iterator[tuple[Path_, str]]:
    if step.dump:
        yield ("dump", "file"), step.dump.file
    if step.csv:
        for kind in ("nodes", "relationships"):
            for table, row in enumerate(getattr(step.csv, kind)):
                yield ("csv", kind, table, "file"), row.file
    if step.python:
        for key in ("source", "inputs"):
            for item, path in enumerate(getattr(step.python, key)):
                yield ("python", key, item), path
    if step.cypher:
        for key in ("scripts", "inputs"):
            for item, path in enumerate(getattr(step.cypher, key)):
                yield ("cypher", key, item), path


def _missing_files(manifest: Manifest, lines: Lines, file: Path) -> Iterator[Problem]:
    named: list[tuple[Path_, str]] = [
        (("application", "source", i), path) for i, path in enumerate(manifest.application.source)
    ]
    if manifest.changes:
        named.append((("changes",), manifest.changes))
    for index, step in enumerate(manifest.seed):
        named += [(("seed", index, *at), path) for at, path in _step_paths(step)]
    for at, path in named:
        target = file.parent / path
        where = f"{file.name}:{_line(lines, at)}"
        if not target.exists():
            yield Problem(
                message=f"there is no {path}", where=where, hint="paths start at the manifest's folder"
            )
        elif not target.resolve().is_relative_to(file.parent.resolve()):
            yield Problem(message=f"{path} leads out of the project's folder", where=where)
