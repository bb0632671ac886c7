"""Keys: Ed25519, the private one in a file of this user's own, the public one as a line that any tool reads.

A public key is written as OpenSSH writes it (``ssh-ed25519 AAAA… name``; RFC 8709), its fingerprint too (``SHA256:…``).
A private key is PKCS #8 in PEM, encrypted where it has a passphrase. docs/decisions/160 says why Ed25519.
"""

from __future__ import annotations

import base64
import getpass
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from securesystemslib.signer import CryptoSigner

from kgshare.aside import write_aside
from kgshare.errors import Problem, TrustError
from kgshare.places import config_dir

KIND = "ssh-ed25519"
Ask = Callable[[str], str]
"""Asks a person for the passphrase of the key of that name."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
PASSPHRASE_FILE = "KGSHARE_KEY_PASSPHRASE_FILE"  # noqa: S105 - a variable that names a file
PRIVATE, PUBLIC, DEFAULT = ".key", ".pub", "default"


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A public key: its 32 bytes, and what it is called."""

    name: str
    raw: bytes

    @property
    def key(self) -> Ed25519PublicKey:
        """As the library takes it."""
        return Ed25519PublicKey.from_public_bytes(self.raw)

    @property
    def line(self) -> str:
        """``ssh-ed25519 AAAA… name``."""
        form = serialization.PublicFormat.OpenSSH
        return f"{self.key.public_bytes(serialization.Encoding.OpenSSH, form).decode()} {self.name}"

    @property
    def fingerprint(self) -> str:
        """``SHA256:…``, what ``ssh-keygen -l`` shows."""
        digest = serialization.ssh_key_fingerprint(self.key, SHA256())
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    @property
    def pem(self) -> str:
        """SubjectPublicKeyInfo in PEM: what cosign and openssl take."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_bytes(serialization.Encoding.PEM, form).decode()


@dataclass(frozen=True, kw_only=True)
class OwnKey:
    """A key of this user: the public part, and the file with the private one."""

    public: PublicKey
    file: Path


def parse_line(line: str, *, where: str = "") -> PublicKey:
    """A public key from its line.

    Raises:
        TrustError: it is not the line of an Ed25519 key, or names nobody.
    """
    hint = f"`kgshare key show` at its owner's prints the line: {KIND} AAAA… name"

    def refuse(reason: str) -> TrustError:
        return TrustError(Problem(message=reason, where=where, hint=hint))

    kind, _, rest = line.strip().partition(" ")
    blob, _, name = rest.strip().partition(" ")
    if kind != KIND or "\n" in line.strip():
        raise refuse(f"is not one line of the form {KIND} AAAA… name: {line.strip()[:60]!r}")
    try:
        key = serialization.load_ssh_public_key(f"{kind} {blob}".encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise refuse(f"is not a public key: {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise refuse("is not an Ed25519 key")
    return PublicKey(
        name=require_name(name.strip(), where),
        raw=key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw),
    )


def require_name(name: str, where: str = "") -> str:
    """The name of a key.

    Raises:
        TrustError: it cannot be one.
    """
    if NAME.fullmatch(name) and name != "keyless":  # which `--sign` takes for signing without a key
        return name
    hint = "letters, digits and . _ @ + - are fine, up to 64 of them"
    raise TrustError(Problem(message=f"{name!r} is no name for a key", where=where, hint=hint))


def own_keys() -> tuple[OwnKey, ...]:
    """This user's keys, by name.

    Raises:
        TrustError: a key's public part cannot be read.
    """
    files = sorted((config_dir() / "keys").glob(f"*{PUBLIC}"))
    return tuple(OwnKey(public=_read_public(f), file=f.with_suffix(PRIVATE)) for f in files)


def own_key(name: str) -> OwnKey:
    """This user's key of a name, or of a fingerprint.

    Raises:
        TrustError: there is none.
    """
    known = own_keys()
    for key in known:
        if name in (key.public.name, key.public.fingerprint):
            return key
    there = f"yours are {', '.join(k.public.name for k in known)}" if known else "you have none yet"
    raise TrustError(f"you have no key {name}", hint=f"{there}; `kgshare key create {name}` makes it")


def default_name() -> str:
    """Which key signs where none is named; empty where there is none."""
    try:
        name = (config_dir() / "keys" / DEFAULT).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    return name if any(k.public.name == name for k in own_keys()) else ""


def set_default(name: str) -> None:
    """From now on this key signs where none is named; with the empty name, none does."""
    write_aside(config_dir() / "keys" / DEFAULT, f"{name}\n", mode=0o600)


def free_name(others: Iterable[str] = ()) -> str:
    """A name for a new key: the user's own, with a number where that is taken, by a key of theirs or by ``others``."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = ""
    user = user if NAME.fullmatch(user) else "kgshare"
    taken = {*others, *(key.public.name for key in own_keys())}
    names = (user, *(f"{user}-{n}" for n in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def create(name: str, passphrase: bytes = b"") -> OwnKey:
    """Make a key of this user's own.

    Raises:
        TrustError: there is one of that name.
    """
    require_name(name)
    folder = config_dir() / "keys"
    file = folder / f"{name}{PRIVATE}"
    if file.exists() or any(key.public.name == name for key in own_keys()):
        hint = f"`kgshare key show {name}` shows it; take another name for another key"
        raise TrustError(Problem(message=f"there is a key {name}", where=str(file), hint=hint))
    private = Ed25519PrivateKey.generate()
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    public = PublicKey(name=name, raw=private.public_key().public_bytes_raw())
    for each in (config_dir(), folder):
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_aside(file, pem.decode(), mode=0o600)
    write_aside(file.with_suffix(PUBLIC), f"{public.line}\n")
    if not default_name():
        set_default(name)
    return OwnKey(public=public, file=file)


def unlock(key: OwnKey, ask: Ask | None = None) -> CryptoSigner:
    """The private key, ready to sign.

    Args:
        key: whose.
        ask: for its passphrase, where it has one and no file holds it; None where nobody can be asked.

    Raises:
        TrustError: the file is missing, others may read it, the passphrase is wrong or cannot be had, or it is another key.
    """
    data = _private_bytes(key.file)
    passphrase = _passphrase(key, ask) if b"BEGIN ENCRYPTED" in data else None
    try:
        private = serialization.load_pem_private_key(data, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = "the passphrase is wrong" if passphrase is not None else "is not a private key in PEM"
        hint = (
            f"{PASSPHRASE_FILE} names a file with it, or it is asked for at a terminal" if passphrase else ""
        )
        raise TrustError(Problem(message=reason, where=str(key.file), hint=hint)) from None
    if (
        not isinstance(private, Ed25519PrivateKey)
        or private.public_key().public_bytes_raw() != key.public.raw
    ):
        hint = f"restore both {key.public.name}{PRIVATE} and {key.public.name}{PUBLIC}, or make another key"
        raise TrustError(
            Problem(message="is not the private part of that key", where=str(key.file), hint=hint)
        )
    return CryptoSigner(private)


def _private_bytes(file: Path) -> bytes:
    """The file of a private key, which nobody but its owner may read."""
    try:
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if os.name == "posix" and mode & 0o077:
                reason = f"others may read it: its mode is {mode & 0o777:04o}"
                hint = f"`chmod 600 {file}`; if others could use this machine, make another key and retire this one"
                raise TrustError(Problem(message=reason, where=str(file), hint=hint))
            return stream.read()
    except OSError as error:
        hint = "restore it, or make another key: `kgshare key create`"
        raise TrustError(
            Problem(message=f"cannot be read: {error.strerror}", where=str(file), hint=hint)
        ) from None


def passphrase_from_file() -> bytes:
    """What the file named in the environment holds, without the line end; empty where none is named.

    Raises:
        TrustError: it cannot be read, or is empty.
    """
    named = os.environ.get(PASSPHRASE_FILE)
    if not named:
        return b""
    try:
        text = Path(named).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise TrustError(Problem(message=reason, where=named, hint=f"{PASSPHRASE_FILE} names it")) from None
    if not text:
        raise TrustError(Problem(message="is empty", where=named, hint=f"{PASSPHRASE_FILE} names it"))
    return text


def _passphrase(key: OwnKey, ask: Ask | None) -> bytes:
    if text := passphrase_from_file():
        return text
    if ask is None:
        hint = (
            f"{PASSPHRASE_FILE} names a file with it; or `--no-sign`, and `kgshare sign` at a terminal later"
        )
        raise TrustError(f"the key {key.public.name} has a passphrase, and nobody can be asked", hint=hint)
    return ask(key.public.name).encode()


def _read_public(file: Path) -> PublicKey:
    try:
        return parse_line(file.read_text(encoding="utf-8"), where=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise TrustError(Problem(message=f"cannot be read: {error}", where=str(file))) from None
