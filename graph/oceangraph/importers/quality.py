"""What is wrong in an upstream file: by file, row, rule, field and value, with what was done about it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from oceangraph.importers.sink import Sink

TABLE = "quality.csv"
_SHOWN = 200  # characters of a value: a spoilt row can be long


@dataclass(frozen=True, kw_only=True)
class File:
    """An upstream file: where it is, and the name that tables, findings and sources.yaml call it by.

    The name is the importer's option and the path below what the option names: ``argo/ar_greylist.txt``.
    """

    name: str
    path: Path


class UnreadableFile(Exception):
    """A file that is not of its format; the message says why. What was read of it before stays."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One value, or one row, that is not as its format says.

    Attributes:
        file: name of the upstream file, see `File`.
        row: line in a text file, profile (N_PROF) in a NetCDF file, the first being 1; 0 where the file itself is meant.
        rule: short name of the rule that it breaks.
        field: the column or variable; empty where the whole row is meant.
        value: what the file has there.
        action: what was done: the value left out, kept as it is, or the row left out.
    """

    file: str
    row: int
    rule: str
    field: str = ""
    value: str = ""
    action: str = "kept"


class Quality:
    """Takes findings as they come and writes them to ``quality.csv``, in the order of reading; holds only counts."""

    def __init__(self, sink: Sink) -> None:
        """Findings go to ``sink``."""
        self._sink = sink
        self.rules: Counter[str] = Counter()
        self.unreadable: list[str] = []
        self._add([])

    def add(self, *findings: Finding) -> None:
        """Take findings that were made one by one."""
        self._add(findings)

    def mark(
        self,
        file: File,
        frame: pd.DataFrame,
        wrong: pd.Series[bool],
        *,
        rule: str,
        fields: Sequence[str],
        action: str,
    ) -> None:
        """One finding for each row of ``frame`` (with its ``line``) where ``wrong`` is true."""
        rows = frame.loc[wrong, ["line", *fields]]
        self._add(
            [
                Finding(
                    file=file.name,
                    row=int(line),
                    rule=rule,
                    field=" ".join(fields),
                    value=" ".join(str(v) for v in values),
                    action=action,
                )
                for line, *values in rows.itertuples(index=False, name=None)
            ]
        )

    @contextmanager
    def reading(self, file: File) -> Iterator[None]:
        """Inside, a file that turns out to be unreadable becomes a finding, and the import goes on with the next."""
        try:
            yield
        except (UnreadableFile, OSError, UnicodeError, json.JSONDecodeError, pd.errors.ParserError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            reason = " ".join(reason.split()) or type(error).__name__
            self.unreadable.append(f"{file.name}: {reason}")
            self._add(
                [Finding(file=file.name, row=0, rule="unreadable-file", value=reason, action="file left out")]
            )

    def _add(self, findings: Sequence[Finding]) -> None:
        self.rules.update(f.rule for f in findings)
        rows = [(f.file, f.row, f.rule, f.field, f.value[:_SHOWN], f.action) for f in findings]
        self._sink.write(
            TABLE, pd.DataFrame(rows, columns=pd.Index([f.name for f in fields(Finding)]), dtype=object)
        )
