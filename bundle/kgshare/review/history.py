"""Where a project's or a bundle's history is: its change sets, the commits that brought them in, and the text of its graph."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.changes.model import SUFFIX, ChangeSet
from kgshare.changes.order import Folder
from kgshare.errors import UsageError
from kgshare.project import Manifest
from kgshare.review.accepted import Accepted, read_accepted
from kgshare.review.bundled import bundled
from kgshare.review.git import Commit
from kgshare.review.upstream import text_at_hand


@dataclass(frozen=True, kw_only=True)
class History:
    """What is known of a graph's history.

    Attributes:
        manifest: the project's.
        sets: its change sets.
        commits: by a change set's name, the commit that brought it in; empty for a bundle, and outside Git.
        text: the folder of a canonical text of the graph; None where none is at hand.
    """

    manifest: Manifest
    sets: Folder
    commits: Mapping[str, Commit]
    text: Path | None


@contextmanager
def history_of(where: Path) -> Iterator[History]:
    """The history of a project's folder, or of what a bundle holds.

    Raises:
        UsageError: it is neither.
        BundleError: the bundle is refused.
        ManifestError, ChangeError: the project or its change sets are not as they must be.
    """
    if where.is_file() and where.suffix not in (".yaml", ".yml"):
        with bundled(where) as graph:
            yield History(manifest=graph.manifest, sets=graph.sets, commits={}, text=graph.base.text)
        return
    accepted = read_accepted(where)
    with tempfile.TemporaryDirectory(prefix="kgshare-history-") as folder:
        text = text_at_hand(accepted.project, Path(folder))
        manifest = accepted.project.manifest
        yield History(manifest=manifest, sets=accepted.sets, commits=_commits(accepted), text=text)


def _commits(accepted: Accepted) -> dict[str, Commit]:
    """The commit that brought each change set in, by its name; of a folded one, the one that added it first."""
    repo, signers = accepted.repository, accepted.project.manifest.review.signers
    if repo is None:
        return {}
    keys = accepted.project.root / signers if signers else None
    found = repo.adders(repo.inside(accepted.folder), signers=keys)
    commits: dict[str, Commit] = {}
    for path, commit in sorted(found.items(), key=lambda item: item[0].count("/")):
        commits.setdefault(Path(path).name.removesuffix(SUFFIX), commit)
    return commits


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One change set of the history.

    Attributes:
        name: its file's name without ending.
        title: its; the next four likewise.
        author: who proposed it.
        date: when, ISO 8601.
        reason: why.
        references: what it rests on.
        changes: how many.
        commit: that brought it in; empty where there is none.
        committer: who did.
        signature: what Git says of the commit's signature; signer: whose key it is.
        signer: likewise.
        folded: the change sets that were folded into it.
    """

    name: str
    title: str
    author: str
    date: str
    reason: str
    references: tuple[str, ...]
    changes: int
    commit: str
    committer: str
    signature: str
    signer: str
    folded: tuple[str, ...]

    @classmethod
    def of(cls, one: ChangeSet, history: History) -> LogEntry:
        """The entry of a change set."""
        commit = history.commits.get(one.name)
        return cls(
            name=one.name, title=one.title, author=one.author, date=f"{one.date:%Y-%m-%dT%H:%M:%SZ}", reason=one.reason,
            references=one.references, changes=len(one.changes), commit=commit.sha if commit else "",
            committer=commit.committer if commit else "", signature=commit.signature if commit else "",
            signer=commit.signer if commit else "",
            folded=tuple(old.name for old in history.sets.folded.get(one.name, ())),
        )  # fmt: skip

    def lines(self) -> list[str]:
        """The entry for a person."""
        made = f"{self.changes} change{'' if self.changes == 1 else 's'}"
        rows = [f"{self.date[:10]}  {self.title}   ({self.name}, {made})", f"  by {self.author}"]
        if self.commit:
            signed = f", signature {self.signature}" if self.signature else ""
            signed += f" ({self.signer})" if self.signer else ""
            rows.append(f"  commit {self.commit[:12]} by {self.committer}{signed}")
        rows += [f"  {line}" for line in self.reason.split("\n")]
        rows += [f"  see {reference}" for reference in self.references]
        rows += [f"  folded from {name}" for name in self.folded]
        return rows


@dataclass(frozen=True, kw_only=True)
class LogReport:
    """What ``log`` returns, the latest first."""

    schema: ClassVar[str] = "log"
    project: str
    entries: tuple[LogEntry, ...]

    def text(self) -> str:
        """Every entry, an empty line between two."""
        if not self.entries:
            return f"{self.project} has no change sets"
        return "\n\n".join("\n".join(entry.lines()) for entry in self.entries)


def log(where: Path, *, folded: bool = False) -> LogReport:
    """The change sets of a project or a bundle.

    Args:
        where: the project's folder, or a bundle.
        folded: in place of a folded one those that it was made of.

    Raises:
        UsageError, BundleError, ManifestError, ChangeError: as `history_of`.
    """
    if not where.exists():
        raise UsageError(f"there is no {where}", hint="name a project's folder or a bundle")
    with history_of(where) as history:
        sets = history.sets.history if folded else history.sets.applied
        entries = tuple(LogEntry.of(one, history) for one in reversed(sets))
        return LogReport(project=history.manifest.name, entries=entries)
