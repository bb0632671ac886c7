"""What a project has accepted: its folder of change sets, with their history and the repository that it is in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kgshare.changes.model import SUFFIX, Add, Change, ChangeSet, Rename
from kgshare.changes.names import ends
from kgshare.changes.order import Folder, read_whole_folder
from kgshare.changes.since import mentioned
from kgshare.errors import ChangeError, ManifestError, Problem
from kgshare.project import MANIFEST, Project, read_project
from kgshare.review.git import Repository, repository

WORDS = 60  # letters of a title in a file's name


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A project and its change sets.

    Attributes:
        project: the manifest.
        folder: of the change sets.
        sets: what it holds.
        repository: where it is kept; None outside Git.
    """

    project: Project
    folder: Path
    sets: Folder
    repository: Repository | None

    @property
    def applied(self) -> tuple[ChangeSet, ...]:
        """The change sets in the order in which they are applied."""
        return self.sets.applied

    def file(self, name: str) -> Path:
        """The file of a change set."""
        return self.folder / f"{name}{SUFFIX}"

    def require_own(self, one: ChangeSet) -> ChangeSet:
        """The change set, if it is for this project.

        Raises:
            ChangeError: it is for another.
        """
        name = self.project.manifest.name
        if one.project != name:
            message = f"it is for the project {one.project}, not {name}: nothing was done"
            raise ChangeError(Problem(message=message, where=f"{one.name}{SUFFIX}"))
        return one


def read_accepted(where: Path) -> Accepted:
    """Read a project's change sets.

    Raises:
        ManifestError: there is no project, or its manifest names no folder of change sets.
        ChangeError: every mistake in the files.
    """
    project = read_project(where)
    if project.manifest.changes is None:
        hint = "make a folder and name it, as in `changes: data/changes`; proposals are accepted into it"
        raise ManifestError(Problem(message="it names no folder of change sets", where=MANIFEST, hint=hint))
    folder = project.root / project.manifest.changes
    sets = read_whole_folder(folder, project.manifest.name)
    return Accepted(project=project, folder=folder, sets=sets, repository=repository(project.root))


def names_of(changes: Iterable[Change]) -> set[str]:
    """Every name that changes mention or give, and the ends of relationships."""
    given = list(changes)
    names = mentioned(given) | {c.record for c in given if isinstance(c, Add)}
    names |= {c.to for c in given if isinstance(c, Rename)}
    parts = [found for name in names if (found := ends(name))]
    return names | {end for start, _, stop in parts for end in (start, stop)}


def follows_of(changes: Iterable[Change], accepted: Sequence[ChangeSet]) -> tuple[str, ...]:
    """The change sets that changes rest on: those that touch the same records, without those that these rest on."""
    mine = names_of(changes)
    touching = [one for one in accepted if not mine.isdisjoint({c.record for c in one.changes} | _new(one))]
    behind = {name for one in touching for name in known_to(one.follows, accepted)}
    return tuple(sorted(one.name for one in touching if one.name not in behind))


def _new(one: ChangeSet) -> set[str]:
    return {c.to for c in one.changes if isinstance(c, Rename)}


def known_to(follows: Iterable[str], accepted: Sequence[ChangeSet]) -> set[str]:
    """The names of the change sets that some names follow from, directly or not, with these."""
    by_name, known, waiting = {one.name: one for one in accepted}, set[str](), list(follows)
    while waiting:
        name = waiting.pop()
        if name not in known:
            known.add(name)
            waiting += by_name[name].follows if name in by_name else ()
    return known


def name_for(title: str, date: datetime, taken: Iterable[str] = ()) -> str:
    """A change set's file name without ending: its day and its title, in letters that every file system has."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:WORDS].strip("-") or "change-set"
    name = first = f"{date:%Y-%m-%d}-{words}"
    number, there = 2, set(taken)
    while name in there:
        name, number = f"{first}-{number}", number + 1
    return name


def now() -> datetime:
    """This second, in UTC."""
    return datetime.now(UTC).replace(microsecond=0)
