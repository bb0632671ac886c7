"""Graphs for the tests of changes: small ones with values of every type, and the proposals between them."""

from __future__ import annotations

import datetime as dt
import io
import tarfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import zstandard
from hypothesis import strategies as st
from neo4j.spatial import WGS84Point
from neo4j.time import Duration

from kgshare.canonical import Node, NodeId, Relationship, RelationshipId, encode, record_text
from kgshare.changes import Change, ChangeSet

VALUES: list[Any] = [
    0, 1, 1.0, -0.0, 0.5, float("nan"), float("inf"), True, False, "", "it's", "'''", 'a"b\\c', "x" * 5000, "new\nline",
    "\u202ehidden\u200b", "]->(:A {k: 1})", "[[change]]", b"", b"\0\xff", dt.date(2013, 4, 1), dt.time(1, 2, 3),
    dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))), dt.datetime(2013, 4, 1, 12, 30),
    dt.datetime(2013, 4, 1, 12, tzinfo=dt.UTC), dt.datetime(2013, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    Duration(months=14, days=-3, seconds=5, nanoseconds=4), WGS84Point((-150.2, 30.0)), [], [1, 2, 3], [1, 2, 4],
    [1.0, 2.0, 3.0], [float("nan"), 1.0], ["a", "b'c"], ["a", ""], [dt.date(2013, 4, 1), dt.date(2014, 4, 1)],
    [dt.date(2013, 4, 1), dt.date(2015, 4, 1)],
]  # fmt: skip
KEYS = st.sampled_from([1, 2, 3, "a", "it's", ")-[:T]->(:A {k: 1})", 'quo"te', dt.date(2013, 4, 1)])
NAMES = st.sampled_from(["p", "q", "odd name", "x: y", "'"])
PROPERTIES = st.dictionaries(NAMES, st.sampled_from(VALUES), max_size=3)
LABELS = st.sets(st.sampled_from(["L", "M", "two words"]), max_size=2).map(lambda s: tuple(sorted(s)))


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, str]:
    """A graph's canonical records: up to six nodes with relationships between them."""
    ids = draw(
        st.lists(
            st.builds(
                lambda label, key: NodeId(label, (("k", key),)), st.sampled_from(["A", "odd label"]), KEYS
            ),
            max_size=6,
            unique_by=lambda node: node.text,
        )
    )
    records: list[Node | Relationship] = [Node(i, draw(LABELS), draw(PROPERTIES)) for i in ids]
    if ids:
        ends = st.sampled_from(ids)
        links = st.builds(RelationshipId, st.just("T"), ends, ends) | st.builds(
            RelationshipId, st.just("a-b"), ends, ends, st.sampled_from([(("n", 1),), (("n", "]->("),)])
        )
        ids_of_links = draw(st.lists(links, max_size=5, unique_by=lambda link: link.text))
        records += [Relationship(link, draw(PROPERTIES)) for link in ids_of_links]
    return {record.id.text: record_text(record) for record in records}


def renamed(graph: dict[str, str], renames: dict[str, str]) -> dict[str, str]:
    """A graph whose nodes have other keys."""
    from kgshare.changes.names import Renamer

    texts = [Renamer(renames).text(text) for text in graph.values()]
    return {text.partition("\n")[0]: text for text in texts}


def a_set(*changes: Change, **header: Any) -> ChangeSet:
    """A change set with an ordinary header."""
    usual: dict[str, Any] = {
        "title": "Flag a bottle", "author": "A. Reviewer <a@example.org>", "reason": "The replicate disagrees.",
        "date": dt.datetime(2026, 11, 23, 14, tzinfo=dt.UTC), "project": "oceangraph", "baseline": "sha256:" + "0" * 64,
    }  # fmt: skip
    return ChangeSet(**(usual | header), changes=tuple(changes))


def bottle(number: int, **properties: Any) -> str:
    """The text of a bottle's record."""
    return record_text(Node(NodeId("Bottle", (("id", number),)), (), properties))


def graph_of(*texts: str) -> dict[str, str]:
    """Records by identity."""
    return {text.partition("\n")[0]: text for text in texts}


__all__ = ["VALUES", "a_set", "bottle", "encode", "graph_of", "graphs", "renamed"]


def packed(text: Path, to: Path) -> Path:
    """A folder of canonical text as a bundle has it: a packed tar with the one folder ``graph``."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(text, "graph")
    to.write_bytes(zstandard.ZstdCompressor().compress(out.getvalue()))
    return to
