"""The strict schema of each JSON document in a bundle. Unknown keys, wrong types, other media types are errors.

After the OCI image specification 1.1 (image-layout.md, image-index.md, manifest.md, config.md). An image's config is
the content of an image, not of the bundle's structure: what kgshare relies on is checked, other keys may be there.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from kgshare.bundle import canonical, names
from kgshare.shown import one_line

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0, lt=8**11)]


class Strict(BaseModel):
    """Frozen, no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PlatformDoc(Strict):
    """``platform`` of an image in the index."""

    os: Literal["linux"]
    architecture: Annotated[str, Field(pattern=r"^[a-z0-9]{2,16}$")]
    variant: Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")] | None = None


class ImageAnnotations(Strict):
    """What the index says of an image."""

    role: str = Field(alias=names.ROLE)
    containerd_name: str = Field(alias=names.CONTAINERD_NAME)
    ref_name: str = Field(alias=names.REF_NAME)


class ProjectAnnotations(Strict):
    """What the index says of the project artifact."""

    containerd_name: str = Field(alias=names.CONTAINERD_NAME)
    ref_name: Literal["project"] = Field(alias=names.REF_NAME)


class ImageEntry(Strict):
    """An image in the index."""

    mediaType: Literal["application/vnd.oci.image.manifest.v1+json"]
    digest: Digest
    size: Size
    platform: PlatformDoc
    annotations: ImageAnnotations


class ProjectEntry(Strict):
    """The project artifact in the index; it is the last entry."""

    mediaType: Literal["application/vnd.oci.image.manifest.v1+json"]
    artifactType: Literal["application/vnd.kgshare.project.v1"]
    digest: Digest
    size: Size
    annotations: ProjectAnnotations


def _kind(value: Any) -> str:
    """Which kind of entry of the index something is meant to be."""
    return "project" if isinstance(value, dict) and "artifactType" in value else "image"


Entry = Annotated[
    Annotated[ImageEntry, Tag("image")] | Annotated[ProjectEntry, Tag("project")], Discriminator(_kind)
]


class IndexAnnotations(Strict):
    """Name and version of the bundle."""

    title: str = Field(alias=names.TITLE)
    version: str = Field(alias=names.VERSION)


class IndexDoc(Strict):
    """``index.json``."""

    schemaVersion: Literal[2]
    mediaType: Literal["application/vnd.oci.image.index.v1+json"]
    artifactType: Literal["application/vnd.kgshare.bundle.v1"]
    annotations: IndexAnnotations
    manifests: list[Entry]


class LayerAnnotations(Strict):
    """How many bytes a layer has when it is decompressed."""

    unpacked: Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,11})$")] = Field(alias=names.UNPACKED)


class LayerDescriptor(Strict):
    """A layer of an image."""

    mediaType: Literal["application/vnd.oci.image.layer.v1.tar+zstd"]
    digest: Digest
    size: Size
    annotations: LayerAnnotations


class ConfigDescriptor(Strict):
    """The config of an image."""

    mediaType: Literal["application/vnd.oci.image.config.v1+json"]
    digest: Digest
    size: Size


class ImageDoc(Strict):
    """An image manifest."""

    schemaVersion: Literal[2]
    mediaType: Literal["application/vnd.oci.image.manifest.v1+json"]
    config: ConfigDescriptor
    layers: list[LayerDescriptor]


class EmptyDescriptor(Strict):
    """OCI's empty config, the two bytes ``{}``."""

    mediaType: Literal["application/vnd.oci.empty.v1+json"]
    digest: Digest
    size: Literal[2]


class FileAnnotations(Strict):
    """A file's name; oras writes it under this one."""

    title: str = Field(alias=names.TITLE)


class FileDescriptor(Strict):
    """A file of the project artifact."""

    mediaType: str
    digest: Digest
    size: Size
    annotations: FileAnnotations


class ProjectDoc(Strict):
    """The manifest of the project artifact."""

    schemaVersion: Literal[2]
    mediaType: Literal["application/vnd.oci.image.manifest.v1+json"]
    artifactType: Literal["application/vnd.kgshare.project.v1"]
    config: EmptyDescriptor
    layers: list[FileDescriptor]


class RootFs(Strict):
    """The layers of an image, decompressed."""

    type: Literal["layers"]
    diff_ids: list[Digest]


class ConfigDoc(BaseModel):
    """What kgshare relies on in an image's config."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    architecture: str
    os: str
    variant: str = ""
    rootfs: RootFs


Doc = TypeVar("Doc", bound=BaseModel)


def read(model: type[Doc], data: bytes) -> Doc:
    """A document of this schema from canonical JSON.

    Raises:
        canonical.NotCanonicalError: it is not canonical JSON.
        ValueError: it is not of the schema; the message says where, in one line.
    """
    value = canonical.load(data)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = one_line(".".join(str(part) for part in first["loc"]))
        raise ValueError(f"{place or 'document'}: {first['msg'].lower()}") from error
