"""A node or a relationship as a record with a stable identity, and the text of one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kgshare.canonical.values import NotCanonical, decode_at, encode, quote

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def name_text(name: str) -> str:
    """A label, type or property name: as it is where it is a plain word, else quoted like a string."""
    return name if _NAME.fullmatch(name) else quote(name)


def _map_text(pairs: tuple[tuple[str, Any], ...]) -> str:
    inside = ", ".join([f"{name_text(name)}: {encode(value)}" for name, value in pairs])
    return f" {{{inside}}}" if pairs else ""


@dataclass(frozen=True, slots=True)
class NodeId:
    """What makes a node the same node: its identity label, and its key properties in declared order."""

    label: str
    key: tuple[tuple[str, Any], ...]

    @property
    def text(self) -> str:
        """``(:Station {number: 88})``."""
        return f"(:{name_text(self.label)}{_map_text(self.key)})"


@dataclass(frozen=True, slots=True)
class RelationshipId:
    """What makes a relationship the same: type, both ends, and the declared discriminator."""

    type: str
    start: NodeId
    end: NodeId
    discriminator: tuple[tuple[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """``(:A {k: 1})-[:T {n: 2}]->(:B {k: 3})``."""
        return f"{self.start.text}-[:{name_text(self.type)}{_map_text(self.discriminator)}]->{self.end.text}"


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its identity, its other labels, and the properties that are not part of its key."""

    id: NodeId
    labels: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relationship:
    """A relationship: its identity, and the properties that are not part of it."""

    id: RelationshipId
    properties: Mapping[str, Any] = field(default_factory=dict)


Record = Node | Relationship


def block(identity: str, labels: list[str], properties: Mapping[str, Any]) -> str:
    """A record's text: the identity's line, a line per further label, a line per property, each sorted."""
    lines = [identity]
    lines += [f"  :{name_text(label)}" for label in sorted(labels)]
    lines += [f"  {name_text(name)}: {encode(properties[name])}" for name in sorted(properties)]
    return "\n".join(lines)


def record_text(record: Record) -> str:
    """The text of a record, without the empty line that separates it from the next."""
    labels = list(record.labels) if isinstance(record, Node) else []
    return block(record.id.text, labels, record.properties)


def shard(identity: str) -> str:
    """Which of sixteen files a record stands in: the first hexadecimal digit of its identity's SHA-256."""
    return hashlib.sha256(identity.encode()).hexdigest()[0]


# --- reading -------------------------------------------------------------------------------------------------------


def parse_record(text: str) -> Record:
    """Read the text of one record.

    Raises:
        NotCanonical: it is not what `record_text` writes for any record.
    """
    identity, *lines = text.split("\n")
    made: Record
    labels: list[str] = []
    properties: dict[str, Any] = {}
    for line in lines:
        _read_line(line, labels, properties)
    found = parse_identity(identity)
    made = (
        Node(found, tuple(labels), properties)
        if isinstance(found, NodeId)
        else Relationship(found, properties)
    )
    if record_text(made) != text:
        raise NotCanonical(f"not in its canonical form: {identity[:120]}")
    return made


def parse_name(text: str) -> str:
    """Read what `name_text` wrote.

    Raises:
        NotCanonical: it is no name, or more than one.
    """
    name, at = _name(text, 0)
    if at != len(text):
        raise NotCanonical(f"more than a name: {text[:120]}")
    return name


def split_property(line: str) -> tuple[str, str]:
    """The name and the value's text on a property's line of a record's text; the value is not read.

    Raises:
        NotCanonical: there is no name.
    """
    name, at = _name(line, _expect(line, 0, "  "))
    return name, line[_expect(line, at, ": ") :]


def parse_identity(text: str) -> NodeId | RelationshipId:
    """Read the text of an identity, a node's or a relationship's.

    Raises:
        NotCanonical: it is none.
    """
    start, at = _node_id(text, 0)
    if at == len(text):
        return start
    at = _expect(text, at, "-[:")
    type_, at = _name(text, at)
    discriminator, at = _map(text, at)
    at = _expect(text, at, "]->")
    end, at = _node_id(text, at)
    if at != len(text):
        raise NotCanonical(f"more than an identity: {text[:120]}")
    return RelationshipId(type_, start, end, discriminator)


def _read_line(line: str, labels: list[str], properties: dict[str, Any]) -> None:
    if line.startswith("  :"):
        label, at = _name(line, 3)
        labels.append(label)
    else:
        name, at = _name(line, _expect(line, 0, "  "))
        if name in properties:
            raise NotCanonical(f"{name} stands twice")
        properties[name], at = decode_at(line, _expect(line, at, ": "))
    if at != len(line):
        raise NotCanonical(f"more than a property: {line[:120]}")


def _node_id(text: str, at: int) -> tuple[NodeId, int]:
    label, at = _name(text, _expect(text, at, "(:"))
    key, at = _map(text, at)
    return NodeId(label, key), _expect(text, at, ")")


def _map(text: str, at: int) -> tuple[tuple[tuple[str, Any], ...], int]:
    pairs: list[tuple[str, Any]] = []
    if not text.startswith(" {", at):
        return (), at
    at += 2
    while True:
        name, at = _name(text, at)
        value, at = decode_at(text, _expect(text, at, ": "))
        pairs.append((name, value))
        if not text.startswith(", ", at):
            return tuple(pairs), _expect(text, at, "}")
        at += 2


def _name(text: str, at: int) -> tuple[str, int]:
    if text.startswith('"', at):
        name, end = decode_at(text, at)
        if _NAME.fullmatch(name):
            raise NotCanonical(f"a plain name is not quoted: {name}")
        return name, end
    found = _NAME.match(text, at)
    if not found:
        raise NotCanonical(f"a name is missing in: {text[:120]}")
    return found[0], found.end()


def _expect(text: str, at: int, what: str) -> int:
    if not text.startswith(what, at):
        raise NotCanonical(f"{what!r} is missing in: {text[:120]}")
    return at + len(what)
