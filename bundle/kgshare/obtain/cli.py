"""The command that makes a bundle known in its repository: ``release``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgshare.options import HERE, Json, show


def release(
    at: Annotated[
        list[str],
        typer.Option(
            "--at", metavar="ADDRESS", help="Where it was published: https:// or oci://; may be repeated."
        ),
    ],
    bundle: Annotated[
        Path,
        typer.Argument(metavar="FILE|FOLDER", help="The bundle as published; this project's when not given."),
    ] = HERE,
    project: Annotated[
        Path, typer.Option("--project", help="The project's folder, in its repository; here when not given.")
    ] = HERE,
    as_json: Json = False,
) -> None:
    """Record in releases.yaml where a bundle was published, so that `kgshare up GIT-ADDRESS` takes it and builds nothing.

    The bundle is verified first, and names the revision it was built from. Commit and push the file; the newest entry is the first.
    """
    from kgshare.obtain.releases import record
    from kgshare.project import read_project
    from kgshare.stack.source import find_bundle

    show(record(read_project(project), find_bundle(bundle), tuple(at)), as_json)
