"""A project as it was at a Git revision: its files, taken out of the repository into a folder of their own."""

from __future__ import annotations

import tarfile
from pathlib import Path

from kgshare.errors import Problem, UsageError
from kgshare.project import MANIFEST, Project, read_project
from kgshare.review.git import GitError, repository
from kgshare.untar import unpack


def checked_out(name: str, to: Path, *, at: Path = Path()) -> Project:
    """The project at a revision.

    Args:
        name: ``REV``: the project in the current folder; ``REV:FOLDER``: the one in that folder of the repository.
        to: the folder to write it to.
        at: a folder in the repository; the project in it where only a revision is named.

    Raises:
        UsageError: there is no repository here, no such revision, or no project in it.
    """
    revision, colon, folder = name.partition(":")
    hint = "name a bundle, a snapshot's folder, a project's folder, stack:NAME, or a revision of a Git repository"
    found = repository(at)
    if found is None:
        message = f"there is no {name} here, and this is no Git repository either"
        raise UsageError(Problem(message=message, hint=hint))
    if not found.exists(revision):
        message = f"there is no {name} here, neither a file or folder nor a revision of the Git repository"
        raise UsageError(Problem(message=message, where=str(found.root), hint=hint))
    inside = folder.strip("/") if colon else found.inside(at)
    to.mkdir(parents=True)
    tar = to.with_suffix(".tar")
    try:
        found.run("archive", "--format=tar", "-o", str(tar), revision, "--", inside or ".", cwd=found.root)
        with tarfile.open(tar) as archive:
            unpack(archive, to)
    except (GitError, tarfile.TarError) as error:
        message = f"{name} cannot be taken out of the repository: {error}"
        raise UsageError(Problem(message=message, where=str(found.root))) from None
    finally:
        tar.unlink(missing_ok=True)
    project = to / inside
    if not (project / MANIFEST).is_file():
        place = f"{inside}/{MANIFEST}" if inside not in ("", ".") else MANIFEST
        raise UsageError(
            Problem(
                message=f"there is no project at {name}: no {place}",
                where=str(found.root),
                hint="REV:FOLDER names the project's folder in the repository",
            )
        )
    return read_project(project)
