"""What a scanner and the policy said, held against the bundle it came with: of this bill, this graph and this project."""

from __future__ import annotations

from kgshare.attest.names import SBOM
from kgshare.bundle import Bundle
from kgshare.bundle.model import refuse
from kgshare.policy import store as policies
from kgshare.scan import store as scans

SEED_REPORT = "seed.json"


def require_judged(bundle: Bundle) -> None:
    """See that the scan, the VEX statements and the policy's result in a bundle, where it holds them, are about it.

    Raises:
        BundleError: one is not of its form, or about another bill of materials, scan, project or graph.
    """
    scan, held = scans.scan_in(bundle), bundle.files[SBOM].digest.removeprefix("sha256:")
    if scan.sbom != held and (scan.looked or scan.sbom):
        reason = f"is the scan of another bill of materials: {scan.sbom[:12]}…, the bundle has {held[:12]}…"
        raise refuse(bundle.path, scans.RESULT, reason)
    scans.statements_in(bundle)
    report = policies.stored_in(bundle)
    if report is None:
        return
    facts = report.facts
    if facts.scan != scan:
        raise refuse(bundle.path, policies.RESULT, f"judges another scan than {scans.RESULT}")
    from kgshare.stack.source import seed_report

    seed = seed_report(bundle.read_file(SEED_REPORT), bundle.path.name)
    said, is_ = (facts.name, facts.version), (bundle.name, bundle.version)
    if said != is_:
        reason = f"is about {' '.join(said)}, and the bundle is {' '.join(is_)}"
        raise refuse(bundle.path, policies.RESULT, reason)
    if facts.seed.digest.removeprefix("sha256:") != seed.digest.removeprefix("sha256:"):
        reason = f"is about the graph {facts.seed.digest}, the bundle holds {seed.digest}"
        raise refuse(bundle.path, policies.RESULT, reason)
