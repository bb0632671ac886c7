"""``kgshare build --since OLD``: a next version of which only the small part is sent that an older bundle has not.

Two seedings of the same data differ in every file of the store, as Neo4j draws identifiers at random. On the machine that
built the older bundle the result of the step ``upstream`` is at hand; on any other, such as a new machine of CI, that step
takes its result out of the older bundle: where its inputs are the same, and somebody who is trusted here vouches for it.
"""

from __future__ import annotations

import tarfile
import tempfile
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from kgshare import plan
from kgshare.bundle import Bundle, Delta, LayerSource, delta_name, read_bundle, write_delta
from kgshare.bundle.layercache import pieces
from kgshare.bundle.model import refuse
from kgshare.errors import BundleError, Problem, UsageError
from kgshare.images.corrections import DATA, OWNER
from kgshare.images.layers import Layer
from kgshare.seeding.result import SeedReport
from kgshare.steps import Plan, StepStore, inputs_of, key_of
from kgshare.trust.check import verdict_on

SEED_REPORT = "seed.json"
_NEOSTORE = f"{DATA}/databases/neo4j/neostore"


@dataclass(frozen=True, kw_only=True)
class Since:
    """The older bundle.

    Attributes:
        bundle: verified.
        upstream: the key of the step that made its store before the corrections; empty where it says none, or where nobody
            who is trusted here vouches for it: then its store is not gone on from.
        note: what its author should know of that.
    """

    bundle: Bundle
    upstream: str
    note: str = ""


def read_since(file: Path, name: str, version: str) -> Since:
    """Read the older bundle.

    Args:
        file: where it is.
        name: of the project.
        version: of the project, which must be another than the older bundle's.

    Raises:
        BundleError: it is refused, or of another project.
        UsageError: it is of the same version: a reviewer's file and the new one would have one name.
    """
    bundle = read_bundle(file)
    if bundle.name != name:
        raise BundleError(
            Problem(
                message=f"is a bundle of {bundle.name}, not of {name}",
                where=str(file),
                hint="name the bundle that your reviewers have",
            )
        )
    if bundle.version == version:
        reason = f"{file.name} is of version {version}, as what is built"
        raise UsageError(reason, hint="raise `version` in kgshare.yaml: it is a next version")
    try:
        upstream = SeedReport.from_json(bundle.read_file(SEED_REPORT).decode()).step
    except (BundleError, ValueError, TypeError):
        upstream = ""
    verdict = verdict_on(bundle, older=True)
    if upstream and not verdict.accepted:
        return Since(bundle=bundle, upstream="", note=f"its store is not gone on from: {verdict.reason}")
    return Since(bundle=bundle, upstream=upstream)


def prefer(since: Since, whole: Plan, store: StepStore) -> None:
    """See that the step ``upstream`` is not answered with another store than the older bundle's, made of the same inputs."""
    steps = {step.name: step for step in whole.steps}
    if not since.upstream or plan.UPSTREAM not in steps:
        return
    toolbox = steps[plan.TOOLBOX]
    made = store.find(toolbox, key_of(toolbox, inputs_of(toolbox, {})))
    if made is None:
        return
    step = steps[plan.UPSTREAM]
    key = key_of(step, inputs_of(step, {plan.TOOLBOX: made}))
    found = store.find(step, key) if key == since.upstream else None
    if found is None:
        return
    with tempfile.TemporaryDirectory(prefix="kgshare-since-", dir=store.root) as scratch:
        theirs = take_store(since, Path(scratch) / plan.UPSTREAM_TAR)
        if _files(theirs) != _files(found.path(plan.UPSTREAM_TAR)):
            store.forget(step, key)


def take_store(since: Since, out: Path) -> Path:
    """The store before the corrections, out of the older bundle's database image; returns ``out``.

    Raises:
        BundleError: it has no such layer.
    """
    bundle = since.bundle
    # Whichever platform it is for: Neo4j's files are the same everywhere.
    image = next((image for image in bundle.images if image.role == "database"), None)
    for digest in reversed(image.layer_digests if image else ()):
        blob = bundle.blobs[digest]
        source = LayerSource(
            diff_id="", path=bundle.path, offset=blob.offset, size=blob.size, compression="zstd"
        )
        with tempfile.NamedTemporaryFile(dir=out.parent, prefix=".layer-") as plain:
            for piece in pieces(source):
                plain.write(piece)
            plain.flush()
            with tarfile.open(plain.name) as tar:
                if _NEOSTORE not in {m.name.removeprefix("./") for m in tar}:
                    continue
            with Layer(out, plan.FILE_TIME, owner=OWNER) as layer:
                layer.tar(Path(plain.name), below=DATA, to=DATA)
        return out
    raise refuse(bundle.path, "the database's image", "has no layer with a store", "build without --since")


def send(bundle: Path, since: Since, folder: Path) -> Delta | None:
    """Write the delta of a finished bundle beside it; None where the bundle is the older one itself."""
    new = read_bundle(bundle, deep=False)
    if new.digest == since.bundle.digest:
        return None
    return write_delta(new, since.bundle, folder / delta_name(new, since.bundle))


def _files(tar: Path) -> dict[str, str]:
    with tarfile.open(tar) as archive:
        found = {}
        for member in archive:
            if stream := archive.extractfile(member) if member.isfile() else None:
                found[member.name] = file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
        return found
