"""Who signs a build: the key that was asked for, or the author's default one, which is made where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from kgshare.bundle.read import read_bundle
from kgshare.errors import TrustError
from kgshare.trust import keys
from kgshare.trust.keys import Ask, OwnKey
from kgshare.trust.sign import append, is_placed, note_placed, signed, statement_of
from kgshare.trust.store import TrustStore, because, now, read_store, write_store


@dataclass(frozen=True, kw_only=True)
class Signing:
    """How a build is to be signed.

    Attributes:
        key: name of the key; the default one when not given.
        off: not at all.
        ask: for a passphrase, where somebody can be asked.
    """

    key: str | None = None
    off: bool = False
    ask: Ask | None = None


BY_DEFAULT = Signing()


class Author:
    """The key that will sign; its passphrase is asked for once, and only where something is to be signed."""

    def __init__(self, key: OwnKey, ask: Ask | None, note: str = "") -> None:
        self.key = key
        self.note = note  # what to say of it, where it is new
        self._ask = ask
        self._private: CryptoSigner | None = None

    def unlock(self) -> CryptoSigner:
        """The private key, ready to sign.

        Raises:
            TrustError: it cannot be had (`keys.unlock`).
        """
        self._private = self._private or keys.unlock(self.key, self._ask)
        return self._private

    def place(self, made: Path, target: Path, digest: str) -> None:
        """Put an unsigned bundle of this digest where it is wanted, signed; what is there already is left alone.

        Raises:
            TrustError: the private key cannot be had.
            BundleError: what was made is no longer what it was.
        """
        public = self.key.public
        if is_placed(target, digest, public.fingerprint):
            return
        bundle = read_bundle(made, deep=False)
        data = signed(statement_of(bundle, public.name, now()), public, self.unlock())
        append(made, bundle.unsigned, data, target)
        note_placed(target, digest, public.fingerprint)


def author_of(signing: Signing) -> Author | None:
    """Who signs; None where nobody is to. A default key that is made is trusted here at once.

    Raises:
        TrustError: there is no such key, or it was retired.
    """
    if signing.off:
        return None
    name = signing.key or keys.default_name()
    if not name:
        key = make(keys.free_name(t.key.name for t in read_store().keys), b"")
        note = (
            f"made the key {key.public.name} to sign with, {key.public.fingerprint}\n"
            f"  your reviewers trust it once: kgshare key trust '{key.public.line}'"
        )
        return Author(key, signing.ask, note)
    key = keys.own_key(name)
    store = read_store()
    known = store.find(key.public.fingerprint)
    if known and known.retired:
        raise TrustError(
            f"your key {name} was retired on {known.retired:%Y-%m-%d}" + because(known.reason),
            hint="`kgshare key create ANOTHER --default` makes the one that signs from now on",
        )
    if not known:
        write_store(store.trust(key.public, now()))
    return Author(key, signing.ask)


def make(name: str, passphrase: bytes) -> OwnKey:
    """Make a key of this user's own, which is trusted here.

    Raises:
        TrustError: there is one of that name, or another key is trusted under it.
    """
    store: TrustStore = read_store()
    taken = store.find(name)
    if taken:
        hint = "take another name: reviewers, and you, would take one for the other"
        raise TrustError(f"{name} is the name of another key here, {taken.key.fingerprint}", hint=hint)
    key = keys.create(name, passphrase)
    write_store(store.trust(key.public, now()))
    return key
