"""Which label's key identifies each node, and what tells parallel relationships apart. Pure: from a look to a proposal.

A node has exactly one label with a declared key (see the manifest's ``identity``), so one label is chosen from every
combination of labels that occurs, and none that was chosen may stand beside another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial

from kgshare.errors import ManifestError, Problem
from kgshare.init.model import Key, LabelSet, Look, Proposal

SURROGATE = "kgshareKey"
# Of several properties that would do, the one that is most likely meant as a key; only ever proposed with a note.
USUAL = ("id", "uuid", "guid", "key", "code", "identifier", "slug", "name", "title")


def propose(look: Look, surrogates: Collection[str] = ()) -> Proposal:
    """The identity of what was seen.

    Args:
        look: what the graph consists of.
        surrogates: labels and types that are to be given a running number as their key.

    Raises:
        ManifestError: every combination of labels for which nothing can be proposed, with what to declare.
    """
    problems = [*_bare(look)]
    notes: list[str] = []
    keys = {label: rows for label, rows in look.keys.items() if rows}
    keys.update({name: (Key(properties=(SURROGATE,)),) for name in surrogates})
    for row in look.sets:
        if row.labels and not any(keys.get(label) for label in row.labels):
            problems.append(_keyless(row))
    chosen: frozenset[str] | None = None
    if not problems:
        chosen = _choose(look.sets, keys)
        if chosen is None:
            hint = (
                "give every node one label of a kind of its own, with a constraint, and none of another kind"
            )
            message = "no choice of labels gives every node exactly one that has a key"
            problems.append(Problem(message=message, hint=hint))
    relationships: dict[str, tuple[str, ...]] = {}
    for type_, options in sorted(look.discriminators.items()):
        if type_ in surrogates:
            relationships[type_] = (SURROGATE,)
        elif options:
            relationships[type_] = options[0]
            notes.append(_parallel(type_, options))
        else:
            problems.append(_indistinct(type_))
    if problems:
        raise ManifestError(*problems)
    assert chosen is not None
    nodes = {}
    for label in sorted(chosen):
        ranked = sorted(keys[label], key=partial(_rank, label))
        nodes[label] = ranked[0].properties
        if label not in surrogates:
            notes += _doubts(label, ranked)
    notes += _passed_over(look, keys, chosen)
    return Proposal(
        nodes=nodes,
        relationships=relationships,
        surrogates=frozenset(name for name in surrogates if name in nodes or name in relationships),
        notes=tuple(notes),
    )


def _rank(label: str, key: Key) -> tuple[object, ...]:
    first = key.properties[0].lower()
    usual = (f"{label.lower()}id", f"{label.lower()}_id", *USUAL)
    place = usual.index(first) if first in usual else len(usual)
    return (not key.constraint, len(key.properties), place, key.properties)


def _choose(sets: tuple[LabelSet, ...], keys: dict[str, tuple[Key, ...]]) -> frozenset[str] | None:
    """Labels such that every set has exactly one of them; those with a constraint and many nodes are tried first."""
    weight: dict[str, int] = {}
    for row in sets:
        for label in row.labels:
            weight[label] = weight.get(label, 0) + row.count

    def order(label: str) -> tuple[bool, int, str]:
        return (not any(key.constraint for key in keys[label]), -weight[label], label)

    def search(rest: list[LabelSet], taken: frozenset[str], out: frozenset[str]) -> frozenset[str] | None:
        if not rest:
            return taken
        row, *others = rest
        have = [label for label in row.labels if label in taken]
        if len(have) > 1:
            return None
        options = have or sorted(
            (x for x in row.labels if x in keys and x not in out), key=order
        )  # fmt: skip
        for label in options:
            banned = out | {x for x in row.labels if x != label}
            if label in banned or taken & banned:
                continue
            found = search(others, taken | {label}, banned)
            if found is not None:
                return found
        return None

    return search(sorted(sets, key=lambda row: len(row.labels)), frozenset(), frozenset())


def _doubts(label: str, options: list[Key]) -> Iterator[str]:
    best, *others = options
    name = ", ".join(best.properties)
    if best.constraint:
        rivals = [", ".join(key.properties) for key in others if key.constraint]
        if rivals:
            yield f"{label}: of several constraints {name} is taken as the key, not {' or '.join(rivals)}"
        return
    rivals = [", ".join(key.properties) for key in others]
    also = f"; so are {', '.join(rivals)}: which one is meant?" if rivals else ""
    yield f"{label}: no constraint says what its key is. {name} is taken: every node has one and they differ{also}"


def _passed_over(look: Look, keys: dict[str, tuple[Key, ...]], chosen: frozenset[str]) -> Iterator[str]:
    for label in sorted(set(keys) - chosen):
        if any(key.constraint for key in keys[label]) and any(label in row.labels for row in look.sets):
            beside = sorted({x for row in look.sets if label in row.labels for x in row.labels} & chosen)
            yield f"{label} has a key too, but its nodes are identified as {', '.join(beside)}"


def _bare(look: Look) -> Iterator[Problem]:
    for row in look.sets:
        if not row.labels:
            hint = "give them a label, and the label a constraint"
            yield Problem(message=f"{row.count} nodes have no label", hint=hint)


def _keyless(row: LabelSet) -> Problem:
    names = ":".join(row.labels)
    label = row.labels[0]
    hint = (
        f"CREATE CONSTRAINT FOR (n:{label}) REQUIRE n.KEY IS UNIQUE, with a property that all of them have"
        f" (or, for a running number as their key: --surrogate-key {label})"
    )
    return Problem(message=f"nothing tells the {row.count} nodes of {names} apart", hint=hint)


def _indistinct(type_: str) -> Problem:
    hint = f"remove the repetitions, or give each a property of its own (or --surrogate-key {type_})"
    message = f"between two nodes stand several {type_} that no property tells apart"
    return Problem(message=message, hint=hint)


def _parallel(type_: str, options: tuple[tuple[str, ...], ...]) -> str:
    best, *others = (", ".join(option) for option in options)
    also = f"; so does {' or '.join(others)}: which one is meant?" if others else ""
    return f"{type_}: several stand between two nodes; {best} tells them apart{also}"
