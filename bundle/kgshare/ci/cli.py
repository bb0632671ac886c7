"""``kgshare ci``: the words of its commands."""

from __future__ import annotations

import os
import sys
from dataclasses import replace as replaced
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgshare.engines.named import usual_name
from kgshare.errors import UsageError
from kgshare.options import HERE, Engine, Folder, Json, Local, NoSign, Quiet, engine_name, show, somebody
from kgshare.progress import Progress
from kgshare.trust.cli import ask_passphrase

if TYPE_CHECKING:
    from kgshare.ci.run import Asked

ci_app = typer.Typer(
    help="The whole pipeline, the same here and on a forge: check, build, scan, judge, sign, publish, comment.",
    no_args_is_help=True,
)
To = Annotated[
    str,
    typer.Option(
        "--to", metavar="STEP", help="The last step, with what it needs: check, policy, …; else all."
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Folder for the bundle; the project's when not given.")
]
Publish = Annotated[
    list[str] | None,
    typer.Option(
        "--publish", metavar="oci://…|FOLDER", help="Also send the signed bundle there; may be repeated."
    ),
]
Sign = Annotated[
    str | None,
    typer.Option(
        "--sign", metavar="KEY", help="Sign with this key, or `keyless`; your default key when not given."
    ),
]
AgainstWhat = Annotated[
    str,
    typer.Option(
        "--against",
        metavar="A",
        help="Compare the graph with this revision, bundle or folder; the target or the commit before when not given.",
    ),
]


@ci_app.command("run")
def run_(
    folder: Folder = HERE,
    to: To = "",
    output: Output = None,
    publish: Publish = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Give a registry's tag to this bundle though it names another.")
    ] = False,
    sign: Sign = None,
    no_sign: NoSign = False,
    local: Local = False,
    engine: Engine = None,
    against: AgainstWhat = "",
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FOLDER",
            help="Write comment.md, diff.html and the results there, also where a step fails.",
        ),
    ] = None,
    hook: Annotated[
        str | None,
        typer.Option(
            "--hook",
            metavar="pre-receive|post-receive",
            help="As this hook of a bare repository: what is pushed stands on standard input.",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check the change sets, build, scan, judge, sign, place, publish, comment: only what changed is done again.

    The lock is taken as it is. A step that fails gives the exit code; what was done stays, and nothing is half published.

    The graph is compared with the target of the pull or merge request, else with the commit before. Where GitHub names a
    file for a summary, the comment goes there too.
    """
    if hook is not None:
        _hook(hook, as_json, quiet)
        return
    from kgshare.ci.run import run

    builder = engine_name(local, engine) or usual_name()
    asked = _asked(to, output, publish, sign, no_sign, against)
    asked = replaced(asked, replace=replace, report=report, engine=builder)
    show(run(folder, asked, progress=Progress(quiet=quiet)), as_json)


@ci_app.command("plan")
def plan_(
    folder: Folder = HERE,
    to: To = "",
    output: Output = None,
    publish: Publish = None,
    sign: Sign = None,
    no_sign: NoSign = False,
    against: AgainstWhat = "",
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As a drawing in Mermaid.")] = False,
    as_json: Json = False,
) -> None:
    """Say which steps `ci run` would run, and why: which input changed, and in which file. Nothing is done.

    With the same options as `ci run`, as they decide which steps there are.
    """
    from kgshare.ci.show import plan

    if mermaid and as_json:
        raise UsageError("--mermaid and --json exclude each other")
    asked = _asked(to, output, publish, sign, no_sign, against)
    show(plan(folder, asked, drawn=mermaid, progress=Progress()), as_json)


@ci_app.command("init")
def init_(
    forge: Annotated[
        str | None,
        typer.Argument(metavar="[github|gitlab|git]", help="For which; the remote says it when not given."),
    ] = None,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The project's folder; for git the bare repository.")
    ] = HERE,
    branch: Annotated[
        str, typer.Option("--branch", help="The branch that is guarded; the repository's own when not given.")
    ] = "",
    install: Annotated[
        str, typer.Option("--install", metavar="REQUIREMENT", help="What pip installs on a forge.")
    ] = "",
    build: Annotated[
        bool,
        typer.Option(
            "--build", help="git: let the hooks build, which runs what is pushed in the build's sandbox."
        ),
    ] = False,
    local: Annotated[bool, typer.Option("--local", help="git: build without a container engine.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there and otherwise.")] = False,
    as_json: Json = False,
) -> None:
    """Write the thin files that let GitHub, GitLab or a bare Git repository call `kgshare ci run`.

    What is there already and says something else is not overwritten: the difference is shown.
    """
    from kgshare.ci.init import INSTALL, Wanted, init

    if (build or local) and forge != "git":
        raise UsageError("--build and --local are for the hooks of a bare repository: kgshare ci init git")
    wanted = Wanted(branch=branch, install=install or INSTALL, force=force, build=build, local=local)
    show(init(forge, folder, wanted), as_json)


def _hook(name: str, as_json: bool, quiet: bool) -> None:
    from kgshare.ci.received import HOOKS, receive

    hook = next((one for one in HOOKS if one == name), None)
    if hook is None:
        raise UsageError(f"there is no hook {name} here", hint=f"known: {', '.join(HOOKS)}")
    bare = Path(os.environ.get("GIT_DIR", "."))
    lines = sys.stdin.read().splitlines()
    show(receive(hook, bare, lines, dict(os.environ), progress=Progress(quiet=quiet)), as_json)


def _asked(
    to: str, output: Path | None, publish: list[str] | None, sign: str | None, no_sign: bool, against: str
) -> Asked:
    from kgshare.ci.run import Asked
    from kgshare.trust.author import Signing

    if sign is not None and no_sign:
        raise UsageError("--sign and --no-sign exclude each other")
    signing = Signing(key=sign, off=no_sign, ask=ask_passphrase if somebody() else None)
    return Asked(to=to, output=output, publish=tuple(publish or ()), signing=signing, against=against)
