"""All tables from upstream files: each importer in turn, written aside and put in place together."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import yaml

from oceangraph.importers import areas, argo, darwin_core, facts, lines, nvs, observations
from oceangraph.importers.columns import columns
from oceangraph.importers.cruises import Cruises
from oceangraph.importers.ctd import read_ctd
from oceangraph.importers.exchange import read_bottles
from oceangraph.importers.quality import File, Quality
from oceangraph.importers.report import ImportReport, Sources
from oceangraph.importers.sink import Sink

OPTIONAL_TABLES = ("ctd_levels.csv", "observations.csv")


def run(sources: Sources, out: Path) -> ImportReport:
    """Read the upstream files, write the tables to ``out``: all of them, or with an error none.

    Raises:
        UsageError: see `Sources.check`.
    """
    sources.check()
    started = time.monotonic()
    with Sink(out, columns()) as sink:
        work = _Import(sources, sink)
        work.everything()
        sink.finish(optional=OPTIONAL_TABLES)
    checksums = {file.name: _sha256(file.path) for file in work.files if file.path.is_file()}
    recorded = recorded_checksums(out)
    return ImportReport(
        folder=str(out),
        rows={name: sink.rows[name] for name in sorted(sink.rows)},
        findings=dict(sorted(work.quality.rules.items())),
        unreadable=tuple(work.quality.unreadable),
        sha256=checksums,
        unrecorded=tuple(name for name, digest in checksums.items() if recorded.get(name) != digest),
        seconds=time.monotonic() - started,
        peak_memory_mb=peak_memory() / 1e6,
    )


def peak_memory() -> int:
    """The most memory that this process held, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():  # Linux, where getrusage would tell of the process that started this one, too
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@dataclass
class _Import:
    sources: Sources
    sink: Sink
    quality: Quality = field(init=False)
    cruises: Cruises = field(default_factory=Cruises)
    vocabulary: nvs.Vocabulary = field(default_factory=nvs.Vocabulary)
    files: list[File] = field(default_factory=list)
    found_datasets: list[dict[str, str]] = field(default_factory=list)
    found_names: dict[str, str] = field(default_factory=dict)
    section_names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.quality = Quality(self.sink)

    def everything(self) -> None:
        """Every source that is given, then the tables that depend on what was met."""
        if self.sources.nvs:
            self.vocabulary, read = nvs.read(self.sources.nvs, self.quality)
            self.files += read
        met = argo.Met()
        if self.sources.argo:
            self.files += argo.read(self.sources.argo, self.vocabulary, met, self.sink, self.quality)
        self._sections()
        for file in self._one("whp", self.sources.whp):
            with self.quality.reading(file):
                read_bottles(file, self.cruises, self.sink, self.quality)
        for file in self._one("ctd", self.sources.ctd):
            with self.quality.reading(file):
                read_ctd(file, self.cruises, self.sink, self.quality)
        self._life()
        self._observations()
        self._terms(met)

    def _one(self, option: str, path: Path | None) -> Iterator[File]:
        """The files of an option: the one it names, or all ``*.csv`` of a folder."""
        if path is None:
            return
        found = sorted(path.rglob("*.csv")) if path.is_dir() else [path]
        for each in found:
            below = each.relative_to(path) if path.is_dir() else Path(each.name)
            file = File(name=f"{option}/{below.as_posix()}", path=each)
            self.files.append(file)
            yield file

    def _sections(self) -> None:
        for file in self._one("sections", self.sources.sections):
            with self.quality.reading(file):
                rows = lines.sections(file, self.quality)
                self.section_names.update(rows["id"])
                self.sink.write("sections.csv", rows)

    def _life(self) -> None:
        if not self.sources.dwc:
            return
        events, occurrences = darwin_core.files(self.sources.dwc)
        self.files += [*events, *occurrences]
        samplings: set[str] = set()
        seen: set[str] = set()
        taxa: dict[str, dict[str, str]] = {}
        for file in events:
            with self.quality.reading(file):
                darwin_core.read_events(file, samplings, self.sink, self.quality)
        for file in occurrences:
            with self.quality.reading(file):
                darwin_core.read_occurrences(file, samplings, seen, taxa, self.sink, self.quality)
        self.sink.write("taxa.csv", pd.DataFrame([taxa[k] for k in sorted(taxa)]))

    def _observations(self) -> None:
        for file in self._one("erddap", self.sources.erddap):
            with self.quality.reading(file):
                self.found_datasets.append(observations.read_erddap(file, self.sink, self.quality))
        for file in self._one("cf", self.sources.cf):
            with self.quality.reading(file):
                row = observations.read_cf(file, self.found_names, self.sink, self.quality)
                self.found_datasets.append(row)

    def _terms(self, met: argo.Met) -> None:
        """Tables of terms and facts: those that what was met refers to."""
        write, vocabulary = self.sink.write, self.vocabulary
        parameters = nvs.parameters(vocabulary, {"PRES", "TEMP", "PSAL", *met.parameters})
        names = nvs.standard_names(parameters, self.found_names)
        write("parameters.csv", parameters)
        write("standard_names.csv", names)
        write("institutions.csv", vocabulary.rows("R04"))
        write("platform_types.csv", nvs.platform_types(vocabulary, met.types))
        write("sensor_types.csv", vocabulary.rows("R25"))
        write("sensor_models.csv", vocabulary.rows("R27"))
        write("flag_schemes.csv", nvs.flag_schemes())
        write("qc_flags.csv", nvs.qc_flags(vocabulary))
        write("sea_areas.csv", areas.table())
        write("publications.csv", facts.publications())
        write("programmes.csv", facts.programmes())
        write("ships.csv", facts.ships(self.cruises))
        write("cruises.csv", facts.cruise_table(self.cruises, self.section_names))
        write("cruise_parameters.csv", facts.cruise_parameters(self.cruises))
        write("persons.csv", facts.persons(self.cruises, met.investigators))
        write("cruise_persons.csv", facts.cruise_persons(self.cruises))
        write("datasets.csv", facts.datasets(self.found_datasets, self.cruises))


def recorded_checksums(out: Path) -> dict[str, str]:
    """Upstream file → SHA-256, as ``sources.yaml`` in that folder has it; empty where there is no such file."""
    path = out / "sources.yaml"
    if not path.is_file():
        return {}
    sources = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
    return {file["path"]: file["sha256"] for source in sources for file in source.get("files", [])}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
