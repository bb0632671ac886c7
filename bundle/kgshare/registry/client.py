"""One repository of one registry, asked and told things: oras's client, with its transfers replaced by ones that stream and compare.

Of `oras` are the session's and repository's handling and the exchange of credentials for tokens; why not more is in
docs/decisions/193. Protocol: OCI distribution specification 1.1.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlencode, urljoin, urlsplit

import oras.auth
import oras.auth.utils
import oras.logger
import requests
from oras.container import Container
from oras.provider import Registry
from urllib3.exceptions import HTTPError

from kgshare.bundle import names
from kgshare.bundle.documents import MAX_JSON, Blob
from kgshare.bundle.model import CHUNK, sha256
from kgshare.doors.credentials import Credentials, credentials_for
from kgshare.errors import Problem, RegistryError
from kgshare.registry.reference import Reference
from kgshare.registry.session import Session, origin, speaks_tls
from kgshare.shown import one_line

oras.logger.logger.set_stream_handler(logging.NullHandler())  # it tells stderr what our errors say
ACCEPT = {"Accept": f"{names.INDEX}, {names.MANIFEST}"}
ATTEMPTS = 3  # of one transfer, before the registry is given up
PAUSE = 0.5  # seconds before the second attempt; twice as many before each further one
MAX_HOPS = 5  # redirects
AGAIN = "run the same command again: what is there is not sent or fetched twice"


class Unreachable(RegistryError):
    """Nobody answers, or no longer: worth another attempt."""


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


class Client(Registry):  # type: ignore[misc]  # oras has no types
    """Everything here raises RegistryError where the registry does not do what it is asked."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        host = reference.api_host
        session = Session(host)
        plain = session.local and not speaks_tls(host)
        super().__init__(hostname=host, insecure=plain)
        self.session = session
        # oras takes a name without dot and port for one in Docker's registry.
        named = host if ":" in host or "." in host else f"{host}:{80 if plain else 443}"
        self.repository = Container(f"{named}/{reference.name}")
        self._origin = origin(f"{self.prefix}://{named}")
        self._authorization: dict[str, str] = {}

    # ---- one request -------------------------------------------------------------------------------------------------

    def do_request(
        self,
        url: str,
        method: str = "GET",
        data: Any = None,
        headers: dict[str, str] | None = None,
        json: Any = None,
        stream: bool = False,
    ) -> requests.Response:
        """A request as oras's methods make it: with the credentials that the registry wants, and those to nobody else.

        oras's own repeats whatever fails for two minutes, a half-sent body as well.
        """
        response = self._asked(url, method, data, headers or {}, stream)
        for _ in range(MAX_HOPS):
            if method not in ("GET", "HEAD") or not response.is_redirect:
                return response
            url = urljoin(url, response.headers["Location"])
            response.close()
            ask = self._asked if origin(url) == self._origin else self._sent
            response = ask(url, method, None, headers or {}, stream)
        raise self.wrong("sends us from one address to the next")

    def _asked(
        self, url: str, method: str, data: Any, headers: dict[str, str], stream: bool
    ) -> requests.Response:
        response = self._sent(url, method, data, headers | self._authorization, stream)
        if response.status_code == 401:
            response.close()
            self._authorization = self._answer(response)
            if hasattr(data, "seek"):
                data.seek(0)
            response = self._sent(url, method, data, headers | self._authorization, stream)
        if response.status_code in (401, 403):
            raise self.refused(response)
        return response

    def _sent(
        self, url: str, method: str, data: Any, headers: dict[str, str], stream: bool
    ) -> requests.Response:
        try:
            return self.session.request(method, url, data=data, headers=headers, stream=stream)
        except requests.exceptions.SSLError as error:
            host = self.reference.host
            hint = f"where the registry has an authority of its own: its certificate goes to ~/.docker/certs.d/{host}/ca.crt"
            raise self.wrong(f"is not who it says it is: {_reason(error)}", hint) from None
        except (requests.RequestException, HTTPError, OSError) as error:
            where = urlsplit(url).netloc
            hint = f"see that {where} is the right address and that it runs; then {AGAIN}"
            raise Unreachable(
                Problem(message=f"does not answer: {_reason(error)}", where=str(self.reference), hint=hint)
            ) from None

    def _answer(self, response: requests.Response) -> dict[str, str]:
        """The header that answers a registry's question who we are."""
        known = credentials_for(self.reference.host)
        challenge = response.headers.get("Www-Authenticate", "")
        basic = challenge.lower().startswith("basic")
        if basic and (known is None or not known.user):
            raise self.wrong("wants to know who you are, and nothing is stored for it", self._login())
        if known and known.identity_token:
            return self._exchange(known, challenge)
        self.auth = oras.auth.get_auth_backend(
            "basic" if basic else "token", self.session, self.prefix == "http"
        )
        if known:
            self.auth.set_basic_auth(known.user, known.password)
        try:
            headers, changed = self.auth.authenticate_request(response, {}, refresh=True)
        except (requests.RequestException, ValueError, AttributeError) as error:
            raise self.wrong(f"cannot be logged in to: {_reason(error)}", self._login()) from None
        if not changed:
            raise self.refused(response)
        return {"Authorization": headers["Authorization"]}

    def _exchange(self, known: Credentials, challenge: str) -> dict[str, str]:
        """An access token for an identity token, which oras does not do (Docker's token specification, "OAuth2")."""
        asked = oras.auth.utils.parse_auth_header(challenge)
        form = {
            "grant_type": "refresh_token", "client_id": "kgshare", "refresh_token": known.identity_token,
            "service": asked.service or "", "scope": asked.scope or "",
        }  # fmt: skip
        response = self._sent(asked.realm or "", "POST", form, {}, stream=False)
        try:
            return {"Authorization": f"Bearer {response.json()['access_token']}"}
        except (ValueError, KeyError, TypeError):
            raise self.refused(response) from None

    # ---- what goes wrong ---------------------------------------------------------------------------------------------

    def wrong(self, reason: str, hint: str = "") -> RegistryError:
        """The error of this registry."""
        return RegistryError(Problem(message=reason, where=str(self.reference), hint=hint))

    def refused(self, response: requests.Response) -> RegistryError:
        """The error for who may not do this."""
        said = _said(response)
        known = credentials_for(self.reference.host)
        who = f"{known.user or 'the stored token'} " if known else "somebody who is not logged in "
        return self.wrong(f"does not let {who}do this{said}", self._login())

    def unexpected(self, response: requests.Response, doing: str) -> RegistryError:
        """The error for an answer that is not one."""
        return self.wrong(f"{doing}: it answers {response.status_code}{_said(response)}", AGAIN)

    def _login(self) -> str:
        return f"`docker login {self.reference.host}`, as somebody who may; then run the same command again"

    # ---- manifests ---------------------------------------------------------------------------------------------------

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
        self._same(response, document.digest)
        return "OCI-Subject" in response.headers

    def _same(self, response: requests.Response, digest: str) -> None:
        said = response.headers.get("Docker-Content-Digest", digest)
        if said != digest:
            raise self.wrong(f"{digest} was sent, and it says that it has {one_line(said)[:80]}")

    def tags(self) -> list[str]:
        """Every tag; none where there is no such repository."""
        try:
            return [str(tag) for tag in self.get_tags(self.repository, N=1000)]
        except (ValueError, AttributeError, TypeError):
            return []

    def referrers(self, digest: str) -> list[dict[str, Any]] | None:
        """What refers to a digest, by the referrers interface; None where the registry has none."""
        address = self.repository.manifest_url(digest).replace("/manifests/", "/referrers/")
        response = self.do_request(f"{self.prefix}://{address}", headers={"Accept": names.INDEX})
        if response.status_code != 200:
            return None
        return listed(response.content)

    # ---- blobs -------------------------------------------------------------------------------------------------------

    def has(self, blob: Blob) -> bool:
        """Whether a blob is there, of the right size."""
        response = self.do_request(f"{self.prefix}://{self.repository.get_blob_url(blob.digest)}", "HEAD")
        if response.status_code not in (200, 404):
            raise self.unexpected(response, f"{blob.digest} cannot be looked up")
        size = response.headers.get("Content-Length", str(blob.size))
        return response.status_code == 200 and size == str(blob.size)

    def send(self, blob: Blob, body: Callable[[], BinaryIO]) -> None:
        """Send a blob, in one piece of streamed bytes; begun anew where the registry breaks off."""

        def attempt() -> None:
            with body() as stream:
                self._send(blob, stream)

        self.patiently(attempt)
        if not self.has(blob):
            raise self.wrong(f"{blob.digest} was sent, and is not there")

    def _send(self, blob: Blob, body: BinaryIO) -> None:
        start = f"{self.prefix}://{self.repository.upload_blob_url()}"
        response = self.do_request(start, "POST", headers={"Content-Length": "0"})
        if response.status_code != 202:
            raise self.unexpected(response, f"{blob.digest} cannot be sent")
        place = urljoin(start, response.headers.get("Location", ""))
        if origin(place) != self._origin:
            raise self.wrong(
                f"wants {blob.digest} to be sent elsewhere, to {one_line(origin(place))}",
                "nothing was sent there; is it behind a proxy that does not tell it its name?",
            )
        place += ("&" if urlsplit(place).query else "?") + urlencode({"digest": blob.digest})
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
        response = self.do_request(place, "PUT", data=body, headers=headers)
        if response.status_code != 201:
            raise self.unexpected(response, f"{blob.digest} cannot be sent")
        self._same(response, blob.digest)

    def fetch(self, blob: Blob, into: BinaryIO) -> int:
        """Append what is missing of a blob to a file, which holds its beginning or nothing; how many bytes came.

        Raises:
            Unreachable: the registry broke off, for good; what came stays in the file.
            RegistryError: what came is not the blob; the file is empty again.
        """
        begun = into.seek(0, 2)
        received = 0

        def attempt() -> None:
            nonlocal received
            received += self._fetch(blob, into)

        self.patiently(attempt)
        into.seek(0)
        found = hashlib.file_digest(into, "sha256").hexdigest()  # type: ignore[arg-type]
        if f"sha256:{found}" == blob.digest:
            return received
        into.truncate(0)
        if begun:  # what was there may have been the wrong part
            return received + self.fetch(blob, into)
        raise self.wrong(
            f"{blob.digest}: sends other bytes, with the digest sha256:{found}: it was altered",
            "nothing of it is kept; ask whoever pushed it to push it again, or to send the file",
        )

    def _fetch(self, blob: Blob, into: BinaryIO) -> int:
        at = into.seek(0, 2)
        if at >= blob.size:
            into.truncate(blob.size)
            return 0
        headers = {"Range": f"bytes={at}-"} if at else {}
        url = f"{self.prefix}://{self.repository.get_blob_url(blob.digest)}"
        with self.do_request(url, headers=headers, stream=True) as response:
            if response.status_code == 404:
                raise self.wrong(
                    f"{blob.digest} is not there, though its manifest is",
                    "ask whoever pushed it to push it again",
                )
            if response.status_code not in (200, 206):
                raise self.unexpected(response, f"{blob.digest} cannot be had")
            if response.status_code == 200:
                at = into.seek(0)
                into.truncate(0)
            return self._copy(response, blob, at, into)

    def _copy(self, response: requests.Response, blob: Blob, at: int, into: BinaryIO) -> int:
        """The body, never more of it than the blob has."""
        announced = response.headers.get("Content-Length")
        if announced is not None and announced != str(blob.size - at):
            raise self.wrong(
                f"{blob.digest}: announces {one_line(announced)[:20]} bytes, it must be {blob.size - at}"
            )
        left = blob.size - at
        try:
            while left and (piece := response.raw.read(min(CHUNK, left), decode_content=False)):
                into.write(piece)
                left -= len(piece)
            more = not left and announced is None and response.raw.read(1, decode_content=False)
        except (HTTPError, OSError) as error:
            into.flush()
            raise Unreachable(
                Problem(message=f"breaks off: {_reason(error)}", where=str(self.reference), hint=AGAIN)
            ) from None
        if more:
            into.truncate(0)
            raise self.wrong(f"{blob.digest}: sends more than its {blob.size} bytes")
        if left:
            into.flush()
            raise Unreachable(
                Problem(
                    message=f"breaks off: {left} bytes of {blob.digest} are missing",
                    where=str(self.reference),
                    hint=AGAIN,
                )
            )
        return blob.size - at

    def patiently(self, attempt: Callable[[], None]) -> None:
        """Attempt something again where nobody answers."""
        for number in range(1, ATTEMPTS + 1):
            try:
                return attempt()
            except Unreachable:
                if number == ATTEMPTS:
                    raise
                time.sleep(PAUSE * 2 ** (number - 1))
        return None


def listed(data: bytes) -> list[dict[str, Any]]:
    """The descriptors in an index; none where it is not one."""
    try:
        found = json.loads(data)["manifests"]
        return [entry for entry in found if isinstance(entry, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def _said(response: requests.Response) -> str:
    """What a registry says of an error, in its own words."""
    try:
        first = json.loads(response.content)["errors"][0]
        return one_line(f": {first.get('message') or first.get('code')}")[:200]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return ""


def _reason(error: BaseException) -> str:
    """The innermost reason, without the addresses of objects."""
    while inner := (error.__cause__ or error.__context__):
        error = inner
    return one_line(str(getattr(error, "strerror", None) or error or type(error).__name__))[:200]
