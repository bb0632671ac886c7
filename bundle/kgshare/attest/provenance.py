"""How a bundle came about: SLSA provenance 1.0 in an in-toto Statement. Pure: what is said is handed in.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.0/provenance
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kgshare import __version__
from kgshare.attest import names, purls
from kgshare.attest.origin import Origin
from kgshare.bundle import canonical
from kgshare.lock.file import every_input, target_inputs
from kgshare.lock.model import LOCK, Arch, Lock
from kgshare.project import MANIFEST

GIT = "git+project"  # the repository's address is nobody's business but its owner's


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of ``kgshare build``.

    Attributes:
        invocation: a random name for it.
        started: seconds since 1970; ``finished`` likewise, when the images were.
        engine: what built: ``docker``, ``podman``, ``none``; with its version.
        flags: the options of the command that matter to what is built.
        reused: names of the steps whose results were at hand from an earlier run.
    """

    invocation: str
    started: float
    finished: float
    engine: str
    engine_version: str
    flags: Mapping[str, bool]
    reused: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An image that was built: its name, and the digest of its OCI manifest as ``sha256:…``."""

    name: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Materials:
    """What was built from.

    Attributes:
        origin: the state of the project's files in Git.
        manifest: SHA-256 of ``kgshare.yaml``, hexadecimal.
        lock_digest: SHA-256 of ``kgshare.lock``, hexadecimal.
        lock: the lock.
        arch: the building machine's, on which steps ran.
        files: SHA-256 over the project's files that went in, by what they are for.
        targets: the architectures that the images are for; that one when none are given.
    """

    origin: Origin
    manifest: str
    lock_digest: str
    lock: Lock
    arch: Arch
    files: Mapping[str, str]
    targets: Sequence[Arch] = ()


def statement(
    subjects: Sequence[Subject], materials: Materials, run: Run, evidence: Mapping[str, str]
) -> bytes:
    """The statement, as canonical JSON.

    Args:
        subjects: the images.
        materials: what went in.
        run: how it went.
        evidence: SHA-256 (hexadecimal) of every other file of evidence and of the seed, by name in the bundle.
    """
    return canonical.dump(
        {
            "_type": names.STATEMENT,
            "subject": [{"name": s.name, "digest": _sha256(s.digest)} for s in subjects],
            "predicateType": names.SLSA,
            "predicate": {
                "buildDefinition": _definition(materials, run),
                "runDetails": {
                    "builder": {"id": names.BUILDER, "version": _versions(run)},
                    "metadata": {
                        "invocationId": run.invocation,
                        "startedOn": _time(run.started),
                        "finishedOn": _time(run.finished),
                    },
                    "byproducts": [
                        {"name": name, "digest": {"sha256": digest}}
                        for name, digest in sorted(evidence.items())
                    ],
                },
            },
        }
    )


def _definition(materials: Materials, run: Run) -> dict[str, Any]:
    origin = materials.origin
    return {
        "buildType": names.BUILD_TYPE,
        "externalParameters": {
            "manifest": {"name": MANIFEST, "digest": {"sha256": materials.manifest}},
            "flags": dict(run.flags),
        },
        "internalParameters": {
            "architecture": materials.arch,
            **(
                {"targets": list(materials.targets)}
                if tuple(materials.targets) not in {(), (materials.arch,)}
                else {}
            ),
            "epoch": materials.lock.epoch,
            "resolvers": materials.lock.resolvers,
            "source": {
                "revision": origin.revision,
                "clean": origin.clean,
                "changed": list(origin.changed),
            },
            "stepsReused": sorted(run.reused),
        },
        "resolvedDependencies": _resolved(materials),
    }


def _resolved(materials: Materials) -> list[dict[str, Any]]:
    """Everything that went in, also what only build steps read: each by its digest."""
    revision = materials.origin.revision
    source = [{"uri": GIT, "digest": {"gitCommit": revision}}] if revision else []
    files = [
        {"name": name, "digest": {"sha256": digest}}
        for name, digest in sorted(
            {MANIFEST: materials.manifest, LOCK: materials.lock_digest, **materials.files}.items()
        )
    ]
    image = materials.lock.needs.get("image", "")
    bases = [{"name": "application.image", "digest": _sha256(image)}] if image else []
    used = {item.sha256: item for item in every_input(materials.lock, materials.arch)}
    for target in materials.targets:
        if target != materials.arch:
            used |= {item.sha256: item for item in target_inputs(materials.lock, target)}
    inputs = [{"uri": purls.purl_of(item), "digest": {"sha256": item.sha256}} for item in used.values()]
    return [*source, *files, *bases, *sorted(inputs, key=lambda row: str(row["uri"]))]


def _versions(run: Run) -> dict[str, str]:
    return {"kgshare": __version__, **({run.engine: run.engine_version} if run.engine else {})}


def _sha256(digest: str) -> dict[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
