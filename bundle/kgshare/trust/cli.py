"""The commands of trust on the command line: ``key``, ``sign``, ``verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgshare.errors import TrustError, UsageError
from kgshare.options import Json, Quiet, show, somebody
from kgshare.progress import Progress
from kgshare.trust.keyless import KEYLESS, Identity

key_app = typer.Typer(help="Keys: your own, and those of others that you trust.", no_args_is_help=True)
Named = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="The key's name; your default key's when not given.")
]
Older = Annotated[
    bool, typer.Option("--older", help="Accept it though a newer one of this name and signer was here.")
]
ByIdentity = Annotated[
    str | None,
    typer.Option("--identity", metavar="WHO", help="Signed without a key: who must have signed."),
]
ByIssuer = Annotated[
    str | None,
    typer.Option("--issuer", metavar="ADDRESS", help="Signed without a key: who had to know them."),
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A bundle.")]


def ask_passphrase(name: str) -> str:
    """Ask for the passphrase of a key, at the terminal."""
    return str(typer.prompt(f"passphrase of the key {name}", hide_input=True, err=True))


def _new_passphrase(name: str) -> bytes:
    from kgshare.trust.keys import PASSPHRASE_FILE, passphrase_from_file

    if text := passphrase_from_file():
        return text
    if not somebody():
        hint = f"{PASSPHRASE_FILE} names a file with it"
        raise TrustError("there is no terminal to ask for the passphrase on", hint=hint)
    asked = typer.prompt(
        f"passphrase for the new key {name}", hide_input=True, confirmation_prompt=True, err=True
    )
    return str(asked).encode()


@key_app.command()
def create(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="What your reviewers will call it; your user name when not given."
        ),
    ] = None,
    passphrase: Annotated[
        bool,
        typer.Option("--passphrase", help="Lock its file with a passphrase, which each signing asks for."),
    ] = False,
    default: Annotated[
        bool, typer.Option("--default", help="Sign with it where no key is named; the first key does anyway.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a key to sign with. `kgshare build` makes one by itself where there is none.

    Its private part stays in a file of yours alone; the public part is the line that is printed.
    """
    from kgshare.trust.command import create_key

    secret = _new_passphrase(name or "") if passphrase else b""
    show(create_key(name, passphrase=secret, default=default), as_json)


@key_app.command("show")
def show_(
    name: Named = None,
    pem: Annotated[bool, typer.Option("--pem", help="As PEM, for cosign and openssl.")] = False,
    as_json: Json = False,
) -> None:
    """Print the public part of a key as the one line that a reviewer trusts."""
    from kgshare.trust.command import show_key

    show(show_key(name, pem=pem), as_json)


@key_app.command()
def trust(
    line: Annotated[
        str, typer.Argument(metavar="LINE|FILE", help="The line, in quotes; or a file that holds it.")
    ],
    called: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="What to call it here, where not as the line does."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Trust an author's key from now on: what it signed is started without a question.

    Take the line from the author by another way than the file came, and compare the fingerprint.
    """
    from kgshare.trust.command import trust_key

    show(trust_key(line, called=called), as_json)


@key_app.command("list")
def list_(as_json: Json = False) -> None:
    """Every key known here: yours, the trusted ones, the retired ones, with their fingerprints."""
    from kgshare.trust.command import list_keys

    show(list_keys(), as_json)


@key_app.command()
def retire(
    name: Annotated[str, typer.Argument(metavar="NAME|FINGERPRINT", help="Which key.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why; shown where something it signed is refused.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Trust a key no longer. What it signed is refused here from now on, whenever it was signed.

    Your own retired key signs no more. Tell your reviewers: each of them retires it too.
    """
    from kgshare.trust.command import retire_key

    show(retire_key(name, reason=reason), as_json)


def who_of(identity: str | None, issuer: str | None) -> Identity | None:
    """Who must have signed without a key, where that was given.

    Raises:
        UsageError: only half of it was.
    """
    if identity is None and issuer is None:
        return None
    if identity is None or issuer is None:
        raise UsageError("--identity and --issuer go together: who signed, and who had to know them")
    return Identity(identity=identity, issuer=issuer)


def sign(
    file: File,
    key: Annotated[
        str | None, typer.Option("--key", "-k", help="Name of the key; your default one when not given.")
    ] = None,
    keyless: Annotated[
        bool,
        typer.Option("--keyless", help="In CI: with the forge's identity, by Sigstore's service, not a key."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Sign a bundle where it is. A signature that it has is replaced; nothing else in it changes."""
    from kgshare.trust.author import Signing
    from kgshare.trust.command import sign as command

    if key and keyless:
        raise UsageError("--key and --keyless exclude each other")
    ask = ask_passphrase if somebody() else None
    show(command(file, Signing(key=KEYLESS if keyless else key, ask=ask)), as_json)


def verify(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER|ADDRESS", help="A bundle, a folder with one, or an address as `up` takes it."
        ),
    ],
    older: Older = False,
    identity: ByIdentity = None,
    issuer: ByIssuer = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Verify a bundle and its signature without network, and say who signed what, and when. Nothing is loaded.

    Exit code 16 where it is unsigned, of a signer that is not trusted here, or older than one seen; 8 where it was altered.
    """
    from kgshare.obtain import obtain
    from kgshare.trust.check import Accept
    from kgshare.trust.command import verify as command

    accept = Accept(older=older, who=who_of(identity, issuer))
    progress = Progress(quiet=quiet)
    show(command(obtain(file, progress=progress), accept, progress=progress), as_json)
