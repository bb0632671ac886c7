"""What is wrong in an upstream file: by file, line, rule and value, with what was done about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One value, or one row, that is not as its format says.

    Attributes:
        file: path of the upstream file below the folder it was read from.
        row: line in that file, the first being 1.
        rule: short name of the rule that it breaks.
        field: the column; empty where the whole row is meant.
        value: what the file has there.
        action: what was done: the value left out, kept as it is, or the row left out.
    """

    file: str
    row: int
    rule: str
    field: str = ""
    value: str = ""
    action: str = "kept"


def mark(
    frame: pd.DataFrame, wrong: pd.Series[bool], *, file: str, rule: str, fields: Sequence[str], action: str
) -> list[Finding]:
    """One finding for each row of ``frame`` (with its ``line``) where ``wrong`` is true."""
    rows = frame.loc[wrong, ["line", *fields]]
    return [
        Finding(
            file=file,
            row=int(line),
            rule=rule,
            field=" ".join(fields),
            value=" ".join(str(v) for v in values),
            action=action,
        )
        for line, *values in rows.itertuples(index=False, name=None)
    ]


def as_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """The findings as the table ``quality.csv``: sorted by file, row, rule, field."""
    names = [f.name for f in fields(Finding)]
    rows = sorted({astuple(f) for f in findings}, key=lambda r: (r[0], r[1], r[2], r[3]))
    return pd.DataFrame(rows, columns=pd.Index(names), dtype=object)
