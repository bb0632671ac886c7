"""The names that occur in a bundle and the one form each may have: references, roles, files, media types, platforms."""

from __future__ import annotations

import re
from dataclasses import dataclass

# OCI's and kgshare's types; see docs/reference/bundle-format.md.
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
EMPTY = "application/vnd.oci.empty.v1+json"
BUNDLE = "application/vnd.kgshare.bundle.v1"
PROJECT = "application/vnd.kgshare.project.v1"
DELTA_TYPE = "application/vnd.kgshare.delta.v1+json"

TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
REF_NAME = "org.opencontainers.image.ref.name"
CONTAINERD_NAME = "io.containerd.image.name"
ROLE = "dev.kgshare.role"
UNPACKED = "dev.kgshare.unpacked-size"

SIGNATURE = "signature.sigstore.json"  # the last member of a signed bundle, beside the layout
DELTA = "delta.json"  # the first member of a delta, which no bundle has
README = "README.md"
COMPOSE = "compose.yaml"
# Files every bundle holds, each with its one media type.
REQUIRED = {
    README: "text/markdown",
    COMPOSE: "application/vnd.kgshare.compose.v1+yaml",
    "kgshare.yaml": "application/vnd.kgshare.manifest.v1+yaml",
    "kgshare.lock": "application/vnd.kgshare.lock.v1",
}
PROJECT_REF = "project"  # the artifact's name for skopeo and oras; no role may be called so

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_FILE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,99}")
_MEDIA_TYPE = re.compile(r"(?:application|text)/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_REFERENCE = re.compile(
    r"(?P<host>localhost(?::[0-9]{1,5})?|[a-z0-9]+(?:[.-][a-z0-9]+)*(?:\.[a-z0-9-]+|:[0-9]{1,5}))"
    r"(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)+"
    r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, order=True)
class Platform:
    """What an image runs on, in OCI's words (Go's GOOS and GOARCH)."""

    os: str = "linux"
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


AMD64 = Platform(architecture="amd64")


def bad_role(role: str) -> str:
    """Why a role cannot be used; empty when it can."""
    return f"{PROJECT_REF!r} is the project artifact's own name" if role == PROJECT_REF else bad_name(role)


def bad_name(name: str) -> str:
    """Why a project's name cannot be used; empty when it can."""
    return (
        ""
        if _NAME.fullmatch(name) and len(name) <= 63
        else f"{name!r} is not of the form a-b.c_d, lower case"
    )


def bad_version(version: str) -> str:
    """Why a version cannot be used; empty when it can."""
    return "" if _VERSION.fullmatch(version) else f"{version!r} is not a version"


def bad_file_name(name: str) -> str:
    """Why a name of a project file cannot be used; empty when it can: relative, plain characters, no ``..``."""
    parts = name.split("/")
    fine = len(name) <= 200 and all(_FILE_PART.fullmatch(part) for part in parts)
    return "" if fine else f"{name!r} is not a plain relative name"


def bad_media_type(name: str, media_type: str) -> str:
    """Why a project file cannot have this type; empty when it can."""
    if name in REQUIRED and media_type != REQUIRED[name]:
        return f"has the media type {media_type!r}, must have {REQUIRED[name]!r}"
    return "" if _MEDIA_TYPE.fullmatch(media_type) else f"{media_type!r} is not a media type"


def bad_reference(reference: str) -> str:
    """Why an image reference cannot be used; empty when it can.

    It must name its host (``localhost/ocean/database:1.0``): a short name means a public registry's image to Docker,
    means another one to Podman, and is spelt differently in Docker's two image stores. A full name is one name.
    """
    if _REFERENCE.fullmatch(reference) and len(reference) <= 255:
        return ""
    return f"{reference!r} is not a full image reference like localhost/project/role:version"


def project_reference(name: str, version: str) -> str:
    """The image name under which Docker's containerd store keeps the project artifact (a tag has no ``+``)."""
    return f"localhost/{name}/{PROJECT_REF}:{version.replace('+', '_')}"


def ref_name(role: str, platform: Platform, roles: list[str]) -> str:
    """``org.opencontainers.image.ref.name``: the role; with the architecture where a role has several platforms."""
    if roles.count(role) == 1:
        return role
    return "-".join(part for part in (role, platform.os, platform.architecture, platform.variant) if part)
