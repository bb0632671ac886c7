"""Formats without a sample: WHP CTD, ERDDAP and CF files that these tests write to the published format; all synthetic."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd
import pytest
from tests.unit.ocean_netcdf import Cast, write_meta, write_profiles
from tests.unit.ocean_upstream import sources, write_upstream

from oceangraph.check import check
from oceangraph.importers import observations
from oceangraph.importers.report import Sources
from oceangraph.importers.run import run
from oceangraph.seed import read as seeded

CTD = """\
CTD,20240904CCHSIO
# CTD,20140101SIOCCHABC
# Merged CTDOXY
NUMBER_HEADERS = 9
EXPOCODE = 99SY20200101
SECT_ID = A10
STNNBR = 7
CASTNO = 1
DATE = 20200102
TIME = 0930
LATITUDE = -30.5
LONGITUDE = -20.25
CTDPRS,CTDPRS_FLAG_W,CTDTMP,CTDTMP_FLAG_W,CTDSAL,CTDSAL_FLAG_W,CTDOXY,CTDOXY_FLAG_W
DBAR,,ITS-90,,PSS-78,,UMOL/KG,
2.0,2,20.1234,2,35.1,2,-999,9
4.0,2,20.1,8,x,2,210.5,2
END_DATA
"""
ERDDAP = """\
platform_number,time,latitude,longitude,pres,temp,temp_qc
,UTC,degrees_north,degrees_east,decibar,degree_Celsius,
1900001,2020-01-02T09:30:00Z,-30.5,-20.25,5.0,20.1,1
1900001,2020-01-03T09:30:00Z,95.0,-20.25,5.5,NaN,4
"""


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / name, dtype=str, keep_default_na=False)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rules(folder: Path) -> set[tuple[str, str, str]]:
    quality = read(folder, "quality.csv")
    return set(zip(quality["rule"], quality["row"], quality["field"], strict=True))


def test_a_ctd_file_gives_levels_with_flags_its_cast_station_and_revisions(tmp_path: Path) -> None:
    report = run(Sources(ctd=write(tmp_path / "a_ct1.csv", CTD)), tmp_path / "data")
    levels = read(tmp_path / "data", "ctd_levels.csv")
    assert report.rows["ctd_levels.csv"] == 2
    first, second = levels.to_dict("records")
    assert (first["cast"], first["n"]) == ("99SY20200101/7/1", "1")
    assert (first["pressure"], first["ctd_temperature"], first["ctd_temperature_qc"]) == (
        "2.0",
        "20.1234",
        "2",
    )
    assert (first["ctd_oxygen"], first["ctd_oxygen_qc"], first["line"]) == ("", "9", "15")
    assert (second["ctd_salinity"], second["ctd_temperature_qc"]) == ("", "")
    assert rules(tmp_path / "data") == {
        ("unreadable-number", "16", "CTDSAL"),
        ("no-such-flag", "16", "CTDTMP_FLAG_W"),
    }
    [cast] = read(tmp_path / "data", "casts.csv").to_dict("records")
    assert (cast["id"], cast["date"]) == ("99SY20200101/7/1", "2020-01-02T09:30:00Z")
    assert read(tmp_path / "data", "cruises.csv").loc[0, ["expocode", "ship"]].to_list() == [
        "99SY20200101",
        "99SY",
    ]
    revisions = read(tmp_path / "data", "revisions.csv").set_index("id")
    assert revisions.loc["99SY20200101/ctd/20140101SIOCCHABC"].description == "Merged CTDOXY"


def test_a_folder_of_ctd_files_is_read_and_a_second_file_of_a_cast_is_told(tmp_path: Path) -> None:
    for name, text in (("a", CTD), ("b", CTD), ("c", CTD.replace("CASTNO = 1", "CASTNO = 2"))):
        write(tmp_path / f"ctd/{name}_ct1.csv", text)
    run(Sources(ctd=tmp_path / "ctd"), tmp_path / "data")
    assert ("two-files-for-one-cast", "0", "") in rules(tmp_path / "data")
    assert set(read(tmp_path / "data", "ctd_levels.csv")["cast"]) == {f"99SY20200101/7/{n}" for n in (1, 2)}
    assert len(read(tmp_path / "data", "stations.csv")) == 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("STNNBR = 7\n", "", "the header has no STNNBR"),
        ("CTD,20240904", "BOTTLE,20240904", "does not begin with CTD"),
    ],
)
def test_a_ctd_file_that_does_not_say_of_which_cast_is_listed(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    file = write(tmp_path / "a.csv", CTD.replace(old, new, 1))
    report = run(Sources(ctd=file), tmp_path / "data")
    assert reason in report.unreadable[0]
    assert not (tmp_path / "data/ctd_levels.csv").exists()


def test_an_erddap_table_gives_an_observation_for_each_value_with_the_unit_of_its_units_row(
    tmp_path: Path,
) -> None:
    run(Sources(erddap=write(tmp_path / "floats.csv", ERDDAP)), tmp_path / "data")
    rows = read(tmp_path / "data", "observations.csv").set_index("id")
    one = rows.loc["erddap-floats/3/temp"]
    assert (one.value, one.units, one.date) == ("20.1", "degree_Celsius", "2020-01-02T09:30:00Z")
    assert (one.latitude, one.longitude, one.pressure, one.line) == ("-30.5", "-20.25", "5.0", "3")
    assert one.flag == "1"
    assert list(rows.index) == ["erddap-floats/3/temp"]
    assert rules(tmp_path / "data") == {
        ("invalid-position", "4", "latitude longitude"),
        ("column-not-taken", "1", "platform_number"),
    }
    assert "erddap-floats" in set(read(tmp_path / "data", "datasets.csv")["id"])


def test_an_erddap_table_without_its_line_of_units_or_its_places_is_listed(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.csv", "time,latitude\nUTC,degrees_north\n")
    assert "no column longitude" in run(Sources(erddap=plain), tmp_path / "data").unreadable[0]
    assert (
        "line of units"
        in run(Sources(erddap=write(plain, "time,latitude\n")), tmp_path / "data").unreadable[0]
    )


def cf(
    path: Path, *, time_units: str = "days since 2000-01-01", temperature_units: str = "degree_Celsius"
) -> Path:
    """A CF file with two profiles of three depths (featureType profile, orthogonal)."""
    with netCDF4.Dataset(path, "w") as data:
        data.Conventions, data.title, data.license = "CF-1.11", "Synthetic profiles", "CC0-1.0"
        for name, size in (("profile", 2), ("z", 3)):
            data.createDimension(name, size)
        for name, units, standard, dimensions, values in (
            ("time", time_units, "time", ("profile",), [1.5, 2.5]),
            ("lat", "degrees_north", "latitude", ("profile",), [-30.5, -31.5]),
            ("lon", "degrees_east", "longitude", ("profile",), [-20.25, -21.25]),
            ("z", "m", "depth", ("z",), [5.0, 10.0, 20.0]),
        ):  # fmt: skip
            variable = data.createVariable(name, "f8", dimensions)
            variable.units, variable.standard_name, variable[:] = units, standard, values
        temperature = data.createVariable("temp", "f4", ("profile", "z"), fill_value=-9.0)
        temperature.ancillary_variables = "temp_flag"
        temperature.units, temperature.standard_name = temperature_units, "sea_water_temperature"
        temperature[:] = np.array([[20.1, 19.5, -9.0], [18.0, 17.5, 17.0]])
        flag = data.createVariable("temp_flag", "i1", ("profile", "z"))
        flag.standard_name, flag[:] = "sea_water_temperature status_flag", np.ones((2, 3))
    return path


def test_a_cf_file_gives_an_observation_for_each_value_with_its_place_and_standard_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observations, "SLICE_VALUES", 3)  # one profile at a time
    report = run(Sources(cf=cf(tmp_path / "ship.nc")), tmp_path / "data")
    assert report.unreadable == ()
    rows = read(tmp_path / "data", "observations.csv")
    assert len(rows) == 5
    one = rows.set_index("id").loc["cf-ship/2/temp"]
    assert (one.value, one.flag, one.units) == ("19.5", "1", "degree_Celsius")
    assert one.standard_name == "sea_water_temperature"
    assert (one.date, one.latitude, one.longitude, one.depth) == (
        "2000-01-02T12:00:00Z", "-30.5", "-20.25", "10.0"
    )  # fmt: skip
    assert rows.set_index("id").loc["cf-ship/6/temp"].depth == "20.0"
    assert set(read(tmp_path / "data", "standard_names.csv")["name"]) >= {"sea_water_temperature"}
    datasets = read(tmp_path / "data", "datasets.csv").set_index("id")
    assert datasets.loc["cf-ship", ["name", "licence"]].to_list() == ["Synthetic profiles", "CC0-1.0"]


@pytest.mark.parametrize("part", [0.3, 0.8])
def test_a_cf_file_that_is_cut_off_is_listed(tmp_path: Path, part: float) -> None:
    file = cf(tmp_path / "ship.nc")
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])
    report = run(Sources(cf=file), tmp_path / "data")
    assert report.unreadable[0].startswith("cf/ship.nc: ")
    assert not (tmp_path / "data/observations.csv").exists()


def test_a_file_whose_times_are_not_cf_is_listed(tmp_path: Path) -> None:
    report = run(Sources(cf=cf(tmp_path / "ship.nc", time_units="moons since yesterday")), tmp_path / "data")
    assert report.unreadable[0].startswith("cf/ship.nc: this is no CF NetCDF")


def test_what_all_importers_write_together_is_a_graph_of_the_model(tmp_path: Path) -> None:
    folder = write_upstream(tmp_path / "upstream")
    float_ = folder / "argo/dac/aoml/1900001"
    write_meta(float_ / "1900001_meta.nc")
    write_profiles(float_ / "1900001_prof.nc", [Cast(1, {"PRES": [5.0], "TEMP": [2.0], "PSAL": [35.0]})])
    others = {
        "ctd": write(folder / "a_ct1.csv", CTD),
        "erddap": write(folder / "floats.csv", ERDDAP),
        "cf": cf(folder / "ship.nc"),
    }
    report = run(sources(folder, **others), tmp_path / "data")
    assert report.unreadable == ()
    found = check(seeded(tmp_path))
    assert found.problems == ()
    counts = {
        label: found.nodes[label] for label in ("Level", "CtdLevel", "Observation", "Occurrence", "Sensor")
    }
    assert counts == {"Level": 1, "CtdLevel": 2, "Observation": 6, "Occurrence": 2, "Sensor": 3}
