"""Written aside, then renamed: a file is there as a whole or as it was before. Standard library only, for the seed stage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4


@contextmanager
def aside(target: Path, *, mode: int = 0o644) -> Iterator[Path]:
    """An empty new file beside ``target`` to write to; it takes the target's place where the body ends well, else it goes.

    Args:
        target: in a folder that is there.
        mode: of the new file, whatever the umask says.
    """
    path = target.with_name(f".{target.name[:80]}.{uuid4().hex[:12]}")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        path.chmod(mode)
        yield path
        path.replace(target)
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def write_aside(target: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a text file (UTF-8, its line ends as they are) aside, then rename; its folder is made where there is none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with aside(target, mode=mode) as path:
        path.write_text(text, encoding="utf-8", newline="\n")
