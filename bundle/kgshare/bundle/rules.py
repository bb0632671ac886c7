"""What must hold of a bundle's facts beyond their spelling; the same rules for writing and for reading."""

from __future__ import annotations

from collections.abc import Sequence

from kgshare.bundle import names, schema
from kgshare.bundle.documents import MAX_JSON, MAX_TEXT, Facts, ImageFacts

MAX_UNPACKED = 64 << 30  # bytes of all layers together, decompressed; a minute's work of the reader


def problems(facts: Facts) -> list[str]:
    """All that is wrong, each with the place it is at; empty for a good bundle."""
    found = [f"name: {w}" for w in [names.bad_name(facts.name)] if w]
    found += [f"version: {w}" for w in [names.bad_version(facts.version)] if w]
    if not facts.images:
        found.append("there is no image in it")
    for image in facts.images:
        wrong = (names.bad_role(image.role), names.bad_reference(image.reference))
        found += [f"image {image.role!r}: {w}" for w in wrong if w]
        if image.config.size > MAX_JSON:
            found.append(f"image {image.role!r}: its config has more than {MAX_JSON} bytes")
    layers = {layer.blob.digest: layer.unpacked for image in facts.images for layer in image.layers}
    if sum(layers.values()) > MAX_UNPACKED:
        found.append(f"its layers announce {sum(layers.values())} bytes, more than {MAX_UNPACKED}")
    found += _twice("image", [f"{i.role} for {i.platform}" for i in facts.images])
    # One tag for two images: Docker would keep the one it reads last.
    found += _twice(
        "image reference",
        [names.project_reference(facts.name, facts.version), *(i.reference for i in facts.images)],
    )
    for file in facts.files:
        wrong = (names.bad_file_name(file.name), names.bad_media_type(file.name, file.media_type))
        found += [f"file {file.name!r}: {w}" for w in wrong if w]
        if file.name in (names.README, names.COMPOSE) and file.blob.size > MAX_TEXT:
            found.append(f"file {file.name!r}: has more than {MAX_TEXT} bytes")
    found += _twice("file", [f.name for f in facts.files])
    missing = sorted(set(names.REQUIRED) - {f.name for f in facts.files})
    return found + [f"file {name!r}: is missing" for name in missing]


def _twice(what: str, values: Sequence[str]) -> list[str]:
    return [f"{what} {v!r}: occurs twice" for v in sorted({v for v in values if values.count(v) > 1})]


def read_config(image: ImageFacts, data: bytes) -> tuple[str, ...]:
    """The diff ids in an image's config.

    Raises:
        ValueError: it is not canonical, or disagrees with the manifest or the index.
    """
    doc = schema.read(schema.ConfigDoc, data)
    platform = names.Platform(os=doc.os, architecture=doc.architecture, variant=doc.variant)
    if platform != image.platform:
        raise ValueError(f"is for {platform}, the index says {image.platform}")
    if len(doc.rootfs.diff_ids) != len(image.layers):
        raise ValueError(f"names {len(doc.rootfs.diff_ids)} layers, the manifest {len(image.layers)}")
    return tuple(doc.rootfs.diff_ids)
