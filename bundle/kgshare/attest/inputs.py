"""Which locked inputs are in which image. Apart from `contents`, as a bundle is held against it each time it is opened."""

from __future__ import annotations

from kgshare.images.context import image_jars
from kgshare.lock.model import Arch, Input, Lock


def inputs_of(lock: Lock, arch: Arch, role: str) -> tuple[Input, ...]:
    """The locked inputs that are in an image as they were fetched; of an image that came as a file, none are locked."""
    part = lock.archs[arch]
    if role == "database":
        return (*part.debian["database"], *image_jars(lock), *lock.jars["plugins"])
    return (
        *part.debian["application"], *part.wheels["application"], *lock.npm, *lock.jars.get("application", ()),
    )  # fmt: skip
