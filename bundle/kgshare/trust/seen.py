"""Which bundles were accepted here: by name and signer the newest, so that an older one handed over later is noticed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from kgshare.aside import write_aside
from kgshare.errors import Problem, TrustError
from kgshare.places import state_dir
from kgshare.trust.verdict import Seen, Verdict, is_older


def read_seen(name: str) -> Mapping[str, Seen]:
    """The newest bundle of a name that was accepted here, by `Verdict.who`.

    Raises:
        TrustError: the note is not one.
    """
    file = _file(name)
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        return {
            who: Seen(
                version=str(row["version"]),
                time=datetime.fromisoformat(row["time"]).astimezone(UTC),
                digest=str(row["digest"]),
            )
            for who, row in rows.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        hint = f"remove it: which {name} is the newest will then be learnt anew"
        raise TrustError(Problem(message=f"cannot be read: {error}", where=str(file), hint=hint)) from None


def note_seen(verdict: Verdict) -> None:
    """Note an accepted bundle, where it is not older than what is noted."""
    if not verdict.accepted or verdict.time is None:
        return
    rows = dict(read_seen(verdict.name))
    last = rows.get(verdict.who)
    mine = Seen(version=verdict.version, time=verdict.time, digest=verdict.digest)
    if last == mine or (last and is_older(mine, last)):
        return
    rows[verdict.who] = mine
    text = json.dumps(
        {k: {"version": s.version, "time": s.time.isoformat(), "digest": s.digest} for k, s in rows.items()},
        indent=2,
    )
    write_aside(_file(verdict.name), text + "\n", mode=0o600)


def _file(name: str) -> Path:
    return state_dir() / "seen" / f"{name}.json"
