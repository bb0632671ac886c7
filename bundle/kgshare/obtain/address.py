"""What a user wrote in place of a file, taken apart: of which kind it is, and what of it may be shown. Pure but for looking at
which paths there are.

Git's own forms (URL, ``host:path``) are those of git-clone(1); ``git+`` before a scheme and ``@REV`` behind an address are pip's.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from kgshare.errors import Problem, UsageError

Kind = Literal["web", "git", "oci"]
GIT = ("git+https", "git+http", "git+ssh", "git+file", "ssh", "file")
KNOWN = "https://HOST/FILE, oci://HOST/NAME, or a Git address (https://…, ssh://…, git@HOST:PATH, a folder) with @REV behind it"
_HELPER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*::")  # gitremote-helpers(7): a program of that name is run
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP = re.compile(r"\w[\w.-]*@\w[\w.-]*:[^\s-]\S*")
_LOGIN = re.compile(r"//[^/\s]*@")
_SHA256 = re.compile(r"sha256[:=]([0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address.

    Attributes:
        kind: ``web`` for a file, ``git``, or ``oci``.
        url: what is asked for; it may hold a password.
        revision: behind the ``@`` of a Git address; empty for its default branch.
        sha256: which file it must be, as ``#sha256=…`` says; empty where nothing does.
        folder: of the project in a repository, as ``#subdirectory=…`` says.
    """

    kind: Kind
    url: str
    revision: str = ""
    sha256: str = ""
    folder: str = ""

    @property
    def shown(self) -> str:
        """The address as it may be shown: without user name, password, and what stands behind a question mark."""
        return shown(self.url)


def without_login(text: str) -> str:
    """A text without the user and password of an address in it, also where that is none."""
    return _LOGIN.sub("//", text)


def shown(url: str) -> str:
    """An address without what may be secret in it."""
    if not _SCHEME.match(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return without_login(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def address_of(text: str) -> Address | None:
    """The address that a text is; None where it is a path.

    Raises:
        UsageError: its scheme is none that is known, or it is not encrypted and leaves this machine.
    """
    if _HELPER.match(text):
        raise UsageError(
            f"{text.partition('::')[0]}:: is none of the ways to get a bundle", hint=f"known: {KNOWN}"
        )
    found = _SCHEME.match(text)
    if not found:
        return _repository(text)
    scheme = found[1].lower()
    url, _, fragment = text.partition("#")
    try:
        host = urlsplit(url).hostname or ""
    except ValueError as error:
        raise UsageError(Problem(message=f"is no address: {error}", where=without_login(text))) from None
    if scheme == "oci":
        if "@" in url.partition("://")[2].partition("/")[0]:
            hint = "`docker login` keeps it, and is asked for it"
            raise UsageError(
                Problem(
                    message="a login stands in no address of a registry", where=without_login(url), hint=hint
                )
            )
        return Address(kind="oci", url=text)
    if scheme not in ("https", "http", *GIT):
        raise UsageError(f"{scheme}:// is none of the ways to get a bundle", hint=f"known: {KNOWN}")
    if not host and not scheme.endswith("file"):
        raise UsageError(Problem(message="names no host", where=shown(text), hint=f"known: {KNOWN}"))
    if scheme.endswith("http") and not loopback(host):
        raise UsageError(
            Problem(message="what comes over http:// can be read and exchanged on its way", where=shown(url),
                    hint="use https://; http:// is for this machine only")
        )  # fmt: skip
    if scheme in ("https", "http"):
        return _web(url, fragment)
    return _git(url.removeprefix("git+"), fragment)


def loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _web(url: str, fragment: str) -> Address:
    """A file, or, where the path says so, a repository."""
    if re.search(r"\.git(@[^/]|/?$)", urlsplit(url).path):
        return _git(url, fragment)
    if fragment.startswith("subdirectory="):
        return _git(url, fragment)
    wanted = _SHA256.fullmatch(fragment)
    if fragment and not wanted:
        hint = "behind # stands sha256= and the 64 digits that `sha256sum FILE` prints"
        raise UsageError(Problem(message=f"#{fragment} says nothing of a file", where=shown(url), hint=hint))
    return Address(kind="web", url=url, sha256=wanted[1] if wanted else "")


def _git(url: str, fragment: str) -> Address:
    folder = fragment.removeprefix("subdirectory=")
    if fragment and (folder == fragment or not _inside(folder)):
        hint = "behind # stands subdirectory= and a folder of the repository"
        raise UsageError(
            Problem(message=f"#{fragment} names no folder in a repository", where=shown(url), hint=hint)
        )
    start = _SCHEME.match(url)
    head = start.end() if start else 0
    slash = url.find("/", head)  # an @ before it is of the user's name
    at = _revision_at(url, max(slash, head) if start else url.find(":"))
    revision = _revision(url[at + 1 :], url) if at >= 0 else ""
    return Address(kind="git", url=url[:at] if at >= 0 else url, revision=revision, folder=folder.strip("/"))


def _revision(text: str, url: str) -> str:
    if text.startswith("-") or any(ord(char) <= ord(" ") for char in text):
        raise UsageError(Problem(message=f"{text!r} is no revision", where=shown(url)))
    return text


def _revision_at(url: str, start: int) -> int:
    """Where the ``@`` before a revision stands, -1 where there is none; one at the start of a name (``/@scope/``) is none."""
    marked = url.find(".git@", start)
    if marked >= 0:
        return marked + len(".git")
    at = url.rfind("@", start)
    return at if at > start and url[at - 1] not in "/:" and url[at + 1 :] else -1


def _inside(folder: str) -> bool:
    return bool(folder) and not folder.startswith(("/", "-")) and ".." not in folder.split("/")


def _repository(text: str) -> Address | None:
    """Git's short form, or a folder that is a repository and no project's, or one of whose revisions is meant."""
    try:
        there = Path(text).exists()
    except (OSError, ValueError):  # longer than a path may be
        return None
    if there:
        return Address(kind="git", url=str(Path(text).resolve())) if _bare(Path(text)) else None
    folder, at, revision = text.partition("@") if ".git@" not in text else _cut(text)
    if at and folder and (_bare(Path(folder)) or (Path(folder) / ".git").exists()):
        return Address(kind="git", url=str(Path(folder).resolve()), revision=_revision(revision, folder))
    if _SCP.fullmatch(text.partition("#")[0]):
        return _git(*text.partition("#")[::2])
    return None


def _cut(text: str) -> tuple[str, str, str]:
    folder, _, revision = text.partition(".git@")
    return f"{folder}.git", "@", revision


def _bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()


def loopback_of(address: Address) -> bool:
    """Whether an address is on this machine."""
    if not _SCHEME.match(address.url):
        return address.kind == "git" and Path(address.url).is_absolute()
    parts = urlsplit(address.url)
    return parts.scheme == "file" or loopback(parts.hostname or "")


def as_repository(address: Address) -> Address:
    """An address on the web, read as one of a repository."""
    return _git(address.url, "")
