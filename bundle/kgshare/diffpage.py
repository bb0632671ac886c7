"""A difference as one page that reads like a pull request: for a browser, an e-mail, a build's results.

It holds everything it needs, fetches nothing and runs nothing: what folds is HTML's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from kgshare.changes.model import Add, Change, Remove, Rename

if TYPE_CHECKING:
    from kgshare.compare import DiffReport

SHOWN = 5_000  # records; beyond, the page says how many there are, as browsers have their limits
OPEN = 40  # records that are unfolded when the page opens

STYLE = """
:root { color-scheme: light dark; --back: #fff; --fore: #1f2328; --soft: #59636e; --line: #d1d9e0; --card: #f6f8fa;
  --plus: #dafbe1; --plus-word: #aceebb; --minus: #ffebe9; --minus-word: #ffcecb; --note: #ddf4ff; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --fore: #e6edf3; --soft: #9198a1; --line: #3d444d;
  --card: #151b23; --plus: #12261e; --plus-word: #1c4428; --minus: #25171c; --minus-word: #542426; --note: #121d2f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--fore);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; font-weight: 600; overflow-wrap: anywhere; margin: 0 0 .3rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
p, table { margin: .3rem 0; }
.reason { white-space: pre-wrap; }
.soft { color: var(--soft); }
code, pre, td.value, summary { font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, monospace; }
.counts { border-collapse: collapse; margin: 1rem 0; }
.counts th, .counts td { border-bottom: 1px solid var(--line); padding: .25rem 1rem .25rem 0; text-align: right; }
.counts th:first-child, .counts td:first-child { text-align: left; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0; overflow: hidden; }
summary { background: var(--card); padding: .45rem .7rem; cursor: pointer; overflow-wrap: anywhere; }
details[open] > summary { border-bottom: 1px solid var(--line); }
.badge { display: inline-block; min-width: 5.2rem; text-align: center; border-radius: 1rem; padding: 0 .5rem; margin-right: .5rem;
  font: 12px/1.6 system-ui, sans-serif; background: var(--note); }
.badge.added { background: var(--plus-word); } .badge.removed { background: var(--minus-word); }
.change { border-collapse: collapse; width: 100%; table-layout: fixed; margin: 0; }
.change td { padding: .2rem .7rem; vertical-align: top; overflow-wrap: anywhere; white-space: pre-wrap; border-top: 1px solid var(--line); }
.change tr:first-child td { border-top: 0; }
.change td:first-child { width: 24%; color: var(--soft); }
td.before { background: var(--minus); } td.after { background: var(--plus); }
pre { margin: 0; padding: .4rem .7rem; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.added { background: var(--plus); } pre.removed { background: var(--minus); }
.none { color: var(--soft); font-style: italic; }
"""


def page(report: DiffReport) -> str:
    """The text of a page that shows a difference."""
    return "\n".join([*_head(report), *_body(report), "</body>", "</html>", ""])


def _head(report: DiffReport) -> Iterator[str]:
    yield from (
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
        f"<title>{escape(report.before)} → {escape(report.after)}</title>", f"<style>{STYLE}</style>", "</head>", "<body>",
        *_title(report),
        f'<p class="soft">The first graph is <code>{escape(report.digest)}</code>.</p>',
    )  # fmt: skip


def _title(report: DiffReport) -> Iterator[str]:
    names = f"{escape(report.before)} → {escape(report.after)}"
    if not report.about:
        yield f"<h1>{names}</h1>"
        return
    title, by, reason = report.about
    yield from (f"<h1>{escape(title)}</h1>", f'<p class="soft">{escape(by)} · {names}</p>')
    yield f'<p class="reason">{escape(reason)}</p>'


def _body(report: DiffReport) -> Iterator[str]:
    schema = (*report.schema_gone, *report.schema_new)
    if not report.counts and not schema:
        yield "<p>No difference.</p>"
        return
    yield from _counts(report.counts)
    if schema:
        yield f"<h2>Constraints and indexes <span class='soft'>{len(schema)}</span></h2>"
        yield from (f'<pre class="removed">- {escape(line)}</pre>' for line in report.schema_gone)
        yield from (f'<pre class="added">+ {escape(line)}</pre>' for line in report.schema_new)
    yield from _records(report.changes.changes)


def _counts(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    kinds = [
        kind for kind in ("added", "changed", "renamed", "removed") if any(kind in c for c in counts.values())
    ]
    yield '<table class="counts">'
    yield "<tr><th></th>" + "".join(f"<th>{kind}</th>" for kind in kinds) + "</tr>"
    for name, by_kind in counts.items():
        cells = "".join(f"<td>{by_kind[kind]:,}</td>" if kind in by_kind else "<td></td>" for kind in kinds)
        yield f"<tr><td><code>{escape(name)}</code></td>{cells}</tr>"
    yield "</table>"


def _records(changes: Sequence[Change]) -> Iterator[str]:
    from kgshare.compare import group_of

    section = ""
    records = [(record, list(group)) for record, group in groupby(changes, key=lambda change: change.record)]
    records.sort(key=lambda pair: (group_of(pair[0]).startswith("["), group_of(pair[0])))
    for number, (record, group) in enumerate(records[:SHOWN]):
        if group_of(record) != section:
            section = group_of(record)
            yield f"<h2><code>{escape(section)}</code></h2>"
        yield from _record(record, group, number < OPEN)
    if len(records) > SHOWN:
        yield f"<p>{len(records) - SHOWN:,} more records are not shown here; <code>--json</code> lists them all.</p>"


def _record(record: str, changes: Sequence[Change], is_open: bool) -> Iterator[str]:
    from kgshare.compare import MARKS

    marks = list(dict.fromkeys(MARKS.get(type(change), "changed") for change in changes))
    badges = "".join(f'<span class="badge {mark}">{mark}</span>' for mark in marks)
    yield f"<details{' open' if is_open else ''}><summary>{badges}{escape(record)}</summary>"
    whole = [change for change in changes if isinstance(change, Add | Remove)]
    for change in whole:
        kind, sign = ("added", "+") if isinstance(change, Add) else ("removed", "-")
        lines = "\n".join(f"{sign} {line}" for line in change.text.split("\n"))
        yield f'<pre class="{kind}">{escape(lines)}</pre>'
    rows = [change for change in changes if not isinstance(change, Add | Remove)]
    if rows:
        yield '<table class="change">'
        yield from (_row(change) for change in rows)
        yield "</table>"
    yield "</details>"


def _row(change: Change) -> str:
    from kgshare.compare import row

    shown = row(change)
    what = "key" if isinstance(change, Rename) else shown["what"]
    cells = "".join(f'<td class="value {side}">{_value(shown[side])}</td>' for side in ("before", "after"))
    return f"<tr><td>{escape(what)}</td>{cells}</tr>"


def _value(value: str | None) -> str:
    return '<span class="none">nothing</span>' if value is None else escape(value)
