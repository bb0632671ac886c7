"""Options that many commands share, and how each shows its report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from kgshare.errors import UsageError
from kgshare.report import Report, envelope
from kgshare.shown import printable

Json = Annotated[bool, typer.Option("--json", help="Print the result as versioned JSON.")]
Folder = Annotated[Path, typer.Argument(help="The project's folder, with its kgshare.yaml.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while working.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Stack = Annotated[
    str | None, typer.Option("--name", "-n", help="The stack's name; the project's when not given.")
]
Build = Annotated[
    bool, typer.Option("--build", help="Seed what is of a project or a revision and was not seeded here yet.")
]
Discard = Annotated[
    bool, typer.Option("--discard", help="Do not save the edits as a change set: they are lost.")
]
NoSign = Annotated[bool, typer.Option("--no-sign", help="Do not sign; reviewers' `up` refuses it.")]
Local = Annotated[
    bool,
    typer.Option(
        "--local", help="Without a container engine, by this machine's own means (Linux): `--engine none`."
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="docker|dagger|none",
        help="What builds the images; that of KGSHARE_ENGINE, else docker, when not given.",
    ),
]
HERE = Path()


def engine_name(local: bool, engine: str | None) -> str | None:
    """The engine that ``--local`` and ``--engine`` name; None where neither does.

    Raises:
        UsageError: they name different ones.
    """
    if local and engine not in (None, "none"):
        raise UsageError(f"--local and --engine {engine} exclude each other")
    return engine or ("none" if local else None)


def show(report: Report, as_json: bool) -> None:
    """Print a report on stdout, as text or in its envelope."""
    print(envelope(report.schema, report) if as_json else printable(report.text()))


def somebody() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def agreement(yes: bool) -> Callable[[str], bool]:
    """What asks a question that is answered with yes or no."""
    return lambda question: yes or typer.confirm(printable(question), err=True)


def consent(yes: bool) -> Callable[[str], bool]:
    """The same where silence must not pass for a yes: without a person to ask, only ``--yes`` is one.

    Raises:
        UsageError: by what is given back, where there is nobody.
    """

    def asked(question: str) -> bool:
        if not yes and not somebody():
            raise UsageError("there is no terminal to ask on", hint="--yes agrees to what is said above")
        return agreement(yes)(question)

    return asked
