"""Read ``kgshare.yaml`` strictly: every mistake with its file and line, all at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from kgshare.errors import ManifestError, Problem
from kgshare.project import rules
from kgshare.project.datasets import read_datasets
from kgshare.project.model import DataSet, Manifest
from kgshare.project.questions import read_questions
from kgshare.project.yamlfile import load, problems_of
from kgshare.questions.model import Question

MANIFEST = "kgshare.yaml"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A manifest that was read and found right, and the folder it stands in.

    Attributes:
        root: the project's folder; every path in the manifest is relative to it.
        manifest: what the file says.
        text: the file's bytes, as they go into the bundle.
        questions: what `manifest.questions` states, read where it names a file.
        datasets: what `manifest.datasets` states, likewise.
    """

    root: Path
    manifest: Manifest
    text: bytes
    questions: tuple[Question, ...] = ()
    datasets: tuple[DataSet, ...] = ()

    @property
    def checksum(self) -> str:
        """SHA-256 of the manifest's bytes, which its lock carries."""
        return hashlib.sha256(self.text).hexdigest()


def json_schema() -> str:
    """The manifest's JSON Schema, from the same definition that validates it."""
    return json.dumps(Manifest.model_json_schema(), indent=2) + "\n"


def read_project(where: Path) -> Project:
    """Read the manifest of a project's folder (or the manifest itself).

    Raises:
        ManifestError: there is none, or with every mistake in it, by file and line.
    """
    file = where / MANIFEST if where.is_dir() or where.suffix not in {".yaml", ".yml"} else where
    try:
        text = file.read_bytes()
    except OSError:
        raise ManifestError(
            Problem(
                message="there is no manifest here",
                where=str(file),
                hint="go to the project's folder, or write a kgshare.yaml (see docs/reference/manifest.md)",
            )
        ) from None
    return parse_project(text, file)


def parse_project(text: bytes, file: Path) -> Project:
    """What `read_project` does, for a manifest's bytes; ``file`` names them and its folder is the project's."""
    data, lines = load(text, file.name)
    problems = [*rules.missing_files(data, lines, file)]
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        raise ManifestError(*problems_of(error, lines, file.name), *problems) from None
    problems += rules.broken_rules(manifest, lines, file.name)
    questions: tuple[Question, ...] = ()
    datasets: tuple[DataSet, ...] = ()
    try:
        questions = read_questions(manifest.questions, lines, file)
    except ManifestError as error:
        problems += error.problems
    try:
        datasets = read_datasets(manifest.datasets, lines, file)
    except ManifestError as error:
        problems += error.problems
    if problems:
        raise ManifestError(*problems)
    root = file.parent.resolve()
    return Project(root=root, manifest=manifest, text=text, questions=questions, datasets=datasets)
