"""What a bare repository does with a push: before it is taken in, check it and refuse it with the reason; after that, build it.

What is pushed is not trusted. Its files are put into a folder of their own, links out of it are refused, and as long as the
repository's owner has not set ``kgshare.build``, they are only read: no seed step, Dockerfile or script of theirs is run.
docs/decisions/199 says what each hook does and does not.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar, Literal

from kgshare.build import prepared
from kgshare.ci.run import Asked, RunReport, WorksOf, build_works, run
from kgshare.engines.local import LocalEngine
from kgshare.errors import BundleError, KgshareError, ManifestError, Problem, UsageError
from kgshare.places import cache_dir
from kgshare.plan import POLICY, POLICY_RESULT
from kgshare.policy import store
from kgshare.policy.judge import judge, require_green
from kgshare.policy.result import PolicyReport
from kgshare.policy.settings import settings_of
from kgshare.progress import Progress
from kgshare.project import MANIFEST, Project
from kgshare.review.git import GitError, Repository
from kgshare.steps import StepStore

Hook = Literal["pre-receive", "post-receive"]
HOOKS: tuple[Hook, ...] = ("pre-receive", "post-receive")
QUARANTINE = (
    "GIT_QUARANTINE_PATH"  # where Git keeps a push until it is taken in: githooks(5), git-receive-pack(1)
)
SECTION = "kgshare"  # of the repository's own configuration, which no push reaches
KEPT = "kgshare"  # the folder in the repository where bundles are kept
# A checkout runs no hook, and fetches nothing for Git LFS.
CAREFUL = ("core.hooksPath=/dev/null", "core.symlinks=true")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the owner of a bare repository has set.

    Attributes:
        guarded: the refs that are checked and built, as patterns.
        build: whether what is pushed may be run: seed steps and Dockerfiles, in the build's sandbox.
        local: build without a container engine.
        project: the project's folder in the repository.
        keep: where bundles are kept.
    """

    guarded: tuple[str, ...]
    build: bool
    local: bool
    project: str
    keep: Path


@dataclass(frozen=True, kw_only=True)
class Update:
    """One line that Git gives a hook: a ref, and the commits that it named and is to name."""

    old: str
    new: str
    ref: str

    @property
    def removed(self) -> bool:
        """Whether the ref goes."""
        return not self.new.strip("0")

    @property
    def place(self) -> str:
        """Where its bundles are kept: a branch does not take the place of a tag of the same name."""
        return self.ref.removeprefix("refs/")

    @property
    def name(self) -> str:
        """The ref as a person says it."""
        return self.ref.removeprefix("refs/").removeprefix("heads/").removeprefix("tags/")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one ref.

    Attributes:
        ref: which.
        commit: what it names now, or would.
        said: in a line.
        bundle: the bundle that is kept; None where none was built.
    """

    ref: str
    commit: str
    said: str
    bundle: Path | None = None


@dataclass(frozen=True, kw_only=True)
class HookReport:
    """What a hook did."""

    schema: ClassVar[str] = "ci-hook"
    hook: str
    outcomes: tuple[Outcome, ...]

    def text(self) -> str:
        """One line a ref."""
        return "\n".join(f"{one.ref}: {one.said}" for one in self.outcomes) or "nothing here is guarded"


def receive(
    hook: Hook, bare: Path, lines: Sequence[str], environment: Mapping[str, str], *, progress: Progress, works: WorksOf = build_works
) -> HookReport:  # fmt: skip
    """Do what a hook does.

    Args:
        hook: which.
        bare: the repository, as Git names it.
        lines: what Git gives on standard input: ``OLD NEW REF`` each.
        environment: the variables that Git sets.
        progress: says what takes time; Git hands it on to who pushes.
        works: what does the steps of a build.

    Raises:
        KgshareError: the first ref that is refused, with the reason; or, when every ref was seen to, what the first build
            that failed ended with.
    """
    repository = Repository(root=bare)
    settings = settings_from(repository)
    done: list[Outcome] = []
    failed: list[KgshareError] = []
    for update in updates(lines):
        if update.removed or not any(fnmatchcase(update.ref, pattern) for pattern in settings.guarded):
            continue
        with pushed(bare, update.new, environment) as tree:
            project = tree / settings.project
            try:
                _require_project(project, settings)
                if hook == "pre-receive":
                    done.append(_before(project, update, settings, progress, works))
                else:
                    done.append(_after(project, update, settings, progress, works))
            except KgshareError as error:
                what = "is refused" if hook == "pre-receive" else "was taken in, but not built"
                progress.say(f"✗ {update.name} at {update.new[:12]} {what}:")
                if hook == "pre-receive":
                    raise
                # The other refs were taken in as well, and nobody will push them again.
                progress.say(f"  {error}")
                failed.append(error)
    for one in done if failed else ():
        progress.say(f"{one.ref}: {one.said}")
    if failed:
        raise failed[0]
    return HookReport(hook=hook, outcomes=tuple(done))


def updates(lines: Sequence[str]) -> Iterator[Update]:
    """The lines as values.

    Raises:
        UsageError: a line is none.
    """
    for line in lines:
        words = line.split(" ", 2)
        if len(words) != 3:
            raise UsageError(
                f"not a line that Git gives a hook: {line.strip()!r}", hint="Git calls hooks itself"
            )
        yield Update(old=words[0], new=words[1], ref=words[2].rstrip("\n"))


def settings_from(repository: Repository) -> Settings:
    """What the repository's own configuration says; only that file is read, as a push cannot reach it."""

    def values(name: str) -> tuple[str, ...]:
        try:
            return tuple(repository.run("config", "--local", "--get-all", f"{SECTION}.{name}").splitlines())
        except GitError:
            return ()

    def on(name: str) -> bool:
        return values(name)[-1:] == ("true",)

    branch = values("branch")[-1:]
    main = f"refs/heads/{branch[0]}" if branch else repository.run("symbolic-ref", "HEAD").strip()
    keep = values("keep")
    return Settings(
        guarded=values("ref") or (main, "refs/tags/v*"), build=on("build"), local=on("local"),
        project=(values("project") or (".",))[-1], keep=repository.root / (keep[-1] if keep else KEPT),
    )  # fmt: skip


@contextmanager
def pushed(bare: Path, commit: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """The files of a commit in a folder of their own, a repository that borrows the objects; gone afterwards.

    Objects of a push that is not taken in yet are in quarantine, where only the hook's own variables lead.

    Raises:
        ManifestError: a link in it leads out of the folder.
    """
    with tempfile.TemporaryDirectory(prefix="kgshare-pushed-") as made:
        tree = Path(made) / "tree"
        made_here = Repository(root=Path(made))
        form = Repository(root=bare).run("rev-parse", "--show-object-format").strip()
        made_here.run("init", "--quiet", "--template=", f"--object-format={form}", "-b", "pushed", str(tree))
        places = [bare.resolve() / "objects"]
        if quarantine := environment.get(QUARANTINE):
            places.append((bare / quarantine).resolve())
        info = tree / ".git" / "objects" / "info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "alternates").write_text("".join(f"{place}\n" for place in places), encoding="utf-8")
        Repository(root=tree).run("checkout", "--quiet", "--detach", commit, config=CAREFUL)
        _require_inside(tree)
        yield tree


def _require_inside(tree: Path) -> None:
    wrong = []
    for folder, folders, files in os.walk(tree):
        if ".git" in folders and Path(folder) == tree:
            folders.remove(".git")
        for path in (Path(folder, name) for name in (*folders, *files)):
            if path.is_symlink() and not path.resolve().is_relative_to(tree.resolve()):
                wrong.append(path.relative_to(tree).as_posix())
    if wrong:
        raise ManifestError(
            *(Problem(message="a link that leads out of the repository", where=w) for w in sorted(wrong))
        )


def _require_project(project: Path, settings: Settings) -> None:
    if not (project / MANIFEST).is_file():
        where = MANIFEST if settings.project == "." else f"{settings.project}/{MANIFEST}"
        hint = f"push it, or name the project's folder: git config {SECTION}.project FOLDER"
        raise ManifestError(Problem(message="there is no project in what is pushed", where=where, hint=hint))


def _before(project: Path, update: Update, settings: Settings, progress: Progress, works: WorksOf) -> Outcome:
    """Check what is pushed, by reading it; and where that is allowed, by building as far as the policy."""
    found = prepared(project, locked=True, progress=Progress(quiet=True))
    if found.project.manifest.changes:
        from kgshare.review.check import ahead, raised

        with progress.stage(f"{update.name}: do the change sets fit?"):
            if wrong := ahead(project):
                raise raised(wrong)
    if settings.build:
        report = run(project, asked_of(settings, to=POLICY), progress=progress, works=works)
        said = f"accepted; policy: {report.policy}"
    else:
        judged = judged_by_the_last(found.project, settings.keep / update.place)
        said = (
            f"accepted, read only; policy by what was built last: {judged.line()}"
            if judged
            else "accepted, read only"
        )
    return Outcome(ref=update.ref, commit=update.new, said=said)


def judged_by_the_last(project: Project, kept: Path) -> PolicyReport | None:
    """What the pushed policy says of the bundle that was built last; None where none was.

    Args:
        project: what is pushed.
        kept: where the ref's bundle is kept; where there is none, one of the project's name that was built on this machine.

    Raises:
        PolicyError: a check fails.
    """
    name = project.manifest.name
    for folder in (kept, *StepStore(root=cache_dir() / "steps").latest_first(POLICY)):
        try:
            known = store.parse((folder / POLICY_RESULT).read_bytes(), POLICY_RESULT)
        except (OSError, BundleError):
            continue
        if folder == kept or known.facts.name == name:
            report = judge(known.facts, settings_of(project.root), store.today())
            require_green(report)
            return report
    return None


def _after(project: Path, update: Update, settings: Settings, progress: Progress, works: WorksOf) -> Outcome:
    """Build what was taken in and keep its bundle, in a folder named by the ref."""
    if not settings.build:
        said = f"not built: `git config {SECTION}.build true` in the repository allows that"
        return Outcome(ref=update.ref, commit=update.new, said=said)
    home = settings.keep / update.place
    home.mkdir(parents=True, exist_ok=True)
    base = update.old if update.old.strip("0") else ""
    asked = replace(asked_of(settings), output=home, report=home, base=base)
    report: RunReport = run(project, asked, progress=progress, works=works)
    assert report.bundle is not None
    said = f"built {report.bundle.name}, {report.digest[:19]}; policy: {report.policy}"
    return Outcome(ref=update.ref, commit=update.new, said=said, bundle=report.bundle)


def asked_of(settings: Settings, to: str = "") -> Asked:
    """A run of the pipeline for a hook; no forge's variables count."""
    return Asked(to=to, engine=LocalEngine.name if settings.local else "docker", environment={})
