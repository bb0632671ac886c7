"""``kgshare ci run``: the pipeline, as far as something changed. Its body is the list of the stages."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from kgshare.aside import write_aside
from kgshare.attest.origin import origin_of
from kgshare.build import Prepared, StepReport, judged_today, prepared, works_of
from kgshare.ci import comment
from kgshare.ci.pipeline import (
    CHECK,
    CHECK_RESULT,
    COMMENT,
    COMMENT_TEXT,
    DIFF,
    DIFF_PAGE,
    DIFF_RESULT,
    PLACE,
    PUBLISH,
    SIGN,
    Against,
    Wishes,
    against_of,
    make_pipeline,
    require_destinations,
    require_folder,
    target_in,
    until,
)
from kgshare.ci.works import NOT_COMPARED, Around
from kgshare.engines import choice
from kgshare.engines.local import LocalEngine
from kgshare.errors import ConflictError, KgshareError, SeedError, UsageError
from kgshare.places import cache_dir
from kgshare.plan import BUNDLE, BUNDLE_DIGEST, POLICY, POLICY_RESULT, input_files
from kgshare.policy.result import PolicyReport
from kgshare.progress import Progress
from kgshare.steps import Done, Plan, StepStore, Work, outlook, run_steps
from kgshare.trust.author import BY_DEFAULT, Author, Signing, author_of

SUMMARY = "GITHUB_STEP_SUMMARY"  # the file whose Markdown GitHub shows with a run
SUMMARY_SIZE = 1_000_000  # bytes; GitHub takes 1 MiB a step


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a run was asked for.

    Attributes:
        to: the last step; the whole pipeline when empty.
        output: the folder of the bundle; the project's when not given.
        publish: folders and registries to publish to.
        replace: whether a registry's tag that names something else may be given to this bundle.
        signing: how to sign.
        engine: what builds: ``docker``, ``dagger``, or ``none`` for this machine's own means.
        against: what to compare with; see `kgshare.ci.pipeline.against_of`.
        base: the commit to compare with where nothing was asked for and no forge says otherwise.
        report: the folder to write the comment and what belongs to it to.
        environment: the variables of the forge.
    """

    to: str = ""
    output: Path | None = None
    publish: tuple[str, ...] = ()
    replace: bool = False
    signing: Signing = BY_DEFAULT
    engine: str = "docker"
    against: str = ""
    base: str = ""
    report: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run came to.

    Attributes:
        name, version: the project's.
        steps: every step, in order; what ran, why, and how long it took.
        bundle: the signed file; None where the run ended before it.
        digest: SHA-256 of its index.
        policy: what the policy says of it today, in one line; empty where it was not judged.
        published: where to.
        report: the folder with the comment; None where none was asked for.
        cache: the one folder that a CI keeps for the next run.
        seconds: how long the run took.
    """

    schema: ClassVar[str] = "ci-run"
    name: str
    version: str
    steps: tuple[StepReport, ...]
    bundle: Path | None
    digest: str
    policy: str
    published: tuple[str, ...]
    report: Path | None
    cache: Path
    seconds: float

    def text(self) -> str:
        """What was done and why, then what there is now."""
        width = max(18, *(len(s.name) for s in self.steps))
        ran = [f"  {s.name:<{width}} {s.seconds:6.1f} s  {s.reason}" for s in self.steps if s.ran]
        same = len(self.steps) - len(ran)
        lines = [f"{self.name} {self.version}: {'done' if ran else 'nothing had changed'}", *ran]
        if ran and same:
            lines.append(f"  {same} of {len(self.steps)} steps were unchanged")
        if self.policy:
            lines.append(f"  policy: {self.policy}")
        if self.bundle:
            lines.append(f"  {self.bundle}\n  {self.digest}")
        lines += [f"  published to {destination}" for destination in self.published]
        if self.report:
            lines.append(f"  comment: {self.report / COMMENT_TEXT}")
        return "\n".join([*lines, f"{self.seconds:.1f} s"])


WorksOf = Callable[[Prepared, str, Progress], tuple[Prepared, Mapping[str, Work]]]
"""Gives the build with its inputs fetched, and the work of its steps by the engine of a name; asked only where one has to run."""


def build_works(made: Prepared, engine: str, progress: Progress) -> tuple[Prepared, Mapping[str, Work]]:
    """The work of a build."""
    return works_of(made, choice.named(engine)(), locked=True, progress=progress)


def run(folder: Path, asked: Asked, *, progress: Progress, works: WorksOf = build_works) -> RunReport:
    """Run a project's pipeline, as far as something changed; the lock is taken as it is.

    Args:
        folder: the project's.
        asked: what was asked for.
        progress: says what takes time.
        works: what does the steps of the build.

    Raises:
        KgshareError: that of the step that failed. What was done before it is kept and is not done again; nothing is
            placed or published unless every step before that is done.
    """
    require_places(asked)
    telling = Telling(asked=asked, title=folder.resolve().name)
    try:
        return _run(folder, asked, telling, progress, works)
    except KgshareError as error:
        telling.failed(error)
        raise


def _run(folder: Path, asked: Asked, telling: Telling, progress: Progress, works: WorksOf) -> RunReport:
    start = time.monotonic()
    made = prepared(folder, locked=True, progress=progress)
    telling.title = f"{made.project.manifest.name} {made.project.manifest.version}"
    telling.changes = made.project.manifest.changes or ""
    require_committed(made, asked)
    against = against_of(made.project.root, asked.against, asked.environment, asked.base)
    author = author_for(asked)
    if author and author.note:
        progress.say(author.note)
    wishes = wishes_of(made, asked, author, against)
    store = StepStore(root=cache_dir() / "steps")
    plan = telling.plan = until(make_pipeline(made, wishes), asked.to or COMMENT)
    forget_not_compared(plan, store)
    todo = {name for name, one in outlook(plan, store).items() if one.reason}
    if CHECK in todo:
        require_fit(made, telling)
    if author and SIGN in todo:
        author.ready()  # before the first slow step
    work: Mapping[str, Work] = {}
    if todo & {step.name for step in made.plan.steps}:
        made, work = works(made, asked.engine, progress)
        plan = telling.plan = until(make_pipeline(made, wishes), asked.to or COMMENT)
    local = asked.engine == LocalEngine.name
    around = Around(build=made, wishes=wishes, author=author, local=local, progress=progress)
    done = run_steps(plan, telling.named({**work, **around.by_step()}), store, progress)
    telling.done = {step.name: done[step.name] for step in plan.steps}
    policy = judged_today(done[POLICY].path(POLICY_RESULT)) if POLICY in done else None
    telling.ended()
    return _report(made, wishes, asked, telling, policy, time.monotonic() - start)


def require_places(asked: Asked) -> None:
    """See that what is to be written has its place; nothing is done for a run that could not end.

    Raises:
        UsageError: it has not.
    """
    for path, option in ((asked.report, "--report"), (asked.output, "--output")):
        if path is not None:
            require_folder(path, option)
    require_destinations(asked.publish)


def wishes_of(
    made: Prepared, asked: Asked, author: Author | None, against: Against | None, otherwise: str = ""
) -> Wishes:
    """What is asked of the pipeline; ``otherwise`` signs where there is no author yet."""
    root = made.project.root
    signer = author.mark or f"keyless {author.ready()}" if author else otherwise
    return Wishes(
        output=asked.output or root, signer=signer, destinations=asked.publish, replace=asked.replace,
        against=against,
    )  # fmt: skip


def require_fit(made: Prepared, telling: Telling) -> None:
    """See that the change sets fit as far as that can be said before anything slow begins.

    Raises:
        ConflictError, CheckError: they do not; with every finding.
    """
    from kgshare.review.check import ahead, raised

    if found := ahead(made.project.root):
        telling.step = CHECK
        raise raised(found)


def author_for(asked: Asked) -> Author | None:
    """Who signs; None where nobody does, or the run ends before that."""
    late = asked.to in ("", SIGN, PLACE, COMMENT) or asked.to.partition(".")[0] == PUBLISH
    return author_of(asked.signing) if late else None


def require_committed(made: Prepared, asked: Asked) -> None:
    """See that what is published can be found again: what it is built from is committed.

    Raises:
        UsageError: it is not.
    """
    if not asked.publish:
        return
    changed = origin_of(made.project.root, input_files(made.project)).changed
    if changed:
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        raise UsageError(
            f"what would be published is not committed: {', '.join(changed[:5])}{more}",
            hint="commit it first, or leave --publish out: then it is built and placed, and its evidence says so",
        )


def forget_not_compared(plan: Plan, store: StepStore) -> None:
    """What hindered a comparison may be gone by now: try again."""
    found = outlook(plan, store).get(DIFF)
    if found and found.done and NOT_COMPARED in found.done.path(DIFF_RESULT).read_text(encoding="utf-8")[:40]:
        shutil.rmtree(found.done.folder)


@dataclass
class Telling:
    """What is known while a pipeline runs, so that a comment can be made of it however it ends."""

    asked: Asked
    title: str
    plan: Plan | None = None
    changes: str = ""
    step: str = ""
    done: Mapping[str, Done] = field(default_factory=dict)

    def named(self, works: Mapping[str, Work]) -> dict[str, Work]:
        """Works that say which of them failed."""
        return {name: self._named(name, work) for name, work in works.items()}

    def _named(self, name: str, work: Work) -> Work:
        def watched(before: Mapping[str, Done], out: Path) -> None:
            try:
                work(before, out)
            except SeedError as error:
                self.step = self.step or name
                raise in_change_sets(error, self.changes) from None
            except BaseException:
                self.step = self.step or name
                raise

        return watched

    def steps(self) -> tuple[StepReport, ...]:
        """What became of each step that is done."""
        return tuple(
            StepReport(name=d.name, ran=not d.cached, reason=d.reason, seconds=round(d.seconds, 2))
            for d in self.done.values()
        )

    def ended(self) -> None:
        """Write the comment of a run that came to its end."""
        self._write(comment.whole(self.title, comment.body(self.done), self.steps()))

    def failed(self, error: KgshareError) -> None:
        """Write the comment of a run that failed; what was done before is in it."""
        if self.plan and not self.done:
            found = outlook(self.plan, StepStore(root=cache_dir() / "steps"))
            self.done = {name: one.done for name, one in found.items() if one.done}
        failure = comment.Failure(step=self.step, code=error.exit_code, problems=error.problems)
        self._write(comment.whole(self.title, comment.body(self.done), (), failure))

    def _write(self, text: str) -> None:
        if self.asked.report:
            write_report(self.asked.report, text, self.done)
        if summary := self.asked.environment.get(SUMMARY):
            data = text.encode()[:SUMMARY_SIZE].decode(errors="ignore")
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(data)


def in_change_sets(error: SeedError, folder: str) -> KgshareError:
    """An error of the seed; where all of it is in change sets, they do not fit, as a check would have said."""
    inside = folder and all(problem.where.startswith(f"{folder}/") for problem in error.problems)
    return ConflictError(*error.problems) if inside else error


def write_report(folder: Path, text: str, done: Mapping[str, Done]) -> None:
    """A folder with the comment, and the results that it speaks of beside it; others that stood there are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = {DIFF: (DIFF_PAGE, DIFF_RESULT), POLICY: (POLICY_RESULT,), CHECK: (CHECK_RESULT,)}
    for step, names in beside.items():
        for name in names:
            if step in done and done[step].path(name).stat().st_size:
                write_aside(folder / name, done[step].path(name).read_text(encoding="utf-8"))
            else:
                (folder / name).unlink(missing_ok=True)
    write_aside(folder / COMMENT_TEXT, text)


def _report(
    made: Prepared,
    wishes: Wishes,
    asked: Asked,
    telling: Telling,
    policy: PolicyReport | None,
    seconds: float,
) -> RunReport:
    done, manifest = telling.done, made.project.manifest
    published = [name for name in done if name.partition(".")[0] == PUBLISH]
    return RunReport(
        name=manifest.name,
        version=manifest.version,
        steps=telling.steps(),
        bundle=target_in(wishes.output, made) if PLACE in done else None,
        digest=done[BUNDLE].path(BUNDLE_DIGEST).read_text() if BUNDLE in done else "",
        policy=policy.line() if policy else "",
        published=wishes.destinations[: len(published)],
        report=asked.report,
        cache=cache_dir(),
        seconds=round(seconds, 2),
    )
