"""Snapshots, differences and change sets of graphs of 10,000 to 1,000,000 records: seconds, and memory at its peak.

Not collected by default (the name). Each size is seeded once, with 1,000 change sets; everything else is measured on that graph:

    python -m pytest tests/bench/bench_graphs.py -s                 all sizes, some five minutes on two quiet cores
    python -m pytest tests/bench/bench_graphs.py -s -k 10000-       the smallest

Seconds of a machine prove little; what is asserted are ratios measured in one run: what a difference costs follows the change and not
the graph, and a graph is read faster than the driver reads it. Differences are measured as a user runs them: a process of its own,
its start included.
"""

# ruff: noqa: F811 (the fixture of the other file is used by its name)

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.integration.test_seeding_stage import install  # noqa: F401
from tests.unit.change_examples import a_set

from kgshare.canonical.graph import read_graph
from kgshare.canonical.text import INDEX, FileDigest, blocks, digest, index_text, read_digest
from kgshare.changes import Add, Change, Label, Property, Rename, render
from kgshare.doors.moment import of_one_moment
from kgshare.doors.process import run
from kgshare.doors.wire import Wire
from kgshare.seeding.bolt import connect
from kgshare.seeding.server import Install, start_server
from kgshare.seeding.spec import CsvStep, LinkTable, SeedSpec, Table, TableEnd
from kgshare.seeding.stage import SEED_CONFIG, seed

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(3600)]
SIZES = (10_000, 100_000, 1_000_000)
SETS = 1_000
KEYS: dict[str, tuple[str, ...]] = {"Station": ("number",), "Bottle": ("id",)}
CHILD = """
import contextlib, io, json, pathlib, re, resource, sys, time
began = time.perf_counter()
from kgshare.cli import run
with contextlib.redirect_stdout(io.StringIO()) as out:
    code = run(sys.argv[1:])
use = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"code": code, "seconds": time.perf_counter() - began, "cpu": use.ru_utime + use.ru_stime,
                  # Not ru_maxrss: a new program inherits that from the one that started it.
                  "megabytes": int(re.search(r"VmHWM:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024, "characters": len(out.getvalue())}))
"""


def bottle(n: int, stations: int) -> str:
    return f"318M20130321/{n % stations}/{n}"


def write_tables(folder: Path, records: int) -> None:
    """A twentieth of the records are stations and their order, the others bottles and where they were taken."""
    rng, stations = random.Random(1), records // 20
    bottles = records // 2 - stations

    def table(name: str, head: str, rows: Iterator[list[object]]) -> None:
        with (folder / name).open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(head.split())
            out.writerows(rows)

    folder.mkdir(parents=True)
    table("stations.csv", "number name depth when", (
        [n, f"Station {n}", round(rng.uniform(0, 6000), 1), "2013-04-01T12:00:00Z"] for n in range(stations)))  # fmt: skip
    table("bottles.csv", "id pressure cfc_12 cfc_12_qc note flags", (
        [bottle(n, stations), round(rng.uniform(0, 6000), 1), round(rng.random(), 4), 2 + n % 3, f"bottle {n}", "1;2;3;4"]
        for n in range(bottles)))  # fmt: skip
    table("at.csv", "id number wire", ([bottle(n, stations), n % stations, n % 7] for n in range(bottles)))
    table("next.csv", "from to", ([n, n + 1] for n in range(stations - 1)))


def write_change_sets(folder: Path, records: int) -> None:
    """A thousand proposals: flags, some labels, new bottles and renamed ones."""
    folder.mkdir()
    stations = records // 20
    for n in range(SETS):
        record = f'(:Bottle {{id: "{bottle(n, stations)}"}})'
        changes: list[Change] = [Property(record, "cfc_12_qc", str(2 + n % 3), "9")]
        if n % 10 == 0:
            changes.append(Label(record, "Suspect", True))
        if n % 50 == 1:
            changes.append(Add(f'(:Bottle {{id: "new/{n}"}})\n  :Sample\n  note: "found"'))
        if n % 100 == 2:
            changes.append(Rename(record, f'(:Bottle {{id: "other/{n}"}})'))
        date = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=n)
        (folder / f"s{n:04}.toml").write_text(render(a_set(*changes, name=f"s{n:04}", date=date)))


def specification(install: Install, folder: Path) -> SeedSpec:
    stations = Table(
        file="stations.csv",
        labels=("Station",),
        types={"number": "int", "depth": "float", "when": "datetime"},
    )
    types = {"pressure": "float", "cfc_12": "float", "cfc_12_qc": "int", "flags": "int[]"}
    bottles = Table(file="bottles.csv", labels=("Bottle", "Sample"), types=types)
    number, id_ = TableEnd(label="Station", columns=("number",)), TableEnd(label="Bottle", columns=("id",))
    at = LinkTable(file="at.csv", type="AT", start=id_, end=number, types={"number": "int", "wire": "int"})
    next_ = LinkTable(
        file="next.csv", type="NEXT", start=replace(number, columns=("from",)), end=replace(number, columns=("to",)),
        types={"from": "int", "to": "int"},
    )  # fmt: skip
    return SeedSpec(
        project=str(folder), java=str(install.java), lib=str(install.lib), neo4j_version="5.26.30", heap="1g",
        pagecache="512m", node_keys=KEYS, steps=(CsvStep(nodes=(stations, bottles), relationships=(at, next_)),),
        name="oceangraph", changes="changes", work=str(folder / "work"), out=str(folder / "out"),
    )  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One command: seconds on the clock and of the processor, and megabytes at its peak."""

    seconds: float
    cpu: float
    megabytes: float
    characters: int


def kgshare(cache: Path, *words: str | Path) -> Measured:
    done = run([sys.executable, "-c", CHILD, *words], env={"KGSHARE_CACHE": str(cache)})
    said = json.loads(done.stdout.splitlines()[-1])
    assert said.pop("code") == 0
    return Measured(**said)


def changed(text: Path, to: Path, share: float, files: int | None = None) -> int:
    """A copy of a text in which a share of the bottles have another flag, in all files of bottles or in a few; how many."""
    rng, count, index = random.Random(2), 0, list[FileDigest]()
    for file in read_digest(text).files:
        data = (text / file.path).read_bytes()
        if file.path.startswith("nodes/Bottle/") and (files is None or files > 0):
            files = None if files is None else files - 1
            texts = blocks(data.decode())
            for n, one in enumerate(texts):
                if rng.random() < share:
                    texts[n] = one.replace("cfc_12_qc: ", "cfc_12_qc: 1")
                    count += texts[n] != one
            data = ("\n\n".join(texts) + "\n\n").encode()
        (to / file.path).parent.mkdir(parents=True, exist_ok=True)
        (to / file.path).write_bytes(data)
        index.append(replace(file, sha256=sha256(data).hexdigest()))
    (to / INDEX).write_bytes(index_text(index))
    digest(to)
    return count


@pytest.mark.parametrize("records", SIZES, ids=lambda n: f"{n}-records")
def test_how_long_it_takes(records: int, install: Install, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    write_tables(folder, records)
    write_change_sets(folder / "changes", records)
    report = seed(specification(install, folder))
    total, text, cache = report.nodes + report.relationships, folder / "out" / "graph", tmp_path / "cache"
    print(f"\n{total:,} records, {sum(f.stat().st_size for f in text.rglob('*.txt')) / 1e6:.0f} MB of text")
    print(f"  {SETS:,} change sets applied        {report.seconds['changes']:6.2f} s")

    with start_server(
        install,
        folder / "home",
        config={**SEED_CONFIG, "server.directories.data": str(folder / "out" / "data")},
    ) as server:
        port = int(server.uri.rpartition(":")[2])
        for turn in ("cold", "warm"):
            began = time.perf_counter()
            with Wire(port, "") as wire:
                found = of_one_moment(
                    wire,
                    lambda wire=wire: read_graph(wire, tmp_path / "s", KEYS, {}),
                    say=print,
                    where="",
                    hint="",
                )  # type: ignore[misc]
            rate = total / (time.perf_counter() - began)
            print(f"  snapshot of a running store, {turn} {rate:9,.0f} records a second")
            assert found.sha256 == report.digest
        with connect(server.uri) as db:
            began = time.perf_counter()
            rows = sum(1 for _ in db.stream("MATCH (n) RETURN id(n), labels(n), properties(n)", {}))
            driver = rows / (time.perf_counter() - began)
            print(f"  the driver, nodes alone           {driver:9,.0f} records a second")

    few, many, all_ = tmp_path / "few", tmp_path / "many", tmp_path / "all"
    in_few = changed(text, few, min(1.0, 1000 / (records * 0.45) * 8), files=2)
    in_many = changed(text, many, 0.02)
    in_all = changed(text, all_, 1.0)
    kgshare(cache, "diff", text, few)  # the first look hashes both folders
    rows_ = {
        f"{in_few:,} changed, in two files": kgshare(cache, "diff", text, few),
        f"{in_many:,} changed, in every file": kgshare(cache, "diff", text, many),
        f"{in_all:,} changed, counted": kgshare(cache, "diff", text, all_, "--stat"),
        f"{in_all:,} changed, listed": kgshare(cache, "diff", text, all_),
        "nothing changed": kgshare(cache, "diff", text, text),
    }
    for what, one in rows_.items():
        print(
            f"  diff: {what:34} {one.seconds:6.2f} s  {one.cpu:6.2f} s of processor  {one.megabytes:5.0f} MB"
        )
    of_few, of_many, *_, of_nothing = rows_.values()
    if records >= 100_000:  # below, what starting costs is most of it
        assert rate > 1.5 * driver
    if records >= 1_000_000:  # beyond what starting a process and finding nothing costs
        assert of_few.cpu - of_nothing.cpu < (of_many.cpu - of_nothing.cpu) / 2
