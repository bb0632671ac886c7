"""Build engines: what turns a Dockerfile and its context into a file system or an image. One protocol for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

OnLine = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class FilesystemTar:
    """The file system of the target stage, as one tar without layers."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class ImageTar:
    """The image of the target stage with its layers, as ``docker save`` writes it: loadable, without a name."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class BuildRequest:
    """One build.

    Attributes:
        dockerfile: plain Dockerfile; it names no image and no frontend, since no registry may be asked.
        context: the folder it copies from.
        target: the stage to build.
        platform: e.g. ``linux/amd64``.
        args: build arguments.
        epoch: the image's time (SOURCE_DATE_EPOCH).
        output: what is wanted, and where; written aside, then renamed.
        fresh: True to run every step again, whatever the engine remembers.
    """

    dockerfile: Path
    context: Path
    target: str
    platform: str
    args: Mapping[str, str] = field(default_factory=dict)
    epoch: int
    output: FilesystemTar | ImageTar
    fresh: bool = False


class Engine(Protocol):
    """Builds without network: no step of a build reaches one, and no base is pulled."""

    name: str

    @property
    def version(self) -> str:
        """Its version, for the provenance of what it builds; known once `check` was called."""
        ...

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the build's report should know of how this engine builds."""
        ...

    def check(self) -> None:
        """See that the engine can build.

        Raises:
            EngineError: it is not there, too old, or lacks a part; with the next step.
        """
        ...

    def build(self, request: BuildRequest, on_line: OnLine | None = None) -> None:
        """Build what is asked for; ``on_line`` is told each line of progress.

        Raises:
            BuildError: a step failed; carries what the step said.
            EngineError: the engine could not do its work: it went away, the disk is full.
        """
        ...
