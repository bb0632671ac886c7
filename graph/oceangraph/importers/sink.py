"""Where importers put their rows: CSV tables, written piece by piece aside, then put in place all at once."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd


class Sink:
    """Tables of a folder ``out`` in the making; memory is that of one piece.

    Use it as a context: leaving it with an error leaves ``out`` as it was.
    """

    def __init__(self, out: Path, columns: Mapping[str, tuple[str, ...]]) -> None:
        """``out`` is made when the tables are put in place; ``columns`` are those of every table."""
        self._out, self._columns = out, columns
        self.rows: Counter[str] = Counter()

    def __enter__(self) -> Sink:
        """Make the folder that the tables are written to first, beside ``out``."""
        self._out.parent.mkdir(parents=True, exist_ok=True)
        self._aside = Path(tempfile.mkdtemp(prefix=".import-", dir=self._out.parent))
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Forget what was not put in place."""
        shutil.rmtree(self._aside, ignore_errors=True)

    def write(self, table: str, rows: pd.DataFrame) -> None:
        """Append rows to a table; columns that ``rows`` does not have stay empty.

        Raises:
            ValueError: the table has no such column.
        """
        columns = list(self._columns[table])
        if unknown := set(rows.columns) - set(columns):
            raise ValueError(f"{table} has no column {', '.join(sorted(map(str, unknown)))}")
        first = table not in self.rows
        self.rows[table] += len(rows)
        rows.reindex(columns=columns).to_csv(
            self._aside / table,
            mode="w" if first else "a",
            header=first,
            index=False,
            lineterminator="\n",
            encoding="utf-8",
        )

    def finish(self, *, optional: Collection[str]) -> None:
        """Put all tables in place. One without rows has a header only; one of ``optional`` without rows is not there."""
        self._out.mkdir(parents=True, exist_ok=True)
        for table, columns in self._columns.items():
            if table in optional and not self.rows[table]:
                (self._out / table).unlink(missing_ok=True)
                continue
            if table not in self.rows:
                self.write(table, pd.DataFrame(columns=pd.Index(columns), dtype=object))
            (self._aside / table).replace(self._out / table)
