"""What stands in the locked inputs: each is read once on a machine, and kept by its SHA-256."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kgshare.attest.parts import NOTHING, Reading
from kgshare.lock.model import Input


@dataclass(frozen=True)
class Readings:
    """Readings of locked inputs.

    Attributes:
        folder: where they are kept; deleting it costs nothing but time.
        inputs: from a locked input to its file, verified.
    """

    folder: Path
    inputs: Callable[[Input], Path]

    def read(self, item: Input) -> Reading:
        """What stands in an input."""
        return NOTHING

    def text(self, sha256: str) -> bytes:
        """A licence text that was found in one of them."""
        raise KeyError(sha256)
