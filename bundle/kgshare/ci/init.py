"""``kgshare ci init``: thin files that let a forge, or a bare repository, run the pipeline. What is there is not overwritten."""

from __future__ import annotations

import difflib
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from kgshare import __version__
from kgshare.aside import write_aside
from kgshare.ci.received import SECTION
from kgshare.doors.process import CommandFailed, CommandMissing, run
from kgshare.errors import Problem, UsageError
from kgshare.lock.model import LOCK
from kgshare.project import read_project
from kgshare.review.git import ENVIRONMENT, GitError, Repository, repository

FORGES = ("github", "gitlab", "git")
FILES: Mapping[str, Mapping[str, str]] = {
    "github": {
        ".github/workflows/kgshare.yml": "github.yml",
        ".github/workflows/kgshare-release.yml": "github-release.yml",
    },
    "gitlab": {".gitlab-ci.yml": "gitlab.yml"},
    "git": {"hooks/pre-receive": "pre-receive", "hooks/post-receive": "post-receive"},
}
# Releases by the commit that GitHub shows for their tag; as many public workflows name them, with the same comment.
ACTIONS: Mapping[str, str] = {
    "CHECKOUT": "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
    "SETUP_PYTHON": "actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0",
    "CACHE": "actions/cache@cdf6c1fa76f9f475f3d7449005a359c84ca0f306 # v5.0.3",
    "UPLOAD": "actions/upload-artifact@330a01c490aca151604b8cf639adc76d48f6c5d4 # v5.0.0",
    "DOWNLOAD": "actions/download-artifact@634f93cb2916e3fdff6788551b99b062d0335ce0 # v5.0.0",
}
INSTALL = f"kgshare[keyless]=={__version__}"
NEXT: Mapping[str, tuple[str, ...]] = {
    "github": (
        "commit and push them; then, in the repository's settings,",
        "make the status `review check` required for the branch (Rules, or Branches), and",
        "let Actions create pull requests (Actions, General), for the proposal of a new lock",
    ),
    "gitlab": (
        "commit and push it; then, in the project's settings,",
        "let only merge requests be merged whose pipeline succeeded (Merge requests), and",
        "add a schedule (Build, Pipeline schedules) and a project access token as KGSHARE_TOKEN, for the proposal of a new lock",
    ),
    "git": (),
}
# What may stand in a file unquoted or in double quotes, in YAML as in a shell.
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_FOLDER = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._/-]*")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\[\],=@+:/ -]*")


@dataclass(frozen=True, kw_only=True)
class InitReport:
    """What was written.

    Attributes:
        forge: for which.
        written: files that are new or renewed; same: those that were so already.
        same: likewise.
        next: what a person does now, a line each.
    """

    schema: ClassVar[str] = "ci-init"
    forge: str
    written: tuple[Path, ...]
    same: tuple[Path, ...]
    next: tuple[str, ...]

    def text(self) -> str:
        """A line a file, then what comes next."""
        lines = [
            *(f"wrote {file}" for file in self.written),
            *(f"{file} is so already" for file in self.same),
        ]
        return "\n".join([*lines, *(f"  {line}" for line in self.next)])


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How the files are to be.

    Attributes:
        branch: the one that is guarded; the repository's own when empty.
        install: what pip installs on a forge.
        force: whether files that are otherwise are overwritten.
        build: whether hooks may run what is pushed; of a bare repository only.
        local: whether hooks build without a container engine.
    """

    branch: str = ""
    install: str = INSTALL
    force: bool = False
    build: bool = False
    local: bool = False


def init(forge: str | None, folder: Path, wanted: Wanted) -> InitReport:
    """Write the files of a forge.

    Args:
        forge: one of `FORGES`; the one that the remote names when not given.
        folder: the project's; for ``git`` the bare repository.
        wanted: how they are to be.

    Raises:
        UsageError: the forge is unknown, the folder is in no repository or is no bare one, a file is there already and
            otherwise, or a name cannot stand in these files.
        ManifestError: there is no project.
    """
    forge = forge or forge_of(folder)
    if forge not in FORGES:
        hint = f"known: {', '.join(FORGES)}; elsewhere let its jobs call `kgshare ci run`"
        raise UsageError(Problem(message=f"there are no files for {forge}", hint=hint))
    if forge == "git":
        return _hooks(folder, wanted)
    root = read_project(folder).root
    found = repository(root)
    if found is None:
        raise UsageError(
            Problem(message="is in no Git repository", where=str(root), hint="`git init` makes one")
        )
    texts = rendered(forge, wanted.install, wanted.branch or branch_of(found), found.inside(root))
    return _write(forge, found.root, texts, wanted.force)


def rendered(forge: str, install: str, branch: str, inside: str) -> dict[str, str]:
    """The files of a forge by name; pure.

    Args:
        forge: ``github`` or ``gitlab``.
        install: what pip installs.
        branch: the one that is guarded.
        inside: the project's folder in the repository, ``.`` for its top.

    Raises:
        UsageError: one of these cannot stand in such a file.
    """
    for text, form, what in (
        (install, _REQUIREMENT, "a requirement"),
        (branch, _BRANCH, "a branch"),
        (inside, _FOLDER, "a folder"),
    ):
        if not form.fullmatch(text):
            hint = "letters, digits, dots, dashes and slashes can"
            raise UsageError(Problem(message=f"{text!r} cannot stand in these files as {what}", hint=hint))
    top = inside == "."
    values = {
        **ACTIONS, "VERSION": __version__, "INSTALL": install, "BRANCH": branch, "AT": "" if top else f" {inside}",
        "LOCK": LOCK if top else f"{inside}/{LOCK}",
    }  # fmt: skip
    return {name: _filled(source, values) for name, source in FILES[forge].items()}


def hooks(program: str) -> dict[str, str]:
    """The hooks of a bare repository by name; ``program`` is what they run, as a shell reads it. Pure."""
    values = {"VERSION": __version__, "KGSHARE": program}
    return {name: _filled(source, values) for name, source in FILES["git"].items()}


def _filled(source: str, values: Mapping[str, str]) -> str:
    text = files("kgshare.ci").joinpath("files", source).read_text(encoding="utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text)


def _hooks(folder: Path, wanted: Wanted) -> InitReport:
    bare = Repository(root=folder.resolve())
    try:
        is_bare = bare.run("rev-parse", "--is-bare-repository").strip() == "true"
        home = folder.resolve() / bare.run("rev-parse", "--git-dir").strip()
    except (GitError, CommandMissing, OSError):
        is_bare = False
    if not is_bare:
        hint = "hooks check what is pushed, so they stand where one pushes to: `git init --bare FOLDER.git`"
        raise UsageError(Problem(message="is no bare repository", where=str(folder), hint=hint))
    program = f"{shlex.quote(sys.executable)} -m kgshare"
    report = _write("git", home, hooks(program), wanted.force, mode=0o755)
    wishes = {"build": str(wanted.build).lower(), "local": str(wanted.local).lower()}
    if wanted.branch:
        wishes["branch"] = wanted.branch
    for name, value in wishes.items():
        bare.run("config", "--local", "--replace-all", f"{SECTION}.{name}", value)
    may = (
        "what is pushed is built here: its seed steps and Dockerfiles run in the build's sandbox"
        if wanted.build
        else f"nothing that is pushed is run here, so nothing is built; `git config {SECTION}.build true` allows it"
    )
    return InitReport(forge="git", written=report.written, same=report.same, next=(may,))


def _write(forge: str, root: Path, texts: Mapping[str, str], force: bool, mode: int = 0o644) -> InitReport:
    """Write files, all or none.

    Raises:
        UsageError: one is there and says something else; the difference is shown.
    """
    there = {
        name: (root / name).read_bytes().decode(errors="replace") for name in texts if (root / name).exists()
    }
    other = [name for name, text in there.items() if text != texts[name]]
    if other and not force:
        raise UsageError(*(_in_the_way(name, there[name], texts[name]) for name in other))
    written = [name for name in texts if there.get(name) != texts[name]]
    for name in written:
        write_aside(root / name, texts[name], mode=mode)
    return InitReport(
        forge=forge, written=tuple(root / n for n in written), next=NEXT[forge],
        same=tuple(root / n for n in texts if n not in written),
    )  # fmt: skip


def _in_the_way(name: str, there: str, wanted: str) -> Problem:
    difference = difflib.unified_diff(
        there.splitlines(), wanted.splitlines(), "there", "wanted", lineterm="", n=1
    )
    shown = [f"    {line}" for line in _first(difference, 40)]
    message = "\n".join(["exists and is otherwise:", *shown])
    return Problem(message=message, where=name, hint="--force overwrites it")


def _first(lines: Iterator[str], count: int) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == count:
            yield "…"
            return
        yield line


def branch_of(found: Repository) -> str:
    """The branch that others work towards: the remote's, else the one that is checked out, else ``main``."""
    for words in (
        ("symbolic-ref", "--short", "refs/remotes/origin/HEAD"),
        ("symbolic-ref", "--short", "HEAD"),
    ):
        try:
            return found.run(*words).strip().removeprefix("origin/")
        except GitError:
            continue
    return "main"


def forge_of(folder: Path) -> str:
    """The forge that a repository's remote names.

    Raises:
        UsageError: it has no remote, or one that does not say which forge it is.
    """
    hint = f"say which: kgshare ci init {'|'.join(FORGES)}"
    try:
        address = run(["git", "remote", "get-url", "origin"], cwd=folder, without=ENVIRONMENT).stdout.strip()
    except (CommandFailed, CommandMissing, OSError):
        raise UsageError(
            Problem(message="no remote says which forge it is for", where=str(folder), hint=hint)
        ) from None
    host = urlsplit(address).hostname or address.partition(":")[0].rpartition("@")[2]
    for forge in ("github", "gitlab"):
        if forge in host.split("."):
            return forge
    raise UsageError(Problem(message=f"the remote {address} does not say which forge it is", hint=hint))
