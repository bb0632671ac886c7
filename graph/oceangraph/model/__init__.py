"""The schema of the ocean graph as a value: labels, keys, properties with type and unit, relationship types.

Seed, check, the manifest's ``identity`` and the documentation are all made from `NODES` and `RELATIONSHIPS`.
Property names are those of CF, of Argo's files and of the CCHDO's netCDF files, in snake case; units are written as
UDUNITS does (`oceangraph.units`).
"""

from __future__ import annotations

from oceangraph.model import text
from oceangraph.model.argo import ARGO, VARIABLES
from oceangraph.model.cruise import CRUISES, LIFE
from oceangraph.model.derived import DERIVED
from oceangraph.model.derived import RELATIONSHIPS as DERIVED_RELATIONSHIPS
from oceangraph.model.kinds import TYPES, NodeKind, Property, RelationshipKind
from oceangraph.model.links import UNSOURCED, relationships
from oceangraph.model.terms import SOURCES, TERMS

__all__ = [
    "NODES",
    "RELATIONSHIPS",
    "TYPES",
    "UNSOURCED",
    "VARIABLES",
    "NodeKind",
    "Property",
    "RelationshipKind",
    "identity",
    "markdown",
    "node_kind",
    "relationship_kind",
    "source_type",
]

NODES: tuple[NodeKind, ...] = (*SOURCES, *TERMS, *ARGO, *CRUISES, *LIFE, *DERIVED)
_DERIVED = frozenset(kind.label for kind in DERIVED)
RELATIONSHIPS: tuple[RelationshipKind, ...] = (
    *relationships(tuple(kind.label for kind in NODES if kind.label not in {*UNSOURCED, *_DERIVED})),
    *DERIVED_RELATIONSHIPS,
)

_NODES = {kind.label: kind for kind in NODES}
_RELATIONSHIPS = {kind.type: kind for kind in RELATIONSHIPS}


def node_kind(label: str) -> NodeKind:
    """The kind with this declared label; KeyError where there is none."""
    return _NODES[label]


def relationship_kind(type_: str) -> RelationshipKind:
    """The relationship kind of this type; KeyError where there is none."""
    return _RELATIONSHIPS[type_]


def source_type(label: str) -> str | None:
    """The relationship that names where a record's facts come from; None for the labels that need no source."""
    if label in UNSOURCED:
        return None
    if label not in _DERIVED:
        return "DERIVED_FROM"
    return "DEFINED_IN" if label in ("WaterMass", "Derivation") else "COMPUTED_FROM"


def identity() -> dict[str, dict[str, list[str]]]:
    """The manifest's ``identity`` block: label → key properties, relationship type → discriminator where it has one."""
    return {
        "nodes": {kind.label: list(kind.key) for kind in NODES},
        "relationships": {k.type: list(k.discriminator) for k in RELATIONSHIPS if k.discriminator},
    }


def markdown() -> str:
    """The model as a reference: a diagram, a table of properties for each label, and the relationship types."""
    return text.markdown(NODES, RELATIONSHIPS)
