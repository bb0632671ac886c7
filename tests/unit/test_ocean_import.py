"""The importers on a tiny upstream: what becomes of its rows, and what is told of its mistakes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.unit.ocean_netcdf import FILL, Cast, write_meta, write_profiles
from tests.unit.ocean_upstream import BOTTLES, INDEX, META, exchange, sources, write_upstream
from typer.testing import CliRunner

from kgshare.errors import UsageError
from oceangraph.cli import app, main
from oceangraph.errors import QualityError
from oceangraph.importers.columns import columns
from oceangraph.importers.report import ImportReport, Sources
from oceangraph.importers.run import OPTIONAL_TABLES, run

PROFILE = "dac/aoml/1900001/1900001_prof.nc"
CASTS = (
    Cast(1, {"PRES": [5.0, 10.5, FILL], "TEMP": [20.1, FILL, FILL], "PSAL": [35.0, 35.1, FILL]},
         flags={"TEMP": "19 ", "PSAL": "1Z "}, mode="A", adjusted={"PRES": [4.9, 10.4]}),
    Cast(2, {"PRES": [5.0], "TEMP": [float("nan")], "PSAL": [35.0]}, direction="D", mode="D",
         latitude=-31.5, juld=21916.5),
    Cast(9, {"PRES": [7.0], "TEMP": [2.0], "PSAL": [34.0]}),
    Cast(9, {"PRES": [8.0], "TEMP": [2.0], "PSAL": [34.0]}),
)  # fmt: skip


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / name, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_upstream(tmp_path_factory.mktemp("ocean"))
    write_profiles(folder / "argo" / PROFILE, CASTS)
    write_meta(folder / "argo/dac/aoml/1900001/1900001_meta.nc")
    return folder


@pytest.fixture(scope="module")
def report(upstream: Path) -> ImportReport:
    return run(sources(upstream), upstream / "data")


@pytest.fixture(scope="module")
def made(upstream: Path, report: ImportReport) -> Path:
    return upstream / "data"


def found(tables: Path, file: str = "") -> set[tuple[str, str, str]]:
    quality = read(tables, "quality.csv")
    quality = quality[quality["file"].str.contains(file, regex=False)]
    return set(zip(quality["rule"], quality["row"], quality["action"], strict=True))


def test_a_profile_keeps_cycle_direction_mode_and_line_of_its_index_row(made: Path) -> None:
    profiles = read(made, "profiles.csv").set_index("id")
    down = profiles.loc["1900001/2/D"]
    assert (down.cycle, down.direction, down.data_mode, down.profiler_type) == ("2", "D", "D", "0851")
    assert (down.source_file, down.line) == ("argo/ar_index_global_prof.txt", "5")
    first = profiles.loc["1900001/1/A"]
    assert (first.date, first.latitude, first.longitude) == ("2010-01-01T12:00:00Z", "-30.5", "-20.25")
    assert first.sea_area == "south-atlantic-ocean"


def test_the_mode_of_a_profile_is_its_own_file_s_where_that_was_read(made: Path) -> None:
    profiles = read(made, "profiles.csv").set_index("id")
    assert profiles.loc["1900001/1/A"].data_mode == "A"
    assert profiles.loc["1900001/3/A"].data_mode == "R"


def test_a_profile_without_valid_position_or_date_is_loaded_without_them(made: Path) -> None:
    profiles = read(made, "profiles.csv").set_index("id")
    assert list(profiles.index) == [f"1900001/{n}" for n in ("1/A", "2/D", "2/A", "3/A", "4/A", "5/A", "9/A")]
    for name in ("2/D", "3/A", "4/A"):
        row = profiles.loc[f"1900001/{name}"]
        assert (row.latitude, row.longitude, row.sea_area) == ("", "", "")
    assert profiles.loc["1900001/2/A"].date == ""
    assert profiles.loc["1900001/5/A"].date == ""


def test_every_problem_of_an_index_is_told_by_line_and_rule(made: Path) -> None:
    assert found(made, "argo/ar") >= {
        ("invalid-position", "5", "value left out"),
        ("type-with-leading-zero", "5", "kept"),
        ("no-date", "6", "value left out"),
        ("type-with-leading-zero", "6", "kept"),
        ("invalid-position", "7", "value left out"),
        ("no-position", "8", "value left out"),
        ("impossible-date", "9", "value left out"),
        ("ocean-differs-from-area", "9", "kept, both"),
        ("profile-twice", "10", "row left out"),
        ("too-few-cells", "11", "row left out"),
        ("entry-twice", "3", "row left out"),
        ("ends-before-it-starts", "4", "kept"),
        ("not-in-R03", "3", "relationship left out"),
    }


def test_a_level_has_the_file_s_values_and_flags_and_is_left_out_only_when_it_has_neither(made: Path) -> None:
    levels = read(made, "levels.csv").set_index(["profile", "n"])
    first, second = levels.loc[("1900001/1/A", "1")], levels.loc[("1900001/1/A", "2")]
    assert (first.pres, first.pres_qc, first.temp, first.temp_qc) == ("5.0", "1", "20.1", "1")
    assert (first.pres_adjusted, first.pres_adjusted_error) == ("4.9", "")
    assert (second.temp, second.temp_qc, second.psal) == ("", "9", "35.1")
    assert ("1900001/1/A", "3") not in levels.index


def test_what_is_wrong_in_a_profile_file_is_told_by_profile_and_variable(made: Path) -> None:
    quality = read(made, "quality.csv").set_index("rule")
    assert tuple(quality.loc["no-such-flag", ["file", "row", "field", "value"]]) == (
        f"argo/{PROFILE}", "1", "PSAL_QC[2]", "Z"
    )  # fmt: skip
    assert tuple(quality.loc["no-number", ["row", "field"]]) == ("2", "TEMP[1]")
    assert found(made, PROFILE) >= {
        ("profile-twice", "4", "profile left out"),
        ("profile-not-in-index", "0", "loaded"),
    }
    nine = read(made, "levels.csv").set_index("profile").loc["1900001/9/A"]
    assert nine.pres == "7.0"


def test_an_index_that_contradicts_a_profile_file_is_told_and_kept(made: Path, tmp_path: Path) -> None:
    folder = write_upstream(tmp_path)
    apart = Cast(1, {"PRES": [5.0], "TEMP": [2.0], "PSAL": [35.0]}, latitude=-31.0, juld=21916.5, mode="D")
    write_profiles(folder / "argo" / PROFILE, [apart])
    run(sources(folder), tmp_path / "data")
    assert found(tmp_path / "data") >= {
        ("position-differs-from-file", "4", "kept: the index's"),
        ("date-differs-from-file", "4", "kept: the index's"),
        ("mode-differs-from-file", "4", "the file's is taken"),
    }
    assert read(tmp_path / "data", "profiles.csv").set_index("id").loc["1900001/1/A"].latitude == "-30.5"


def test_a_metadata_file_gives_deployment_sensors_and_investigator(made: Path) -> None:
    [deployment] = read(made, "deployments.csv").to_dict("records")
    assert (deployment["id"], deployment["date"], deployment["ship"]) == (
        "1900001", "2009-12-31T06:00:00Z", "R/V Synthetic"
    )  # fmt: skip
    sensors = read(made, "sensors.csv").set_index("id")
    temp, cndc = sensors.loc["1900001/CTD_TEMP/1"], sensors.loc["1900001/CTD_CNDC/1"]
    assert (temp.model, temp.parameters) == ("SBE41", "TEMP")
    assert (cndc.model, cndc.model_written, cndc.parameters) == ("", "HOMEMADE", "")
    assert read(made, "float_persons.csv").to_dict("records") == [{"person": "Ada Float", "wmo": "1900001"}]
    assert read(made, "float_details.csv").loc[0, ["platform_model", "serial_no", "owner"]].to_list() == [
        "SOLO", "007", ""
    ]  # fmt: skip
    assert found(made, "_meta.nc") == {
        ("no-such-sensor", "0", "relationship left out"),
        ("not-in-R27", "0", "kept as written, not as a term"),
    }


def test_format_3_0_is_read_like_3_1(tmp_path: Path) -> None:
    folder = write_upstream(tmp_path)
    write_profiles(folder / "argo" / PROFILE, CASTS, version="3.0")
    write_meta(folder / "argo/dac/aoml/1900001/1900001_meta.nc", version="3.0")
    run(sources(folder), tmp_path / "data")
    assert len(read(tmp_path / "data", "levels.csv")) == 4
    assert read(tmp_path / "data", "float_details.csv").loc[0, "serial_no"] == "007"


def test_a_bottle_keeps_the_files_digits_and_flags_and_has_no_value_where_the_file_has_none(
    made: Path,
) -> None:
    bottles = read(made, "bottles.csv").set_index("id")
    two = bottles.loc["318M20130321/88/1/2"]
    assert (two.pressure, two.cfc_12) == ("5384.8", "8.172")
    assert (two.cfc_11, two.cfc_11_qc) == ("", "9")
    assert (two.date, two.latitude, two.longitude) == ("2013-05-11T16:33:00Z", "30.0007", "-167.4528")


def test_unreadable_numbers_and_flags_that_contradict_their_value_are_found(made: Path) -> None:
    assert found(made, "whp/") >= {
        ("unreadable-number", "9", "value left out"),
        ("value-though-flag-says-none", "9", "kept"),
    }
    sixteen = read(made, "bottles.csv").set_index("id").loc["318M20130321/88/1/16"]
    assert (sixteen.pressure, sixteen.cfc_12, sixteen.cfc_12_qc) == ("", "0.1", "9")


def test_a_recorded_correction_is_undone_told_and_pointed_to(made: Path) -> None:
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
    flags = read(made, "bottles.csv").set_index("id")["cfc_12_qc"]
    assert (flags["318M20130321/88/1/2"], flags["318M20130321/88/1/15"]) == ("2", "2")
    assert found(made, "whp/") >= {("recorded-revision", row, "written as before: 2") for row in ("7", "8")}
    revision = read(made, "revisions.csv").set_index("id").loc["318M20130321/20140724SIOCCHRJL"]
    assert (revision.date, revision.by, revision.advised_by) == ("2014-07-24", "SIOCCHRJL", "Dong-Ha Min")


def test_a_recorded_correction_that_the_file_does_not_have_is_told_and_nothing_is_undone(
    tmp_path: Path,
) -> None:
    changed = tuple({**b, "CFC-12_FLAG_W": "3"} for b in BOTTLES[:1])
    folder = write_upstream(tmp_path, bottles=exchange(*changed))
    run(sources(folder), tmp_path / "data")
    assert found(tmp_path / "data", "whp/") >= {
        ("recorded-revision-not-in-file", "7", "kept"),
        ("recorded-revision-without-sample", "0", "kept"),
    }
    assert read(tmp_path / "data", "bottles.csv")["cfc_12_qc"].to_list() == ["3"]
    assert read(tmp_path / "data", "revision_changes.csv").empty


def test_a_parameter_takes_name_units_and_codes_from_its_concept(made: Path) -> None:
    psal = read(made, "parameters.csv").set_index("code").loc["PSAL"]
    assert (psal.units, psal.standard_name, psal.p01, psal.p06, psal.variable) == (
        "psu",
        "sea_water_salinity",
        "PSALST01",
        "UUUU",
        "psal",
    )
    assert psal.description == "Practical salinity of the water body."


def test_a_spelling_of_an_instrument_type_met_in_files_stands_beside_its_code(made: Path) -> None:
    assert read(made, "platform_types.csv").set_index("code").loc["851"].also_written == "0851"


def test_a_sampling_whose_date_contradicts_its_identifier_is_told_and_kept(made: Path) -> None:
    assert found(made, "event") == {
        ("year-contradicts-identifier", "3", "kept: eventDate"),
        ("eventID-twice", "4", "row left out"),
        ("impossible-date", "5", "value left out"),
        ("invalid-position", "5", "value left out"),
        ("impossible-depth", "5", "value left out"),
    }
    events = read(made, "sampling_events.csv").set_index("id")
    assert events.loc["GC082007WBWB-72"].date == "2008-08-20T00:00:00Z"


def test_an_occurrence_in_another_unit_or_without_its_sampling_is_told(made: Path) -> None:
    assert found(made, "occurrence") == {
        ("unit-mismatch", "3", "value left out"),
        ("no-such-event", "4", "row left out"),
    }
    rows = read(made, "occurrences.csv")
    assert rows["quantity"].to_list() == ["544", ""]
    assert rows["sex"].to_list() == ["", "female"]
    [taxon] = read(made, "taxa.csv").to_dict("records")
    assert (taxon["id"], taxon["rank"]) == ("urn:lsid:marinespecies.org:taxname:104464", "Species")


def test_a_section_has_its_go_ship_name(made: Path) -> None:
    [section] = read(made, "sections.csv").to_dict("records")
    assert (section["id"], section["woce_line"]) == ("P02", "P2")
    assert section["line"] == "MULTILINESTRING ((134.9 33.7, 180 30.1))"


def test_an_import_writes_the_tables_of_the_model_and_nothing_else(made: Path) -> None:
    assert {p.name for p in made.iterdir()} == set(columns()) - set(OPTIONAL_TABLES)


def test_the_same_upstream_gives_the_same_bytes(upstream: Path, made: Path, tmp_path: Path) -> None:
    run(sources(upstream), tmp_path / "again")
    assert {p.name: p.read_bytes() for p in made.iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()
    }


def test_change_sets_and_other_people_s_tables_are_left_alone(upstream: Path, tmp_path: Path) -> None:
    (tmp_path / "changes").mkdir()
    kept = {tmp_path / "changes/nonsense.toml": "not even TOML", tmp_path / "water_masses.csv": "id\n"}
    for path, text in kept.items():
        path.write_text(text)
    run(sources(upstream), tmp_path)
    assert {path: path.read_text() for path in kept} == kept


def test_an_upstream_file_that_sources_does_not_name_is_reported(upstream: Path, tmp_path: Path) -> None:
    report = run(sources(upstream), tmp_path)
    checksum = report.sha256["argo/ar_greylist.txt"]
    known = {"sources": [{"files": [{"path": "argo/ar_greylist.txt", "sha256": checksum}]}]}
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(known))
    again = run(sources(upstream), tmp_path)
    assert set(again.unrecorded) == set(report.sha256) - {"argo/ar_greylist.txt"}


@pytest.mark.parametrize(
    ("replaced", "reason", "file"),
    [
        (
            {"index": INDEX.replace(",latitude,", ",lat,")},
            "no column latitude in line 3",
            "argo/ar_index_global_prof.txt",
        ),
        ({"bottles": "BOTTLE,x\n"}, "no header line", "whp/p02_bottle.csv"),
        ({"bottles": exchange(*BOTTLES).replace("BOTTLE,2024", "CTD,2024")}, "begin with BOTTLE", "whp/p02_bottle.csv"),
        ({"events": "a,b\n1,2\n"}, "no column eventID", "dwc/wb_event.csv"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_of_its_format_is_listed_and_the_rest_is_imported(
    tmp_path: Path, replaced: dict[str, str], reason: str, file: str
) -> None:
    report = run(sources(write_upstream(tmp_path, **replaced)), tmp_path / "data")
    [line] = report.unreadable
    assert line.startswith(f"{file}: ")
    assert reason in line
    assert ("unreadable-file", "0", "file left out") in found(tmp_path / "data", file)
    assert report.rows["greylist.csv"] == 2


def test_rows_with_a_shifted_column_or_in_another_encoding_are_told_and_left_out(tmp_path: Path) -> None:
    folder = write_upstream(tmp_path, meta=META.replace("1900001_meta", "1900001_meta,x"))
    greylist = folder / "argo/ar_greylist.txt"
    greylist.write_bytes(greylist.read_bytes().replace(b"sensor failure", b"capteur d\xe9faillant"))
    run(sources(folder), tmp_path / "data")
    assert found(tmp_path / "data") >= {
        ("too-many-cells", "3", "row left out"),
        ("not-utf-8", "4", "row left out"),
    }
    assert read(tmp_path / "data", "greylist.csv")["wmo"].to_list() == ["1900001"]


def test_a_bottle_file_that_is_cut_off_is_loaded_up_to_there_and_told(tmp_path: Path) -> None:
    whole = exchange(*BOTTLES)
    cut = whole[: whole.index("END_DATA") - 40]
    run(sources(write_upstream(tmp_path, bottles=cut)), tmp_path / "data")
    assert found(tmp_path / "data", "whp/") >= {
        ("too-few-cells", "9", "row left out"),
        ("cut-off", "9", "rows before it loaded"),
    }
    assert len(read(tmp_path / "data", "bottles.csv")) == 2


def test_a_column_in_another_unit_is_left_out_and_told(tmp_path: Path) -> None:
    folder = write_upstream(tmp_path, bottles=exchange(*BOTTLES, units={"CFC-12": "PMOL/L"}))
    run(sources(folder), tmp_path / "data")
    assert found(tmp_path / "data", "whp/") >= {("unit-mismatch", "5", "column left out")}
    assert set(read(tmp_path / "data", "bottles.csv")["cfc_12"]) == {""}
    assert "CFC-12" not in set(read(tmp_path / "data", "cruise_parameters.csv")["parameter"])


def test_two_files_for_one_profile_are_told_and_the_first_is_taken(tmp_path: Path) -> None:
    twin = INDEX.replace(
        "nonsense", "aoml/1900001/profiles/D1900001_001.nc,20100101120000,1.0,2.0,A,851,AO,20110101000000"
    )
    run(sources(write_upstream(tmp_path, index=twin)), tmp_path / "data")
    assert ("two-files-for-one-profile", "11", "row left out") in found(tmp_path / "data")
    assert read(tmp_path / "data", "profiles.csv").set_index("id").loc["1900001/1/A"].latitude == "-30.5"


@pytest.mark.parametrize("part", [0.2, 0.9])
def test_a_netcdf_file_that_is_cut_off_is_listed(tmp_path: Path, part: float) -> None:
    folder = write_upstream(tmp_path)
    file = write_profiles(folder / "argo" / PROFILE, CASTS)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])
    report = run(sources(folder), tmp_path / "data")
    assert [line.split(":")[0] for line in report.unreadable] == [f"argo/{PROFILE}"]
    assert report.rows["profiles.csv"] == 6


def test_a_variable_in_another_unit_is_left_out_and_told(tmp_path: Path) -> None:
    folder = write_upstream(tmp_path)
    write_profiles(folder / "argo" / PROFILE, CASTS, units={"TEMP": "kelvin"})
    run(sources(folder), tmp_path / "data")
    assert ("unit-mismatch", "0", "variable left out") in found(tmp_path / "data", PROFILE)
    assert set(read(tmp_path / "data", "levels.csv")["temp"]) == {""}


def test_terms_that_their_vocabulary_does_not_know_are_told_and_left_out(tmp_path: Path) -> None:
    strange = INDEX.replace("A,851,AO,20110101000000\naoml/1900001/profiles/D1900001_002D", "A,999,XX,20110101000000\naoml/1900001/profiles/D1900001_002D", 1)  # fmt: skip
    run(sources(write_upstream(tmp_path, index=strange)), tmp_path / "data")
    assert found(tmp_path / "data", "prof.txt") >= {
        ("not-in-R08", "4", "value left out"),
        ("not-in-R04", "4", "value left out"),
    }


def test_a_vocabulary_whose_context_is_elsewhere_is_not_read(tmp_path: Path) -> None:
    folder = write_upstream(tmp_path)
    table = folder / "nvs/R25.json"
    table.write_text(table.read_text().replace('"@context": {', '"@context": "elsewhere", "other": {'))
    report = run(sources(folder), tmp_path / "data")
    assert report.unreadable == ("nvs/R25.json: its JSON-LD context is not in the file",)


def arguments(folder: Path, out: Path, *others: str) -> list[str]:
    given = sources(folder)
    named = [("--argo", given.argo), ("--whp", given.whp), ("--nvs", given.nvs), ("--out", out)]
    return ["import", *(word for name, path in named for word in (name, str(path))), *others]


def test_the_command_prints_counts_time_and_memory(upstream: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, arguments(upstream, tmp_path))
    assert result.exit_code == 0
    assert "      7 profiles.csv" in result.stdout
    assert "      0 occurrences.csv  (empty)" in result.stdout
    assert "      2 type-with-leading-zero" in result.stdout
    assert "MB of memory" in result.stdout


def test_strict_ends_with_its_own_exit_code_after_everything_was_written(
    upstream: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["oceangraph", *arguments(upstream, tmp_path, "--strict")])
    with pytest.raises(SystemExit) as caught:
        main()
    shown = capsys.readouterr()
    assert caught.value.code == QualityError.exit_code == 30
    assert "findings: " in shown.err
    assert "type-with-leading-zero 2" in shown.err
    assert len(read(tmp_path, "profiles.csv")) == 7


def test_an_empty_result_says_that_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "dwc").mkdir()
    report = run(Sources(dwc=tmp_path / "dwc"), tmp_path / "data")
    assert report.text().endswith("nothing was imported: every table of records is empty")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Sources(), "nothing to import"),
        (Sources(whp=Path("gone.csv")), "--whp: there is no gone.csv"),
        (Sources(argo=Path()), "--argo needs --nvs"),
    ],
)
def test_sources_that_cannot_be_read_are_a_usage_error_and_nothing_is_written(
    tmp_path: Path, given: Sources, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run(given, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
