"""``kgshare scan``: the words of the command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgshare.options import HERE, Json, Quiet, show


def scan(
    where: Annotated[
        Path,
        typer.Argument(metavar="FILE|FOLDER", help="A bundle, or the folder of a project that is built."),
    ] = HERE,
    scanner: Annotated[
        str,
        typer.Option(
            "--scanner", metavar="NAME", help="osv-scanner, grype or trivy; the first that is installed."
        ),
    ] = "",
    vex: Annotated[
        list[Path] | None,
        typer.Option(
            "--vex", metavar="FILE", help="A further OpenVEX document; those of the project are read."
        ),
    ] = None,
    exploited: Annotated[
        Path | None,
        typer.Option(
            "--exploited",
            metavar="FILE",
            help="CISA's catalogue of exploited vulnerabilities; else the policy's.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="RESULT", help="Write the result, for `kgshare policy check --scan`."
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask a scanner that is installed about everything in a bundle, with what its database knows today.

    Exit 0 with its findings, however many; 17 where nothing was scanned. The bundle stays as it is.
    """
    from kgshare.progress import Progress
    from kgshare.scan import command

    progress = Progress(quiet=quiet)
    show(
        command.scan(
            where,
            scanner=scanner,
            statements=vex or (),
            catalogue=exploited,
            output=output,
            progress=progress,
        ),
        as_json,
    )
