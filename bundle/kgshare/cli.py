"""The command line: what each command takes, which stages it runs, and the one place that exits.

stdout is the result, stderr the progress. Exit codes: 0 done, 2 usage, others by kind of failure
(`kgshare.errors`), 130 interrupted, 1 a defect of kgshare.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kgshare import __version__
from kgshare.errors import Interrupted, KgshareError, Problem, UsageError
from kgshare.progress import Progress
from kgshare.report import Report, envelope, error_rows

app = typer.Typer(
    name="kgshare",
    help="Hand a Neo4j project to somebody else: locked, seeded, hardened, in one file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
cache_app = typer.Typer(help="Move the locked inputs of a project between machines.", no_args_is_help=True)
app.add_typer(cache_app, name="cache")

Json = Annotated[bool, typer.Option("--json", help="Print the result as versioned JSON.")]
Folder = Annotated[Path, typer.Argument(help="The project's folder, with its kgshare.yaml.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while working.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Stack = Annotated[str | None, typer.Option("--name", "-n", help="The stack's name; the project's when not given.")]
HERE = Path()
# Typer carries its own copy of click; this is the class of its usage errors, whichever copy that is.
ClickUsageError: type[Exception] = typer.BadParameter.__bases__[0]


def show(report: Report, as_json: bool) -> None:
    """Print a report on stdout, as text or in its envelope."""
    print(envelope(report.schema, report) if as_json else report.text())


@app.command()
def build(
    folder: Folder = HERE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the bundle; the project's when not given.")
    ] = None,
    locked: Annotated[
        bool, typer.Option("--locked", help="Stop rather than change the lock; what CI uses.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only say which steps would run, and why.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Lock the inputs, seed the database, build hardened images, and write one file.

    Only what changed since the last build is done again. The file is NAME-VERSION.kgshare.tar.
    """
    from kgshare import build as stage

    progress = Progress(quiet=quiet)
    if plan:
        show(stage.forecast_build(folder, locked=locked, progress=progress), as_json)
    else:
        show(stage.build(folder, output=output, locked=locked, progress=progress), as_json)


@app.command()
def lock(
    folder: Folder = HERE,
    update: Annotated[bool, typer.Option("--update", help="Take the newest of everything.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 4 when the lock is stale.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Pin every input of the build, by name, version and hash, in kgshare.lock.

    An existing lock is kept as far as the manifest still asks for the same things.
    """
    from kgshare.build import lock_project

    if update and check:
        raise UsageError("--update and --check exclude each other", hint="--check says what --update would change")
    show(lock_project(folder, update=update, check=check, progress=Progress(quiet=quiet)), as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of kgshare.yaml, for editors."""
    from kgshare.project import json_schema

    print(json_schema(), end="")


@app.command()
def version(as_json: Json = False) -> None:
    """Print kgshare's version."""
    print(envelope("version", {"kgshare": __version__}) if as_json else f"kgshare {__version__}")


def main() -> None:
    """Run the command line and exit; the only place that does."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; errors are printed as text, or as JSON with ``--json``."""
    as_json = "--json" in arguments
    try:
        code = app(args=arguments, prog_name="kgshare", standalone_mode=False)
    except KgshareError as error:
        return report_error(error, as_json)
    except ClickUsageError as error:
        if not str(error):  # no arguments at all: the help was the answer
            return UsageError.exit_code
        hint = f"{getattr(getattr(error, 'ctx', None), 'command_path', 'kgshare')} --help"
        return report_error(UsageError(Problem(message=str(error), hint=hint)), as_json)
    except (typer.Abort, KeyboardInterrupt):
        return report_error(Interrupted("interrupted", hint="the same command goes on from here"), as_json)
    return code if isinstance(code, int) else 0


def report_error(error: KgshareError, as_json: bool) -> int:
    """Print an error and return its exit code."""
    if as_json:
        print(envelope("error", None, error_rows(error)))
    else:
        for problem in error.problems:
            print(f"kgshare: {problem}", file=sys.stderr)
    return error.exit_code
