"""What an SBOM lists, as values: a part of an image, with the parts inside of it. Made by `contents`, written by `bom`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["deb", "maven", "pypi", "npm", "library", "runtime", "code", "data", "image"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One component.

    Attributes:
        ref: its name inside its SBOM.
        kind: what sort of thing it is.
        name: as its ecosystem calls it.
        version: empty where it has none.
        group: of a Maven artifact.
        purl: the package's URL (ECMA-427); empty where there is none.
        sha256: of the file that was locked; empty where it is no file of its own.
        sha512: of an npm tarball, in hexadecimal, from npm's own integrity string.
        licences: SPDX expressions, or names where a licence is not SPDX's; all of them hold.
        description: a sentence.
        origin: an address or DOI where it comes from, for what no package manager fetches.
        properties: further facts, by name.
        inside: parts that came inside of it: nested and shaded jars, vendored packages, shared libraries.
        needs: the `ref` of each part that it depends on.
    """

    ref: str
    kind: Kind
    name: str
    version: str = ""
    group: str = ""
    purl: str = ""
    sha256: str = ""
    sha512: str = ""
    licences: tuple[str, ...] = ()
    description: str = ""
    origin: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    inside: tuple[Part, ...] = ()
    needs: tuple[str, ...] = ()

    def all(self) -> Iterator[Part]:
        """The part, and those inside of it."""
        yield self
        for part in self.inside:
            yield from part.all()


@dataclass(frozen=True, kw_only=True)
class Text:
    """A licence, notice or copyright file as it stood in an input: its path there, and its bytes' SHA-256."""

    path: str
    sha256: str


Keep = Callable[[str, bytes], Text]
"""Takes a text that a reader found, with its path, and keeps it."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A package inside of an input, or a shared library.

    Attributes:
        kind: ``maven``, ``pypi`` or ``library``.
        path: where in the input.
        sha256: of the file, if it is one.
    """

    kind: Kind
    name: str
    version: str
    path: str
    group: str = ""
    sha256: str = ""
    licences: tuple[str, ...] = ()
    inside: tuple[Found, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What stands in one locked input: read once, kept by its SHA-256.

    Attributes:
        licences: as its metadata names them, in SPDX's words where they are known.
        needs: what it depends on, each with its alternatives; names as its ecosystem writes them.
        provides: other names that it goes by (Debian's ``Provides``).
        texts: licence texts and notices.
        found: packages and libraries inside of it.
        description: its first line.
        source: what its corresponding source is called, where the lock does not say it.
        same_as: of a Debian package, another one in whose folder its documents are.
    """

    licences: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    provides: tuple[str, ...] = ()
    texts: tuple[Text, ...] = ()
    found: tuple[Found, ...] = ()
    description: str = ""
    source: str = ""
    same_as: str = ""


NOTHING = Reading()


@dataclass(frozen=True, kw_only=True)
class Contents:
    """All that is in one image; ``name`` is its own in the bundle, ``digest`` that of its OCI manifest."""

    name: str
    reference: str
    digest: str
    parts: tuple[Part, ...]
