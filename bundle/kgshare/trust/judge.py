"""From a bundle, and what this machine knows, to a verdict. Pure: it asks no clock, no folder and no service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Signature as KeySignature
from securesystemslib.signer import SSlibKey

from kgshare.bundle.model import Bundle
from kgshare.bundle.signature import PAYLOAD, Signature
from kgshare.errors import TrustError
from kgshare.trust.keys import PublicKey
from kgshare.trust.store import Trusted, TrustStore, because
from kgshare.trust.verdict import Expected, Seen, Verdict, is_older, said

AGAIN = "get the file again from whoever gave it to you"
SLACK = timedelta(minutes=5)  # how far two good clocks may be apart
AT_OWN_RISK = "`kgshare up {file} --unverified` runs it at your own risk"


class Refusal(NamedTuple):
    """Why a bundle is refused, and the way on."""

    reason: str
    hint: str


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
        return _verdict(bundle, graph, None, Refusal("it is not signed", hint))
    case = _Case(bundle=bundle, signature=signature, graph=graph, seen=seen, now=now, older=older, risk=risk)
    if signature.fingerprint:
        return case.by_key(store, expected)
    return case.by_identity(expected)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A signed bundle and what is known; each question has a refusal for an answer, or None."""

    bundle: Bundle
    signature: Signature
    graph: str
    seen: Mapping[str, Seen]
    now: datetime
    older: bool
    risk: str

    def by_key(self, store: TrustStore, expected: Expected | None) -> Verdict:
        """The verdict where a key signed."""
        trusted = store.find(self.signature.fingerprint)
        refusal = _first(
            lambda: self._not_by(expected),
            lambda: self._unknown(trusted),
            lambda: self._altered(trusted),
            self._about_another,
            lambda: self._retired(trusted),
            self._early,
            lambda: self._older(self.signature.fingerprint),
        )
        return _verdict(self.bundle, self.graph, self.signature, refusal, trusted.key if trusted else None)

    def by_identity(self, expected: Expected | None) -> Verdict:
        """The verdict where a certificate took a key's place: by exactly that identity, or refused."""
        if expected is None:
            says = self.signature.statement.signer
            why = f"it was signed without a key (by {says}, it says), and who must have signed was not given"
            hint = f"`--identity WHO --issuer ADDRESS`, as its author tells you; {self.risk}"
            return _verdict(self.bundle, self.graph, self.signature, Refusal(why, hint))
        refusal = _first(
            lambda: self._not_certified(expected),
            self._about_another,
            self._early,
            lambda: self._older(str(expected.who)),
        )
        found = _verdict(self.bundle, self.graph, self.signature, refusal)
        return replace(found, signer=expected.who.identity, issuer=expected.who.issuer)

    def _not_by(self, expected: Expected | None) -> Refusal | None:
        if expected is None:
            return None
        why = f"it was signed with a key, {self.signature.fingerprint}, and not by {expected.who}"
        hint = "without `--identity` and `--issuer` it is judged by the keys that you trust"
        return Refusal(why, f"{hint}; {self.risk}")

    def _unknown(self, trusted: Trusted | None) -> Refusal | None:
        if trusted:
            return None
        who, key = self.signature.statement.signer, self.signature.fingerprint
        return Refusal(
            f"the key {key} that signed it is not trusted here (it calls itself {who})",
            f"if it is from {who}, get the line that `kgshare key show` prints there, not by the way the file came, "
            f"compare the fingerprint, and `kgshare key trust 'LINE'`; {self.risk}",
        )

    def _altered(self, trusted: Trusted | None) -> Refusal | None:
        if trusted and signed_by(trusted.key, self.signature):
            return None
        name = trusted.key.name if trusted else "anybody"
        return self._again(f"its signature is not one of {name}'s key: it was altered")

    def _not_certified(self, expected: Expected) -> Refusal | None:
        try:
            same = expected.payload(self.signature.data) == self.signature.payload
        except TrustError as error:
            problem = error.problems[0]
            return Refusal(problem.message, problem.hint) if problem.hint else self._again(problem.message)
        return None if same else self._again("its signature is for something else")

    def _about_another(self) -> Refusal | None:
        says, bundle = self.signature.statement, self.bundle
        is_ = (bundle.digest, bundle.name, bundle.version, self.graph)
        if (says.digest, says.name, says.version, says.graph) == is_:
            return None
        return self._again(f"its signature is for another bundle, {says.name} {says.version} ({says.digest})")

    def _retired(self, trusted: Trusted | None) -> Refusal | None:
        if trusted is None or trusted.retired is None:
            return None
        why = f"its signer's key {trusted.key.name} was retired on {trusted.retired:%Y-%m-%d}"
        hint = f"ask its author for one signed with a newer key; {self.risk}"
        return Refusal(why + because(trusted.reason), hint)

    def _early(self) -> Refusal | None:
        time = self.signature.statement.time
        if time <= self.now + SLACK:
            return None
        why = f"it was signed at {said(time)}, and here it is {said(self.now)}"
        hint = "set this machine's clock; if it is right, ask its author to set theirs and sign again"
        return Refusal(why, f"{hint}; {self.risk}")

    def _older(self, who: str) -> Refusal | None:
        says, last = self.signature.statement, self.seen.get(who)
        mine = Seen(version=says.version, time=says.time, digest=self.bundle.digest)
        if self.older or last is None or last.digest == mine.digest or not is_older(mine, last):
            return None
        why = f"it is {mine.version} of {said(mine.time)}, and {last.version} of {said(last.time)} was here already"
        return Refusal(why, f"if you want the older one, `kgshare up {self.bundle.path.name} --older`")

    def _again(self, reason: str) -> Refusal:
        return Refusal(reason, f"{AGAIN}; {self.risk}")


def _first(*questions: Callable[[], Refusal | None]) -> Refusal | None:
    """The first refusal; what comes after it is not asked."""
    for question in questions:
        if refusal := question():
            return refusal
    return None


def _verdict(
    bundle: Bundle,
    graph: str,
    signature: Signature | None,
    refusal: Refusal | None,
    key: PublicKey | None = None,
) -> Verdict:
    statement = signature.statement if signature else None
    return Verdict(
        accepted=refusal is None,
        signer=key.name if key else statement.signer if statement else "",
        fingerprint=signature.fingerprint if signature else "",
        time=statement.time if statement else None,
        name=bundle.name,
        version=bundle.version,
        digest=bundle.digest,
        graph=graph,
        kgshare=statement.kgshare if statement else "",
        reason=refusal.reason if refusal else "",
        hint=refusal.hint if refusal else "",
    )


def signed_by(key: PublicKey, signature: Signature) -> bool:
    """Whether a key made a signature."""
    value = KeySignature(signature.fingerprint, signature.value.hex())
    envelope = Envelope(signature.payload, PAYLOAD, {value.keyid: value})
    try:
        envelope.verify([SSlibKey.from_crypto(key.key, keyid=key.fingerprint)], 1)
    except VerificationError:
        return False
    return True
