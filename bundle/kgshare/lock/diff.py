"""What differs between two locks, input by input: a value, told in one line each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kgshare.lock.model import BaseBlob, DebianPackage, Jar, Lock, Locked, NpmPackage, Wheel

Row = tuple[str, str]


@dataclass(frozen=True, kw_only=True, order=True)
class Change:
    """One input at another version (or at the same with another file), new, or no longer there.

    Attributes:
        part: where it belongs, e.g. ``debian.database amd64``, ``jars.plugins``.
        name: the input's name without its version.
        old: its version, empty where it is new; with the hash where only the file differs.
        new: likewise, empty where it has gone.
    """

    part: str
    name: str
    old: str
    new: str

    def __str__(self) -> str:
        if not self.old:
            return f"{self.part}: {self.name} {self.new} (new)"
        return f"{self.part}: {self.name} {self.old} → {self.new or '(gone)'}"


@dataclass(frozen=True, kw_only=True)
class LockDiff:
    """The changes from one lock to another, sorted."""

    changes: tuple[Change, ...]

    def text(self) -> str:
        """One line a change; a sentence where there is none."""
        return "\n".join(str(change) for change in self.changes) or "no input differs"


def diff(old: Lock | None, new: Lock) -> LockDiff:
    """What becomes different when ``new`` takes the place of ``old``; with no old one everything is new."""
    before = parts_of(old) if old else {}
    after = parts_of(new)
    changes: list[Change] = []
    for part in sorted(before.keys() | after.keys()):
        one, other = _rows(before.get(part, ())), _rows(after.get(part, ()))
        for name in sorted(one.keys() | other.keys()):
            changes += _change(part, name, one.get(name), other.get(name))
    return LockDiff(changes=tuple(changes))


def _change(part: str, name: str, old: Row | None, new: Row | None) -> Iterable[Change]:
    if old == new:
        return
    if old and new and old[0] == new[0]:
        yield Change(part=part, name=name, old=f"{old[0]} ({old[1][:12]})", new=f"{new[0]} ({new[1][:12]})")
    else:
        yield Change(part=part, name=name, old=old[0] if old else "", new=new[0] if new else "")


def parts_of(lock: Lock) -> dict[str, tuple[Locked, ...]]:
    """The sets of inputs that a lock consists of, by a name for people: ``npm``, ``debian.database amd64``."""
    parts: dict[str, tuple[Locked, ...]] = {"npm": lock.npm}
    parts |= {f"jars.{name}": jars for name, jars in lock.jars.items()}
    for arch, part in lock.archs.items():
        parts |= {f"debian.{name} {arch}": packages for name, packages in part.debian.items()}
        parts |= {f"wheels.{name} {arch}": wheels for name, wheels in part.wheels.items()}
    parts |= {f"bases {arch}": blobs for arch, blobs in lock.bases.items()}
    return parts


def _rows(items: Iterable[Locked]) -> dict[str, Row]:
    return {name_of(item): (_version(item), item.sha256) for item in items if _told(item)}


def _told(item: Locked) -> bool:
    """Of a base image only its manifest is told: it names the rest."""
    return not isinstance(item, BaseBlob) or item.kind == "manifest"


def _version(item: Locked) -> str:
    return f"{item.version} sha256:{item.sha256[:12]}" if isinstance(item, BaseBlob) else item.version


def name_of(item: Locked) -> str:
    """An input without its version: what can stand once in a set."""
    match item:
        case Jar():
            return ":".join(part for part in (item.group, item.artifact, item.classifier) if part)
        case BaseBlob():
            return (
                f"{item.base} {item.reference}" if item.kind == "manifest" else f"{item.base} {item.sha256}"
            )
        case DebianPackage() | Wheel() | NpmPackage():
            return item.name
