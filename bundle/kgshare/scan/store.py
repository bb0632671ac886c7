"""``evidence/scan.json`` and ``evidence/vex.json``: what a scanner said, and what the project says to it, as they travel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from kgshare.errors import BundleError, ManifestError, Problem
from kgshare.scan import vex
from kgshare.scan.model import ScanResult, not_scanned

if TYPE_CHECKING:
    from kgshare.bundle import Bundle

RESULT, STATEMENTS = "evidence/scan.json", "evidence/vex.json"
# OpenVEX's own media type is not registered; this is the one that its tools use.
MEDIA_TYPES = {RESULT: "application/vnd.kgshare.scan.v1+json", STATEMENTS: "application/vnd.openvex+json"}
_FORM: TypeAdapter[ScanResult] = TypeAdapter(ScanResult)
_ENVELOPE = f"kgshare.{ScanResult.schema}/v1"


def render(result: ScanResult) -> bytes:
    """The file's bytes: the same result always gives the same."""
    return _FORM.dump_json(result, indent=1) + b"\n"


def parse(text: bytes, where: str) -> ScanResult:
    """Read the file, or what ``kgshare scan --json`` prints.

    Raises:
        BundleError: it is neither; with the first place that is wrong.
    """
    try:
        data = json.loads(text)
        inner = data.get("result") if isinstance(data, dict) and data.get("schema") == _ENVELOPE else data
        return _FORM.validate_json(json.dumps(inner))
    except ValidationError as error:
        row = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in row["loc"])
        reason = f"is no result of a scan: {f'{place}: ' if place else ''}{row['msg']}"
    except (ValueError, RecursionError) as error:
        reason = f"is no result of a scan: not JSON: {error}"
    raise BundleError(
        Problem(message=reason, where=where, hint="`kgshare scan FILE --output RESULT` writes one")
    )


def scan_in(bundle: Bundle) -> ScanResult:
    """The result in a verified bundle.

    Raises:
        BundleError: what is stored is not such a result.
    """
    if RESULT not in bundle.files:
        return not_scanned("the bundle holds no scan")
    return parse(bundle.read_file(RESULT), f"{bundle.path.name}: {RESULT}")


def statements_in(bundle: Bundle) -> tuple[vex.Dated, ...]:
    """The statements in a verified bundle; none where it holds none.

    Raises:
        BundleError: what is stored is no OpenVEX document.
    """
    if STATEMENTS not in bundle.files:
        return ()
    try:
        return vex.in_order(vex.parse(bundle.read_file(STATEMENTS), STATEMENTS))
    except ManifestError as error:
        problems = (
            Problem(message=p.message, where=f"{bundle.path.name}: {p.where}") for p in error.problems
        )
        raise BundleError(*problems) from None
