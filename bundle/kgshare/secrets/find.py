"""Where secrets are looked for: the files that a build reads, the seeded graph, and all that images carry.

What was looked at once is remembered by its digest: the same files, the same layer, are not read again.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from kgshare.aside import write_aside
from kgshare.bundle import ImageArchive
from kgshare.bundle.layercache import LayerSource
from kgshare.images.foreign import Pieces
from kgshare.places import cache_dir
from kgshare.project import MANIFEST, Project
from kgshare.secrets import detect
from kgshare.secrets.model import Finding
from kgshare.steps import file_digest, files_below, text_digest, tree_digest

LARGEST = 256 << 20  # of a file in a tar that is read whole; a longer one is read in pieces of this size
# In images that kgshare makes these hold what the lock names, verified by hash, and nothing else.
LOCKED = (
    "usr/", "bin/", "sbin/", "lib/", "lib64/", "var/lib/dpkg/", "opt/java/", "opt/neo4j/lib/", "opt/neo4j/plugins/",
    "opt/neo4j/native/", "srv/kgshare/assets/",
)  # fmt: skip


def in_project(project: Project) -> tuple[Finding, ...]:
    """What looks like a secret in the files of a project that its build reads: all of its context."""
    root = project.root
    files = sorted({file for path in _context(project) for file in files_below(path, root)})

    def look() -> Iterator[Finding]:
        for file in files:
            path = file.relative_to(root).as_posix()
            for kind, line in detect.in_bytes(file.read_bytes(), path):
                yield Finding(path=path, line=line, kind=kind)

    return _remembered(tree_digest(files, root), look)


def _context(project: Project) -> Iterator[Path]:
    from kgshare.plan import application_files, seed_files
    from kgshare.policy.settings import POLICY
    from kgshare.scan.vex import FOLDER

    manifest, root = project.manifest, project.root
    yield root / MANIFEST
    # A waiver and a VEX statement are words of a person that travel in the bundle.
    yield from (path for path in (root / POLICY, *sorted((root / FOLDER).glob("*.json"))) if path.is_file())
    yield from seed_files(project)
    yield from (root / path for path in manifest.review.rules)
    if isinstance(manifest.questions, str):
        yield root / manifest.questions
    if not isinstance(manifest.application.image, str):  # one that comes as a file is looked at as an image
        yield from application_files(project)


def in_tar(file: Path, name: str) -> tuple[Finding, ...]:
    """What looks like a secret in a tar's files, e.g. the canonical text of the graph; ``name`` is what it is called."""

    def look() -> Iterator[Finding]:
        with tarfile.open(file, "r:") as tar:
            yield from _in_members(tar, name, ())

    return _remembered(text_digest(file_digest(file), name), look)


def in_image(image: ImageArchive, role: str, *, own: bool) -> tuple[Finding, ...]:
    """What looks like a secret in an image: environment, labels, commands, history, and the files of its layers.

    Args:
        image: as `read_image_archive` gives it.
        role: database or application.
        own: whether kgshare made it, and so knows which of its folders hold locked packages only.

    Raises:
        ValueError, tarfile.TarError: a layer cannot be read.
    """
    name = f"{role} image"
    found = [*in_config(json.loads(image.config), name)]
    for layer in image.layers:
        found += in_layer(layer, name, own=own)
    return tuple(sorted(set(found)))


def in_config(config: Mapping[str, Any], name: str) -> Iterator[Finding]:
    """What looks like a secret in an image's configuration (OCI image specification 1.1, ``config.md``)."""
    run: Mapping[str, Any] = config.get("config") or {}
    texts = [(f"environment {str(v).partition('=')[0]}", str(v)) for v in run.get("Env") or ()]
    texts += [(f"label {key}", str(value)) for key, value in (run.get("Labels") or {}).items()]
    texts += [("command", str(word)) for key in ("Entrypoint", "Cmd") for word in run.get(key) or ()]
    texts += [("health check", str(word)) for word in (run.get("Healthcheck") or {}).get("Test") or ()]
    for number, row in enumerate(config.get("history") or (), 1):
        texts += [(f"history {number}", str(row.get(key) or "")) for key in ("created_by", "comment")]
    for place, text in texts:
        yield from (Finding(path=f"{name}: {place}", line=0, kind=kind) for kind in detect.in_words(text))


def in_layer(layer: LayerSource, name: str, *, own: bool) -> tuple[Finding, ...]:
    """What looks like a secret in one layer's files."""
    left_out = LOCKED if own else ()

    def look() -> Iterator[Finding]:
        with tarfile.open(fileobj=cast(io.BufferedIOBase, Pieces(layer)), mode="r|") as tar:
            yield from _in_members(tar, name, left_out)

    return _remembered(text_digest(layer.diff_id, name, *left_out), look)


def _in_members(tar: tarfile.TarFile, name: str, left_out: tuple[str, ...]) -> Iterator[Finding]:
    for member in tar:
        path = member.name.removeprefix("./").strip("/")
        if not member.isfile() or path.startswith(left_out or "\0"):
            continue
        stream = tar.extractfile(member)
        assert stream is not None
        before = 0
        while data := stream.read(LARGEST):
            for kind, line in detect.in_bytes(data, path):
                yield Finding(path=f"{name}: {path}", line=line and before + line, kind=kind)
            before += data.count(b"\n")


def _remembered(digest: str, look: Callable[[], Iterable[Finding]]) -> tuple[Finding, ...]:
    """What was found in content of this digest before, or is found now."""
    note = cache_dir() / "secrets" / detect.version() / digest
    try:
        return tuple(Finding(**row) for row in json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        found = tuple(sorted(set(look())))
        write_aside(note, json.dumps([vars(finding) for finding in found]))
        return found
