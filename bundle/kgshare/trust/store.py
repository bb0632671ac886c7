"""Whose keys are trusted on this machine by this user, and which were retired: one file, ``trusted.json``."""

from __future__ import annotations

import json
import os
import stat
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kgshare.aside import write_aside
from kgshare.errors import Problem, TrustError
from kgshare.places import config_dir
from kgshare.progress import Progress
from kgshare.trust.keys import PublicKey, parse_line

FILE = "trusted.json"


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """A key that was trusted once.

    Attributes:
        key: what it is, under the name it is known by here.
        since: when it was trusted.
        retired: since when it is no longer; None while it is.
        reason: why it was retired, in its owner's or this user's words.
    """

    key: PublicKey
    since: datetime
    retired: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TrustStore:
    """Every key that was ever trusted here, in that order."""

    keys: tuple[Trusted, ...] = ()

    def find(self, name: str) -> Trusted | None:
        """The key of a fingerprint; else that of a name which is not retired; else the last of that name."""
        found = [t for t in self.keys if name in (t.key.fingerprint, t.key.name)]
        return next((t for t in found if not t.retired), found[-1] if found else None)

    def trust(self, key: PublicKey, now: datetime) -> TrustStore:
        """With one key more; the same store where it is there already.

        Raises:
            TrustError: it was retired, or another key has that name.
        """
        same = self.find(key.fingerprint)
        if same and same.retired:
            raise TrustError(
                f"the key {key.fingerprint} was retired on {same.retired:%Y-%m-%d}" + because(same.reason),
                hint="ask its owner for the line of the key that took its place",
            )
        if same:
            return self
        other = next((t for t in self.keys if t.key.name == key.name and not t.retired), None)
        if other:
            raise TrustError(
                f"another key is trusted as {key.name}: {other.key.fingerprint}; this one is {key.fingerprint}",
                hint=f"if both are good, `--as ANOTHER-NAME`; if this one takes its place, `kgshare key retire {key.name}` first",
            )
        return TrustStore(keys=(*self.keys, Trusted(key=key, since=now)))

    def retire(self, name: str, reason: str, now: datetime) -> TrustStore:
        """With one key retired: what it signed is refused from now on, whenever it was signed.

        Raises:
            TrustError: no key of that name or fingerprint is trusted.
        """
        found = self.find(name)
        if found is None or found.retired:
            when = f"; it was retired on {found.retired:%Y-%m-%d}" if found and found.retired else ""
            raise TrustError(
                f"no key {name} is trusted here{when}", hint="`kgshare key list` shows which are"
            )
        gone = replace(found, retired=now, reason=reason)
        return TrustStore(keys=tuple(gone if t is found else t for t in self.keys))


def because(reason: str) -> str:
    """A reason after what happened; empty where there is none."""
    return f": {reason}" if reason else ""


def now() -> datetime:
    """This machine's clock, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def changing() -> AbstractContextManager[None]:
    """One kgshare at a time makes a key or changes whose are trusted, so that nothing of two at once is lost."""
    from kgshare.stack.alone import alone  # only where something changes: a build that does nothing is quick

    return alone("kgshare-keys", Progress(quiet=True))


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    key: str
    since: datetime
    retired: datetime | None = None
    reason: str = ""


class _Rows(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    keys: list[_Row]


def read_store() -> TrustStore:
    """The keys trusted here; none where there is no file yet.

    Raises:
        TrustError: the file is not one, or others may write it.
    """
    file = config_dir() / FILE
    try:
        with file.open("rb") as stream:
            _require_ours(file, os.fstat(stream.fileno()))
            text = stream.read()
    except FileNotFoundError:
        return TrustStore()
    except OSError as error:
        raise TrustError(Problem(message=f"cannot be read: {error.strerror}", where=str(file))) from None
    try:
        rows = _Rows.model_validate_json(text).keys
        return TrustStore(keys=tuple(_trusted(row, str(file)) for row in rows))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        hint = "put it right, or remove it and trust the keys again (`kgshare key trust`)"
        raise TrustError(
            Problem(message=f"{place or 'file'}: {first['msg'].lower()}", where=str(file), hint=hint)
        ) from None


def write_store(store: TrustStore) -> None:
    """Write the keys trusted here, for this user only."""
    config_dir().mkdir(parents=True, exist_ok=True, mode=0o700)
    rows: list[dict[str, Any]] = [
        {
            "key": t.key.line,
            "since": t.since.isoformat(),
            "retired": t.retired and t.retired.isoformat(),
            "reason": t.reason,
        }
        for t in store.keys
    ]
    text = json.dumps({"keys": rows}, indent=2, ensure_ascii=False) + "\n"
    write_aside(config_dir() / FILE, text, mode=0o600)


def _trusted(row: _Row, where: str) -> Trusted:
    times = (row.since, row.retired or row.since)
    if any(t.tzinfo is None for t in times):
        raise TrustError(Problem(message=f"a time without its zone: {row.key}", where=where))
    return Trusted(
        key=parse_line(row.key, where=where), since=row.since, retired=row.retired, reason=row.reason
    )


def _require_ours(file: Path, facts: os.stat_result) -> None:
    if os.name != "posix":
        return
    if facts.st_uid not in (os.geteuid(), 0):
        hint = "see who may write its folder, remove it, and trust the keys again (`kgshare key trust`)"
        raise TrustError(Problem(message="belongs to another user", where=str(file), hint=hint))
    if stat.S_IMODE(facts.st_mode) & 0o022:
        reason = "others may write it, so anybody could have added a key"
        hint = f"look at it (`kgshare key list` afterwards), then `chmod 600 {file}`"
        raise TrustError(Problem(message=reason, where=str(file), hint=hint))
