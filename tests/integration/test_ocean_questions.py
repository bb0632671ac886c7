"""The ocean's questions on the ocean's graph. That they give the expected answers the seed stage checked when it was made."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import sys
import time
from pathlib import Path

import pytest
from tests.integration.page_server import serve, settings

from kgshare.doors.bolt import reading
from kgshare.questions.ask import ask as ask_over
from kgshare.seeding.server import Server, free_port
from oceangraph import cli
from oceangraph.ask import questions

pytestmark = pytest.mark.neo4j


def asked(
    database: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> str:
    monkeypatch.setenv("NEO4J_PASSWORD", "")
    monkeypatch.setattr(sys, "argv", ["oceangraph", "ask", *words, "--bolt", database.uri])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    assert not ended.value.code, err
    return out


def test_the_command_answers_as_text_csv_and_json(
    ocean_database: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(ocean_database, monkeypatch, capsys, "nearest-profile-to-station")
    assert "4902252/16/A" in text
    assert "2549.6" in text
    words = ("bad-values-at-station", "station=88", "variable=cfc_12", "--csv")
    rows = list(csv.DictReader(io.StringIO(asked(ocean_database, monkeypatch, capsys, *words))))
    assert [row["sample"] for row in rows] == ["2", "15", "17"]
    assert rows[0]["changed"] == "2014-07-24"
    words = ("facts-from-a-value", "id=318M20130321/88/1/23", "flag=ctd_salinity_qc", "--json")
    said = json.loads(asked(ocean_database, monkeypatch, capsys, *words))["result"]
    assert ["318M20130321/88/1/NPIW", 637.0, "core", "water-mass"] in said["rows"]


def test_what_nothing_answers_is_said_to_be_empty(
    ocean_database: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(ocean_database, monkeypatch, capsys, "floats-that-measured", "ocean=P")
    assert "no rows: nothing in the graph answers this" in text


def test_the_facts_that_change_with_the_flag_of_a_level_are_those_computed_from_it(
    ocean_database: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("facts-from-a-value", "id=2901780/10/A/12", "flag=psal_adjusted_qc", "--json")
    rows = json.loads(asked(ocean_database, monkeypatch, capsys, *words))["result"]["rows"]
    assert [rows[2][0], rows[-1][3]] == ["sigma0", "mixed-layer-density"]
    # Its temperature decides on the layer by temperature too, its salinity does not.
    assert "mixed-layer-temperature" not in {row[3] for row in rows}


def test_no_question_takes_seconds(ocean_database: Server) -> None:
    # How many milliseconds each takes is measured in tests/bench; here only a missing index would show.
    with reading(ocean_database.uri, user="neo4j", password="") as session:
        for question in questions():
            began = time.perf_counter()
            assert ask_over(session, question).rows, question.name
            assert time.perf_counter() - began < 10, question.name


def test_the_page_lists_and_answers_them(ocean_database: Server, tmp_path: Path) -> None:
    chosen = settings(tmp_path, ocean_database, None)
    project = dataclasses.replace(chosen.project, questions=questions())
    chosen = dataclasses.replace(chosen, project=project, host="127.0.0.1", port=free_port())
    for page in serve(chosen, ocean_database):
        _, listed = page.get("questions")
        assert [question["name"] for question in listed["questions"]] == [q.name for q in questions()]
        assert [page.get(f"questions/{question.name}")[0] for question in questions()] == [200] * len(
            questions()
        )
        _, choices = page.get("question-choices", question="sensors-of-a-float", parameter="wmo")
        assert "2901780" in choices["choices"]
        _, answer = page.get("questions/water-mass-by-platform", water_mass="NPIW")
        assert answer["columns"] == ["platform", "profiles", "top", "bottom"]
        assert [row[0]["value"] for row in answer["rows"]] == ["2901780", "318M20130321", "4902252"][
            : len(answer["rows"])
        ]
