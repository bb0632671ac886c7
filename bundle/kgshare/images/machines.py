"""Which processor a program or library is for: of every ELF file in an image, and inside of the jars that go into one.

Only the header is read: bytes 16 to 20 are ``e_type`` and ``e_machine`` (System V ABI, "ELF Header"; numbers: its register of
machines). An image for one processor that holds another's program would start, and fail where it is needed.
"""

from __future__ import annotations

import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, cast

from kgshare.bundle.layercache import LayerSource
from kgshare.errors import BuildError, Problem
from kgshare.images.foreign import Pieces
from kgshare.lock.model import Arch, Jar

HEADER = 20  # bytes
MAGIC = b"\x7fELF"
MACHINES: Mapping[int, str] = {
    3: "i386",
    40: "arm",
    62: "amd64",
    183: "arm64",
    243: "riscv64",
    21: "ppc64",
    22: "s390x",
}
RUN = (2, 3)  # ET_EXEC, ET_DYN: programs and shared objects; an object file is run by nobody
_MOST = 12  # files that a message names


def machine_of(header: bytes) -> str:
    """The processor of a program or library by its first bytes, as ``amd64``; empty for what is neither."""
    if len(header) < HEADER or not header.startswith(MAGIC):
        return ""
    order = {1: "<", 2: ">"}.get(header[5], "<")
    kind, machine = struct.unpack_from(f"{order}HH", header, 16)
    return MACHINES.get(machine, f"machine {machine}") if kind in RUN else ""


def machines_in(layers: Iterable[LayerSource]) -> Iterator[tuple[str, str]]:
    """Every program and library in an image's layers, as path and processor.

    Raises:
        ValueError, tarfile.TarError, OSError: a layer cannot be read.
    """
    for layer in layers:
        with tarfile.open(fileobj=cast(IO[bytes], Pieces(layer)), mode="r|") as tar:
            for member in tar:
                if member.isreg() and member.size >= HEADER:
                    stream = tar.extractfile(member)
                    found = machine_of(stream.read(HEADER)) if stream else ""
                    if found:
                        yield member.name.removeprefix("./"), found


def require_machine(layers: Iterable[LayerSource], arch: Arch, image: str) -> None:
    """See that an image holds programs and libraries of its own processor only.

    Args:
        layers: the image's.
        arch: what it is for.
        image: what messages call it.

    Raises:
        BuildError: it holds others; each is named, up to a dozen.
    """
    wrong = sorted({found for found in machines_in(layers) if found[1] != arch})
    if not wrong:
        return
    rest = f"; and {len(wrong) - _MOST} more" if len(wrong) > _MOST else ""
    hint = (
        f"take what brings it out, or what it has for linux/{arch}; a Dockerfile of the project's copies what is the "
        "target's from base.tar, and compiles nothing for this machine into its last stage"
    )
    rows = [
        Problem(message=f"is for {machine}, and the {image} image for {arch}", where=path)
        for path, machine in wrong[:_MOST]
    ]
    last = Problem(message=rows[-1].message + rest, where=rows[-1].where, hint=hint)
    raise BuildError(*rows[:-1], last)


def require_libraries(jars: Iterable[Jar], inputs: Callable[[Jar], Path], arch: Arch) -> None:
    """See that jars with native libraries bring one for a processor; those of one artifact stand in for each other.

    Raises:
        BuildError: one brings none; it is named, with those that it has.
    """
    of_artifact: dict[tuple[str, str], list[Jar]] = {}
    for jar in jars:
        of_artifact.setdefault((jar.group, jar.artifact), []).append(jar)
    problems = []
    for rows in of_artifact.values():
        found = {machine for jar in rows for machine in native_machines(inputs(jar))}
        if found and arch not in found:
            message = f"has native libraries for {', '.join(sorted(found))}, and none for {arch}"
            problems.append(Problem(message=message, where=rows[0].coordinate))
    if problems:
        hint = f"build without linux/{arch} (`--platform`), or take a version that has one"
        raise BuildError(
            *problems[:-1], Problem(message=problems[-1].message, where=problems[-1].where, hint=hint)
        )


def native_machines(jar: Path) -> set[str]:
    """The processors of the Linux libraries inside of a jar."""
    found = set()
    with zipfile.ZipFile(jar) as archive:
        for member in archive.infolist():
            if ".so" in member.filename and member.file_size >= HEADER:
                with archive.open(member) as stream:
                    found.add(machine_of(stream.read(HEADER)))
    return found - {""}
