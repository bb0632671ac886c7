"""The four things an image build makes, each from an engine and verified inputs: runtime, store, and two images."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from kgshare.engines import BuildRequest, Engine, FilesystemTar, ImageTar, OnLine
from kgshare.errors import BuildError
from kgshare.images import context
from kgshare.images.context import Inputs
from kgshare.images.corrections import corrections_layer
from kgshare.images.hermetic import last_stage
from kgshare.images.layers import Layer
from kgshare.lock.model import Arch, Lock
from kgshare.project import Project
from kgshare.project.model import ImageBuild
from kgshare.seeding.result import ERROR, REPORT, SeedReport, read_error

# Beyond java.se what Neo4j 5 and its libraries ask for; found by starting it (jdk.crypto.ec is for TLS to plugins).
MODULES = (
    "java.se", "jdk.crypto.ec", "jdk.jfr", "jdk.management", "jdk.net", "jdk.nio.mapmode",
    "jdk.unsupported", "jdk.zipfs",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Store:
    """A seeded store and what was derived from it.

    Attributes:
        tar: ``data/databases/neo4j`` and ``data/transactions/neo4j``, closed cleanly.
        graph: the graph's canonical text, as a tar of ``graph/``.
        report_file: the seed stage's ``report.json``.
        report: the same, read.
    """

    tar: Path
    graph: Path
    report_file: Path
    report: SeedReport


@dataclass(frozen=True, kw_only=True)
class ImageBuilder:
    """What every build needs: one project, its lock and inputs, one architecture, one engine.

    Attributes:
        engine: what builds.
        arch: what images are for; steps are run on ``here``, this machine's, which is the same when it is not given.
        inputs: from a locked input to its verified file.
        created: when the images say they were made; their files have the lock's one time.
        fresh: True to run every step again, whatever the engine remembers.
        on_line: told each line of progress.
    """

    engine: Engine
    project: Project
    lock: Lock
    arch: Arch
    inputs: Inputs
    created: int
    fresh: bool = False
    on_line: OnLine | None = None
    here: Arch | None = None

    @property
    def crosses(self) -> bool:
        """Whether images are for another platform than this machine's, so that nothing of theirs may be run."""
        return self.here is not None and self.here != self.arch

    def build_runtime(self, toolbox: Path, out: Path) -> Path:
        """Link a Java runtime and compile kgshare's classes, from the toolbox base; returns ``out``/runtime.tar.

        Raises:
            BuildError: jlink or javac failed.
        """
        name = "cross-runtime" if self.crosses else "runtime"
        with self._context(name, {"base.tar": toolbox}, out) as folder:
            if self.crosses:
                jdk = self.lock.jdk(self.arch)
                context.modules_layer(jdk, self.inputs(jdk), self.lock.epoch, folder / "jmods.tar")
            sources = folder / "java"
            sources.mkdir()
            for source in (resources.files("kgshare.images") / "java").iterdir():
                if source.name.endswith(".java"):
                    (sources / source.name).write_bytes(source.read_bytes())
            made = folder / "made.tar"
            self._build(folder, "result", FilesystemTar(path=made), {"MODULES": ",".join(MODULES)})
            with Layer(out / "runtime.tar", self.lock.epoch) as layer:
                layer.tar(made, below="opt", to="opt")
        return out / "runtime.tar"

    def build_upstream(self, toolbox: Path, out: Path) -> Path:
        """Do the seed steps and no more, in a build step without network; returns ``out``/upstream.tar, the closed store.

        Raises:
            SeedError: the data does not make a graph; with what the seed stage said.
            BuildError: the step itself failed.
        """
        with self._seeding({"base.tar": toolbox}, out, only_steps=True) as (made, _):
            self._store(made, out / "upstream.tar")
        return out / "upstream.tar"

    def build_seed(self, toolbox: Path, out: Path, upstream: Path | None = None, step: str = "") -> Store:
        """Seed the store in a build step without network; writes store.tar, graph.tar, changes.tar and report.json to ``out``.

        Args:
            toolbox: the base with Java and Python.
            out: the folder for the result.
            upstream: what `build_upstream` made, where the steps are not to be done here.
            step: the key of the step that made it, which the report says then.

        Raises:
            SeedError: the data does not make a graph; with what the seed stage said.
            BuildError: the step itself failed.
        """
        tars = {"base.tar": toolbox} | ({"begun.tar": upstream} if upstream else {})
        with self._seeding(tars, out) as (made, report):
            report = replace(report, step=step)
            self._store(made, out / "store.tar")
            with Layer(out / "graph.tar", self.lock.epoch) as layer:
                layer.tar(made, below="graph", to="graph")
            (out / REPORT).write_text(report.to_json(), encoding="utf-8")
            context.changes_layer(self.project, self.lock.epoch, out / "changes.tar")
        return Store(tar=out / "store.tar", graph=out / "graph.tar", report_file=out / REPORT, report=report)

    @contextmanager
    def _seeding(
        self, tars: Mapping[str, Path], out: Path, *, only_steps: bool = False
    ) -> Iterator[tuple[Path, SeedReport]]:
        """A run of the seed stage: the tar of its results, and its report."""
        with self._context("seed", tars, out) as folder:
            wheels = self.lock.archs[self.arch].wheels["seed"]
            jars = self.lock.jars["database"]
            context.jars_layer(self.lock, jars, self.inputs, folder / "jars.tar", self.arch)
            context.wheels_layer(wheels, self.inputs, self.lock.epoch, folder / "wheels.tar")
            begun = "begun.tar" in tars
            context.seed_layer(
                self.project, self.lock, self.arch, folder / "inputs.tar", begun=begun, only_steps=only_steps
            )
            made = folder / "made.tar"
            self._build(folder, "result", FilesystemTar(path=made), {})
            yield made, seeded(made)

    def _store(self, made: Path, out: Path) -> None:
        with Layer(out, self.lock.epoch, owner=7474) as layer:
            layer.tar(made, below="data", to="data")

    def check_changes(self, toolbox: Path, store: Path, applied: Path, out: Path) -> SeedReport:
        """Check the project's change sets on a throw-away copy of a store, in a build step without network.

        Args:
            toolbox: the base with Java and Python.
            store: the tar that `build_seed` made.
            applied: the tar of the change sets that are in it.
            out: a folder for scratch files.

        Raises:
            SeedError: a change set does not fit, or a constraint forbids it.
            CheckError: the graph they make is not as it must be.
            BuildError: the step itself failed.
        """
        with self._context(
            "review", {"base.tar": toolbox, "store.tar": store, "changes.tar": applied}, out
        ) as folder:
            jars = self.lock.jars["database"]
            context.jars_layer(self.lock, jars, self.inputs, folder / "jars.tar", self.arch)
            wheels = self.lock.archs[self.arch].wheels["seed"]
            context.wheels_layer(wheels, self.inputs, self.lock.epoch, folder / "wheels.tar")
            context.review_layer(self.project, self.lock, self.arch, folder / "inputs.tar")
            made = folder / "made.tar"
            self._build(folder, "result", FilesystemTar(path=made), {})
            return seeded(made)

    def build_database_image(
        self, base: Path, runtime: Path, store: Path, out: Path, upstream: Path | None = None
    ) -> Path:
        """The database image with the store as its last layer; returns ``out``/image.tar.

        Args:
            base: the database base.
            runtime: what `build_runtime` made; of it only kgshare's classes where the base brings a Java.
            store: the tar that `build_seed` made.
            out: the folder for the result.
            upstream: the store without corrections, which is then the layer, and what they changed is one of its own.

        Raises:
            ManifestError: the manifest sets what only kgshare sets.
            BuildError: the build failed.
        """
        java = self.lock.base(self.arch, "database")
        tars = {"base.tar": base} if java else {"base.tar": base, "runtime.tar": runtime}
        with tempfile.TemporaryDirectory(prefix="kgshare-pages-") as scratch:
            if upstream:
                tars["corrections.tar"] = Path(scratch) / "corrections.tar"
                corrections_layer(upstream, store, self.lock.epoch, tars["corrections.tar"])
            return self._database(tars, java.path if java else "", runtime, upstream or store, out)

    def _database(self, tars: Mapping[str, Path], java: str, runtime: Path, store: Path, out: Path) -> Path:
        with self._context("database", tars, out) as folder:
            if java:
                context.classes_layer(runtime, java, self.lock.epoch, folder / "runtime.tar")
            context.conf_layer(self.project, self.lock, self.inputs, self.arch, folder / "conf.tar")
            jars = context.image_jars(self.lock)
            context.jars_layer(self.lock, jars, self.inputs, folder / "jars.tar")
            context.store_layer(store, self.lock.epoch, folder / "store.tar")
            self._build(folder, "database", ImageTar(path=out / "image.tar"), self._labels())
        return out / "image.tar"

    def build_application_image(
        self, base: Path, out: Path, seeded: tuple[str, Path] | None = None, compiler: Path | None = None
    ) -> Path:
        """The application image; returns ``out``/image.tar.

        Args:
            base: what runs.
            out: the folder for the result.
            seeded: for kgshare's own page the digest of the seeded graph, and the tar of the change sets in it.
            compiler: for another platform this one's base of the application, whose Python compiles.

        Raises:
            BuildError: a wheel or the build failed.
        """
        with self._context("application", {"base.tar": base}, out) as folder:
            wheels = self.lock.archs[self.arch].wheels["application"]
            context.wheels_layer(wheels, self.inputs, self.lock.epoch, folder / "wheels.tar")
            head = self.lock.base(self.arch, "application")
            context.application_layer(
                self.project, self.lock, self.inputs, folder / "inputs.tar", site=head.path if head else ""
            )
            if seeded:
                context.seeded_layer(self.project, self.lock, *seeded, folder / "seeded.tar")
            labels = {**self._labels(), "PORT": str(self.project.manifest.application.port)}
            with Layer(folder / "bytecode.tar", self.lock.epoch):
                pass  # the file must be there for the engine to read the Dockerfile's last stage
            made = self._bytecode(folder, labels, compiler)
            with Layer(folder / "bytecode.tar", self.lock.epoch) as layer:
                layer.tar(made, suffixes=(".pyc",))
            self._build(folder, "application", ImageTar(path=out / "image.tar"), labels)
        return out / "image.tar"

    def _bytecode(self, folder: Path, labels: Mapping[str, str], compiler: Path | None) -> Path:
        """What the image's own Python makes of the sources in a context; for another platform this one's, of the same version."""
        made = folder / "made.tar"
        if compiler is None:
            self._build(folder, "bytecode", FilesystemTar(path=made), labels)
            return made
        assert self.here
        python, there = (self.lock.python_of(arch, "application") for arch in (self.here, self.arch))
        if python != there:
            raise BuildError(
                f"the application's base has Python {there} for linux/{self.arch} and {python} for linux/{self.here}",
                hint="bytecode of the one is not the other's: choose a base that has the same on both (`application.base`)",
            )
        _link(compiler, folder / "compiler.tar")
        own = folder / "Dockerfile"
        before = own.read_text(encoding="utf-8")
        own.write_text(dockerfile("cross-bytecode", self.project, self._python), encoding="utf-8")
        self._build(folder, "bytecode", FilesystemTar(path=made), {})
        own.write_text(before, encoding="utf-8")
        return made

    def build_own_image(self, image: ImageBuild, base: Path, toolbox: Path, out: Path) -> Path:
        """The image of an application's own Dockerfile; returns ``out``/image.tar.

        Args:
            image: the Dockerfile, and the project's files that it may copy.
            base: what runs.
            toolbox: what builds.
            out: the folder for the result.

        Raises:
            ImageError: the Dockerfile names something that would have to be fetched.
            BuildError: the build failed.
        """
        text = (self.project.root / image.dockerfile).read_text(encoding="utf-8")
        target = last_stage(text, image.dockerfile)
        tars = {"base.tar": base, "toolbox.tar": toolbox}
        with self._context("application", tars, out) as folder:
            (folder / "Dockerfile").write_text(text, encoding="utf-8")
            if self.crosses:
                assert self.here
                own, jdk = folder / "toolbox.tar", self.lock.jdk(self.arch)
                own.unlink()
                context.toolbox_for(toolbox, self.here, jdk, self.inputs(jdk), self.lock.epoch, own)
            (folder / "jars").mkdir()
            for jar in self.lock.jars.get("application", ()):
                _link(self.inputs(jar), folder / "jars" / jar.filename)
            for path in image.context:
                _copy(self.project.root / path, folder / path)
            labels = {**self._labels(), "PORT": str(self.project.manifest.application.port)}
            self._build(folder, target, ImageTar(path=out / "image.tar"), labels)
        return out / "image.tar"

    @property
    def _python(self) -> str:
        return f"/usr/bin/python{self.lock.python_of(self.arch, 'application')}"

    @contextmanager
    def _context(self, name: str, tars: Mapping[str, Path], out: Path) -> Iterator[Path]:
        """A folder with a build's Dockerfile and the given tars; it goes when the build is over."""
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"kgshare-{name}-") as made:
            folder = Path(made)
            for file, source in tars.items():
                _link(source, folder / file)
            text = dockerfile(name, self.project, self._python, tars)
            (folder / "Dockerfile").write_text(text, encoding="utf-8")
            yield folder

    def _build(
        self, folder: Path, target: str, output: FilesystemTar | ImageTar, args: Mapping[str, str]
    ) -> None:
        # Images are for the target; what runs programs runs on this machine.
        arch = self.arch if isinstance(output, ImageTar) else self.here or self.arch
        request = BuildRequest(
            dockerfile=folder / "Dockerfile", context=folder, target=target, platform=f"linux/{arch}",
            args=args, epoch=self.created, output=output, fresh=self.fresh,
        )  # fmt: skip
        self.engine.build(request, self.on_line)

    def _labels(self) -> dict[str, str]:
        manifest = self.project.manifest
        created = datetime.fromtimestamp(self.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "TITLE": manifest.name, "VERSION": manifest.version, "DESCRIPTION": manifest.description,
            "LICENCE": manifest.licence, "CREATED": created,
        }  # fmt: skip


def dockerfile(name: str, project: Project, python: str = context.PYTHON, tars: Collection[str] = ()) -> str:
    """The Dockerfile of a build: runtime, seed, database or application. Pure but for reading the package's data.

    Args:
        name: of the build.
        project: how its application is started.
        python: the application's, where its base image has another than Debian has.
        tars: those that are at hand, of which some builds have one more: a store to go on from, or corrections of one.
    """
    text = (resources.files("kgshare.images") / f"{name}.Dockerfile").read_text(encoding="utf-8")
    # Last, and by itself: with a correction it is all that changes.
    seeded = "ADD seeded.tar /\n" if project.manifest.application.own_page else ""
    if name in {"application", "cross-bytecode"}:
        text = text.replace(context.PYTHON, python)
    start = json.dumps(context.start_command(project, python))
    for mark, tar, to in (("@CORRECTIONS@\n", "corrections.tar", "/"), ("@BEGUN@\n", "begun.tar", "/begun/")):
        text = text.replace(mark, f"ADD {tar} {to}\n" if tar in tars else "")
    return text.replace("@SEEDED@\n", seeded).replace("@START@", start)


def seeded(made: Path) -> SeedReport:
    """The report of a seed stage, from the tar of its results.

    Raises:
        SeedError: the stage failed; it is the error that it wrote.
        BuildError: it ended without saying why.
    """
    with tarfile.open(made) as archive:
        files = {
            m.name.removeprefix("./"): m
            for m in archive
            if m.isfile() and "/" not in m.name.removeprefix("./")
        }

        def read(name: str) -> str:
            stream = archive.extractfile(files[name]) if name in files else None
            return stream.read().decode(errors="replace") if stream else ""

        if error := read(ERROR):
            raise read_error(error)
        if read("exit-code").strip() != "0":
            raise BuildError(
                "the seed stage ended without a result:\n" + "\n".join(read("console.log").splitlines()[-20:])
            )
        return SeedReport.from_json(read(REPORT))


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
