"""The verdict on a bundle: who vouches for it, since when, and why it is refused where it is. Pure; it asks no service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from packaging.version import InvalidVersion, Version
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Signature as KeySignature
from securesystemslib.signer import SSlibKey

from kgshare.bundle.model import Bundle
from kgshare.bundle.signature import PAYLOAD, Signature, Statement
from kgshare.errors import Problem, TrustError
from kgshare.trust.keyless import Identity
from kgshare.trust.keys import PublicKey
from kgshare.trust.store import TrustStore, because

AGAIN = "get the file again from whoever gave it to you"
SLACK = timedelta(minutes=5)  # how far two good clocks may be apart
AT_OWN_RISK = "`kgshare up {file} --unverified` runs it at your own risk"


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


def judge(
    bundle: Bundle,
    store: TrustStore,
    *,
    graph: str,
    seen: Mapping[str, Seen],
    now: datetime,
    older: bool = False,
    expected: Expected | None = None,
) -> Verdict:
    """The verdict on a bundle that was read, and so is in its one valid form.

    Args:
        bundle: as `read_bundle` returned it.
        store: whose keys are trusted.
        graph: the digest of its canonical text that the bundle itself says.
        seen: the newest bundle of this name, by `Verdict.who`.
        now: this machine's clock.
        older: accept one that is older than one seen.
        expected: who must have signed, where that was without a key.
    """
    signature = bundle.signature
    risk = AT_OWN_RISK.format(file=bundle.path.name)
    if signature is None:
        hint = f"ask its author for a signed one (`kgshare build` signs, `kgshare sign FILE` too); {risk}"
        return _verdict(bundle, None, None, graph, ("it is not signed", hint))
    if not signature.fingerprint:
        return _keyless(bundle, signature, graph, seen, now, older, expected, risk)
    if expected:
        why = f"it was signed with a key, {signature.fingerprint}, and not by {expected.who}"
        hint = f"without `--identity` and `--issuer` it is judged by the keys that you trust; {risk}"
        return _verdict(bundle, signature, None, graph, (why, hint))
    trusted = store.find(signature.fingerprint)
    key = trusted.key if trusted else None
    because_of = _unknown(signature, key, risk) or _altered(signature, key, risk)
    because_of = because_of or _about_another(bundle, signature, graph, risk)
    if not because_of and trusted and trusted.retired:
        why = f"its signer's key {trusted.key.name} was retired on {trusted.retired:%Y-%m-%d}"
        because_of = (
            why + because(trusted.reason),
            f"ask its author for one signed with a newer key; {risk}",
        )
    because_of = because_of or _early(signature.statement, now)
    if not because_of and not older:
        because_of = _older(bundle, signature.statement, seen.get(signature.fingerprint))
    return _verdict(bundle, signature, key, graph, because_of or ("", ""))


def require(verdict: Verdict, where: str) -> None:
    """See that a bundle is accepted.

    Raises:
        TrustError: it is not; the problem says why, and the way on.
    """
    if not verdict.accepted:
        raise TrustError(Problem(message=f"refused: {verdict.reason}", where=where, hint=verdict.hint))


def _verdict(
    bundle: Bundle,
    signature: Signature | None,
    key: PublicKey | None,
    graph: str,
    because_of: tuple[str, str],
) -> Verdict:
    statement = signature.statement if signature else None
    return Verdict(
        accepted=not because_of[0],
        signer=key.name if key else statement.signer if statement else "",
        fingerprint=signature.fingerprint if signature else "",
        time=statement.time if statement else None,
        name=bundle.name,
        version=bundle.version,
        digest=bundle.digest,
        graph=graph,
        kgshare=statement.kgshare if statement else "",
        reason=because_of[0],
        hint=because_of[1],
    )


def _unknown(signature: Signature, key: PublicKey | None, risk: str) -> tuple[str, str] | None:
    if key is not None:
        return None
    who = signature.statement.signer
    why = f"the key {signature.fingerprint} that signed it is not trusted here (it calls itself {who})"
    return why, (
        f"if it is from {who}, get the line that `kgshare key show` prints there, not by the way the file came, "
        f"compare the fingerprint, and `kgshare key trust 'LINE'`; {risk}"
    )


def _altered(signature: Signature, key: PublicKey | None, risk: str) -> tuple[str, str] | None:
    if key is None or signed_by(key, signature):
        return None
    return f"its signature is not one of {key.name}'s key: it was altered", f"{AGAIN}; {risk}"


def _about_another(bundle: Bundle, signature: Signature, graph: str, risk: str) -> tuple[str, str] | None:
    says, is_ = signature.statement, (bundle.digest, bundle.name, bundle.version, graph)
    if (says.digest, says.name, says.version, says.graph) == is_:
        return None
    why = f"its signature is for another bundle, {says.name} {says.version} ({says.digest})"
    return why, f"{AGAIN}; {risk}"


def _keyless(
    bundle: Bundle,
    signature: Signature,
    graph: str,
    seen: Mapping[str, Seen],
    now: datetime,
    older: bool,
    expected: Expected | None,
    risk: str,
) -> Verdict:
    """The verdict where a certificate took a key's place: by exactly that identity, or refused."""
    if expected is None:
        says = signature.statement.signer
        why = f"it was signed without a key (by {says}, it says), and who must have signed was not given"
        hint = f"`--identity WHO --issuer ADDRESS`, as its author tells you; {risk}"
        return _verdict(bundle, signature, None, graph, (why, hint))
    because_of = None
    try:
        if expected.payload(signature.data) != signature.payload:
            because_of = ("its signature is for something else", f"{AGAIN}; {risk}")
    except TrustError as error:
        because_of = (error.problems[0].message, error.problems[0].hint or f"{AGAIN}; {risk}")
    because_of = because_of or _about_another(bundle, signature, graph, risk)
    because_of = because_of or _early(signature.statement, now)
    if not because_of and not older:
        because_of = _older(bundle, signature.statement, seen.get(str(expected.who)))
    found = _verdict(bundle, signature, None, graph, because_of or ("", ""))
    return replace(found, signer=expected.who.identity, issuer=expected.who.issuer)


def signed_by(key: PublicKey, signature: Signature) -> bool:
    """Whether a key made a signature."""
    value = KeySignature(signature.fingerprint, signature.value.hex())
    envelope = Envelope(signature.payload, PAYLOAD, {value.keyid: value})
    try:
        envelope.verify([SSlibKey.from_crypto(key.key, keyid=key.fingerprint)], 1)
    except VerificationError:
        return False
    return True


def _early(statement: Statement, now: datetime) -> tuple[str, str] | None:
    if statement.time <= now + SLACK:
        return None
    why = f"it was signed at {said(statement.time)}, and here it is {said(now)}"
    return why, "set this machine's clock; if it is right, ask its author to set theirs and sign again"


def _older(bundle: Bundle, statement: Statement, last: Seen | None) -> tuple[str, str] | None:
    mine = Seen(version=statement.version, time=statement.time, digest=bundle.digest)
    if last is None or last.digest == bundle.digest or not is_older(mine, last):
        return None
    why = (
        f"it is {mine.version} of {said(mine.time)}, and {last.version} of {said(last.time)} was here already"
    )
    return why, f"if you want the older one, `kgshare up {bundle.path.name} --older`"


def is_older(one: Seen, other: Seen) -> bool:
    """Whether a bundle is older than another: of a lower version, or of the same one and signed earlier."""
    try:
        mine, theirs = Version(one.version), Version(other.version)
    except InvalidVersion:
        return one.time < other.time
    return mine < theirs or (mine == theirs and one.time < other.time)
