"""What follows from a correction for derived facts: as changes, which make of the old records exactly the new ones."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tests.unit.test_derived_facts import CAST, bottle, change, profile, tables

from kgshare.canonical.records import NodeId, block
from kgshare.changes.apply import after, apply
from kgshare.changes.file import read_change_set, render
from kgshare.changes.model import Add, ChangeSet, Property, Remove
from kgshare.errors import ChangeError
from oceangraph import cli
from oceangraph.derive import derive
from oceangraph.derived import consequences as module
from oceangraph.derived.consequences import consequences, is_derived
from oceangraph.derived.facts import Facts, facts

RECORD = f'(:Bottle {{id: "{CAST}/3"}})'
BAD = change(RECORD, "ctd_salinity_qc", "2", "4")


def records(found: Facts) -> dict[str, str]:
    """The derived records, bottles with their derived values, and the bare nodes at the ends of relationships."""
    texts = module._texts(found)
    for label, key in (
        ("Bottle", "id"),
        ("Cast", "id"),
        ("Profile", "id"),
        ("Station", "id"),
        ("Derivation", "id"),
        ("WaterMass", "id"),
    ):
        for row in found.tables[label].to_dict("records"):
            values = {n: row[n] for n in module._VALUES if label == "Bottle" and not pd.isna(row[n])}
            identity = NodeId(label, ((key, row[key]),)).text
            texts[identity] = block(identity, [], values)
    return texts


@pytest.mark.parametrize(
    "corrections",
    [
        [BAD],
        [change(RECORD, "ctd_salinity", "34.6", "34.9")],
        [change(RECORD, "ctd_temperature", "19.0", None)],
        [change(f'(:Bottle {{id: "{CAST}/0"}})', "pressure", "5.0", "11.0")],  # no value above 10 m is left
        [change('(:Profile {id: "8/1/A"})', "position_qc", "1", "4")],
    ],
)
def test_what_follows_makes_of_the_derived_records_what_they_are_computed_to_be(
    corrections: list[ChangeSet],
) -> None:
    given = tables(bottles=map(bottle, range(5)), profiles=[profile(), profile("8/1/A", latitude=30.2)])
    found = consequences(given, [], corrections)
    assert found
    assert all(is_derived(one) for one in found)
    old, new = records(facts(given)), records(facts(given, corrections))
    applied = apply(old, found)
    assert applied.conflicts == ()
    assert after(old, applied.delta) == new


def test_what_already_holds_does_not_follow_again() -> None:
    given = tables(bottles=map(bottle, range(5)))
    more = change(f'(:Bottle {{id: "{CAST}/4"}})', "ctd_salinity_qc", "2", "4")
    both = consequences(given, [BAD], [BAD, more])
    assert {c.record for c in both if isinstance(c, Property)} >= {f'(:Bottle {{id: "{CAST}/4"}})'}
    assert RECORD not in {c.record for c in both}


def test_a_flag_that_enters_nothing_has_no_consequences() -> None:
    given = tables(bottles=map(bottle, range(5)))
    assert consequences(given, [], [change(RECORD, "cfc_12_qc", "2", "4")]) == ()


def test_corrections_are_told_from_what_follows_from_them() -> None:
    assert not is_derived(BAD.changes[0])
    assert is_derived(Property(RECORD, "sigma0", "25.0", None))
    assert is_derived(Remove(f'(:MixedLayer {{id: "{CAST}/density"}})\n  depth: 9.9'))
    assert is_derived(Add('(:Profile {id: "a"})-[:NEAREST]->(:Profile {id: "b"})\n  distance: 1.0'))


@pytest.fixture
def proposal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A proposal's file, in a project whose tables are five bottles."""
    given = tables(bottles=map(bottle, range(5)))
    monkeypatch.setattr("oceangraph.derive.load", lambda root: given)
    file = tmp_path / "bad-salinity.toml"
    file.write_text(render(replace(BAD, baseline=f"sha256:{'0' * 64}")), encoding="utf-8")
    return file


def test_the_command_writes_what_follows_into_the_proposal_and_the_second_time_nothing(
    proposal: Path,
) -> None:
    report = derive(proposal.parent, proposal)
    assert report.corrections == 1
    assert report.counts["moved"] >= 3
    assert f"{RECORD} sigma0" in report.text()
    once = proposal.read_bytes()
    assert len(read_change_set(proposal).changes) == 1 + len(report.changes)
    assert derive(proposal.parent, proposal).changes == report.changes
    assert proposal.read_bytes() == once


def test_what_followed_from_a_correction_goes_when_the_correction_does(proposal: Path) -> None:
    derive(proposal.parent, proposal)
    with_both = read_change_set(proposal)
    other = Property(RECORD, "cfc_12_qc", "2", "4")
    kept = tuple(c for c in with_both.changes if c != BAD.changes[0])
    proposal.write_text(render(replace(with_both, changes=(*kept, other), lines=())), encoding="utf-8")
    report = derive(proposal.parent, proposal)
    assert "nothing that is derived follows" in report.text()
    assert read_change_set(proposal).changes == (other,)


def test_a_proposal_of_another_project_is_refused(proposal: Path) -> None:
    proposal.write_text(proposal.read_text().replace('"oceangraph"', '"herbarium"'), encoding="utf-8")
    with pytest.raises(ChangeError, match="is for herbarium"):
        derive(proposal.parent, proposal)


def test_the_command_prints_what_follows(
    proposal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["oceangraph", "derive", str(proposal), "--root", str(proposal.parent)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    assert "moved" in capsys.readouterr().out


def test_a_file_that_is_no_change_set_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text("kgshare = 1\n", encoding="utf-8")
    with pytest.raises(ChangeError, match=r"p\.toml:1"):
        derive(tmp_path, file)
    with pytest.raises(ChangeError, match=r"none\.toml"):
        derive(tmp_path, tmp_path / "none.toml")
