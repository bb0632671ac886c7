"""One repository of one registry, asked and told things: oras's client, with its transfers replaced by ones that stream and compare.

Of `oras` are the session's and repository's handling and the exchange of credentials for tokens; why not more is in
docs/decisions/193. Protocol: OCI distribution specification 1.1.
"""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urljoin, urlsplit

import oras.auth
import oras.auth.utils
import oras.logger
import requests
from oras.container import Container
from oras.provider import Registry
from urllib3.exceptions import HTTPError

from kgshare.doors.credentials import Credentials, credentials_for
from kgshare.errors import Problem, RegistryError
from kgshare.registry.reference import Reference
from kgshare.registry.session import Session, origin, speaks_tls
from kgshare.shown import one_line

oras.logger.logger.set_stream_handler(logging.NullHandler())  # it tells stderr what our errors say
MAX_HOPS = 5  # redirects
AGAIN = "run the same command again: what is there is not sent or fetched twice"


class Unreachable(RegistryError):
    """Nobody answers, or no longer: worth another attempt."""


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
        self.origin = origin(f"{self.prefix}://{named}")
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
            url = self.located(url, response.headers.get("Location", ""))
            response.close()
            ask = self._asked if origin(url) == self.origin else self._sent
            response = ask(url, method, None, headers or {}, stream)
        raise self.wrong("sends us from one address to the next")

    def located(self, url: str, said: str) -> str:
        """Where an answer to a request for ``url`` sends us to."""
        try:
            found = urljoin(url, said)
            origin(found)
            return found
        except ValueError:
            raise self.wrong(f"sends us to what is no address: {one_line(said)[:200]}") from None

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
            raise self.wrong(f"is not who it says it is: {reason_of(error)}", hint) from None
        except (requests.RequestException, HTTPError, OSError) as error:
            where = urlsplit(url).netloc
            hint = f"see that {where} is the right address and that it runs; then {AGAIN}"
            raise Unreachable(
                Problem(message=f"does not answer: {reason_of(error)}", where=str(self.reference), hint=hint)
            ) from None

    def _answer(self, response: requests.Response) -> dict[str, str]:
        """The header that answers a registry's question who we are."""
        known = credentials_for(self.reference.host)
        challenge = response.headers.get("Www-Authenticate", "")
        basic = challenge.lower().startswith("basic")
        if basic and (known is None or not known.user):
            raise self.wrong("wants to know who you are, and nothing is stored for it", self._login())
        if not basic and not oras.auth.utils.parse_auth_header(challenge).realm:
            raise self.wrong("wants to know who you are, and does not say where it gives out tokens", AGAIN)
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
            raise self.wrong(f"cannot be logged in to: {reason_of(error)}", self._login()) from None
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
        response = self._sent(asked.realm, "POST", form, {}, stream=False)
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


def _said(response: requests.Response) -> str:
    """What a registry says of an error, in its own words."""
    try:
        first = json.loads(response.content)["errors"][0]
        return one_line(f": {first.get('message') or first.get('code')}")[:200]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return ""


def reason_of(error: BaseException) -> str:
    """The innermost reason, without the addresses of objects."""
    while inner := (error.__cause__ or error.__context__):
        error = inner
    return one_line(str(getattr(error, "strerror", None) or error or type(error).__name__))[:200]
