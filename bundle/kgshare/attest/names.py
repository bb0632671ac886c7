"""The names and media types of the evidence in a bundle. Nothing is imported here, so that anybody may import this."""

from __future__ import annotations

from collections.abc import Iterable

FOLDER = "evidence/"
SBOM = "evidence/sbom.cdx.json"  # of the bundle: its images and data sets
DATABASE_SBOM = "evidence/database.cdx.json"
APPLICATION_SBOM = "evidence/application.cdx.json"
PROVENANCE = "evidence/provenance.json"
LICENSES = "evidence/licenses.tar"

ROLES = ("database", "application")
# The registered type of CycloneDX (ECMA-424), in-toto's (spec/v1/bundle.md), and one of our own.
CYCLONEDX = "application/vnd.cyclonedx+json"


def image_sbom(image: str) -> str:
    """The BOM of one image, which is called by its role; in a bundle for several platforms ``database-linux-arm64``."""
    return f"evidence/{image}.cdx.json"


def media_types(images: Iterable[str]) -> dict[str, str]:
    """Every file of evidence in a bundle with these images, and its media type."""
    return {
        SBOM: CYCLONEDX,
        **{image_sbom(image): CYCLONEDX for image in images},
        PROVENANCE: "application/vnd.in-toto+json",
        LICENSES: "application/vnd.kgshare.licenses.v1.tar",
    }


# Those of a bundle for one platform.
IMAGE_SBOMS = {role: image_sbom(role) for role in ROLES}
MEDIA_TYPES = media_types(ROLES)

# What only names things: nothing is ever asked for at these addresses.
BUILD_TYPE = "https://kgshare.dev/docs/reference/evidence#build/v1"
BUILDER = "https://kgshare.dev/docs/reference/evidence#builder/v1"
STATEMENT = "https://in-toto.io/Statement/v1"
SLSA = "https://slsa.dev/provenance/v1"

LOCKED = "kgshare:locked"  # property of a component that stands in the lock by itself: its kind
SOURCE = "kgshare:source"  # what the corresponding source is called where its ecosystem keeps it
CITATION = "kgshare:citation"  # of a data set
ORIGIN = "kgshare:origin"  # where it comes from, where that is no address
TERMS = "kgshare:terms"  # what its publisher says may be done with it
FILE = "kgshare:file"  # where in its image, or in the component around it, a component stands


def output_of(name: str) -> str:
    """What the file is called among the outputs of the plan's step."""
    return name.rpartition("/")[2]
