"""From a project to the specification of its seed stage; runs on the host, starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kgshare.images.conf import allowlist
from kgshare.project.model import CsvRelationships, SeedStep
from kgshare.project.read import Project
from kgshare.project.rules import ALLOWLIST
from kgshare.seeding import spec

# What of kgshare the stage needs where it runs: the image builder copies these, and no more.
RUNTIME_SOURCES = (
    "kgshare/__init__.py",
    "kgshare/aside.py",
    "kgshare/errors.py",
    "kgshare/canonical",
    "kgshare/changes",
    "kgshare/doors/__init__.py",
    "kgshare/doors/packstream.py",
    "kgshare/doors/wire.py",
    "kgshare/questions",
    "kgshare/seeding",
)
# What it needs from the package index beside that.
RUNTIME_REQUIREMENTS = ("neo4j>=5.26,<7",)


def seed_spec(
    project: Project,
    *,
    root: str,
    java: str,
    lib: str,
    plugins: str | None,
    work: str,
    out: str,
    config: Mapping[str, str] | None = None,
) -> spec.SeedSpec:
    """The specification of a project's seed stage.

    Args:
        project: the manifest.
        root: the project's folder *where the stage runs* (inside a build step another one than on the host).
        java: the Java executable there.
        lib: the folder of Neo4j's jars there.
        plugins: the folder of plugin jars there, if there are plugins.
        work: a folder for scratch files there.
        out: where the stage puts its result.
        config: Neo4j settings beside the manifest's own.
    """
    manifest = project.manifest
    settings = {name: _setting(value) for name, value in manifest.neo4j.config.items()}
    # The same list as in the image: a script that works while seeding finds its procedures there too.
    settings[ALLOWLIST] = allowlist(settings.get(ALLOWLIST, ""))
    return spec.SeedSpec(
        project=root,
        java=java,
        lib=lib,
        plugins=plugins,
        neo4j_version=manifest.neo4j.version,
        heap=manifest.neo4j.memory.heap,
        pagecache=manifest.neo4j.memory.pagecache,
        config={**settings, **(config or {})},
        node_keys=dict(manifest.identity.nodes),
        relationship_keys=dict(manifest.identity.relationships),
        steps=tuple(_step(step) for step in manifest.seed),
        checks=tuple(spec.Check(name=c.name, cypher=c.cypher, expect=c.expect) for c in manifest.checks),
        questions=project.questions,
        name=manifest.name,
        changes=manifest.changes,
        work=work,
        out=out,
    )


def review_spec(seed: spec.SeedSpec, project: Project, *, store: str, applied: str) -> spec.SeedSpec:
    """The specification of a check of a project's change sets (`kgshare.seeding.review`).

    Args:
        seed: how the project is seeded where the stage runs.
        project: the manifest.
        store: the folder ``data`` of a store that was seeded before, there.
        applied: the folder of the change sets that are in it, there.
    """
    return replace(seed, steps=(), store=store, applied=applied, rules=project.manifest.review.rules)


def _setting(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _step(step: SeedStep) -> spec.Step:
    if step.dump:
        return spec.DumpStep(file=step.dump.file)
    if step.csv:
        return spec.CsvStep(
            nodes=tuple(
                spec.Table(file=t.file, labels=t.labels, types=dict(t.types)) for t in step.csv.nodes
            ),
            relationships=tuple(_links(table) for table in step.csv.relationships),
        )
    if step.python:
        return spec.PythonStep(function=step.python.function, source=step.python.source)
    assert step.cypher
    return spec.CypherStep(scripts=step.cypher.scripts, inputs=step.cypher.inputs)


def _links(table: CsvRelationships) -> spec.LinkTable:
    return spec.LinkTable(
        file=table.file,
        type=table.type,
        start=spec.TableEnd(label=table.start.label, columns=table.start.columns),
        end=spec.TableEnd(label=table.end.label, columns=table.end.columns),
        types=dict(table.types),
    )
