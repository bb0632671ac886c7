"""The table of what a reference may be, and which function gets it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from kgshare.errors import UsageError
from kgshare.obtain.address import Address, address_of, as_repository
from kgshare.places import cache_dir
from kgshare.progress import Progress

Agree = Callable[[str], bool]
"""Asks whether to go on; see `kgshare.options.agreement`."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is wanted.

    Attributes:
        text: what the user wrote.
        address: the same, taken apart; None for a path.
        progress: says what takes time.
        may_build: is asked before something of a repository is run; None where nothing is to be.
    """

    text: str
    address: Address | None
    progress: Progress
    may_build: Agree | None


def obtain(
    reference: str | Path, *, progress: Progress, may_build: Agree | None = None, base: Path | None = None
) -> Path:
    """The local file, or folder, for what the user wrote.

    Args:
        reference: a path, which is given back as it is, or an address: see `SCHEMES`.
        progress: says what takes time.
        may_build: is asked, after what it would run was shown, whether to build what a repository has no release of; the
            result is then the folder of a checked out revision, to be built as any project's folder. None: that is an error.
        base: the older bundle that a delta needs, where it is not one that was read here before. What comes is never a
            delta: it is completed first.

    Raises:
        ObtainError: it could not be got, or is no bundle.
        UsageError: there is no such scheme.
        Interrupted: the answer to the question was no.
    """
    wish = Wish(
        text=str(reference),
        address=None if isinstance(reference, Path) else address_of(reference),
        progress=progress,
        may_build=may_build,
    )
    kind = wish.address.kind if wish.address else "path"
    if kind not in SCHEMES:
        raise UsageError(f"this kgshare gets no bundle from {reference}")
    found = SCHEMES[kind](wish)
    from kgshare.completed import whole  # what only a command that opens a bundle needs

    return whole(found, base=base, progress=progress)


def _path(wish: Wish) -> Path:
    return Path(wish.text)


def _web(wish: Wish) -> Path:
    """A file; where its name is none of a bundle, a server that speaks Git is a repository."""
    from kgshare.obtain.fetch import fetch
    from kgshare.obtain.session import speaks_git

    assert wish.address is not None
    if not wish.address.sha256 and not urlsplit(wish.address.url).path.endswith(".tar"):
        repository = as_repository(wish.address)
        if speaks_git(repository.url):
            return _git(replace(wish, address=repository))
    return fetch(wish.address, progress=wish.progress)


def _git(wish: Wish) -> Path:
    from kgshare.obtain.repository import of_repository

    def get(address: Address) -> Path:
        return SCHEMES[address.kind](replace(wish, text=address.url, address=address))

    assert wish.address is not None
    return of_repository(wish.address, get, progress=wish.progress, may_build=wish.may_build)


def _registry(wish: Wish) -> Path:
    """Into the cache, under the file's own name; one that is there already with the same digest is verified and taken."""
    from kgshare.obtain.kept import KEEP
    from kgshare.registry.pull import pull

    folder = cache_dir() / "obtained" / "oci"
    folder.mkdir(parents=True, exist_ok=True)
    file = pull(wish.text, folder, replace=True, progress=wish.progress)
    os.utime(file)
    for old in sorted(folder.glob("*.tar"), key=lambda each: each.stat().st_mtime)[:-KEEP]:
        old.unlink(missing_ok=True)
    return file


SCHEMES: Mapping[str, Callable[[Wish], Path]] = {"path": _path, "web": _web, "git": _git, "oci": _registry}
"""By the kind of an address (`kgshare.obtain.address.Kind`), ``path`` where it is none."""
