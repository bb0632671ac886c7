"""Whole small bundles as `up` takes them, people with keys, and the members of a file, to be put together otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit import evidence_example
from tests.unit.evidence_example import EXAMPLE

from kgshare.bundle import REQUIRED, read_bundle
from kgshare.bundle.signature import Statement
from kgshare.bundle.tarform import END, pieces
from kgshare.compose import COMPOSE, ComposePlan, render_compose
from kgshare.project import MANIFEST, Manifest
from kgshare.seeding.result import SeedReport
from kgshare.trust import keys
from kgshare.trust.author import make
from kgshare.trust.keys import OwnKey
from kgshare.trust.sign import append, signed, statement_of
from kgshare.trust.store import TrustStore, read_store

GRAPH = "sha256:" + "5" * 64
WHEN = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
SEED = "seed.json"
Change = Callable[[str, bytes], bytes | None]
Members = list[tuple[str, bytes]]


def whole(folder: Path, change: Change = lambda _, data: data, *, version: str = "1.0", **more: Any) -> Path:
    """An unsigned bundle that is in every way as `build` writes it; ``change`` alters files without their evidence."""
    manifest = EXAMPLE.model_copy(update={"version": version})
    report = SeedReport(
        neo4j_version="5.26.30", digest=GRAPH.removeprefix("sha256:"), nodes=1, relationships=0, labels={}, types={}, seconds={}
    )  # fmt: skip
    own = {
        MANIFEST: (REQUIRED[MANIFEST], text_of(manifest).encode()),
        COMPOSE: (REQUIRED[COMPOSE], render_compose(ComposePlan.of(manifest)).encode()),
        SEED: ("application/vnd.kgshare.seed-report.v1+json", report.to_json().encode()),
    }
    return evidence_example.bundle(folder, change, own=own, version=version, **more).path


def text_of(manifest: Manifest) -> str:
    """A manifest as a project has it."""
    return yaml.safe_dump(json.loads(manifest.model_dump_json(by_alias=True, exclude_unset=True)))


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a configuration folder of their own."""

    folder: Path

    def here(self, patch: pytest.MonkeyPatch) -> Person:
        """From now on this person sits at the machine."""
        patch.setenv("KGSHARE_CONFIG", str(self.folder / "config"))
        patch.setenv("KGSHARE_STATE", str(self.folder / "state"))
        return self

    @property
    def store(self) -> TrustStore:
        """Whose keys they trust."""
        return read_store()


def sign_as(
    file: Path,
    key: OwnKey,
    *,
    out: Path | None = None,
    time: datetime = WHEN,
    say: Mapping[str, str] | None = None,
) -> Path:
    """Sign a bundle at a moment; ``say`` alters the statement before it is signed, as only the key's owner can."""
    bundle = read_bundle(file, deep=False)
    statement: Statement = replace(statement_of(bundle, key.public.name, time), **(say or {}))
    target = out or file
    append(file, bundle.unsigned, signed(statement, key.public, keys.unlock(key)), target)
    return target


def new_key(name: str) -> OwnKey:
    """A key of whoever sits at the machine."""
    return make(name, b"")


def members(file: Path) -> Members:
    """Name and data of each member of a tar, read without the code under test."""
    import tarfile

    with tarfile.open(file, "r:") as tar:
        return [(info.name, tar.extractfile(info).read()) for info in tar.getmembers()]  # type: ignore[union-attr]


def packed(found: Members) -> bytes:
    """The members in a file of the one valid tar form."""
    return b"".join(piece for name, data in found for piece in pieces(name, data)) + END
