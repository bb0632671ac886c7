"""``kgshare policy check`` and ``policy show``, and the one line that ``up`` prints: each a list of stages."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import yaml
import zstandard

from kgshare.attest.names import PROVENANCE, SBOM
from kgshare.errors import BundleError, Problem, UsageError
from kgshare.lock.file import parse as parse_lock
from kgshare.lock.model import LOCK
from kgshare.policy import store
from kgshare.policy.judge import judge
from kgshare.policy.result import PolicyReport
from kgshare.policy.settings import DEFAULT, POLICY, Settings, read_settings, settings_of
from kgshare.progress import Progress
from kgshare.project import MANIFEST, Manifest
from kgshare.scan.exploited import marked, read_catalogue
from kgshare.scan.model import ScanResult
from kgshare.scan.store import parse as parse_scan
from kgshare.scan.store import scan_in
from kgshare.secrets import Finding
from kgshare.stack.source import SEED_REPORT, find_bundle, manifest_of, seed_report
from kgshare.trust.check import verdict_on
from kgshare.trust.verdict import Verdict

if TYPE_CHECKING:
    from kgshare.bundle import Bundle


@dataclass(frozen=True, kw_only=True)
class SettingsReport:
    """What holds for a project: its ``policy.yaml`` and, for all it does not set, the default.

    Attributes:
        file: where it is from; None where all is the default.
        settings: every threshold and waiver.
    """

    schema: ClassVar[str] = "policy-settings"
    file: Path | None
    settings: Settings

    def text(self) -> str:
        """A ``policy.yaml`` that says all of it."""
        data = json.loads(self.settings.model_dump_json(by_alias=True))
        head = (
            f"# from {self.file} and the default\n"
            if self.file
            else "# the default: there is no policy.yaml\n"
        )
        return head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True).rstrip("\n")


@dataclass(frozen=True, kw_only=True)
class CheckReport(PolicyReport):
    """What a policy says of a bundle that is there, and whose policy that was.

    Attributes:
        by: what it was judged by.
        verdict: who vouches for the bundle, in one line.
    """

    by: str
    verdict: str

    def text(self) -> str:
        """What the report says, after whose policy judged and who vouches for the bundle."""
        head, *rest = super().text().splitlines()
        return "\n".join([head, f"  judged by {self.by}", f"  {self.verdict}", *rest])


def check(where: Path, *, policy: Path | None, scan: Path | None, progress: Progress) -> CheckReport:
    """Judge a bundle as it is, on this day.

    Args:
        where: the bundle, or a folder with one.
        policy: settings to judge by; when not given those of the folder, else those in the bundle where somebody who is
            trusted signed it, else the default.
        scan: a result of ``kgshare scan`` to take instead of the one in the bundle.
        progress: says what takes time.

    Raises:
        UsageError: there is no bundle there, or more than one.
        BundleError: the bundle is refused.
        ManifestError: the settings, or the catalogue that they name, are not as they must be.
        TrustError: what this machine knows of signers cannot be read.
    """
    from kgshare.attest.check import require_evidence
    from kgshare.bundle import read_bundle
    from kgshare.policy.gather import Matter, facts_of, images_of

    file = find_bundle(where)
    with progress.stage(f"verify {file.name}"):
        bundle = read_bundle(file)
        require_evidence(bundle)
        verdict = verdict_on(bundle, older=True)
    settings, by, beside = _settings(bundle, verdict, where, policy)
    named = settings.checks.known_exploited.catalogue if beside else None
    catalogue = read_catalogue(beside / named) if beside and named else None
    with progress.stage("look into its images"):
        manifest = manifest_of(bundle.read_file(MANIFEST), file.name)
        matter = Matter(
            manifest=manifest,
            lock=parse_lock(bundle.read_file(LOCK).decode(), f"{file.name}: {LOCK}"),
            seed=seed_report(bundle.read_file(SEED_REPORT), file.name),
            images=images_of(bundle),
            scan=_scan(bundle, scan, catalogue),
            sbom=bundle.read_file(SBOM),
            provenance=bundle.read_file(PROVENANCE),
            secrets=_secrets(bundle, manifest),
        )
        facts = facts_of(matter)
    report = judge(facts, settings, store.today())
    rows = {row.name: getattr(report, row.name) for row in fields(report)}
    return CheckReport(**rows, by=by, verdict=verdict.line())


def show(folder: Path, *, policy: Path | None) -> SettingsReport:
    """The settings that hold for a project's folder.

    Raises:
        UsageError: there is no such folder.
        ManifestError: they are not as they must be.
    """
    if not policy and not folder.is_dir():
        raise UsageError(Problem(message="is no folder", where=str(folder), hint="name a project's folder"))
    file = policy or folder / POLICY
    return SettingsReport(file=file if file.is_file() else None, settings=settings_of(folder, policy))


def _settings(
    bundle: Bundle, verdict: Verdict, where: Path, policy: Path | None
) -> tuple[Settings, str, Path | None]:
    """What to judge by, whose that is in words, and the folder beside which it stands; a stranger's own is not taken."""
    if policy is None and where.is_dir() and (where / POLICY).is_file():
        policy = where / POLICY
    if policy is not None:
        return read_settings(policy), str(policy), policy.parent
    stored = store.stored_in(bundle)
    if stored is None:
        return DEFAULT, "the default; the bundle holds no policy", None
    if not verdict.accepted:
        return DEFAULT, "the default, as nobody who is trusted vouches for the bundle's own policy", None
    return stored.settings, f"the bundle's own policy, {verdict.signer}'s", None


def _secrets(bundle: Bundle, manifest: Manifest) -> tuple[Finding, ...]:
    """What looks like a secret in a bundle.

    Raises:
        BundleError: its graph cannot be read.
    """
    from kgshare.policy.gather import secrets_of

    try:
        return secrets_of(bundle, manifest)
    except (tarfile.TarError, zstandard.ZstdError, ValueError, EOFError) as error:
        raise BundleError(
            Problem(message=f"its graph cannot be read: {error}", where=bundle.path.name)
        ) from None


def _scan(bundle: Bundle, result: Path | None, catalogue: frozenset[str] | None) -> ScanResult:
    """What a scanner said, in a file or when the bundle was built, with what the policy's catalogue has marked.

    Raises:
        BundleError: the file is no such result, or one of another bundle.
    """
    if result is None:
        return _marked(scan_in(bundle), catalogue)
    try:
        found = parse_scan(result.read_bytes(), str(result))
    except OSError as error:
        raise UsageError(Problem(message=f"cannot be read: {error.strerror}", where=str(result))) from None
    held = bundle.files[SBOM].digest.removeprefix("sha256:")
    if found.sbom != held:
        message = f"is the scan of another bill of materials: {found.sbom[:12]}…, the bundle has {held[:12]}…"
        raise BundleError(
            Problem(message=message, where=str(result), hint="scan this bundle: `kgshare scan FILE`")
        )
    return _marked(found, catalogue)


def _marked(scan: ScanResult, catalogue: frozenset[str] | None) -> ScanResult:
    return replace(scan, findings=marked(scan.findings, catalogue))
