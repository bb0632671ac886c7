"""What the seed stage is given: one JSON file, written on the host and read inside the build.

The classes mirror the manifest's, but need nothing beyond the standard library: the stage runs beside Java in a
build step (or, without containers, in any Python from 3.11 on).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kgshare.questions.model import Question, from_data

SCHEMA = "kgshare.seed-spec/v1"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A CSV file of nodes; ``labels[0]`` is the one whose key is declared."""

    file: str
    labels: tuple[str, ...]
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TableEnd:
    """How a row names the node at one end."""

    label: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LinkTable:
    """A CSV file of relationships."""

    file: str
    type: str
    start: TableEnd
    end: TableEnd
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CsvStep:
    """Tables for the bulk import."""

    nodes: tuple[Table, ...] = ()
    relationships: tuple[LinkTable, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PythonStep:
    """``module:function``, and the files or folders (in the project) that hold its modules."""

    function: str
    source: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CypherStep:
    """Scripts, and the files that their ``LOAD CSV`` may read."""

    scripts: tuple[str, ...]
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DumpStep:
    """A file of ``neo4j-admin database dump``; the first step, and no bulk step beside it."""

    file: str


Step = DumpStep | CsvStep | PythonStep | CypherStep


@dataclass(frozen=True, kw_only=True)
class Check:
    """A query and the single value that it must return."""

    name: str
    cypher: str
    expect: Any


@dataclass(frozen=True, kw_only=True)
class SeedSpec:
    """Everything the seed stage needs to know.

    Attributes:
        project: the project's folder; every file named in the steps is relative to it.
        java: the Java executable.
        lib: the folder of Neo4j's jars.
        plugins: a folder of plugin jars, or None.
        neo4j_version: for the report; the jars decide what runs.
        heap: Java's heap, as in ``512m``; pagecache: Neo4j's page cache.
        config: further Neo4j settings from the manifest.
        node_keys: label → its key properties.
        relationship_keys: relationship type → the properties that tell parallel ones apart.
        steps: a dump or bulk steps (csv, python) before cypher steps.
        checks: what must hold of the finished graph.
        questions: what it must answer.
        name: the project's, which its change sets carry.
        changes: the folder of change sets, relative to the project's; None where there are none.
        begun: the folder ``data`` of a store in which the steps have been done (`kgshare.seeding.stage.seed_upstream`).
        only_steps: do the steps and no more; what they make is what another stage begins with.
        store: the folder ``data`` of a store that was seeded before: it is checked, not seeded (`kgshare.seeding.review`).
        applied: the folder of the change sets that are in it.
        rules: scripts that are run when it is checked, relative to the project's folder.
        work: a folder for what is thrown away; emptied first.
        out: the folder of the result; see `kgshare.seeding.close`.
    """

    project: str
    java: str
    lib: str
    plugins: str | None = None
    neo4j_version: str
    heap: str = "512m"
    pagecache: str = "128m"
    config: Mapping[str, str] = field(default_factory=dict)
    node_keys: Mapping[str, tuple[str, ...]]
    relationship_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    steps: tuple[Step, ...]
    checks: tuple[Check, ...] = ()
    questions: tuple[Question, ...] = ()
    name: str = ""
    changes: str | None = None
    begun: str | None = None
    only_steps: bool = False
    store: str | None = None
    applied: str | None = None
    rules: tuple[str, ...] = ()
    work: str
    out: str

    def to_json(self) -> str:
        """The file's text: sorted keys, so that equal specifications are equal bytes."""
        data = {"schema": SCHEMA, **dataclasses.asdict(self)}
        data["steps"] = [{KINDS[type(step)]: dataclasses.asdict(step)} for step in self.steps]
        return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> SeedSpec:
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is not a specification of this version.
        """
        data = json.loads(text)
        schema = data.pop("schema", None)
        if schema != SCHEMA:
            raise ValueError(f"not a seed specification: schema is {schema!r}, not {SCHEMA!r}")
        data["steps"] = tuple(_step(step) for step in data["steps"])
        data["checks"] = tuple(Check(**check) for check in data["checks"])
        data["questions"] = from_data(data["questions"])
        data["rules"] = tuple(data["rules"])
        for keys in ("node_keys", "relationship_keys"):
            data[keys] = {name: tuple(columns) for name, columns in data[keys].items()}
        return cls(**data)


KINDS: dict[type, str] = {DumpStep: "dump", CsvStep: "csv", PythonStep: "python", CypherStep: "cypher"}


def _step(data: dict[str, Any]) -> Step:
    ((kind, step),) = data.items()
    match kind:
        case "dump":
            return DumpStep(file=step["file"])
        case "csv":
            return CsvStep(
                nodes=tuple(Table(**{**row, "labels": tuple(row["labels"])}) for row in step["nodes"]),
                relationships=tuple(
                    LinkTable(**{**row, "start": _end(row["start"]), "end": _end(row["end"])})
                    for row in step["relationships"]
                ),
            )
        case "python":
            return PythonStep(function=step["function"], source=tuple(step["source"]))
        case "cypher":
            return CypherStep(scripts=tuple(step["scripts"]), inputs=tuple(step["inputs"]))
    raise ValueError(f"unknown kind of seed step: {kind}")


def _end(data: dict[str, Any]) -> TableEnd:
    return TableEnd(label=data["label"], columns=tuple(data["columns"]))
