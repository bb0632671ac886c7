"""How the web is asked: with the user's proxies, certificates and ``.netrc``, and never unencrypted beyond this machine.

Proxies are those of ``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``; certificates the system's, with ``SSL_CERT_FILE``,
``SSL_CERT_DIR`` (OpenSSL's), ``REQUESTS_CA_BUNDLE`` and ``CURL_CA_BUNDLE`` (requests').
"""

from __future__ import annotations

import ssl
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from kgshare import __version__
from kgshare.errors import ObtainError, Problem
from kgshare.obtain.address import loopback, shown

TIMEOUT = (20, 60)  # seconds to connect, and between two pieces
REDIRECTS = 10


class CertifiedAdapter(HTTPAdapter):
    """Trusts what a context trusts, also behind a proxy.

    Args:
        context: the certificates.
        retry: what is asked again, and when; nothing when not given.
    """

    def __init__(self, context: ssl.SSLContext, retry: Retry | int = 0) -> None:
        self._context = context
        super().__init__(max_retries=retry)

    def init_poolmanager(self, *words: Any, **settings: Any) -> None:
        """What is asked directly."""
        super().init_poolmanager(*words, **settings, ssl_context=self._context)

    def proxy_manager_for(self, *words: Any, **settings: Any) -> Any:
        """What is asked by way of a proxy."""
        return super().proxy_manager_for(*words, **settings, ssl_context=self._context)


class DirectSession(requests.Session):
    """Takes proxies and certificates out of the environment; no proxy is told what is asked of this machine, as in Go."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """The user's settings."""
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        if loopback(urlsplit(url).hostname or ""):
            settings["proxies"] = {}
        return settings


class _Session(DirectSession):
    """Follows a redirection only where a user could have written its target."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        try:
            to = urlsplit(urljoin(resp.url, target))
            inward = loopback(to.hostname or "")
        except ValueError:
            raise ObtainError(
                Problem(message="leads on to what is no address", where=shown(resp.url))
            ) from None
        plain = to.scheme != "https" and not (to.scheme == "http" and inward)
        if plain or (inward and not loopback(urlsplit(resp.url).hostname or "")):
            message = f"leads on to {shown(to.geturl())}, which is {'not encrypted' if plain else 'on this machine'}"
            raise ObtainError(
                Problem(message=message, where=shown(resp.url), hint="ask whoever gave you the address")
            )
        return target


def session() -> requests.Session:
    """A session for what is fetched; to be closed."""
    web = _Session()
    web.mount("https://", CertifiedAdapter(ssl.create_default_context()))
    web.max_redirects = REDIRECTS
    # The file as it is: packed on its way, a part of it could not be asked for.
    web.headers.update({"User-Agent": f"kgshare/{__version__}", "Accept-Encoding": "identity"})
    return web


def speaks_git(url: str) -> bool:
    """Whether an address is a repository's, by Git's own question (gitprotocol-http(5), smart clients)."""
    with session() as web:
        try:
            ask = web.get(
                f"{url.rstrip('/')}/info/refs?service=git-upload-pack", stream=True, timeout=TIMEOUT
            )
        except requests.RequestException:
            return False
        with ask:
            kind = ask.headers.get("Content-Type", "")
            return ask.ok and kind == "application/x-git-upload-pack-advertisement"


def said(what: requests.Response | Exception) -> str:
    """An answer's status, or an error's reason, in a few words and without an address."""
    if isinstance(what, requests.Response):
        names = {each.value: each.phrase for each in HTTPStatus}
        return f"{what.status_code} {names.get(what.status_code, '')}".strip()
    text = str(what)
    if isinstance(what, requests.exceptions.SSLError):
        return f"its certificate is not trusted here ({_last(text)}); SSL_CERT_FILE names others"
    if isinstance(what, requests.Timeout):
        return "it does not answer in time"
    return _last(text)


def _last(text: str) -> str:
    """What stands innermost in urllib3's nested messages."""
    for opening in ("Caused by ", "Failed to establish a new connection: ", "certificate verify failed: "):
        text = text.rpartition(opening)[2]
    return text.strip("()'\" ").removesuffix("'")[:200]
