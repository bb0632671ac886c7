"""YAML read strictly: data with the line of every key and item, and a definition's complaints with those lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import ValidationError

from kgshare.errors import ManifestError, Problem
from kgshare.project import rules

_REPEATED = 100_000  # nodes that aliases may add to those that are written out


def compose(text: str) -> yaml.Node | None:
    """The YAML's nodes, which are safe to make data of: neither nested without end nor multiplied by aliases.

    Raises:
        yaml.YAMLError: its aliases make too much of it, or it is not YAML.
        RecursionError: it is nested too deeply.
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is not None and _size(node, {}) > len(text) + _REPEATED:
        raise yaml.YAMLError("its aliases make too much of it")
    return node


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many nodes there are when each alias is written out; one inside itself raises RecursionError."""
    if id(node) not in known:
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            parts = node.value
        known[id(node)] = 1 + sum([_size(part, known) for part in parts])
    return known[id(node)]


def load(text: bytes, name: str) -> tuple[Any, rules.Lines]:
    """The YAML's data, and the line of every key and item; ``name`` is what messages call the file.

    Raises:
        ManifestError: it is not YAML, or a key stands twice.
    """
    try:
        node = compose(text.decode())
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
    except RecursionError:
        raise ManifestError(Problem(message="not YAML: it is nested too deeply", where=name)) from None
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


def _place(location: tuple[str | int, ...]) -> rules.Place:
    """Where a complaint is, without the word for the kind of a key that can be of two kinds."""
    return tuple(part for part in location if not (isinstance(part, str) and part.startswith("<")))


def _dotted(at: rules.Place, whole: str) -> str:
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or whole


def problems_of(
    error: ValidationError,
    lines: rules.Lines,
    name: str,
    *,
    page: str = "docs/reference/manifest.md",
    whole: str = "the manifest",
) -> Iterator[Problem]:
    """What a definition says about data that `load` read, by key and line; ``page`` has the keys there are."""
    for row in error.errors(include_url=False):
        at = _place(row["loc"])
        key = _dotted(at, whole)
        match row["type"]:
            case "extra_forbidden":
                message, hint = (
                    f"unknown key `{key}`",
                    f"see {page} for the keys there are",
                )
            case "missing":
                message, hint = f"`{key}` is missing", ""
            case _:
                message, hint = f"`{key}`: {row['msg'].removeprefix('Value error, ')}", ""
        yield Problem(message=message, where=f"{name}:{rules.line_of(lines, at)}", hint=hint)
