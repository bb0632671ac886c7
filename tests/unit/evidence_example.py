"""A small bundle with evidence, made as the build makes it: two images of a few bytes, a lock with every kind of input."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import zstandard
from tests.unit.lock_example import deb, lock, sha

from kgshare.attest.make import Attested, attest
from kgshare.attest.names import CYCLONEDX, MEDIA_TYPES, media_types, output_of
from kgshare.attest.origin import Origin
from kgshare.attest.parts import Found, Reading, Text
from kgshare.attest.provenance import Materials, Run
from kgshare.attest.readings import Readings
from kgshare.bundle import (
    AMD64,
    REQUIRED,
    Bundle,
    BundleContents,
    BundleImage,
    LayerBlob,
    ProjectFile,
    write_bundle,
)
from kgshare.bundle.names import Platform, ref_name
from kgshare.lock.file import every_input, render
from kgshare.lock.model import LOCK, ArchLock, DebianPackage, Input, Jar, Lock
from kgshare.project import MANIFEST, Manifest

EXAMPLE = Manifest.model_validate(
    {
        "kgshare": 1, "name": "herbs", "version": "1.0", "description": "d", "licence": "CC0-1.0", "authors": [{"name": "A."}],
        "identity": {"nodes": {"Sheet": ["barcode"]}}, "seed": [{"cypher": {"scripts": ["a.cypher"]}}],
    }
)  # fmt: skip
Change = Callable[[str, bytes], bytes | None]


def example_lock() -> Lock:
    """The lock of the lock's own tests, with the JDK that a runtime is linked from."""
    made = lock()
    arch = made.archs["amd64"]
    debian = {
        **arch.debian,
        "toolbox": (*arch.debian["toolbox"], deb("openjdk-21-jdk-headless", "21.0.9+10-1")),
    }
    npm = tuple(replace(package, integrity="sha512-" + "A" * 86 + "==") for package in made.npm)
    return replace(made, npm=npm, archs={"amd64": replace(arch, debian=debian)})


def two_archs() -> Lock:
    """The same lock with packages and wheels for arm64, too: other files under the same names."""
    made = example_lock()
    part = made.archs["amd64"]
    debian = {
        which: tuple(
            replace(row, architecture="arm64", sha256=sha(f"{row.name} {row.version} arm64")) for row in rows
        )
        for which, rows in part.debian.items()
    }
    wheels = {
        which: tuple(replace(row, sha256=sha(f"{row.filename} arm64")) for row in rows)
        for which, rows in part.wheels.items()
    }
    return replace(made, archs={**made.archs, "arm64": ArchLock(debian=debian, wheels=wheels)})


def image(folder: Path, role: str, platform: Platform = AMD64) -> BundleImage:
    """An image of one layer."""
    data, out = f"layer of {role}".encode() * 10, io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(role)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    layer = out.getvalue()
    packed = zstandard.ZstdCompressor().compress(layer)
    file = folder / f"{role}.layer"
    file.write_bytes(packed)
    digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    config = {
        "architecture": platform.architecture, "os": "linux", "config": {"User": "65532:65532"}, "rootfs": {"type": "layers", "diff_ids": [digest]},
    }  # fmt: skip
    blob = LayerBlob(
        diff_id=digest, digest=f"sha256:{hashlib.sha256(packed).hexdigest()}", size=len(packed),
        unpacked=len(layer), path=file,
    )  # fmt: skip
    text = json.dumps(config, sort_keys=True, separators=(",", ":")).encode()
    suffix = "" if platform == AMD64 else f"-{platform.architecture}"
    return BundleImage(
        role=role,
        reference=f"localhost/herbs/{role}:1.0{suffix}",
        platform=platform,
        config=text,
        layers=(blob,),
    )


def evidence(
    folder: Path, files: dict[str, bytes], *, origin: Origin, locked: Lock, platforms: Sequence[Platform]
) -> dict[str, bytes]:
    """What the step makes for these files."""
    out = folder / "evidence"
    out.mkdir()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    materials = Materials(
        origin=origin, manifest=digests[MANIFEST], lock_digest=digests[LOCK], lock=locked, arch="amd64",
        files={"files of seed": sha("seed")},
        targets=[arch for arch in locked.archs if arch in {platform.architecture for platform in platforms}],
    )  # fmt: skip
    run = Run(
        invocation="urn:uuid:1", started=1_790_000_100, finished=1_790_000_200, engine="docker", engine_version="26.1.5",
        flags={"locked": True}, reused=["toolbox"],
    )  # fmt: skip
    images = own_images(folder, platforms)
    roles = [each.role for each in images]
    attest(
        EXAMPLE,
        Attested(images=images, files=digests),
        materials,
        run,
        readings(folder, locked),
        out,
    )
    kinds = media_types(ref_name(each.role, each.platform, roles) for each in images)
    return {name: (out / output_of(name)).read_bytes() for name in kinds}


def own_images(folder: Path, platforms: Sequence[Platform]) -> list[BundleImage]:
    """The images that the evidence is about."""
    return [image(folder, role, each) for each in platforms for role in ("database", "application")]


def readings(folder: Path, locked: Lock) -> Readings:
    """What would stand in the inputs of the example, none of which is a file."""

    def no_file(item: Input) -> Path:
        raise FileNotFoundError(item)

    text = Text(path="META-INF/LICENSE", sha256=sha("text"))
    found = Readings(folder / "readings", no_file)
    (folder / "readings" / "texts").mkdir(parents=True)
    (folder / "readings" / "texts" / text.sha256).write_text("text")
    inner = Found(
        kind="maven", group="org.inner", name="inner", version="1", path="inner.jar", licences=("MIT",)
    )
    for item in every_input(locked):
        found._known[item.sha256] = Reading(
            licences=("GPL-3.0-only",) if isinstance(item, Jar) else ("MIT",), texts=(text,),
            found=(inner,) if isinstance(item, Jar) and item.artifact == "neo4j" else (),
            needs=(("missing", "libc6"),) if isinstance(item, DebianPackage) else (),
        )  # fmt: skip
    return found


def bundle(
    folder: Path,
    change: Change = lambda _, data: data,
    *,
    origin: Origin | None = None,
    locked: Lock | None = None,
    own: Mapping[str, tuple[str, bytes]] | None = None,
    version: str = "1.0",
    platforms: Sequence[Platform] = (AMD64,),
    more: Sequence[tuple[str, Platform]] = (),
) -> Bundle:
    """A bundle with evidence; ``change`` sees each file before it is packed, and leaves one out by returning None.

    ``own`` is what else the project has, or in place of the files that only bear their names: media types and bytes.
    ``more`` are images of which the evidence says nothing, by role and platform.
    """
    folder.mkdir(parents=True, exist_ok=True)
    used = locked or example_lock()
    files = {name: name.encode() for name in REQUIRED} | {LOCK: render(used).encode()}
    files |= {name: data for name, (_, data) in (own or {}).items()}
    made = files | evidence(
        folder,
        files,
        origin=origin or Origin(revision="a" * 40, changed=()),
        locked=used,
        platforms=platforms,
    )
    bills = dict.fromkeys((name for name in made if name.endswith(".cdx.json")), CYCLONEDX)
    kinds = {**REQUIRED, **MEDIA_TYPES, **bills, **{name: kind for name, (kind, _) in (own or {}).items()}}
    packed = [
        ProjectFile(name=name, media_type=kinds[name], source=changed)
        for name, data in made.items()
        if (changed := change(name, data)) is not None
    ]
    images = tuple(own_images(folder, platforms))
    images += tuple(
        replace(made, reference=f"localhost/herbs/more-{number}:1.0")
        for number, made in enumerate(image(folder, *each) for each in more)
    )
    return write_bundle(
        BundleContents(name="herbs", version=version, images=images, files=tuple(packed)),
        folder / "herbs.tar",
    )
