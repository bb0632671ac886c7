"""What each step of a plan does: the one place where bases, images and bundle are put together."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kgshare import plan, secrets
from kgshare.attest.data import data_parts
from kgshare.attest.make import Attested, attest
from kgshare.attest.names import PROVENANCE, SBOM, media_types, output_of
from kgshare.attest.origin import UNKNOWN, Origin
from kgshare.attest.provenance import Materials, Run
from kgshare.attest.readings import Readings
from kgshare.base import APPLICATION, DATABASE, TOOLBOX, BaseSpec, make_base
from kgshare.base.image import make_base_from_image, open_image, require_contract
from kgshare.bundle import (
    REQUIRED,
    BundleContents,
    BundleImage,
    LayerCache,
    LayerSource,
    ProjectFile,
    bundle_image,
    read_image_archive,
    write_bundle,
)
from kgshare.cache import Inputs
from kgshare.compose import COMPOSE, ComposePlan, image_tag, render_compose
from kgshare.engines import Engine
from kgshare.images.build import ImageBuilder
from kgshare.images.context import image_jars
from kgshare.images.foreign import check_image
from kgshare.images.machines import require_libraries, require_machine
from kgshare.lock.file import render
from kgshare.lock.model import LOCK, Arch, Lock
from kgshare.places import cache_dir
from kgshare.platforms import image_name, platform_word, tag_suffix
from kgshare.policy import gather as policy
from kgshare.policy import store
from kgshare.policy.gather import Matter, facts_of
from kgshare.policy.judge import judge, require_green
from kgshare.policy.settings import catalogue_of, settings_of
from kgshare.project import MANIFEST, Project
from kgshare.readme import bundle_readme
from kgshare.scan import store as scans
from kgshare.scan import vex
from kgshare.scan.command import look
from kgshare.scan.packages import asked
from kgshare.seeding.result import SeedReport
from kgshare.since import Since, take_store
from kgshare.steps import Done, Work, file_digest, inputs_of, key_of, tree_digest

GRAPH_TYPE = "application/vnd.kgshare.graph.v1.tar+zstd"
SEED_TYPE = "application/vnd.kgshare.seed-report.v1+json"
CHANGES_TYPE = "application/vnd.kgshare.changes.v1.tar"
SEED_REPORT, GRAPH = "seed.json", "graph.tar.zst"


@dataclass(frozen=True, kw_only=True)
class Works:
    """The work of every step of one build.

    Attributes:
        project: what is built.
        lock: what from.
        inputs: the locked files, verified as they are used.
        arch: this machine's architecture, on which steps run.
        engine: what builds the images.
        origin: the state of the project's files in Git.
        flags: options of the command that the provenance names.
        started: when the build began, in seconds since 1970.
        waived: ids of what looks like a secret and is none, as somebody answers for.
        since: the older bundle that this one is a next version of.
        fresh: True for an engine that is to forget what it built before.
        targets: the architectures that the bundle is for; this machine's when none are given.
    """

    project: Project
    lock: Lock
    inputs: Inputs
    arch: Arch
    engine: Engine
    origin: Origin = UNKNOWN
    flags: Mapping[str, bool] = field(default_factory=dict)
    started: float = field(default_factory=time.time)
    waived: frozenset[str] = frozenset()
    since: Since | None = None
    fresh: bool = False
    targets: Sequence[Arch] = ()

    @property
    def archs(self) -> tuple[Arch, ...]:
        """The architectures that the bundle is for."""
        return tuple(self.targets) or (self.arch,)

    def by_step(self) -> dict[str, Work]:
        """The work of each step, by its name in the plan."""
        found: dict[str, Work] = {}
        for target in dict.fromkeys((self.arch, *self.archs)):
            found |= {self._step(step, target): work for step, work in self._of_target(target).items()}
        return {
            **found,
            plan.TOOLBOX: self._base(TOOLBOX, self.arch),
            plan.UPSTREAM: self._upstream,
            plan.SEED: self._seed,
            plan.ATTEST: self._attest,
            plan.SCAN: self._scan,
            plan.POLICY: self._policy,
            plan.BUNDLE: self._bundle,
        }

    def _of_target(self, target: Arch) -> dict[str, Work]:
        """The work of the steps that make something for one platform."""
        return {
            plan.DATABASE_BASE: self._base(DATABASE, target),
            plan.APPLICATION_BASE: self._base(APPLICATION, target),
            plan.RUNTIME: lambda done, out: self._runtime(target, done, out),
            plan.DATABASE_IMAGE: lambda done, out: self._database_image(target, done, out),
            plan.APPLICATION_IMAGE: lambda done, out: self._application_image(target, done, out),
        }

    def _step(self, step: str, target: Arch) -> str:
        return plan.step_of(step, target, self.arch)

    def _base(self, spec: BaseSpec, arch: Arch) -> Work:
        def work(_: Mapping[str, Done], out: Path) -> None:
            if blobs := [blob for blob in self.lock.bases.get(arch, ()) if blob.base == spec.name]:
                image = open_image(blobs, self.inputs.path)
                require_contract(image, role=blobs[0].base, arch=arch)
                make_base_from_image(image, epoch=plan.FILE_TIME, out=out / plan.BASE_TAR)
                return
            packages = self.lock.archs[arch].debian[spec.name]
            make_base(
                packages,
                self.inputs.path,
                spec=spec,
                epoch=plan.FILE_TIME,
                arch=arch,
                out=out / plan.BASE_TAR,
            )

        return work

    def _builder(self, target: Arch) -> ImageBuilder:
        return ImageBuilder(
            engine=self.engine,
            project=self.project,
            lock=dataclasses.replace(self.lock, epoch=plan.FILE_TIME),
            arch=target,
            here=self.arch,
            inputs=self.inputs.path,
            created=self.lock.epoch,
            fresh=self.fresh,
        )

    def _runtime(self, target: Arch, done: Mapping[str, Done], out: Path) -> None:
        self._builder(target).build_runtime(done[plan.TOOLBOX].path(plan.BASE_TAR), out)

    def _upstream(self, done: Mapping[str, Done], out: Path) -> None:
        """Done now, or taken out of the older bundle, of which it is the same step with the same inputs."""
        step = plan.make_plan(self.project, self.lock, self.arch).step(plan.UPSTREAM)
        if self.since and self.since.upstream == key_of(step, inputs_of(step, done)):
            take_store(self.since, out / plan.UPSTREAM_TAR)
        else:
            self._builder(self.arch).build_upstream(done[plan.TOOLBOX].path(plan.BASE_TAR), out)

    def _seed(self, done: Mapping[str, Done], out: Path) -> None:
        step = done[plan.UPSTREAM].key if plan.UPSTREAM in done else ""
        self._builder(self.arch).build_seed(
            done[plan.TOOLBOX].path(plan.BASE_TAR), out, _upstream_in(done), step
        )
        secrets.refuse(secrets.in_tar(out / plan.GRAPH_TAR, "graph"), self.waived)

    def _database_image(self, target: Arch, done: Mapping[str, Done], out: Path) -> None:
        jars = (*image_jars(self.lock), *self.lock.jars["plugins"])
        require_libraries(jars, self.inputs.path, target)
        self._builder(target).build_database_image(
            done[self._step(plan.DATABASE_BASE, target)].path(plan.BASE_TAR),
            done[self._step(plan.RUNTIME, target)].path(plan.RUNTIME_TAR),
            done[plan.SEED].path(plan.STORE_TAR),
            out,
            _upstream_in(done),
        )
        self._look_into(out, "database", target)

    def _application_image(self, target: Arch, done: Mapping[str, Done], out: Path) -> None:
        image = self.project.manifest.application.image
        if isinstance(image, str):
            self._take_image(image, target, out / plan.IMAGE_TAR)
        else:
            require_libraries(self.lock.jars.get("application", ()), self.inputs.path, target)
            base = done[self._step(plan.APPLICATION_BASE, target)].path(plan.BASE_TAR)
            builder = self._builder(target)
            if image is None:
                own = self.project.manifest.application.own_page
                compiler = done[plan.APPLICATION_BASE].path(plan.BASE_TAR) if builder.crosses else None
                seeded = self._of_seed(done[plan.SEED]) if own else None
                builder.build_application_image(base, out, seeded, compiler)
            else:
                made = builder.build_own_image(image, base, done[plan.TOOLBOX].path(plan.BASE_TAR), out)
                self._check(made, image.dockerfile, target)
        self._look_into(out, "application", target, own=image is None)

    def _look_into(self, out: Path, role: str, target: Arch, *, own: bool = True) -> None:
        """See that an image is for its platform with every program in it, and that nothing in it looks like a secret."""
        image = read_image_archive(out / plan.IMAGE_TAR)
        require_machine(image.layers, target, role)
        secrets.refuse(secrets.in_image(image, role, own=own), self.waived)

    @staticmethod
    def _of_seed(seed: Done) -> tuple[str, Path]:
        """The digest of the seeded graph, and the change sets that are in it."""
        report = SeedReport.from_json(seed.path(plan.REPORT).read_text(encoding="utf-8"))
        return report.digest, seed.path(plan.CHANGES_TAR)

    def _take_image(self, name: str, target: Arch, out: Path) -> None:
        """An image that comes as a file: a copy, so that what was checked is what is packed."""
        shutil.copyfile(self.project.root / name, out)
        self._check(out, name, target, self.lock.needs.get("image", ""))

    def _check(self, image: Path, name: str, target: Arch, locked: str = "") -> None:
        port = self.project.manifest.application.port
        check_image(image, name, platform=platform_word(target), port=port, locked=locked)

    def _attest(self, done: Mapping[str, Done], out: Path) -> None:
        beside = {file.name: _digest_of(file) for file in self._files(done)}
        materials = Materials(
            origin=self.origin, manifest=beside[MANIFEST], lock_digest=beside[LOCK], lock=self.lock, arch=self.arch,
            files=self._materials() | self._older(done), targets=self.archs,
        )  # fmt: skip
        run = Run(
            invocation=uuid.uuid4().urn, started=self.started, finished=time.time(), flags=self.flags,
            engine=self.engine.name, engine_version=self.engine.version,
            reused=[name for name, result in done.items() if result.cached],
        )  # fmt: skip
        data = data_parts(self.project.datasets, self.project.root)
        attested = Attested(images=self._images(done), files=beside, data=data)
        readings = Readings(cache_dir() / "readings", self.inputs.path)
        attest(self.project.manifest, attested, materials, run, readings, out)

    def _materials(self) -> dict[str, str]:
        """The project's own files that went in, a digest for each use of them."""
        project = self.project
        uses = {
            "seed": plan.upstream_files(project),
            "changes": plan.change_files(project),
            "application": plan.application_files(project),
        }
        return {f"files of {use}": tree_digest(files, project.root) for use, files in uses.items() if files}

    def _older(self, done: Mapping[str, Done]) -> dict[str, str]:
        """The bundle whose store this one goes on from, where it is another's."""
        if self.since is None or plan.UPSTREAM not in done or done[plan.UPSTREAM].key != self.since.upstream:
            return {}
        bundle = self.since.bundle
        return {f"store of {bundle.name} {bundle.version}": bundle.digest.removeprefix("sha256:")}

    def _scan(self, done: Mapping[str, Done], out: Path) -> None:
        """Ask the scanner that is here; that there is none, or that it failed, is a result as well."""
        manifest, said = self.project.manifest, vex.read_folder(self.project.root)
        result = look(
            asked(done[plan.ATTEST].path(output_of(SBOM)).read_bytes(), self.lock),
            said,
            catalogue_of(self.project.root),
        )
        (out / plan.SCAN_RESULT).write_bytes(scans.render(result))
        author = ", ".join(person.name for person in manifest.authors)
        (out / plan.STATEMENTS).write_bytes(vex.merged(said, name=manifest.name, author=author))

    def _policy(self, done: Mapping[str, Done], out: Path) -> None:
        """Judge what is about to be written.

        Raises:
            PolicyError: a check failed; no bundle is made.
        """
        matter = Matter(
            manifest=self.project.manifest,
            lock=self.lock,
            seed=SeedReport.from_json(done[plan.SEED].path(plan.REPORT).read_text(encoding="utf-8")),
            images=self._looked_into(done),
            scan=scans.parse(done[plan.SCAN].path(plan.SCAN_RESULT).read_bytes(), plan.SCAN_RESULT),
            sbom=done[plan.ATTEST].path(output_of(SBOM)).read_bytes(),
            provenance=done[plan.ATTEST].path(output_of(PROVENANCE)).read_bytes(),
            secrets=self._secrets(done),
        )
        report = judge(facts_of(matter), settings_of(self.project.root), store.today())
        require_green(report)
        (out / plan.POLICY_RESULT).write_bytes(store.render(report))

    def _secrets(self, done: Mapping[str, Done]) -> tuple[secrets.Finding, ...]:
        """All that the steps before have looked for, waived or not; what was looked at is remembered."""
        own = self.project.manifest.application.image is None
        found = [
            *secrets.in_project(self.project),
            *secrets.in_tar(done[plan.SEED].path(plan.GRAPH_TAR), "graph"),
        ]
        for step, role, _ in self._made():
            image = read_image_archive(done[step].path(plan.IMAGE_TAR))
            found += secrets.in_image(image, role, own=own or role == "database")
        return tuple(dict.fromkeys(found))  # two platforms have the same in common

    def _made(self) -> Iterator[tuple[str, str, Arch]]:
        """The steps that make images, each with the image's role and what it is for."""
        for target in self.archs:
            yield self._step(plan.DATABASE_IMAGE, target), "database", target
            yield self._step(plan.APPLICATION_IMAGE, target), "application", target

    def _looked_into(self, done: Mapping[str, Done]) -> tuple[policy.Image, ...]:
        """The images of the bundle as the policy looks into them: their layers lie in the archives of their steps."""
        images = self._images(done)
        sizes = policy.own_sizes({layer.digest: layer.size for layer in image.layers} for image in images)
        return tuple(
            policy.Image(
                role=role,
                name=image_name(role, target, self.archs),
                config=image.config,
                layers=read_image_archive(done[step].path(plan.IMAGE_TAR)).layers,
                size=size,
            )
            for (step, role, target), image, size in zip(self._made(), images, sizes, strict=True)
        )

    def _bundle(self, done: Mapping[str, Done], out: Path) -> None:
        manifest = self.project.manifest
        evidence = [
            ProjectFile(name=name, media_type=kind, source=done[plan.ATTEST].path(output_of(name)))
            for name, kind in media_types(plan.image_names(self.archs)).items()
        ]
        judged = done[plan.POLICY].path(plan.POLICY_RESULT)
        evidence.append(ProjectFile(name=store.RESULT, media_type=store.MEDIA_TYPE, source=judged))
        scanned = {name: done[plan.SCAN].path(output_of(name)) for name in scans.MEDIA_TYPES}
        evidence += [
            ProjectFile(name=name, media_type=scans.MEDIA_TYPES[name], source=path)
            for name, path in scanned.items()
            if path.stat().st_size  # a project that states nothing has no statements to bring
        ]
        files = (*self._files(done), *evidence)
        contents = BundleContents(
            name=manifest.name, version=manifest.version, images=self._images(done), files=files
        )
        bundle = write_bundle(contents, out / plan.BUNDLE_TAR)
        (out / plan.BUNDLE_DIGEST).write_text(bundle.digest)

    def _images(self, done: Mapping[str, Done]) -> tuple[BundleImage, ...]:
        manifest, cache = self.project.manifest, LayerCache(cache_dir() / "layers")
        return tuple(
            bundle_image(
                read_image_archive(done[step].path(plan.IMAGE_TAR)),
                cache,
                role=role,
                reference=image_tag(manifest.name, role, manifest.version) + tag_suffix(target, self.archs),
            )
            for step, role, target in self._made()
        )

    def _files(self, done: Mapping[str, Done]) -> tuple[ProjectFile, ...]:
        manifest, seed = self.project.manifest, done[plan.SEED]
        texts: dict[str, bytes] = {
            MANIFEST: self.project.text,
            LOCK: render(self.lock).encode(),
            COMPOSE: render_compose(ComposePlan.of(manifest)).encode(),
            "README.md": bundle_readme(manifest, self.archs).encode(),
        }
        changes = [
            ProjectFile(name=plan.CHANGES_TAR, media_type=CHANGES_TYPE, source=seed.path(plan.CHANGES_TAR))
        ]
        return (
            *(ProjectFile(name=name, media_type=REQUIRED[name], source=text) for name, text in texts.items()),
            ProjectFile(name=SEED_REPORT, media_type=SEED_TYPE, source=seed.path(plan.REPORT)),
            ProjectFile(name=GRAPH, media_type=GRAPH_TYPE, source=self._graph(seed)),
            *(changes if manifest.changes else ()),
        )

    def _graph(self, seed: Done) -> Path:
        """The canonical text, packed as layers are: by what it holds, so that the same text is the same bytes."""
        tar = seed.path(plan.GRAPH_TAR)
        source = LayerSource(
            diff_id=f"sha256:{seed.outputs[plan.GRAPH_TAR]}", path=tar, offset=0, size=tar.stat().st_size
        )
        return LayerCache(cache_dir() / "layers").compress(source).path


def _upstream_in(done: Mapping[str, Done]) -> Path | None:
    """The store without corrections, where the project has a folder of them."""
    return done[plan.UPSTREAM].path(plan.UPSTREAM_TAR) if plan.UPSTREAM in done else None


def _digest_of(file: ProjectFile) -> str:
    if isinstance(file.source, bytes):
        return hashlib.sha256(file.source).hexdigest()
    return file_digest(file.source)
