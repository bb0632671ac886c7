"""The command ``oceangraph``: make the tables, check the graph, print the model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from kgshare.errors import KgshareError, SeedError, UsageError
from kgshare.report import Report, envelope, error_rows

app = typer.Typer(
    help="The ocean graph: its tables, its check, its model.", no_args_is_help=True, add_completion=False
)

Root = Annotated[Path, typer.Option("--root", help="The project's folder, which holds data/.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


@app.command()
def tables(
    from_: Annotated[
        Path, typer.Option("--from", help="Folder with the upstream files; see data/README.md.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write the tables to.")] = Path("data"),
    as_json: AsJson = False,
) -> None:
    """Make the tidy tables from the upstream files."""
    from oceangraph.tables.build import build

    _print(build(from_, out), as_json)


@app.command()
def check(root: Root = Path(), as_json: AsJson = False) -> None:
    """Check that the tables make a graph of the model: keys, ends, units, duplicates."""
    from oceangraph.check import check as run
    from oceangraph.seed import graph

    report = run(graph(root))
    if report.problems:
        raise SeedError(*report.problems)
    _print(report, as_json)


@app.command()
def ask(
    name: Annotated[str | None, typer.Argument(help="The question's name.")] = None,
    given: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PARAMETER=VALUE]...", help="Parameters; the defaults where not."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the questions and their parameters.")] = False,
    stack: Annotated[
        str | None,
        typer.Option("--name", help="The running stack to ask; by default the project's, or the only one."),
    ] = None,
    bolt: Annotated[str, typer.Option("--bolt", help="Ask the database at bolt://HOST:PORT instead.")] = "",
    user: Annotated[str, typer.Option("--user", help="That database's user.")] = "neo4j",
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="Its password; else NEO4J_PASSWORD is taken.")
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
) -> None:
    """Ask the graph one of the project's named questions."""
    from oceangraph import ask as asking

    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    form = "json" if as_json else "csv" if as_csv else "text"
    if list_:
        typer.echo(asking.rendered(asking.listing(), form))
        return
    if name is None:
        raise UsageError("which question?", hint="`oceangraph ask --list` lists them")

    def password() -> str:
        return (
            password_file.read_text("utf-8").strip()
            if password_file
            else os.environ.get("NEO4J_PASSWORD", "")
        )

    where = asking.Where(stack=stack, bolt=bolt, user=user, password=password)
    typer.echo(asking.rendered(asking.ask(name, given or (), where), form))


@app.command()
def model(
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print the manifest's `identity` block.")] = False,
) -> None:
    """Print the model: as a reference in Markdown, or the manifest's `identity` block."""
    from oceangraph.model import identity, markdown

    if as_yaml:
        typer.echo(
            yaml.safe_dump({"identity": identity()}, sort_keys=False, default_flow_style=None), nl=False
        )
    else:
        typer.echo(markdown(), nl=False)


def _print(report: Report, as_json: bool) -> None:
    typer.echo(envelope(report.schema, report) if as_json else report.text())


def main() -> None:
    """Run the command; a user's mistake is a message and an exit code, never a traceback."""
    try:
        app()
    except KgshareError as error:
        if "--json" in sys.argv:
            typer.echo(envelope("error", None, error_rows(error)))
        else:
            typer.echo(str(error), err=True)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        typer.echo(f"{error.filename}: {error.strerror}", err=True)
        raise SystemExit(SeedError.exit_code) from None
