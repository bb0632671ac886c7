"""The command ``oceangraph``: make the tables, check the graph, print the model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from kgshare.errors import KgshareError, SeedError
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
