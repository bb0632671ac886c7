"""A bundle's file from its parts: as there is one valid form, it follows from index, blobs and signature."""

from __future__ import annotations

from pathlib import Path

from kgshare.bundle import documents, rules
from kgshare.bundle.documents import Blob, Documents, Facts
from kgshare.bundle.model import Bundle, refuse, sha256
from kgshare.bundle.read import MAX_IMAGES
from kgshare.bundle.write import Pieces, checked, write_file


def assemble(index: bytes, blob: Pieces, out: Path, *, signature: bytes | None = None) -> Bundle:
    """Write the one file that follows from an index, the blobs it names and a signature; aside, read, then renamed.

    Args:
        index: the bytes of ``index.json``.
        blob: the bytes of each blob, asked for in the order of the file; they are compared with their digest.
        out: where the file goes.
        signature: the signature's member, where the bundle is signed.

    Raises:
        BundleError: index or manifests are not in the one valid form, or bytes are not those of their digest.
        Exception: what ``blob`` raises; nothing is left.
    """
    facts, made = contents_of(index, blob, out)
    return write_file(facts, made, blob, signature, out)


def contents_of(index: bytes, blob: Pieces, where: Path) -> tuple[Facts, Documents]:
    """What an index and the manifests that it names say; `documents.blobs` of it are all the blobs of the file, in order.

    Raises:
        BundleError: they are not in the one valid form.
    """
    try:
        entries, project, _ = documents.read_index(index)
        named = [Blob(digest=entry.digest, size=entry.size) for entry in entries]
        named.append(Blob(digest=project.digest, size=project.size))
        if len(named) > MAX_IMAGES or any(entry.size > documents.MAX_JSON for entry in named):
            raise ValueError("names more or larger manifests than a bundle has")
        manifests = {entry.digest: b"".join(checked(entry, blob)) for entry in named}
        facts = documents.read(index, manifests)
        if wrong := rules.problems(facts):
            raise ValueError("; ".join(wrong))
        made = documents.write(facts)
        if made.index != index or [sha256(data) for data in made.manifests] != [e.digest for e in named]:
            raise ValueError("is not in the one valid form")
        list(documents.blobs(facts, made))
    except ValueError as error:
        raise refuse(where, "index.json", str(error)) from error
    return facts, made
