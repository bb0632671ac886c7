"""``oci://HOST[:PORT]/NAME[:TAG|@DIGEST]``: what a user calls a bundle in a registry, read strictly.

The grammar of names and tags is that of the OCI distribution specification 1.1, "Pulling manifests".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kgshare.bundle.names import DIGEST
from kgshare.doors.credentials import DOCKERS, docker_answers_at
from kgshare.errors import Problem, UsageError
from kgshare.obtain.address import loopback

SCHEME = "oci://"
FORM = "oci://HOST[:PORT]/NAME[:TAG]"
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_HOST = re.compile(
    r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)"
    r"(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A bundle in a registry.

    Attributes:
        host: ``HOST`` or ``HOST:PORT``, as the user wrote it, which is also what `docker login` is asked about.
        name: of the repository.
        tag: empty where none is named; ``digest``, too.
    """

    host: str
    name: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return f"{SCHEME}{self.plain}"

    @property
    def plain(self) -> str:
        """Without the scheme, as docker, oras and skopeo write it."""
        which = f"@{self.digest}" if self.digest else f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.name}{which}"

    @property
    def api_host(self) -> str:
        """Where the registry answers; Docker's own does so under another name than that in its references."""
        return docker_answers_at() if self.host == DOCKERS else self.host

    def tagged(self, tag: str) -> Reference:
        """Another tag of the same repository."""
        return replace(self, tag=tag, digest="")


def is_loopback(host: str) -> bool:
    """Whether ``HOST[:PORT]`` is this machine itself, where nobody in between can listen."""
    found = _HOST.fullmatch(host)
    name = found["host"].strip("[]") if found else ""
    return loopback(name)


def parse(text: str) -> Reference:
    """Read what a user wrote.

    Raises:
        UsageError: it is not of the form; the problem says which part.
    """
    rest = text.removeprefix(SCHEME)
    host, slash, path = rest.partition("/")
    name, at, digest = path.partition("@")
    if not at:
        name, colon, tag = path.partition(":")
    else:
        colon = tag = ""
    if rest == text:
        raise _wrong(text, f"does not begin with {SCHEME}")
    found = _HOST.fullmatch(host)
    if not found or not 0 < int(found["port"] or 1) < 65536:
        raise _wrong(text, f"{host!r} is not a host")
    if not slash or not _NAME.fullmatch(name) or len(name) > 255:
        raise _wrong(text, f"{name!r} is not a name in a registry (lower case, a-z0-9._-, parts between /)")
    if "." not in host and not found["port"] and not is_loopback(host):
        raise _wrong(
            text, f"{host!r} is not a host: the registry is named too, as in {DOCKERS}/{host}/{name}"
        )
    if at and not DIGEST.fullmatch(digest):
        raise _wrong(text, f"{digest!r} is not a digest, sha256: and 64 hexadecimal digits")
    if colon and not TAG.fullmatch(tag):
        raise _wrong(text, f"{tag!r} is not a tag")
    return Reference(host=host, name=name, tag=tag, digest=digest)


def _wrong(text: str, reason: str) -> UsageError:
    return UsageError(Problem(message=reason, where=text, hint=f"the form is {FORM}, or @sha256:… for a tag"))
