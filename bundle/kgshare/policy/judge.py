"""Facts, settings and a day become a report: every check, then the waivers. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from kgshare.errors import PolicyError, Problem
from kgshare.policy.checks import CHECKS, NAMES
from kgshare.policy.facts import Facts
from kgshare.policy.result import Detail, PolicyReport, Result, Status
from kgshare.policy.settings import Settings, Waiver


def judge(facts: Facts, settings: Settings, today: date) -> PolicyReport:
    """What the policy says of these facts on that day."""
    used: set[str] = set()
    live = {waiver.id: waiver for waiver in settings.waivers if waiver.expires >= today}
    results = tuple(
        _waived(check.judge(facts, settings.checks, today).named(check.name), live, used) for check in CHECKS
    )
    return PolicyReport(
        judged=today,
        green=all(result.status is not Status.FAILED for result in results),
        results=results,
        remarks=tuple(_remark(waiver, today, used, facts) for waiver in settings.waivers if waiver.id not in used),
        facts=facts,
        settings=settings,
    )  # fmt: skip


def again(report: PolicyReport, today: date) -> PolicyReport:
    """A stored report on another day: what has aged, what has expired."""
    return judge(report.facts, report.settings, today)


def require_green(report: PolicyReport) -> None:
    """See that no check failed.

    Raises:
        PolicyError: those that did, each with what it names.
    """
    if report.green:
        return
    raise PolicyError(
        *(
            Problem(message=_in_full(result), where=result.check, hint=result.hint)
            for result in report.of(Status.FAILED)
        )
    )


def _in_full(result: Result) -> str:
    open_ = [
        detail.text for detail in result.details if not detail.waived and detail.text != result.statement
    ]
    more = [f"and {len(open_) - 10} more"] if len(open_) > 10 else []
    return "\n    ".join([result.statement, *open_[:10], *more])


def _waived(result: Result, live: dict[str, Waiver], used: set[str]) -> Result:
    """A failure whose details are accepted, as far as they must be; ``used`` notes by which waivers."""
    if result.status is not Status.FAILED:
        return result
    details: list[Detail] = []
    for detail in result.details:
        names = (detail.id, *detail.aliases, result.check)
        waiver = next((live[name] for name in names if name in live), None)
        if waiver:
            used.add(waiver.id)
            detail = replace(detail, waived=f"until {waiver.expires}: {waiver.statement}")
        details.append(detail)
    left = sum(not detail.waived for detail in details)
    status = Status.FAILED if left > result.allowed else Status.WAIVED
    return replace(result, status=status, details=tuple(details))


def _remark(waiver: Waiver, today: date, used: set[str], facts: Facts) -> str:
    if waiver.expires < today:
        return f"the waiver of {waiver.id} has expired on {waiver.expires}"
    if waiver.id in NAMES:
        return f"the waiver of {waiver.id} is not needed: the check does not fail"
    settled = any(waiver.id in finding.names and finding.settled for finding in facts.scan.findings)
    why = "VEX settles it already" if settled else "nothing that fails is called so"
    return f"the waiver of {waiver.id} matches nothing: {why}"
