"""The evidence in a real bundle: held against an independent scanner of its images, and read by the commands for it."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name
from tests.e2e.command_line import kgshare, works

from kgshare.bundle import Bundle, read_bundle
from kgshare.doors.process import run

pytestmark = pytest.mark.docker
ROLES = ("database", "application")
SYFT = Path(sys.executable).with_name("syft")

# What syft names that is no component of ours by that name, and why. Each must be found, or it has to go.
SOURCE_PACKAGE = (
    "the ELF note of a library names Debian's source package, and we list the binary package that it is in"
)
EXPLAINED: Mapping[tuple[str, str, str], str] = {
    ("database", "deb", "gcc-14"): SOURCE_PACKAGE,
    ("application", "deb", "gcc-14"): SOURCE_PACKAGE,
    ("application", "deb", "libzstd"): SOURCE_PACKAGE,
    ("application", "deb", "util-linux"): SOURCE_PACKAGE,
    ("database", "binary", "openjdk"): "the jlinked runtime, which we list by Debian's package of it",
    ("database", "java-archive", "jrt-fs"): "a jar of the jlinked runtime's own",
    ("application", "binary", "python"): "the interpreter, which we list by Debian's packages of it",
}


@pytest.fixture(scope="module")
def bundle(ocean_bundle: Path) -> Bundle:
    return read_bundle(ocean_bundle, deep=False)


def oci_folder(bundle: Bundle, role: str, folder: Path) -> Path:
    """One image as an OCI layout in a folder, of the bytes in the bundle."""
    [image] = [image for image in bundle.images if image.role == role]
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for digest in (image.manifest_digest, image.config_digest, *image.layer_digests):
        (blobs / digest.removeprefix("sha256:")).write_bytes(bundle.read_blob(digest))
    manifest = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": image.manifest_digest,
        "size": len(bundle.read_blob(image.manifest_digest)),
    }  # fmt: skip
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    return folder


def listed(components: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Name and version of every component, also of those inside of others."""
    for part in components:
        yield canonicalize_name(part["name"]), part.get("version", "")
        yield from listed(part.get("components", []))


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="syft's wheel is for Linux on x86_64"
)
def test_every_package_that_syft_finds_in_the_images_is_in_the_sbom(bundle: Bundle, tmp_path: Path) -> None:
    other: dict[tuple[str, str, str], str] = {}
    for role in ROLES:
        sbom = json.loads(works("sbom", bundle.path, "--image", role).out)
        ours = set(listed(sbom["components"]))
        folder = oci_folder(bundle, role, tmp_path / role)
        said = run(
            [SYFT, "scan", f"oci-dir:{folder}", "-o", "json", "-q"],
            env={"SYFT_CHECK_FOR_APP_UPDATE": "false"},
        )
        found = json.loads(said.stdout)["artifacts"]
        assert len(found) > 25
        other |= {
            (role, row["type"], row["name"]): row["version"]
            for row in found
            if (canonicalize_name(row["name"]), row["version"]) not in ours
        }
    assert set(other) == set(EXPLAINED), {key: other[key] for key in set(other) - set(EXPLAINED)}


def test_the_sboms_of_a_real_bundle_are_valid_and_name_licence_and_hash_of_everything(
    ocean_bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sbom.json"
    report = works("sbom", ocean_bundle, "-o", out, "--json").result
    text = out.read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    images = json.loads(text)["components"]
    parts = [part for image in images for part in image["components"]]
    assert report["components"] > len(parts) > 200
    assert [part["name"] for part in parts if not part.get("licenses")] == []
    locked = [part for part in parts if any(fact["name"] == "kgshare:locked" for fact in part["properties"])]
    assert all(part["purl"] and any(row["alg"] == "SHA-256" for row in part["hashes"]) for part in locked)
    data = {part["name"]: part for part in parts if part["type"] == "data"}
    assert data["nvs"]["licenses"] == [{"license": {"id": "CC-BY-4.0"}}]
    assert any("doi.org/10.17882/42182" in row["url"] for row in data["argo-index"]["externalReferences"])


def test_licenses_lists_what_a_bundle_hands_on_and_unpacks_the_texts(
    ocean_bundle: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "texts"
    rows = works("licenses", ocean_bundle, "--texts", texts, "--json").result["components"]
    by_name = {row["name"]: row for row in rows}
    assert by_name["org.neo4j:neo4j-kernel"]["licence"] == "GPL-3.0-only"
    assert by_name["zlib1g"]["licence"] == "Zlib"
    assert by_name["org.jctools:jctools-core"]["inside"] == "io.netty:netty-common"
    assert by_name["cchdo-318M20130321"]["citation"].startswith("Swift, J., S. Mecking")
    index = (texts / "INDEX.txt").read_text()
    assert "Debian source package glibc" in index
    assert "Maven org.neo4j:neo4j-kernel:5.26.30:sources  (GPL-3.0-only)" in index
    assert "cite: Argo (2023). Argo float data and metadata" in index
    assert "usr/share/common-licenses/GPL-2" in index
    named = {line.split()[0] for line in index.splitlines() if line.startswith("    texts/")}
    assert named == {f"texts/{file.name}" for file in (texts / "texts").iterdir()}


def test_the_provenance_of_a_real_bundle_names_its_revision_engine_and_images(bundle: Bundle) -> None:
    statement = json.loads(bundle.read_file("evidence/provenance.json"))
    assert {row["digest"]["sha256"] for row in statement["subject"]} == {
        image.manifest_digest.removeprefix("sha256:") for image in bundle.images
    }
    definition, details = (statement["predicate"][key] for key in ("buildDefinition", "runDetails"))
    assert "docker" in details["builder"]["version"]
    assert set(definition["internalParameters"]["source"]) == {"revision", "clean", "changed"}
    assert details["metadata"]["startedOn"] <= details["metadata"]["finishedOn"]


def test_a_folder_without_a_bundle_has_no_sbom(tmp_path: Path) -> None:
    ran = kgshare("sbom", tmp_path, "--json")
    assert (ran.code, ran.errors[0]["kind"]) == (2, "usage")
