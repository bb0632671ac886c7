"""Change sets: what a proposal changes, as a value, as a file, applied to a graph's canonical records, and compared.

Needs the standard library, the ``neo4j`` driver's value types and ``kgshare.canonical`` only, because the seed stage
applies change sets too.
"""

from kgshare.changes.apply import Applied, Conflict, Delta, after, apply
from kgshare.changes.compose import NotComposable, compose
from kgshare.changes.diff import TextDiff, diff, diff_texts
from kgshare.changes.file import parse_change_set, read_change_set, render
from kgshare.changes.model import (
    Add,
    Change,
    ChangeSet,
    Element,
    Label,
    Property,
    Remove,
    Rename,
    invert,
)
from kgshare.changes.order import ordered, read_folder

__all__ = [
    "Add",
    "Applied",
    "Change",
    "ChangeSet",
    "Conflict",
    "Delta",
    "Element",
    "Label",
    "NotComposable",
    "Property",
    "Remove",
    "Rename",
    "TextDiff",
    "after",
    "apply",
    "compose",
    "diff",
    "diff_texts",
    "invert",
    "ordered",
    "parse_change_set",
    "read_change_set",
    "read_folder",
    "render",
]
