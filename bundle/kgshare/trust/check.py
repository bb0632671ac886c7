"""The verdict on a bundle by what this machine knows: trusted keys, bundles seen, the clock. The thin shell of `judge`."""

from __future__ import annotations

from dataclasses import dataclass

from kgshare.bundle.model import Bundle
from kgshare.progress import Progress
from kgshare.trust import keys
from kgshare.trust.judge import judge
from kgshare.trust.keyless import Identity, Service, Sigstore
from kgshare.trust.seen import note_seen, read_seen
from kgshare.trust.sign import graph_of
from kgshare.trust.store import now, read_store
from kgshare.trust.verdict import Expected, Verdict, require


@dataclass(frozen=True, kw_only=True)
class Accept:
    """What a user takes knowingly.

    Attributes:
        unverified: a bundle that nobody who is trusted vouches for.
        older: one that is older than one seen here.
        who: must have signed, where that was without a key.
        own: which of several they made or chose themselves: nobody hands them an older one, so none is noted or refused.
    """

    unverified: bool = False
    older: bool = False
    own: bool = False
    who: Identity | None = None


NOTHING = Accept()


def verdict_on(
    bundle: Bundle, *, older: bool = False, who: Identity | None = None, service: Service | None = None
) -> Verdict:
    """The verdict on a bundle that was read; whoever signed it themselves may go back to an older one of theirs.

    Raises:
        TrustError: what this machine knows cannot be read.
        BundleError: the bundle does not say which graph it holds.
    """
    signed = service or Sigstore()
    own = {key.public.fingerprint for key in keys.own_keys()}
    return judge(
        bundle,
        read_store(),
        graph=graph_of(bundle),
        seen={signer: last for signer, last in read_seen(bundle.name).items() if signer not in own},
        now=now(),
        older=older,
        expected=Expected(who=who, payload=lambda data: signed.payload(data, who)) if who else None,
    )


def vouched(bundle: Bundle, accept: Accept, progress: Progress) -> Verdict:
    """See that somebody who is trusted vouches for a bundle before it is run, and note that it was here.

    Raises:
        TrustError: nobody does, or it is older than one seen, and that was not accepted.
    """
    verdict = verdict_on(bundle, older=accept.older or accept.own, who=accept.who)
    if accept.unverified and not verdict.accepted:
        progress.say(verdict.line())
        return verdict
    require(verdict, bundle.path.name)
    if not accept.own:
        note_seen(verdict)
    return verdict
