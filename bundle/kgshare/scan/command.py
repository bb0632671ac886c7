"""``kgshare scan``: a bundle's bill of materials, a scanner, what the project says; a list of stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from kgshare.aside import write_aside
from kgshare.attest.check import require_evidence
from kgshare.attest.names import SBOM
from kgshare.bundle import read_bundle
from kgshare.errors import Problem, ScanError
from kgshare.lock.file import parse as parse_lock
from kgshare.lock.model import LOCK
from kgshare.policy.settings import catalogue_of
from kgshare.progress import Progress
from kgshare.scan import scanners, store, vex
from kgshare.scan.exploited import marked, read_catalogue
from kgshare.scan.model import ScanResult, ScanStatus
from kgshare.scan.noted import apply
from kgshare.scan.packages import Asked, asked
from kgshare.stack.source import find_bundle

INSTALL = {
    ScanStatus.NO_SCANNER: "install one of them; osv-scanner can work without a network: see docs/how-to/scan-and-policy.md",
    ScanStatus.NO_DATABASE: "fetch one for the ecosystems of this bundle: see docs/how-to/scan-and-policy.md",
}


def scan(
    where: Path,
    *,
    scanner: str,
    statements: Sequence[Path],
    catalogue: Path | None,
    output: Path | None,
    progress: Progress,
) -> ScanResult:
    """Scan a bundle, however old it is, with today's database.

    Args:
        where: the bundle, or a folder with one; a project's own ``vex/`` is then read.
        scanner: which one; the first that is installed when empty.
        statements: further OpenVEX documents.
        catalogue: of exploited vulnerabilities; the one that the project's policy names when not given.
        output: also write the result there, for ``kgshare policy check --scan``.
        progress: says what takes time.

    Raises:
        UsageError: there is no bundle there, or more than one; or kgshare does not know that scanner.
        BundleError: the bundle is refused.
        ManifestError: a VEX document is not as it must be.
        ScanError: nothing was scanned.
    """
    scanners.chosen(scanner)
    beside = vex.read_folder(where) if where.is_dir() else ()
    named = vex.read_files(statements)
    exploited = read_catalogue(catalogue) if catalogue else catalogue_of(where) if where.is_dir() else None
    file = find_bundle(where)
    with progress.stage(f"verify {file.name}"):
        bundle = read_bundle(file)
        require_evidence(bundle)
        lock = parse_lock(bundle.read_file(LOCK).decode(), f"{file.name}: {LOCK}")
        question = asked(bundle.read_file(SBOM), lock, f"{file.name}: {SBOM}")
    with progress.stage(f"scan {len(question.packages)} packages"):
        said = vex.in_order((*(beside or store.statements_in(bundle)), *named))
        result = look(question, said, exploited, scanner)
    if not result.looked:
        raise ScanError(Problem(message=f"not scanned: {result.reason}", hint=INSTALL.get(result.status, "")))
    if output:
        write_aside(output, store.render(result).decode())
    return result


def look(
    question: Asked, statements: Sequence[vex.Dated], exploited: frozenset[str] | None, scanner: str = ""
) -> ScanResult:
    """Ask a scanner, and note beside each finding whether it is exploited and what the project says of it."""
    result = scanners.scan(question, scanner)
    found = marked(result.findings, exploited)
    return dataclasses.replace(result, findings=apply(found, statements, question.project))
