"""The committed tables: the facts that they hold, and where they say these come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml

from kgshare.changes import read_change_set
from oceangraph.importers.recorded import change_set

DATA = Path(__file__).resolve().parents[2] / "data"
P02 = "318M20130321"


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name, dtype=str, keep_default_na=False)


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("profiles.csv", 2702),
        ("profile_details.csv", 140 + 51 + 80 + 84 + 181),
        ("levels.csv", 45503),
        ("stations.csv", 159),
        ("bottles.csv", 5343),
        ("greylist.csv", 2329),
        ("sampling_events.csv", 178),
        ("occurrences.csv", 519),
        ("sections.csv", 61),
    ],
)
def test_the_tables_have_as_many_rows_as_their_upstream(table: str, rows: int) -> None:
    assert len(read(table)) == rows


def test_the_tables_together_are_small_enough_to_be_cloned() -> None:
    assert sum(p.stat().st_size for p in DATA.rglob("*")) < 15_000_000


@pytest.mark.parametrize(
    ("sample", "pressure", "value", "flag"),
    [("2", "5384.8", "8.172", "2"), ("15", "1478.2", "-6.383", "2"), ("17", "1244.0", "0.059", "3")],
)
def test_station_88_has_its_cfc_12_as_it_was_before_the_recorded_revision(
    sample: str, pressure: str, value: str, flag: str
) -> None:
    bottle = read("bottles.csv").set_index("id").loc[f"{P02}/88/1/{sample}"]
    assert (bottle.pressure, bottle.cfc_12, bottle.cfc_12_qc) == (pressure, value, flag)


def test_the_recorded_revision_is_a_change_set_with_its_date_person_and_reason() -> None:
    [path] = (DATA / "changes").glob("2014-*.toml")
    found = read_change_set(path)
    revision = read("revisions.csv").set_index("id", drop=False).loc[f"{P02}/20140724SIOCCHRJL"]
    made = change_set(revision, read("revision_changes.csv"), project="oceangraph", baseline=found.baseline)
    assert replace(found, name="", lines=()) == made
    assert (found.date.date().isoformat(), found.author) == ("2014-07-24", "RJL (SIOCCH)")
    assert "per email from Dong-Ha Min" in found.reason
    assert [(c.before, c.after) for c in found.changes] == [("2", "4"), ("2", "4")]


def test_the_quality_table_counts_what_is_known_to_be_wrong() -> None:
    quality = read("quality.csv")
    assert quality["rule"].value_counts().to_dict() == {
        "no-date": 73,
        "column-not-taken": 24,
        "invalid-position": 6,
        "no-position": 1,
        "type-with-leading-zero": 2,
        "entry-twice": 1,
        "not-in-R03": 1,
        "no-such-sensor": 1,
        "recorded-revision": 2,
        "year-contradicts-identifier": 1,
        "day-contradicts-identifier": 2,
    }
    profiles = read("profiles.csv").set_index("line")
    rows = quality[quality["rule"].isin(["no-position", "invalid-position"])]["row"]
    assert (profiles.loc[rows, ["latitude", "longitude", "sea_area"]] == "").all(axis=None)
    contradiction = quality.set_index("rule").loc["year-contradicts-identifier"]
    assert contradiction["value"].startswith("GC082007WBWB-72 2008-08-20")


def test_every_file_that_a_row_names_has_its_source_and_every_dataset_too() -> None:
    sources = yaml.safe_load((DATA / "sources.yaml").read_text(encoding="utf-8"))["sources"]
    named = {file["path"] for source in sources for file in source.get("files", ())}
    tables = [read(p.name) for p in DATA.glob("*.csv")]
    used = {f for t in tables for c in ("source_file", "detail_file") if c in t for f in t[c]} - {""}
    assert used <= named
    assert {s["dataset"] for s in sources} >= set(read("datasets.csv")["id"])
    assert all(s["licence"] and s["citation"] and s["origin"] for s in sources)
    digests = [file["sha256"] for source in sources for file in source.get("files", ())]
    assert all(len(digest) == 64 for digest in digests)
