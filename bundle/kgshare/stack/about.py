"""What the page says of the bundle it came with, as ``up`` has verified it: digest, signer, what is in it, under which licences.

It goes to the application in a variable, as base64 of JSON: a summary of some kilobytes, and no file to mount.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kgshare.attest.document import components_of, licences_of
from kgshare.attest.names import LOCKED, SBOM

if TYPE_CHECKING:
    from kgshare.bundle import Bundle
    from kgshare.trust.verdict import Verdict

MOST_LICENCES = 40


def about_text(bundle: Bundle, verdict: Verdict | None) -> str:
    """The variable's value."""
    said = {"digest": bundle.digest, **_signed(verdict), **_made_of(bundle)}
    return base64.b64encode(json.dumps(said, separators=(",", ":")).encode()).decode()


def _signed(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {}
    signed = {
        "accepted": verdict.accepted, "signer": verdict.signer, "fingerprint": verdict.fingerprint,
        "time": verdict.time.isoformat() if verdict.time else "", "reason": verdict.reason,
    }  # fmt: skip
    return {"signed": signed}


def _made_of(bundle: Bundle) -> dict[str, Any]:
    """The bill of materials (CycloneDX) in numbers: components by kind, and by licence."""
    if SBOM not in bundle.files:
        return {}
    components = list(components_of(json.loads(bundle.read_file(SBOM))))
    kinds = Counter(kind for component in components if (kind := _kind(component)))
    licences = Counter(
        name for component in components if _kind(component) for name in licences_of(component)
    )
    return {
        "components": dict(kinds.most_common()),
        "licences": dict(licences.most_common(MOST_LICENCES)),
        "more_licences": max(0, len(licences) - MOST_LICENCES),
    }


def _kind(component: Mapping[str, Any]) -> str:
    """What locks a component: only those that stand in the lock are counted, not what is inside of them."""
    return next(
        (str(p.get("value", "")) for p in component.get("properties", ()) if p.get("name") == LOCKED), ""
    )
