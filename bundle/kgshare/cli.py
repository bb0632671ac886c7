"""The command line: what each command takes, which stages it runs, and the one place that exits.

stdout is the result, stderr the progress. Exit codes: 0 done, 2 usage, others by kind of failure
(`kgshare.errors`), 130 interrupted, 1 a defect of kgshare.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kgshare import __version__
from kgshare.attest import cli as evidence
from kgshare.ci.cli import ci_app
from kgshare.doors.alone import this_process_is_ours
from kgshare.errors import Interrupted, KgshareError, LockError, MachineError, Problem, UsageError
from kgshare.lock import cli as lock_cli
from kgshare.obtain import cli as obtaining
from kgshare.options import (
    HERE,
    Build,
    Discard,
    Engine,
    Folder,
    Json,
    Local,
    NoSign,
    Quiet,
    Stack,
    Yes,
    agreement,
    consent,
    engine_name,
    show,
    somebody,
)
from kgshare.policy.cli import policy_app
from kgshare.progress import Progress
from kgshare.registry import cli as registries
from kgshare.report import envelope, error_rows
from kgshare.review import cli as reviews
from kgshare.scan import cli as scan_cli
from kgshare.shown import printable
from kgshare.trust import cli as trusts

app = typer.Typer(
    name="kgshare",
    help="Hand a Neo4j project to somebody else: locked, seeded, hardened, in one file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
cache_app = typer.Typer(
    help="What kgshare keeps on this machine, and moving the locked inputs of a project between machines.",
    no_args_is_help=True,
)
app.add_typer(cache_app, name="cache")
app.add_typer(policy_app, name="policy")
app.add_typer(ci_app, name="ci")
app.add_typer(reviews.review_app, name="review")
app.add_typer(trusts.key_app, name="key")
app.command("scan")(scan_cli.scan)
app.command("outdated")(lock_cli.outdated)
app.command()(evidence.sbom)
app.command()(evidence.licenses)
app.command()(obtaining.release)
for command in (
    reviews.log,
    reviews.blame,
    reviews.revert,
    trusts.sign,
    trusts.verify,
    registries.push,
    registries.pull,
):
    app.command()(command)

Base = Annotated[
    Path | None,
    typer.Option("--base", metavar="OLD", help="The older bundle that a delta needs, where it is not known."),
]

# Typer carries its own copy of click; this is the class of its usage errors, whichever copy that is.
ClickUsageError: type[Exception] = typer.BadParameter.__bases__[0]


@app.command()
def build(
    folder: Folder = HERE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the bundle; the project's when not given."),
    ] = None,
    locked: Annotated[
        bool, typer.Option("--locked", help="Stop rather than change the lock; what CI uses.")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only say which steps would run, and why.")] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify-reproducible",
            help="Build twice without a cache and compare; exit 6 with each file that differs.",
        ),
    ] = False,
    sign: Annotated[
        str | None,
        typer.Option(
            "--sign",
            metavar="KEY",
            help="Sign with this key, or `keyless` in CI; your default key when not given.",
        ),
    ] = None,
    no_sign: NoSign = False,
    local: Local = False,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="OLD",
            help="Also write a small file with what this older bundle has not; `up` completes it.",
        ),
    ] = None,
    engine: Engine = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(
            "--platform",
            metavar="linux/amd64,linux/arm64",
            help="What the bundle is for, one or both; the manifest's, or this machine's own, when not given.",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Lock the inputs, seed the database, build hardened images, and write one file.

    Only what changed since the last build is done again. The file is NAME-VERSION.kgshare.tar, signed with your key,
    which is made where you have none.
    """
    from kgshare import build as stage
    from kgshare.engines import choice
    from kgshare.platforms import parse_platforms
    from kgshare.trust.author import Signing

    progress, platforms = Progress(quiet=quiet), parse_platforms(platform or ())
    name = engine_name(local, engine)
    builder = choice.named(name) if name else choice.usual
    if since and (plan or verify):
        raise UsageError("--since goes with neither --plan nor --verify-reproducible")
    if plan:
        show(stage.forecast_build(folder, platforms), as_json)
    elif verify:
        if platforms:
            raise UsageError(
                "--verify-reproducible and --platform exclude each other",
                hint="what is built twice is what this machine builds for itself",
            )
        from kgshare.reproduce import verify_reproducible

        show(verify_reproducible(folder, locked=locked, progress=progress, engine=builder), as_json)
    else:
        if sign is not None and no_sign:
            raise UsageError("--sign and --no-sign exclude each other")
        signing = Signing(key=sign, off=no_sign, ask=trusts.ask_passphrase if somebody() else None)
        report = stage.build(
            folder, output=output, locked=locked, progress=progress, engine=builder, signing=signing,
            since=since, platforms=platforms,
        )  # fmt: skip
        show(report, as_json)


@app.command("init")
def init_(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where the project will stand; where the source is, or here, when not given."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="SOURCE", help="bolt://HOST:PORT, a dump, or a folder; FOLDER when not given."
        ),
    ] = None,
    surrogate_key: Annotated[
        list[str] | None,
        typer.Option(
            "--surrogate-key",
            help="Number the records of this label or type, which nothing else tells apart.",
        ),
    ] = None,
    user: Annotated[str, typer.Option("--user", help="The database's user.")] = "neo4j",
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file", help="Its password; else NEO4J_PASSWORD is taken, else it is asked for."
        ),
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", help="The database's name; the user's own when not given.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a kgshare.yaml that builds, from a running database, a dump, or a folder of scripts.

    The source is only read. What cannot be known for certain is said, and stands as a comment in the manifest.
    """
    from kgshare.init import init
    from kgshare.init.command import Access

    def password() -> str:
        if password_file is not None:
            return _secret(password_file)
        told = os.environ.get("NEO4J_PASSWORD")
        if told is None and sys.stdin.isatty():
            told = typer.prompt(
                f"password of {user} (empty where none is asked for)", default="", hide_input=True,
                show_default=False, err=True,
            )  # fmt: skip
        return told or ""

    access = Access(user=user, password=password, database=database)
    progress = Progress(quiet=quiet)
    show(init(folder, source, access=access, surrogates=surrogate_key or (), progress=progress), as_json)


def _secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(Problem(message=f"cannot be read: {error.strerror}", where=str(file))) from None


@app.command()
def lock(
    folder: Folder = HERE,
    update: Annotated[bool, typer.Option("--update", help="Take the newest of everything.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 4 when the lock is stale.")
    ] = False,
    arch: Annotated[
        list[str] | None, typer.Option("--arch", help="Lock for this architecture too: amd64, arm64.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Pin every input of the build, by name, version and hash, in kgshare.lock.

    An existing lock is kept as far as the manifest still asks for the same things.
    """
    from kgshare.lock.command import lock_project
    from kgshare.lock.model import ARCHS
    from kgshare.project import read_project

    if update and check:
        raise UsageError(
            "--update and --check exclude each other", hint="--check says what --update would change"
        )
    archs = tuple(a for a in ARCHS if a in (arch or ()))
    if unknown := set(arch or ()) - set(ARCHS):
        raise UsageError(
            f"unknown architecture: {', '.join(sorted(unknown))}", hint=f"known: {', '.join(ARCHS)}"
        )
    progress = Progress(quiet=quiet)
    report = lock_project(read_project(folder), archs=archs, update=update, check=check, progress=progress)
    show(report, as_json)
    if check and not report.current:
        raise typer.Exit(LockError.exit_code)


@app.command()
def up(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER|ADDRESS",
            help="A bundle; a project's folder, which is built first; https://HOST/FILE; oci://HOST/NAME[:TAG]; a Git address[@REV].",
        ),
    ] = ".",
    name: Stack = None,
    port: Annotated[
        int | None, typer.Option("--port", "-p", help="Port of the page; a free one when the usual is taken.")
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Start no browser.")] = False,
    local: Annotated[
        bool,
        typer.Option("--local", help="Without a container engine, as processes of yours: not sandboxed."),
    ] = False,
    programs: Annotated[
        str | None,
        typer.Option(
            "--programs",
            metavar="bundle|machine",
            help="With --local: run on the bundle's own programs or on this machine's Java and Python; "
            "the bundle's where they can run, when not given.",
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Do not ask: with --local, and before a repository's code is run."),
    ] = False,
    unverified: Annotated[
        bool,
        typer.Option("--unverified", help="At your own risk: run it though nobody you trust vouches for it."),
    ] = False,
    older: trusts.Older = False,
    identity: trusts.ByIdentity = None,
    issuer: trusts.ByIssuer = None,
    base: Base = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Verify a bundle, start it, and open its page.

    Every byte and the signature are checked before anything is loaded. Nothing but this machine reaches what runs, and what runs
    reaches nothing. A second `up` of the same bundle prints the address again.
    """
    from kgshare import stack
    from kgshare.build import bundle_of
    from kgshare.obtain import obtain
    from kgshare.project import MANIFEST
    from kgshare.trust.check import Accept

    if programs is not None and (not local or programs not in ("bundle", "machine")):
        raise UsageError("--programs is `bundle` or `machine`, and goes with --local")
    who = trusts.who_of(identity, issuer)
    progress = Progress(quiet=quiet)
    agreed = agreement(yes)
    where = obtain(reference, progress=progress, may_build=consent(yes), base=base)
    bundle = bundle_of(
        where, progress=progress, local=local, ask=trusts.ask_passphrase if somebody() else None
    )
    # What was built here just now is what its author wants to see, whichever version that is.
    accept = Accept(unverified=unverified, older=older, own=(where / MANIFEST).is_file(), who=who)
    report = stack.up(
        bundle, name=name, port=port, open_page=not no_open, local=local, programs=programs, agreed=agreed,
        keep=reviews.keeper(yes=True, discard=False, progress=progress, must=False),
        accept=accept, progress=progress,
    )  # fmt: skip
    show(report, as_json)


@app.command("complete")
def complete_(
    delta: Annotated[
        Path, typer.Argument(metavar="DELTA", help="What `build --since` wrote beside its bundle.")
    ],
    base: Base = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the bundle; that of DELTA when not given."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the whole bundle of a delta, with the older bundle that this machine has read before or that --base names.

    Both are verified, and so is what comes of them: it is the author's file, to the byte, signature included.
    """
    from kgshare.completed import complete_bundle

    show(complete_bundle(delta, base=base, output=output, progress=Progress(quiet=quiet)), as_json)


@app.command()
def status(name: Stack = None, as_json: Json = False) -> None:
    """What runs: services with their health and image, the address, nodes and relationships."""
    from kgshare import stack

    show(stack.status(name), as_json)


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="Only this service.")] = None,
    name: Stack = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until interrupted.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", help="Only so many of the last lines of each.")
    ] = None,
) -> None:
    """What the services printed."""
    from kgshare import stack

    for line in stack.logs(service, name=name, follow=follow, tail=tail):
        print(printable(line), flush=follow)


@app.command("open")
def open_(name: Stack = None, as_json: Json = False) -> None:
    """Open the page of a running stack, and print its address."""
    from kgshare import stack

    show(stack.open_page(name), as_json)


@app.command()
def reset(
    name: Stack = None,
    yes: Yes = False,
    discard: Discard = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go back to the store of the bundle. Edits are offered as a change set first; with --yes they are saved as one."""
    from kgshare import stack

    progress = Progress(quiet=quiet)
    # A person who is there is asked about the edits, and where there are none nothing is lost.
    agreed = agreement(yes or discard or somebody())
    keep = reviews.keeper(yes=yes, discard=discard, progress=progress)
    show(stack.reset(name, agreed=agreed, keep=keep, progress=progress), as_json)


@app.command()
def down(
    name: Stack = None,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Remove the volumes too; edits are saved first.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every stack of this machine.")] = False,
    yes: Yes = False,
    discard: Discard = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Stop a stack; no container or network of it is left. Its edits stay in its volume.

    With --volumes they are offered as a change set first; where nobody can be asked, they are saved as one.
    """
    from kgshare import stack

    progress = Progress(quiet=quiet)
    keep = reviews.keeper(yes=yes, discard=discard, progress=progress)
    show(stack.down(name, volumes=volumes, everything=everything, keep=keep, progress=progress), as_json)


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE|ADDRESS", help="A bundle, as `up` takes it.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Verify a bundle without loading it, and say what it holds."""
    from kgshare.bundle.inspect import inspect_bundle
    from kgshare.obtain import obtain

    show(inspect_bundle(obtain(file, progress=Progress(quiet=quiet))), as_json)


@app.command()
def snapshot(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            help="A bundle or its address, a snapshot, a project's folder, a Git revision (REV or REV:FOLDER), or stack:NAME; "
            "the running stack when not given.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The folder to write; PROJECT-DIGEST here when not given."),
    ] = None,
    build: Build = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a graph as a folder of sorted text: one record after the other, one property a line, with a digest.

    Equal graphs have equal text and equal digests, wherever they are. A running stack is read as of one moment, or not
    at all.
    """
    from kgshare.snapshot.command import snapshot

    show(snapshot(source, output, build=build, progress=Progress(quiet=quiet)), as_json)


@app.command()
def restore(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A snapshot's folder, or any other graph that `diff` takes."),
    ],
    name: Stack = None,
    yes: Yes = False,
    discard: Discard = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the graph of a running stack that of a snapshot; it is read again to show that they are equal.

    Only what differs is written, the records in one transaction. Edits are offered as a change set first; with --yes they
    are saved as one.
    """
    from kgshare.snapshot.restore import restore

    progress = Progress(quiet=quiet)
    agreed = agreement(yes or discard or somebody())
    keep = reviews.keeper(yes=yes, discard=discard, progress=progress)
    show(restore(source, name, agreed=agreed, keep=keep, progress=progress), as_json)


@app.command()
def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A bundle or its address, a snapshot, a project's folder, a Git revision (REV or REV:FOLDER), or stack:NAME.",
        ),
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The same, or a change set, which must fit A.")],
    stat: Annotated[bool, typer.Option("--stat", help="Only how many records of which kind.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page that shows it, for a browser.")
    ] = None,
    build: Build = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """What differs between two graphs: nodes, relationships, labels, properties, elements of lists, schema.

    Files of canonical text with equal digests are not read. With a change set, what it does to A, or every conflict.
    """
    from kgshare.compare import compare, write_page

    progress = Progress(quiet=quiet)
    report = compare(before, after, stat=stat and html is None, build=build, progress=progress)
    show(write_page(report, html) if html else report, as_json)


@cache_app.command("show")
def cache_show(as_json: Json = False) -> None:
    """What the cache holds, how much of it, and which bundles were read here."""
    from kgshare.cached import show_cache

    show(show_cache(), as_json)


@cache_app.command("empty")
def cache_empty(as_json: Json = False) -> None:
    """Remove fetched parts of bundles and forget which bundles were read here; what builds need stays."""
    from kgshare.cached import empty_cache

    show(empty_cache(), as_json)


@cache_app.command("export")
def cache_export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The tar to write.")],
    folder: Folder = HERE,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the lock and every input it names to one tar, so that it can be built elsewhere or years later."""
    from kgshare.lock.command import export_cache
    from kgshare.project import read_project

    show(export_cache(read_project(folder), file, progress=Progress(quiet=quiet)), as_json)


@cache_app.command("import")
def cache_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A tar that `cache export` wrote.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take inputs from a tar into this machine's cache; each is verified."""
    from kgshare.lock.command import import_cache

    show(import_cache(file, progress=Progress(quiet=quiet)), as_json)


@app.command()
def schema(
    questions: Annotated[
        bool, typer.Option("--questions", help="Of the file that `questions` names.")
    ] = False,
    change_set: Annotated[bool, typer.Option("--change-set", help="Of a change set, as data.")] = False,
    as_json: Json = False,
) -> None:
    """Print the JSON Schema of kgshare.yaml, for editors."""
    from kgshare.changes.schema import json_schema as change_set_schema
    from kgshare.project import json_schema, questions_schema

    if questions and change_set:
        raise UsageError("--questions and --change-set exclude each other", hint="each prints one schema")
    text = change_set_schema() if change_set else questions_schema() if questions else json_schema()
    print(envelope("schema", json.loads(text)) if as_json else text, end="\n" if as_json else "")


@app.command()
def version(as_json: Json = False) -> None:
    """Print kgshare's version."""
    print(envelope("version", {"kgshare": __version__}) if as_json else f"kgshare {__version__}")


def main() -> None:
    """Run the command line and exit; the only place that does."""
    this_process_is_ours()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; errors are printed as text, or as JSON with ``--json``."""
    as_json = "--json" in arguments
    try:
        code = app(args=arguments, prog_name="kgshare", standalone_mode=False)
    except KgshareError as error:
        return report_error(error, as_json)
    except ClickUsageError as error:
        if not str(error):  # no arguments at all: the help was the answer
            return UsageError.exit_code
        hint = f"{getattr(getattr(error, 'ctx', None), 'command_path', 'kgshare')} --help"
        return report_error(UsageError(Problem(message=str(error), hint=hint)), as_json)
    except (typer.Abort, KeyboardInterrupt):
        return report_error(interrupted(), as_json)
    except OSError as error:
        return report_error(refused(error), as_json)
    if code == Interrupted.exit_code:  # typer has made it an exit code already
        return report_error(interrupted(), as_json)
    return code if isinstance(code, int) else 0


def interrupted() -> Interrupted:
    """The error for Ctrl-C."""
    return Interrupted("interrupted", hint="the same command goes on from here")


def refused(error: OSError) -> MachineError:
    """The error for what the machine did not let a command do.

    Raises:
        OSError: the one given, where it is not the machine's doing: that is a defect, and wants its traceback.
    """
    hints = {
        errno.ENOSPC: "make room, then run the same command again",
        errno.EDQUOT: "make room in your quota, then run the same command again",
        errno.EACCES: "see who owns it and who may write there",
        errno.EPERM: "see who owns it and who may write there",
        errno.EROFS: "name a folder that can be written",
        errno.ENOENT: "see that the folder is there",
        errno.ENOTDIR: "see that the folder is one",
        errno.EISDIR: "name a file, not a folder",
    }
    if error.errno not in hints:
        raise error
    reason = error.strerror or str(error)
    return MachineError(Problem(message=reason, where=str(error.filename or ""), hint=hints[error.errno]))


def report_error(error: KgshareError, as_json: bool) -> int:
    """Print an error and return its exit code."""
    if as_json:
        print(envelope("error", None, error_rows(error)))
    else:
        for problem in error.problems:
            print(printable(f"kgshare: {problem}"), file=sys.stderr)
    return error.exit_code
