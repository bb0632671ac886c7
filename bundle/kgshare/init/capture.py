"""Copy a graph over Bolt into a project's tables: a CSV file per combination of labels and per kind of relationship.

Rows are streamed, so memory is needed for nothing but surrogate keys. What a cell cannot say goes into a script.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kgshare.canonical.schema import quoted
from kgshare.errors import ManifestError, Problem
from kgshare.init.columns import Column, Unsayable, cell_writer, column, literal
from kgshare.init.identity import SURROGATE
from kgshare.init.look import Run
from kgshare.init.model import Look, Proposal

Rows = Callable[[str], Iterator[Sequence[Any]]]
_BATCH = 500
_SHOWN = 20


@dataclass(kw_only=True)
class Captured:
    """What was written.

    Attributes:
        nodes: rows written; relationships likewise.
        node_tables: as they stand in the manifest; link_tables likewise.
        late: statements for what the tables cannot say.
    """

    nodes: int = 0
    relationships: int = 0
    node_tables: list[dict[str, Any]] = field(default_factory=list)
    link_tables: list[dict[str, Any]] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """The columns of a table."""

    columns: tuple[Column, ...]
    writers: tuple[Callable[[Any], str | None], ...]

    @classmethod
    def of(cls, columns: Sequence[Column]) -> _Cells:
        return cls(columns=tuple(columns), writers=tuple(cell_writer(item) for item in columns))


class Capture:
    """One capture of one graph into one folder.

    Args:
        run: where the graph is.
        rows: the same for what is much to read.
        folder: where the project will be; tables are written to ``tables`` in it.
        look: what the graph consists of.
        proposal: its identity.
    """

    def __init__(self, run: Run, rows: Rows, folder: Path, look: Look, proposal: Proposal) -> None:
        self._rows = rows
        self._run, self._folder, self._look, self._proposal = run, folder, look, proposal
        self._numbers: dict[str, int] = {}  # of nodes with surrogate keys, by Neo4j's id of the moment
        self._late: dict[tuple[str, str], list[str]] = {}
        self._problems: list[Problem] = []
        self._names: set[str] = set()
        self._kinds: Counter[str] = Counter()
        self._ends: dict[str, _Cells] = {}
        self.done = Captured()

    def take(self) -> Captured:
        """Copy everything.

        Raises:
            ManifestError: values that no table and no script can say, with their records.
        """
        (self._folder / "tables").mkdir(parents=True, exist_ok=True)
        for row in self._look.sets:
            self._nodes(row.labels)
        kinds: dict[tuple[str, str, str], None] = {}
        for kind in self._look.links:
            ends = (self._proposal.label(kind.start), self._proposal.label(kind.end))
            kinds.setdefault((kind.type, *ends))
        self._kinds = Counter(type_ for type_, _, _ in kinds)
        for type_, start, end in kinds:
            self._links(type_, start, end)
        if self._problems:
            raise ManifestError(*self._problems[:_SHOWN])
        for (match, name), rows in self._late.items():
            for at in range(0, len(rows), _BATCH):
                values = ",\n  ".join(rows[at : at + _BATCH])
                self.done.late.append(
                    f"UNWIND [\n  {values}\n] AS row\n{match}\nSET {name} = row.v;"
                )  # fmt: skip
        return self.done

    def _nodes(self, labels: tuple[str, ...]) -> None:
        label = self._proposal.label(labels)
        key = self._proposal.nodes[label]
        own = label in self._proposal.surrogates
        pattern = f"MATCH (n:{':'.join(map(quoted, labels))}) WHERE size(labels(n)) = {len(labels)}"
        table = _Cells.of(self._columns(f"{pattern} UNWIND keys(n) AS k RETURN k, valueType(n[k]), count(*)"))
        names = [item.name for item in table.columns]
        places = [] if own else [names.index(name) for name in key]
        returned = [item.expression("n") for item in table.columns]
        rows = self._rows(
            f"{pattern} RETURN {', '.join([*(['elementId(n)'] if own else []), *returned]) or '0'}"
        )
        match = "MATCH (n" + f":{quoted(label)} " + _pairs(key, "row.k") + ")"
        file = self._file("_".join((label, *(x for x in labels if x != label))))
        with (self._folder / file).open("w", encoding="utf-8", newline="") as stream:
            out = csv.writer(stream, lineterminator="\n")
            out.writerow([*([SURROGATE] if own else []), *names])
            for row in rows:
                head: list[str] = []
                values: Sequence[Any] = row
                if own:
                    head = [str(self._numbers.setdefault(row[0], len(self._numbers) + 1))]
                    values = row[1:]
                cells, odd = _cells(table, values)
                out.writerow(head + cells)
                self.done.nodes += 1
                if odd:
                    at = (
                        head
                        if own
                        else self._key(label, [values[i] for i in places], [table.columns[i] for i in places])
                    )
                    self._odd(match, "n", f"k: [{', '.join(at)}]", table, values, odd, f"{label} {', '.join(at)}",
                              set(key))  # fmt: skip
        types: dict[str, str | None] = _said(table.columns)
        self.done.node_tables.append(
            {
                "file": file,
                "labels": [label, *(x for x in labels if x != label)],
                **_types({**({SURROGATE: "int"} if own else {}), **types}),
            }
        )

    def _key(self, label: str, values: Sequence[Any], columns: Sequence[Column]) -> list[str]:
        return [literal(value, item) for value, item in zip(values, columns, strict=True)]

    def _links(self, type_: str, start: str, end: str) -> None:
        pattern = f"MATCH (a:{quoted(start)})-[r:{quoted(type_)}]->(b:{quoted(end)})"
        # All of a type are found without looking at their ends, which takes half the time.
        all_ = f"MATCH ()-[r:{quoted(type_)}]->()" if self._kinds[type_] == 1 else pattern
        table = _Cells.of(self._columns(f"{all_} UNWIND keys(r) AS k RETURN k, valueType(r[k]), count(*)"))
        own = type_ in self._proposal.surrogates
        ends = [self._end(label) for label in (start, end)]
        taken = {item.name for item in table.columns}
        heads = [
            [_free(f"{word}_{item.name}", taken) for item in cells.columns]
            for word, cells in zip(("from", "to"), ends, strict=True)
        ]
        returned = [
            "elementId(" + variable + ")" if label in self._proposal.surrogates else item.expression(variable)
            for variable, label, cells in (("a", start, ends[0]), ("b", end, ends[1]))
            for item in cells.columns
        ]
        returned += [item.expression("r") for item in table.columns]
        cut, width = len(heads[0]), len(heads[0]) + len(heads[1])
        discriminator = self._proposal.relationships.get(type_, ())
        match = (
            f"MATCH (:{quoted(start)} {_pairs(self._proposal.nodes[start], 'row.a')})-[r:{quoted(type_)} "
            f"{_pairs(discriminator, 'row.d')}]->(:{quoted(end)} {_pairs(self._proposal.nodes[end], 'row.b')})"
        )
        file = self._file(f"{start}_{type_}_{end}")
        with (self._folder / file).open("w", encoding="utf-8", newline="") as stream:
            out = csv.writer(stream, lineterminator="\n")
            out.writerow(
                [*heads[0], *heads[1], *([SURROGATE] if own else []), *(item.name for item in table.columns)]
            )
            for number, row in enumerate(self._rows(f"{pattern} RETURN {', '.join(returned)}"), start=1):
                a, b, values = row[:cut], row[cut:width], row[width:]
                a = [self._numbers[a[0]]] if start in self._proposal.surrogates else a
                b = [self._numbers[b[0]]] if end in self._proposal.surrogates else b
                cells, odd = _cells(table, values)
                head = [*_cells(ends[0], a)[0], *_cells(ends[1], b)[0], *([str(number)] if own else [])]
                out.writerow(head + cells)
                self.done.relationships += 1
                if odd:
                    by = {item.name: literal(v, item) for item, v in zip(table.columns, values, strict=True)
                          if item.name in discriminator}  # fmt: skip
                    d = [str(number)] if own else [by[name] for name in discriminator]
                    at = [
                        ", ".join(self._key(label, part, cells_.columns))
                        for label, part, cells_ in ((start, a, ends[0]), (end, b, ends[1]))
                    ]
                    keys = f"a: [{at[0]}], b: [{at[1]}], d: [{', '.join(d)}]"
                    self._odd(match, "r", keys, table, values, odd, f"{type_} {keys}", set(discriminator))
        types: dict[str, str | None] = _said(table.columns)
        for names, cells_ in zip(heads, ends, strict=True):
            types.update(
                {n: c.type for n, c in zip(names, cells_.columns, strict=True) if c.type != "string"}
            )
        types.update({SURROGATE: "int"} if own else {})
        self.done.link_tables.append(
            {
                "file": file, "type": type_, "start": {"label": start, "columns": heads[0]},
                "end": {"label": end, "columns": heads[1]}, **_types(types),
            }
        )  # fmt: skip

    def _end(self, label: str) -> _Cells:
        """The columns of a label's key."""
        if label in self._ends:
            return self._ends[label]
        if label in self._proposal.surrogates:
            return _Cells.of([Column(name=SURROGATE, type="int")])
        key = self._proposal.nodes[label]
        names = "[" + ", ".join(literal(name) for name in key) + "]"
        found = self._columns(
            f"MATCH (n:{quoted(label)}) UNWIND {names} AS k RETURN k, valueType(n[k]), count(*)"
        )
        by_name = {item.name: item for item in found}
        self._ends[label] = _Cells.of([by_name[name] for name in key])
        return self._ends[label]

    def _columns(self, query: str) -> list[Column]:
        types: dict[str, dict[str, int]] = {}
        for name, type_, count in self._run(query, {}):
            types.setdefault(name, {})[type_] = count
        return [column(name, types[name]) for name in sorted(types)]

    def _odd(
        self,
        match: str,
        variable: str,
        keys: str,
        table: _Cells,
        values: Sequence[Any],
        odd: list[int],
        record: str,
        identity: set[str],
    ) -> None:
        """Note what the table could not say of a record."""
        for index in odd:
            item = table.columns[index]
            if item.name in identity:
                hint = "an empty text, or a type that differs from record to record, cannot be part of a key"
                message = f"{item.name} is part of the key and is {values[index]!r}"
                self._problems.append(Problem(message=message, where=record, hint=hint))
                continue
            try:
                value = literal(values[index], item)
            except Unsayable as error:
                hint = "make a dump instead: kgshare init --from FILE.dump keeps everything"
                self._problems.append(
                    Problem(
                        message=f"{item.name} is {error}, which no table can hold", where=record, hint=hint
                    )
                )
                continue
            place = (match, f"{variable}.{quoted(item.name)}")
            self._late.setdefault(place, []).append(f"{{{keys}, v: {value}}}")

    def _file(self, wanted: str) -> str:
        name = _free(re.sub(r"\W+", "_", wanted.lower())[:80], self._names)
        return f"tables/{name}.csv"


def _cells(table: _Cells, values: Sequence[Any]) -> tuple[list[str], list[int]]:
    """The texts of a row, and which values have none."""
    texts: list[str] = []
    odd: list[int] = []
    for index, (value, write) in enumerate(zip(values, table.writers, strict=True)):
        if value is None:
            texts.append("")
            continue
        text = write(value)
        if text is None:
            odd.append(index)
            text = ""
        texts.append(text)
    return texts, odd


def _pairs(names: Sequence[str], field_: str) -> str:
    pairs = ", ".join(f"{quoted(name)}: {field_}[{i}]" for i, name in enumerate(names))
    return f"{{{pairs}}}" if pairs else ""


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    taken.add(name)
    return name


def _said(columns: Sequence[Column]) -> dict[str, str | None]:
    return {item.name: item.type for item in columns if item.type not in (None, "string")}


def _types(types: Mapping[str, str | None]) -> dict[str, Any]:
    return {"types": dict(types)} if types else {}
