"""Platforms: what a bundle is built for, as ``linux/amd64`` on the command line and ``amd64`` in lock and plan. Pure.

Steps that run a program (toolbox, seed, linking, bytecode) run on the building machine's own platform whatever is built for,
so nothing of another platform is ever executed.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence

from kgshare.errors import Problem, UsageError
from kgshare.lock.model import ARCHS, Arch

OS = "linux"
MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
SAME = {"linux/arm64/v8": "linux/arm64"}  # every arm64 is a v8, and some builders say so


def platform_word(arch: str) -> str:
    """An architecture as ``--platform`` and messages have it: ``linux/amd64``."""
    return f"{OS}/{arch}"


def parse_platforms(words: Iterable[str], where: str = "--platform") -> tuple[Arch, ...]:
    """The architectures that are asked for: ``linux/amd64,linux/arm64``, or one a word; each once, in one order.

    Args:
        words: as they were given; none where none were.
        where: what messages call the place.

    Raises:
        UsageError: one is not a platform that bundles are made for.
    """
    asked = [part.strip() for word in words for part in word.split(",")]
    known = {platform_word(arch): arch for arch in ARCHS}
    if wrong := [word for word in asked if SAME.get(word, word) not in known]:
        hint = (
            f"bundles are for {' and '.join(known)}; one file may be for both: `--platform {','.join(known)}`"
        )
        raise UsageError(
            *(Problem(message=f"there is no platform {word!r}", where=where, hint=hint) for word in wrong)
        )
    wanted = {known[SAME.get(word, word)] for word in asked}
    return tuple(arch for arch in ARCHS if arch in wanted)


def this_platform() -> str:
    """This machine in a bundle's words, e.g. ``linux/amd64``."""
    return f"{platform.system().lower()}/{MACHINES.get(platform.machine(), platform.machine())}"


def same_platform(one: str, other: str) -> bool:
    """Whether two platforms are one, however they are spelt."""
    return SAME.get(one, one) == SAME.get(other, other)


def image_name(role: str, arch: Arch, archs: Sequence[Arch]) -> str:
    """What an image is called inside of its bundle: its role; where it is for several platforms, with its own behind."""
    from kgshare.bundle.names import (  # more than a command that only asks for a platform needs
        Platform,
        ref_name,
    )

    return ref_name(role, Platform(os=OS, architecture=arch), [role for _ in archs])


def tag_suffix(arch: Arch, archs: Sequence[Arch]) -> str:
    """What follows the version in an image's tag: nothing for the first platform of a bundle, ``-arm64`` for another.

    The plain tag is what `docker compose up` asks for without kgshare. The first is the same wherever a bundle is built.
    """
    return "" if arch == min(archs) else f"-{arch}"
