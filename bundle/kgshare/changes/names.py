"""Identities as text: their parts, and what becomes of them when a node's key changes."""

from __future__ import annotations

from collections.abc import Mapping

from kgshare.canonical.records import RelationshipId, name_text, parse_identity, parse_name, split_property


def key_names(identity: str) -> tuple[str, ...]:
    """A record's label or type, and the names of its key or discriminating properties."""
    found = parse_identity(identity)
    if isinstance(found, RelationshipId):
        return found.type, *(name for name, _ in found.discriminator)
    return found.label, *(name for name, _ in found.key)


def ends(identity: str) -> tuple[str, str, str] | None:
    """A relationship's start, its middle ``-[:TYPE …]->``, and its end; ``None`` for a node."""
    if ")-[:" not in identity:
        return None
    if identity.count(")-[:") == 1 and identity.count("]->(") == 1 and "\\" not in identity:
        start, _, rest = identity.partition(")-[:")
        if start.count('"') % 2 == 0:  # so it does not stand inside a string
            middle, _, end = rest.rpartition("]->(")
            return f"{start})", f"-[:{middle}]->", f"({end}"
    found = parse_identity(identity)
    if not isinstance(found, RelationshipId):
        return None
    start, end = found.start.text, found.end.text
    return start, identity[len(start) : -len(end)], end


class Renamer:
    """Maps an identity to its new one, given what each renamed node is called afterwards."""

    def __init__(self, renames: Mapping[str, str]) -> None:
        self._renames = renames

    def __call__(self, identity: str) -> str:
        """The identity afterwards; a relationship's changes with its ends."""
        if not self._renames:
            return identity
        if identity in self._renames:
            return self._renames[identity]
        parts = ends(identity)
        if not parts:
            return identity
        start, middle, end = parts
        return f"{self._renames.get(start, start)}{middle}{self._renames.get(end, end)}"

    def text(self, block: str) -> str:
        """A record's text with its identity afterwards."""
        identity, newline, rest = block.partition("\n")
        return f"{self(identity)}{newline}{rest}"


class Fields:
    """The labels and properties in a record's text, to be changed; values stay text."""

    def __init__(self, block: str) -> None:
        self.identity, *lines = block.split("\n")
        self.labels: set[str] = set()
        self.properties: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(": ")
            if line.startswith("  :"):
                self.labels.add(parse_name(line[3:]))
            elif colon and name.startswith("  ") and '"' not in name:  # a plain name, as nearly all are
                self.properties[name[2:]] = value
            else:
                name, value = split_property(line)
                self.properties[name] = value

    def text(self) -> str:
        """The record's canonical text."""
        lines = [f"  :{name_text(label)}" for label in sorted(self.labels)]
        lines += [f"  {name_text(name)}: {value}" for name, value in sorted(self.properties.items())]
        return "\n".join([self.identity, *lines])
