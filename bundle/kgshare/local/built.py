"""Which bundles were built on this machine: an empty file each in the state folder, named by the bundle's digest.

``up --local`` asks before it runs any other. The digest is that of the bundle's index, from which every byte in it
follows, so a note speaks for a content, wherever the file lies.
"""

from __future__ import annotations

import contextlib

from kgshare.places import state_dir


def remember(digest: str) -> None:
    """Note that a bundle was built here; a state folder that cannot be written only means being asked later."""
    with contextlib.suppress(OSError):
        folder = state_dir() / "built"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / digest.removeprefix("sha256:")).touch()


def built_here(digest: str) -> bool:
    """Whether a bundle of this digest was built here."""
    return (state_dir() / "built" / digest.removeprefix("sha256:")).is_file()
