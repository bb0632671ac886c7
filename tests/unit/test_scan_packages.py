"""What a scanner is asked about: every package of a bill of materials, by the name under which its vulnerabilities are known."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tests.unit import lock_example

from kgshare.attest.purls import of_base
from kgshare.errors import BundleError
from kgshare.lock.model import BasePackage, DebianPackage, Lock
from kgshare.scan.packages import asked, flat, original, reduced

LIBC = DebianPackage(
    name="libc6", version="2.41-12+b1", suite="trixie", architecture="amd64", sha256="a" * 64, size=1, source="glibc"
)  # fmt: skip
BIN = dataclasses.replace(LIBC, name="libc-bin")


def lock() -> Lock:
    part = dataclasses.replace(lock_example.lock().archs["amd64"], debian={"database": (LIBC, BIN)})
    return dataclasses.replace(lock_example.lock(), archs={"amd64": part})


def bom(*purls: str) -> bytes:
    inner = [{"type": "library", "name": "x", "purl": purl} for purl in purls]
    image = {"type": "container", "name": "i", "purl": "pkg:oci/database@sha256:ab", "components": inner}
    root = {"type": "application", "name": "herbarium"}
    return json.dumps({"metadata": {"component": root}, "components": [image]}).encode()


def test_debian_packages_are_asked_about_by_their_source_and_its_version() -> None:
    purls = [f"pkg:deb/debian/{n}@2.41-12%2Bb1?arch=amd64&distro=trixie" for n in ("libc6", "libc-bin")]
    question = asked(bom(*purls), lock())
    [package] = question.packages
    assert (package.ecosystem, package.name, package.version) == ("Debian", "glibc", "2.41-12")
    assert package.purls == tuple(sorted(purls))
    assert package.purl == "pkg:deb/debian/glibc@2.41-12?arch=source"
    assert question.release == "13"


@pytest.mark.parametrize(
    ("purl", "ecosystem", "name"),
    [
        ("pkg:maven/org.neo4j/neo4j-bolt@5.26.30", "Maven", "org.neo4j:neo4j-bolt"),
        ("pkg:npm/%40scope/x@1.0", "npm", "@scope/x"),
        ("pkg:npm/cytoscape@3.30.0", "npm", "cytoscape"),
        ("pkg:pypi/starlette@0.41.0", "PyPI", "starlette"),
    ],
)
def test_other_packages_are_asked_about_as_their_ecosystem_calls_them(
    purl: str, ecosystem: str, name: str
) -> None:
    [package] = asked(bom(purl, purl), lock()).packages
    assert (package.ecosystem, package.name, package.purls) == (ecosystem, name, (purl,))
    assert package.purl == purl


def test_what_no_database_knows_is_not_asked_about_and_the_bundle_is_known_by_its_own_names() -> None:
    question = asked(bom("pkg:generic/another@0.2.0"), lock())
    assert question.packages == ()
    assert question.project == ("pkg:generic/herbarium", "pkg:oci/database")


def test_a_scanner_is_given_a_document_of_these_packages_only() -> None:
    question = asked(bom("pkg:pypi/starlette@0.41.0", "pkg:generic/herbarium@0.2.0"), lock())
    document = json.loads(reduced(question.packages))
    assert [part["purl"] for part in document["components"]] == ["pkg:pypi/starlette@0.41.0"]


def test_what_a_base_image_brings_is_asked_about_where_it_is_of_the_same_debian_and_else_named() -> None:
    def of(form: str, distro: str, release: str) -> BasePackage:
        return BasePackage(
            base="database", form=form, distro=distro, release=release, name="libssl3t64", version="3.5.4-1", architecture="amd64",
            licence="", source="openssl",
        )  # fmt: skip

    others = (of("deb", "debian", "12"), of("deb", "debian", ""), of("deb", "ubuntu", "24.04"))
    packages = (of("deb", "debian", "13"), *others, of("apk", "wolfi", "20230201"))
    based = dataclasses.replace(lock(), base_packages={"amd64": packages})
    question = asked(bom(*(of_base(package).to_string() for package in packages)), based)
    [package] = question.packages
    assert (package.ecosystem, package.name, package.version) == ("Debian", "openssl", "3.5.4-1")
    assert question.unasked == (
        "1 apk packages of wolfi 20230201: kgshare asks about none of these",
        "1 deb packages of debian 12: kgshare asks about none of these",
        "1 deb packages of debian of an unknown release: kgshare asks about none of these",
        "1 deb packages of ubuntu 24.04: kgshare asks about none of these",
    )


def test_an_image_that_came_whole_is_named_as_what_nobody_looked_into() -> None:
    inner = {"type": "library", "name": "x", "purl": "pkg:pypi/x@1"}
    whole = {"type": "container", "name": "app.tar"}
    known = {"type": "container", "name": "jre", "purl": "pkg:oci/jre@sha256:cd", "components": [inner]}
    outer = {
        "type": "container",
        "name": "i",
        "purl": "pkg:oci/application@sha256:ab",
        "components": [whole, known],
    }
    question = asked(json.dumps({"components": [outer]}).encode(), lock())
    assert question.unasked == ("app.tar: what is in it is not known",)


def test_others_are_given_binary_packages_with_their_source_and_release_and_their_names_are_turned_back() -> (
    None
):
    libc = "pkg:deb/debian/libc6@2.41-12%2Bb1?arch=amd64&distro=trixie"
    question = asked(bom(libc, "pkg:npm/%40scope/x@1.0"), lock())
    system, *packages = json.loads(flat(question))["components"]
    assert (system["type"], system["name"], system["version"]) == ("operating-system", "debian", "13")
    purls = [package["purl"] for package in packages]
    assert purls == [
        "pkg:deb/debian/libc6@2.41-12%2Bb1?arch=amd64&distro=debian-13&upstream=glibc",
        "pkg:npm/%40scope/x@1.0",
    ]
    assert [original(purl, question) for purl in purls] == [libc, "pkg:npm/%40scope/x@1.0"]
    assert original("pkg:npm/other@1", question) == "pkg:npm/other@1"


@pytest.mark.parametrize(
    "text", [b"{", b"[]", b'{"components": [{"purl": "no"}]}', b'{"components": 3}', b"[" * 99_999]
)
def test_what_is_no_bill_of_materials_is_refused_with_its_place(text: bytes) -> None:
    with pytest.raises(BundleError, match=r"f: evidence/sbom.cdx.json: is no CycloneDX document"):
        asked(text, lock(), "f: evidence/sbom.cdx.json")
