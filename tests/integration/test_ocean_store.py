"""What the store holds is what the tables say, for every record and property of the ocean graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import neo4j
import pandas as pd
import pytest
from neo4j.time import Date, DateTime

from kgshare.changes import Property, read_folder
from kgshare.seeding.server import Server
from oceangraph.load import Tables, load
from oceangraph.model import NODES, NodeKind

pytest_plugins = ("tests.integration.page_server",)
pytestmark = pytest.mark.neo4j

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return load(ROOT)


def plain(value: Any) -> Any:
    if isinstance(value, Date | DateTime):
        return value.to_native()
    return value


def names_in_tables(kind: NodeKind, tables: Tables) -> list[str]:
    """The properties that the tables decide: all but those that are derived from others."""
    return [p.name for p in kind.properties if p.name in tables[kind.label]]


def expected(kind: NodeKind, tables: Tables) -> dict[Any, dict[str, Any]]:
    """Key → properties, as the tables have them and the accepted change sets make them."""
    frame = tables[kind.label]
    columns = names_in_tables(kind, tables)
    frame = frame[columns]
    rows: dict[Any, dict[str, Any]] = {}
    for values in frame.astype(object).itertuples(index=False, name=None):
        row = {c: v for c, v in zip(columns, values, strict=True) if isinstance(v, list) or not pd.isna(v)}
        rows[row[kind.key[0]]] = row
    for change_set in read_folder(ROOT / "data" / "changes", "oceangraph"):
        for change in change_set.changes:
            if isinstance(change, Property) and change.record.startswith(f"(:{kind.label} "):
                key = change.record.split('"')[1]
                assert str(rows[key].get(change.name)) == change.before
                rows[key][change.name] = type(rows[key][change.name])(change.after)
    return rows


def test_every_value_and_flag_in_the_store_is_the_tables_after_the_change_sets(
    ocean_database: Server, tables: Tables
) -> None:
    compared = {}
    with neo4j.GraphDatabase.driver(ocean_database.uri) as driver, driver.session() as session:
        for kind in (k for k in NODES if k.label in tables):
            rows = expected(kind, tables)
            names = names_in_tables(kind, tables)
            answer = session.run(f"MATCH (n:{kind.label}) RETURN [p IN $names | n[p]] AS v", names=names)  # type: ignore[arg-type]
            found = 0
            for (values,) in answer:
                held = {n: plain(v) for n, v in zip(names, values, strict=True) if v is not None}
                assert held == rows[held[kind.key[0]]]
                found += 1
            assert found == len(rows), kind.label
            compared[kind.label] = sum(len(row) for row in rows.values())
    assert (compared["Level"], compared["Bottle"]) > (400_000, 100_000)
