"""What a repository in a registry is asked and told: manifests, tags, referrers, and which blobs are there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests

from kgshare.bundle import names
from kgshare.bundle.documents import MAX_JSON, Blob
from kgshare.bundle.model import sha256
from kgshare.registry.client import Client
from kgshare.registry.reference import TAG
from kgshare.registry.session import origin
from kgshare.shown import one_line

ACCEPT = {"Accept": f"{names.INDEX}, {names.MANIFEST}"}

MAX_PAGES = 10


@dataclass(frozen=True, kw_only=True)
class Document:
    """A manifest or an index, as bytes."""

    data: bytes
    media_type: str = names.MANIFEST

    @property
    def digest(self) -> str:
        """``sha256:…``."""
        return sha256(self.data)

    @property
    def descriptor(self) -> dict[str, Any]:
        """What points to it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


class Repository(Client):
    """Everything here raises RegistryError where the registry does not do what it is asked.

    Attributes:
        received: how many bytes of blobs came.
    """

    received = 0

    def manifest(self, which: str, limit: int = MAX_JSON) -> Document | None:
        """What a tag or a digest names; None where there is nothing of it."""
        url = f"{self.prefix}://{self.repository.manifest_url(which)}"
        response = self.do_request(url, headers=ACCEPT)
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise self.unexpected(response, f"{which} cannot be had")
        if len(response.content) > limit:
            raise self.wrong(f"{which} has {len(response.content)} bytes, more than {limit}")
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        document = Document(data=response.content, media_type=media_type)
        if which.startswith("sha256:") and document.digest != which:
            raise self.wrong(f"{which}: sends other bytes, with the digest {document.digest}")
        return document

    def named(self, tag: str) -> str:
        """The digest of what a tag or a digest names; empty where there is nothing of it."""
        url = f"{self.prefix}://{self.repository.manifest_url(tag)}"
        response = self.do_request(url, "HEAD", headers=ACCEPT)
        if response.status_code == 404:
            return ""
        if response.status_code != 200:
            raise self.unexpected(response, f"{tag} cannot be looked up")
        if said := response.headers.get("Docker-Content-Digest", ""):
            return said
        found = self.manifest(tag)
        return found.digest if found else ""

    def put(self, which: str, document: Document) -> bool:
        """Put a manifest under a tag or its digest; whether the registry noted its subject by itself."""
        url = f"{self.prefix}://{self.repository.manifest_url(which)}"
        response = self.do_request(
            url, "PUT", data=document.data, headers={"Content-Type": document.media_type}
        )
        if response.status_code != 201:
            raise self.unexpected(response, f"{which} cannot be put there")
        self.same(response, document.digest)
        return "OCI-Subject" in response.headers

    def same(self, response: requests.Response, digest: str) -> None:
        """See that the registry says that it got what was sent."""
        said = response.headers.get("Docker-Content-Digest", digest)
        if said != digest:
            raise self.wrong(f"{digest} was sent, and it says that it has {one_line(said)[:80]}")

    def tags(self) -> list[str]:
        """Every tag, of as many pages as are read; none where there is no such repository."""
        url, found = f"{self.prefix}://{self.repository.tags_url(N=1000)}", list[str]()
        for _ in range(MAX_PAGES):
            response = self.do_request(url)
            try:
                named = json.loads(response.content)["tags"] if response.status_code == 200 else []
                found += [tag for tag in named or [] if isinstance(tag, str) and TAG.fullmatch(tag)]
            except (ValueError, KeyError, TypeError, RecursionError):
                break
            following = response.links.get("next", {}).get("url")
            if not following or origin(url := self.located(url, following)) != self.origin:
                break
        return found

    def referrers(self, digest: str) -> list[dict[str, Any]] | None:
        """What refers to a digest, by the referrers interface; None where the registry has none."""
        address = self.repository.manifest_url(digest).replace("/manifests/", "/referrers/")
        response = self.do_request(f"{self.prefix}://{address}", headers={"Accept": names.INDEX})
        if response.status_code != 200:
            return None
        return listed(response.content)

    def has(self, blob: Blob) -> bool:
        """Whether a blob is there, of the right size."""
        response = self.do_request(f"{self.prefix}://{self.repository.get_blob_url(blob.digest)}", "HEAD")
        if response.status_code not in (200, 404):
            raise self.unexpected(response, f"{blob.digest} cannot be looked up")
        size = response.headers.get("Content-Length", str(blob.size))
        return response.status_code == 200 and size == str(blob.size)


def listed(data: bytes) -> list[dict[str, Any]]:
    """The descriptors in an index; none where it is not one."""
    try:
        found = json.loads(data)["manifests"]
        return [entry for entry in found if isinstance(entry, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
