"""``kgshare outdated``: the words of the command."""

from __future__ import annotations

from typing import Annotated

import typer

from kgshare.errors import LockError
from kgshare.options import HERE, Folder, Json, Quiet, show


def outdated(
    folder: Folder = HERE,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="Exit 4 unless every ecosystem answered and nothing is behind."),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say how far the lock is behind: Debian's packages and which are security updates, jars, wheels, npm, base images.

    Each is asked through its own client, as its user has set it up; one that cannot be reached is named.
    """
    from kgshare.lock import outdated as stage
    from kgshare.progress import Progress
    from kgshare.project import read_project

    report = stage.outdated(read_project(folder), progress=Progress(quiet=quiet))
    show(report, as_json)
    if exit_code and not report.current:
        raise typer.Exit(LockError.exit_code)
