"""Signing without a key: a forge's CI says who runs there, and Sigstore's public service makes a certificate of it.

The service does the work; here is only the adapter to its client, `sigstore` (the extra ``kgshare[keyless]``). What of it
was run against the service itself, and what not, says docs/decisions/164.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kgshare.errors import TrustError

if TYPE_CHECKING:
    from sigstore.oidc import IdentityToken

KEYLESS = "keyless"  # in place of a key's name
MISSING = "`pip install 'kgshare[keyless]'` brings Sigstore's client"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who must have signed: as the certificate names them, and who had to know them (an OpenID issuer's address)."""

    identity: str
    issuer: str

    def __str__(self) -> str:
        return f"{self.identity} by {self.issuer}"


class Service(Protocol):
    """What signs without keys, and verifies what was signed so."""

    def whoami(self) -> Identity:
        """Who this machine's forge says is running.

        Raises:
            TrustError: it says nothing, or there is no client for the service.
        """
        ...

    def sign(self, payload: bytes) -> bytes:
        """A Sigstore bundle, canonical JSON, around an in-toto statement.

        Raises:
            TrustError: the service did not sign.
        """
        ...

    def payload(self, data: bytes, who: Identity) -> bytes:
        """What was signed by exactly this identity; nothing is asked over the network.

        Raises:
            TrustError: it was not, or not by them.
        """
        ...


class Sigstore:
    """Sigstore's public service; the credential is the forge's ambient one (GitHub Actions, GitLab CI, …)."""

    def whoami(self) -> Identity:
        """See `Service.whoami`."""
        token = self._token()
        return Identity(identity=token.identity, issuer=token.federated_issuer)

    def sign(self, payload: bytes) -> bytes:
        """See `Service.sign`."""
        token = self._token()
        from sigstore.dsse import Statement
        from sigstore.errors import Error
        from sigstore.models import ClientTrustConfig
        from sigstore.sign import SigningContext

        try:
            context = SigningContext.from_trust_config(ClientTrustConfig.production())
            with context.signer(token) as signer:
                return spelt(signer.sign_dsse(Statement(payload)).to_json())
        except (Error, OSError, ValueError) as error:
            hint = "it needs the network; `kgshare sign FILE` signs with a key, which does not"
            raise TrustError(f"Sigstore's service did not sign: {error}", hint=hint) from error

    def payload(self, data: bytes, who: Identity) -> bytes:
        """See `Service.payload`."""
        try:
            from sigstore.errors import Error
            from sigstore.models import Bundle
            from sigstore.verify import Verifier
            from sigstore.verify.policy import Identity as Policy
        except ImportError as error:
            raise TrustError("what was signed without a key cannot be verified here", hint=MISSING) from error
        try:
            bundle = Bundle.from_json(data)
            if spelt(bundle.to_json()) != data:
                raise TrustError("its signature is not in its one valid form")
            verifier = Verifier.production(offline=True)
            policy = Policy(identity=who.identity, issuer=who.issuer)
            return verifier.verify_dsse(bundle, policy)[1]
        except (Error, ValueError) as error:
            raise TrustError(f"its signature is not one of {who}: {error}") from error

    def _token(self) -> IdentityToken:
        try:
            from sigstore.oidc import IdentityError, IdentityToken, detect_credential
        except ImportError as error:
            raise TrustError("there is no client to sign without a key", hint=MISSING) from error
        try:
            raw = detect_credential()
            if raw:
                return IdentityToken(raw)
        except IdentityError as error:
            raise TrustError(f"the forge's credential cannot be used: {error}") from error
        raise TrustError(
            "no forge says who runs here, so there is nobody to sign without a key",
            hint="on GitHub the job needs `permissions: id-token: write`, on GitLab `id_tokens` named SIGSTORE_ID_TOKEN; "
            "elsewhere sign with a key: leave `keyless` out",
        )


def spelt(text: str) -> bytes:
    """The service's answer in canonical JSON."""
    from kgshare.bundle import canonical  # each command line loads this module, few sign

    return canonical.dump(json.loads(text))
