"""``kgshare policy``: the words of its commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgshare.errors import PolicyError
from kgshare.options import HERE, Folder, Json, Quiet, show

policy_app = typer.Typer(
    help="Judge a bundle by fixed checks: see docs/reference/policy.md.", no_args_is_help=True
)
Where = Annotated[
    Path, typer.Argument(metavar="FILE|FOLDER", help="A bundle, or the folder of a project that is built.")
]
Policy = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", help="Judge by this policy.yaml; an institute's, say."),
]


@policy_app.command("check")
def check(
    where: Where = HERE,
    policy: Policy = None,
    scan: Annotated[
        Path | None,
        typer.Option(
            "--scan", metavar="RESULT", help="Take this result of `kgshare scan` instead of the bundle's own."
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge a bundle as it is, on this day: exit 0 when it is green, 15 when a check fails.

    Judged by the folder's policy.yaml; else by the bundle's own where somebody you trust signed it; else by the default.
    """
    from kgshare.policy import command
    from kgshare.progress import Progress

    report = command.check(where, policy=policy, scan=scan, progress=Progress(quiet=quiet))
    show(report, as_json)
    if not report.green:
        raise typer.Exit(PolicyError.exit_code)


@policy_app.command("show")
def show_settings(folder: Folder = HERE, policy: Policy = None, as_json: Json = False) -> None:
    """Print the thresholds and waivers that hold for a project, as a policy.yaml."""
    from kgshare.policy import command

    show(command.show(folder, policy=policy), as_json)
