"""Stand-in images, built from scratch out of this machine's own Python: no registry, no network, two seconds."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import re
import shutil
import sys
import sysconfig
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from kgshare.compose import ComposePlan, render_compose
from kgshare.doors.engine import ARCHITECTURES
from kgshare.doors.process import CommandFailed, run
from kgshare.project import Manifest
from kgshare.stack.source import Source, SourceImage, store_name

HERE = Path(__file__).parent
LEFT_OUT = {
    "test",
    "tests",
    "site-packages",
    "dist-packages",
    "idlelib",
    "tkinter",
    "ensurepip",
    "lib2to3",
    "pydoc_data",
}
DOCKERFILE = """\
FROM scratch
COPY root/ /
ENV PYTHONHOME=/py LD_LIBRARY_PATH=/py/so
COPY --chown={user}:{user} own/ /
USER {user}
HEALTHCHECK --interval=5s --start-period=30s --start-interval=200ms CMD ["/py/bin/python3", "/service.py", "healthy", "{port}"]
ENTRYPOINT ["/py/bin/python3", "/service.py", "{role}"]
"""
MODULES = (
    "_socket",
    "select",
    "math",
    "_random",
    "_struct",
    "_hashlib",
    "_sha",
    "_blake",
    "_bisect",
    "binascii",
    "zlib",
)
ROLES = {"database": (7474, 7687), "application": (65532, 8088)}


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """Both images as ``docker save`` wrote them, and what names them."""

    folder: Path
    images: Mapping[str, SourceImage]

    def archive(self, tags: Mapping[str, str]) -> Iterator[bytes]:
        """Both images in one archive under the given tags."""
        buffer = io.BytesIO()
        rows: list[dict[str, object]] = []
        seen: set[str] = set()
        with tarfile.open(fileobj=buffer, mode="w") as out:
            for role, tag in tags.items():
                with tarfile.open(self.folder / f"{role}.tar") as archive:
                    for member in archive:
                        if member.name == "manifest.json":
                            rows += [
                                {**row, "RepoTags": [tag]}
                                for row in json.loads(archive.extractfile(member).read())  # type: ignore[union-attr]
                            ]
                        elif member.isfile() and member.name.startswith("blobs/") and member.name not in seen:
                            seen.add(member.name)
                            out.addfile(member, archive.extractfile(member))
            text = json.dumps(rows).encode()
            info = tarfile.TarInfo("manifest.json")
            info.size = len(text)
            out.addfile(info, io.BytesIO(text))
        buffer.seek(0)
        while piece := buffer.read(1 << 20):
            yield piece

    def source(
        self, *, name: str, version: str = "1.0", store: str = "a" * 64, bundle: str = "1" * 64
    ) -> Source:
        """A source as a verified bundle gives one; ``store`` and ``bundle`` are digests."""
        manifest = manifest_named(name, version)
        return Source(
            manifest=manifest,
            digest=f"sha256:{bundle}",
            compose=render_compose(ComposePlan.of(manifest)),
            store=store_name(manifest.neo4j.version, store),
            platform=f"linux/{ARCHITECTURES[platform.machine()]}",
            images=self.images,
            size=60_000_000,
            archive=self.archive,
        )


def manifest_named(name: str, version: str) -> Manifest:
    """A small manifest."""
    return Manifest.model_validate(
        {
            "kgshare": 1, "name": name, "version": version, "description": "a stand-in", "licence": "CC0-1.0",
            "authors": [{"name": "Nobody"}], "identity": {"nodes": {"Thing": ["id"]}},
            "seed": [{"cypher": {"scripts": ["a.cypher"]}}], "application": {"health": "/health"},
            "resources": {"database": {"memory": "128m"}, "application": {"memory": "96m", "processes": 64}},
            "open": "/start?at=1",
        }
    )  # fmt: skip


def build(top: Path) -> StandIn:
    """Build both images, save them to files and remove them from the engine, so that loading them is real."""
    folder = top / "stand-in"
    shared = folder / "root"
    _python(shared)
    shutil.copy(HERE / "service.py", shared / "service.py")
    java = shared / "opt/java/bin/java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/py/bin/python3 /service.py\n")
    java.chmod(0o755)
    images = {role: _image(folder, shared, role) for role in ROLES}
    return StandIn(folder=folder, images=images)


def _image(folder: Path, shared: Path, role: str) -> SourceImage:
    user, port = ROLES[role]
    context = folder / role
    own = context / "own"
    (own / "var/lib/kgshare/auth").mkdir(parents=True)
    (own / "var/lib/kgshare/auth").chmod(0o750)
    (own / "data").mkdir()
    (own / "data/seeded").write_text("by the image")
    shared.rename(context / "root")
    (context / "Dockerfile").write_text(DOCKERFILE.format(user=user, port=port, role=role))
    tag = f"localhost/kgshare-stand-in/{role}:{os.getpid()}"
    run(["docker", "build", "--quiet", "--tag", tag, str(context)])
    (context / "root").rename(shared)
    file = folder / f"{role}.tar"
    run(["docker", "save", "--output", str(file), tag])
    run(["docker", "image", "rm", "--force", tag])
    with tarfile.open(file) as archive:
        index = json.loads(archive.extractfile("index.json").read())  # type: ignore[union-attr]
        row = json.loads(archive.extractfile("manifest.json").read())[0]  # type: ignore[union-attr]
    config = Path(row["Config"]).name.removesuffix(".json")
    return SourceImage(manifest_digest=index["manifests"][0]["digest"], config_digest=f"sha256:{config}")


def _python(root: Path) -> None:
    """This machine's interpreter, its standard library and the shared objects they need, under /py."""
    executable = Path(sys.executable).resolve()
    library = Path(sys.base_prefix) / "lib" / Path(sysconfig.get_path("stdlib")).name
    (root / "py/bin").mkdir(parents=True)
    shutil.copy2(executable, root / "py/bin/python3")
    target = root / "py/lib" / library.name
    shutil.copytree(
        library, target, symlinks=False, ignore_dangling_symlinks=True,
        ignore=lambda _, names: {n for n in names if n in LEFT_OUT or n.startswith("config-")},
    )  # fmt: skip
    modules = [str(m) for m in (target / "lib-dynload").glob("*.so") if m.name.startswith(MODULES)]
    found = run(["ldd", str(executable), *modules]).stdout
    (root / "py/so").mkdir()
    for path in sorted(set(re.findall(r"=> (/\S+)", found))):
        shutil.copy2(Path(path).resolve(), root / "py/so" / Path(path).name)
    loader = re.search(r"^\s+(/\S*ld-linux\S*)", found, re.MULTILINE)
    assert loader, "no ELF loader found"
    (root / loader[1].lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(Path(loader[1]).resolve(), root / loader[1].lstrip("/"))
    for path_ in root.rglob("*"):
        path_.chmod(path_.stat().st_mode | (0o555 if path_.is_dir() else 0o444))


@cache
def _built(folder: Path) -> StandIn:
    return build(folder)


@pytest.fixture(scope="session", name="stand_in")
def stand_in_images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """Both stand-in images; they are built once, whichever module asks first."""
    made = _built(tmp_path_factory.getbasetemp())
    yield made
    for image in made.images.values():
        with contextlib.suppress(CommandFailed):
            run(["docker", "image", "rm", "--force", image.config_digest])
