"""Build a project twice, each time from its locked inputs alone, and say what is not the same.

What is compared: each layer's digest, uncompressed and compressed, each image's configuration, and what the SBOMs say. The seeded store is the one
layer whose bytes may differ, since Neo4j gives its files random identifiers: it is held equal by the digest of its canonical text.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from kgshare import plan
from kgshare.attest.names import IMAGE_SBOMS, LICENSES, SBOM, output_of
from kgshare.build import fetched, locked_inputs, require_room
from kgshare.bundle import ImageArchive, LayerCache, read_image_archive
from kgshare.bundle.layercache import LayerSource
from kgshare.bundle.model import sha256
from kgshare.cache import Inputs
from kgshare.engines import Engine, choice
from kgshare.errors import Problem, ReproducibleError
from kgshare.lock.command import this_arch
from kgshare.lock.model import Arch
from kgshare.places import cache_dir
from kgshare.platforms import platform_word
from kgshare.policy.settings import settings_of
from kgshare.policy.store import today
from kgshare.progress import Progress
from kgshare.project import Project, read_project
from kgshare.reproduce.differences import Difference, in_layers, is_store
from kgshare.seeding.result import SeedReport
from kgshare.steps import Done, Plan, StepStore, file_digest, run_steps, text_digest
from kgshare.work import Works

GIGABYTES = 6.0
IMAGES = {"database": plan.DATABASE_IMAGE, "application": plan.APPLICATION_IMAGE}
HINT = "a build reads its locked inputs and the project only: look there for a clock, a random number, an order that is not sorted"


@dataclass(frozen=True, kw_only=True)
class SameLayer:
    """One layer that both builds made.

    Attributes:
        image: database or application.
        number: from 1, the lowest.
        diff_id: digest of its bytes; of the store the digest of the graph's canonical text.
        digest: of its compressed bytes; empty for the store.
        held: equal by ``bytes`` or by ``canonical text``.
    """

    image: str
    number: int
    diff_id: str
    digest: str
    held: str


@dataclass(frozen=True, kw_only=True)
class ReproducibleReport:
    """What two builds from one lock had in common, which is everything."""

    schema: ClassVar[str] = "reproducible"
    name: str
    layers: tuple[SameLayer, ...]
    configs: dict[str, str]
    graph: str
    evidence: tuple[str, ...]
    seconds: float

    def text(self) -> str:
        """One line a layer."""
        rows = [
            f"  {layer.image:<12} {layer.number:>2}  {layer.diff_id[:19]}  "
            + (f"compressed {layer.digest[:19]}" if layer.digest else "the store, by its canonical text")
            for layer in self.layers
        ]
        configs = ", ".join(f"{image} {digest[:19]}" for image, digest in self.configs.items())
        return (
            f"{self.name} is reproducible: two builds without a cache gave the same\n"
            + "\n".join(rows)
            + f"\n  configurations: {configs}\n  evidence: {', '.join(self.evidence)}\n{self.seconds:.1f} s"
        )


@dataclass(frozen=True, kw_only=True)
class Built:
    """One of the two builds: its images, the digest of its graph, what the evidence says, and its layers' cache."""

    images: dict[str, ImageArchive]
    graph: str
    cache: LayerCache
    evidence: Mapping[str, Any] = field(default_factory=dict)


def verify_reproducible(
    folder: Path, *, locked: bool, progress: Progress, engine: choice.Find = choice.usual
) -> ReproducibleReport:
    """Build a project twice without a cache and compare; nothing of it is kept.

    Args:
        folder: the project's.
        locked: stop where the lock would have to change.
        progress: says what takes time.
        engine: finds what builds.

    Raises:
        ReproducibleError: the builds differ; each difference by image, layer and file.
        ManifestError, LockError, FetchError, EngineError, BuildError, SeedError, SecretError: as `kgshare.build.build`.
    """
    from kgshare import secrets

    start = time.monotonic()
    project = read_project(folder)
    waived = settings_of(project.root).waived(today())
    secrets.refuse(secrets.in_project(project), waived)
    arch = this_arch()
    lock = locked_inputs(project, arch, locked=locked, progress=progress)
    builder = engine()
    builder.check()
    require_room(cache_dir(), GIGABYTES)
    inputs = fetched(project, lock, arch, locked=locked, progress=progress)
    with tempfile.TemporaryDirectory(prefix="verify-", dir=cache_dir()) as scratch:
        first, second = (
            _build(project, inputs, builder, Path(scratch) / which, progress, waived)
            for which in ("first", "second")
        )
        name = f"{project.manifest.name} {project.manifest.version}"
        if project.manifest.platforms:  # of which only this machine's own is built here
            name += f" for {platform_word(this_arch())}"
        return compare(first, second, name, time.monotonic() - start)


def _build(
    project: Project, inputs: Inputs, engine: Engine, home: Path, progress: Progress, waived: frozenset[str]
) -> Built:
    """All steps up to the images, into a store of its own; the engine, too, is told to forget."""
    arch = this_arch()
    whole = make_plan(project, inputs, arch)
    works = Works(
        project=project, lock=inputs.lock, inputs=inputs, arch=arch, engine=engine, waived=waived, fresh=True
    )
    progress.say(f"the {home.name} of two builds")
    done = run_steps(whole, works.by_step(), StepStore(root=home / "steps"), progress)
    return Built(
        images={role: read_image_archive(done[step].path(plan.IMAGE_TAR)) for role, step in IMAGES.items()},
        graph=_graph(done),
        cache=LayerCache(home / "layers"),
        evidence=evidence_of(done[plan.ATTEST].folder),
    )


def make_plan(project: Project, inputs: Inputs, arch: Arch) -> Plan:
    """The part of a build's plan that makes the images, and the evidence of what is in them."""
    whole = plan.make_plan(project, inputs.lock, arch)
    wanted: set[str] = set()
    for step in reversed(whole.steps):
        if step.name == plan.ATTEST or step.name in wanted:
            wanted |= {step.name, *step.needs}
    return Plan(steps=tuple(step for step in whole.steps if step.name in wanted))


def evidence_of(folder: Path) -> dict[str, Any]:
    """What the evidence says of the contents of images, without what follows from the bytes of the store.

    Provenance, scan and policy say when and by whom, and are not in it.
    """
    sboms = {
        name: (folder / output_of(name)).read_text(encoding="utf-8") for name in (SBOM, *IMAGE_SBOMS.values())
    }
    database = json.loads(sboms[IMAGE_SBOMS["database"]])["metadata"]["component"]["hashes"][0]["content"]
    found: dict[str, Any] = {LICENSES: file_digest(folder / output_of(LICENSES))}
    for name, text in sboms.items():
        document = json.loads(text.replace(database, "the image with the seeded store"))
        found[name] = {key: value for key, value in document.items() if key != "serialNumber"}
    return found


def _graph(done: dict[str, Done]) -> str:
    report = done[plan.SEED].path(plan.REPORT).read_text(encoding="utf-8")
    return SeedReport.from_json(report).digest


def compare(first: Built, second: Built, name: str, seconds: float) -> ReproducibleReport:
    """What two builds have in common, which must be everything.

    Raises:
        ReproducibleError: they differ; each difference by image, layer and file.
    """
    if problems := [*problems_of(first, second)]:
        raise ReproducibleError(*problems[:-1], dataclasses.replace(problems[-1], hint=HINT))
    return ReproducibleReport(
        name=name,
        layers=tuple(_layers(first)),
        evidence=tuple(sorted(first.evidence)),
        configs={role: _digest(image) for role, image in first.images.items()},
        graph=first.graph,
        seconds=round(seconds, 1),
    )


def problems_of(first: Built, second: Built) -> Iterator[Problem]:
    """What is not the same in two builds; empty where they are equal."""
    if first.graph != second.graph:
        yield _problem(
            "graph", f"its canonical text has the digest {first.graph[:19]} and {second.graph[:19]}"
        )
    for role, one in first.images.items():
        other = second.images[role]
        if len(one.layers) != len(other.layers):
            yield _problem(f"{role} image", f"it has {len(one.layers)} layers and {len(other.layers)}")
            continue
        for number, (before, after) in enumerate(zip(one.layers, other.layers, strict=True), 1):
            where = f"{role} image, layer {number}"
            if is_store(before):
                found = in_layers(before, after, contents=False)
            else:
                found = _in_layer(before, after, first, second)
            yield from (_problem(f"{where}: {d.where}".removesuffix(": "), d.what) for d in found)
        configs = [_without_store(image) for image in (one, other)]
        if told := _differing_keys(*configs):
            yield _problem(f"{role} image", f"its configuration: {told}")
    for name in sorted(first.evidence.keys() | second.evidence.keys()):
        said, now = first.evidence.get(name), second.evidence.get(name)
        if said != now:
            yield _problem(name, first_differing(said, now))


def first_differing(one: Any, other: Any, path: str = "") -> str:
    """Where two JSON documents first differ: the keys that lead there, and what stands there."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                return first_differing(one.get(key), other.get(key), f"{path}.{key}".lstrip("."))
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        number = next(n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
        return first_differing(one[number], other[number], f"{path}[{number}]")
    shown = [json.dumps(value, ensure_ascii=False)[:80] for value in (one, other)]
    return f"{path}: {shown[0]} and {shown[1]}" if path else f"{shown[0]} and {shown[1]}"


def _in_layer(one: LayerSource, other: LayerSource, first: Built, second: Built) -> list[Difference]:
    found = in_layers(one, other)
    if not found and first.cache.compress(one).digest != second.cache.compress(other).digest:
        return [Difference(where="", what="the same bytes were compressed to others")]
    return found


def _problem(where: str, what: str) -> Problem:
    return Problem(message=what, where=where)


def _without_store(image: ImageArchive) -> dict[str, object]:
    """An image's configuration with the store named by what it is, not by its bytes."""
    config: dict[str, object] = json.loads(image.config)
    layers = ["the seeded store" if is_store(layer) else layer.diff_id for layer in image.layers]
    config["rootfs"] = {"type": "layers", "diff_ids": layers}
    return config


def _differing_keys(one: dict[str, object], other: dict[str, object]) -> str:
    keys = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
    return "; ".join(f"{key}: {one.get(key)} and {other.get(key)}" for key in keys if key != "rootfs")


def _digest(image: ImageArchive) -> str:
    """The configuration's digest; of an image with the store that of what is the same in every build."""
    if not any(is_store(layer) for layer in image.layers):
        return sha256(image.config)
    return "sha256:" + text_digest(json.dumps(_without_store(image), sort_keys=True))


def _layers(built: Built) -> Iterator[SameLayer]:
    for role, image in built.images.items():
        for number, layer in enumerate(image.layers, 1):
            store = is_store(layer)
            yield SameLayer(
                image=role, number=number, diff_id=f"sha256:{built.graph}" if store else layer.diff_id,
                digest="" if store else built.cache.compress(layer).digest,
                held="canonical text" if store else "bytes",
            )  # fmt: skip
