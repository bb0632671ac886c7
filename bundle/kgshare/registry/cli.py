"""The commands of registries on the command line: ``push``, ``pull``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgshare.options import HERE, Json, Quiet, show
from kgshare.progress import Progress


def push(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A bundle, or a project's folder with one.")
    ],
    reference: Annotated[
        str,
        typer.Argument(
            metavar="oci://HOST[:PORT]/NAME[:TAG]",
            help="Where it goes; its version is the tag where none is named.",
        ),
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give it the tag though that names something else now.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Send a bundle to a registry: what is there already is not sent again, and the tag is put last.

    Credentials are those of `docker login`.
    """
    from kgshare.completed import whole
    from kgshare.registry.push import push as send
    from kgshare.stack.source import find_bundle

    progress = Progress(quiet=quiet)
    bundle = whole(find_bundle(file), base=None, progress=progress)
    show(send(bundle, reference, replace=replace, progress=progress), as_json)


def pull(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="oci://HOST[:PORT]/NAME[:TAG|@DIGEST]",
            help="What `push` printed; the only tag where none is named.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file, or its folder; this one when not given.")
    ] = HERE,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Get a bundle from a registry, as the very file that was pushed; it is verified whole before it is there.

    What this machine has already is not fetched again. Who signed it is said, and is `up`'s to judge.
    """
    from kgshare.registry.pull import pull_bundle

    show(pull_bundle(reference, output, progress=Progress(quiet=quiet)), as_json)
