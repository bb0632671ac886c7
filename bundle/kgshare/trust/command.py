"""``kgshare key``, ``sign`` and ``verify`` as functions."""

from __future__ import annotations

from pathlib import Path

from kgshare.bundle.read import read_bundle
from kgshare.errors import Problem, TrustError, UsageError
from kgshare.progress import Progress
from kgshare.trust import keys
from kgshare.trust.author import Signing, author_of, make
from kgshare.trust.check import Accept, verdict_on
from kgshare.trust.keyless import Service, Sigstore
from kgshare.trust.keys import PublicKey
from kgshare.trust.report import KeyReport, KeyRow, KeysReport, VerifyReport
from kgshare.trust.store import changing, now, read_store, write_store


def create_key(name: str | None, *, passphrase: bytes, default: bool) -> KeyReport:
    """Make a key of this user's own; it is trusted here.

    Raises:
        TrustError: there is a key of that name.
    """
    key = make(name or keys.free_name(t.key.name for t in read_store().keys), passphrase)
    if default:
        keys.set_default(key.public.name)
    locked = ", with a passphrase" if passphrase else ""
    signs = "it signs where no key is named" if keys.default_name() == key.public.name else ""
    kept = f"{key.file}, for you alone{locked}" + (f"; {signs}" if signs else "")
    done = (
        f"made the key {key.public.name}, {key.public.fingerprint}\n"
        f"  {kept}\n  your reviewers trust it once: kgshare key trust '{key.public.line}'"
    )
    return _report(key.public, done)


def show_key(name: str | None, *, pem: bool) -> KeyReport:
    """The public part of a key: of this user's own, or of one that is trusted here.

    Raises:
        TrustError: there is no such key.
    """
    wanted = name or keys.default_name()
    if not wanted:
        raise TrustError("you have no key yet", hint="`kgshare build` makes one, `kgshare key create` too")
    own = [k.public for k in keys.own_keys() if wanted in (k.public.name, k.public.fingerprint)]
    trusted = read_store().find(wanted)
    if not own and trusted is None:
        raise TrustError(f"there is no key {wanted} here", hint="`kgshare key list` shows which are")
    key = own[0] if own else trusted.key if trusted else None
    assert key is not None
    return _report(key, "", as_pem=pem)


def trust_key(line: str, *, called: str | None) -> KeyReport:
    """Trust a key from now on.

    Args:
        line: the public key as one line, or a file that holds it.
        called: what to call it here, where not as the line does.

    Raises:
        TrustError: it is no key, was retired, or another has its name.
    """
    text, where = _line_of(line)
    if called and "\n" not in text:
        text = f"{' '.join(text.split()[:2])} {keys.require_name(called)}"
    key = keys.parse_line(text, where=where)
    with changing():
        store = read_store()
        after = store.trust(key, now())
        if after == store:
            known = store.find(key.fingerprint)
            return _report(known.key if known else key, f"{key.fingerprint} is trusted already")
        write_store(after)
    done = (
        f"trusted from now on: {key.name}, {key.fingerprint}\n"
        "  is that what its owner reads out? `kgshare key list` shows it there"
    )
    return _report(key, done)


def _line_of(line: str) -> tuple[str, str]:
    if line.strip().startswith(f"{keys.KIND} ") or (" " in line.strip() and not Path(line).is_file()):
        return line.strip(), ""
    try:
        return Path(line).read_text(encoding="utf-8").strip(), line
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not text"
        hint = f"give the line itself, in quotes: {keys.KIND} AAAA… name; or a file that holds it"
        raise UsageError(Problem(message=f"cannot be read: {reason}", where=line, hint=hint)) from None


def list_keys() -> KeysReport:
    """Every key that is known here: this user's own, the trusted ones, the retired ones."""
    own = {k.public.fingerprint: k.public for k in keys.own_keys()}
    default = keys.default_name()
    rows = [
        KeyRow(
            name=t.key.name,
            fingerprint=t.key.fingerprint,
            line=t.key.line,
            own=t.key.fingerprint in own,
            default=t.key.fingerprint in own and t.key.name == default,
            since=t.since,
            retired=t.retired,
            reason=t.reason,
        )
        for t in read_store().keys
    ]
    there = {row.fingerprint for row in rows}
    rows += [
        KeyRow(
            name=k.name, fingerprint=f, line=k.line, own=True, default=k.name == default,
            since=None, retired=None, reason="",
        )
        for f, k in own.items()
        if f not in there
    ]  # fmt: skip
    return KeysReport(keys=tuple(rows))


def retire_key(name: str, *, reason: str) -> KeyReport:
    """Trust a key no longer: what it signed is refused, whenever that was. If it signs here, it does so no more.

    Raises:
        TrustError: no such key is trusted.
    """
    with changing():
        before = read_store()
        write_store(before.retire(name, reason, now()))
    gone = before.find(name)
    assert gone is not None
    own = {k.public.fingerprint: k.public.name for k in keys.own_keys()}
    further = ""
    if own.get(gone.key.fingerprint, "") == keys.default_name() != "":
        keys.set_default("")
        further = "; the next build makes another key, whose line your reviewers need"
    return _report(gone.key, f"retired: {gone.key.name}, {gone.key.fingerprint}{further}")


def sign(file: Path, signing: Signing, service: Service | None = None) -> VerifyReport:
    """Sign a bundle where it is; a signature that it has is replaced.

    Raises:
        BundleError: it is none, or not as it must be.
        TrustError: there is no such key, or it cannot be had; or the service without a key did not sign.
    """
    read_bundle(file, deep=False)  # before a key is made for it
    author = author_of(signing, service)
    assert author is not None
    bundle = author.sign_file(file)
    who = None if author.mark else (service or Sigstore()).whoami()
    return VerifyReport(bundle=file, verdict=verdict_on(bundle, older=True, who=who, service=service))


def verify(file: Path, accept: Accept, *, progress: Progress) -> VerifyReport:
    """Verify a bundle as `up` does, offline, and note that it was here; nothing of it is loaded.

    Raises:
        UsageError: there is no bundle there.
        BundleError: it is not as it must be.
        TrustError: nobody who is trusted vouches for it, or it is older than one seen.
    """
    from kgshare.stack.source import open_bundle

    source, bundle = open_bundle(file, progress, accept)
    assert source.verdict is not None
    return VerifyReport(bundle=bundle.path, verdict=source.verdict)


def _report(key: PublicKey, done: str, *, as_pem: bool = False) -> KeyReport:
    return KeyReport(
        name=key.name,
        fingerprint=key.fingerprint,
        line=key.line,
        pem=key.pem,
        done=done,
        as_pem=as_pem,
    )
