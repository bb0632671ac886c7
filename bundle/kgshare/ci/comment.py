"""What a run has to say, as Markdown for a pull or merge request: the graph, its difference, the policy, what was done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kgshare.build import StepReport
from kgshare.ci.markdown import code, inline, table
from kgshare.ci.pipeline import CHECK, CHECK_RESULT, DIFF, DIFF_TEXT, PLACE, PLACED, PUBLISH, PUBLISHED
from kgshare.errors import Problem
from kgshare.plan import BUNDLE, BUNDLE_DIGEST, POLICY, POLICY_RESULT, REPORT, SEED
from kgshare.policy import store
from kgshare.policy.result import MARKS, PolicyReport, Status
from kgshare.seeding.result import SeedReport
from kgshare.steps import Done

MARK = "<!-- kgshare ci -->"
SHOWN = 20  # details of a check, problems of a failure
LONGEST = 60_000  # letters; GitHub takes 65,536 in a comment


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Where a run ended.

    Attributes:
        step: which; empty where it was before the first.
        code: what the command exits with.
        problems: what is wrong.
    """

    step: str
    code: int
    problems: tuple[Problem, ...]


def body(done: Mapping[str, Done]) -> str:
    """What is said of the results of some steps; the same results always give the same."""
    parts = [
        *_section("The graph", _graph(done)),
        *_section("Change sets", _checked(done)),
        *_section("What changes", _changed(done)),
        *_section("Policy", _judged(done)),
        *_section("The bundle", _bundle(done)),
    ]
    return "\n".join(parts) + "\n"


def whole(title: str, inside: str, steps: Sequence[StepReport], failure: Failure | None = None) -> str:
    """The comment: a headline, what failed, what is known, what was done and why."""
    verdict = f"failed at {failure.step or 'its beginning'}" if failure else "done"
    lines = [MARK, f"# {'✗' if failure else '✓'} {inline(title)}: {verdict}", ""]
    if failure:
        lines += [*_failed(failure), ""]
    end = ["", *_section("What was done", _steps(steps))]
    text = "\n".join([*lines, inside.rstrip("\n"), *end]).rstrip("\n")
    return f"{text if len(text) <= LONGEST else _cut(text)}\n"


def _cut(text: str) -> str:
    """As much of a comment as a forge takes; what stands open at its end is closed."""
    kept = text[:LONGEST].rpartition("\n")[0]
    opened = [line for line in kept.splitlines() if line.startswith("```")]
    if len(opened) % 2:
        kept += "\n" + opened[-1][: len(opened[-1]) - len(opened[-1].lstrip("`"))]
    if kept.count("<details>") > kept.count("</details>"):
        kept += "\n\n</details>"
    return f"{kept}\n\nThe rest does not fit here: the report has all."


def _section(title: str, lines: Iterator[str]) -> list[str]:
    found = list(lines)
    return [f"## {title}", "", *found, ""] if found else []


def _failed(failure: Failure) -> Iterator[str]:
    for problem in failure.problems[:SHOWN]:
        where = f"{code(problem.where)}: " if problem.where else ""
        yield f"- {where}{inline(problem.message)}"
        if problem.hint:
            yield f"  → {inline(problem.hint)}"
    if (more := len(failure.problems) - SHOWN) > 0:
        yield f"- and {more} more"
    yield from ("", f"Exit code {failure.code}.")


def _graph(done: Mapping[str, Done]) -> Iterator[str]:
    if SEED not in done:
        return
    seed = SeedReport.from_json(done[SEED].path(REPORT).read_text(encoding="utf-8"))
    yield f"{seed.nodes:,} nodes, {seed.relationships:,} relationships; {code(f'sha256:{seed.digest}')}"


def _checked(done: Mapping[str, Done]) -> Iterator[str]:
    if CHECK not in done:
        return
    said = json.loads(done[CHECK].path(CHECK_RESULT).read_text(encoding="utf-8"))
    yield (
        f"{said['change_sets']} change sets with {said['changes']} changes fit; "
        f"{said['checked']} checks, questions and rules hold."
    )


def _changed(done: Mapping[str, Done]) -> Iterator[str]:
    if DIFF in done:
        yield done[DIFF].path(DIFF_TEXT).read_text(encoding="utf-8").rstrip("\n")


def _judged(done: Mapping[str, Done]) -> Iterator[str]:
    if POLICY not in done:
        return
    report: PolicyReport = store.parse(done[POLICY].path(POLICY_RESULT).read_bytes(), POLICY_RESULT)
    yield from (f"{'Green' if report.green else 'Red'}: {inline(report.line())}", "")
    rows = (
        [MARKS[r.status], code(r.check), inline(r.statement) + _details(r.details, r.status)]
        for r in report.results
    )
    yield from table(["", "check", ""], rows)
    yield from (f"\n! {inline(remark)}" for remark in report.remarks)


def _details(details: Sequence[object], status: Status) -> str:
    if status not in (Status.FAILED, Status.WAIVED):
        return ""
    return "".join(f"<br>{inline(str(detail))}" for detail in details[:SHOWN])


def _bundle(done: Mapping[str, Done]) -> Iterator[str]:
    if BUNDLE not in done:
        return
    yield f"- digest {code(done[BUNDLE].path(BUNDLE_DIGEST).read_text())}"
    if PLACE in done:
        placed = json.loads(done[PLACE].path(PLACED).read_text(encoding="utf-8"))
        yield f"- {code(placed['file'])}, {placed['size'] / 1e6:.1f} MB, {inline(placed['signed'])}"
    for name, result in done.items():
        if name.partition(".")[0] == PUBLISH:
            said = json.loads(result.path(PUBLISHED).read_text(encoding="utf-8"))
            yield f"- published to {code(said['destination'])}"


def _steps(steps: Sequence[StepReport]) -> Iterator[str]:
    ran = [step for step in steps if step.ran]
    if steps and not ran:
        yield f"Nothing: all {len(steps)} steps were unchanged."
        return
    if ran:
        yield f"{len(steps) - len(ran)} of {len(steps)} steps were unchanged."
        yield ""
        yield from table(
            ["step", "seconds", "why"], ([code(s.name), f"{s.seconds:.1f}", inline(s.reason)] for s in ran)
        )
