"""A repository from elsewhere, brought here by the user's own Git without running anything that it says.

It is fetched into a repository that is made here, empty of hooks and of a template; submodules are left alone; only the transport
of the address may be used (``GIT_ALLOW_PROTOCOL``), which shuts out ``ext::`` and other helpers; and no program is started for
large files (``GIT_LFS_SKIP_SMUDGE``). What Git is told by the user's own configuration (proxies, certificates, credentials) holds.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kgshare.doors.process import CommandFailed, CommandMissing, last_lines, run
from kgshare.errors import ObtainError, Problem
from kgshare.obtain.address import Address, shown
from kgshare.obtain.kept import prune
from kgshare.progress import Progress
from kgshare.review.git import ENVIRONMENT
from kgshare.turn import wait_for

SETTINGS = (
    f"core.hooksPath={os.devnull}", "core.fsmonitor=false", "submodule.recurse=false", "fetch.recurseSubmodules=false",
    "transfer.fsckObjects=true", "core.protectHFS=true", "core.protectNTFS=true", "protocol.version=2", "gc.auto=0",
    "advice.detachedHead=false", "core.autocrlf=false", "http.lowSpeedLimit=1000", "http.lowSpeedTime=60",
)  # fmt: skip
EVERYTHING = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
HEAD = "refs/kgshare/head"
DEFAULT = f"+HEAD:{HEAD}"
_HEX = re.compile(r"[0-9a-f]{7,64}")
_NAME = re.compile(r"[\w][\w./+-]*")
_TRANSPORTS = {"https": "https", "http": "http", "ssh": "ssh", "file": "file"}


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A repository here, and where it is from.

    Attributes:
        root: its folder in kgshare's cache.
        address: where it is from.
    """

    root: Path
    address: Address

    def run(self, *words: str, cwd: Path | None = None) -> str:
        """What a Git command prints.

        Raises:
            CommandFailed: it failed.
            ObtainError: there is no Git.
        """
        options = [part for setting in SETTINGS for part in ("-c", setting)]
        environment = {
            "LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": transport(self.address),
            "GIT_LFS_SKIP_SMUDGE": "1", "GIT_OPTIONAL_LOCKS": "0",
        }  # fmt: skip
        try:
            return run(
                ["git", *options, *words], cwd=cwd or self.root, without=ENVIRONMENT, env=environment
            ).stdout
        except CommandMissing:
            raise ObtainError("git is not installed, which brings a repository here") from None

    def commit(self, revision: str) -> str:
        """The name of a revision's commit: a tag's, else a branch's, else the commit itself; empty where there is none."""
        ways = [f"refs/tags/{revision}", f"refs/remotes/origin/{revision}"] if revision else [HEAD]
        ways += [revision] if _HEX.fullmatch(revision) else []
        for way in (*ways, *([asked(revision)] if revision else [])):
            try:
                return self.run(
                    "rev-parse", "--verify", "--quiet", "--end-of-options", f"{way}^{{commit}}"
                ).strip()
            except CommandFailed:
                continue
        return ""

    def text(self, commit: str, path: str, limit: int) -> bytes | None:
        """A file as a commit has it; None where there is none, or it is larger than ``limit`` bytes."""
        try:
            name = f"{commit}:{path}"
            if int(self.run("cat-file", "-s", name)) > limit:
                return None
            return self.run("cat-file", "blob", name).encode()
        except CommandFailed:
            return None

    def places(self, commit: str, name: str) -> list[str]:
        """The folders of a commit in which a file of that name stands; ``.`` for the top."""
        files = self.run("ls-tree", "-r", "-z", "--name-only", commit).split("\0")
        return sorted(file.rpartition("/")[0] or "." for file in files if file.rpartition("/")[2] == name)

    def about(self, commit: str) -> str:
        """A commit in a line: its name, day, author and subject."""
        return self.run("log", "-1", "--format=%h, %as, %an: %s", commit).strip()

    def checkout(self, commit: str) -> Path:
        """The files of a commit in a folder of their own; what a former build left there stays."""
        folder = self.root / "kgshare-files" / commit[:16]
        try:
            if not (folder / ".git").exists():
                shutil.rmtree(folder, ignore_errors=True)
                self.run("worktree", "prune")
                self.run("worktree", "add", "--quiet", "--force", "--detach", str(folder), commit)
            else:
                self.run("reset", "--quiet", "--hard", commit, cwd=folder)
            os.utime(folder)
            prune(folder.parent)
        except CommandFailed as error:
            raise self.failed("its files cannot be written", error) from None
        return folder

    def failed(self, what: str, error: CommandFailed, hint: str = "") -> ObtainError:
        """The error for a Git command that failed."""
        said = last_lines(error.output.replace(self.address.url, self.address.shown), 4)
        return ObtainError(Problem(message=f"{what}: {said}", where=self.address.shown, hint=hint))


@contextmanager
def cloned(address: Address, cache: Path, progress: Progress) -> Iterator[Clone]:
    """The repository of an address as it is there now; nobody else changes it here meanwhile.

    Raises:
        ObtainError: there is none, it cannot be reached, or it is broken.
    """
    root = cache / "repositories" / hashlib.sha256(address.url.encode()).hexdigest()[:32]
    clone = Clone(root=root, address=address)
    root.mkdir(parents=True, exist_ok=True)
    with root.with_suffix(".lock").open("ab") as lock:
        wait_for(lock, lambda: progress.say(f"another kgshare fetches {address.shown}: waiting for it"))
        with progress.stage(f"fetch {address.shown}"):
            _fetch(clone)
        os.utime(root)
        yield clone
        os.utime(root)
    prune(cache / "repositories")


def asked(revision: str) -> str:
    """Where a revision is kept that is neither a tag nor a branch: under its own name and no other."""
    return f"refs/kgshare/asked/{hashlib.sha256(revision.encode()).hexdigest()}"


def transport(address: Address) -> str:
    """What ``GIT_ALLOW_PROTOCOL`` allows: the transport of the address and, of the web's, what a user's ``insteadOf`` makes of it."""
    scheme = address.url.partition("://")[0] if "://" in address.url else ""
    if not scheme:
        return "file" if Path(address.url).is_absolute() else "ssh"
    return "https:ssh" if scheme == "https" else _TRANSPORTS[scheme]


def _fetch(clone: Clone) -> None:
    address = clone.address
    try:
        if not (clone.root / "HEAD").exists():
            clone.run("init", "--quiet", "--bare", "--template=")
        try:
            _get(clone, *EVERYTHING, DEFAULT)
        except CommandFailed as error:
            if not address.revision or "remote ref HEAD" not in error.output:
                raise
            _get(clone, *EVERYTHING)  # its default branch has no commit yet, another may
        if not address.revision:
            return
        ref = asked(address.revision)
        clone.run("update-ref", "-d", ref)  # what was there under this name before
        if not clone.commit(address.revision) and _NAME.fullmatch(address.revision):
            _get(clone, f"+{address.revision}:{ref}", must=False)
    except CommandFailed as error:
        raise clone.failed("cannot be fetched", error, _hint(error.output)) from None


def _get(clone: Clone, *refs: str, must: bool = True) -> None:
    words = (
        "fetch",
        "--quiet",
        "--force",
        "--prune",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
    )
    try:
        clone.run(*words, "--", clone.address.url, *refs)
    except CommandFailed:
        if must:
            raise


def _hint(output: str) -> str:
    hints = {
        "couldn't find remote ref HEAD": "the repository is empty, or its default branch is: name a revision with @REV",
        "dubious ownership": "it belongs to another user of this machine: `git config --global --add safe.directory PATH` trusts it",
        "could not read Username": "it is not there, or it wants a user: set up a credential helper of Git, or use ssh://",
        "Permission denied": "see that your key is known there, and loaded: `ssh-add -l`",
        "not allowed": "kgshare lets Git use only the transport of the address",
        "fsck error": "its history holds an object that Git takes for damaged or hostile",
    }
    return next((hint for part, hint in hints.items() if part in output), "see that the address is right")


def shown_revision(address: Address) -> str:
    """The address with its revision, as it may be shown."""
    return f"{shown(address.url)}{f'@{address.revision}' if address.revision else ''}"
