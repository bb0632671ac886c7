"""From a canonical text, the records that changes need: not the whole graph where that can be helped."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kgshare.canonical.records import shard
from kgshare.canonical.text import folder_name, read_digest
from kgshare.changes.diff import records_of
from kgshare.changes.model import Add, Change, Remove, Rename
from kgshare.changes.names import ends, key_names


def load_touched(text: Path, changes: Iterable[Change]) -> dict[str, str]:
    """The records that changes name and the ends of relationships that they add.

    Where a node is removed or renamed, every relationship too, because it may be one of that node.

    Args:
        text: the folder of a canonical text.
        changes: of one or more sets.
    """
    named: set[str] = set()
    nodes_move = False
    for change in changes:
        parts = ends(change.record)
        named.add(change.record)
        if isinstance(change, Add) and parts:
            named |= {parts[0], parts[2]}
        if isinstance(change, Rename):
            named.add(change.to)
        nodes_move |= isinstance(change, Remove | Rename) and parts is None
    there = {file.path for file in read_digest(text).files}
    paths = {_path(identity) for identity in named}
    if nodes_move:
        paths |= {path for path in there if path.startswith("relationships/")}
    records = records_of(text, sorted(paths & there))
    return {i: t for i, t in records.items() if i in named or (nodes_move and ends(i))}


def _path(identity: str) -> str:
    kind = "relationships" if ends(identity) else "nodes"
    return f"{kind}/{folder_name(key_names(identity)[0])}/{shard(identity)}.txt"
