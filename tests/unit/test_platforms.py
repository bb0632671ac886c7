"""Two platforms: what is asked for, which steps there are, what runs where, and that a program for another processor is found."""

from __future__ import annotations

import io
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit import lock_example
from tests.unit.evidence_example import two_archs
from tests.unit.lock_example import jar, sha, wheel
from tests.unit.test_lock_needs import project as project_of

from kgshare.build import require_archs, targets_of
from kgshare.bundle.layercache import LayerSource
from kgshare.cache import Cache
from kgshare.cache import Inputs as Cached
from kgshare.doors.process import CommandFailed
from kgshare.engines import BuildRequest, ImageTar, OnLine
from kgshare.engines.dockerfile import chain, parse
from kgshare.errors import BuildError, LockError, UsageError
from kgshare.images import context
from kgshare.images.build import ImageBuilder, dockerfile
from kgshare.images.layers import Layer
from kgshare.images.machines import machine_of, native_machines, require_libraries, require_machine
from kgshare.lock import command, wheels
from kgshare.lock import resolve as stage
from kgshare.lock.apt import Apt
from kgshare.lock.command import this_arch
from kgshare.lock.file import every_input, target_inputs
from kgshare.lock.file import parse as parse_lock
from kgshare.lock.model import Arch, Lock
from kgshare.lock.needs import needs_of
from kgshare.plan import make_plan
from kgshare.platforms import image_name, parse_platforms, same_platform, tag_suffix
from kgshare.progress import Progress
from kgshare.project import Project, read_project
from kgshare.project.model import ImageBuild
from kgshare.readme import bundle_readme
from kgshare.stack.source import Source
from kgshare.work import Works

HERBARIUM, LIGHTHOUSE = (
    Path(__file__).parents[1] / "projects" / name for name in ("herbarium", "lighthouse")
)
BOTH: tuple[Arch, ...] = ("amd64", "arm64")


def elf(machine: int, kind: int = 3, order: str = "<") -> bytes:
    """The first bytes of an ELF file."""
    ident = b"\x7fELF" + bytes([2, 1 if order == "<" else 2, 1]) + bytes(9)
    return ident + struct.pack(f"{order}HH", kind, machine) + bytes(44)


AMD, ARM = elf(62), elf(183)


def both(project: Project) -> Lock:
    """The project's lock with the example's packages for arm64."""
    lock = parse_lock((project.root / "kgshare.lock").read_text())
    return replace(lock, archs={**lock.archs, "arm64": two_archs().archs["arm64"]})


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["linux/amd64,linux/arm64"], BOTH),
        (["linux/arm64", "linux/amd64"], BOTH),
        (["linux/arm64/v8, linux/arm64"], ("arm64",)),
        ([], ()),
    ],
)
def test_platforms_are_named_as_docker_names_them_in_any_order_and_each_counts_once(
    words: list[str], found: tuple[Arch, ...]
) -> None:
    assert parse_platforms(words) == found


@pytest.mark.parametrize("word", ["linux/mips", "arm64", "windows/amd64", "linux/amd64,", ""])
def test_an_unknown_platform_is_named_with_those_that_there_are(word: str) -> None:
    with pytest.raises(UsageError, match="there is no platform '") as caught:
        parse_platforms([word])
    assert "bundles are for linux/amd64 and linux/arm64" in caught.value.problems[0].hint


def test_names_and_tags_are_the_plain_ones_for_one_platform_and_for_the_first_of_two() -> None:
    assert (image_name("database", "arm64", ["arm64"]), tag_suffix("arm64", ["arm64"])) == ("database", "")
    assert image_name("database", "arm64", BOTH) == "database-linux-arm64"
    assert [tag_suffix(arch, BOTH) for arch in BOTH] == ["", "-arm64"]
    assert same_platform("linux/arm64", "linux/arm64/v8")
    assert not same_platform("linux/arm64", "linux/amd64")


def test_a_second_platform_adds_steps_and_leaves_those_that_make_the_first_as_they_are() -> None:
    project = read_project(HERBARIUM)
    lock = both(project)
    one, two = make_plan(project, lock, "amd64"), make_plan(project, lock, "amd64", targets=BOTH)
    assert make_plan(project, lock, "amd64", targets=("amd64",)) == one
    whole = {"attest", "policy", "bundle"}  # what is about the bundle
    assert [step for step in one.steps if step.name not in whole] == [
        step for step in two.steps if step.name not in whole and not step.name.endswith(".arm64")
    ]
    assert two.step("image.database.arm64").needs == (
        "base.database.arm64", "runtime.arm64", "seed", "upstream",
    )  # fmt: skip
    assert two.step("runtime.arm64").needs == ("toolbox",)
    assert two.step("bundle").needs[:4] == (
        "image.database", "image.application", "image.database.arm64", "image.application.arm64",
    )  # fmt: skip


def test_another_java_or_another_wheel_of_the_target_is_another_step_and_the_seed_does_not_care() -> None:
    project = read_project(HERBARIUM)
    lock = both(project)
    part = lock.archs["arm64"]
    newer = tuple(replace(row, sha256="0" * 64) for row in part.debian["toolbox"])
    later = replace(
        lock, archs={**lock.archs, "arm64": replace(part, debian={**part.debian, "toolbox": newer})}
    )
    before, after = (make_plan(project, each, "amd64", targets=BOTH) for each in (lock, later))
    changed = {a.name for a, b in zip(before.steps, after.steps, strict=True) if a != b}
    assert changed == {"runtime.arm64", "attest", "scan", "policy", "bundle"}


def test_for_the_other_platform_alone_this_machines_base_is_made_too_as_its_python_compiles() -> None:
    project = read_project(HERBARIUM)
    plan = make_plan(project, both(project), "amd64", targets=("arm64",))
    names = [step.name for step in plan.steps]
    assert names[:2] == ["toolbox", "base.application"]
    assert "image.database" not in names
    assert plan.step("attest").outputs[1:3] == ("database.cdx.json", "application.cdx.json")


@pytest.mark.parametrize("targets", [("amd64",), ("arm64",), BOTH])
def test_every_step_of_a_plan_has_its_work(targets: tuple[Arch, ...], tmp_path: Path) -> None:
    project = read_project(HERBARIUM)
    lock = both(project)
    works = Works(
        project=project, lock=lock, inputs=Cached(cache=Cache(tmp_path), lock=lock), arch="amd64", engine=Told(), targets=targets
    )  # fmt: skip
    plan = make_plan(project, lock, "amd64", targets=targets)
    assert {step.name for step in plan.steps} <= works.by_step().keys()


class Told:
    """An engine that builds nothing and remembers what it was told, with what each target would run."""

    name, version, remarks = "told", "1", ()

    def __init__(self) -> None:
        self.requests: list[tuple[BuildRequest, bool]] = []

    def check(self) -> None:
        """It always can."""

    def build(self, request: BuildRequest, on_line: OnLine | None = None) -> None:
        stages = parse(request.dockerfile.read_text())
        used, waiting = set(), [request.target]
        while waiting:
            name = waiting.pop()
            used.add(name)
            found = chain(stages, name)
            waiting += [f.flags()[0]["from"] for f in found if f.word == "COPY" and "from" in f.flags()[0]]
        runs = any(instruction.word == "RUN" for name in used for instruction in chain(stages, name))
        for instruction in (i for name in used for i in chain(stages, name) if i.word == "ADD"):
            assert (request.context / instruction.text.split()[0]).exists(), instruction
        self.requests.append((request, runs))
        with Layer(request.output.path, 0) as layer:
            layer.text("opt/java/release", "")


def deb_with_modules(path: Path) -> Path:
    """A package as dpkg-deb makes it, with two modules among other files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as tar:
        for name, content in (
            ("./usr/lib/jvm/java-21-openjdk-arm64/jmods/java.base.jmod", b"base"),
            ("./usr/lib/jvm/java-21-openjdk-arm64/bin/javac", ARM),
            ("./usr/lib/jvm/java-21-openjdk-arm64/jmods/java.sql.jmod", b"sql"),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    control = io.BytesIO()
    with tarfile.open(fileobj=control, mode="w:xz"):
        pass
    members = (
        ("debian-binary", b"2.0\n"),
        ("control.tar.xz", control.getvalue()),
        ("data.tar.xz", data.getvalue()),
    )
    with path.open("wb") as out:
        out.write(b"!<arch>\n")
        for name, content in members:
            out.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content)
            out.write(b"\n" * (len(content) % 2))
    return path


def test_of_another_platform_only_layers_are_put_together_and_whatever_runs_runs_on_this_one(
    tmp_path: Path,
) -> None:
    project = read_project(HERBARIUM)
    lock = replace(both(project), npm=(), jars={"database": (), "plugins": ()})
    part = lock.archs["arm64"]
    lock = replace(lock, archs={**lock.archs, "arm64": replace(part, wheels={"seed": (), "application": ()})})
    deb, base, engine = deb_with_modules(tmp_path / "jdk.deb"), tmp_path / "base.tar", Told()
    with Layer(base, 0) as layer:
        layer.text("etc/hostname", "")
    builder = ImageBuilder(
        engine=engine, project=project, lock=lock, arch="arm64", here="amd64", inputs=lambda _: deb, created=0
    )
    runtime = builder.build_runtime(base, tmp_path / "runtime")
    builder.build_database_image(base, runtime, base, tmp_path / "database")
    builder.build_application_image(base, tmp_path / "application", ("sha256:1", base), compiler=base)
    said = [(r.target, r.platform, isinstance(r.output, ImageTar), runs) for r, runs in engine.requests]
    assert said == [
        ("result", "linux/amd64", False, True),
        ("database", "linux/arm64", True, False),
        ("bytecode", "linux/amd64", False, True),
        ("application", "linux/arm64", True, False),
    ]


def test_a_dockerfile_of_the_projects_own_finds_this_machines_jlink_with_the_modules_of_the_target(
    tmp_path: Path,
) -> None:
    project = read_project(LIGHTHOUSE)
    image = project.manifest.application.image
    assert isinstance(image, ImageBuild)
    lock = replace(both(project), jars={"database": (), "plugins": ()})
    deb, toolbox = deb_with_modules(tmp_path / "jdk.deb"), tmp_path / "toolbox.tar"
    with Layer(toolbox, 0) as layer:
        layer.text("usr/lib/jvm/java-21-openjdk-amd64/bin/jlink", AMD)
    seen: dict[str, str] = {}

    class Looks(Told):
        def build(self, request: BuildRequest, on_line: OnLine | None = None) -> None:
            with tarfile.open(request.context / "toolbox.tar") as tar:
                seen.update({member.name: member.linkname for member in tar if not member.isdir()})
            super().build(request, on_line)

    engine = Looks()
    builder = ImageBuilder(
        engine=engine, project=project, lock=lock, arch="arm64", here="amd64", inputs=lambda _: deb, created=0
    )
    builder.build_own_image(image, toolbox, toolbox, tmp_path / "out")
    assert [request.platform for request, _ in engine.requests] == ["linux/arm64"]
    home = "usr/lib/jvm/java-21-openjdk"
    assert {f"{home}-amd64/bin/jlink", f"{home}-arm64/jmods/java.base.jmod"} <= seen.keys()
    assert seen[f"{home}-arm64/bin"] == "../java-21-openjdk-amd64/bin"


def test_modules_come_out_of_the_targets_package_as_they_are(tmp_path: Path) -> None:
    deb = deb_with_modules(tmp_path / "jdk.deb")
    jdk = two_archs().jdk("arm64")
    context.modules_layer(jdk, deb, 0, tmp_path / "jmods.tar")
    with tarfile.open(tmp_path / "jmods.tar") as tar:
        held = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]
    assert held == {"jmods/java.base.jmod": b"base", "jmods/java.sql.jmod": b"sql"}
    deb.write_bytes(b"no package")
    with pytest.raises(BuildError, match=r"openjdk-21-jdk-headless 21\.0\.9\+10-1 \(arm64\) cannot be read"):
        context.modules_layer(jdk, deb, 0, tmp_path / "jmods.tar")


def test_bytecode_of_another_python_is_not_passed_off_as_the_targets(tmp_path: Path) -> None:
    from kgshare.lock.model import BaseBlob

    project = read_project(HERBARIUM)
    head = BaseBlob(
        base="application", kind="manifest", reference="r/python:1", media_type="", sha256=sha("m"), size=1, version="3.14"
    )  # fmt: skip
    lock = replace(both(project), npm=(), bases={"arm64": (head,)})
    part = lock.archs["arm64"]
    lock = replace(lock, archs={**lock.archs, "arm64": replace(part, wheels={"seed": (), "application": ()})})
    base = tmp_path / "base.tar"
    with Layer(base, 0):
        pass
    builder = ImageBuilder(
        engine=Told(),
        project=project,
        lock=lock,
        arch="arm64",
        here="amd64",
        inputs=lambda _: base,
        created=0,
    )
    with pytest.raises(BuildError, match=r"has Python 3\.14 for linux/arm64 and 3\.13 for linux/amd64"):
        builder.build_application_image(base, tmp_path / "out", ("sha256:1", base), compiler=base)


@pytest.mark.parametrize("name", ["cross-runtime", "cross-bytecode"])
def test_what_is_made_for_another_platform_asks_no_registry_and_no_network(name: str) -> None:
    lines = dockerfile(name, read_project(HERBARIUM)).replace("\\\n", " ").splitlines()
    stages = {"scratch"} | {line.split()[-1] for line in lines if line.startswith("FROM ")}
    assert {line.split()[1] for line in lines if line.startswith("FROM ")} <= stages
    assert all(line.startswith("RUN --network=none ") for line in lines if line.startswith("RUN "))


@pytest.mark.parametrize(
    ("header", "machine"),
    [
        (AMD, "amd64"),
        (ARM, "arm64"),
        (elf(62, kind=2), "amd64"),
        (elf(62, kind=1), ""),  # an object file
        (elf(22, order=">"), "s390x"),
        (elf(4711), "machine 4711"),
        (b"#!/bin/sh\n" + bytes(20), ""),
        (b"\x7fELF", ""),
    ],
)
def test_the_processor_of_a_program_stands_in_its_first_bytes(header: bytes, machine: str) -> None:
    assert machine_of(header) == machine


def layer_of(folder: Path, files: Mapping[str, bytes]) -> LayerSource:
    path = folder / "layer.tar"
    with Layer(path, 0) as layer:
        for name, content in files.items():
            layer.text(name, content)
    return LayerSource(diff_id="", path=path, offset=0, size=path.stat().st_size)


def test_an_image_with_a_program_for_another_processor_is_refused_with_each_of_them(tmp_path: Path) -> None:
    good = {
        "usr/bin/java": ARM,
        "usr/share/x": b"\x7fELF",
        "a/object.o": elf(62, kind=1),
        "text": b"text" * 9,
    }
    require_machine([layer_of(tmp_path, good)], "arm64", "database")
    bad = layer_of(tmp_path, {**good, "usr/lib/a.so": AMD, "b.so": elf(3)})
    with pytest.raises(BuildError) as caught:
        require_machine([bad], "arm64", "database")
    assert [str(problem).partition("\n")[0] for problem in caught.value.problems] == [
        "b.so: is for i386, and the database image for arm64",
        "usr/lib/a.so: is for amd64, and the database image for arm64",
    ]
    many = layer_of(tmp_path, {f"{number}.so": AMD for number in range(20)})
    with pytest.raises(BuildError, match="and 8 more"):
        require_machine([many], "arm64", "application")


def test_a_plugin_with_native_libraries_for_the_other_processor_only_is_named(tmp_path: Path) -> None:
    def packed(name: str, members: Mapping[str, bytes]) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return tmp_path / name

    plugin, x86, arm, plain = (
        jar("plugin", "1.0"),
        jar("netty", "4", "x86_64"),
        jar("netty", "4", "aarch_64"),
        jar("a", "1"),
    )
    files: dict[Any, Path] = {
        plugin: packed(
            "plugin.jar", {"native/linux/libx.so": AMD, "native/mac/libx.dylib": b"\xcf\xfa\xed\xfe"}
        ),
        x86: packed("x86.jar", {"META-INF/native/libn.so": AMD}),
        arm: packed("arm.jar", {"META-INF/native/libn.so": ARM}),
        plain: packed("plain.jar", {"A.class": b"\xca\xfe"}),
    }
    assert native_machines(files[plugin]) == {"amd64"}
    require_libraries((x86, arm, plain), files.__getitem__, "arm64")
    require_libraries(files, files.__getitem__, "amd64")
    with pytest.raises(
        BuildError, match=r"org\.example:plugin:1\.0: has native libraries for amd64, and none for arm64"
    ):
        require_libraries(files, files.__getitem__, "arm64")


def test_of_another_architecture_only_what_goes_into_images_or_is_linked_is_fetched() -> None:
    lock = two_archs()
    part = lock.archs["arm64"]
    wanted = {item.sha256 for item in target_inputs(lock, "arm64")}
    assert wanted < {item.sha256 for item in every_input(lock, "arm64")}
    assert {lock.jdk("arm64").sha256, *(jar.sha256 for jar in lock.jars["database"])} <= wanted
    assert not {row.sha256 for row in part.debian["toolbox"] if row.name == "bash"} & wanted
    assert not {row.sha256 for row in part.wheels["seed"] if row.name == "numpy"} & wanted


def test_a_lock_without_the_platform_is_named_with_the_command_that_brings_it() -> None:
    project = read_project(HERBARIUM)
    lock = parse_lock((project.root / "kgshare.lock").read_text())
    with pytest.raises(LockError, match="has nothing for arm64") as caught:
        require_archs(lock, BOTH)
    assert caught.value.problems[0].hint == "run `kgshare lock --arch arm64`"


def test_up_takes_the_images_of_the_platform_that_the_engine_runs() -> None:
    source = Source(
        manifest=read_project(HERBARIUM).manifest, digest="", compose="", store="", platform="linux/amd64", images={}, size=0,
        archive=lambda _: iter(()),
    )  # fmt: skip
    both = replace(source, others=(replace(source, platform="linux/arm64/v8"),))
    assert both.platforms == ("linux/amd64", "linux/arm64/v8")
    assert both.on("linux/amd64") is both
    assert both.on("linux/arm64") is both.others[0]
    assert both.on("linux/riscv64") is None


def test_a_new_architecture_takes_the_versions_that_are_locked_and_its_own_newest_where_one_has_no_wheel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[str]] = []

    def run(argv: list[str], cwd: Path) -> None:
        limits = [
            Path(argv[n + 1]).read_text().split() for n, word in enumerate(argv) if word == "--constraint"
        ]
        asked.append(limits[0] if limits else [])
        if "numpy==2.3" in asked[-1]:
            raise CommandFailed("pip", 1, "ERROR: No matching distribution found for numpy==2.3")
        (cwd / "report.json").write_text('{"install": []}')

    monkeypatch.setattr(wheels, "run", run)
    wheels.resolve_wheels(["neo4j"], "3.13", "arm64", [wheel("neo4j", "6.0")])
    wheels.resolve_wheels(["neo4j", "numpy"], "3.13", "arm64", [wheel("neo4j", "6.0"), wheel("numpy", "2.3")])
    assert asked == [["neo4j==6.0"], ["neo4j==6.0", "numpy==2.3"], []]


def test_locking_a_second_architecture_keeps_the_first_and_the_clock_and_likens_the_second_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = project_of(tmp_path)
    before = replace(lock_example.lock(), manifest=here.checksum, needs=needs_of(here).digests())
    likened: dict[Arch, list[str]] = {}

    def resolve_wheels(names: tuple[str, ...], python: str, arch: Arch, like: tuple[Any, ...]) -> list[Any]:
        likened.setdefault(arch, []).extend(row.name for row in like)
        return []

    monkeypatch.setattr(stage.wheels, "resolve_wheels", resolve_wheels)
    monkeypatch.setattr(stage, "apt_root", lambda *_: None)
    monkeypatch.setattr(stage, "resolve_debian", lambda *_: before.archs["amd64"].debian)
    after = stage.resolve(
        here,
        needs_of(here),
        progress=Progress(quiet=True),
        archs=BOTH,
        previous=before,
        cache=Cache(tmp_path),
    )
    assert (after.archs["amd64"], after.epoch) == (before.archs["amd64"], before.epoch)
    assert likened == {"arm64": ["neo4j", "numpy", "neo4j"]}


def test_a_wheel_that_the_target_does_not_have_is_named_with_what_can_be_done() -> None:
    output = (
        "ERROR: Could not find a version that satisfies the requirement gsw==3.6 (from versions: none)\n"
        "ERROR: No matching distribution found for gsw==3.6\n"
    )
    told = wheels.explain(output, "3.13", "arm64")
    assert told["message"].startswith("there is no wheel of gsw==3.6 for CPython 3.13 on Linux aarch64")
    assert "leave linux/arm64 out" in told["hint"]


def test_a_package_that_the_archive_does_not_have_for_an_architecture_is_named(tmp_path: Path) -> None:
    class Without:
        def argv(self, words: list[str], root: Path, cwd: str) -> list[str]:
            return ["sh", "-c", "echo 'E: Unable to locate package only-on-amd64' >&2; exit 100"]

        def inside(self, root: Path) -> str:
            return str(root)

        def sources(self) -> list[Any]:
            return []

    apt = Apt(root=tmp_path, suite="trixie", arch="arm64", runner=Without())
    with pytest.raises(LockError, match="trixie arm64: E: Unable to locate package only-on-amd64") as caught:
        apt.simulate(["only-on-amd64"])
    assert "leave linux/arm64 out" in caught.value.problems[0].hint


def test_the_platforms_of_the_manifest_are_built_for_and_locked_unless_others_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(HERBARIUM, tmp_path / "herbarium")
    manifest = folder / "kgshare.yaml"
    manifest.write_text(manifest.read_text() + "platforms: [linux/arm64, linux/amd64]\n")
    project = read_project(folder)
    assert targets_of(project) == BOTH
    assert targets_of(project, ["arm64"]) == ("arm64",)
    assert targets_of(read_project(HERBARIUM)) == (this_arch(),)
    asked: list[tuple[Arch, ...]] = []

    def resolve(*_: object, archs: tuple[Arch, ...], **__: object) -> Lock:
        asked.append(archs)
        return both(project)

    monkeypatch.setattr(command, "resolve", resolve)
    command.lock_project(project, progress=Progress(quiet=True))
    assert asked == [BOTH]


def test_the_readme_in_a_bundle_says_what_a_machine_of_the_second_platform_says_to_compose() -> None:
    manifest = read_project(HERBARIUM).manifest
    assert bundle_readme(manifest, ["arm64"]) == bundle_readme(manifest)
    text = bundle_readme(manifest, BOTH)
    assert "    export KGSHARE_DATABASE_IMAGE=localhost/herbarium/database:0.2.0-arm64\n" in text
    assert "    export KGSHARE_APPLICATION_IMAGE=localhost/herbarium/application:0.2.0-arm64\n" in text
    assert text.index("docker compose up") < text.index("arm64 processor")
