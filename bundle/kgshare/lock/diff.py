"""What differs between two locks, input by input: a value, told in one line each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kgshare.lock.model import BaseBlob, BasePackage, DebianPackage, Jar, Lock, Locked, NpmPackage, Wheel

Row = tuple[str, str]
Named = Locked | BasePackage


@dataclass(frozen=True, kw_only=True, order=True)
class Change:
    """One input at another version (or at the same with another file), new, or no longer there.

    Attributes:
        part: where it belongs, e.g. ``debian.database amd64``, ``jars.plugins``.
        name: the input's name without its version.
        old: its version, empty where it is new; with the hash where only the file differs.
        new: likewise, empty where it has gone.
        security: whether the new version is of Debian's security suite.
    """

    part: str
    name: str
    old: str
    new: str
    security: bool = False

    def __str__(self) -> str:
        return f"{self.part}: {self.words()}"

    def words(self) -> str:
        """The change without the part that it is of."""
        security = " (security)" if self.security else ""
        if not self.old:
            return f"{self.name} {self.new} (new){security}"
        return f"{self.name} {self.old} → {self.new or '(gone)'}{security}"


@dataclass(frozen=True, kw_only=True)
class LockDiff:
    """The changes from one lock to another, sorted."""

    changes: tuple[Change, ...]

    def text(self) -> str:
        """How many, then set by set; good as the text of a proposal, also where that is Markdown."""
        if not self.changes:
            return "no input differs"
        lines = [self.headline()]
        for part in dict.fromkeys(change.part for change in self.changes):
            lines += ["", part, *(f"- {change.words()}" for change in self.changes if change.part == part)]
        return "\n".join(lines)

    def headline(self) -> str:
        """One line: how many inputs, each counted once however many sets it is in, and which are security updates."""
        inputs = {(change.part.partition(".")[0], change.name) for change in self.changes}
        secure = sorted({change.name for change in self.changes if change.security})
        said = f"; security updates: {', '.join(secure)}" if secure else "; none is a security update"
        return f"{len(inputs)} input{'s differ' if len(inputs) != 1 else ' differs'}{said}"


def diff(old: Lock | None, new: Lock) -> LockDiff:
    """What becomes different when ``new`` takes the place of ``old``; with no old one everything is new."""
    before = parts_of(old) if old else {}
    after = parts_of(new)
    changes: list[Change] = []
    for part in sorted(before.keys() | after.keys()):
        one, other = _rows(before.get(part, ())), _rows(after.get(part, ()))
        secure = {name_of(item) for item in after.get(part, ()) if from_security(item)}
        for name in sorted(one.keys() | other.keys()):
            changes += _change(part, name, one.get(name), other.get(name), name in secure)
    return LockDiff(changes=tuple(changes))


def from_security(item: Named) -> bool:
    """Whether an input is a security update that is in no point release yet."""
    return isinstance(item, DebianPackage) and item.suite.endswith("-security")


def _change(part: str, name: str, old: Row | None, new: Row | None, security: bool) -> Iterable[Change]:
    if old == new:
        return
    if old and new and old[0] == new[0]:
        was, now = f"{old[0]} ({old[1][:12]})", f"{new[0]} ({new[1][:12]})"
    else:
        was, now = old[0] if old else "", new[0] if new else ""
    yield Change(part=part, name=name, old=was, new=now, security=security)


def parts_of(lock: Lock) -> dict[str, tuple[Named, ...]]:
    """The sets of inputs that a lock consists of, by a name for people: ``npm``, ``debian.database amd64``."""
    parts: dict[str, tuple[Named, ...]] = {"npm": lock.npm}
    parts |= {f"jars.{name}": jars for name, jars in lock.jars.items()}
    for arch, part in lock.archs.items():
        parts |= {f"debian.{name} {arch}": packages for name, packages in part.debian.items()}
        parts |= {f"wheels.{name} {arch}": wheels for name, wheels in part.wheels.items()}
    parts |= {f"bases {arch}": blobs for arch, blobs in lock.bases.items()}
    parts |= {f"packages of the bases {arch}": rows for arch, rows in lock.base_packages.items()}
    return parts


def _rows(items: Iterable[Named]) -> dict[str, Row]:
    return {name_of(item): (_version(item), item.sha256) for item in items if _told(item)}


def _told(item: Named) -> bool:
    """Of a base image only its manifest is told: it names the rest."""
    return not isinstance(item, BaseBlob) or item.kind == "manifest"


def _version(item: Named) -> str:
    return f"{item.version} sha256:{item.sha256[:12]}" if isinstance(item, BaseBlob) else item.version


def name_of(item: Named) -> str:
    """An input without its version: what can stand once in a set."""
    match item:
        case Jar():
            return ":".join(part for part in (item.group, item.artifact, item.classifier) if part)
        case BaseBlob():
            return (
                f"{item.base} {item.reference}" if item.kind == "manifest" else f"{item.base} {item.sha256}"
            )
        case BasePackage():
            return f"{item.base} {item.name}"
        case DebianPackage() | Wheel() | NpmPackage():
            return item.name
