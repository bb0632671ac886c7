"""What an import is given, and what it says when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.errors import Problem, UsageError
from oceangraph.importers.quality import TABLE as QUALITY

RECORDS = (
    "floats.csv", "profiles.csv", "levels.csv", "greylist.csv", "bottles.csv", "ctd_levels.csv", "occurrences.csv",
    "sampling_events.csv", "observations.csv", "sections.csv", "institutions.csv",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the upstream files are; None is not given.

    Attributes:
        argo: folder of a GDAC mirror: index files, ``dac/*/*/*_meta.nc`` and ``*_prof.nc``.
        whp: WHP-Exchange bottle file.
        nvs: folder of NVS tables in JSON-LD.
        sections: GeoJSON of WOCE lines.
        dwc: folder of Darwin Core tables.
        erddap: ERDDAP tabledap CSV.
        cf: CF NetCDF.
        ctd: WHP-Exchange CTD file, or a folder of them (``*.csv``).
    """

    argo: Path | None = None
    whp: Path | None = None
    nvs: Path | None = None
    sections: Path | None = None
    dwc: Path | None = None
    erddap: Path | None = None
    cf: Path | None = None
    ctd: Path | None = None

    def check(self) -> None:
        """UsageError where nothing is given, something does not exist, or Argo's codes could not be checked."""
        given = {name: path for name, path in vars(self).items() if path is not None}
        problems = [
            Problem(message=f"there is no {path}", where=f"--{name}")
            for name, path in given.items()
            if not (path.is_dir() if name in ("argo", "nvs", "dwc") else path.exists())
        ]
        if not given:
            problems.append(
                Problem(message="nothing to import", hint="name at least one source, such as --whp FILE")
            )
        if self.argo and not self.nvs:
            problems.append(
                Problem(
                    message="--argo needs --nvs", hint="codes of floats and parameters are checked against it"
                )
            )
        if problems:
            raise UsageError(*problems)


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import made.

    Attributes:
        folder: where the tables are.
        rows: rows by table.
        findings: findings by rule; quality.csv has them all.
        unreadable: files that could not be read, each with its reason.
        sha256: checksums of what was read, by name.
        unrecorded: files whose checksum is not the one in ``sources.yaml`` beside the tables.
        seconds: how long it took.
        peak_memory_mb: the most memory that the process held, MB (10⁶ bytes).
    """

    schema: ClassVar[str] = "ocean-import"
    folder: str
    rows: dict[str, int]
    findings: dict[str, int]
    unreadable: tuple[str, ...]
    sha256: dict[str, str]
    unrecorded: tuple[str, ...]
    seconds: float
    peak_memory_mb: float

    def text(self) -> str:
        """The report for a person."""
        tables = [f"{count:>7} {name}{'' if count else '  (empty)'}" for name, count in self.rows.items()]
        found = [f"{count:>7} {rule}" for rule, count in self.findings.items()] or ["      0 nothing"]
        bad = [f"unreadable: {line}" for line in self.unreadable]
        new = [f"{n} is not the file that sources.yaml names: {self.sha256[n]}" for n in self.unrecorded]
        total = sum(count for name, count in self.rows.items() if name != QUALITY)
        end = f"{total} rows in {self.seconds:.1f} s, at most {self.peak_memory_mb:.0f} MB of memory"
        empty = [] if self.records else ["nothing was imported: every table of records is empty"]
        return "\n".join(
            [
                f"tables in {self.folder}:",
                *tables,
                f"found in the upstream files ({QUALITY}):",
                *found,
                *bad,
                *new,
                end,
                *empty,
            ]
        )

    @property
    def records(self) -> int:
        """Rows of the tables that hold what was measured or recorded, not terms."""
        return sum(self.rows.get(name, 0) for name in RECORDS)
