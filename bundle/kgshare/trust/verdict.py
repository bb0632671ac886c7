"""The verdict on a bundle: who vouches for it, since when, and why it is refused where it is; `kgshare.trust.judge` makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from packaging.version import InvalidVersion, Version

from kgshare.errors import Problem, TrustError
from kgshare.trust.keyless import Identity


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is known of who made a bundle.

    Attributes:
        accepted: whether somebody who is trusted here vouches for it, and nothing speaks against it.
        signer: the name under which the key is trusted here; where it is not, what it calls itself; empty where unsigned.
        fingerprint: of the key; empty where a certificate took its place.
        issuer: who knew the signer, where a certificate took a key's place.
        time: when it was signed, by the signer's clock.
        name: of the bundle, as ``version``.
        digest: of its index, from which all of it is reachable.
        graph: digest of its canonical text; empty where it says none.
        kgshare: version that signed.
        reason: why it is refused; empty where it is accepted.
        hint: the way on.
    """

    accepted: bool
    signer: str
    fingerprint: str
    time: datetime | None
    name: str
    version: str
    digest: str
    graph: str
    kgshare: str
    reason: str = ""
    hint: str = ""
    issuer: str = ""

    @property
    def who(self) -> str:
        """What newer and older bundles of one name are kept apart by."""
        return self.fingerprint or str(Identity(identity=self.signer, issuer=self.issuer))

    def line(self) -> str:
        """The verdict in one line."""
        if not self.accepted:
            return f"! not verified: {self.reason}"
        return f"signed by {self.signer} on {said(self.time)}, {self.fingerprint or self.issuer}"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Who must have signed, where that was without a key; ``payload`` gives what they signed, or raises TrustError."""

    who: Identity
    payload: Callable[[bytes], bytes]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The newest bundle of a name and signer that was accepted here."""

    version: str
    time: datetime
    digest: str


def said(time: datetime | None) -> str:
    """A moment, for a person."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else ""


def require(verdict: Verdict, where: str) -> None:
    """See that a bundle is accepted.

    Raises:
        TrustError: it is not; the problem says why, and the way on.
    """
    if not verdict.accepted:
        raise TrustError(Problem(message=f"refused: {verdict.reason}", where=where, hint=verdict.hint))


def is_older(one: Seen, other: Seen) -> bool:
    """Whether a bundle is older than another: of a lower version, or of the same one and signed earlier."""
    try:
        mine, theirs = Version(one.version), Version(other.version)
    except InvalidVersion:
        return one.time < other.time
    return mine < theirs or (mine == theirs and one.time < other.time)
