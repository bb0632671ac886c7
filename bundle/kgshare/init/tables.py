"""What tables say about a graph: which are nodes and which relationships, of what types, by which keys. Pure.

Nothing of this stands in the files, so every decision is a note for a person to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from kgshare.errors import ManifestError, Problem
from kgshare.init.identity import USUAL
from kgshare.init.model import Key, LabelSet, LinkKind, Look
from kgshare.init.records import BETWEEN, Records
from kgshare.seeding.cells import BadValue, reader

TYPES = ("int", "float", "boolean", "date", "datetime", "localdatetime")  # the first that takes every cell
_ZERO_FIRST = re.compile(r"[+-]?0\d|\+")  # 007 is a name, not a number


@dataclass(frozen=True, kw_only=True)
class NodeTable:
    """A table of nodes, with the label and key that are proposed."""

    records: Records
    label: str
    key: str
    types: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class LinkTable:
    """A table of relationships: two of its columns hold keys of node tables."""

    records: Records
    type: str
    ends: tuple[tuple[NodeTable, str], tuple[NodeTable, str]]
    types: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The proposal; ``notes`` say what was decided."""

    nodes: tuple[NodeTable, ...]
    links: tuple[LinkTable, ...]
    notes: tuple[str, ...]

    @property
    def records(self) -> tuple[Records, ...]:
        """The tables themselves."""
        return (*(table.records for table in self.nodes), *(table.records for table in self.links))

    def step(self) -> dict[str, object]:
        """The csv step of a manifest."""
        nodes = [
            {"file": t.records.file, "labels": [t.label], **({"types": dict(t.types)} if t.types else {})}
            for t in self.nodes
        ]
        links = [
            {
                "file": t.records.file, "type": t.type,
                "start": {"label": t.ends[0][0].label, "columns": [t.ends[0][1]]},
                "end": {"label": t.ends[1][0].label, "columns": [t.ends[1][1]]},
                **({"types": dict(t.types)} if t.types else {}),
            }
            for t in self.links
        ]  # fmt: skip
        return {"nodes": nodes, **({"relationships": links} if links else {})}

    def look(self) -> Look:
        """The graph that they make, as if it had been looked at."""
        return Look(
            sets=tuple(LabelSet(labels=(t.label,), count=t.records.rows) for t in self.nodes),
            keys={t.label: (Key(properties=(t.key,), constraint="the table"),) for t in self.nodes},
            links=tuple(
                LinkKind(type=t.type, start=(t.ends[0][0].label,), end=(t.ends[1][0].label,), count=t.records.rows)
                for t in self.links
            ),
            discriminators={t.type: found for t in self.links if (found := _discriminators(t)) is not None},
        )  # fmt: skip


def read_tables(tables: Sequence[Records]) -> Tables:
    """What tables are proposed to mean.

    Raises:
        ManifestError: every table whose rows nothing tells apart, and that is no table of relationships either.
    """
    keys = {t.file: _key_columns(t) for t in tables}
    values = {t.file: {c: frozenset(filter(None, t.columns[c])) for c in keys[t.file]} for t in tables}
    links = [t for t in tables if _is_links(t, tables, keys, values)]
    nodes: dict[str, NodeTable] = {}
    problems: list[Problem] = []
    for table in tables:
        if table in links:
            continue
        if not keys[table.file]:
            hint = (
                "give it a column that every row has and no two share, or make it a table of two nodes' keys"
            )
            problems.append(Problem(message="no column tells its rows apart", where=table.source, hint=hint))
            continue
        nodes[table.file] = NodeTable(
            records=table, label=_label(table), key=keys[table.file][0], types=_types(table)
        )
    problems += _twice([t.label for t in nodes.values()])
    if problems:
        raise ManifestError(*problems)
    found = [_link(table, nodes, values) for table in links]
    notes = [*_notes(nodes.values(), keys), *(_link_note(link) for link in found), *_referring(nodes, values)]
    return Tables(nodes=tuple(nodes.values()), links=tuple(found), notes=tuple(notes))


def _key_columns(table: Records) -> list[str]:
    """Columns that every row has and no two share, the likeliest key first."""
    names = [
        name
        for name, cells in table.columns.items()
        if cells and all(cells) and len(set(cells)) == len(cells) and name not in table.lists
    ]
    stem = _stem(table).lower().rstrip("s")
    usual = (f"{stem}id", f"{stem}_id", *USUAL)
    return sorted(names, key=lambda n: (usual.index(n.lower()) if n.lower() in usual else len(usual), list(table.columns).index(n)))  # fmt: skip


def _targets(
    table: Records, column: str, tables: Sequence[str], values: Mapping[str, Mapping[str, frozenset[str]]]
) -> Iterator[str]:
    """The other tables whose key holds every value of a column."""
    cells = frozenset(table.columns[column])
    if "" not in cells and cells:
        for file in tables:
            if file != table.file and any(cells <= keys for keys in list(values[file].values())[:1]):
                yield file


def _is_links(
    table: Records,
    tables: Sequence[Records],
    keys: Mapping[str, list[str]],
    values: Mapping[str, Mapping[str, frozenset[str]]],
) -> bool:
    """Whether two columns hold other tables' keys, and nothing else in it is what it is about."""
    names = [t.file for t in tables]
    holds = [c for c in table.columns if any(_targets(table, c, names, values))]
    own = keys[table.file]
    return len(holds) > 1 and (not own or own[0] in holds or next(iter(table.columns)) in holds)


def _link(
    table: Records, nodes: Mapping[str, NodeTable], values: Mapping[str, Mapping[str, frozenset[str]]]
) -> LinkTable:
    ends: list[tuple[NodeTable, str]] = []
    for column in table.columns:
        found = sorted(_targets(table, column, list(nodes), values), key=lambda f: nodes[f].key != column)
        if found and len(ends) < 2:
            ends.append((nodes[found[0]], column))
    if len(ends) < 2:
        message = "two of its columns hold keys of tables that are themselves relationships"
        raise ManifestError(Problem(message=message, where=table.source, hint="write kgshare.yaml by hand"))
    taken = {column for _, column in ends}
    types = {column: kind for column, kind in _types(table).items() if column not in taken}
    return LinkTable(records=table, type=_type_name(table), ends=(ends[0], ends[1]), types=types)


def _discriminators(link: LinkTable) -> tuple[tuple[str, ...], ...] | None:
    """What tells parallel relationships apart; None where there are none."""
    columns, taken = link.records.columns, [column for _, column in link.ends]

    def unique(names: Sequence[str]) -> bool:
        rows = list(zip(*(columns[name] for name in names), strict=True))
        return len(set(rows)) == len(rows)

    if unique(taken):
        return None
    more = [name for name in columns if name not in taken and all(columns[name])]
    for size in (1, 2):
        found = [c for c in combinations(more, size) if unique([*taken, *c])]
        if found:
            return tuple(found)
    return ()


def _types(table: Records) -> dict[str, str]:
    types = {}
    for name, cells in table.columns.items():
        given = [cell for cell in cells if cell]
        parts = [part for cell in given for part in cell.split(BETWEEN)] if name in table.lists else given
        kind = next((kind for kind in TYPES if parts and all(_is(kind, part) for part in parts)), "string")
        if name in table.lists:
            types[name] = f"{kind}[]"
        elif kind != "string":
            types[name] = kind
    return types


def _is(kind: str, text: str) -> bool:
    if kind in ("int", "float") and _ZERO_FIRST.match(text):
        return False
    try:
        reader(kind)(text)
    except BadValue:
        return False
    return True


def _stem(table: Records) -> str:
    return table.file.rpartition("/")[2].rpartition(".")[0]


def _words(table: Records) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", _stem(table)) or ["table"]


def _label(table: Records) -> str:
    name = "".join(word[:1].upper() + word[1:] for word in _words(table))
    return name if name[0].isalpha() else f"T{name}"


def _type_name(table: Records) -> str:
    name = "_".join(word.upper() for word in _words(table))
    return name if name[0].isalpha() else f"T_{name}"


def _twice(labels: Sequence[str]) -> Iterator[Problem]:
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        yield Problem(
            message=f"two tables would both be nodes of label {label}", hint="rename one of the files"
        )


def _notes(nodes: Iterable[NodeTable], keys: Mapping[str, list[str]]) -> Iterator[str]:
    for table in nodes:
        others = [name for name in keys[table.records.file] if name != table.key]
        also = f"; so would {', '.join(others)}: which one is meant?" if others else ""
        yield (
            f"{table.records.source} is taken as nodes {table.label} (the file's name); {table.key} tells them apart{also}"
        )


def _link_note(link: LinkTable) -> str:
    (start, one), (end, other) = link.ends
    return (
        f"{link.records.source} is taken as relationships {link.type} from {start.label} ({one}) to {end.label} ({other}), "
        "as these columns hold their keys"
    )


def _referring(
    nodes: Mapping[str, NodeTable], values: Mapping[str, Mapping[str, frozenset[str]]]
) -> Iterator[str]:
    for table in nodes.values():
        for column in table.records.columns:
            if column != table.key and table.types.get(column, "string") == "string":
                for file in _targets(table.records, column, list(nodes), values):
                    yield (
                        f"{table.records.source}: {column} holds keys of {nodes[file].label} and stays a property; "
                        "a table of the two columns would make relationships of it"
                    )
