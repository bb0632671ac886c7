"""Derived facts as a graph: which values enter, what they were computed from, and what an accepted change set does to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kgshare.changes.model import ChangeSet, Property
from kgshare.seeding import Relationships
from oceangraph.derived import derivations
from oceangraph.derived.curated import curated
from oceangraph.derived.facts import Facts, facts
from oceangraph.frames import read_table
from oceangraph.model import node_kind

CAST = "X/1/1"
PROFILE = "7/1/A"
PRESSURES = (5.0, 15.0, 40.0, 60.0, 90.0)
TEMPERATURES = (20.0, 20.0, 20.0, 19.0, 17.0)


def bottle(number: int, **more: Any) -> dict[str, Any]:
    row = {"id": f"{CAST}/{number}", "cast_id": CAST, "latitude": 30.0, "longitude": -160.0, "ctd_salinity": 34.6,
           "pressure": PRESSURES[number], "ctd_temperature": TEMPERATURES[number], "ctd_salinity_qc": 2}  # fmt: skip
    return row | more


def level(number: int, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"{PROFILE}/{number}", "profile": PROFILE, "n": number}
    for name, value in (("pres", PRESSURES[number]), ("temp", TEMPERATURES[number]), ("psal", 34.6)):
        row |= {name: value, f"{name}_qc": 1, f"{name}_adjusted": value, f"{name}_adjusted_qc": 1}
    return row | more


def at(day: int) -> pd.Timestamp:
    return pd.Timestamp(2013, 5, day, tz="UTC")


def profile(id_: str = PROFILE, **more: Any) -> dict[str, Any]:
    row = {"id": id_, "wmo": id_.partition("/")[0], "data_mode": "D", "sea_area": "north-pacific-ocean", "latitude": 31.0,
           "longitude": -160.0, "date": at(1), "position_qc": 1, "date_qc": 1}  # fmt: skip
    return row | more


def tables(
    *,
    bottles: Iterable[dict[str, Any]] = (),
    levels: Iterable[dict[str, Any]] = (),
    profiles: Iterable[dict[str, Any]] = (),
) -> dict[str, pd.DataFrame]:
    kind = node_kind("WaterMass")
    values = [p.name for p in node_kind("Bottle").columns]
    level_columns = ["id", "profile", *(p.name for p in node_kind("Level").columns)]
    return {
        "Bottle": pd.DataFrame(list(bottles), columns=[*values, "cast_id"]),
        "Level": pd.DataFrame(list(levels), columns=level_columns),
        "Profile": pd.DataFrame(list(profiles) or [profile()]),
        "Cast": pd.DataFrame([{"id": CAST, "station": "X/1"}]),
        "Station": pd.DataFrame(
            [{"id": "X/1", "cruise": "X", "sea_area": "north-pacific-ocean", "latitude": 30.0, "longitude": -160.0, "date": at(11)}]
        ),
        kind.label: read_masses(),
    }  # fmt: skip


def read_masses() -> pd.DataFrame:
    kind = node_kind("WaterMass")
    return read_table(Path(__file__).parents[2], kind.table, kind.columns)


def rows(found: Facts, type_: str) -> set[tuple[Any, ...]]:
    return {
        row
        for batch in found.relationships
        if isinstance(batch, Relationships) and batch.type == type_ and len(batch.rows)
        for row in pd.DataFrame(batch.rows).itertuples(index=False, name=None)
    }


def change(record: str, name: str, before: str, after: str | None) -> ChangeSet:
    return ChangeSet(
        title="t", author="a", date=datetime(2026, 1, 1, tzinfo=UTC), reason="r", project="oceangraph", baseline="",
        changes=(Property(record, name, before, after),),
    )  # fmt: skip


def test_bottles_and_levels_get_seawater_properties_and_keep_what_was_measured() -> None:
    given = tables(bottles=map(bottle, range(5)), levels=map(level, range(5)))
    found = facts(given)
    for label in ("Bottle", "Level"):
        frame = found.tables[label]
        assert frame["sigma0"].between(24, 26).all()
        assert frame[given[label].columns].equals(given[label])
    # The same water at the same pressures: a ship and a float must agree.
    assert found.tables["Bottle"]["conservative_temperature"].tolist() == pytest.approx(
        found.tables["Level"]["conservative_temperature"].tolist(), abs=2e-4
    )


def test_a_mixed_layer_hangs_on_its_cast_and_on_the_values_that_it_follows_from() -> None:
    found = facts(tables(bottles=map(bottle, range(5))))
    assert (CAST, f"{CAST}/temperature") in rows(found, "SHOWS")
    assert (f"{CAST}/temperature", "mixed-layer-temperature") in rows(found, "COMPUTED_BY")
    used = {
        (end, role) for start, end, role in rows(found, "COMPUTED_FROM") if start == f"{CAST}/temperature"
    }
    assert used == {(f"{CAST}/{n}", "bracket") for n in range(4)}


def test_only_good_flags_enter() -> None:
    flagged = [bottle(0), bottle(1), bottle(2, ctd_salinity_qc=3), bottle(3), bottle(4)]
    found = facts(tables(bottles=flagged))
    assert found.tables["Bottle"]["sigma0"].isna().tolist() == [False, False, True, False, False]
    assert f"{CAST}/2" not in {
        end for start, end, _ in rows(found, "COMPUTED_FROM") if start.endswith("density")
    }
    # The temperature of the same bottle has no flag and goes on to be used.
    assert f"{CAST}/2" in {
        end for start, end, _ in rows(found, "COMPUTED_FROM") if start.endswith("temperature")
    }


@pytest.mark.parametrize(("mode", "expected"), [("D", True), ("A", True), ("R", False)])
def test_adjusted_values_are_used_where_the_data_mode_says_so(mode: str, expected: bool) -> None:
    levels = [level(n, psal_qc=4) for n in range(5)]
    found = facts(tables(levels=levels, profiles=[profile(data_mode=mode)]))
    assert found.tables["Level"]["sigma0"].notna().all() == expected


def test_the_nearest_profile_of_another_platform_has_a_distance_and_days_apart() -> None:
    found = facts(
        tables(
            profiles=[
                profile(),
                profile("7/2/A", latitude=30.5),
                profile("8/1/A", latitude=-30.0, date=pd.NaT),
            ]
        )
    )
    nearest = {start: (end, distance, days) for start, end, distance, days in rows(found, "NEAREST")}
    assert nearest["X/1"] == ("7/2/A", 55.4, 10.0)
    assert nearest["7/1/A"][0] == "X/1"
    assert nearest["8/1/A"][0] == "X/1"
    assert pd.isna(nearest["8/1/A"][2])


def test_a_position_that_is_flagged_other_than_good_is_nobody_s_nearest() -> None:
    found = facts(tables(profiles=[profile(position_qc=4), profile("8/1/A", latitude=-30.0)]))
    assert {start for start, *_ in rows(found, "NEAREST")} == {"X/1", "8/1/A"}


def test_an_accepted_change_set_moves_what_is_derived_and_leaves_what_was_measured() -> None:
    given = tables(bottles=map(bottle, range(5)))
    bad = change(f'(:Bottle {{id: "{CAST}/3"}})', "ctd_salinity_qc", "2", "4")
    before, after = facts(given), facts(given, [bad])
    assert f"{CAST}/3" in {
        end for start, end, _ in rows(before, "COMPUTED_FROM") if start.endswith("density")
    }
    assert f"{CAST}/3" not in {
        end for start, end, _ in rows(after, "COMPUTED_FROM") if start.endswith("density")
    }
    depth = [f.tables["MixedLayer"].set_index("id").loc[f"{CAST}/density", "depth"] for f in (before, after)]
    assert depth[0] != depth[1]
    assert after.tables["Bottle"]["ctd_salinity_qc"].tolist() == [2] * 5


def test_change_sets_are_taken_in_turn_and_what_is_no_number_is_left_alone() -> None:
    given = tables(bottles=map(bottle, range(5)))
    record = f'(:Bottle {{id: "{CAST}/3"}})'
    sets = [
        change(record, "ctd_salinity_qc", "2", "3"),
        change(record, "ctd_salinity_qc", "3", "4"),
        change(record, "ctd_salinity", "34.6", None),
        change(record, "btlnbr", '"3"', '"4"'),
        change('(:Ship {code: "318M"})', "name", '"a"', '"b"'),
    ]
    bottles = curated(given, sets)["Bottle"].set_index("id").loc[f"{CAST}/3"]
    assert bottles["ctd_salinity_qc"] == 4
    assert pd.isna(bottles["ctd_salinity"])
    assert given["Bottle"]["ctd_salinity_qc"].tolist() == [2] * 5


def test_every_derivation_says_with_which_program_and_which_flags() -> None:
    table = derivations.table()
    assert table["version"].str.fullmatch(r"(gsw|geographiclib) \d+(\.\d+)+").all()
    good = {
        end: flag
        for start, end, flag in derivations.uses().itertuples(index=False, name=None)
        if start == "sigma0"
    }
    assert good == {"CTDPRS": None, "CTDTMP": None, "CTDSAL": "2", "PRES": "1", "TEMP": "1", "PSAL": "1"}


def test_every_water_mass_has_ranges_and_is_cited() -> None:
    masses = read_masses()
    assert len(masses) >= 10
    assert masses["publication"].str.len().gt(0).all()
    ranged = masses[[f"{v}_{e}" for v in ("temperature", "salinity", "sigma0") for e in ("min", "max")]]
    assert ranged.notna().sum(axis=1).ge(2).all()
