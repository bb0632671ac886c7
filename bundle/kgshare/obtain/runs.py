"""What building a project runs of its own code, for a person to read before it is run. Pure but for counting files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kgshare.project import Project
from kgshare.project.model import Application, SeedStep
from kgshare.shown import one_line
from kgshare.steps import files_below

LIMIT = 12  # names in a row


def what_runs(project: Project) -> tuple[str, ...]:
    """One line for each thing of the project that a build, or the stack that is started then, executes or imports."""
    manifest = project.manifest
    lines = [line for step in manifest.seed for line in _seed(step, project.root)]
    if manifest.changes:
        lines.append(f"change sets: {_files((manifest.changes,), project.root)}")
    lines += [f"check of the graph: {check.name}" for check in manifest.checks]
    lines += [f"rule of reviews: {name}" for name in manifest.review.rules]
    lines += _application(manifest.application, project.root)
    lines += [f"plugin of the database: {name}" for name in manifest.neo4j.plugins]
    return tuple(one_line(line) for line in lines)  # a name may hold an end of a line


def _seed(step: SeedStep, root: Path) -> Iterator[str]:
    if step.python:
        wants = f", with {_names(step.python.requirements)}" if step.python.requirements else ""
        yield f"seed, Python: {step.python.function} in {_files(step.python.source, root)}{wants}"
    if step.cypher:
        yield f"seed, Cypher: {_names(step.cypher.scripts)}"
    if step.csv:
        tables = [table.file for table in step.csv.nodes]
        tables += [table.file for table in step.csv.relationships]
        yield f"seed, tables: {_names(tables)}"
    if step.dump:
        yield f"seed, a dump of a database: {step.dump.file}"


def _application(application: Application, root: Path) -> Iterator[str]:
    image = application.image
    if isinstance(image, str):
        yield f"application, a ready image: {image}"
    elif image is not None:
        beside = f", with {_files(image.context, root)}" if image.context else ""
        yield f"application, built by its Dockerfile: {image.dockerfile}{beside}"
    if application.source:
        start = f", started by {' '.join(application.start)}" if application.start else ""
        yield f"application, Python: {_files(application.source, root)}{start}"
    if application.requirements:
        yield f"application, packages: {_names(application.requirements)}"
    if application.assets:
        yield f"application, npm packages: {_names(sorted(application.assets))}"
    if application.jars:
        yield f"application, jars: {_names([str(jar) for jar in application.jars])}"


def _files(names: tuple[str, ...], root: Path) -> str:
    count = sum(len(files_below(root / name, root)) for name in names)
    return f"{_names(names)} ({count} file{'' if count == 1 else 's'})"


def _names(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - LIMIT} more" if len(names) > LIMIT else ""
    return ", ".join(names[:LIMIT]) + more
