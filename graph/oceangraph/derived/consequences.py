"""What a correction means for derived facts: the changes that belong to it, so that a proposal carries them.

Derived facts are seeded from upstream; what moves them is a change like any other, seen and reviewed with its cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from kgshare.canonical.records import NodeId, RelationshipId, block, parse_identity
from kgshare.canonical.values import encode
from kgshare.changes.diff import field_changes
from kgshare.changes.model import Add, Change, ChangeSet, Property, Remove, in_order
from kgshare.seeding import Relationships
from oceangraph.derived.facts import Facts, facts
from oceangraph.derived.samples import Tables
from oceangraph.model import node_kind
from oceangraph.model.derived import VALUES

FACTS = ("MixedLayer", "WaterMassLayer")
_VALUES = tuple(p.name for p in VALUES)
_TYPES = ("COMPUTED_FROM", "COMPUTED_BY", "SHOWS", "OF_MASS", "NEAREST")


def consequences(
    tables: Tables, before: Sequence[ChangeSet], after: Sequence[ChangeSet]
) -> tuple[Change, ...]:
    """The changes of derived facts that change sets bring with them.

    Args:
        tables: the project's, as upstream has them.
        before: the change sets that hold already.
        after: those, and the ones that are asked about.
    """
    old, new = facts(tables, before), facts(tables, after)
    return in_order([*_values(old, new), *_records(_texts(old), _texts(new))])


def is_derived(change: Change) -> bool:
    """Whether a change is one of a derived fact."""
    if isinstance(change, Property) and change.name in _VALUES:
        return True
    record = parse_identity(change.record)
    return record.type in _TYPES if isinstance(record, RelationshipId) else record.label in FACTS


def _values(old: Facts, new: Facts) -> Iterator[Change]:
    for label in ("Bottle", "Level"):
        one, other = old.tables[label], new.tables[label]
        for name in _VALUES:
            moved = one[name].ne(other[name]) & ~(one[name].isna() & other[name].isna())
            for id_, before, after in zip(
                one.loc[moved, "id"], one.loc[moved, name], other.loc[moved, name], strict=True
            ):
                yield Property(_node(label, id_).text, name, _text(before), _text(after))


def _records(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for identity in old.keys() - new.keys():
        yield Remove(old[identity])
    for identity in new.keys() - old.keys():
        yield Add(new[identity])
    for identity in old.keys() & new.keys():
        if old[identity] != new[identity]:
            yield from field_changes(old[identity], new[identity])


def _texts(found: Facts) -> dict[str, str]:
    """The derived records as canonical text, by identity."""
    texts: dict[str, str] = {}
    for label in FACTS:
        kind = node_kind(label)
        names = [p.name for p in kind.properties if p.name != "id"]
        for row in _rows(found.tables[label]):
            identity = _node(label, row["id"]).text
            texts[identity] = block(identity, list(kind.also), _present({name: row[name] for name in names}))
    for batch in found.relationships:
        if batch.type in _TYPES:
            texts.update(_links(batch))
    return texts


def _links(batch: Relationships) -> Iterator[tuple[str, str]]:
    for row in _rows(batch.rows):
        start, end = _node(batch.start.label, row.pop("start")), _node(batch.end.label, row.pop("end"))
        identity = RelationshipId(batch.type, start, end).text
        yield identity, block(identity, [], _present(row))


def _rows(frame: Any) -> Iterable[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in pd.DataFrame(frame).to_dict("records")]


def _present(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not pd.isna(value)}


def _node(label: str, id_: str) -> NodeId:
    return NodeId(label, (("id", id_),))


def _text(value: float) -> str | None:
    return None if pd.isna(value) else encode(float(value))
