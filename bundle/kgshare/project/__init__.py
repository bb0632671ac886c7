"""The manifest: ``kgshare.yaml`` becomes a `Project`, or a list of everything that is wrong with it."""

from kgshare.project.model import (
    Application,
    Check,
    CsvNodes,
    CsvRelationships,
    CsvStep,
    CypherStep,
    DumpStep,
    Manifest,
    PythonStep,
    SeedStep,
)
from kgshare.project.questions import questions_schema
from kgshare.project.read import MANIFEST, Project, json_schema, read_project

__all__ = [
    "MANIFEST",
    "Application",
    "Check",
    "CsvNodes",
    "CsvRelationships",
    "CsvStep",
    "CypherStep",
    "DumpStep",
    "Manifest",
    "Project",
    "PythonStep",
    "SeedStep",
    "json_schema",
    "questions_schema",
    "read_project",
]
