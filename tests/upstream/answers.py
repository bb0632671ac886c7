"""The answers to the project's questions, computed from the upstream files without the graph, the tables or the importers.

    python -m tests.upstream.answers DIR [NAME]     prints them as the `expect` of graph/oceangraph/questions.yaml

``DIR`` is the folder with the upstream files that data/sources.yaml names.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from cchdo.hydro.flags import ExchangeSampleFlag
from cchdo.params import WHPNames
from tests.upstream import ocean
from tests.upstream.files import EXPOCODE, bottles, comments, float_levels, label, profiles, terms

Rows = list[list[Any]]
ANSWERS: dict[str, Callable[[Path], Rows]] = {}

# What the WHP flags of a value measured on a sample mean.
WOCE_BOTTLE = {int(flag): flag.definition.rstrip(".") for flag in ExchangeSampleFlag}


def answers(question: str) -> Callable[[Callable[[Path], Rows]], Callable[[Path], Rows]]:
    def add(function: Callable[[Path], Rows]) -> Callable[[Path], Rows]:
        ANSWERS[question] = function
        return function

    return add


def day(value: Any) -> str:
    return pd.Timestamp(value).strftime("%Y-%m-%d")


def station(root: Path, number: str) -> pd.DataFrame:
    return bottles(root)[bottles(root)["STNNBR"] == number]


# ---- a cruise ----------------------------------------------------------------------------------------------------------


@answers("bad-values-at-station")
def bad_values(root: Path) -> Rows:
    # The file records its own correction in a comment: flags before, and whose word it goes back to.
    said = next(line for line in comments(root) if line.startswith("Changed CFC-12 flags"))
    found = re.fullmatch(
        r"Changed CFC-12 flags (.*) from flag (\d) to (\d) per email from (.*) on (\d{8})", said
    )
    assert found
    changed = set(re.findall(r"stn88-sampno(\d+)", found[1]))
    rows = station(root, "88")
    rows = rows[rows["CFC-12_FLAG_W"].isin([3, 4])].sort_values("CTDPRS", ascending=False)
    table: Rows = []
    for _, row in rows.iterrows():
        flag = int(row["CFC-12_FLAG_W"])
        history = [int(found[2]), day(found[5]), found[4]] if row["SAMPNO"] in changed else [None, None, None]
        table.append([row["SAMPNO"], row["CTDPRS"], row["CFC-12"], flag, WOCE_BOTTLE[flag], *history])
    return table


@answers("around-a-sample")
def around_a_sample(root: Path) -> Rows:
    rows = station(root, "88").dropna(subset=["CFC-12"])
    pressure = float(rows.loc[rows["SAMPNO"] == "17", "CTDPRS"].iloc[0])
    near = rows.assign(far=(rows["CTDPRS"] - pressure).abs()).sort_values(["far", "SAMPNO"]).head(7)
    near = near.sort_values("CTDPRS")
    return [[r["SAMPNO"], r["CTDPRS"], r["CFC-12"], int(r["CFC-12_FLAG_W"])] for _, r in near.iterrows()]


@answers("flags-of-a-variable")
def flags(root: Path) -> Rows:
    counts = bottles(root)["CFC-12_FLAG_W"].value_counts().sort_index()
    return [[int(f), WOCE_BOTTLE[int(f)], "WOCE-bottle", int(n)] for f, n in counts.items()]


@answers("revisions-of-a-cruise")
def revisions(root: Path) -> Rows:
    # A stamp is a day, then institution and initials; some stand twice, with and without the word BOTTLE.
    stamps: dict[str, list[str]] = {}
    for line in comments(root):
        found = re.match(r"(?:BOTTLE,)?\s*(\d{8})([A-Z]+)$", line)
        stamp = f"{found[1]}{found[2]}" if found else next(reversed(stamps))
        stamps.setdefault(stamp, []).append(line)
    rows: Rows = []
    for stamp, lines in stamps.items():
        said = re.search(
            r"Changed .* flags (.*) from flag \d to \d per email from (.*) on \d{8}", " ".join(lines)
        )
        flags = len(re.findall(r"sampno\d+", said[1])) if said else 0
        rows.append([day(stamp[:8]), stamp[8:], said[2] if said else None, flags])
    return sorted(rows, key=lambda row: row[:2])


@answers("tracer-in-a-water-mass")
def tracer(root: Path) -> Rows:
    found = pd.concat([ocean.intermediate_water(cast) for cast in casts(root)])
    good = found.loc[found["CFC-12_FLAG_W"] == 2, "CFC-12"].dropna()
    return [[len(good), round(good.min(), 3), round(good.mean(), 3), round(good.max(), 3)]]


@answers("water-mass-core-along-section")
def core_along_section(root: Path) -> Rows:
    cores = pd.concat([ocean.intermediate_water(cast) for cast in casts(root)])
    cores = cores[cores["core"] == True]  # noqa: E712
    # A station's longitude is that of its first row.
    first = bottles(root).groupby("STNNBR")["LONGITUDE"].first()
    east = np.floor(cores["STNNBR"].map(first)) % 360
    bins = cores.groupby((east // 10 * 10).astype(int))
    return [
        [int(at), len(rows), round(rows["CTDPRS"].mean(), 1), round(rows["psal"].min(), 4)]
        for at, rows in bins
    ]


@answers("facts-from-a-value")
def facts_from_a_value(root: Path) -> Rows:
    cast = next(c for c in casts(root) if c["STNNBR"].iloc[0] == "88")
    row = cast[cast["SAMPNO"] == FACTS_SAMPLE].iloc[0]
    rows: Rows = [
        [name, float(row[name]), "value", name.replace("_", "-")]
        for name in ("absolute_salinity", "conservative_temperature", "sigma0")
    ]
    for name, layer in (("NPIW", ocean.intermediate_water(cast)), ("PSIW", subarctic(cast))):
        mine = layer[layer["SAMPNO"] == FACTS_SAMPLE]
        if len(mine):
            core = layer[layer["core"]]["CTDPRS"].iloc[0] if "core" in layer else layer["CTDPRS"].min()
            role = "core" if "core" in layer and mine["core"].iloc[0] else "member"
            rows.append([f"{EXPOCODE}/88/1/{name}", float(core), role, "water-mass"])
    return rows


FACTS_SAMPLE = "23"


def subarctic(cast: pd.DataFrame) -> pd.DataFrame:
    """Pacific Subarctic Intermediate Water: 5 to 12 °C, 33.8 to 34.3, 500 to 1500 m (Emery, 2003)."""
    inside = cast["temp"].between(5, 12) & cast["psal"].between(33.8, 34.3) & cast["depth"].between(500, 1500)
    return cast[inside]


@answers("source-of-a-bottle")
def source(root: Path) -> Rows:
    row = station(root, "88").set_index("SAMPNO").loc["17"]
    doi = re.search(r"doi:\s*(10\.3334/\S+?)\.?\s", " ".join(comments(root)) + " ")
    assert doi
    return [["17", f"cchdo-{EXPOCODE}", "whp/p02_bottle.csv", int(row["line"]), doi[1]]]


def casts(root: Path) -> list[pd.DataFrame]:
    """Each cast from the surface down, with seawater properties; CTD values whose salinity is flagged good."""
    table = bottles(root)
    named = table.assign(
        pres=table["CTDPRS"], temp=table["CTDTMP"], psal=table["CTDSAL"].where(table["CTDSAL_FLAG_W"] == 2),
        longitude=table["LONGITUDE"], latitude=table["LATITUDE"],
    )  # fmt: skip
    known = ocean.with_properties(named).dropna(subset=["sigma0"]).sort_values("pres", kind="stable")
    return [rows for _, rows in known.groupby("cast", sort=False)]


# ---- floats ------------------------------------------------------------------------------------------------------------


def operators_of(root: Path) -> pd.DataFrame:
    table = pd.read_csv(root / "argo/ar_index_global_meta.txt", comment="#", dtype=str)
    table["wmo"] = table["file"].str.split("/").str[1]
    return table.set_index("wmo")


@answers("floats-that-measured")
def floats_that_measured(root: Path) -> Rows:
    bio = pd.read_csv(root / "argo/argo_bio-profile_index.txt", comment="#", dtype=str)
    with_oxygen = bio[bio["parameters"].str.split().apply(lambda names: "DOXY" in names)]
    atlantic = profiles(root)[profiles(root)["ocean"] == "A"]
    rows: Rows = []
    for wmo in sorted(set(with_oxygen["file"].str.split("/").str[1])):
        made = atlantic[atlantic["wmo"] == wmo]
        operator = label(terms(root, "R04")[operators_of(root).loc[wmo, "institution"]])
        if len(made):
            rows.append([wmo, operator, len(made), day(made["date"].min()), day(made["date"].max())])
    return rows


@answers("greylisted-floats")
def greylisted(root: Path) -> Rows:
    listed = pd.read_csv(root / "argo/ar_greylist.txt", dtype=str, keep_default_na=False).drop_duplicates()
    rows: Rows = []
    for _, entry in listed.sort_values(["PLATFORM_CODE", "PARAMETER_NAME"]).iterrows():
        made = profiles(root)[profiles(root)["wmo"] == entry["PLATFORM_CODE"]]
        days = made["date"].dt.strftime("%Y%m%d").dropna()
        during = days[
            (days >= entry["START_DATE"]) & ((days <= entry["END_DATE"]) | (entry["END_DATE"] == ""))
        ]
        if len(during):
            flag = label(terms(root, "RR2")[entry["QUALITY_CODE"]])
            since = day(entry["START_DATE"])
            rows.append(
                [entry["PLATFORM_CODE"], entry["PARAMETER_NAME"], since, flag, entry["COMMENT"], len(during)]
            )
    return rows


@answers("sensors-of-a-float")
def sensors(root: Path) -> Rows:
    with xr.open_dataset(root / "argo/dac/kordi/2901780/2901780_meta.nc", decode_timedelta=False) as data:
        columns = {
            name: [str(v).strip() for v in data[name].values.astype(str)]
            for name in ("SENSOR", "SENSOR_MODEL", "SENSOR_SERIAL_NO", "PARAMETER", "PARAMETER_SENSOR")
        }
    rows: Rows = []
    for name, model, serial in zip(
        *(columns[c] for c in ("SENSOR", "SENSOR_MODEL", "SENSOR_SERIAL_NO")), strict=True
    ):
        pairs = zip(columns["PARAMETER"], columns["PARAMETER_SENSOR"], strict=True)
        senses = [parameter for parameter, sensor in pairs if sensor == name]
        rows.append(
            [name, label(terms(root, "R27")[model]) if model in terms(root, "R27") else None, serial, senses]
        )
    return sorted(rows)


@answers("operators")
def operators(root: Path) -> Rows:
    index = profiles(root).join(operators_of(root)["institution"].rename("operator"), on="wmo")
    rows: Rows = []
    for code, made in index.groupby("operator"):
        oceans = sorted(o for o in made["ocean"].unique() if o)
        name = label(terms(root, "R04")[str(code)])
        rows.append([code, name, made["wmo"].nunique(), len(made), oceans, day(made["date"].min())])
    return sorted(rows, key=lambda row: (-row[3], row[0]))


@answers("salinity-found-bad-later")
def found_bad_later(root: Path) -> Rows:
    levels = float_levels(root)
    bad = levels[levels["PSAL_ADJUSTED_QC"] == 4]
    return [
        [wmo, len(rows), rows["profile"].nunique(), int((rows["PSAL_QC"] == 1).sum())]
        for wmo, rows in bad.groupby("wmo")
    ]


def float_profiles(root: Path, wmo: str) -> list[pd.DataFrame]:
    """Each profile of a float with positions and dates of the index, seawater properties, from the surface down."""
    where = profiles(root).set_index("id")[["latitude", "longitude", "date", "ocean"]]
    levels = float_levels(root)
    mine = levels[(levels["wmo"] == wmo) & levels["pres"].notna()].drop(
        columns=["latitude", "longitude", "date"]
    )
    known = ocean.with_properties(mine.join(where, on="profile")).sort_values("pres", kind="stable")
    return [rows for _, rows in known.groupby("profile", sort=False)]


@answers("mixed-layer-by-month")
def mixed_layer_by_month(root: Path) -> Rows:
    found = []
    for profile in float_profiles(root, "2901780"):
        there = profile.dropna(subset=["sigma0"])
        depth = ocean.mixed_layer_depth(
            there["depth"].to_numpy(), there["sigma0"].to_numpy(), 0.03, either=False
        )
        if not np.isnan(depth):
            found.append((there["date"].iloc[0].year, there["date"].iloc[0].month, depth))
    table = pd.DataFrame(found, columns=["year", "month", "depth"])
    return [
        [int(y), int(m), len(rows), round(rows["depth"].mean(), 1), float(rows["depth"].max())]
        for (y, m), rows in table.groupby(["year", "month"])
    ]


# ---- ships and floats --------------------------------------------------------------------------------------------------


def first_rows(root: Path) -> pd.DataFrame:
    """The first row of each station: where and when it was."""
    table = bottles(root).groupby("STNNBR", sort=False).first()
    return table.assign(
        date=pd.to_datetime(table["DATE"] + table["TIME"].str.zfill(4), format="%Y%m%d%H%M", utc=True)
    )


@answers("nearest-profile-to-station")
def nearest_profile(root: Path) -> Rows:
    here = first_rows(root).loc["88"]
    there = profiles(root).dropna(subset=["latitude", "longitude"])
    far = [
        ocean.kilometres(here["LONGITUDE"], here["LATITUDE"], x, y)
        for x, y in zip(there["longitude"], there["latitude"], strict=True)
    ]
    nearest = there.iloc[int(np.argmin(far))]
    days = abs((nearest["date"] - here["date"]).total_seconds()) / 86400
    moment = nearest["date"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return [[nearest["id"], nearest["wmo"], round(min(far), 1), round(days, 2), moment]]


@answers("nearest-profile-in-time")
def nearest_in_time(root: Path) -> Rows:
    here = first_rows(root).loc["88"]
    there = profiles(root).dropna(subset=["latitude", "longitude", "date"])
    there = there[(there["date"] - here["date"]).abs() <= pd.Timedelta(days=10)]
    far = [
        ocean.kilometres(here["LONGITUDE"], here["LATITUDE"], x, y)
        for x, y in zip(there["longitude"], there["latitude"], strict=True)
    ]
    nearest = there.iloc[int(np.argmin(far))]
    return [[nearest["id"], nearest["wmo"], nearest["date"].strftime("%Y-%m-%dT%H:%M:%SZ"), round(min(far))]]


@answers("profiles-near-section")
def near_section(root: Path) -> Rows:
    stations = first_rows(root)[["LONGITUDE", "LATITUDE"]].to_numpy()
    there = profiles(root).dropna(subset=["latitude", "longitude"])
    # A degree of latitude has 111 km: who is more than four degrees away from each is no candidate.
    near = there[[bool((np.abs(stations[:, 1] - y) < 4).any()) for y in there["latitude"]]]
    close = [
        any(ocean.kilometres(sx, sy, x, y) <= 400 for sx, sy in stations)
        for x, y in zip(near["longitude"], near["latitude"], strict=True)
    ]
    return [
        [wmo, len(made), day(made["date"].min()), day(made["date"].max())]
        for wmo, made in near[close].groupby("wmo")
    ]


@answers("water-mass-by-platform")
def mode_water_by_platform(root: Path) -> Rows:
    seen: dict[str, list[pd.DataFrame]] = {}
    seen[EXPOCODE] = [layer for cast in casts(root) if len(layer := ocean.mode_water(cast))]
    for wmo in sorted(float_levels(root)["wmo"].unique()):
        for profile in float_profiles(root, wmo):
            there = profile.dropna(subset=["sigma0"])
            # The South China Sea and the Japan Sea are no part of the North Pacific's gyre: looked for is it outside them.
            if len(there) and there["ocean"].iloc[0] == "P" and there["longitude"].iloc[0] > 150:
                layer = ocean.mode_water(there)
                seen.setdefault(wmo, []).extend([layer] if len(layer) else [])
    means = {
        name: [np.mean([f(x["pres"]) for x in layers]) for f in (min, max)]
        for name, layers in seen.items()
        if layers
    }
    return [
        [name, len(seen[name]), round(top, 1), round(low, 1)] for name, (top, low) in sorted(means.items())
    ]


@answers("same-quantity")
def same_quantity(root: Path) -> Rows:
    shipped = ("CTDPRS", "CTDTMP", "CTDSAL", "SALNTY", "CTDOXY", "OXYGEN", "SILCAT", "NITRAT", "NITRIT", "PHSPHT", "CFC-11",
               "CFC-12", "CFC113", "SF6", "TCARBN", "ALKALI", "PH_TOT")  # fmt: skip
    lines = (root / "cchdo/p02_bottle.csv").read_text(encoding="utf-8").splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("EXPOCODE,"))
    units = dict(zip(lines[head].split(","), lines[head + 1].split(","), strict=True))
    rows: Rows = []
    for whp in shipped:
        known = WHPNames[(whp, units[whp] or None)]
        for code, concept in terms(root, "R03").items():
            said = str(concept["skos:definition"]["@value"])
            attributes = dict(
                re.findall(r"(\w+):([^;}]+)", said.partition("Local_Attributes:{")[2].partition("}")[0])
            )
            if known.cf_name and attributes.get("standard_name", "").strip() == known.cf_name:
                p01 = re.search(r"/P01/current/(\w+)", json.dumps(concept))
                rows.append(
                    [
                        known.cf_name,
                        whp,
                        units[whp] or None,
                        code,
                        attributes["units"].strip(),
                        p01 and p01[1],
                    ]
                )
    return sorted(rows, key=lambda row: (row[0], row[1], row[3]))


# ---- life --------------------------------------------------------------------------------------------------------------


def darwin_core(root: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    folder = root / "darwincore"
    events = pd.read_csv(folder / "WBTS_CFIN_2004_2017_event.csv", dtype={"eventID": str})
    return events, pd.read_csv(folder / "WBTS_CFIN_2004_2017_occurrence.csv", dtype={"eventID": str})


@answers("taxon-by-year")
def taxon_by_year(root: Path) -> Rows:
    events, occurrences = darwin_core(root)
    stage = occurrences[occurrences["lifeStage"] == "CV"].merge(events, on="eventID")
    years = stage.groupby(stage["eventDate"].str[:4].astype(int))
    return [
        [
            int(y),
            r["eventID"].nunique(),
            float(round(r["organismQuantity"].mean())),
            float(r["organismQuantity"].max()),
        ]
        for y, r in years
    ]


@answers("date-against-identifier")
def date_against_identifier(root: Path) -> Rows:
    events, occurrences = darwin_core(root)
    rows: Rows = []
    for _, event in events.iterrows():
        digits = re.match(r"(?:GC|WBTS|BT\d\d)(\d{4})(\d{4}|\d{2})", event["eventID"])
        if not digits:  # BT_2014…: no day
            continue
        year = digits[2] if len(digits[2]) == 4 else f"20{digits[2]}"
        named = day(f"{year}{digits[1]}")
        if named != event["eventDate"][:10]:
            rows.append(
                [
                    event["eventID"],
                    event["eventDate"][:10],
                    named,
                    int((occurrences["eventID"] == event["eventID"]).sum()),
                ]
            )
    return sorted(rows)


def main(folder: str, *names: str) -> None:
    """Print the answers."""
    for name in names or ANSWERS:
        print(f"- name: {name}\n  expect:")
        for row in ANSWERS[name](Path(folder)):
            print(f"    - {json.dumps(row, ensure_ascii=False, default=str)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
