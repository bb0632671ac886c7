"""Package URLs (https://github.com/package-url/purl-spec, ECMA-427) of locked inputs, spelt by its own library."""

from __future__ import annotations

from packageurl import PackageURL
from packaging.utils import canonicalize_name

from kgshare.lock.model import BaseBlob, BasePackage, DebianPackage, Jar, Locked, NpmPackage, Wheel


def purl_of(item: Locked) -> str:
    """The package URL of a locked input; it is the same in every SBOM and in the provenance."""
    match item:
        case DebianPackage():
            return debian(item).to_string()
        case Jar():
            return maven(item.group, item.artifact, item.version, item.classifier).to_string()
        case Wheel():
            return pypi(item.name, item.version).to_string()
        case NpmPackage():
            return npm(item.name, item.version).to_string()
        case BaseBlob():
            name = item.reference.partition("@")[0].rpartition(":")[0] or item.reference
            return oci(name, f"sha256:{item.sha256}").to_string()


def debian(item: DebianPackage) -> PackageURL:
    """``distro`` is the suite that it came from without its pocket: security updates are of the same release."""
    qualifiers = {"arch": item.architecture, "distro": item.suite.partition("-")[0]}
    return PackageURL("deb", "debian", item.name, item.version, qualifiers)


def maven(group: str, artifact: str, version: str, classifier: str = "") -> PackageURL:
    """A Maven artifact."""
    return PackageURL(
        "maven", group, artifact, version or None, {"classifier": classifier} if classifier else None
    )


def pypi(name: str, version: str) -> PackageURL:
    """A Python package, its name normalised (PEP 503)."""
    return PackageURL("pypi", None, canonicalize_name(name), version or None)


def npm(name: str, version: str) -> PackageURL:
    """An npm package; its scope is the namespace."""
    scope, _, bare = name.rpartition("/")
    return PackageURL("npm", scope or None, bare, version)


def of_base(item: BasePackage) -> PackageURL:
    """A package of a base image, by the records that it keeps."""
    qualifiers = {"arch": item.architecture, "distro": item.release}
    return PackageURL(
        item.form, item.distro, item.name, item.version, {k: v for k, v in qualifiers.items() if v}
    )


def oci(name: str, digest: str) -> PackageURL:
    """An image by the digest of its manifest."""
    return PackageURL("oci", None, name.rpartition("/")[2], digest)
