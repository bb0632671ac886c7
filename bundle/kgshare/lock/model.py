"""What ``kgshare.lock`` holds.

An input is what enters a build from outside the project: a Debian package, a jar, a wheel, an npm package. It is
found by name and version with the ordinary client of its ecosystem, and known by its SHA-256.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

LOCK = "kgshare.lock"
FORMAT = 1

Arch = Literal["amd64", "arm64"]
ARCHS: tuple[Arch, ...] = ("amd64", "arm64")
# The sets of inputs that a build is made from; each becomes one folder or one base in `kgshare.plan`.
DebianSet = Literal["toolbox", "database", "application"]
WheelSet = Literal["seed", "application"]
JarSet = Literal["database", "plugins", "application"]
BaseRole = Literal["database", "application"]


@dataclass(frozen=True, kw_only=True, order=True)
class DebianPackage:
    """One package of a suite, e.g. ``libc6 2.41-12 amd64`` of ``trixie``; ``sha256`` is the .deb's."""

    name: str
    version: str
    suite: str
    architecture: str  # the package's own: amd64, arm64 or all
    sha256: str
    size: int
    source: str  # source package, for licences and security trackers


@dataclass(frozen=True, kw_only=True, order=True)
class Jar:
    """One jar by Maven coordinate."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str
    size: int

    @property
    def coordinate(self) -> str:
        """``group:artifact:version`` with the classifier, if any, behind."""
        return ":".join(part for part in (self.group, self.artifact, self.version, self.classifier) if part)

    @property
    def filename(self) -> str:
        """The file's name as Maven gives it."""
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{tail}.jar"


@dataclass(frozen=True, kw_only=True, order=True)
class Wheel:
    """One wheel; ``filename`` says Python, ABI and platform (PEP 427)."""

    name: str
    version: str
    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, order=True)
class NpmPackage:
    """One npm package; ``integrity`` is npm's own (``sha512-…``), ``sha256`` that of the tarball."""

    name: str
    version: str
    integrity: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, order=True)
class BaseBlob:
    """One blob of a base image: its manifest, its configuration, or a layer, as the registry has it.

    Attributes:
        base: which image stands on it.
        kind: ``manifest``, ``config`` or ``layer``.
        reference: what was asked for, ``REGISTRY/NAME:TAG``.
        media_type: the registry's name of its form.
        version: of the Java or Python in it, on the manifest's row only.
        path: likewise its Java home, or its folder of site packages (empty where it has Debian's), without a leading slash.
    """

    base: BaseRole
    kind: Literal["manifest", "config", "layer"]
    reference: str
    media_type: str
    sha256: str
    size: int
    version: str = ""
    path: str = ""


@dataclass(frozen=True, kw_only=True, order=True)
class BasePackage:
    """A package in a base image, by the records that the image keeps; it comes with the image and is fetched by nobody.

    Attributes:
        base: which image stands on it.
        form: ``apk`` or ``deb``.
        distro: as the image's os-release calls itself; ``release`` likewise.
        licence: as the record has it; empty where it has none (Debian's are in the copyright files).
        source: the package that it was built from.
    """

    base: BaseRole
    form: str
    distro: str
    release: str
    name: str
    version: str
    architecture: str
    licence: str
    source: str

    @property
    def sha256(self) -> str:
        """It has no file of its own."""
        return ""


@dataclass(frozen=True, kw_only=True)
class ArchLock:
    """What is locked for one architecture."""

    debian: dict[DebianSet, tuple[DebianPackage, ...]]
    wheels: dict[WheelSet, tuple[Wheel, ...]]


@dataclass(frozen=True, kw_only=True)
class Lock:
    """``kgshare.lock``.

    Attributes:
        manifest: SHA-256 of the manifest it was made from; it is refused with another.
        epoch: seconds since 1970 at which it was made, the one clock (SOURCE_DATE_EPOCH) of all that is built from it.
        suite: the Debian suite of the bases, e.g. ``trixie``.
        python: the bases' Python as ``3.13``, for which wheels were chosen.
        java: the bases' Java as ``21``.
        resolvers: the client that resolved each ecosystem, with its version.
        jars: the same for every architecture.
        npm: likewise.
        archs: per architecture.
        bases: per architecture the blobs of the base images; empty for Debian's packages.
        base_packages: per architecture what these say they consist of.
        needs: a digest of what each part was resolved from; a part whose needs are the same keeps its versions.
    """

    manifest: str
    epoch: int
    suite: str
    python: str
    java: str
    resolvers: dict[str, str]
    jars: dict[JarSet, tuple[Jar, ...]]
    npm: tuple[NpmPackage, ...]
    archs: dict[Arch, ArchLock]
    needs: dict[str, str] = field(default_factory=dict)
    bases: dict[Arch, tuple[BaseBlob, ...]] = field(default_factory=dict)
    base_packages: dict[Arch, tuple[BasePackage, ...]] = field(default_factory=dict)

    def python_of(self, arch: Arch, wheels: WheelSet) -> str:
        """The Python that a set of wheels is for: that of the application's base image, or the bases' own."""
        head = self.base(arch, "application") if wheels == "application" else None
        return head.version if head else self.python

    def jdk(self, arch: Arch) -> DebianPackage:
        """The package of the toolbox whose modules jlink links into the runtime of an architecture."""
        return self._tool(arch, f"openjdk-{self.java}-jdk-headless")

    def documents_of_java(self, arch: Arch) -> DebianPackage:
        """The package with the copyright file of that runtime."""
        names = {package.name for package in self.archs[arch].debian["toolbox"]}
        jre = f"openjdk-{self.java}-jre-headless"
        return self._tool(arch, jre) if jre in names else self.jdk(arch)

    def _tool(self, arch: Arch, name: str) -> DebianPackage:
        return next(package for package in self.archs[arch].debian["toolbox"] if package.name == name)

    def base(self, arch: Arch, role: BaseRole) -> BaseBlob | None:
        """The manifest of the image that a role stands on; None for Debian's packages."""
        rows = self.bases.get(arch, ())
        return next((row for row in rows if row.base == role and row.kind == "manifest"), None)


Input = DebianPackage | Jar | Wheel | NpmPackage
Locked = Input | BaseBlob
