"""What `up` tells the page of a bundle: digest, signer, materials in numbers."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from kgshare.attest.names import LOCKED, SBOM
from kgshare.stack.about import about_text
from kgshare.trust.verdict import Verdict


def _component(kind: str, *licences: dict[str, Any], inside: list[Any] | None = None) -> dict[str, Any]:
    properties = [{"name": LOCKED, "value": kind}] if kind else []
    return {"name": "x", "properties": properties, "licenses": list(licences), "components": inside or []}


def _said(files: dict[str, bytes], verdict: Verdict | None = None) -> dict[str, Any]:
    bundle: Any = SimpleNamespace(digest="sha256:1", files=files, read_file=lambda name: files[name])
    found: dict[str, Any] = json.loads(base64.b64decode(about_text(bundle, verdict)))
    return found


def test_the_materials_are_counted_by_kind_and_licence_and_what_is_inside_of_them_is_not() -> None:
    jar = _component(
        "maven", {"license": {"id": "GPL-3.0-only"}}, inside=[_component("", {"license": {"id": "MIT"}})]
    )
    image = _component("", inside=[jar, _component("deb", {"expression": "MIT AND Zlib"}), _component("deb")])
    said = _said({SBOM: json.dumps({"components": [image]}).encode()})
    assert said["components"] == {"deb": 2, "maven": 1}
    assert said["licences"] == {"GPL-3.0-only": 1, "MIT AND Zlib": 1}


def test_the_signer_is_named_and_without_evidence_there_is_the_digest_alone() -> None:
    verdict = Verdict(
        accepted=True, signer="Ann", fingerprint="f", time=datetime(2026, 11, 25, tzinfo=UTC), name="n",
        version="1", digest="sha256:1", graph="", kgshare="0",
    )  # fmt: skip
    assert _said({}, verdict)["signed"] == {
        "accepted": True, "signer": "Ann", "fingerprint": "f", "time": "2026-11-25T00:00:00+00:00", "reason": "",
    }  # fmt: skip
    assert _said({}) == {"digest": "sha256:1"}
