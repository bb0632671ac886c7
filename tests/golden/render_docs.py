"""Reference pages written from the code itself: the manifest's keys, the commands, the exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, get_args

import typer
from pydantic import BaseModel

from kgshare import errors
from kgshare.cli import app
from kgshare.policy.checks import CHECKS
from kgshare.policy.settings import Checks, Settings
from kgshare.project import Manifest
from oceangraph import cli as ocean
from oceangraph.errors import QualityError


def manifest_page() -> str:
    """docs/reference/manifest.md."""
    head = """# kgshare.yaml, version 1

The manifest says what a project is; `kgshare.lock` beside it says what exactly it is built from. Paths are relative to
the manifest's folder and stay inside it. An unknown key, a wrong type and a missing file are errors with file and line,
all reported at once. `kgshare schema` prints the JSON Schema for editors.

"""
    return head + "\n".join(_sections(Manifest, "The manifest", set()))


def _sections(model: type[BaseModel], title: str, seen: set[str]) -> Iterator[str]:
    seen.add(model.__name__)
    yield f"## {title}\n\n{_paragraph(model)}\n\n| key | type | default | |\n| --- | --- | --- | --- |"
    inner: list[type[BaseModel]] = []
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else f"`{_default(field.get_default())}`"
        yield f"| `{field.alias or name}` | {_type(field.annotation)} | {default} | {field.description or ''} |"
        inner += [m for m in _models(field.annotation) if m.__name__ not in seen]
    yield ""
    for child in dict.fromkeys(inner):
        if child.__name__ not in seen:
            yield from _sections(child, child.__name__, seen)


def _paragraph(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split()).replace("``", "`")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _type(annotation: Any) -> str:
    models = list(_models(annotation))
    origin = getattr(annotation, "__origin__", None)
    if models:
        name = " or ".join(
            f"[{model.__name__}](#{model.__name__.lower()})" for model in dict.fromkeys(models)
        )
        if origin is dict:
            return f"map of {name}"
        if any(
            getattr(getattr(a, "__origin__", None), "__origin__", None) is tuple for a in get_args(annotation)
        ):
            return f"file, or list of {name}"
        return f"list of {name}" if origin is tuple else name
    if origin is tuple:
        return "list of text"
    if origin is dict:
        values = get_args(annotation)[1]
        return "map of lists" if getattr(values, "__origin__", None) is tuple else "map"
    literal = [repr(a) for a in get_args(annotation) if a is not type(None) and not isinstance(a, type)]
    if origin is not None and literal and all(x.startswith(("'", "1")) for x in literal):
        return " or ".join(literal).replace("'", "`")
    return {int: "number", str: "text", bool: "true or false", date: "date"}.get(
        annotation, "text" if annotation is not Any else "any value"
    )


def _default(value: Any) -> str:
    if isinstance(value, BaseModel):
        return "{…}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple) and value and all(isinstance(item, str) for item in value):
        return f"[{', '.join(value)}]"
    return {"()": "[]", "None": "none"}.get(repr(value), str(value))


def commands_page() -> str:
    """docs/reference/commands.md."""
    parts = [
        "# Commands\n\nstdout is the result, stderr the progress. `--json` prints\n"
        '`{"schema": "kgshare.NAME/v1", "version": …, "result": …, "errors": []}`.\n'
    ]
    parts += _commands(typer.main.get_command(app), "kgshare")
    parts.append("## Exit codes\n\n| code | kind | when |\n| --- | --- | --- |\n| 0 | | done |")
    parts.append("| 1 | | a defect of kgshare: please report it |")
    parts += [
        f"| {c.exit_code} | {c.kind} | {(c.__doc__ or '').splitlines()[0]} |"
        for c in sorted(errors.KgshareError.__subclasses__(), key=lambda c: c.exit_code)
        if c.__module__ == errors.__name__
    ]
    return "\n".join(parts) + "\n"


def policy_page() -> str:
    """docs/reference/policy.md."""
    head = """# The policy

What is shared is judged first, by checks that every project has. `kgshare build` runs them before it writes the bundle
and stops with exit code 15 where one fails; `kgshare up` shows what they say on the day it is asked; `kgshare policy
check` says all of it. No check can be switched off: what is accepted is a waiver, with a statement and an end.

A check has **passed**, **failed**, is **waived**, or its answer is **not known**, which is no failure by itself: without a
scanner nothing is said about vulnerabilities, and that is said. A policy is red when a check failed.

## The checks

| check | what it asks for | what can be set |
| --- | --- | --- |
"""
    rows = [f"| `{c.name}` | {c.asks} | {_thresholds(c.name)} |" for c in CHECKS]
    tail = """

## policy.yaml

It stands beside `kgshare.yaml`; without it the defaults hold. It is read strictly: an unknown check, an unknown key and a
wrong value are errors with file and line (exit code 3). What it says travels in the bundle with the result. `kgshare
policy check --policy FILE` judges by another one, an institute's say; `kgshare policy show` prints what holds.

```yaml
policy: 1
checks:
  scanned: {required: true}         # an institute asks for a scan
  base-age: {days: 90}
waivers:
  - id: CVE-2021-44228              # a vulnerability by any of its names, a package (purl), a path, or a check
    statement: the class that is attacked is not in the jar that we ship
    expires: 2027-03-31             # the last day; from the next one the check fails again
```

A waiver that has expired, or matches nothing, is pointed out.

"""
    return head + "\n".join(rows) + tail + "\n".join(_sections(Settings, "The file", set()))


def _thresholds(name: str) -> str:
    field = Checks.model_fields.get(name.replace("-", "_"))
    if field is None:
        return ""
    keys = [
        f"`{key.replace('_', '-')}`: {_default(value)}"
        for key, value in field.get_default().model_dump().items()
    ]
    return ", ".join(keys)


OCEAN_ERRORS = (
    errors.UsageError,
    errors.SeedError,
    errors.StackError,
    errors.MachineError,
    errors.ChangeError,
)


def ocean_page() -> str:
    """docs/reference/oceangraph.md."""
    parts = [
        "# oceangraph\n\nThe ocean project's own command. stdout is the result; `--json` prints\n"
        '`{"schema": "kgshare.NAME/v1", "version": …, "result": …, "errors": []}`. What the tables are, and what they are\n'
        "made from: [data/README.md](../../data/README.md).\n"
    ]
    parts += _commands(typer.main.get_command(ocean.app), "oceangraph")
    parts.append("## Exit codes\n\n| code | kind | when |\n| --- | --- | --- |\n| 0 | | done |")
    parts.append("| 1 | | a defect of oceangraph: please report it |")
    parts += [
        f"| {c.exit_code} | {c.kind} | {(c.__doc__ or '').splitlines()[0]} |"
        for c in (*OCEAN_ERRORS, QualityError)
    ]
    return "\n".join(parts) + "\n"


def _commands(command: Any, name: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    for child, sub in children.items():
        yield from _commands(sub, f"{name} {child}")
    if not children:
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
        words = " ".join(f"[{_word(a)}]" if not a.required else _word(a) for a in arguments)
        yield f"## {name}\n\n`{' '.join(f'{name} {words} [OPTIONS]'.split())}`\n\n{_prose(command.help)}\n"
        if options or arguments:
            yield "| | |\n| --- | --- |"
            yield from (f"| `{_word(a)}` | {a.help or ''} |" for a in arguments)
            yield from (f"| `{', '.join(o.opts)}` | {o.help or ''} |" for o in options)
            yield ""


def _prose(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _word(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())
