"""What reviews need of Git, by its own command: who one is, who added a file when, a commit, a branch with one commit."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kgshare.doors.process import CommandFailed, CommandMissing, Completed, run
from kgshare.errors import KgshareError, Problem, UsageError

# A hook or an alias that runs kgshare sets variables that would lead Git elsewhere.
ENVIRONMENT = (
    "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
)  # fmt: skip
FIELDS = ("%H", "%an <%ae>", "%aI", "%cn <%ce>", "%G?", "%GS", "%s")
SIGNATURES: Mapping[str, str] = {
    "G": "good", "B": "bad", "U": "by an unknown key", "X": "good, expired", "Y": "by an expired key",
    "R": "by a revoked key", "E": "by a key that is not at hand", "N": "",
}  # fmt: skip


class GitError(KgshareError):
    """Git refused; carries what it said."""

    exit_code = 1
    kind = "git"


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit.

    Attributes:
        sha: its name.
        author: ``Name <address>``; committer: who brought it in, the same form.
        date: the author's, ISO 8601.
        signature: what Git says of it, in words; empty where there is none.
        signer: whose key it was, if it is known.
        subject: its first line.
    """

    sha: str
    author: str
    date: str
    committer: str
    signature: str
    signer: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository with a working tree; ``root`` is its top folder."""

    root: Path

    def run(self, *words: str, config: Sequence[str] = (), cwd: Path | None = None) -> str:
        """What a Git command prints.

        Raises:
            GitError: it failed.
        """
        options = [part for setting in config for part in ("-c", setting)]
        try:
            done: Completed = run(
                ["git", *options, *words], cwd=cwd or self.root, without=ENVIRONMENT,
                env={"LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0"},
            )  # fmt: skip
        except CommandFailed as error:
            message = f"git {words[0]} failed: {error.output.strip() or error.code}"
            raise GitError(Problem(message=message, where=str(self.root))) from None
        return done.stdout

    def exists(self, revision: str) -> bool:
        """Whether something is a commit here."""
        if revision.startswith("-"):
            return False
        try:
            self.run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        except GitError:
            return False
        return True

    def head(self, revision: str = "HEAD") -> str:
        """The name of a revision's commit; empty where there is none yet."""
        return (
            self.run("rev-parse", "--verify", f"{revision}^{{commit}}").strip()
            if self.exists(revision)
            else ""
        )

    def private(self, name: str) -> Path:
        """A file or folder of ours inside ``.git``."""
        return self.root / self.run("rev-parse", "--git-path", name).strip()

    def inside(self, path: Path) -> str:
        """A path as Git names it."""
        return path.resolve().relative_to(self.root.resolve()).as_posix()

    def files(self, revision: str, folder: str) -> dict[str, bytes]:
        """The ``*.toml`` of a folder in a revision, by name."""
        names = self.run("ls-tree", "-z", "--name-only", revision, f"{folder}/").split("\0")
        wanted = [name for name in names if name.endswith(".toml")]
        return {name.rpartition("/")[2]: self.run("show", f"{revision}:{name}").encode() for name in wanted}

    def adders(
        self, folder: str, *, signers: Path | None = None, revision: str = "HEAD"
    ) -> dict[str, Commit]:
        """The commit that brought each file of a folder in as it is now, by the file's path below the folder.

        Args:
            folder: as Git names it.
            signers: the file of keys that are known, for SSH signatures; the user's own settings when not given.
            revision: where to look.
        """
        if not self.exists(revision):
            return {}
        config = [f"gpg.ssh.allowedSignersFile={signers.resolve()}"] if signers else []
        form = "%x1e" + "%x1f".join(FIELDS) + "%x1f"
        text = self.run(
            "log", "-z", "--no-renames", "--name-only", "--diff-filter=AM", f"--format={form}", revision, "--", folder,
            config=config,
        )  # fmt: skip
        found: dict[str, Commit] = {}
        for entry in text.split("\x1e")[1:]:
            sha, author, date, committer, signature, signer, subject, names = entry.split("\x1f", 7)
            commit = Commit(
                sha=sha, author=author, date=date, committer=committer, signer=signer, subject=subject,
                signature=SIGNATURES.get(signature, signature),
            )  # fmt: skip
            for name in names.split("\0"):
                path = name.strip("\n").removeprefix(f"{folder}/")
                if path and path != name:
                    found.setdefault(path, commit)
        return found

    def commit(self, paths: Sequence[Path], message: str, *, author: str, date: str) -> str:
        """Commit some files, and nothing else that may be staged; returns the commit's name.

        Raises:
            GitError: Git refused, e.g. because a hook did; nothing is staged that was not before.
        """
        names = [self.inside(path) for path in paths]
        self.run("add", "--all", "--", *names)
        try:
            self.run("commit", "--quiet", "-m", message, f"--author={author}", f"--date={date}", "--", *names)
        except GitError:
            self.run("reset", "--quiet", "--", *names)
            raise
        return self.head()

    def branch(
        self, name: str, file: str, data: bytes, message: str, *, author: str, date: str, start: str = "HEAD"
    ) -> str:
        """Make a branch with one commit that adds a file; the working tree and the branch one is on are left alone.

        Raises:
            GitError: there is such a branch, or Git refused.
        """
        with tempfile.TemporaryDirectory(prefix="kgshare-branch-") as folder:
            tree = Path(folder) / "tree"
            self.run("worktree", "add", "--quiet", "--no-checkout", "-b", name, str(tree), start)
            try:
                self.run("read-tree", "HEAD", cwd=tree)
                (tree / file).parent.mkdir(parents=True, exist_ok=True)
                (tree / file).write_bytes(data)
                self.run("add", "--", file, cwd=tree)
                self.run("commit", "--quiet", "-m", message, f"--author={author}", f"--date={date}", cwd=tree)
            except GitError:
                self.run("worktree", "remove", "--force", str(tree))
                self.run("branch", "-D", name)
                raise
            self.run("worktree", "remove", "--force", str(tree))
        return self.head(name)


def repository(folder: Path) -> Repository | None:
    """The repository that a folder is in; None where it is in none, or there is no Git."""
    try:
        top = run(["git", "rev-parse", "--show-toplevel"], cwd=folder, without=ENVIRONMENT).stdout
    except (CommandFailed, CommandMissing, OSError):
        return None
    return Repository(root=Path(top.rstrip("\n")))


def author_here(folder: Path) -> str:
    """``Name <address>`` as Git would write it for a commit made in a folder.

    Raises:
        UsageError: Git does not know it.
    """
    try:
        said = run(["git", "var", "GIT_AUTHOR_IDENT"], cwd=folder, without=ENVIRONMENT[:2]).stdout
        # Git makes an address up from the machine's name where none is set; nobody can answer to that.
        if (
            os.environ.get("GIT_AUTHOR_EMAIL")
            or run(["git", "config", "user.email"], cwd=folder).stdout.strip()
        ):
            return said[: said.rindex(">") + 1]
    except (CommandFailed, CommandMissing, OSError, ValueError):
        pass
    raise UsageError(
        "who proposes this is not known",
        hint='give --author "Name <address>", or set user.name and user.email in Git',
    )
