"""What a scanner and the policy said, held against the bundle it came with: of this bill, this graph and this project."""

from __future__ import annotations

from dataclasses import replace

from kgshare.attest.names import SBOM
from kgshare.bundle import Bundle
from kgshare.bundle.model import refuse
from kgshare.lock.file import parse as parse_lock
from kgshare.lock.model import LOCK
from kgshare.policy import store as policies
from kgshare.scan import store as scans
from kgshare.scan.model import Finding, ScanResult
from kgshare.scan.noted import apply
from kgshare.scan.packages import asked

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
    _require_said(bundle, scan)
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


def _require_said(bundle: Bundle, scan: ScanResult) -> None:
    """What a scan says that the project says must be what the bundle's own VEX statements say."""
    statements = scans.statements_in(bundle)
    if not scan.findings:
        return
    lock = parse_lock(bundle.read_file(LOCK).decode(), f"{bundle.path.name}: {LOCK}")
    project = asked(bundle.read_file(SBOM), lock, f"{bundle.path.name}: {SBOM}").project
    told = apply([replace(finding, vex=None) for finding in scan.findings], statements, project)
    for noted, said in zip(map(_nameless, scan.findings), map(_nameless, told), strict=True):
        if noted.vex != said.vex:
            reason = f"says {noted.vex or 'nothing'} of {noted.id}; {scans.STATEMENTS} says {said.vex or 'nothing'}"
            raise refuse(bundle.path, scans.RESULT, reason)


def _nameless(finding: Finding) -> Finding:
    """Without the name of the file that says it: all statements travel in one."""
    return replace(finding, vex=finding.vex and replace(finding.vex, document=""))
