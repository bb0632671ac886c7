"""Verified images into the engine, under names that say which they are; what is there already is not loaded again."""

from __future__ import annotations

import shutil
from pathlib import Path

from kgshare.compose import image_tag
from kgshare.doors.engine import Engine, EngineFacts
from kgshare.errors import EngineError
from kgshare.progress import Progress
from kgshare.stack.source import Source, SourceImage
from kgshare.stack.state import ImageNote

ROOM = (
    4  # an image unpacked, beside its packed form, next to the store copied out of it: times the file's size
)


def ensure_images(
    source: Source, engine: Engine, facts: EngineFacts, progress: Progress
) -> dict[str, ImageNote]:
    """Load what is missing; afterwards each image's id is the one that was verified.

    Raises:
        EngineError: there is no room, the load fails, or another image arrives than was sent.
    """
    tags = {role: tag_of(source, role) for role in source.images}
    wanted = {role: id_of(image, facts) for role, image in source.images.items()}
    for role, tag in tags.items():
        if engine.image_id(tag) != wanted[role] and engine.image_id(wanted[role]) == wanted[role]:
            engine.tag(wanted[role], tag)
    if any(engine.image_id(tags[role]) != wanted[role] for role in tags):
        require_room(source, facts)
        with progress.stage("load the images"):
            engine.load(source.archive(tags))
    for role, tag in tags.items():
        _require_same(role, wanted[role], engine.image_id(tag))
    return {
        role: ImageNote(tag=tags[role], id=wanted[role], digest=image.manifest_digest)
        for role, image in source.images.items()
    }


def tag_of(source: Source, role: str) -> str:
    """A tag that no other build of the same version shares."""
    short = source.images[role].manifest_digest.removeprefix("sha256:")[:12]
    manifest = source.manifest
    return f"{image_tag(manifest.name, role, manifest.version)}-{short}"


def id_of(image: SourceImage, facts: EngineFacts) -> str:
    """What an engine calls an image: Docker's two image stores differ."""
    return image.manifest_digest if facts.containerd_store else image.config_digest


def require_room(source: Source, facts: EngineFacts) -> None:
    """Look at the engine's disk, where it is this machine's.

    Raises:
        EngineError: it will not hold the images.
    """
    root = Path(facts.root)
    if not facts.root or not root.is_dir():
        return
    need, free = source.size * ROOM, shutil.disk_usage(root).free
    if free < need:
        raise EngineError(
            f"{root} has {free / 1e6:,.0f} MB left, and this needs about {need / 1e6:,.0f} MB",
            hint="`docker system df` shows what takes the room; then try again",
        )


def _require_same(role: str, wanted: str, found: str | None) -> None:
    if found != wanted:
        raise EngineError(
            f"the engine holds another {role} image ({found or 'none'}) than was verified ({wanted})",
            hint="nothing was started; say so to whoever made the bundle, or update Docker",
        )
