"""How a registry is spoken to: encrypted, patient but not for ever, and never believed about how much it will send.

Plain http is spoken with this machine only. Beside the system's certificate authorities hold those that Docker is given
for a registry: ``certs.d/HOST:PORT/*.crt`` in Docker's folders.
"""

from __future__ import annotations

import socket
import ssl
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from kgshare.doors.credentials import docker_folder
from kgshare.errors import RegistryError
from kgshare.obtain.session import CertifiedAdapter, DirectSession
from kgshare.registry.reference import is_loopback
from kgshare.shown import one_line

PATIENCE = (10.0, 60.0)  # seconds: to connect, and without a byte
BACKOFF = 0.2  # seconds between two attempts of what only asks, doubled each time
MAX_ANSWER = 4 << 20  # bytes of an answer that is not a blob


def origin(url: str) -> str:
    """Scheme, host and port: who is spoken to."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


class Session(DirectSession):
    """A session with one registry and with whomever it sends us on to."""

    def __init__(self, host: str) -> None:
        super().__init__()
        retry = Retry(
            total=2, backoff_factor=BACKOFF, status_forcelist=(429, 502, 503, 504), allowed_methods={"GET", "HEAD"},
            raise_on_status=False, respect_retry_after_header=False,
        )  # fmt: skip
        self.mount("https://", CertifiedAdapter(_context(host), retry))
        self.mount("http://", HTTPAdapter(max_retries=retry))
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update({"User-Agent": "kgshare", "Accept-Encoding": "identity"})
        self.local = is_loopback(host)

    def request(  # type: ignore[override]
        self, method: str, url: str, *, stream: bool = False, **options: Any
    ) -> requests.Response:
        """One request, that follows no redirect; the answer's body is read up to a limit unless it is streamed.

        Raises:
            RegistryError: the address is not a safe one, or the answer has no end.
            requests.RequestException: nobody answers.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise RegistryError(f"{one_line(url)[:200]} is no address") from None
        if parts.scheme != "https" and not (
            parts.scheme == "http" and self.local and is_loopback(parts.netloc)
        ):
            raise RegistryError(
                f"{parts.scheme}://{parts.netloc} is not encrypted",
                hint="a registry on another machine is spoken to by https only",
            )
        options |= {"timeout": PATIENCE, "allow_redirects": False, "auth": _as_it_is, "stream": True}
        response = super().request(method, url, **options)
        if not stream:
            with response:
                response._content = _bounded(response)
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None is followed here, nor looked at; whoever asked does."""


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _bounded(response: requests.Response) -> bytes:
    """The body of a small answer."""
    try:
        data = response.raw.read(MAX_ANSWER + 1, decode_content=False)
    except HTTPError as error:
        raise requests.ConnectionError(error) from error
    if len(data) > MAX_ANSWER:
        raise RegistryError(f"{urlsplit(response.url).netloc} answers with more than {MAX_ANSWER} bytes")
    return bytes(data)


def certificates(host: str) -> list[Path]:
    """Certificates of authorities that Docker is given for ``HOST:PORT``."""
    folders = (docker_folder(), Path("/etc/docker"), Path("/etc/containers"))
    return [file for folder in folders for file in sorted((folder / "certs.d" / host.lower()).glob("*.crt"))]


def _context(host: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for file in certificates(host):
        try:
            context.load_verify_locations(file)
        except (OSError, ssl.SSLError) as error:
            raise RegistryError(
                f"{file} is not a certificate: {error}", hint="it is to be PEM; or take it away"
            ) from None
    return context


def speaks_tls(host: str) -> bool:
    """Whether a registry on this machine is spoken to by https, as plain http is possible there."""
    parts = urlsplit(f"//{host}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only whether; who comes later
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 443), 2) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname),
        ):
            return True
    except OSError:  # ssl's errors are of it
        return False
