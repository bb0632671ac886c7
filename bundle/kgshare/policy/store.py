"""``evidence/policy.json``: the report as it travels in a bundle, with the facts, so that it can be judged again later."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from kgshare.errors import BundleError, Problem
from kgshare.policy.judge import again
from kgshare.policy.result import PolicyReport

if TYPE_CHECKING:
    from kgshare.bundle import Bundle

RESULT = "evidence/policy.json"
MEDIA_TYPE = "application/vnd.kgshare.policy.v1+json"
_FORM: TypeAdapter[PolicyReport] = TypeAdapter(PolicyReport)


def render(report: PolicyReport) -> bytes:
    """The file's bytes: the same report always gives the same."""
    return _FORM.dump_json(report, indent=1, by_alias=True) + b"\n"


def parse(text: bytes, where: str) -> PolicyReport:
    """Read the file.

    Raises:
        BundleError: it is not such a report; with the first place that is wrong.
    """
    try:
        return _FORM.validate_json(text)
    except ValidationError as error:
        row = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in row["loc"])
        message = (
            f"is not a policy's result: {place}: {row['msg']}"
            if place
            else f"is not a policy's result: {row['msg']}"
        )
        raise BundleError(Problem(message=message, where=where)) from None


def stored_in(bundle: Bundle) -> PolicyReport | None:
    """The result in a verified bundle; None where it holds none.

    Raises:
        BundleError: what is stored is not such a result.
    """
    if RESULT not in bundle.files:
        return None
    return parse(bundle.read_file(RESULT), f"{bundle.path.name}: {RESULT}")


def line_of(bundle: Bundle, day: date) -> str:
    """What the policy stored in a verified bundle says on a day, in one line.

    Raises:
        BundleError: what is stored is not such a result.
    """
    stored = stored_in(bundle)
    return again(stored, day).line() if stored else "the bundle holds no result"


def today() -> date:
    """This day, in UTC."""
    return datetime.now(UTC).date()
