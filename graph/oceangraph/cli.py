"""The command ``oceangraph``: import upstream files, check the graph, print the model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from kgshare.errors import KgshareError, MachineError, Problem, SeedError, UsageError
from kgshare.report import Report, envelope, error_rows
from oceangraph.errors import QualityError

if TYPE_CHECKING:
    from oceangraph.importers.report import ImportReport

app = typer.Typer(
    help="The ocean graph: its importers, its check, its model.", no_args_is_help=True, add_completion=False
)

Root = Annotated[Path, typer.Option("--root", help="The project's folder, which holds data/.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


def _source(what: str) -> Any:
    return typer.Option(help=what)


@app.command(name="import")
def import_(
    out: Annotated[Path, typer.Option("--out", help="Folder to write the tables to.")],
    argo: Annotated[Path | None, _source("Folder of an Argo GDAC mirror; needs --nvs.")] = None,
    whp: Annotated[Path | None, _source("WHP-Exchange bottle file.")] = None,
    nvs: Annotated[Path | None, _source("Folder of NVS tables in JSON-LD.")] = None,
    sections: Annotated[Path | None, _source("GeoJSON of WOCE and GO-SHIP lines.")] = None,
    dwc: Annotated[Path | None, _source("Folder of Darwin Core *event.csv and *occurrence.csv.")] = None,
    erddap: Annotated[Path | None, _source("ERDDAP tabledap CSV, with its line of units.")] = None,
    cf: Annotated[Path | None, _source("CF NetCDF file.")] = None,
    ctd: Annotated[Path | None, _source("WHP-Exchange CTD file, or a folder of them.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 30 when a file is unreadable or anything was found wrong.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the tidy tables from upstream files, and quality.csv of what is wrong in them.

    Tables of sources that are not given are left empty. data/changes/ is neither read nor written.
    """
    from oceangraph.importers.report import Sources
    from oceangraph.importers.run import run

    sources = Sources(argo=argo, whp=whp, nvs=nvs, sections=sections, dwc=dwc, erddap=erddap, cf=cf, ctd=ctd)
    report = run(sources, out)
    _print(report, as_json)
    if strict and (report.findings or not report.records):
        raise QualityError(*strict_problems(report))


@app.command()
def check(root: Root = Path(), as_json: AsJson = False) -> None:
    """Check that the tables make a graph of the model: keys, ends, units, terms, flags, sources.

    The build does the same before it seeds. Exit 7 when something is wrong, by file and row.
    """
    from oceangraph.check import check as run
    from oceangraph.seed import read

    report = run(read(root))
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
        return _secret(password_file) if password_file else os.environ.get("NEO4J_PASSWORD", "")

    where = asking.Where(stack=stack, bolt=bolt, user=user, password=password)
    typer.echo(asking.rendered(asking.ask(name, given or (), where), form))


@app.command()
def derive(
    file: Annotated[Path, typer.Argument(help="The proposal: a change set's file.")],
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Add to a proposal what follows from it for derived facts.

    A flag or a value that it corrects may move seawater properties, mixed layers, layers of water masses, nearest profiles.
    """
    from oceangraph.derive import derive as run

    _print(run(root, file), as_json)


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


def strict_problems(report: ImportReport) -> list[Problem]:
    """What `import --strict` ends with: unreadable files, the number of findings, an empty result."""
    found = [Problem(message=f"unreadable: {line}") for line in report.unreadable]
    if report.findings:
        rules = ", ".join(f"{rule} {count}" for rule, count in report.findings.items())
        message = f"{sum(report.findings.values())} findings: {rules}"
        found.append(Problem(message=message, where=f"{report.folder}/quality.csv"))
    if not report.records:
        found.append(Problem(message="nothing was imported", where=report.folder))
    return found


def _secret(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise UsageError(Problem(message=f"cannot be read: {error.strerror}", where=str(file))) from None


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
        raise SystemExit(MachineError.exit_code) from None
