"""``releases.yaml``: which bundle was published of which revision, and where it can be had. A file of the project, in Git.

It is written by `kgshare release` and read by `kgshare up` of a repository. What it says is not believed: a bundle that it names is
compared with its SHA-256, then checked like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kgshare.aside import write_aside
from kgshare.attest.names import PROVENANCE
from kgshare.attest.origin import Origin
from kgshare.bundle import Bundle, read_bundle
from kgshare.cache import sha256_of
from kgshare.errors import ManifestError, ObtainError, Problem, UsageError
from kgshare.obtain.address import address_of, without_login
from kgshare.project import Project
from kgshare.project.yamlfile import load

RELEASES = "releases.yaml"
LIMIT = 1 << 20  # bytes
HEAD = """\
# Which bundle was published of which revision; `kgshare release` writes it, `kgshare up GIT-ADDRESS@REV` reads it.
"""
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


class Release(BaseModel):
    """A published bundle.

    Attributes:
        version: of the project.
        revision: the last commit that changed one of the files it was built from, as its provenance names it.
        digest: of its index, which is what is signed.
        file: of the file.
        size: of the file, in bytes.
        at: where it can be had; the first that answers is taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: str
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
    digest: Digest
    file: Digest
    size: int = Field(gt=0)
    at: Annotated[tuple[str, ...], Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    releases: tuple[Release, ...]


@dataclass(frozen=True, kw_only=True)
class ReleaseReport:
    """What was recorded.

    Attributes:
        file: the ``releases.yaml``.
        version: of the bundle; revision: it was built from; digest: of its index; at: where it can be had.
    """

    schema: ClassVar[str] = "release"
    file: Path
    version: str
    revision: str
    digest: str
    at: tuple[str, ...]

    def text(self) -> str:
        """What was recorded, and what makes it known."""
        rows = "".join(f"\n  {address}" for address in self.at)
        return f"{self.file}: {self.version}, built from {self.revision[:12]}, is at{rows}\ncommit and push it: `kgshare up` of the repository finds it then"


def parse(text: bytes, where: str) -> tuple[Release, ...]:
    """The releases that a file names, in its order.

    Raises:
        ManifestError: it is not as it must be.
    """
    data, _ = load(text, where)
    try:
        return _File.model_validate(data).releases
    except ValidationError as error:
        raise ManifestError(
            *(
                Problem(message=row["msg"], where=f"{where}: {'.'.join(str(part) for part in row['loc'])}")
                for row in error.errors()
            )
        ) from None


def render(releases: Iterable[Release]) -> str:
    """The file for some releases."""
    rows = {"releases": [json.loads(release.model_dump_json()) for release in releases]}
    return HEAD + yaml.safe_dump(rows, sort_keys=False, width=1000)


def record(project: Project, bundle: Path, at: tuple[str, ...]) -> ReleaseReport:
    """Note in a project's ``releases.yaml`` where a bundle of it can be had; one of the same version and revision is replaced.

    Args:
        project: whose.
        bundle: the file as it was published.
        at: addresses: ``https://…`` or ``oci://…``.

    Raises:
        BundleError: it is refused.
        ObtainError: it is another project's, or built from files that are in no revision.
        UsageError: an address is none.
        ManifestError: the file there is not as it must be.
    """
    for text in at:
        address = address_of(text)
        if address is None or address.kind == "git":
            raise UsageError(
                f"{text} is no address of a file", hint="https://HOST/FILE or oci://HOST/NAME[:TAG]"
            )
        if without_login(text) != text:
            raise UsageError(
                "a login would be committed with the address", hint="leave it out: who fetches has one"
            )
    read = read_bundle(bundle)
    if read.name != project.manifest.name:
        raise ObtainError(f"{bundle.name} is of the project {read.name}, here is {project.manifest.name}")
    release = Release(
        version=read.version,
        revision=_revision(read),
        digest=read.digest,
        file=f"sha256:{sha256_of(bundle)}",
        size=bundle.stat().st_size,
        at=at,
    )
    file = project.root / RELEASES
    before = parse(file.read_bytes(), RELEASES) if file.exists() else ()
    others = [old for old in before if (old.version, old.revision) != (release.version, release.revision)]
    write_aside(file, render((release, *others)))
    return ReleaseReport(
        file=file, version=release.version, revision=release.revision, digest=release.digest, at=at
    )


def built_from(bundle: Bundle) -> Origin:
    """The state in Git that a bundle says it was built from; nobody has vouched for that yet."""
    statement = json.loads(bundle.read_file(PROVENANCE))
    source = statement["predicate"]["buildDefinition"]["internalParameters"]["source"]
    return Origin(revision=str(source["revision"]), changed=tuple(source["changed"]))


def _revision(bundle: Bundle) -> str:
    """The revision that a bundle says it was built from.

    Raises:
        ObtainError: it says none, or that files were otherwise.
    """
    origin = built_from(bundle)
    if origin.clean:
        return origin.revision
    changed = (
        f"changed since: {', '.join(origin.changed[:5])}" if origin.revision else "it was in no repository"
    )
    raise ObtainError(
        Problem(message=f"was built from files that are in no revision ({changed})", where=bundle.path.name,
                hint="commit them, then `kgshare build` again")
    )  # fmt: skip
