"""The command line of reviews: ``kgshare review …``, ``log``, ``blame``, ``revert``; what each takes and whom it asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgshare.errors import UsageError
from kgshare.options import HERE, Json, Quiet, Stack, Yes, agreement, show, somebody
from kgshare.progress import Progress

if TYPE_CHECKING:
    from kgshare.changes.apply import Conflict
    from kgshare.changes.resolve import Choice
    from kgshare.review.pending import Decisions

review_app = typer.Typer(
    help="Propose, check and merge changes to the graph, as small files in Git.", no_args_is_help=True
)
Project = Annotated[Path, typer.Option("--project", help="The project's folder, with its kgshare.yaml.")]
Ours = Annotated[
    list[str] | None, typer.Option("--ours", metavar="N|all", help="The change set's side of this conflict.")
]
Theirs = Annotated[
    list[str] | None, typer.Option("--theirs", metavar="N|all", help="What is in the graph: it stays.")
]
Values = Annotated[
    list[str] | None,
    typer.Option("--value", metavar="N=VALUE", help="A third value for this conflict, as canonical text."),
]
Author = Annotated[str | None, typer.Option("--author", help="Name <address>; as Git has it when not given.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="The file to write.")]
Local = Annotated[
    bool | None,
    typer.Option(
        "--local/--docker",
        help="Seed and check without a container engine, or with Docker; else with what there is.",
    ),
]


@review_app.command()
def propose(
    message: Annotated[str, typer.Option("--message", "-m", help="Title, one line.")],
    reason: Reason,
    author: Author = None,
    reference: Annotated[
        list[str] | None, typer.Option("--reference", help="What it rests on: an address, a DOI, a document.")
    ] = None,
    name: Stack = None,
    git: Annotated[
        bool, typer.Option("--git", help="As a branch with one commit in the project's repository.")
    ] = False,
    project: Project = HERE,
    output: Output = None,
    yes: Yes = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Collect what was changed in a sandbox into one change set, after showing it.

    Constraints and indexes are no data and do not go along. Without --git it is a file, to send or to add.
    """
    from kgshare.review.propose import propose as run

    agreed = agreement(yes or as_json or not somebody())
    report = run(
        name, title=message, reason=reason, author=author, references=tuple(reference or ()), output=output,
        project=project if git else None, agreed=agreed, progress=Progress(quiet=quiet),
    )  # fmt: skip
    show(report, as_json)


@review_app.command()
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Proposals to check as if they were accepted."),
    ] = None,
    project: Project = HERE,
    local: Local = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Apply all change sets to a throw-away store and run the project's checks, questions and rules.

    For a pull request: exit 13 for a conflict, 14 where the graph is not as it must be; with --json each finding.
    """
    from kgshare.review.check import check as run

    report = run(project, files or (), local=local, progress=Progress(quiet=quiet))
    show(report, as_json)
    if not report.ok:
        raise typer.Exit(report.exit_code)


@review_app.command()
def merge(
    what: Annotated[
        str | None,
        typer.Argument(metavar="FILE|BRANCH", help="A change set's file, or a branch that adds some."),
    ] = None,
    ours: Ours = None,
    theirs: Theirs = None,
    value: Values = None,
    go_on: Annotated[bool, typer.Option("--continue", help="Go on with the merge that stopped.")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="Forget the merge that stopped.")] = False,
    project: Project = HERE,
    local: Local = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Accept a proposal: independent changes combine, conflicts are asked about; one commit, with its author.

    Nothing is written until every conflict is resolved. On a terminal each is asked about; what was decided is kept
    for --continue.
    """
    from kgshare.review import merge as run

    if sum([what is not None, go_on, abort]) != 1:
        raise UsageError("name a file or a branch, or give --continue or --abort, one of them")
    if abort:
        show(run.abort(project), as_json)
        return
    decisions, progress = _decisions(ours, theirs, value), Progress(quiet=quiet)
    ask = _ask(progress) if not as_json else None
    if what is None:
        report = run.merge_on(project, decisions=decisions, ask=ask, local=local, progress=progress)
    else:
        report = run.merge(project, what, decisions=decisions, ask=ask, local=local, progress=progress)
    show(report, as_json)


@review_app.command()
def rebase(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A change set.")],
    onto: Annotated[
        Path,
        typer.Option(
            "--onto", metavar="BUNDLE|FOLDER", help="The newer graph: a bundle, or a project's folder."
        ),
    ] = HERE,
    output: Output = None,
    ours: Ours = None,
    theirs: Theirs = None,
    value: Values = None,
    local: Local = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Rewrite a change set that was made on an older graph so that it fits a newer one.

    Conflicts are resolved as in merge; until all are, nothing is written.
    """
    from kgshare.review.rebase import rebase as run

    progress = Progress(quiet=quiet)
    report = run(
        file, onto=onto, output=output, decisions=_decisions(ours, theirs, value), ask=_ask(progress) if not as_json else None,
        local=local, progress=progress,
    )  # fmt: skip
    show(report, as_json)


@review_app.command("apply")
def apply_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A change set.")],
    name: Stack = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the changes of a change set in a running sandbox, all of them or none: to look at, or to go on from."""
    from kgshare.review.rebase import apply_to_stack

    show(apply_to_stack(file, name, progress=Progress(quiet=quiet)), as_json)


@review_app.command()
def squash(
    until: Annotated[
        str | None, typer.Option("--until", help="The last change set to fold; all when not given.")
    ] = None,
    author: Author = None,
    project: Project = HERE,
    local: Local = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fold the oldest change sets into one that makes the same graph; they stay beside it as its history."""
    from kgshare.review.fold import squash as run

    show(run(project, until=until, author=author, local=local, progress=Progress(quiet=quiet)), as_json)


def log(
    where: Annotated[
        Path, typer.Argument(metavar="FOLDER|BUNDLE", help="A project's folder, or a bundle.")
    ] = HERE,
    folded: Annotated[
        bool, typer.Option("--folded", help="In place of a folded change set those it was made of.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The change sets of a graph, the latest first: who, when, why, and the commit with its signature."""
    from kgshare.review.history import log as run

    show(run(where, folded=folded), as_json)


def blame(
    record: Annotated[
        str, typer.Argument(metavar="RECORD", help="LABEL/KEY, `*` for any letters; or a whole identity.")
    ],
    what: Annotated[
        str, typer.Argument(metavar="[PROPERTY]", help="A property, an element p[3], or a label :L.")
    ] = "",
    where: Annotated[
        Path, typer.Option("--in", metavar="FOLDER|BUNDLE", help="A project's folder, or a bundle.")
    ] = HERE,
    as_json: Json = False,
) -> None:
    """Who changed a record, when, why, on whose word; and under it, where upstream has it from."""
    from kgshare.review.blame import blame as run

    show(run(where, record, what), as_json)


def revert(
    change_set: Annotated[str, typer.Argument(metavar="CHANGESET", help="Its name, as `kgshare log` says.")],
    reason: Reason,
    author: Author = None,
    output: Output = None,
    ours: Ours = None,
    theirs: Theirs = None,
    value: Values = None,
    project: Project = HERE,
    local: Local = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take a change set back, with one more change set; where others built on it, that is a conflict.

    It is added to the project and committed; with --output it is only a file.
    """
    from kgshare.review.revert import revert as run

    progress = Progress(quiet=quiet)
    report = run(
        project, change_set, reason=reason, author=author, output=output, decisions=_decisions(ours, theirs, value),
        ask=_ask(progress) if not as_json else None, local=local, progress=progress,
    )  # fmt: skip
    show(report, as_json)


def keeper(*, yes: bool, discard: bool, progress: Progress, must: bool = True) -> Callable[[str], None]:
    """What a command does with a stack's edits before they go; without ``must``, if they can be read."""
    from kgshare.review.unsaved import Answer, Keeper, offer

    def ask(question: str) -> Answer:
        answers: dict[str, Answer] = {"s": "save", "d": "discard", "c": "cancel"}
        said = typer.prompt(
            f"{question}; save them as a change set, discard, or cancel? [s/d/c]", default="s", err=True
        )
        return answers.get(said.strip().lower()[:1], "cancel")

    if discard:
        return lambda stack: None
    made = Keeper(ask=ask if somebody() and not yes else None, progress=progress)
    return made if must else lambda stack: offer(stack, made)


def _decisions(ours: list[str] | None, theirs: list[str] | None, values: list[str] | None) -> Decisions:
    from kgshare.review.pending import Decisions

    wrong = [n for n in (*(ours or ()), *(theirs or ())) if n != "all" and not n.isdigit()]
    wrong += [v for v in values or () if not v.partition("=")[0].isdigit() or "=" not in v]
    if wrong:
        raise UsageError(
            f"not the number of a conflict: {wrong[0]}", hint="as in --ours 1, --theirs all, --value 2=3.5"
        )
    for value in values or ():
        _require_value(value.partition("=")[2])
    return Decisions(ours=tuple(ours or ()), theirs=tuple(theirs or ()), values=tuple(values or ()))


def _require_value(text: str) -> str:
    from kgshare.canonical.values import NotCanonical, decode

    try:
        decode(text)
    except NotCanonical as error:
        raise UsageError(
            f"not a value's canonical text: {error}", hint="a text stands in quotes: --value 1='\"bad\"'"
        ) from None
    return text


def _ask(progress: Progress) -> Callable[[Conflict, int, int], Choice | None] | None:
    """Asks a person about each conflict; None where nobody is there."""
    if not somebody():
        return None
    from kgshare.changes.resolve import Choice

    def ask(conflict: Conflict, number: int, of: int) -> Choice | None:
        progress.say(f"[{number} of {of}] {conflict.text()}")
        while True:
            said = typer.prompt(
                "ours (the change set's), theirs (the graph's), a value, or later? [o/t/v/l]", err=True
            )
            match said.strip().lower()[:1]:
                case "o":
                    return Choice(side="ours")
                case "t":
                    return Choice(side="theirs")
                case "l":
                    return None
                case "v":
                    try:
                        return Choice(side="value", value=_require_value(typer.prompt("value", err=True)))
                    except UsageError as error:
                        progress.say(str(error))

    return ask
