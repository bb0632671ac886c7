"""What a project has accepted: its folder of change sets, with their history and the repository that it is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kgshare.changes.model import SUFFIX, ChangeSet
from kgshare.changes.order import Folder, read_whole_folder
from kgshare.errors import ChangeError, ManifestError, Problem
from kgshare.project import MANIFEST, Project, read_project
from kgshare.review.git import Repository, repository


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
