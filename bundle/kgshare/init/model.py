"""What passes between the stages of ``init``: what was seen, what is proposed, what is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Key:
    """Properties that tell the nodes of a label apart.

    Attributes:
        properties: their names.
        constraint: the constraint that says so; empty where only the data does.
    """

    properties: tuple[str, ...]
    constraint: str = ""


@dataclass(frozen=True, kw_only=True)
class LabelSet:
    """Nodes that carry just these labels."""

    labels: tuple[str, ...]
    count: int


@dataclass(frozen=True, kw_only=True)
class LinkKind:
    """Relationships of one type between nodes of two label sets."""

    type: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    count: int


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a graph consists of.

    Attributes:
        sets: which combinations of labels there are.
        keys: label → what tells its nodes apart, every node of it having all of it; constraints first.
        links: which relationships there are.
        discriminators: type → properties that tell parallel relationships apart; only types that have parallel ones,
            with an empty list where nothing does.
        version: Neo4j's.
        notes: what was seen and is not taken over.
    """

    sets: tuple[LabelSet, ...]
    keys: Mapping[str, tuple[Key, ...]]
    links: tuple[LinkKind, ...]
    discriminators: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    version: str = ""
    notes: tuple[str, ...] = ()

    @property
    def nodes(self) -> int:
        """How many nodes."""
        return sum(row.count for row in self.sets)

    @property
    def relationships(self) -> int:
        """How many relationships."""
        return sum(row.count for row in self.links)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The identity that is proposed.

    Attributes:
        nodes: label → key.
        relationships: type → discriminators.
        surrogates: the labels and types among them whose key is a running number that the capture makes.
        notes: what a person should look at, because more than one answer was possible.
    """

    nodes: Mapping[str, tuple[str, ...]]
    relationships: Mapping[str, tuple[str, ...]]
    surrogates: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def label(self, labels: tuple[str, ...]) -> str:
        """Which of a node's labels has its key."""
        return next(label for label in labels if label in self.nodes)


@dataclass(frozen=True, kw_only=True)
class About:
    """What a project says of itself, and where each word was found.

    Attributes:
        notes: what was not found and what stands in its place.
    """

    name: str
    version: str
    description: str
    licence: str
    author: str
    email: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Everything that the manifest says; values are plain data as YAML has them. ``application`` becomes a comment."""

    about: About
    neo4j: Mapping[str, Any]
    proposal: Proposal
    seed: tuple[Mapping[str, Any], ...]
    checks: tuple[Mapping[str, Any], ...] = ()
    doubtful: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    application: Mapping[str, Any] | None = None
