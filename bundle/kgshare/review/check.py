"""``kgshare review check``: whether all change sets together still mean what they say, and the graph they make is right.

First on records: every conflict, with base, theirs and ours. Only if there is none, on a throw-away store: constraints, and
the project's checks, questions and rules.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from kgshare.changes.apply import Conflict
from kgshare.changes.file import read_change_set
from kgshare.changes.model import SUFFIX, ChangeSet
from kgshare.changes.order import read_whole_folder
from kgshare.changes.present import Present, present
from kgshare.errors import ChangeError, CheckError, ConflictError, KgshareError, Problem, SeedError
from kgshare.plan import REPORT
from kgshare.progress import Progress
from kgshare.review.accepted import Accepted, read_accepted
from kgshare.review.fold import folded_changes
from kgshare.review.upstream import Upstream, at_hand, check_store, unpacked, upstream
from kgshare.seeding.result import SeedReport


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: ``conflict``, ``constraint``, ``check``, ``question``, ``rule``, ``signature``, ``folded`` or ``seed``.
        where: file and line, or which check.
        message: what is wrong.
        hint: what to do.
        conflict: of a conflict its kind; empty for others, as are the next.
        record: its identity.
        what: the place in it.
        base: what was expected; theirs: what is there; ours: what the change set makes of it.
        theirs: likewise.
        ours: likewise.
    """

    kind: str
    where: str
    message: str
    hint: str = ""
    conflict: str = ""
    record: str = ""
    what: str = ""
    base: str | None = None
    theirs: str | None = None
    ours: str | None = None


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What ``check`` returns.

    Attributes:
        ok: whether nothing is wrong.
        change_sets: how many were looked at; changes: how many they have.
        changes: likewise.
        checked: how many checks, questions and rules were asked.
        digest: of the graph that they make; empty where something is wrong.
        findings: what is wrong.
    """

    schema: ClassVar[str] = "review-check"
    ok: bool
    change_sets: int
    changes: int
    checked: int
    digest: str = ""
    findings: tuple[Finding, ...] = ()
    exit_code: int = field(default=0, repr=False)

    def text(self) -> str:
        """Each finding, or that all is well."""
        head = f"{self.change_sets} change sets with {self.changes} changes"
        if self.ok:
            return f"{head} fit; {self.checked} checks, questions and rules hold\n  {self.digest}"
        shown = [_shown(finding) for finding in self.findings]
        return "\n".join([*shown, f"{head}: {len(self.findings)} found wrong"])


def _shown(finding: Finding) -> str:
    hint = f"\n  → {finding.hint}" if finding.hint else ""
    return f"{finding.kind}: {finding.where}: {finding.message}{hint}"


def check(
    where: Path,
    files: Sequence[Path] = (),
    *,
    local: bool | None = None,
    seeded: bool = False,
    progress: Progress,
) -> CheckReport:
    """Check a project's change sets, all together.

    Args:
        where: the project's folder.
        files: proposals that are checked as if they were accepted.
        local: without a container, as processes here; where not given, if there is no Docker.
        seeded: the project was just seeded with these change sets, so that its constraints, checks and questions hold:
            a throw-away store is made only where it has rules.
        progress: says what takes time.

    Raises:
        ChangeError: a file is not a change set, of another project, or in a circle.
        LockError, SeedError: upstream cannot be had.
    """
    own = read_accepted(where)
    with _with_files(own, files) as accepted:
        found = [*_signatures(accepted), *_folded(accepted)]
        with upstream(own.project, local=local, progress=progress) as up:
            graph = present(up.base, accepted.applied)
            found += conflicts_of(graph, accepted.project.manifest.changes or "")
            digest = ""
            if not found and seeded and not own.project.manifest.review.rules:
                digest = (
                    f"sha256:{SeedReport.from_json(up.done.path(REPORT).read_text(encoding='utf-8')).digest}"
                )
            elif not found:
                digest, wrong = _on_a_store(replace(up, project=accepted.project), progress)
                found += wrong
    manifest = accepted.project.manifest
    asked = len(manifest.checks) + len(accepted.project.questions) + len(manifest.review.rules)
    return CheckReport(
        ok=not found, change_sets=len(accepted.applied), changes=sum(len(c.changes) for c in accepted.applied),
        checked=asked, digest=digest, findings=tuple(found),
        exit_code=raised(found).exit_code if found else 0,
    )  # fmt: skip


def ahead(where: Path) -> tuple[Finding, ...]:
    """What can be said of a project's change sets before anything is seeded or started, from files alone.

    Signatures, folded histories and, where its upstream was seeded on this machine before, every conflict.

    Raises:
        ChangeError: every mistake in the files.
        LockError: the project has no lock that fits.
    """
    accepted = read_accepted(where)
    found = [*_signatures(accepted), *_folded(accepted)]
    if done := at_hand(accepted.project):
        with unpacked(done, accepted.project.manifest.name) as base:
            graph = present(base, accepted.applied)
            found += conflicts_of(graph, accepted.project.manifest.changes or "")
    return tuple(found)


def raised(findings: Sequence[Finding]) -> ConflictError | CheckError:
    """What was found wrong, as an error: a conflict where there is one."""
    fits = all(finding.kind != "conflict" for finding in findings)
    problems = (Problem(message=f.message, where=f.where, hint=f.hint, kind=f.kind) for f in findings)
    return (CheckError if fits else ConflictError)(*problems)


def conflicts_of(graph: Present, folder: str) -> list[Finding]:
    """The conflicts of change sets on a graph; pure."""
    return [_conflict(one, conflict, folder) for one, conflict in graph.conflicts]


def _conflict(one: ChangeSet, conflict: Conflict, folder: str) -> Finding:
    hint = f"`kgshare review rebase {folder}/{one.name}{SUFFIX}` rewrites it onto the graph as it is"
    return Finding(
        kind="conflict", where=f"{folder}/{one.where(conflict.change)}", message=conflict.text(), hint=hint,
        conflict=conflict.kind, record=conflict.record, what=conflict.what, base=conflict.base,
        theirs=conflict.theirs, ours=conflict.ours,
    )  # fmt: skip


def _on_a_store(up: Upstream, progress: Progress) -> tuple[str, list[Finding]]:
    try:
        with progress.stage("check on a throw-away store"):
            return f"sha256:{check_store(up, progress).digest}", []
    except (SeedError, CheckError) as error:
        return "", [_finding(error, problem) for problem in error.problems]


def _finding(error: KgshareError, problem: Problem) -> Finding:
    kind = problem.kind or error.kind
    return Finding(kind=kind, where=problem.where, message=problem.message, hint=problem.hint)


@contextmanager
def _with_files(accepted: Accepted, files: Sequence[Path]) -> Iterator[Accepted]:
    """The project with some proposals among its change sets, as a copy of what a check needs.

    Raises:
        ChangeError: every mistake in the files.
    """
    outside = [file for file in files if file.resolve().parent != accepted.folder.resolve()]
    if not outside:
        for file in files:
            read_change_set(file)
        yield accepted
        return
    for file in outside:
        one = accepted.require_own(read_change_set(file))
        there = accepted.file(one.name)
        if there.exists() and there.read_bytes() != file.read_bytes():
            message = f"another change set of that name is accepted: {one.name}"
            raise ChangeError(Problem(message=message, where=str(file), hint="give the file another name"))
    manifest = accepted.project.manifest
    with tempfile.TemporaryDirectory(prefix="kgshare-proposed-") as made:
        root = Path(made)
        for rule in manifest.review.rules:
            (root / rule).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(accepted.project.root / rule, root / rule)
        folder = root / (manifest.changes or "")
        shutil.copytree(accepted.folder, folder, dirs_exist_ok=True)
        for file in outside:
            shutil.copyfile(file, folder / file.name)
        sets = read_whole_folder(folder, manifest.name)
        yield replace(accepted, folder=folder, sets=sets, project=replace(accepted.project, root=root))


def _folded(accepted: Accepted) -> Iterator[Finding]:
    """A folded change set must do what its history does, or blame would tell tales."""
    by_name = {one.name: one for one in accepted.applied}
    for name, olds in accepted.sets.folded.items():
        if set(folded_changes(olds)) != set(by_name[name].changes):
            folder = accepted.project.manifest.changes
            message = f"it is not what the change sets in {name}/ come to"
            yield Finding(kind="folded", where=f"{folder}/{name}{SUFFIX}", message=message)


def _signatures(accepted: Accepted) -> Iterator[Finding]:
    """Every change set was added by a commit that a known key signed, where the manifest asks for it."""
    signers = accepted.project.manifest.review.signers
    if signers is None:
        return
    folder, repo = accepted.project.manifest.changes or "", accepted.repository
    commits = {}
    if repo is not None:
        commits = repo.adders(repo.inside(accepted.folder), signers=accepted.project.root / signers)
    for one in accepted.applied:
        commit = commits.get(f"{one.name}{SUFFIX}")
        said = commit.signature if commit else "not committed"
        if said != "good":
            message = (
                f"it is {said or 'not signed'}" if not commit or not said else f"its commit is signed {said}"
            )
            hint = f"a commit that adds a change set is signed by a key that {signers} names"
            yield Finding(kind="signature", where=f"{folder}/{one.name}{SUFFIX}", message=message, hint=hint)
