"""What is given to Docker's load API: the images of one platform out of a verified bundle, under the tags wanted.

Both of Docker's image stores get the same images from it: the classic one obeys ``manifest.json``, the containerd one
``index.json``, and both are made from the same facts. The project artifact is not in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from kgshare.bundle import canonical, documents, names
from kgshare.bundle.documents import OCI_LAYOUT, Blob
from kgshare.bundle.model import CHUNK, BlobRef, Bundle, ImageRef, refuse
from kgshare.bundle.names import Platform
from kgshare.bundle.tarform import END, blob_name, header, padding, pieces
from kgshare.errors import BundleError, Problem


def docker_archive(bundle: Bundle, tags: Mapping[str, str], platform: Platform) -> Iterator[bytes]:
    """A tar stream for ``POST /images/load``; checked before the first piece is asked for.

    Args:
        bundle: as `read_bundle` returned it.
        tags: role → full reference (``localhost/ocean/database:1.0``); roles left out are left out.
        platform: which of the bundle's images.

    Returns:
        Pieces of the tar. Each blob is hashed again on its way, and its last piece is kept back until it is right:
        if the file was changed meanwhile, iteration raises BundleError and what was sent is not a complete archive.

    Raises:
        BundleError: a role has no image for that platform, or a tag is not a full reference.
    """
    found = {image.role: image for image in bundle.images if image.platform == platform}
    wrong = [
        f"image {role!r}: {reason}" for role, tag in tags.items() if (reason := names.bad_reference(tag))
    ]
    for role in tags:
        if role not in found:
            there = ", ".join(f"{image.role} for {image.platform}" for image in bundle.images)
            wrong.append(f"no image {role!r} for {platform} in it; it has {there}")
    if len(set(tags.values())) < len(tags):
        wrong.append("one tag for two images")
    if wrong:
        hint = "ask the author for a bundle for this platform" if not set(tags) <= set(found) else ""
        raise BundleError(*(Problem(message=reason, where=bundle.path.name, hint=hint) for reason in wrong))
    return _stream(bundle, [(tags[role], found[role]) for role in sorted(tags)])


def _stream(bundle: Bundle, images: list[tuple[str, ImageRef]]) -> Iterator[bytes]:
    entries = [
        {
            "mediaType": names.MANIFEST,
            "digest": image.manifest_digest,
            "size": bundle.blobs[image.manifest_digest].size,
            "platform": documents.platform_doc(image.platform),
            "annotations": {names.CONTAINERD_NAME: tag, names.REF_NAME: image.role},
        }
        for tag, image in images
    ]
    docker = documents.docker_manifest(
        [
            (tag, _blob(bundle, i.config_digest), [_blob(bundle, d) for d in i.layer_digests])
            for tag, i in images
        ]
    )
    index = {"schemaVersion": 2, "mediaType": names.INDEX, "manifests": entries}
    yield from pieces("oci-layout", OCI_LAYOUT)
    yield from pieces("index.json", canonical.dump(index))
    yield from pieces("manifest.json", docker)
    digests = [d for _, i in images for d in (i.manifest_digest, i.config_digest, *i.layer_digests)]
    for digest in dict.fromkeys(digests):
        yield from _copy(bundle, bundle.blobs[digest])
    yield END


def _blob(bundle: Bundle, digest: str) -> Blob:
    return Blob(digest=digest, size=bundle.blobs[digest].size)


def _copy(bundle: Bundle, blob: BlobRef) -> Iterator[bytes]:
    yield header(blob_name(blob.digest), blob.size)
    hasher = hashlib.sha256()
    left = blob.size
    with bundle.path.open("rb") as stream:
        stream.seek(blob.offset)
        while left:
            piece = stream.read(min(left, CHUNK))
            left -= len(piece)
            hasher.update(piece)
            if not piece or (not left and f"sha256:{hasher.hexdigest()}" != blob.digest):
                raise refuse(bundle.path, blob_name(blob.digest), "changed since the bundle was verified")
            yield piece
    yield padding(blob.size)
