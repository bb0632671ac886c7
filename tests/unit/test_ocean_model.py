"""The model: one definition that seed, check, manifest and documentation agree on."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import yaml
from typer.testing import CliRunner

from kgshare.seeding import End, Nodes, Relationships
from oceangraph import model, whp
from oceangraph.check import check, unknown_units
from oceangraph.cli import app
from oceangraph.units import SPELLINGS

PACKAGE = Path(model.__file__).parents[1]
NUMBERS_ONLY = {"Level", "CtdLevel", "Observation", "MixedLayer", "WaterMassLayer"}


def messages(*batches: Nodes | Relationships) -> list[str]:
    return [p.message for p in check(batches, whole=False).problems]


def test_every_property_has_a_known_type_and_unit() -> None:
    assert list(unknown_units()) == []


def test_every_key_is_a_required_property() -> None:
    for kind in model.NODES:
        required = {p.name for p in kind.properties if p.required}
        assert set(kind.key) <= required, kind.label


def test_relationships_join_labels_and_leave_none_alone() -> None:
    labels = {kind.label for kind in model.NODES}
    assert {label for kind in model.RELATIONSHIPS for ends in kind.ends for label in ends} == labels


def test_measured_columns_have_distinct_names_and_known_units_and_schemes() -> None:
    names = [c.name for c in whp.COLUMNS]
    assert len(names) == len(set(names))
    assert {c.unit for c in whp.COLUMNS} <= set(SPELLINGS)
    assert {c.scheme for c in whp.COLUMNS} - {""} <= {s.id for s in whp.SCHEMES}


def test_the_command_prints_the_identity_block_of_the_manifest() -> None:
    result = CliRunner().invoke(app, ["model", "--yaml"])
    assert result.exit_code == 0
    printed = yaml.safe_load(result.stdout)["identity"]
    assert printed["nodes"]["Bottle"] == ["id"]
    assert printed["nodes"]["Cruise"] == ["expocode"]
    assert printed["relationships"] == {"TOOK_PART_IN": ["role"], "CHANGED": ["property"]}
    assert set(printed["nodes"]) == {kind.label for kind in model.NODES}


def test_the_reference_names_every_label_property_and_relationship() -> None:
    text = CliRunner().invoke(app, ["model"]).stdout
    assert text == (PACKAGE.parents[1] / "data/MODEL.md").read_text(encoding="utf-8"), (
        "oceangraph model > data/MODEL.md"
    )
    for kind in model.NODES:
        assert f"## {kind.label}\n" in text
        assert all(f"| {p.name} | {p.type} |" in text for p in kind.properties)
    assert all(f"### {kind.type}\n" in text for kind in model.RELATIONSHIPS)


def test_indexes_are_made_on_labels_and_properties_that_exist() -> None:
    script = (PACKAGE / "schema.cypher").read_text(encoding="utf-8")
    names = set(re.findall(r"(?:POINT|RANGE) INDEX (\w+)", script))
    plain = re.findall(r"FOR \((\w): ?(\w+)\) ON \(([^)]*)\)", script)
    assert len(plain) == len(names)
    for variable, label, columns in plain:
        properties = {p.name for p in model.node_kind(label).properties}
        assert {c.strip().removeprefix(f"{variable}.") for c in columns.split(",")} <= properties
    found = re.search(r"FULLTEXT INDEX search IF NOT EXISTS\s+FOR \(n:([\w|]+)\)", script)
    assert found
    assert set(found[1].split("|")) == {kind.label for kind in model.NODES} - NUMBERS_ONLY


SHIP = Nodes(labels=("Ship", "Platform"), rows=[{"code": "318M", "name": "R/V Melville"}], source="ships")
CRUISE = Nodes(
    labels=("Cruise",),
    rows=pd.DataFrame([{"expocode": "X", "name": "x", "start_date": pd.Timestamp("2013-03-21").date(),
                        "end_date": pd.Timestamp("2013-06-01").date()}]),
)  # fmt: skip


def aboard(cruise: str, *ships: str) -> Relationships:
    return Relationships(
        type="ABOARD",
        start=End(label="Cruise", columns=("a",)),
        end=End(label="Ship", columns=("b",)),
        rows=[{"a": cruise, "b": ship} for ship in ships],
        source="cruises",
    )


def test_the_check_passes_what_is_as_the_model_says() -> None:
    report = check([SHIP, CRUISE, aboard("X", "318M")], whole=False)
    assert report.problems == ()
    assert (report.nodes, report.relationships) == ({"Cruise": 1, "Ship": 1}, {"ABOARD": 1})


def test_the_check_finds_a_dangling_end_even_if_its_node_comes_later() -> None:
    assert messages(aboard("X", "318M"), SHIP, CRUISE) == []
    assert messages(aboard("X", "GONE"), SHIP, CRUISE) == ["ABOARD ends at Ship GONE, which does not exist"]


def test_the_check_finds_missing_and_repeated_keys() -> None:
    twice = Nodes(labels=("Ship", "Platform"), rows=[{"code": "A", "name": "a"}, {"code": "A", "name": "b"}])
    without = Nodes(labels=("Ship", "Platform"), rows=[{"code": None, "name": "c"}])
    assert messages(twice) == ["Ship A is there twice"]
    assert messages(without) == ["Ship.code is missing", "Ship without code"]


def test_the_check_finds_a_relationship_that_is_there_twice() -> None:
    assert messages(SHIP, CRUISE, aboard("X", "318M", "318M")) == ["ABOARD X/318M is there twice"]


def test_the_check_finds_what_the_model_does_not_know() -> None:
    assert messages(Nodes(labels=("Submarine",), rows=[])) == ["the model has no label Submarine"]
    odd = Nodes(labels=("Ship", "Platform"), rows=[{"code": "A", "name": "a", "length": 85.0}])
    assert messages(odd) == ["the model has no Ship.length"]
    number = Nodes(labels=("Ship", "Platform"), rows=[{"code": 318, "name": "a"}])
    assert messages(number) == ["Ship.code is no string: 318"]


def test_the_check_finds_an_unknown_unit_of_a_parameter() -> None:
    rows = [
        {"code": "CFC-12", "name": "CFC-12", "vocabulary": "WHP", "units": "FURLONG", "variable": "cfc_12"}
    ]
    assert messages(Nodes(labels=("Parameter",), rows=rows)) == ["unknown unit 'FURLONG'"]


def test_the_check_finds_a_parameter_in_another_unit_than_its_property() -> None:
    rows = [{"code": "TEMP", "name": "t", "vocabulary": "Argo R03", "units": "decibar", "variable": "temp"}]
    assert messages(Nodes(labels=("Parameter",), rows=rows)) == ["TEMP is in 'decibar', but temp in 'degC'"]


def test_the_check_finds_a_flag_and_a_term_that_do_not_exist() -> None:
    flags = Nodes(
        labels=("QCFlag",), rows=[{"id": "Argo-RR2/1", "name": "good", "scheme": "Argo-RR2", "value": 1}]
    )
    scheme = Nodes(labels=("FlagScheme",), rows=[{"id": "Argo-RR2", "name": "Argo"}])
    level = Nodes(
        labels=("Level",),
        rows=[{"id": "1/1/A/1", "n": 1, "temp_qc": 7}, {"id": "1/1/A/2", "n": 2, "temp_qc": 1}],
    )
    assert messages(scheme, flags, level) == ["Level.temp_qc: scheme Argo-RR2 has no flag 7"]
    sensor = Nodes(labels=("Sensor",), rows=[{"id": "s", "name": "s", "sensor": "CTD_TEMP"}])
    assert messages(sensor) == ["Sensor.sensor: there is no SensorType 'CTD_TEMP'"]


def test_the_check_finds_a_record_without_a_source() -> None:
    report = check([SHIP])
    assert [p.message for p in report.problems] == ["Ship 318M has no source"]
