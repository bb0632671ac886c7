"""What a project is called, whose it is and what may be done with it: from Git and the files, never made up silently."""

from __future__ import annotations

import getpass
import re
from collections.abc import Mapping
from pathlib import Path

from kgshare.doors.process import CommandFailed, CommandMissing, run
from kgshare.init.model import About

LICENCES = (
    ("Apache License", "Apache-2.0"), ("MIT License", "MIT"), ("CC0 1.0", "CC0-1.0"),
    ("Attribution-ShareAlike 4.0", "CC-BY-SA-4.0"), ("Attribution 4.0", "CC-BY-4.0"),
    ("GNU AFFERO GENERAL PUBLIC LICENSE", "AGPL-3.0-only"), ("GNU GENERAL PUBLIC LICENSE", "GPL-3.0-only"),
    ("BSD 3-Clause", "BSD-3-Clause"), ("BSD 2-Clause", "BSD-2-Clause"),
)  # fmt: skip


def about(folder: Path, source: str, names: Mapping[str, str]) -> About:
    """What is known of a project.

    Args:
        folder: where it stands, or will stand.
        source: what it is made from, for its description where there is none.
        names: what its files say: name, title, description, author.
    """
    notes: list[str] = []
    name = _name(names.get("name") or names.get("title") or folder.resolve().name)
    version = _git(folder, "describe", "--tags", "--abbrev=0").removeprefix("v")
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.+_-]*", version):
        version = "0.1.0"
        notes.append("version: there is no Git tag, so it begins with 0.1.0")
    description = names.get("description") or names.get("title") or ""
    if not description:
        description = f"{name}, from {source}"
        notes.append("description: nothing says what this is; write a sentence")
    licence = _licence(folder)
    if not licence:
        licence = "NOASSERTION"
        notes.append(
            "licence: no licence file that is known; say under which SPDX licence the data may be used"
        )
    author = (
        names.get("author")
        or _git(folder, "config", "user.name")
        or _git(folder, "log", "-1", "--format=%an")
    )
    email = "" if names.get("author") else _git(folder, "config", "user.email")
    if not author:
        author = getpass.getuser()
        notes.append(f"authors: neither the files nor Git name one, so it is this machine's user, {author}")
    return About(
        name=name, version=version, description=description, licence=licence, author=author, email=email,
        notes=tuple(notes),
    )  # fmt: skip


def _name(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    name = name if name[:1].isalpha() else f"graph-{name}".rstrip("-")
    return name[:40].rstrip("-")


def _licence(folder: Path) -> str:
    for file in sorted(folder.glob("LICEN[CS]E*")) if folder.is_dir() else []:
        text = file.read_text(encoding="utf-8", errors="replace")[:4000]
        for words, spdx in LICENCES:
            if words.lower() in text.lower():
                return spdx
    return ""


def _git(folder: Path, *words: str) -> str:
    """What Git answers in a folder that is a work tree's top; empty where it has no answer."""
    if not (folder / ".git").exists() and words[0] != "config":
        return ""
    try:
        return run(["git", *words], cwd=folder if folder.is_dir() else None).stdout.strip()
    except (CommandFailed, CommandMissing):
        return ""
