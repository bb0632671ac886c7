"""Importing streams: what a process holds does not grow with the rows. Measured by the process itself (getrusage)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.unit.ocean_upstream import write_upstream

from kgshare.doors.process import run

PROFILES = 200_000
HEAD = "# Title : synthetic\nfile,date,latitude,longitude,ocean,profiler_type,institution,date_update\n"


def row(number: int) -> str:
    wmo, cycle = 1_000_000 + number // 200, number % 200 + 1
    place = f"{-50 + number % 40:.3f},{-30 + number * 7 % 20:.3f},A"
    file = f"aoml/{wmo}/profiles/D{wmo}_{cycle:03d}.nc"
    return f"{file},2010{number % 12 + 1:02d}15120000,{place},851,AO,20110101000000\n"


def test_an_index_of_200_000_profiles_is_imported_in_less_than_500_mb(tmp_path: Path) -> None:
    folder = write_upstream(tmp_path)
    with (folder / "argo/ar_index_global_prof.txt").open("w") as index:
        index.write(HEAD)
        index.writelines(row(n) for n in range(PROFILES))
    words = [
        "import",
        "--argo",
        folder / "argo",
        "--nvs",
        folder / "nvs",
        "--out",
        tmp_path / "data",
        "--json",
    ]
    printed = run([sys.executable, "-c", "from oceangraph.cli import main; main()", *words])
    result = json.loads(printed.stdout)["result"]
    assert result["rows"]["profiles.csv"] == PROFILES
    assert 50 < result["peak_memory_mb"] < 500
