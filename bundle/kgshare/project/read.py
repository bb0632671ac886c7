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
from kgshare.project import rules
from kgshare.project.model import Manifest

MANIFEST = "kgshare.yaml"


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
    problems = [*rules.missing_files(data, lines, file)]
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        raise ManifestError(*_problems(error, lines, file.name), *problems) from None
    problems += rules.broken_rules(manifest, lines, file.name)
    if problems:
        raise ManifestError(*problems)
    return Project(root=file.parent.resolve(), manifest=manifest, text=text)


def _load(text: bytes, name: str) -> tuple[Any, rules.Lines]:
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
    lines: rules.Lines = {(): 1}
    duplicates: list[Problem] = []
    if node is not None:
        _walk(node, (), lines, duplicates, name)
    if duplicates:
        raise ManifestError(*duplicates)
    return data, lines


def _walk(node: yaml.Node, at: rules.Place, lines: rules.Lines, duplicates: list[Problem], name: str) -> None:
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


def _dotted(at: rules.Place) -> str:
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the manifest"


def _problems(error: ValidationError, lines: rules.Lines, name: str) -> Iterator[Problem]:
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
        yield Problem(message=message, where=f"{name}:{rules.line_of(lines, at)}", hint=hint)
