"""Parameters as they are typed, in an address or on a command line, become values that Neo4j takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, TypeAlias

from kgshare.questions.model import Parameter, Question

Value: TypeAlias = "str | int | float | bool | date | time | datetime | list[Any]"


class BadValue(ValueError):
    """What was given for parameters is not what they take; ``problems`` has a sentence for each."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def values_of(question: Question, given: Mapping[str, str]) -> dict[str, Value]:
    """The value of each parameter, from what was typed or else from the default.

    Raises:
        BadValue: all that is wrong: a parameter that is not the question's, a value that is not of its type, or one
            that is not among the choices.
    """
    names = {parameter.name for parameter in question.parameters}
    has = ", ".join(sorted(names)) or "none"
    problems = [
        f"{question.name} has no parameter {name!r} (it has: {has})" for name in given if name not in names
    ]
    found: dict[str, Value] = {}
    for parameter in question.parameters:
        try:
            found[parameter.name] = convert(parameter, given.get(parameter.name, parameter.default))
        except BadValue as error:
            problems += error.problems
    if problems:
        raise BadValue(*problems)
    return found


def convert(parameter: Parameter, text: str) -> Value:
    """One parameter's value.

    Raises:
        BadValue: the text is not of the parameter's type, or not one of its choices.
    """
    kind, is_list = parameter.type.removesuffix("[]"), parameter.type.endswith("[]")
    parts = (
        [part.strip() for part in text.split(",")] if is_list and text.strip() else [] if is_list else [text]
    )
    for part in parts:
        if parameter.choices and part not in parameter.choices:
            raise BadValue(f"{parameter.name}: {part!r} is none of {', '.join(parameter.choices)}")
    try:
        values = [READERS[kind](part) for part in parts]
    except ValueError:
        lists = ", several with commas between them" if is_list else ""
        raise BadValue(f"{parameter.name}: {text!r} is not {FORMS[kind]}{lists}") from None
    return values if is_list else values[0]


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError(text)
    return text


def _int(text: str) -> int:
    value = int(text)
    if "_" in text or not -(2**63) <= value < 2**63:
        raise ValueError(text)
    return value


def _float(text: str) -> float:
    value = float(text)
    if "_" in text or not math.isfinite(value):
        raise ValueError(text)
    return value


def _boolean(text: str) -> bool:
    if text.strip().lower() not in ("true", "false"):
        raise ValueError(text)
    return text.strip().lower() == "true"


def _checked(read: Callable[[str], Any], fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    def reader(text: str) -> Any:
        value = read(text.strip())
        if not fits(value):
            raise ValueError(text)
        return value

    return reader


READERS: Mapping[str, Callable[[str], Value]] = {
    "string": _text,
    "int": _int,
    "float": _float,
    "boolean": _boolean,
    "date": _checked(date.fromisoformat, lambda _: True),
    "datetime": _checked(datetime.fromisoformat, lambda v: v.tzinfo is not None),
    "localdatetime": _checked(datetime.fromisoformat, lambda v: v.tzinfo is None),
    "time": _checked(time.fromisoformat, lambda v: v.tzinfo is not None),
    "localtime": _checked(time.fromisoformat, lambda v: v.tzinfo is None),
}
FORMS: Mapping[str, str] = {
    "string": "text",
    "int": "a whole number of 64 bits",
    "float": "a number",
    "boolean": "true or false",
    "date": "a date such as 2013-04-21",
    "datetime": "a time with its zone such as 2013-04-21T10:00:00Z",
    "localdatetime": "a time without zone such as 2013-04-21T10:00:00",
    "time": "a time of day with its zone such as 10:00:00Z",
    "localtime": "a time of day such as 10:00:00",
}
