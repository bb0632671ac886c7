"""Who signs a build: the key that was asked for, or the author's default one, which is made where there is none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from kgshare.bundle.model import Bundle
from kgshare.bundle.read import read_bundle
from kgshare.bundle.signature import payload_of
from kgshare.errors import TrustError
from kgshare.trust import keys
from kgshare.trust.keyless import KEYLESS, Service, Sigstore
from kgshare.trust.keys import Ask, OwnKey
from kgshare.trust.sign import append, is_placed, note_placed, signed, statement_of
from kgshare.trust.store import TrustStore, because, changing, now, read_store, write_store


@dataclass(frozen=True, kw_only=True)
class Signing:
    """How a build is to be signed.

    Attributes:
        key: name of the key, the default one when not given; ``keyless`` with the forge's identity.
        off: not at all.
        ask: for a passphrase, where somebody can be asked.
    """

    key: str | None = None
    off: bool = False
    ask: Ask | None = None


BY_DEFAULT = Signing()


class Author(ABC):
    """Who signs.

    Attributes:
        name: of the key; without one what its signatures are called.
        mark: fingerprint of the key; empty without one.
        note: what to say of the key, where it is new.
    """

    name: str = KEYLESS
    mark: str = ""
    note: str = ""

    @abstractmethod
    def ready(self) -> str:
        """See that signing will work, before the first slow step, and say who signs.

        Raises:
            TrustError: it will not.
        """

    @abstractmethod
    def sign(self, bundle: Bundle) -> bytes:
        """The signature member for a bundle, as of now.

        Raises:
            TrustError: it cannot be signed.
        """

    def place(self, made: Path, target: Path, digest: str) -> None:
        """Put an unsigned bundle of this digest where it is wanted, signed; what is there already is left alone.

        Raises:
            TrustError: it cannot be signed.
            BundleError: what was made is no longer what it was.
        """
        mark = self.mark or KEYLESS
        if is_placed(target, digest, mark):
            return
        bundle = read_bundle(made, deep=False)
        append(made, bundle.unsigned, self.sign(bundle), target)
        note_placed(target, digest, mark)

    def sign_file(self, file: Path) -> Bundle:
        """Sign a bundle where it is; a signature that it has is replaced.

        Raises:
            TrustError: it cannot be signed.
            BundleError: it is none, or not as it must be: what is not whole is not vouched for.
        """
        bundle = read_bundle(file)
        append(file, bundle.unsigned, self.sign(bundle), file)
        return read_bundle(file, deep=False)


class KeyAuthor(Author):
    """A key of this user; its passphrase is asked for once, and only where something is to be signed."""

    def __init__(self, key: OwnKey, ask: Ask | None, note: str = "") -> None:
        self.key = key
        self.name = key.public.name
        self.mark = key.public.fingerprint
        self.note = note
        self._ask = ask
        self._private: CryptoSigner | None = None

    def ready(self) -> str:
        """See `Author.ready`."""
        self._private = self._private or keys.unlock(self.key, self._ask)
        return self.key.public.name

    def sign(self, bundle: Bundle) -> bytes:
        """See `Author.sign`."""
        name = self.ready()
        assert self._private is not None
        return signed(statement_of(bundle, name, now()), self.key.public, self._private)


class KeylessAuthor(Author):
    """Who the forge says is running."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def ready(self) -> str:
        """See `Author.ready`."""
        return self._service.whoami().identity

    def sign(self, bundle: Bundle) -> bytes:
        """See `Author.sign`."""
        return self._service.sign(payload_of(statement_of(bundle, self.ready(), now())))


def author_of(signing: Signing, service: Service | None = None) -> Author | None:
    """Who signs; None where nobody is to. A default key that is made is trusted here at once.

    Args:
        signing: how it is to be signed.
        service: what signs without a key; Sigstore's own when not given.

    Raises:
        TrustError: there is no such key, or it was retired.
    """
    if signing.off:
        return None
    if signing.key == KEYLESS:
        return KeylessAuthor(service or Sigstore())
    name = signing.key or keys.default_name()
    return _of_name(name, signing.ask) if name else _of_default(signing.ask)


def _of_default(ask: Ask | None) -> KeyAuthor:
    with changing():
        name = keys.default_name()  # another build may have made it meanwhile
        if not name:
            key = _make(keys.free_name(t.key.name for t in read_store().keys), b"")
            note = (
                f"made the key {key.public.name} to sign with, {key.public.fingerprint}\n"
                f"  your reviewers trust it once: kgshare key trust '{key.public.line}'"
            )
            return KeyAuthor(key, ask, note)
    return _of_name(name, ask)


def _of_name(name: str, ask: Ask | None) -> KeyAuthor:
    key = keys.own_key(name)
    known = read_store().find(key.public.fingerprint)
    if known and known.retired:
        raise TrustError(
            f"your key {name} was retired on {known.retired:%Y-%m-%d}" + because(known.reason),
            hint="`kgshare key create ANOTHER --default` makes the one that signs from now on",
        )
    if not known:
        with changing():
            write_store(read_store().trust(key.public, now()))
    return KeyAuthor(key, ask)


def make(name: str, passphrase: bytes) -> OwnKey:
    """Make a key of this user's own, which is trusted here.

    Raises:
        TrustError: there is one of that name, or another key is trusted under it.
    """
    with changing():
        return _make(name, passphrase)


def _make(name: str, passphrase: bytes) -> OwnKey:
    store: TrustStore = read_store()
    taken = store.find(name)
    if taken:
        hint = "take another name: reviewers, and you, would take one for the other"
        raise TrustError(f"{name} is the name of another key here, {taken.key.fingerprint}", hint=hint)
    key = keys.create(name, passphrase)
    write_store(store.trust(key.public, now()))
    return key
