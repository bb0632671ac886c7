"""``kgshare policy check`` and ``policy show``, and the one line that ``up`` prints: each a list of stages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import yaml

from kgshare.attest.names import PROVENANCE, SBOM
from kgshare.errors import BundleError, Problem, UsageError
from kgshare.lock.file import parse as parse_lock
from kgshare.lock.model import LOCK
from kgshare.policy import store
from kgshare.policy.judge import judge
from kgshare.policy.result import PolicyReport
from kgshare.policy.settings import POLICY, Settings, settings_of
from kgshare.progress import Progress
from kgshare.project import MANIFEST
from kgshare.scan.model import ScanResult
from kgshare.scan.store import parse as parse_scan
from kgshare.scan.store import scan_in
from kgshare.stack.source import SEED_REPORT, find_bundle, manifest_of, seed_report

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


def check(where: Path, *, policy: Path | None, scan: Path | None, progress: Progress) -> PolicyReport:
    """Judge a bundle as it is, on this day.

    Args:
        where: the bundle, or a folder with one.
        policy: settings to judge by; those of the folder, else those in the bundle, when not given.
        scan: a result of ``kgshare scan`` to take instead of the one in the bundle.
        progress: says what takes time.

    Raises:
        UsageError: there is no bundle there, or more than one.
        BundleError: the bundle is refused.
        ManifestError: the settings are not as they must be.
    """
    from kgshare.bundle import read_bundle
    from kgshare.policy.gather import Matter, facts_of, images_of, secrets_of

    file = find_bundle(where)
    with progress.stage(f"verify {file.name}"):
        bundle = read_bundle(file)
    stored = store.stored_in(bundle)
    folder = where if where.is_dir() else None
    settings = settings_of(folder, policy) if policy or folder or stored is None else stored.settings
    with progress.stage("look into its images"):
        manifest = manifest_of(bundle.read_file(MANIFEST), file.name)
        matter = Matter(
            manifest=manifest,
            lock=parse_lock(bundle.read_file(LOCK).decode(), f"{file.name}: {LOCK}"),
            seed=seed_report(bundle.read_file(SEED_REPORT), file.name),
            images=images_of(bundle),
            scan=_scan(bundle, scan),
            sbom=_evidence(bundle, SBOM),
            provenance=_evidence(bundle, PROVENANCE),
            secrets=secrets_of(bundle, manifest),
        )
        facts = facts_of(matter)
    return judge(facts, settings, store.today())


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


def _evidence(bundle: Bundle, name: str) -> bytes | None:
    return bundle.read_file(name) if name in bundle.files else None


def _scan(bundle: Bundle, result: Path | None) -> ScanResult:
    """What a scanner said: in a file, or when the bundle was built.

    Raises:
        BundleError: the file is no such result, or one of another bundle.
    """
    if result is None:
        return scan_in(bundle)
    try:
        found = parse_scan(result.read_bytes(), str(result))
    except OSError as error:
        raise UsageError(Problem(message=f"cannot be read: {error.strerror}", where=str(result))) from None
    held = bundle.files[SBOM].digest.removeprefix("sha256:") if SBOM in bundle.files else ""
    if found.sbom != held:
        message = f"is the scan of another bill of materials: {found.sbom[:12]}…, the bundle has {held[:12]}…"
        raise BundleError(
            Problem(message=message, where=str(result), hint="scan this bundle: `kgshare scan FILE`")
        )
    return found
