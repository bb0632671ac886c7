"""What a project asks for, by name and range, before any of it is pinned: the question that a lock answers."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata

from packaging.requirements import Requirement

from kgshare.lock.leftout import LEFT_OUT
from kgshare.lock.model import BaseRole, DebianSet, JarSet, WheelSet
from kgshare.project import Manifest, Project
from kgshare.project.model import BaseImage, ImageBuild

SUITE = "trixie"
PYTHON = "3.13"
JAVA = "21"

# What build steps run with: a JDK (its headless package has the jmods that jlink links), objcopy for jlink's
# --strip-debug, the Python that seed steps run on, and a shell with its tools.
TOOLBOX = ("base-files", "bash", "binutils", "coreutils", "dash", "netbase", f"openjdk-{JAVA}-jdk-headless",
           f"python{PYTHON}", "tzdata")  # fmt: skip
# The Java runtime comes from jlink; these are the native libraries it links with. No CA certificates: nothing in a
# stack speaks to the outside, and Debian's package of them brings openssl.
DATABASE = ("base-files", "libc6", "libgcc-s1", "libstdc++6", "netbase", "tzdata", "zlib1g")
# python3.13 rather than python3: python3-minimal wants dpkg.
APPLICATION = ("base-files", "netbase", f"python{PYTHON}", "tzdata")

# Neo4j Community as Maven Central has it: server, Bolt and the import tool of neo4j-admin.
NEO4J_ROOTS = (
    "org.neo4j:neo4j",
    "org.neo4j.app:neo4j-server",
    "org.neo4j:neo4j-bolt",
    "org.neo4j:neo4j-import-tool",
)
# Of Maven Central's versions of it the newest; it speaks Bolt to any Neo4j 5 or later.
NEO4J_BROWSER = "org.neo4j.client:neo4j-browser:5.24.0"
# The seeding package's own driver, beside whatever a python step asks for.
DRIVER = "neo4j>=5.26,<7"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What is to be resolved.

    Attributes:
        debian: package names per base.
        wheels: PEP 508 requirements per environment.
        jars: Maven coordinates of the roots.
        npm: package → exact version.
        neo4j: version of Neo4j, which decides what is left out of it.
        image: digest of an application's own image; empty where it is made here.
        bases: references of base images; a role without one stands on Debian's packages.
    """

    debian: dict[DebianSet, tuple[str, ...]]
    wheels: dict[WheelSet, tuple[str, ...]]
    jars: dict[JarSet, tuple[str, ...]]
    npm: dict[str, str]
    neo4j: str
    image: str = ""
    bases: dict[BaseRole, str] = field(default_factory=dict)

    def digests(self) -> dict[str, str]:
        """One digest per part that is resolved as a whole; a lock carries them."""
        image = {"image": self.image} if self.image else {}
        bases = {"bases": _digest(self.bases)} if self.bases else {}
        python = [PYTHON, self.bases["application"]] if "application" in self.bases else [PYTHON]
        return {
            **image,
            **bases,
            "debian": _digest([SUITE, self.debian]),
            "jars": _digest([self.jars, sorted(LEFT_OUT)]),
            "npm": _digest(self.npm),
            "wheels.application": _digest([*python, self.wheels["application"]]),
            "wheels.seed": _digest([PYTHON, self.wheels["seed"]]),
        }


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def needs_of(project: Project) -> Needs:
    """What a project's manifest asks for: it reads the manifest, kgshare's own package data, and an image's digest."""
    manifest = project.manifest
    roots = [f"{root}:{manifest.neo4j.version}" for root in NEO4J_ROOTS]
    browser = [NEO4J_BROWSER] if manifest.neo4j.browser else []
    return Needs(
        debian={
            "toolbox": TOOLBOX,
            "database": () if manifest.base_images.database else DATABASE,
            "application": () if manifest.base_images.application else _application_packages(manifest),
        },
        wheels={"seed": _seed_wheels(manifest), "application": _application_wheels(manifest)},
        jars={
            "database": (*roots, *browser),
            "plugins": tuple(sorted(set(manifest.neo4j.plugins))),
            **_application_jars(manifest),
        },
        npm=_npm(manifest),
        neo4j=manifest.neo4j.version,
        image=_image(project),
        bases=_bases(manifest),
    )


def _bases(manifest: Manifest) -> dict[BaseRole, str]:
    images = manifest.base_images
    roles: tuple[tuple[BaseRole, BaseImage | None], ...] = (
        ("database", images.database), ("application", images.application)
    )  # fmt: skip
    return {role: stated.image for role, stated in roles if stated}


def _seed_wheels(manifest: Manifest) -> tuple[str, ...]:
    asked = [r for step in manifest.seed if step.python for r in step.python.requirements]
    return _once([*asked, DRIVER])


def _application_packages(manifest: Manifest) -> tuple[str, ...]:
    """Python, where the application is one of Python's; an image that comes whole stands on nothing of ours."""
    if manifest.application.image is None:
        return APPLICATION
    return DATABASE if isinstance(manifest.application.image, ImageBuild) else ()


def _application_jars(manifest: Manifest) -> dict[JarSet, tuple[str, ...]]:
    jars = manifest.application.jars
    return {"application": tuple(sorted(set(jars)))} if jars else {}


def _image(project: Project) -> str:
    """The digest of an image that comes as a file."""
    stated = project.manifest.application.image
    if not isinstance(stated, str):
        return ""
    from kgshare.images.foreign import image_digest

    return image_digest(project.root / stated, stated)


def _application_wheels(manifest: Manifest) -> tuple[str, ...]:
    own_page = page_requirements() if manifest.application.own_page else ()
    return _once([*manifest.application.requirements, *own_page])


def _npm(manifest: Manifest) -> dict[str, str]:
    own_page = page_assets() if manifest.application.own_page else {}
    return dict(sorted({**own_page, **manifest.application.assets}.items()))


def _once(requirements: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({str(Requirement(r)) for r in requirements}))


def page_requirements() -> tuple[str, ...]:
    """What kgshare's own page needs: the ``page`` extra, as the installed distribution declares it."""
    found: list[str] = []
    for line in metadata.requires("kgshare") or ():
        requirement = Requirement(line)
        if (
            requirement.marker
            and requirement.marker.evaluate({"extra": "page"})
            and "extra" in str(requirement.marker)
        ):
            requirement.marker = None
            found.append(str(requirement))
    return tuple(sorted(found))


def page_assets() -> dict[str, str]:
    """The npm packages of kgshare's own page, ``name → version``; none where the page has no list of them."""
    try:
        module = importlib.import_module("kgshare.page.assets")
    except ImportError:
        return {}
    return {str(asset.name): str(asset.version) for asset in module.ASSETS}
