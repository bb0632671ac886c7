"""What a person sees while waiting: one line per stage on stderr, redrawn only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from kgshare.shown import one_line, printable


@dataclass
class Progress:
    """Says on ``stream`` what is being done and how long it took; silent with ``quiet``."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    quiet: bool = False

    def say(self, text: str) -> None:
        """One line that stays."""
        if not self.quiet:
            clear = "\x1b[K" if self.stream.isatty() else ""  # what `update` wrote there may be longer
            print(f"{clear}{printable(text)}", file=self.stream, flush=True)

    def update(self, text: str) -> None:
        """How far it is by now, in place of the line before; on a terminal only."""
        if not self.quiet and self.stream.isatty():
            print(f"… {one_line(text)}\x1b[K", end="\r", file=self.stream, flush=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Name a piece of work; its line ends with the seconds it took, or with ``failed``."""
        start = time.monotonic()
        redraw = not self.quiet and self.stream.isatty()
        if redraw:
            print(f"… {one_line(name)}", end="\r", file=self.stream, flush=True)
        try:
            yield
        except BaseException:
            self.say(f"✗ {one_line(name)}  failed after {time.monotonic() - start:.1f} s")
            raise
        self.say(f"✓ {one_line(name)}  {time.monotonic() - start:.1f} s")
