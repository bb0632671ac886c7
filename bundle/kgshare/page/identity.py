"""How the page names a record: declared label and key, never an internal id."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kgshare.page.graphdb import quoted
from kgshare.page.values import plain, typed

_TITLES = ("name", "title", "label")


class Labelled(Protocol):
    """A node, the driver's own or as much of it as a query brought."""

    @property
    def labels(self) -> Collection[str]:
        """Its labels."""

    def get(self, name: str, default: Any = None) -> Any:
        """A property's value."""


@dataclass(frozen=True)
class Seen:
    """What a record is named by, out of `Identity.brief`; neighbours are not read as a whole."""

    internal: str
    labels: Collection[str]
    values: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """A key's or a title's value."""
        return self.values.get(name, default)


class Identity:
    """The project's declared keys: label → key properties."""

    def __init__(self, nodes: Mapping[str, tuple[str, ...]]) -> None:
        self.nodes = nodes

    def match(self, label: str, variable: str = "n") -> str:
        """A MATCH clause for one record of this declared label; its key is in the parameters ``key0``, ``key1``."""
        terms = [f"{variable}.{quoted(p)} IN $key{i}" for i, p in enumerate(self.nodes[label])]
        return f"MATCH ({variable}:{quoted(label)}) WHERE {' AND '.join(terms)}"

    def parameters(self, key: Sequence[str]) -> dict[str, list[Any]]:
        """Parameters for `match`: an address holds text only, so "7" stands for the text and for the number."""
        return {f"key{i}": _readings(text) for i, text in enumerate(key)}

    def label(self, node: Labelled) -> str | None:
        """The node's declared label whose key is complete, or None."""
        for label in sorted(node.labels):
            if label in self.nodes and all(node.get(p) is not None for p in self.nodes[label]):
                return label
        return None

    def key(self, node: Labelled) -> list[str]:
        """The values of the key as they stand in an address; empty where the node has no declared label."""
        label = self.label(node)
        return [_written(node.get(p)) for p in self.nodes[label]] if label else []

    def reference(self, node: Labelled) -> dict[str, Any]:
        """What is needed to show and to open a record: label, key, title, all labels."""
        label, key = self.label(node), self.key(node)
        return {"label": label, "key": key, "title": title(node, key), "labels": sorted(node.labels)}

    def order(self, variable: str = "m") -> str:
        """An expression to sort by, so that pages of neighbours do not overlap; by key, whatever it is called."""
        return f"coalesce({', '.join([f'{variable}.{quoted(p)}' for p in self._names()] + [repr('')])})"

    def brief(self, variable: str) -> str:
        """An expression for what `Seen` is made of."""
        names = ", ".join(f".{quoted(p)}" for p in dict.fromkeys([*self._names(), *_TITLES]))
        return f"[elementId({variable}), labels({variable}), {variable} {{{names}}}]"

    def _names(self) -> list[str]:
        return list(dict.fromkeys(p for keys in self.nodes.values() for p in keys))


def title(node: Labelled, key: Sequence[str]) -> str:
    """What a person calls the record: its name or title, else its key, else its labels."""
    for name in _TITLES:
        if isinstance(value := node.get(name), str) and value.strip():
            return value
    return " · ".join(key) or ":".join(sorted(node.labels)) or "node"


def properties(entity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The properties of a node or relationship by name, each with its type."""
    return [{"name": name, **typed(entity[name])} for name in sorted(entity.keys())]


def _written(value: Any) -> str:
    shown = plain(value)
    return shown if isinstance(shown, str) else str(shown).lower() if isinstance(shown, bool) else str(shown)


def _readings(text: str) -> list[Any]:
    found: list[Any] = [text]
    for read in (int, float):
        try:
            value = read(text)
        except ValueError:
            continue
        if not isinstance(value, int) or -(2**63) <= value < 2**63:
            found.append(value)
    if text in ("true", "false"):
        found.append(text == "true")
    return found
