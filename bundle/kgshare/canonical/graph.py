"""Read a running graph into its canonical text: one pass over the nodes, one over the relationships."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kgshare.canonical import packed
from kgshare.canonical.records import name_text
from kgshare.canonical.schema import SHOW_CONSTRAINTS, SHOW_INDEXES, schema_statements
from kgshare.canonical.text import CanonicalDigest, TextWriter
from kgshare.canonical.values import NotCanonical
from kgshare.errors import Problem, SeedError

NODES = "MATCH (n) RETURN labels(n), id(n), properties(n)"
RELATIONSHIPS = "MATCH (a)-[r]->(b) RETURN type(r), id(a), id(b), properties(r)"
_SHOWN = 20


class Source(Protocol):
    """A running database (`kgshare.doors.wire.Wire`)."""

    def stream(self, query: str) -> Iterator[bytes]:
        """The records of a query as the server packed them, each a list."""
        ...

    def rows(self, query: str) -> Iterator[list[Any]]:
        """The rows of a query whose values are plain."""
        ...


def read_graph(
    source: Source,
    out: Path,
    node_keys: Mapping[str, tuple[str, ...]],
    relationship_keys: Mapping[str, tuple[str, ...]],
) -> CanonicalDigest:
    """Write the canonical text of a running graph into a folder, which is replaced.

    Args:
        source: the database; nobody may write to it meanwhile.
        out: the folder.
        node_keys: identity label → key properties.
        relationship_keys: relationship type → discriminating properties; a type that is not named has none.

    Raises:
        SeedError: a node without, or with two, identity labels; a missing key or discriminator; two records of one
            identity; a value of a type that is not known. Names the records.
    """
    writer = TextWriter(out)
    reader = _Reader(writer, node_keys, relationship_keys)
    for record in source.stream(NODES):
        reader.node(record)
    # With a node that has no identity its relationships have none either: that is said once.
    if not reader.problems:
        for record in source.stream(RELATIONSHIPS):
            reader.relationship(record)
    if reader.problems:
        raise SeedError(*sorted(reader.problems.values(), key=lambda problem: problem.message)[:_SHOWN])
    return writer.close(read_schema(source))


def read_records(
    nodes: Iterable[bytes],
    relationships: Iterable[bytes],
    node_keys: Mapping[str, tuple[str, ...]],
    relationship_keys: Mapping[str, tuple[str, ...]],
) -> dict[str, str]:
    """Some records of a graph: identity → text.

    Args:
        nodes: records as `NODES` returns them, the ends of all relationships among them.
        relationships: records as `RELATIONSHIPS` returns them.
        node_keys: identity label → key properties.
        relationship_keys: relationship type → discriminating properties.

    Raises:
        SeedError: as `read_graph` raises it.
    """
    found = _Found()
    reader = _Reader(found, node_keys, relationship_keys)
    for record in nodes:
        reader.node(record)
    for record in relationships if not reader.problems else ():
        reader.relationship(record)
    if reader.problems:
        raise SeedError(*list(reader.problems.values())[:_SHOWN])
    return found.records


class _Taker(Protocol):
    def add(self, identity: str, text: str) -> None: ...


class _Groups(Protocol):
    def group(self, kind: str, name: str) -> _Taker: ...


class _Found:
    """Takes records as `kgshare.canonical.text.TextWriter` does, into memory."""

    def __init__(self) -> None:
        self.records: dict[str, str] = {}

    def group(self, kind: str, name: str) -> _Found:
        return self

    def add(self, identity: str, text: str) -> None:
        self.records[identity] = text


def read_schema(source: Source) -> list[str]:
    """The constraints and indexes of a running database as Cypher statements."""
    names = ("name", "type", "entityType", "labelsOrTypes", "properties", "options", "owningConstraint", "state")  # fmt: skip
    constraints = [dict(zip(names, row, strict=False)) for row in source.rows(SHOW_CONSTRAINTS)]
    indexes = [dict(zip(names, row, strict=True)) for row in source.rows(SHOW_INDEXES)]
    return schema_statements(constraints, indexes)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the nodes of one combination of labels, or the relationships of one type, have in common.

    Attributes:
        name: the identity label, or the type.
        key: names of the key's or discriminator's properties, each with its text.
        start: how an identity begins: ``(:LABEL {``, ``-[:TYPE``.
        others: the lines of further labels, ready to be put after the identity.
        group: where the records go.
    """

    name: str
    key: tuple[tuple[str, str], ...]
    start: str
    others: str
    group: _Taker


class _Reader:
    def __init__(
        self,
        writer: _Groups,
        node_keys: Mapping[str, tuple[str, ...]],
        relationship_keys: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.writer, self.node_keys, self.relationship_keys = writer, node_keys, relationship_keys
        self.problems: dict[str, Problem] = {}
        self._identities: dict[int, str] = {}
        self._names: dict[bytes, str] = {}
        self._lines = _Lines()
        self._kinds: dict[bytes, _Kind | None] = {}

    def node(self, record: bytes) -> None:
        at = packed.end_of_texts(record, 1)
        raw = record[1:at]
        kind = self._kinds.get(raw)
        if kind is None:
            kind = self._kinds[raw] = self._node_kind(packed.texts(record, 1)[0])
        number, at = packed.integer(record, at)
        found = self._properties(record, at, lambda: f"a node of (:{':'.join(packed.texts(record, 1)[0])})")
        if kind is None:
            self._unidentified(packed.texts(record, 1)[0], found)
            return
        try:
            parts = [f"{text}: {found.pop(name)}" for name, text in kind.key]
        except KeyError:
            self._no_key(kind, packed.properties(record, at, self._names))
            return
        identity = f"{kind.start}{', '.join(parts)}}})"
        self._identities[number] = identity
        kind.group.add(identity, f"{identity}{kind.others}{self._lines.of(found)}")

    def relationship(self, record: bytes) -> None:
        at = packed.text(record, 1)[1]
        raw = record[1:at]
        kind = self._kinds.get(raw)
        if kind is None:
            kind = self._kinds[raw] = self._type_kind(packed.text(record, 1)[0])
        start, at = packed.integer(record, at)
        end, at = packed.integer(record, at)
        ends = self._identities.get(start, "?"), self._identities.get(end, "?")
        found = self._properties(record, at, lambda: f"{ends[0]}-[:{kind.name}]->{ends[1]}")
        inside = ""
        if kind.key:
            missing = [name for name, _ in kind.key if name not in found]
            if missing:
                self._no_discriminator(kind, missing, ends)
                return
            inside = f" {{{', '.join([f'{text}: {found.pop(name)}' for name, text in kind.key])}}}"
        identity = f"{ends[0]}{kind.start}{inside}]->{ends[1]}"
        kind.group.add(identity, f"{identity}{self._lines.of(found)}" if found else identity)

    def _properties(self, record: bytes, at: int, what: Callable[[], str]) -> dict[str, str]:
        try:
            return packed.properties(record, at, self._names)
        except NotCanonical as error:
            self._problem(f"it cannot be written down: {error}", "leave that property out", what())
            return {}

    def _node_kind(self, labels: list[str]) -> _Kind | None:
        own = [label for label in labels if label in self.node_keys]
        if len(own) != 1:
            return None
        (label,) = own
        others = "".join([f"\n  :{name_text(other)}" for other in sorted(set(labels) - {label})])
        key = tuple((name, name_text(name)) for name in self.node_keys[label])
        start = f"(:{name_text(label)} {{"
        return _Kind(label, key, start, others, self.writer.group("nodes", label))

    def _type_kind(self, type_: str) -> _Kind:
        key = tuple((name, name_text(name)) for name in self.relationship_keys.get(type_, ()))
        start = f"-[:{name_text(type_)}"
        return _Kind(type_, key, start, "", self.writer.group("relationships", type_))

    def _unidentified(self, labels: list[str], found: Mapping[str, str]) -> None:
        shown = f"(:{':'.join(labels)} {{{_shown(found)}}})" if labels else f"({{{_shown(found)}}})"
        own = sorted(label for label in labels if label in self.node_keys)
        if own:
            message = f"a node has two labels with a key, {' and '.join(own)}: {shown}"
            hint = "only one label of a node is its identity: declare a key for one of them"
        else:
            message = f"a node has no label with a key: {shown}"
            hint = "declare the key of one of its labels under identity.nodes"
            if labels:
                names = f"[{', '.join(sorted(found)[:1]) or 'PROPERTY'}]"
                hint += f", as in `{sorted(labels)[0]}: {names}`"
        self._problem(message, hint)

    def _no_key(self, kind: _Kind, found: Mapping[str, str]) -> None:
        missing = ", ".join(name for name, _ in kind.key if name not in found)
        hint = f"give it one, or declare another key of {kind.name} under identity.nodes"
        self._problem(
            f"a {kind.name} has no {missing}, which is its key: (:{kind.name} {{{_shown(found)}}})", hint
        )

    def _no_discriminator(self, kind: _Kind, missing: list[str], ends: tuple[str, str]) -> None:
        hint = f"identity.relationships.{kind.name} says that it tells parallel ones apart"
        shown = f"{ends[0]}-[:{kind.name}]->{ends[1]}"
        self._problem(f"a relationship has no {', '.join(missing)}: {shown}", hint)

    def _problem(self, message: str, hint: str, where: str = "") -> None:
        if len(self.problems) <= _SHOWN:
            self.problems.setdefault(f"{where}{message}", Problem(message=message, hint=hint, where=where))


def _shown(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in sorted(found.items())[:6])


class _Lines:
    """The lines of properties, sorted by name; records of one kind mostly have the same names in the same order."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}

    def of(self, found: Mapping[str, str]) -> str:
        names = tuple(found)
        order = self._orders.get(names)
        if order is None:
            order = self._orders[names] = tuple((name, f"\n  {name_text(name)}: ") for name in sorted(names))
            if len(self._orders) > _ORDERS:
                self._orders.clear()
        return "".join([start + found[name] for name, start in order])


_ORDERS = 10_000
