"""The commands of evidence on the command line: ``sbom``, ``licenses``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kgshare.options import HERE, Json, show

Where = Annotated[
    Path, typer.Argument(metavar="FILE|FOLDER", help="A bundle, or a folder with one; here when not given.")
]


def sbom(
    where: Where = HERE,
    image: Annotated[
        str | None,
        typer.Option(
            "--image",
            metavar="IMAGE",
            help="Of one image, database or application (for several platforms database-linux-arm64 and so on); else of the whole bundle.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it there instead of printing it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the bill of materials that is in a bundle: CycloneDX 1.6, JSON.

    The bundle and its evidence are checked first; who made it is what `verify` asks. With --output, --json is of what was written.
    """
    from kgshare.attest import command

    if output is not None:
        show(command.write_sbom(where, image, output), as_json)
    else:
        sys.stdout.write(command.sbom(where, image).decode() + "\n")


def licenses(
    where: Where = HERE,
    texts: Annotated[
        Path | None,
        typer.Option(
            "--texts",
            metavar="FOLDER",
            help="Unpack the texts, an index and the names of the sources into a new folder.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List what a bundle hands on by licence: packages, jars and what is nested in them, wheels, data sets.

    The bundle and its evidence are checked first.
    """
    from kgshare.attest import command

    show(command.licenses(where, texts), as_json)
