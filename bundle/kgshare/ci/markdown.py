"""Markdown for a pull or merge request: what comes from data or from files is shown as it is, and can be no markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from kgshare.shown import printable

if TYPE_CHECKING:
    from kgshare.compare import DiffReport

LINES = 200  # of a difference; the page beside it has all
LONGEST = 300  # letters of a line
NOTHING = "&#8203;"  # a space of no width
_CALLING = re.compile(r"@|[wW]{3}\.|://")
_NUMBER = re.compile(r"^(\d+)([.)])")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")


def inline(text: str) -> str:
    """A text on one line, in which nothing is markup, a mention or a link."""
    flat = " ".join(printable(text).split())
    escaped = _SPECIAL.sub(r"\\\1", flat).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Forges look for people and addresses in what was rendered: only something between the letters keeps them from it.
    apart = _CALLING.sub(
        lambda found: f"{found[0][:-1]}{NOTHING}{found[0][-1]}" if found[0][0] in "wW:" else f"@{NOTHING}",
        escaped,
    )
    return _NUMBER.sub(r"\1\\\2", apart)


def code(text: str) -> str:
    """A text on one line, in code style."""
    flat = " ".join(printable(text).split()) or " "
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", flat)), default=0))
    space = " " if "`" in flat else ""
    return f"{ticks}{space}{flat}{space}{ticks}"


def fenced(lines: Sequence[str], language: str = "") -> Iterator[str]:
    """Lines in a fence that nothing in them can close."""
    shown = [printable(line).replace("\n", " ") for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from (line if len(line) <= LONGEST else f"{line[:LONGEST]}…" for line in shown)
    yield fence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of cells that are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") if "`" in cell else cell for cell in row) + " |"


def counts(by_name: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """How many records of which kind are added, changed, renamed, removed."""
    kinds = [k for k in ("added", "changed", "renamed", "removed") if any(k in c for c in by_name.values())]
    rows = (
        [code(name), *(f"{found[k]:,}" if k in found else "" for k in kinds)]
        for name, found in by_name.items()
    )
    yield from table(["", *kinds], rows)


def difference(report: DiffReport, called: str) -> str:
    """A difference between two graphs, folded: counts in sight, records inside."""
    return "\n".join(_difference(report, called)) + "\n"


def _difference(report: DiffReport, called: str) -> Iterator[str]:
    from kgshare.compare import record_lines

    schema = [*(f"- {line}" for line in report.schema_gone), *(f"+ {line}" for line in report.schema_new)]
    if not report.counts and not schema:
        yield f"The graph is that of {inline(called)}: nothing differs."
        return
    yield from (f"Compared with {inline(called)}:", "")
    if report.counts:
        yield from (*counts(report.counts), "")
    lines: list[str] = []
    for record, group in groupby(report.changes, key=lambda row: row["record"]):
        for line in record_lines(record, list(group)):
            lines += _as_patch(line)
        if len(lines) > LINES:
            break
    lines += schema
    more = len(lines) > LINES
    yield from ("<details><summary>record by record</summary>", "")
    yield from fenced(lines[:LINES], "diff")
    if more:
        yield from ("", "More than this comment holds: `diff.html` beside it shows all.")
    yield from ("", "</details>")


def _as_patch(line: str) -> Iterator[str]:
    """A line about a value as two, which a forge colours."""
    before, arrow, after = line.partition(" → ")
    if not arrow or line[:1] in "+-":
        yield line
        return
    what, colon, old = before.partition(": ")
    indent = what[: len(what) - len(what.lstrip())]
    yield f"-{indent[1:]}{what.strip()}{colon}{old}"
    yield f"+{indent[1:]}{what.strip()}{colon}{after}"
