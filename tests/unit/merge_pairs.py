"""Pairs of proposals on one graph, and what their merge must be: known because here every record has a hidden number.

Names can be given away, swapped and taken again; the number stays. What a person means by a change is about the number, so a
merge of files is right if it does to the numbers what both meant, and wrong if it does anything else without saying so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from kgshare.canonical import Node, NodeId, Relationship, RelationshipId, encode, record_text
from kgshare.changes import Add, Change, Element, Label, Property, Remove, Rename


class Disagreement(Exception):
    """The two sides cannot both have what they meant."""


@dataclass
class World:
    """Nodes and links by hidden number."""

    keys: dict[int, int] = field(default_factory=dict)
    labels: dict[int, set[str]] = field(default_factory=dict)
    values: dict[int, dict[str, int]] = field(default_factory=dict)
    lists: dict[int, list[int]] = field(default_factory=dict)
    links: dict[tuple[int, int], int] = field(default_factory=dict)

    def name(self, node: int) -> str:
        return NodeId("A", (("k", self.keys[node]),)).text

    def link_name(self, link: tuple[int, int]) -> str:
        start, end = (NodeId("A", (("k", self.keys[n]),)) for n in link)
        return RelationshipId("T", start, end).text

    def node_text(self, node: int) -> str:
        properties = {**self.values[node], "l": self.lists[node]}
        return record_text(
            Node(NodeId("A", (("k", self.keys[node]),)), tuple(sorted(self.labels[node])), properties)
        )

    def link_text(self, link: tuple[int, int]) -> str:
        start, end = (NodeId("A", (("k", self.keys[n]),)) for n in link)
        return record_text(Relationship(RelationshipId("T", start, end), {"w": self.links[link]}))

    def records(self) -> dict[str, str]:
        texts = [*map(self.node_text, self.keys), *map(self.link_text, self.links)]
        return {text.partition("\n")[0]: text for text in texts}


def a_world(random: Random) -> World:
    """Six nodes with few different values, so that mistaken identity is not noticed by chance."""
    world = World()
    for node in range(6):
        _add_node(world, node, node, random)
    for _ in range(4):
        world.links[random.randrange(6), random.randrange(6)] = random.randrange(2)
    return world


def _add_node(world: World, node: int, key: int, random: Random) -> None:
    world.keys[node], world.labels[node] = key, {"L"} if random.random() < 0.5 else set()
    world.values[node] = {"p": random.randrange(2), "q": 1}
    world.lists[node] = [random.randrange(2) for _ in range(4)]


Edit = Callable[[World, World, Random, int], list[Change]]


def _value(base: World, now: World, random: Random, side: int) -> list[Change]:
    node, name = random.choice(sorted(base.keys)), random.choice(["p", "q"])
    old = now.values[node][name] if node in now.keys else None
    if old is None or old != base.values[node][name]:
        return []
    now.values[node][name] = old + random.choice([1, 2])
    return [Property(base.name(node), name, encode(old), encode(now.values[node][name]))]


def _label(base: World, now: World, random: Random, side: int) -> list[Change]:
    node = random.choice(sorted(base.keys))
    if node not in now.keys or now.labels[node] != base.labels[node]:
        return []
    there = "L" in now.labels[node]
    now.labels[node] = set() if there else {"L"}
    return [Label(base.name(node), "L", not there)]


def _element(base: World, now: World, random: Random, side: int) -> list[Change]:
    node, index = random.choice(sorted(base.keys)), random.randrange(4)
    if node not in now.keys or now.lists[node] != base.lists[node]:
        return []
    now.lists[node] = [5 if i == index else x for i, x in enumerate(now.lists[node])]
    return [Element(base.name(node), "l", index, encode(base.lists[node][index]), "5")]


def _insert(base: World, now: World, random: Random, side: int) -> list[Change]:
    node = random.choice(sorted(base.keys))
    if node not in now.keys or now.lists[node] != base.lists[node]:
        return []
    now.lists[node] = [random.randrange(2), *base.lists[node]]
    return [Property(base.name(node), "l", encode(base.lists[node]), encode(now.lists[node]))]


def _rename(base: World, now: World, random: Random, side: int) -> list[Change]:
    node = random.choice(sorted(base.keys))
    if node not in now.keys or now.keys[node] != base.keys[node]:
        return []
    now.keys[node] = random.choice([20, 21, 30 + side])
    if list(now.keys.values()).count(now.keys[node]) > 1:
        now.keys[node] = base.keys[node]
        return []
    return [Rename(base.name(node), now.name(node))]


def _swap(base: World, now: World, random: Random, side: int) -> list[Change]:
    one, two = random.sample(sorted(base.keys), 2)
    if any(n not in now.keys or now.keys[n] != base.keys[n] for n in (one, two)):
        return []
    now.keys[one], now.keys[two] = base.keys[two], base.keys[one]
    return [Rename(base.name(one), base.name(two)), Rename(base.name(two), base.name(one))]


def _link(base: World, now: World, random: Random, side: int) -> list[Change]:
    link = random.choice(sorted(base.keys)), random.choice(sorted(base.keys))
    if link in base.links or link in now.links or any(n not in now.keys for n in link):
        return []
    now.links[link] = random.randrange(2)
    return [("link", link)]  # type: ignore[list-item]  # named when the names of the end are known


def _unlink(base: World, now: World, random: Random, side: int) -> list[Change]:
    links = [link for link in sorted(base.links) if now.links.get(link) == base.links[link]]
    if not links:
        return []
    link = random.choice(links)
    del now.links[link]
    return [Remove(base.link_text(link))]


def _add(base: World, now: World, random: Random, side: int) -> list[Change]:
    node, key = 100 + 10 * side + len(now.keys), random.choice([20, 21, 40 + side])
    if key in now.keys.values():
        return []
    _add_node(now, node, key, random)
    return [("node", node)]  # type: ignore[list-item]


def _remove(base: World, now: World, random: Random, side: int) -> list[Change]:
    node = random.choice(sorted(base.keys))
    touched = [link for link in now.links if node in link]
    same = node in now.keys and now.records().get(base.name(node)) == base.node_text(node)
    if not same or any(base.links.get(link) != now.links[link] for link in touched):
        return []
    if any(node in link and link not in now.links for link in base.links):
        return []
    for link in touched:
        del now.links[link]
    for part in (now.keys, now.labels, now.values, now.lists):
        del part[node]
    return [Remove(base.node_text(node)), *(Remove(base.link_text(link)) for link in touched)]


EDITS: list[Edit] = [
    _value,
    _value,
    _label,
    _element,
    _element,
    _insert,
    _rename,
    _swap,
    _link,
    _link,
    _unlink,
    _add,
    _remove,
]


def a_side(base: World, random: Random, side: int) -> tuple[World, tuple[Change, ...]]:
    """What one proposer makes of the graph, and the changes that say so."""
    now, made = copy.deepcopy(base), list[Change]()
    while not made:
        for edit in random.choices(EDITS, k=random.randrange(1, 4)):
            made += edit(base, now, random, side)
    named: list[Change] = []
    for change in made:
        if isinstance(change, tuple):
            kind, what = change
            named.append(Add(now.link_text(what) if kind == "link" else now.node_text(what)))
        else:
            named.append(change)
    return now, tuple(named)


def meant(base: World, one: World, two: World) -> World:
    """What both sides meant.

    Raises:
        Disagreement: they cannot both have it.
    """
    merged = World()
    nodes = (set(base.keys) & set(one.keys) & set(two.keys)) | (set(one.keys) ^ set(two.keys)) - set(
        base.keys
    )
    nodes |= (set(one.keys) & set(two.keys)) - set(base.keys)
    for node in base.keys:
        for mine, other in ((one, two), (two, one)):
            if node not in mine.keys and node in other.keys:
                _untouched(base, other, node)
    for node in nodes:
        for part in ("keys", "labels", "values", "lists"):
            sides = [getattr(world, part).get(node) for world in (base, one, two)]
            getattr(merged, part)[node] = _three(*sides, deep=part)
    if len(set(merged.keys.values())) < len(merged.keys):
        raise Disagreement("two nodes of one key")
    for link in base.links.keys() | one.links.keys() | two.links.keys():
        weight = _three(*(world.links.get(link) for world in (base, one, two)), deep="")
        if weight is not None:
            if not set(link) <= merged.keys.keys():
                raise Disagreement("a link without an end")
            merged.links[link] = weight
    return merged


def _untouched(base: World, other: World, node: int) -> None:
    same = all(
        getattr(base, part)[node] == getattr(other, part)[node]
        for part in ("keys", "labels", "values", "lists")
    )
    if not same or any(node in link for link in other.links.keys() - base.links.keys()):
        raise Disagreement("modified against removed")


def _three(base, one, two, deep):  # type: ignore[no-untyped-def]
    if one == two or two == base:
        return one
    if one == base:
        return two
    if base is not None and deep == "values":
        return {name: _three(base[name], one[name], two[name], "") for name in base}
    if base is not None and deep == "lists" and len(base) == len(one) == len(two):
        return [_three(b, o, t, "") for b, o, t in zip(base, one, two, strict=True)]
    raise Disagreement("two values of one place")
