"""All tables from a folder of upstream files, written aside and then renamed; the same input gives the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd
import yaml

from oceangraph.tables import areas, argo, cruise, facts, vocabularies
from oceangraph.tables.findings import Finding, as_frame, mark
from oceangraph.tables.upstream import Upstream

UPSTREAM_FILES = (
    argo.PROFILES,
    argo.META,
    argo.BIO,
    argo.GREYLIST,
    cruise.BOTTLES,
    vocabularies.R03,
    vocabularies.R04,
    vocabularies.R08,
    vocabularies.RR2,
    vocabularies.LINES,
)


@dataclass(frozen=True, kw_only=True)
class TablesReport:
    """What ``oceangraph tables`` made: rows by table, findings by rule, checksums of what was read.

    ``unrecorded`` are the upstream files whose checksum is not the one in ``sources.yaml`` beside the tables.
    """

    schema: ClassVar[str] = "tables"
    folder: str
    rows: dict[str, int]
    findings: dict[str, int]
    sha256: dict[str, str]
    unrecorded: tuple[str, ...] = ()

    def text(self) -> str:
        """The report for a person."""
        tables = [f"{count:>7} {name}" for name, count in self.rows.items()]
        found = [f"{count:>7} {rule}" for rule, count in self.findings.items()]
        new = [
            f"{name} is not the file that sources.yaml names: {self.sha256[name]}" for name in self.unrecorded
        ]
        return "\n".join([f"tables in {self.folder}:", *tables, "found in the upstream files:", *found, *new])


def derive(upstream: Upstream) -> dict[str, pd.DataFrame]:
    """All tables by file name.

    Raises:
        SeedError: a file or column is missing, or a file is not of its format.
    """
    floats = argo.read_argo(upstream)
    ship = cruise.read_cruise(upstream)
    used = {"PRES", "TEMP", "PSAL", *floats.greylist["parameter"], *floats.float_parameters["parameter"]}
    parameters = vocabularies.parameters(upstream, used)
    measured, unknown = _known(floats.float_parameters, argo.BIO, parameters)
    greylist, unlisted = _known(floats.greylist, argo.GREYLIST, parameters)
    types = [*floats.profiles["profiler_type"], *floats.floats["profiler_type"]]
    return {
        "datasets.csv": facts.datasets(),
        "programmes.csv": facts.programmes(),
        "institutions.csv": vocabularies.institutions(upstream),
        "platform_types.csv": vocabularies.platform_types(upstream, types),
        "sea_areas.csv": areas.table(),
        "standard_names.csv": vocabularies.standard_names(parameters),
        "parameters.csv": parameters,
        "qc_flags.csv": vocabularies.qc_flags(upstream),
        "floats.csv": floats.floats,
        "float_parameters.csv": measured,
        "profiles.csv": floats.profiles,
        "greylist.csv": greylist,
        "ships.csv": facts.ships(),
        "sections.csv": facts.sections(vocabularies.section_line(upstream, facts.WOCE_LINE)),
        "cruises.csv": facts.cruises(),
        "cruise_parameters.csv": facts.cruise_parameters(),
        "persons.csv": facts.persons(),
        "cruise_persons.csv": facts.cruise_persons(),
        "stations.csv": ship.stations,
        "casts.csv": ship.casts,
        "bottles.csv": ship.bottles,
        "revisions.csv": ship.revisions,
        "revision_changes.csv": ship.changes,
        "quality.csv": as_frame((*floats.findings, *unknown, *unlisted, *ship.findings)),
    }


def _known(frame: pd.DataFrame, file: str, parameters: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    missing = ~frame["parameter"].isin(parameters["code"])
    found = mark(
        frame, missing, file=file, rule="parameter-not-in-R03", fields=["parameter"], action="row left out"
    )
    return frame[~missing], found


def build(folder: Path, out: Path) -> TablesReport:
    """Read the upstream files in ``folder``, write the tables to ``out``.

    Raises:
        SeedError: as `derive`; then nothing is written.
    """
    tables = derive(Upstream(folder=folder))
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        _write(frame, out / name)
    checksums = {name: _sha256(folder / name) for name in UPSTREAM_FILES}
    recorded = recorded_checksums(out)
    rules = tables["quality.csv"]["rule"].value_counts().sort_index()
    return TablesReport(
        folder=str(out),
        rows={name: len(frame) for name, frame in tables.items()},
        findings={str(rule): int(count) for rule, count in rules.items()},
        sha256=checksums,
        unrecorded=tuple(name for name in UPSTREAM_FILES if recorded.get(name) != checksums[name]),
    )


def recorded_checksums(out: Path) -> dict[str, str]:
    """Upstream file → SHA-256, as ``sources.yaml`` in that folder has it; empty where there is no such file."""
    path = out / "sources.yaml"
    if not path.is_file():
        return {}
    sources = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
    return {file["path"]: file["sha256"] for source in sources for file in source.get("files", [])}


def _write(frame: pd.DataFrame, path: Path) -> None:
    aside = path.with_name(path.name + ".part")
    frame.to_csv(aside, index=False, lineterminator="\n", encoding="utf-8")
    aside.replace(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
