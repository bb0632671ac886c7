"""A project on base images out of a registry: locked by digest, held against the contract, built, started, answering."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.base_registry import JAVA_HOME, push_stand_ins, registry
from tests.e2e.command_line import works

from kgshare.bundle import read_bundle
from kgshare.cache import Cache
from kgshare.errors import LockError
from kgshare.lock import registry as clients
from kgshare.lock.command import this_arch
from kgshare.lock.file import read_lock
from kgshare.project import read_project

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def on_images(herbarium_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The herbarium on a registry's ``jre`` and ``python``, as Chainguard's are called; built."""
    home = tmp_path_factory.mktemp("registry")
    with registry(home / "data") as address:
        digests = push_stand_ins(f"{address}/hardened", read_project(herbarium_once), home)
        folder = Path(shutil.copytree(herbarium_once, home / "herbarium"))
        manifest = folder / "kgshare.yaml"
        manifest.write_text(manifest.read_text() + f"\nbase: {{chainguard: '{address}/hardened'}}\n")
        lock = works("lock", folder, "--json").result
        made = works("build", folder, "--json").result
        yield {
            "address": address,
            "folder": folder,
            "digests": digests,
            "lock": lock,
            "bundle": Path(made["bundle"]),
        }


def test_the_lock_pins_both_by_digest_and_says_what_they_run(on_images: dict[str, Any]) -> None:
    lock = read_lock(read_project(on_images["folder"]))

    heads = {row.base: row for [rows] in [lock.bases.values()] for row in rows if row.kind == "manifest"}
    assert {role: f"sha256:{row.sha256}" for role, row in heads.items()} == {
        "database": on_images["digests"]["jre"],
        "application": on_images["digests"]["python"],
    }
    assert (heads["database"].path, heads["application"].version) == (JAVA_HOME, "3.13")
    assert all(not part.debian["database"] and not part.debian["application"] for part in lock.archs.values())


@pytest.mark.parametrize("client", ["skopeo", "oras"])
def test_both_clients_bring_the_same_blobs_and_an_image_that_is_not_there_is_said(
    client: str, on_images: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "which", lambda name: name if name == client else None)
    where = f"{on_images['address']}/hardened/python"

    blobs = clients.image_blobs("application", f"{where}:latest", this_arch(), Cache(tmp_path))

    locked = read_lock(read_project(on_images["folder"])).bases[this_arch()]
    assert {blob.sha256 for blob in blobs} == {row.sha256 for row in locked if row.base == "application"}
    with pytest.raises(LockError, match=r"python:21 is not to be had: .*(unknown|not found)"):
        clients.image_blobs("application", f"{where}:21", this_arch(), Cache(tmp_path))


def test_the_evidence_names_the_images_underneath_and_the_packages_that_they_hold(
    on_images: dict[str, Any],
) -> None:
    bundle = read_bundle(on_images["bundle"])

    for role, name in (("database", "jre"), ("application", "python")):
        bom = json.loads(bundle.read_file(f"evidence/{role}.cdx.json"))
        [base] = [row for row in bom["components"] if row.get("version") == on_images["digests"][name]]
        assert any(row["purl"].startswith("pkg:deb/debian/libc6@") for row in base["components"])


def test_what_stands_on_them_starts_and_answers(on_images: dict[str, Any]) -> None:
    up = works("up", on_images["bundle"], "--no-open", "--name", "on-images", "--json").result
    try:
        with urllib.request.urlopen(up["url"], timeout=30) as answer:
            assert answer.status == 200
        status = works("status", "--name", "on-images", "--json").result
        assert {row["health"] for row in status["services"] if row["health"]} == {"healthy"}
    finally:
        works("down", "--name", "on-images", "--volumes", "--yes")
