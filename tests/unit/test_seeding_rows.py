"""Rows of tables and of Python functions: types, and every mistake with its row, before anything is imported."""

from __future__ import annotations

import datetime as dt
import json
import zoneinfo
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from neo4j.spatial import WGS84Point

from kgshare.errors import SeedError
from kgshare.seeding.bulk import bulk_stage
from kgshare.seeding.cells import LATE, BadValue, cell, reader
from kgshare.seeding.checks import same
from kgshare.seeding.result import SeedReport, error_json, read_error
from kgshare.seeding.server import Install
from kgshare.seeding.spec import (
    Check,
    CsvStep,
    CypherStep,
    LinkTable,
    PythonStep,
    SeedSpec,
    Step,
    Table,
    TableEnd,
)

# Everything here ends before Java would be needed.
NO_JAVA = Install(java=Path("/nonexistent/java"), lib=Path("/nonexistent/lib"))
STATIONS = Table(
    file="stations.csv", labels=("Station",), types={"number": "int", "depth": "float", "when": "date"}
)
NEXT = LinkTable(
    file="next.csv",
    type="NEXT",
    start=TableEnd(label="Station", columns=("from",)),
    end=TableEnd(label="Station", columns=("to",)),
)


def spec(folder: Path, *steps: Step) -> SeedSpec:
    return SeedSpec(
        project=str(folder), java="java", lib="lib", neo4j_version="5.26.30", node_keys={"Station": ("number",)},
        relationship_keys={"NEXT": ("via",)}, steps=steps, checks=(Check(name="c", cypher="RETURN 1", expect=[1, None]),),
        work="work", out="out",
    )  # fmt: skip


def problems(folder: Path, *steps: Step) -> list[str]:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    with pytest.raises(SeedError) as caught:
        bulk_stage(spec(folder, *steps), NO_JAVA, folder, scratch)
    return [f"{p.where}: {p.message}" for p in caught.value.problems]


def tables(folder: Path, stations: str, links: str = "from,to\n") -> CsvStep:
    (folder / "stations.csv").write_text(stations, encoding="utf-8")
    (folder / "next.csv").write_text(links, encoding="utf-8")
    return CsvStep(nodes=(STATIONS,), relationships=(NEXT,))


def test_a_specification_comes_back_from_its_file() -> None:
    whole = spec(
        Path("/p"),
        CsvStep(nodes=(STATIONS,), relationships=(NEXT,)),
        PythonStep(function="m:f", source=("src",)),
        CypherStep(scripts=("a.cypher",), inputs=("x",)),
    )
    assert SeedSpec.from_json(whole.to_json()) == whole
    with pytest.raises(ValueError, match="schema"):
        SeedSpec.from_json(json.dumps({"schema": "kgshare.seed-spec/v0"}))


def test_every_mistake_in_the_tables_is_reported_at_once_with_its_row(tmp_path: Path) -> None:
    step = tables(
        tmp_path,
        "number,depth,when\n1,5.5,2013-04-01\nx,deep,2013-13-01\n1,2,\n,3,\n4,5\n",
        "from,to\n1,99\n1,\n1,1\n",
    )
    found = problems(tmp_path, step)
    assert [line.split(" (month", 1)[0] for line in found] == [
        "stations.csv:3: row 2, column number: 'x' is not an integer",
        "stations.csv:3: row 2, column depth: 'deep' is not a number",
        "stations.csv:3: row 2, column when: '2013-13-01' is not a date",
        "stations.csv: row 2 has no number, which is the key of Station",
        "stations.csv: row 3 repeats the key of Station, number = 1: first in stations.csv row 1",
        "stations.csv: row 4 has no number, which is the key of Station",
        "stations.csv:6: row 5 has 2 cells, the header has 3",
        "next.csv row 1: row 1 of NEXT: there is no Station with to = 99 (end)",
        "next.csv row 2: row 2 of NEXT has no to: its end is unknown",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "stations.csv: the file is empty"),
        ("number,number,depth,when\n", "stations.csv:1: column 'number' stands twice"),
        ("depth,when\n", "stations.csv:1: there is no column 'number'; there are: depth, when"),
        ('number,depth,when\n1,"2,3\n', "stations.csv:2: not CSV: unexpected end of data"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert any(line.startswith(message) for line in problems(tmp_path, tables(tmp_path, text)))


def test_a_table_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    step = tables(tmp_path, "")
    (tmp_path / "stations.csv").write_bytes(b"number,depth,when\n1,,\n" + "Zürich".encode("latin-1"))
    assert problems(tmp_path, step)[0].startswith("stations.csv: not UTF-8")


def test_past_fifty_problems_are_only_counted(tmp_path: Path) -> None:
    found = problems(tmp_path, tables(tmp_path, "number,depth,when\n" + "x,1,\n" * 100))
    assert len(found) == 51
    assert found[-1] == ": and 150 more problems like these"


FUNCTION = """
from kgshare.seeding import End, Nodes, Relationships
def late(project):
    yield Relationships(type="NEXT", start=End(label="Station", columns=("a",)),
                        end=End(label="Station", columns=("b",)), rows=[{"a": 1, "b": 2}, {"a": 1, "b": 3}])
    yield Nodes(labels=("Station",), rows=[{"number": 1}, {"number": 2}])
def bad(project):
    yield Nodes(labels=("Station",), rows=[{"number": 1, "x": {"a": 1}}, {"number": 2, "x": [1, "a"], "": 1}], source="t.csv")
def keyless(project):
    yield Nodes(labels=("Extra", "Station"), rows=[{"number": 1}])
def fails(project):
    yield Nodes(labels=("Station",), rows=[{"number": 1}])
    raise KeyError("depth")
def wrong(project):
    yield {"number": 1}
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("late", "seedfunction:late batch 1 row 2: row 2 of NEXT: there is no Station with b = 3 (end)"),
        ("bad", "t.csv: row 1, column x: a property cannot be a dict"),
        ("bad", "t.csv: row 2, column x: a list cannot mix types: long, string"),
        ("bad", "t.csv: row 2, column : a property must have a name"),
        ("keyless", "seedfunction:keyless batch 1: label Extra has no key"),
        ("fails", "src/seedfunction.py:13: seedfunction:fails failed: KeyError: 'depth'"),
        ("wrong", "seedfunction:wrong: it yielded a dict"),
        ("none", "seedfunction:none: module seedfunction has no function none"),
    ],
)
def test_a_mistake_of_a_seed_function_is_named(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "seedfunction.py").write_text(FUNCTION)
    import sys

    sys.modules.pop("seedfunction", None)
    try:
        assert message in problems(tmp_path, PythonStep(function=f"seedfunction:{name}", source=("src",)))
    finally:
        sys.path.remove(str(tmp_path / "src"))


@pytest.mark.parametrize(
    "value", [None, float("nan"), pd.NaT, pd.NA, np.float64("nan"), np.datetime64("NaT")]
)
def test_a_missing_value_is_no_property(value: Any) -> None:
    assert cell(value) is None


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("", "string", '""'),
        ('a"b\n', "string", '"a""b\n"'),
        (np.int64(5), "long", "5"),
        (np.bool_(True), "boolean", "true"),
        (np.float32(0.5), "double", "0.5"),
        (float("inf"), "double", "Infinity"),
        (np.array([1, 2]), "long[]", '"1\x1f2"'),
        ([1, 2.5], "double[]", '"1.0\x1f2.5"'),
        (pd.Timestamp("2013-04-01 12:00:00.123456789"), "localdatetime", '"2013-04-01T12:00:00.123456789"'),
        (pd.Timestamp("2013-04-01", tz="UTC").to_pydatetime(), "datetime", None),
        (dt.datetime(2013, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")), "datetime", '"2013-07-01T00:00:00+02:00[Europe/Berlin]"'),
        (np.datetime64("2013-04-01T12:00:00.5"), "localdatetime", '"2013-04-01T12:00:00.500"'),
        (dt.timedelta(hours=1), "duration", '"PT3600S"'),
        (WGS84Point((1, 2)), "point", '"{srid: 4326, x: 1.0, y: 2.0}"'),
        ([], LATE, ""),
        (["a", ""], LATE, ""),
        (b"ab", LATE, ""),
    ],
)  # fmt: skip
def test_a_python_value_becomes_a_cell_of_its_own_type(value: Any, kind: str, text: str | None) -> None:
    found = cell(value)
    assert found is not None
    assert found.type == kind
    assert text is None or found.text == text


@pytest.mark.parametrize("value", [2**63, {1}, [[1]], [None], 1j, object()])
def test_a_value_that_no_property_can_hold_is_refused(value: Any) -> None:
    with pytest.raises(BadValue):
        cell(value)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("int", ["1", "-5", " 7 "], ["1.0", "1_000", "9223372036854775808", "²"]),
        ("float", ["1", "1e5", "NaN", "-inf"], ["1,5", "1_0", ""]),
        ("boolean", ["true", "FALSE"], ["yes", "1"]),
        ("date", ["2013-04-01"], ["2013-02-30", "01.04.2013"]),
        ("datetime", ["2013-04-01T12:00:00Z", "2013-04-01 12:00+02:00", "2013-04-01T12:00[Europe/Berlin]"],
         ["2013-04-01T12:00", "2013-04-01T12:00[Mars/Base]"]),
        ("localdatetime", ["2013-04-01T12:00:00.123456789"], ["2013-04-01T12:00Z"]),
        ("time", ["12:00Z"], ["12:00", "25:00Z"]),
        ("localtime", ["12:00:01"], ["12:00Z"]),
        ("duration", ["P1DT2H", "PT0.5S"], ["1 day", "P", "PT"]),
        ("point", ["{latitude: 30.0, longitude: -150.2}", "{x: 1, y: 2, srid: 7203}"], ["30 N", "{x: 1}"]),
        ("int[]", ["1;2", "3"], ["1;x", "1;"]),
        ("string[]", ["a;b"], []),
    ],
)  # fmt: skip
def test_a_cell_of_a_table_is_read_as_its_declared_type(kind: str, good: list[str], bad: list[str]) -> None:
    for text in good:
        assert reader(kind)(text).text
    for text in bad:
        with pytest.raises(BadValue):
            reader(kind)(text)


@pytest.mark.parametrize(
    ("actual", "expected", "equal"),
    [
        (1, 1, True), (1, 1.0, True), (True, 1, False), (0, False, False), (None, None, True), ("1", 1, False),
        ([1, "a"], [1, "a"], True), ([1], [1, 2], False), (dt.date(2013, 4, 1), "2013-04-01", True),
        (dt.date(2013, 4, 2), "2013-04-01", False), ({"a": 1}, {"a": 1}, True), ({"a": 1}, {"b": 1}, False),
    ],
)  # fmt: skip
def test_a_check_compares_values_with_their_types(actual: Any, expected: Any, equal: bool) -> None:
    assert same(actual, expected) is equal


def test_an_error_and_a_report_come_back_from_their_files(tmp_path: Path) -> None:
    step = tables(tmp_path, "number,depth,when\n1,x,\n")
    (tmp_path / "scratch").mkdir()
    with pytest.raises(SeedError) as caught:
        bulk_stage(spec(tmp_path, step), NO_JAVA, tmp_path, tmp_path / "scratch")
    assert read_error(error_json(caught.value)).problems == caught.value.problems
    report = SeedReport(
        neo4j_version="5.26.30",
        digest="ab",
        nodes=1,
        relationships=0,
        labels={"A": 1},
        types={},
        seconds={"bulk": 1.5},
    )
    assert SeedReport.from_json(report.to_json()) == report
