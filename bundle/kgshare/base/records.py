"""The packages that a base image says it consists of: apk's or dpkg's own records in it. Pure.

Forms: https://wiki.alpinelinux.org/wiki/Apk_spec (``installed``), Debian Policy 5.3 (``status``), and one file a package in ``status.d``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from debian.deb822 import Deb822

from kgshare.base.contract import Read
from kgshare.base.tree import Entry
from kgshare.lock.model import BasePackage, BaseRole

APK = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
STATUS, STATUS_D = "var/lib/dpkg/status", "var/lib/dpkg/status.d/"


def packages_of(tree: Iterable[Entry], read: Read, base: BaseRole) -> tuple[BasePackage, ...]:
    """Every package of a base image, sorted; none where it keeps no records.

    Args:
        tree: its file system.
        read: reads one of its files.
        base: what stands on it.
    """
    paths = [entry.path for entry in tree if entry.kind == "file"]
    distro, release = _distribution(read("etc/os-release") or read("usr/lib/os-release"))
    rows = [row for path in paths if path in APK for row in _apk(read(path))]
    debs = [
        path
        for path in paths
        if path == STATUS or (path.startswith(STATUS_D) and not path.endswith(".md5sums"))
    ]
    rows += [row for path in debs for row in _dpkg(read(path))]
    found = {
        BasePackage(
            base=base, form=form, distro=distro, release=release, name=name, version=version, architecture=architecture,
            licence=licence, source=source,
        )
        for form, name, version, architecture, licence, source in rows
        if name and version
    }  # fmt: skip
    return tuple(sorted(found))


def _distribution(text: str) -> tuple[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    said = {key: value.strip("\"'") for key, _, value in pairs}
    return said.get("ID", "linux"), said.get("VERSION_CODENAME") or said.get("VERSION_ID", "")


def _apk(text: str) -> Iterator[tuple[str, ...]]:
    for paragraph in text.split("\n\n"):
        row = {line[0]: line[2:] for line in paragraph.splitlines() if line[1:2] == ":"}
        yield "apk", row.get("P", ""), row.get("V", ""), row.get("A", ""), row.get("L", ""), row.get("o", "")


def _dpkg(text: str) -> Iterator[tuple[str, ...]]:
    for row in Deb822.iter_paragraphs(text, use_apt_pkg=False):
        if "installed" in str(row.get("Status", "installed")).split():
            name = str(row.get("Package", ""))
            source = str(row.get("Source", name)).partition(" ")[0]
            yield "deb", name, str(row.get("Version", "")), str(row.get("Architecture", "")), "", source
