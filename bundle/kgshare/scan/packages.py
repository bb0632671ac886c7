"""What a scanner is asked about: the packages of a bill of materials, Debian's by the source that they are made from. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packageurl import PackageURL

from kgshare.attest.document import components_of
from kgshare.attest.purls import of_base, purl_of
from kgshare.errors import BundleError, Problem
from kgshare.lock.model import Lock

ECOSYSTEMS = {
    "deb": "Debian",
    "maven": "Maven",
    "npm": "npm",
    "pypi": "PyPI",
}  # purl's types, OSV's names for them
RELEASES = {
    "bookworm": "12",
    "trixie": "13",
    "forky": "14",
    "duke": "15",
}  # Debian's suites, as OSV numbers them
_REBUILT = re.compile(r"\+b\d+$")  # Debian Policy 5.6.12: a rebuild of the same source


@dataclass(frozen=True, kw_only=True, order=True)
class Package:
    """What vulnerabilities are known by.

    Attributes:
        ecosystem: as OSV names it.
        name: as its ecosystem does; of Debian the source package's.
        version: likewise.
        purls: what it is in the bill of materials, sorted.
    """

    ecosystem: str
    name: str
    version: str
    purls: tuple[str, ...]

    @property
    def purl(self) -> str:
        """A package URL that a scanner looks up."""
        match self.ecosystem:
            case "Debian":
                return PackageURL("deb", "debian", self.name, self.version, {"arch": "source"}).to_string()
            case "Maven":
                group, _, artifact = self.name.partition(":")
                return PackageURL("maven", group, artifact, self.version).to_string()
            case "npm":
                scope, _, bare = self.name.rpartition("/")
                return PackageURL("npm", scope or None, bare, self.version).to_string()
            case _:
                return PackageURL("pypi", None, self.name, self.version).to_string()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question to a scanner.

    Attributes:
        sbom: the bill of materials as it is in the bundle.
        packages: what is in it, sorted.
        release: Debian's, as OSV numbers it: ``13``; empty where it is not known.
        unasked: what is in the bundle and cannot be asked about, in words.
        project: what means the bundle as a whole, without a version: ``pkg:generic/NAME`` of the project, and its images.
    """

    sbom: bytes
    packages: tuple[Package, ...]
    release: str
    project: tuple[str, ...]
    unasked: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the bill of materials, hexadecimal."""
        return hashlib.sha256(self.sbom).hexdigest()


def asked(sbom: bytes, lock: Lock, where: str = "the bill of materials") -> Asked:
    """What is to be asked about a bundle.

    Args:
        sbom: its bill of materials (CycloneDX, JSON).
        lock: its lock, which knows the source of each Debian package.
        where: what messages call the bill of materials.

    Raises:
        BundleError: it is no such document.
    """
    try:
        document = json.loads(sbom)
        parts = list(components_of(document))
        root = str(((document.get("metadata") or {}).get("component") or {}).get("name", ""))
        purls = sorted({str(part["purl"]) for part in parts if part.get("purl")})
        urls = [(purl, PackageURL.from_string(purl)) for purl in purls]
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise BundleError(Problem(message=f"is no CycloneDX document: {error}", where=where)) from None
    sources = {
        purl_of(package): package.source
        for part in lock.archs.values()
        for packages in part.debian.values()
        for package in packages
    }
    release = RELEASES.get(lock.suite, "")
    for rows in lock.base_packages.values():
        sources |= {of_base(row).to_string(): row.source or row.name for row in rows}
    found: dict[tuple[str, str, str], list[str]] = {}
    others: Counter[str] = Counter()
    for purl, url in urls:
        if url.version and _can_be_asked(url, lock.suite, release):
            found.setdefault(_known_as(purl, url, sources), []).append(purl)
        elif url.type not in {"oci", "generic"}:
            others[_kind(url)] += 1
    unasked = [
        f"{number} {name}: kgshare asks about none of these" for name, number in sorted(others.items())
    ]
    unasked += [
        f"{name}: what is in it is not known" for name in sorted(_closed(document.get("components", ())))
    ]
    whole = {str(PackageURL(url.type, url.namespace, url.name)) for _, url in urls if url.type == "oci"}
    whole |= {str(PackageURL("generic", None, root))} if root else set()
    return Asked(
        sbom=sbom,
        packages=tuple(
            Package(ecosystem=ecosystem, name=name, version=version, purls=tuple(rows))
            for (ecosystem, name, version), rows in sorted(found.items())
        ),
        release=release,
        project=tuple(sorted(whole)),
        unasked=tuple(unasked),
    )


def _can_be_asked(url: PackageURL, suite: str, release: str) -> bool:
    """Whether kgshare knows by which name a database has a package: of Debian, the lock's release only."""
    if url.type != "deb":
        return url.type in ECOSYSTEMS
    known = {suite, *((release, f"debian-{release}") if release else ())}
    return url.namespace == "debian" and _distro(url) in known


def _distro(url: PackageURL) -> str:
    qualifiers = url.qualifiers if isinstance(url.qualifiers, dict) else {}
    return str(qualifiers.get("distro", ""))


def _kind(url: PackageURL) -> str:
    """What a package is called that is not asked about: by its form, and of a distribution by name and release."""
    if url.type in {"deb", "apk", "rpm", "alpm"}:
        return f"{url.type} packages of {url.namespace} {_distro(url) or 'of an unknown release'}"
    return f"{url.type} packages{'' if url.version else ' without a version'}"


def _closed(images: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Images inside the bundle's own that came whole and keep no records: nothing says what is in them."""
    for image in images:
        yield from (
            str(part["name"])
            for part in image.get("components", ())
            if part.get("type") == "container" and not part.get("components")
        )


def _known_as(purl: str, url: PackageURL, sources: Mapping[str, str]) -> tuple[str, str, str]:
    version = str(url.version)
    match url.type:
        case "deb":
            return "Debian", sources.get(purl, url.name), _REBUILT.sub("", version)
        case "maven":
            return "Maven", f"{url.namespace}:{url.name}", version
        case "npm":
            return "npm", f"{url.namespace}/{url.name}" if url.namespace else url.name, version
        case _:
            return "PyPI", url.name, version


def flat(asked: Asked) -> bytes:
    """A CycloneDX document of these packages without nesting, Debian's with their source and release as syft writes them.

    The qualifiers ``upstream`` and ``distro`` and the component of the operating system are what grype and trivy know a
    Debian package by.
    """
    components: list[dict[str, str]] = []
    for package in asked.packages:
        for purl in package.purls:
            url = PackageURL.from_string(purl)
            qualifiers = dict(url.qualifiers) if isinstance(url.qualifiers, dict) else {}
            if package.ecosystem == "Debian":
                qualifiers |= {"upstream": package.name, "distro": f"debian-{asked.release}"}
            known = PackageURL(url.type, url.namespace, url.name, url.version, qualifiers)
            row = {"type": "library", "bom-ref": purl, "name": url.name, "version": str(url.version)}
            components.append({**row, "purl": known.to_string()})
    system = {"type": "operating-system", "bom-ref": "os", "name": "debian", "version": asked.release}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": [system, *components],
    }
    return json.dumps(document, indent=1).encode()


def original(purl: str, asked: Asked) -> str:
    """The package URL that a package has in the bill of materials, from the one that a scanner calls it by."""
    try:
        url = PackageURL.from_string(purl)
    except ValueError:
        return purl
    wanted = (url.type, url.namespace, url.name, url.version)
    for package in asked.packages:
        for known in package.purls:
            if PackageURL.from_string(known)[:4] == wanted:
                return known
    return purl


def reduced(packages: Iterable[Package]) -> bytes:
    """A CycloneDX document of these packages only, under the names that a scanner knows them by."""
    components = [
        {
            "type": "library", "bom-ref": package.purl, "name": package.name, "version": package.version,
            "purl": package.purl,
        }
        for package in packages
    ]  # fmt: skip
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}
    return json.dumps(document, indent=1).encode()
