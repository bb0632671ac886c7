"""The seed function: the committed tables make a graph of the model, and bad tables are named by file and row."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from neo4j.spatial import WGS84Point
from typer.testing import CliRunner

from kgshare.errors import SeedError
from kgshare.seeding import Nodes, Relationships
from oceangraph.check import CheckReport, check
from oceangraph.cli import app, main
from oceangraph.seed import graph

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def batches() -> list[Nodes | Relationships]:
    return list(graph(PROJECT))


@pytest.fixture(scope="module")
def report(batches: list[Nodes | Relationships]) -> CheckReport:
    return check(batches)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT / "data", tmp_path / "data")
    return tmp_path


def change(project: Path, table: str, old: str, new: str) -> None:
    path = project / "data" / table
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(project: Path) -> SeedError:
    with pytest.raises(SeedError) as caught:
        list(graph(project))
    return caught.value


def test_the_committed_tables_make_a_graph_of_the_model(report: CheckReport) -> None:
    assert report.problems == ()
    nodes, relationships = report.nodes, report.relationships
    assert (nodes["Profile"], nodes["Station"], nodes["Bottle"], nodes["Greylisting"]) == (
        2702,
        159,
        5343,
        2329,
    )
    assert relationships["MEASURED_BY"] == 2702
    assert relationships["SAMPLED_BY"] == 5343
    assert relationships["IN_AREA"] == 2702 - 7 + 159 + 178


def test_nodes_come_before_the_relationships_that_join_them(batches: list[Nodes | Relationships]) -> None:
    kinds = [isinstance(b, Nodes) for b in batches]
    assert kinds == sorted(kinds, reverse=True)


def test_a_bottle_has_values_flags_and_a_point_and_no_property_where_there_is_no_value(
    batches: list[Nodes | Relationships],
) -> None:
    bottles = next(b for b in batches if isinstance(b, Nodes) and b.labels[0] == "Bottle").rows
    two = bottles.set_index("id").loc["318M20130321/88/1/2"]
    assert (two["cfc_12"], two["cfc_12_qc"], two["pressure"]) == (8.172, 2, 5384.8)
    assert type(two["cfc_12_qc"]) is int
    assert two["position"] == WGS84Point((-167.4528, 30.0007))
    assert two["cfc_113"] != two["cfc_113"]
    assert two["cfc_113_qc"] == 5


def test_each_record_leads_to_its_line_upstream(batches: list[Nodes | Relationships]) -> None:
    origins = next(
        b.rows
        for b in batches
        if isinstance(b, Relationships) and (b.type, b.start.label) == ("DERIVED_FROM", "Bottle")
    )
    two = origins.set_index("start").loc["318M20130321/88/1/2"]
    assert (two["end"], two["file"], two["line"]) == ("cchdo-318M20130321", "whp/p02_bottle.csv", 3180)


def test_a_missing_column_is_named(project: Path) -> None:
    change(project, "profiles.csv", ",latitude,", ",lat,")
    assert str(refusal(project)) == "data/profiles.csv:1: there is no column latitude"


def test_a_missing_table_says_how_to_make_it(project: Path) -> None:
    (project / "data/stations.csv").unlink()
    error = refusal(project)
    assert error.problems[0].where == "data/stations.csv"
    assert "oceangraph import" in error.problems[0].hint


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",0.072,", ",95,", "row 2: latitude must be between -90 and 90 degree_north, but '95'"),
        (",0.072,", ",north,", "row 2: latitude must be of type float, but 'north'"),
        (",0.072,", ",inf,", "row 2: latitude must be of type float, but 'inf'"),
        (
            "1997-08-09T19:21:12Z",
            "9 August 1997",
            "row 2: date must be of type datetime, but '9 August 1997'",
        ),
        ("13857/2/A,Float", ",Float", "row 2: id is missing"),
        ("13857/2/A,Float", "13857/1/A,Float", "row 2: Profile 13857/1/A is there twice"),
        ("R13857_002.nc,13857,", "R13857_002.nc,99999,", "row 2: wmo: there is no Float '99999'"),
        ("cycle 2,2,", "cycle 2,2.5,", "row 2: cycle must be of type int, but '2.5'"),
    ],
)
def test_a_bad_value_is_named_by_file_and_row(project: Path, old: str, new: str, message: str) -> None:
    change(project, "profiles.csv", old, new)
    assert str(refusal(project)) == f"data/profiles.csv:3: {message}"


def test_all_bad_values_of_a_table_are_reported_at_once(project: Path) -> None:
    change(project, "profiles.csv", ",0.072,", ",95,")
    change(project, "profiles.csv", ",0.543,", ",x,")
    assert [p.where for p in refusal(project).problems] == ["data/profiles.csv:4", "data/profiles.csv:3"]


def test_a_join_to_a_record_that_does_not_exist_is_named(project: Path) -> None:
    change(project, "cruise_parameters.csv", "CFC-12", "CFC-21")
    message = "data/cruise_parameters.csv:4: row 3: parameter: there is no Parameter 'CFC-21'"
    assert str(refusal(project)) == message


def test_the_check_command_counts_and_says_that_nothing_is_wrong() -> None:
    result = CliRunner().invoke(app, ["check", "--root", str(PROJECT)])
    assert result.exit_code == 0
    assert "   5343 Bottle" in result.stdout
    assert result.stdout.endswith("nothing is wrong\n")


def test_a_user_s_mistake_is_a_message_with_an_exit_code_and_no_traceback(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project, "profiles.csv", ",0.072,", ",95,")
    monkeypatch.setattr("sys.argv", ["oceangraph", "check", "--root", str(project)])
    with pytest.raises(SystemExit) as caught:
        main()
    shown = capsys.readouterr()
    assert caught.value.code == SeedError.exit_code
    assert shown.out == ""
    assert shown.err.startswith("data/profiles.csv:3: row 2: latitude must be between")
