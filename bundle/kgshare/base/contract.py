"""What a base image must be, whoever made it: the contract of docs/how-to/choose-a-base.md. Pure.

From an image's configuration and the entries of its file system to what is wrong with it, and to where its Java or Python is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kgshare.base.spec import SPECS
from kgshare.base.tree import Entry, refuse
from kgshare.errors import Problem
from kgshare.lock.model import BaseRole

JAVA, PYTHON = 21, (3, 11)  # the oldest that kgshare's classes and its page run on
# The GNU C library's loader: native libraries in jars and wheels (manylinux) are linked against it.
LOADERS = re.compile(r"(usr/)?(lib64/ld-linux-x86-64\.so\.2|lib/ld-linux-aarch64\.so\.1)")
_PYTHON = re.compile(r"usr/bin/python3\.(\d+)")
_RELEASE = re.compile(r'^JAVA_VERSION="([^"]+)"', re.MULTILINE)
Read = Callable[[str], str]
"""From the path of a file in the image to its text; empty where it has none."""


@dataclass(frozen=True, kw_only=True)
class Runs:
    """What a base image runs: the version of its Java or Python, and its Java home or folder of site packages."""

    version: str
    path: str


def wrong(
    config: Mapping[str, Any], tree: Iterable[Entry], read: Read, *, role: BaseRole, arch: str
) -> tuple[list[Problem], Runs]:
    """Every way in which a base image breaks the contract, and what it runs (empty where that is what is wrong).

    Args:
        config: the image's configuration (OCI image specification 1.1, ``config.md``).
        tree: its file system.
        read: reads one of its files.
        role: what is to stand on it.
        arch: what it must be for.
    """
    entries = list(tree)
    paths = {entry.path: entry for entry in entries}
    problems = [*_wrong_config(config, read, arch)]
    problems += refuse(entries, SPECS[role])
    if not any(LOADERS.fullmatch(path) for path in paths):
        problems.append(
            Problem(message="has no GNU C library, which native libraries in jars and wheels are linked with")
        )
    runs, reason = (_java if role == "database" else _python)(paths, read)
    if reason:
        problems.append(Problem(message=reason))
    return problems, runs


def _wrong_config(config: Mapping[str, Any], read: Read, arch: str) -> Iterator[Problem]:
    here = f"{config.get('os', '')}/{config.get('architecture', '')}"
    if here != f"linux/{arch}":
        yield Problem(message=f"is for {here}, and linux/{arch} is wanted")
    user = str((config.get("config") or {}).get("User") or "").partition(":")[0]
    number = user if user.isdigit() else _number(user, read("etc/passwd"))
    if number in ("", "0"):
        said = (
            "runs as root" if user in ("", "0", "root") else f"runs as {user}, who is not in its etc/passwd"
        )
        yield Problem(message=f"{said}: a hardened image has a user of its own, such as 65532")


def _number(user: str, passwd: str) -> str:
    rows = (line.split(":") for line in passwd.splitlines())
    return next((row[2] for row in rows if user and row[0] == user and len(row) > 2), "")


def _java(paths: Mapping[str, Entry], read: Read) -> tuple[Runs, str]:
    homes = sorted(
        path.removesuffix("/bin/java")
        for path, entry in paths.items()
        if path.endswith("/bin/java")
        and entry.kind == "file"
        and f"{path.removesuffix('/bin/java')}/release" in paths
    )
    if not homes:
        return Runs(version="", path=""), "has no Java runtime: a folder with bin/java and release"
    home = homes[-1]
    found = _RELEASE.search(read(f"{home}/release"))
    version = found[1] if found else ""
    runs = Runs(version=version, path=home)
    if not version.partition(".")[0].isdigit() or int(version.partition(".")[0]) < JAVA:
        return runs, f"has Java {version or 'of no version'} in {home}, and {JAVA} or newer is wanted"
    return runs, ""


def _python(paths: Mapping[str, Entry], read: Read) -> tuple[Runs, str]:
    minors = sorted(int(found[1]) for path in paths if (found := _PYTHON.fullmatch(path)))
    if not minors:
        return Runs(version="", path=""), "has no Python: usr/bin/python3.N"
    version = f"3.{minors[-1]}"
    site = f"usr/lib/python{version}/site-packages"
    runs = Runs(version=version, path=site if site in paths else "")
    if (3, minors[-1]) < PYTHON:
        return runs, f"has Python {version}, and 3.{PYTHON[1]} or newer is wanted"
    return runs, ""
