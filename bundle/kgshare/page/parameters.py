"""Query parameters of a request, checked against what an endpoint declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import QueryParams

from kgshare.page.panels import BadParameter, Parameter

LONGEST = 500


def read(declared: Iterable[Parameter], given: QueryParams) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Single values by name (with defaults), and the values of those that may come more than once.

    Raises:
        BadParameter: all that is wrong, in one message.
    """
    known = {p.name: p for p in declared}
    problems = [f"unknown parameter {name}" for name in given if name not in known]
    single: dict[str, str] = {}
    many: dict[str, list[str]] = {}
    for name, parameter in known.items():
        values = given.getlist(name)
        problems += _problems(parameter, values)
        if parameter.many:
            many[name] = values
        elif values:
            single[name] = values[0]
        elif parameter.default is not None:
            single[name] = parameter.default
    if problems:
        raise BadParameter("; ".join(problems))
    return single, many


def _problems(parameter: Parameter, values: list[str]) -> list[str]:
    name = parameter.name
    if parameter.required and not any(values):
        return [f"{name} is missing"]
    if len(values) > 1 and not parameter.many:
        return [f"{name} is given {len(values)} times"]
    found = []
    for value in values:
        if len(value) > LONGEST or "\x00" in value:
            found.append(f"{name} is too long or not text")
        elif parameter.choices and value not in parameter.choices:
            found.append(f"{name} must be one of {', '.join(parameter.choices)}")
        elif (bounds := _bounds(parameter)) and not _within(value, *bounds):
            found.append(f"{name} must be a whole number from {bounds[0]} to {bounds[1]}")
    return found


def _bounds(parameter: Parameter) -> tuple[int, int] | None:
    if parameter.minimum is None or parameter.maximum is None:
        return None
    return parameter.minimum, parameter.maximum


def _within(value: str, low: int, high: int) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 12 and low <= int(value) <= high


def read_body(declared: Mapping[str, Any], given: Any) -> dict[str, Any]:
    """What was sent, looked over as far as its schema's first level says: the handlers look into it.

    Raises:
        BadParameter: all that is wrong, in one message.
    """
    if not isinstance(given, dict):
        raise BadParameter("the body must be a JSON object")
    properties: Mapping[str, Any] = declared.get("properties", {})
    problems = [f"unknown member {name}" for name in given if name not in properties]
    problems += [f"{name} is missing" for name in declared.get("required", ()) if name not in given]
    kinds: Mapping[str, type] = {"string": str, "array": list, "integer": int, "object": dict}
    for name, rules in properties.items():
        wanted = kinds.get(rules.get("type", ""))
        if name in given and wanted is not None:
            value = given[name]
            if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
                problems.append(f"{name} must be of type {rules['type']}")
            elif len(value) > rules.get("maxLength", 20_000) if isinstance(value, str) else False:
                problems.append(f"{name} is longer than {rules.get('maxLength', 20_000):,} letters")
    if problems:
        raise BadParameter("; ".join(problems))
    return given


def schema(parameter: Parameter) -> dict[str, object]:
    """The parameter as OpenAPI 3.1 describes it."""
    kind: dict[str, object] = {"type": "string", "maxLength": LONGEST}
    if bounds := _bounds(parameter):
        kind = {"type": "integer", "minimum": bounds[0], "maximum": bounds[1]}
    if parameter.choices:
        kind["enum"] = list(parameter.choices)
    if parameter.default is not None:
        kind["default"] = int(parameter.default) if bounds else parameter.default
    if parameter.many:
        kind = {"type": "array", "items": kind, "minItems": 1}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": kind,
    }


def integer(values: Mapping[str, str], name: str) -> int:
    """A parameter with bounds, already checked by `read`."""
    return int(values[name])
