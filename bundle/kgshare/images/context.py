"""The layers that a build's context holds, from locked inputs and the project's files; nothing is run."""

from __future__ import annotations

import dataclasses
import json
import lzma
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path, PurePosixPath

from debian.arfile import ArError
from debian.debfile import DebError, DebFile
from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

import kgshare
from kgshare.errors import BuildError
from kgshare.images import conf
from kgshare.images.layers import PROGRAM, Layer
from kgshare.lock.model import Arch, DebianPackage, Input, Jar, Lock, NpmPackage, Wheel
from kgshare.project import Project
from kgshare.questions import to_data
from kgshare.seeding.plan import RUNTIME_SOURCES, review_spec, seed_spec

Inputs = Callable[[Input], Path]
"""From a locked input to its file, verified."""

SITE = "usr/local/lib/python3.13/dist-packages"  # where Debian's Python looks for what is not Debian's
PYTHON = "/usr/bin/python3.13"
OWN = "opt/kgshare/python"
ASSETS = "srv/kgshare/assets"
PAGE_SOURCES = (
    "kgshare/__init__.py",
    "kgshare/page",
    "kgshare/questions/__init__.py",
    "kgshare/questions/model.py",
    "kgshare/questions/values.py",
    # What proposals and history need: the review's own library, and what it writes with.
    "kgshare/aside.py",
    "kgshare/errors.py",
    "kgshare/canonical",
    "kgshare/changes",
    "kgshare/doors/__init__.py",
    "kgshare/doors/packstream.py",
    "kgshare/doors/wire.py",
    "kgshare/seeding/__init__.py",
    "kgshare/seeding/bolt.py",
    "kgshare/seeding/model.py",
    "kgshare/seeding/touched.py",
    "kgshare/seeding/write.py",
)
CHANGES, STATE = "srv/kgshare/changes", "var/lib/kgshare/page"
PAGE_USER = 65532
AUTH = "var/lib/kgshare/auth"
JNA_FOLDER = {"amd64": "linux-x86-64", "arm64": "linux-aarch64"}
NETTY_ARCH = {"amd64": "x86_64", "arm64": "aarch_64"}
JAVA_HOME = "/usr/lib/jvm/java-21-openjdk-"
# Of what is not left out altogether (kgshare.lock.leftout): compressed dumps are read and written by the seed stage only.
NOT_IN_IMAGE = frozenset({"com.github.luben"})
# Of an npm package: what a browser loads, and what its licence asks to be kept.
_ASSET = re.compile(
    r"\.(m?js|css|json|woff2?|svg|png|jpe?g|gif|wasm)$|^licen[cs]e|^notice|^copying", re.IGNORECASE
)
_NPM_NAME = re.compile(r"(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*")


def image_jars(lock: Lock) -> tuple[Jar, ...]:
    """Those of Neo4j's jars that go into the database image."""
    return tuple(jar for jar in lock.jars["database"] if jar.group not in NOT_IN_IMAGE)


def jars_layer(lock: Lock, jars: Iterable[Jar], inputs: Inputs, out: Path, arch: Arch | None = None) -> None:
    """Neo4j's jars as they were published, and the plugins': the same for every platform, so images share it.

    With ``arch`` also the native libraries out of two of them, where nothing else brings them.
    """
    with Layer(out, lock.epoch) as layer:
        layer.folder(conf.PLUGINS)
        for jar in jars:
            layer.file(f"{conf.LIB}/{jar.filename}", inputs(jar))
        for jar in lock.jars["plugins"]:
            layer.file(f"{conf.PLUGINS}/{jar.filename}", inputs(jar))
        if arch:
            _natives(layer, lock, inputs, arch)


def _natives(layer: Layer, lock: Lock, inputs: Inputs, arch: Arch) -> None:
    for name, content in native_libraries(lock.jars["database"], inputs, arch):
        layer.text(f"{conf.NATIVE}/{name}", content, PROGRAM)


def native_libraries(jars: Iterable[Jar], inputs: Inputs, arch: Arch) -> list[tuple[str, bytes]]:
    """What JNA and Netty would unpack into /tmp at run time, where nothing may be executed."""
    found: list[tuple[str, bytes]] = []
    for jar in jars:
        if jar.group == "net.java.dev.jna" and jar.artifact == "jna":
            found += _members(inputs(jar), rf"com/sun/jna/{JNA_FOLDER[arch]}/libjnidispatch\.so")
        elif jar.group == "io.netty" and jar.classifier.endswith(NETTY_ARCH[arch]):
            found += _members(inputs(jar), r"META-INF/native/lib\w+\.so")
    return found


def _members(jar: Path, pattern: str) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(jar) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(pattern, name)]
        return [(PurePosixPath(name).name, archive.read(name)) for name in names]


def modules_layer(jdk: DebianPackage, deb: Path, epoch: int, out: Path) -> None:
    """The modules of a JDK's package, in /jmods, for jlink to link into a runtime for that package's platform.

    Raises:
        BuildError: it is no such package, or has none.
    """
    with Layer(out, epoch) as layer:
        _modules(layer, "jmods", jdk, deb)


def toolbox_for(toolbox: Path, here: Arch, jdk: DebianPackage, deb: Path, epoch: int, out: Path) -> None:
    """A toolbox for images of another platform: this machine's programs, and where that platform's JDK would be its modules.

    So a Dockerfile that says ``/usr/lib/jvm/java-21-openjdk-${TARGETARCH}`` compiles and links for what it is built for.

    Raises:
        BuildError: it is no such package, or has none.
    """
    with Layer(out, epoch) as layer:
        layer.tar(toolbox)
        home = f"{JAVA_HOME}{jdk.architecture}".strip("/")
        for folder in ("bin", "conf", "lib"):
            layer.link(f"{home}/{folder}", f"../{PurePosixPath(JAVA_HOME).name}{here}/{folder}")
        _modules(layer, f"{home}/jmods", jdk, deb)


def _modules(layer: Layer, to: str, jdk: DebianPackage, deb: Path) -> None:
    modules = 0
    try:
        with DebFile(str(deb)).data.tgz() as archive:
            for member in archive:  # each as it comes: going back in a compressed archive means to begin anew
                if member.isfile() and member.name.endswith(".jmod"):
                    stream = archive.extractfile(member)
                    assert stream is not None
                    layer.text(f"{to}/{PurePosixPath(member.name).name}", stream.read())
                    modules += 1
    except (ArError, DebError, tarfile.TarError, lzma.LZMAError) as error:
        raise BuildError(f"{jdk.name} {jdk.version} ({jdk.architecture}) cannot be read: {error}") from None
    if not modules:
        raise BuildError(f"{jdk.name} {jdk.version} ({jdk.architecture}) has no modules for jlink")


def conf_layer(project: Project, lock: Lock, inputs: Inputs, arch: Arch, out: Path) -> None:
    """Neo4j's configuration, Java's options, native libraries, and the folder for the password, which a new volume copies."""
    manifest = project.manifest
    jars, plugins = ([jar.filename for jar in rows] for rows in (image_jars(lock), lock.jars["plugins"]))
    with Layer(out, lock.epoch) as layer:
        layer.text(f"{conf.CONF}/neo4j.conf", conf.neo4j_conf(manifest))
        layer.text(f"{conf.CONF}/server-logs.xml", conf.server_logs())
        layer.text(f"{conf.CONF}/user-logs.xml", conf.user_logs())
        layer.text("opt/kgshare/database.args", conf.database_args(manifest, jars, plugins))
        layer.text("opt/kgshare/health.args", conf.health_args())
        _natives(layer, lock, inputs, arch)
        layer.folder(AUTH, 0o755, owner=7474)  # only two services mount it


def classes_layer(runtime: Path, java_home: str, epoch: int, out: Path) -> None:
    """Kgshare's own classes, and the Java of a base image where ours would be."""
    with Layer(out, epoch) as layer:
        layer.tar(runtime, below="opt/kgshare", to="opt/kgshare")
        layer.link("opt/java", f"../{java_home}")  # relative: `up --local` unpacks the image somewhere


def store_layer(store: Path, epoch: int, out: Path) -> None:
    """The store at /data, owned by the database's user."""
    with Layer(out, epoch, owner=7474) as layer:
        layer.folder("data", 0o750)
        layer.tar(store)


def wheels_layer(wheels: Iterable[Wheel], inputs: Inputs, epoch: int, out: Path) -> None:
    """The wheels' packages where the image's Python looks for them; their command-line scripts are left out.

    Raises:
        BuildError: a file is not a wheel as PEP 427 has it.
    """
    with tempfile.TemporaryDirectory(prefix="kgshare-wheels-") as folder, Layer(out, epoch) as layer:
        site = Path(folder) / "site"
        site.mkdir()
        schemes = {
            "purelib": site,
            "platlib": site,
            **{k: Path(folder) / k for k in ("data", "headers", "scripts")},
        }
        target = SchemeDictionaryDestination(
            scheme_dict={name: str(path) for name, path in schemes.items()},
            interpreter=PYTHON,
            script_kind="posix",
        )
        for wheel in wheels:
            named = Path(folder) / wheel.filename
            named.symlink_to(inputs(wheel).resolve())  # a wheel's name is part of its form
            try:
                with WheelFile.open(named) as source:
                    install(source, target, additional_metadata={})
            except (ValueError, AssertionError, zipfile.BadZipFile, FileExistsError) as error:
                raise BuildError(f"{wheel.filename} cannot be unpacked: {error}") from None
        layer.folder(SITE)
        for child in sorted(site.iterdir()):
            layer.tree(f"{SITE}/{child.name}", child)


def seed_layer(
    project: Project, lock: Lock, arch: Arch, out: Path, *, begun: bool = False, only_steps: bool = False
) -> None:
    """What the seed stage reads: its specification, the project's files, and kgshare's own seeding code.

    With ``begun`` the steps have been done and only the change sets are read, with ``only_steps`` everything but them.
    """
    from kgshare.plan import change_files, seed_files, without_changes

    spec = seed_spec(
        project, root="/project", java=f"{JAVA_HOME}{arch}/bin/java", lib=conf.LIB,
        plugins=conf.PLUGINS if lock.jars["plugins"] else None, work="/scratch", out="/out",
    )  # fmt: skip
    if only_steps:
        spec = dataclasses.replace(spec, changes=None, checks=(), questions=(), only_steps=True)
    elif begun:
        spec = dataclasses.replace(spec, steps=(), begun="/begun/data")
    files = (
        without_changes(project) if only_steps else change_files(project) if begun else seed_files(project)
    )
    with Layer(out, lock.epoch) as layer:
        layer.text("spec.json", spec.to_json())
        layer.folder("project")
        for path in files:
            layer.tree(f"project/{path.relative_to(project.root).as_posix()}", path)
        _own_code(layer, RUNTIME_SOURCES)


def review_layer(project: Project, lock: Lock, arch: Arch, out: Path) -> None:
    """What the check of change sets reads: its specification, change sets and rules, and kgshare's seeding code."""
    from kgshare.plan import change_files

    seed = seed_spec(
        project, root="/project", java=f"{JAVA_HOME}{arch}/bin/java", lib=conf.LIB,
        plugins=conf.PLUGINS if lock.jars["plugins"] else None, work="/scratch", out="/out",
    )  # fmt: skip
    spec = review_spec(seed, project, store="/base/data", applied="/base/changes")
    rules = [project.root / rule for rule in project.manifest.review.rules]
    with Layer(out, lock.epoch) as layer:
        layer.text("spec.json", spec.to_json())
        layer.folder("project")
        for path in (*change_files(project), *rules):
            layer.tree(f"project/{path.relative_to(project.root).as_posix()}", path)
        _own_code(layer, RUNTIME_SOURCES)


def changes_layer(project: Project, epoch: int, out: Path) -> None:
    """The project's change sets, below ``changes``."""
    from kgshare.plan import change_files

    with Layer(out, epoch) as layer:
        layer.folder("changes")
        for path in change_files(project):
            layer.tree("changes", path)


def _own_code(layer: Layer, sources: Iterable[str]) -> None:
    code = Path(kgshare.__file__).parent.parent
    for source in sources:
        layer.tree(f"{OWN}/{source}", code / source)


def application_layer(project: Project, lock: Lock, inputs: Inputs, out: Path, *, site: str = "") -> None:
    """The project's packages in /app, npm packages, and, where the project brings no application, kgshare's page.

    What the page knows of the seeded graph is in a layer of its own (`seeded_layer`), as it changes with each correction.
    ``site`` is a base image's own folder of site packages, where its Python does not look into Debian's; it is told to.
    """
    application = project.manifest.application
    with Layer(out, lock.epoch) as layer:
        layer.folder("app")
        for source in application.source:
            layer.tree(f"app/{PurePosixPath(source).name}", project.root / source)
        for package in lock.npm:
            npm_package(layer, package, inputs(package))
        scripts = resources.files("kgshare.images") / "python"
        for name in ("health.py", "compile.py"):
            layer.text(f"opt/kgshare/{name}", (scripts / name).read_bytes())
        layer.text("opt/kgshare/health.txt", f"{application.port} {application.health}\n")
        layer.folder(OWN)
        if site:
            layer.text(f"{site}/kgshare.pth", f"/{SITE}\n")
        if application.own_page:
            _own_code(layer, PAGE_SOURCES)
            layer.folder(STATE, 0o700, owner=PAGE_USER)  # a new volume copies it
        layer.folder(AUTH, 0o755, owner=7474)  # only two services mount it


def seeded_layer(project: Project, lock: Lock, digest: str, changes: Path, out: Path) -> None:
    """What kgshare's page is told of the project and its graph: ``page.json``, and the change sets that are in it.

    Args:
        project: the manifest.
        lock: for the time of the files.
        digest: of the seeded graph.
        changes: the tar of the change sets that are in it, below ``changes``.
        out: the layer.
    """
    with Layer(out, lock.epoch) as layer:
        layer.text("srv/kgshare/page.json", page_json(project, digest))
        layer.folder(CHANGES)
        layer.tar(changes, below="changes", to=CHANGES)


def page_json(project: Project, digest: str = "") -> str:
    """What kgshare's page is told about the project, and the digest of its seeded graph."""
    manifest = project.manifest
    said = {
        "name": manifest.name, "version": manifest.version, "description": manifest.description, "open": manifest.open,
        "identity": {"nodes": manifest.identity.nodes, "relationships": manifest.identity.relationships},
        "questions": to_data(project.questions),
        "assets": f"/{ASSETS}",
        "licence": manifest.licence,
        "authors": [author.name for author in manifest.authors],
        "made_with": {"kgshare": kgshare.__version__, "Neo4j": manifest.neo4j.version},
        "baseline": f"sha256:{digest.removeprefix('sha256:')}" if digest else "",
        "provenance": manifest.provenance or "",
        "changes": f"/{CHANGES}",
    }  # fmt: skip
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def start_command(project: Project, python: str = PYTHON) -> list[str]:
    """How the application is started, with ``python`` as the image's own."""
    application = project.manifest.application
    if application.start is None:
        panels = ["--panels", application.panels] if application.panels else []
        return [python, "-m", "kgshare.page", *panels]
    first, *rest = application.start
    return [python if first in {"python", "python3"} else first, *rest]


def npm_package(layer: Layer, package: NpmPackage, tarball: Path) -> None:
    """What a browser loads of an npm package: its files without the one folder that the tarball puts them in."""
    if not _NPM_NAME.fullmatch(package.name):
        raise BuildError(f"not the name of an npm package: {package.name}")
    with tarfile.open(tarball) as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts[1:]
            if not member.isfile() or not parts or ".." in parts or not _ASSET.search(parts[-1]):
                continue
            stream = archive.extractfile(member)
            assert stream is not None
            layer.text("/".join((ASSETS, package.name, *parts)), stream.read())
