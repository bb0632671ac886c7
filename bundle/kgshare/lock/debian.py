"""Debian packages: which a base consists of, and proof that no shell and no package manager is among them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

from kgshare.errors import LockError, Problem
from kgshare.lock.apt import LEFT_OUT, Apt, Choice, runner_of_this_machine
from kgshare.lock.model import Arch, DebianPackage, DebianSet

# What must never be in a base that runs: it would give an intruder hands.
SHELLS = {"ash", "bash", "bash-static", "busybox", "busybox-static", "csh", "dash", "elvish", "fish", "ksh93u+m",
          "mksh", "posh", "sash", "tcsh", "toybox", "yash", "zsh", "zsh-static"}  # fmt: skip
MANAGERS = {
    "apt",
    "aptitude",
    "cdebootstrap",
    "debootstrap",
    "dpkg",
    "mmdebstrap",
    "npm",
    "python3-pip",
    "rpm",
    "snapd",
}
FORBIDDEN = SHELLS | MANAGERS
HARDENED: tuple[DebianSet, ...] = ("database", "application")

Record = dict[str, str]


def apt_root(cache: Path, suite: str, arch: Arch) -> Apt:
    """The private apt of a suite and architecture in the cache folder."""
    return Apt(
        root=cache / "apt" / f"{suite}-{arch}", suite=suite, arch=arch, runner=runner_of_this_machine()
    )


def resolve_debian(
    apt: Apt, needs: Mapping[DebianSet, tuple[str, ...]]
) -> dict[DebianSet, tuple[DebianPackage, ...]]:
    """Each base's packages with all they depend on, at the newest version the suite has.

    Raises:
        LockError: a package is unknown, the mirror is out of reach, or a base would have a shell in it.
    """
    with apt.alone():
        apt.prepare()
        apt.update()
        return {which: closure(apt, which, names) for which, names in needs.items()}


def closure(apt: Apt, which: DebianSet, names: Iterable[str]) -> tuple[DebianPackage, ...]:
    """The packages of one base; ``names`` may pin versions as ``name=version``. Wants an updated ``apt``."""
    asked = list(names)
    chosen = apt.simulate(asked)
    records = {(r["Package"], r["Version"]): r for r in apt.show([f"{c.name}={c.version}" for c in chosen])}
    if which in HARDENED:
        refuse_forbidden(which, asked, [records[c.name, c.version] for c in chosen])
    return tuple(package_of(choice, records[choice.name, choice.version]) for choice in chosen)


def package_of(choice: Choice, record: Record) -> DebianPackage:
    """One locked package from apt's choice and the ``Packages`` record, whose signature apt has checked."""
    # "Source: glibc (2.41-12)" names another version than the package's own; only the name is wanted.
    source = record.get("Source", choice.name).split(" ")[0]
    return DebianPackage(
        name=choice.name, version=choice.version, suite=choice.suite, architecture=record["Architecture"],
        sha256=record["SHA256"], size=int(record["Size"]), source=source,
    )  # fmt: skip


def refuse_forbidden(which: DebianSet, roots: Iterable[str], records: Iterable[Record]) -> None:
    """Raise a LockError that names, for each shell or package manager in a base, the chain that brings it."""
    by_name = {record["Package"]: record for record in records}
    problems = [
        Problem(
            message=f"the {which} base would contain {name}: {' → '.join(chain_to(name, roots, by_name))}",
            hint="a base has no shell and no package manager: leave out what brings it",
        )
        for name in sorted(FORBIDDEN & by_name.keys())
    ]
    if problems:
        raise LockError(*problems)


def chain_to(name: str, roots: Iterable[str], by_name: Mapping[str, Record]) -> list[str]:
    """The shortest chain of dependencies from a root to ``name``, both included."""
    provided: dict[str, list[str]] = {}
    for package, record in by_name.items():
        for virtual in _names(record.get("Provides", "")):
            provided.setdefault(virtual, []).append(package)
    waiting = deque([root.partition("=")[0]] for root in roots)
    seen: set[str] = set()
    while waiting:
        chain = waiting.popleft()
        if chain[-1] == name:
            return chain
        record = by_name.get(chain[-1], {})
        for depended in _names(f"{record.get('Pre-Depends', '')},{record.get('Depends', '')}"):
            for package in [depended, *provided.get(depended, [])]:
                if package in by_name and package not in seen:
                    seen.add(package)
                    waiting.append([*chain, package])
    return [name]


def _names(relations: str) -> list[str]:
    """The package names in a relationship field: versions, architectures and alternatives' bars taken away."""
    alternatives = (part for group in relations.split(",") for part in group.split("|"))
    return [words[0].partition(":")[0] for words in (part.split() for part in alternatives) if words]


def gone(apt: Apt, packages: Iterable[DebianPackage]) -> list[DebianPackage]:
    """Of these locked packages, those whose version the mirror no longer has. Wants an updated ``apt``."""
    wanted = list(packages)
    records = apt.show(sorted({package.name for package in wanted}))
    there = {(r["Package"], r["Version"]) for r in records if "SHA256" in r}
    return [package for package in wanted if (package.name, package.version) not in there]


def lock_anew(apt: Apt, which: DebianSet, packages: Iterable[DebianPackage], lost: Iterable[DebianPackage]) -> tuple[DebianPackage, ...]:  # fmt: skip
    """A base with the lost packages at the version the mirror has now and all others kept where they are.

    Where a new version depends on something that was not there before, that comes along. Wants an updated ``apt``.
    """
    names_lost = {package.name for package in lost}
    kept = {package.name: package for package in packages}
    pins = [
        n if n in names_lost else f"{n}={p.version}" for n, p in sorted(kept.items()) if n not in LEFT_OUT
    ]
    anew = closure(apt, which, pins)
    same = ((kept.get(p.name), p) for p in anew)
    return tuple(
        old if old and old.version == new.version and old.sha256 == new.sha256 else new for old, new in same
    )
