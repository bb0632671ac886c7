"""What the commands of trust return, each as text for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from kgshare.trust.verdict import Verdict, said


@dataclass(frozen=True, kw_only=True)
class KeyReport:
    """One key, as ``key create``, ``show``, ``trust`` and ``retire`` return it.

    Attributes:
        name: what it is called here.
        fingerprint: as OpenSSH writes it.
        line: the public key as one line.
        pem: the same in PEM, for cosign and openssl.
        done: what was done; empty where it was only shown.
        as_pem: whether the text is the PEM.
    """

    schema: ClassVar[str] = "key"
    name: str
    fingerprint: str
    line: str
    pem: str
    done: str = ""
    as_pem: bool = False

    def text(self) -> str:
        """What was done; else the key alone, to be sent or piped."""
        return self.done or (self.pem.rstrip("\n") if self.as_pem else self.line)


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """One key of ``key list``.

    Attributes:
        own: whether its private part is here, and ``default`` whether it signs where none is named.
        since: when it was trusted; None where it is not.
        retired: since when it is no longer trusted; None while it is; ``reason`` says why.
    """

    name: str
    fingerprint: str
    line: str
    own: bool
    default: bool
    since: datetime | None
    retired: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class KeysReport:
    """What ``key list`` returns."""

    schema: ClassVar[str] = "keys"
    keys: tuple[KeyRow, ...]

    def text(self) -> str:
        """One line a key."""
        rows = [
            f"{k.name:<20} {k.fingerprint}  {', '.join(filter(None, _states(k)))}".rstrip() for k in self.keys
        ]
        return (
            "\n".join(rows) or "no key yet; `kgshare build` makes one, `kgshare key trust 'LINE'` takes one"
        )


def _states(key: KeyRow) -> tuple[str, ...]:
    gone = f"retired {key.retired:%Y-%m-%d}" if key.retired else ""
    since = f"trusted since {key.since:%Y-%m-%d}" if key.since and not gone else ""
    why = f"{gone}: {key.reason}" if gone and key.reason else gone
    return (
        "yours" if key.own else "",
        "signs by default" if key.default else "",
        since or why or "not trusted",
    )


@dataclass(frozen=True, kw_only=True)
class VerifyReport:
    """What ``verify`` and ``sign`` return: who, when, what."""

    schema: ClassVar[str] = "verify"
    bundle: Path
    verdict: Verdict

    def text(self) -> str:
        """Who signed what, and when."""
        v = self.verdict
        rows = [
            f"{v.name} {v.version}  {'every byte is as it was signed' if v.accepted else 'every byte is as it must be'}",
            f"  digest  {v.digest}",
            *([f"  graph   {v.graph}"] if v.graph else []),
        ]
        if v.fingerprint or v.signer:
            rows += [
                f"  signer  {v.signer}, {v.fingerprint or v.issuer}",
                f"  time    {said(v.time)}, kgshare {v.kgshare}",
            ]
        return "\n".join(rows if v.accepted else [*rows, f"  {v.line()}"])
