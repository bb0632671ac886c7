"""The tables: made from a tiny upstream, and the facts of the committed ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.unit.ocean_upstream import BOTTLES, INDEX, META, exchange, write_upstream

from kgshare.errors import SeedError
from oceangraph.tables.build import UPSTREAM_FILES, build, derive
from oceangraph.tables.upstream import Upstream

DATA = Path(__file__).resolve().parents[2] / "data"


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / name, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ocean")
    build(write_upstream(folder / "upstream"), folder / "data")
    return folder / "data"


def found(tables: Path) -> set[tuple[str, str, str]]:
    quality = read(tables, "quality.csv")
    return set(zip(quality["rule"], quality["row"], quality["action"], strict=True))


def test_a_profile_keeps_cycle_direction_mode_and_line_of_its_index_row(made: Path) -> None:
    profiles = read(made, "profiles.csv").set_index("id")
    down = profiles.loc["1900001_002D"]
    assert (down.cycle, down.direction, down.data_mode, down.profiler_type, down.line) == (
        "2",
        "D",
        "D",
        "0851",
        "5",
    )
    first = profiles.loc["1900001_001"]
    assert (first.date, first.latitude, first.longitude) == ("2010-01-01T12:00:00Z", "-30.5", "-20.25")
    assert first.sea_area == "south-atlantic-ocean"


def test_a_profile_without_valid_position_or_date_is_loaded_without_them(made: Path) -> None:
    profiles = read(made, "profiles.csv").set_index("id")
    assert list(profiles.index) == [
        "1900001_001", "1900001_002D", "1900001_002", "1900001_003", "1900001_004", "1900001_005"
    ]  # fmt: skip
    for name in ("1900001_002D", "1900001_003", "1900001_004"):
        assert (profiles.loc[name].latitude, profiles.loc[name].longitude, profiles.loc[name].sea_area) == (
            "",
            "",
            "",
        )
    assert profiles.loc["1900001_002"].date == ""
    assert profiles.loc["1900001_005"].date == ""


def test_every_problem_of_an_argo_row_is_found_by_line_and_rule(made: Path) -> None:
    assert found(made) >= {
        ("invalid-position", "5", "value left out"),
        ("type-with-leading-zero", "5", "kept"),
        ("no-date", "6", "value left out"),
        ("type-with-leading-zero", "6", "kept"),
        ("invalid-position", "7", "value left out"),
        ("no-position", "8", "value left out"),
        ("unreadable-time", "9", "value left out"),
        ("ocean-differs-from-area", "9", "kept, both"),
        ("profile-twice", "10", "row left out"),
        ("file-name", "11", "row left out"),
        ("entry-twice", "3", "row left out"),
        ("ends-before-it-starts", "4", "kept"),
        ("parameter-not-in-R03", "3", "row left out"),
    }


def test_a_bottle_keeps_the_files_digits_and_flags_and_has_no_value_where_the_file_has_none(
    made: Path,
) -> None:
    bottles = read(made, "bottles.csv").set_index("id")
    two = bottles.loc["318M20130321/88/1/2"]
    assert (two.pressure, two.cfc_12, two.cfc_12_qc) == ("5384.8", "8.172", "4")
    assert (two.cfc_11, two.cfc_11_qc) == ("", "9")
    assert (two.date, two.latitude, two.longitude) == ("2013-05-11T16:33:00Z", "30.0007", "-167.4528")


def test_unreadable_numbers_and_flags_that_contradict_their_value_are_found(made: Path) -> None:
    assert found(made) >= {
        ("unreadable-number", "9", "value left out"),
        ("value-though-flag-says-none", "9", "kept"),
    }
    sixteen = read(made, "bottles.csv").set_index("id").loc["318M20130321/88/1/16"]
    assert (sixteen.pressure, sixteen.cfc_12, sixteen.cfc_12_qc) == ("", "0.1", "9")


def test_the_header_s_correction_of_flags_points_to_the_bottles_it_changed(made: Path) -> None:
    assert read(made, "revision_changes.csv").to_dict("records") == [
        {
            "revision": "318M20130321/20140724SIOCCHRJL",
            "bottle": f"318M20130321/88/1/{sample}",
            "property": "cfc_12_qc",
            "before": "2",
            "after": "4",
        }
        for sample in ("2", "15")
    ]


def test_a_parameter_takes_name_units_and_codes_from_its_concept(made: Path) -> None:
    psal = read(made, "parameters.csv").set_index("code").loc["PSAL"]
    assert (psal.units, psal.standard_name, psal.p01, psal.p06) == (
        "psu",
        "sea_water_salinity",
        "PSALST01",
        "UUUU",
    )
    assert psal.description == "Practical salinity of the water body."


def test_a_spelling_of_an_instrument_type_met_in_files_stands_beside_its_code(made: Path) -> None:
    assert read(made, "platform_types.csv").set_index("code").loc["851"].also_written == "0851"


def test_the_same_upstream_gives_the_same_bytes(tmp_path: Path) -> None:
    upstream = write_upstream(tmp_path / "upstream")
    build(upstream, tmp_path / "one")
    build(upstream, tmp_path / "two")
    one = {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()}
    assert one == {p.name: p.read_bytes() for p in (tmp_path / "two").iterdir()}
    assert len(one) == 24


def test_an_upstream_file_that_sources_does_not_name_is_reported(tmp_path: Path) -> None:
    upstream = write_upstream(tmp_path / "upstream")
    report = build(upstream, tmp_path)
    checksum = report.sha256["argo/ar_greylist.txt"]
    sources = {"sources": [{"files": [{"path": "argo/ar_greylist.txt", "sha256": checksum}]}]}
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(sources))
    assert set(build(upstream, tmp_path).unrecorded) == set(UPSTREAM_FILES) - {"argo/ar_greylist.txt"}


@pytest.mark.parametrize(
    ("replaced", "message", "place"),
    [
        (
            {"index": INDEX.replace(",latitude,", ",lat,")},
            "no column latitude",
            "argo/ar_index_global_prof.txt:3",
        ),
        (
            {"meta": META.replace("1900001_meta", "1900001_meta,x,y")},
            "more cells",
            "argo/ar_index_global_meta.txt:3",
        ),
        ({"bottles": exchange(*BOTTLES, end="")}, "without END_DATA", "cchdo/p02_bottle.csv"),
        (
            {"bottles": exchange(*BOTTLES, units={"CFC-12": "PMOL/L"})},
            "CFC-12 is in 'PMOL/L', expected 'PMOL/KG'",
            "cchdo/p02_bottle.csv",
        ),
    ],
)
def test_an_upstream_file_that_is_not_of_its_format_is_refused_by_name(
    tmp_path: Path, replaced: dict[str, str], message: str, place: str
) -> None:
    with pytest.raises(SeedError) as caught:
        derive(Upstream(folder=write_upstream(tmp_path, **replaced)))
    assert message in str(caught.value)
    assert caught.value.problems[0].where.startswith(place)


@pytest.mark.parametrize(
    "name", ["nvs/R04.json", "goship/woce_lines.geojson", "argo/ar_greylist.txt", "cchdo/p02_bottle.csv"]
)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00{", b"{}\n"])
def test_a_spoilt_upstream_file_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    upstream = write_upstream(tmp_path)
    (upstream / name).write_bytes(content)
    with pytest.raises(SeedError) as caught:
        derive(Upstream(folder=upstream))
    assert caught.value.problems[0].where.startswith(name)


def test_a_missing_upstream_file_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    upstream = write_upstream(tmp_path / "upstream")
    (upstream / "nvs/R08.json").unlink()
    with pytest.raises(SeedError, match=r"there is no nvs/R08\.json"):
        build(upstream, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("profiles.csv", 2702),
        ("floats.csv", 15),
        ("stations.csv", 159),
        ("bottles.csv", 5343),
        ("greylist.csv", 2329),
    ],
)
def test_the_committed_tables_have_as_many_rows_as_their_upstream(table: str, rows: int) -> None:
    assert len(read(DATA, table)) == rows


@pytest.mark.parametrize(
    ("sample", "pressure", "value", "flag"),
    [("2", "5384.8", "8.172", "4"), ("15", "1478.2", "-6.383", "4"), ("17", "1244.0", "0.059", "3")],
)
def test_station_88_has_its_cfc_12_as_the_file_has_it(
    sample: str, pressure: str, value: str, flag: str
) -> None:
    bottle = read(DATA, "bottles.csv").set_index("id").loc[f"318M20130321/88/1/{sample}"]
    assert (bottle.pressure, bottle.cfc_12, bottle.cfc_12_qc) == (pressure, value, flag)


def test_the_committed_quality_table_counts_what_is_known_to_be_wrong() -> None:
    quality = read(DATA, "quality.csv")
    assert quality["rule"].value_counts().to_dict() == {
        "no-date": 73,
        "invalid-position": 6,
        "no-position": 1,
        "type-with-leading-zero": 2,
        "entry-twice": 1,
        "parameter-not-in-R03": 1,
    }
    profiles = read(DATA, "profiles.csv").set_index("line")
    rows = quality[quality["rule"].isin(["no-position", "invalid-position"])]["row"]
    assert (profiles.loc[rows, ["latitude", "longitude", "sea_area"]] == "").all(axis=None)


def test_every_upstream_file_has_its_source_and_every_dataset_of_a_table_too() -> None:
    sources = yaml.safe_load((DATA / "sources.yaml").read_text(encoding="utf-8"))["sources"]
    named = {file["path"]: file["sha256"] for source in sources for file in source.get("files", ())}
    assert set(named) == set(UPSTREAM_FILES)
    assert all(len(checksum) == 64 for checksum in named.values())
    assert {s["dataset"] for s in sources} == set(read(DATA, "datasets.csv")["id"])
    assert all(s["licence"] and s["citation"] and s["origin"] for s in sources)
