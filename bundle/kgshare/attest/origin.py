"""Where the files of a project come from: the last revision that changed one of them, and whether they are as it has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kgshare.doors.process import CommandMissing
from kgshare.review.git import GitError, Repository


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A state of a project's files in Git.

    Attributes:
        revision: the last commit that changed one of them, so that another commit rebuilds nothing; empty where the project
            is in no repository.
        changed: those that are otherwise now, or that Git does not know; sorted.
    """

    revision: str = ""
    changed: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether the revision has exactly the files that are built."""
        return bool(self.revision) and not self.changed


UNKNOWN = Origin()


def origin_of(root: Path, paths: Iterable[Path]) -> Origin:
    """The state of some files and folders of a project; `UNKNOWN` where there is no Git, or no repository around them."""
    repository = Repository(root=root)
    names = sorted({path.relative_to(root).as_posix() for path in paths})
    try:
        if repository.run("rev-parse", "--is-inside-work-tree").strip() != "true":
            return UNKNOWN
        revision = repository.run("log", "-1", "--format=%H", "--", *names).strip()
        # What Git is told to ignore is built all the same, if it is an input; bytecode never is.
        status = repository.run(
            "status", "--porcelain", "-z", "-uall", "--ignored", "--no-renames", "--", *names
        )
    except (GitError, CommandMissing):
        return UNKNOWN
    changed = sorted(row[3:] for row in status.split("\0") if row and not _bytecode(row))
    return Origin(revision=revision, changed=tuple(changed))


def _bytecode(path: str) -> bool:
    return path.endswith(".pyc") or "__pycache__/" in path
