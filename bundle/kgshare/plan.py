"""The plan: which steps a build has and what goes into each. Reads the project's files, starts nothing.

::

    toolbox ──→ runtime ─────────────────┐
       └─→ upstream ──→ seed ────────────┼→ image.database ────┐
    base.database ───────────────────────┘                     ├→ attest → scan → policy → bundle
    base.application, seed ───────────────→ image.application ─┘

A project without a folder of change sets has no ``upstream``: its seed is one step. The application's image needs the seed
where it is kgshare's own page. An application's own image is built on toolbox and base.application, or stands on neither
when it comes as a file.

Another platform than this machine's has bases, runtime and images of its own, called ``runtime.arm64`` and so on. What they
are made with runs on this machine: its toolbox links that runtime, its seed's store is the store of both, as Neo4j's files are the
same everywhere, and its base of the application compiles the bytecode.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kgshare import __version__
from kgshare.attest.names import ROLES, media_types, output_of
from kgshare.attest.origin import UNKNOWN, Origin
from kgshare.lock.model import LOCK, Arch, Lock
from kgshare.platforms import image_name
from kgshare.policy.settings import POLICY as POLICY_FILE
from kgshare.policy.settings import catalogue_of, settings_of
from kgshare.project import MANIFEST, Project, SeedStep
from kgshare.project.model import ImageBuild
from kgshare.scan import vex
from kgshare.steps import Plan, Step, files_below, rows_digest, text_digest, tree_digest, tree_rows

UPSTREAM, UPSTREAM_TAR = "upstream", "upstream.tar"
TOOLBOX, RUNTIME, SEED, ATTEST, POLICY, BUNDLE = "toolbox", "runtime", "seed", "attest", "policy", "bundle"
SCAN = "scan"
DATABASE_BASE, APPLICATION_BASE = "base.database", "base.application"
DATABASE_IMAGE, APPLICATION_IMAGE = "image.database", "image.application"

BASE_TAR, RUNTIME_TAR, STORE_TAR, GRAPH_TAR, REPORT, CHANGES_TAR = (
    "base.tar",
    "runtime.tar",
    "store.tar",
    "graph.tar",
    "report.json",
    "changes.tar",
)
POLICY_RESULT, SCAN_RESULT, STATEMENTS = "policy.json", "scan.json", "vex.json"
CHANGE_SETS = "change sets"  # the name of that input of the seed
IMAGE_TAR, BUNDLE_TAR, BUNDLE_DIGEST = "image.tar", "bundle.tar", "digest"

# What files in images are dated: the first day that ZIP, and so a jar and a wheel, can say. It is no input, so two
# projects with the same packages share bases, runtime and layers, and a new lock that changes nothing rebuilds nothing.
FILE_TIME = 315_532_800  # 1980-01-01T00:00:00Z
CODE = Path(__file__).parent  # kgshare's own sources, which are inputs as well

# In which file of the project an input is that is no tree of files; for a person who wants to know what changed.
FILE_OF: Mapping[str, str] = {
    **dict.fromkeys(("manifest", "seed steps of the manifest", "checks of the manifest"), MANIFEST),
    **dict.fromkeys(
        (
            "lock",
            "time of the lock",
            "Debian packages",
            "Java's modules",
            "base image",
            "jars",
            "wheels",
            "npm packages",
        ),
        LOCK,
    ),
    "policy": POLICY_FILE,
}


def make_plan(
    project: Project,
    lock: Lock,
    arch: Arch,
    origin: Origin = UNKNOWN,
    scanner: str = "",
    *,
    targets: Sequence[Arch] = (),
) -> Plan:
    """The steps that build a project from one lock.

    Args:
        project: what is built.
        lock: what from.
        arch: this machine's architecture, on which steps run.
        origin: what the evidence says of Git.
        scanner: what a scan depends on beside what is scanned; empty where there is no scanner.
        targets: the architectures that the bundle is for; this machine's when none are given.
    """
    targets = targets or (arch,)
    images = [
        step_of(step, target, arch) for target in targets for step in (DATABASE_IMAGE, APPLICATION_IMAGE)
    ]
    own = project.manifest.application.image
    # The bytecode of another platform's application is compiled by this one's Python.
    compiles = own is None and arch not in targets
    steps = (
        _base(TOOLBOX, lock, arch, "toolbox"),
        *((_base(APPLICATION_BASE, lock, arch, "application"),) if compiles else ()),
        *(step for target in targets for step in _of_target(project, lock, target, arch)),
        *((_upstream(project, lock, arch),) if project.manifest.changes else ()),
        _seed(project, lock, arch),
        *(
            step
            for target in targets
            for step in (
                _database_image(project, lock, target, arch),
                _application_image(project, lock, target, arch),
            )
        ),
        _attest(project, lock, arch, origin, targets, images),
        _scan(project, lock, scanner),
        _policy(project, lock, images),
        _bundle(project, lock, images),
    )
    return Plan(steps=tuple(map(naming_files, steps)))


def naming_files(step: Step) -> Step:
    """A step that says in which file of the project each of its inputs is."""
    single = {name: {FILE_OF[name]: digest} for name, digest in step.inputs.items() if name in FILE_OF}
    return replace(step, files={**single, **step.files})


def step_of(step: str, target: Arch, arch: Arch) -> str:
    """What a step is called that makes something for ``target`` on a machine of ``arch``."""
    return step if target == arch else f"{step}.{target}"


def _of_target(project: Project, lock: Lock, target: Arch, arch: Arch) -> Iterator[Step]:
    """What is underneath the images of one platform."""
    yield _base(step_of(DATABASE_BASE, target, arch), lock, target, "database")
    if not isinstance(project.manifest.application.image, str):
        yield _base(step_of(APPLICATION_BASE, target, arch), lock, target, "application")
    modules = {} if target == arch else {"Java's modules": text_digest(repr(lock.jdk(target)))}
    yield Step(
        name=step_of(RUNTIME, target, arch),
        needs=(TOOLBOX,),
        inputs={"kgshare's images": _code("images", "engines"), **modules, **_where(target)},
        outputs=(RUNTIME_TAR,),
    )


def _base(name: str, lock: Lock, arch: Arch, which: str) -> Step:
    if blobs := [blob for blob in lock.bases.get(arch, ()) if blob.base == which]:
        inputs = {
            "base image": text_digest(repr(blobs)),
            "kgshare's bases": _code("base", "images"),
            **_where(arch),
        }
        return Step(name=name, inputs=inputs, outputs=(BASE_TAR,))
    packages = {key: rows for key, rows in lock.archs[arch].debian.items() if key == which}
    return Step(
        name=name,
        inputs={
            "Debian packages": text_digest(repr(packages)),
            "kgshare's bases": _code("base"),
            **_where(arch),
        },
        outputs=(BASE_TAR,),
    )


def _upstream(project: Project, lock: Lock, arch: Arch) -> Step:
    """What the seed steps make; a correction leaves it as it is, to the byte."""
    inputs, files = _of_the_steps(project, lock, arch)
    return Step(name=UPSTREAM, needs=(TOOLBOX,), inputs=inputs, files=files, outputs=(UPSTREAM_TAR,))


def _of_the_steps(
    project: Project, lock: Lock, arch: Arch
) -> tuple[dict[str, str], dict[str, Mapping[str, str]]]:
    """All that the seed steps depend on, and the files among it."""
    manifest = project.manifest
    files = tree_rows(without_changes(project), project.root)
    code = (
        "seeding", "canonical", "changes", "questions", "doors", "images", "engines", "errors.py", "aside.py", "project",
    )  # fmt: skip
    inputs = {
        "seed steps of the manifest": text_digest(repr((manifest.neo4j, manifest.identity, manifest.seed))),
        "files of the seed": rows_digest(files),
        "jars": text_digest(repr(lock.jars)),
        "wheels": text_digest(repr(lock.archs[arch].wheels["seed"])),
        "kgshare's seeding": _code(*code),
        **_where(arch),
    }
    return inputs, {"files of the seed": files}


def _seed(project: Project, lock: Lock, arch: Arch) -> Step:
    manifest = project.manifest
    inputs, files = _of_the_steps(project, lock, arch)
    changes = tree_rows(change_files(project), project.root)
    checked = (repr(manifest.checks), *((repr(project.questions),) if project.questions else ()))
    return Step(
        name=SEED,
        needs=(TOOLBOX, *((UPSTREAM,) if manifest.changes else ())),
        files={**files, CHANGE_SETS: changes},
        inputs={
            **inputs,
            "checks of the manifest": text_digest(*checked),
            CHANGE_SETS: text_digest(
                rows_digest(changes),
                *((manifest.name, manifest.changes) if manifest.changes else ()),
            ),
        },
        outputs=(STORE_TAR, GRAPH_TAR, REPORT, CHANGES_TAR),
    )


def _database_image(project: Project, lock: Lock, target: Arch, arch: Arch) -> Step:
    manifest = project.manifest
    return Step(
        name=step_of(DATABASE_IMAGE, target, arch),
        needs=(
            step_of(DATABASE_BASE, target, arch),
            step_of(RUNTIME, target, arch),
            SEED,
            *((UPSTREAM,) if manifest.changes else ()),
        ),
        inputs={
            "manifest": text_digest(
                repr(
                    (manifest.name, manifest.version, manifest.description, manifest.licence, manifest.neo4j)
                )
            ),
            "jars": text_digest(repr(lock.jars)),
            "kgshare's images": _code("images", "engines"),
            **_clock(lock, target),
        },
        outputs=(IMAGE_TAR,),
    )


def _application_image(project: Project, lock: Lock, target: Arch, arch: Arch) -> Step:
    image = project.manifest.application.image
    if image is not None:
        return _own_image(project, lock, target, arch, image)
    manifest = project.manifest
    files = tree_rows([project.root / path for path in manifest.application.source], project.root)
    inputs = {
        "manifest": text_digest(
            repr((manifest.name, manifest.version, manifest.description, manifest.licence)),
            repr((manifest.application, manifest.identity, manifest.open)),
            *((repr(project.questions),) if project.questions else ()),
        ),
        "files of the application": rows_digest(files),
        "wheels": text_digest(repr(lock.archs[target].wheels["application"])),
        "npm packages": text_digest(repr(lock.npm)),
        "kgshare's images": _code("images", "engines"),
        **_clock(lock, target),
    }
    if manifest.application.own_page:
        inputs["kgshare's page"] = _code(
            "page", "questions", "canonical", "changes", "doors", "seeding", "errors.py", "aside.py"
        )
        inputs["manifest"] = text_digest(
            inputs["manifest"], repr((manifest.authors, manifest.provenance)), manifest.neo4j.version
        )
    # kgshare's own page says which graph it shows, and whose corrections are in it.
    bases = dict.fromkeys((step_of(APPLICATION_BASE, target, arch), APPLICATION_BASE))
    needs = (*bases, *((SEED,) if manifest.application.own_page else ()))
    name = step_of(APPLICATION_IMAGE, target, arch)
    named = {"files of the application": files}
    return Step(name=name, needs=needs, inputs=inputs, outputs=(IMAGE_TAR,), files=named)


def _own_image(project: Project, lock: Lock, target: Arch, arch: Arch, image: str | ImageBuild) -> Step:
    """An image of the project's own: taken from a file, or built from its Dockerfile."""
    manifest = project.manifest
    said = repr(
        (manifest.name, manifest.version, manifest.description, manifest.licence, manifest.application)
    )
    rules = _code("images", "base")
    if isinstance(image, str):
        inputs = {
            "image": lock.needs.get("image", ""),
            "manifest": text_digest(said),
            "kgshare's rules": rules,
            **_where(target),
        }
        return Step(name=step_of(APPLICATION_IMAGE, target, arch), inputs=inputs, outputs=(IMAGE_TAR,))
    files = tree_rows([project.root / path for path in (image.dockerfile, *image.context)], project.root)
    inputs = {
        "manifest": text_digest(said),
        "files of the application": rows_digest(files),
        "jars": text_digest(repr(lock.jars.get("application", ()))),
        "kgshare's images": text_digest(rules, _code("engines")),
        **_clock(lock, target),
    }
    return Step(
        name=step_of(APPLICATION_IMAGE, target, arch),
        needs=(TOOLBOX, step_of(APPLICATION_BASE, target, arch)),
        inputs=inputs,
        outputs=(IMAGE_TAR,),
        files={"files of the application": files},
    )


def _attest(
    project: Project, lock: Lock, arch: Arch, origin: Origin, targets: Sequence[Arch], images: Sequence[str]
) -> Step:
    """The evidence; the images are compressed for it, as what it names is their digests in the bundle."""
    from kgshare.lock.file import render

    files = tree_rows(data_files(project), project.root)
    return Step(
        name=ATTEST,
        files={"data sets": files},
        needs=(*images, SEED),
        inputs={
            "manifest": project.checksum,
            "lock": text_digest(render(lock)),
            "data sets": text_digest(repr(project.datasets), rows_digest(files)),
            "revision in Git": text_digest(origin.revision, *origin.changed),
            "kgshare's evidence": text_digest(__version__, _code("attest", "bundle", "images/context.py")),
            **_where(arch),
        },
        outputs=tuple(output_of(name) for name in media_types(image_names(targets))),
    )


def _scan(project: Project, lock: Lock, scanner: str) -> Step:
    """Made anew when the scanner or its database is another one, as what is known of the same packages then is."""
    from kgshare.lock.file import render

    statements = tree_rows(sorted((project.root / vex.FOLDER).glob("*.json")), project.root)
    return Step(
        name=SCAN,
        files={"VEX statements": statements},
        needs=(ATTEST,),
        inputs={
            "lock": text_digest(render(lock)),
            "VEX statements": rows_digest(statements),
            "exploited vulnerabilities": text_digest(*sorted(catalogue_of(project.root) or ())),
            "scanner and its database": text_digest(scanner),
            "kgshare's scanning": _code("scan", "attest/document.py"),
        },
        outputs=(SCAN_RESULT, STATEMENTS),
    )


def image_names(targets: Sequence[Arch]) -> list[str]:
    """What the images are called inside of a bundle for these architectures."""
    return [image_name(role, target, targets) for target in targets for role in ROLES]


def _policy(project: Project, lock: Lock, images: Sequence[str]) -> Step:
    """Judged on the day it is made; `kgshare.build` judges the same facts again on any later day."""
    from kgshare.lock.file import render

    return Step(
        name=POLICY,
        needs=(*images, SEED, ATTEST, SCAN),
        inputs={
            "manifest": project.checksum,
            "lock": text_digest(render(lock)),
            "policy": text_digest(settings_of(project.root).model_dump_json()),
            "kgshare's policy": _code(
                "policy", "scan", "secrets", "attest/document.py", "images/policy.py", "base/spec.py"
            ),
        },
        outputs=(POLICY_RESULT,),
    )


def input_files(project: Project) -> list[Path]:
    """Every file and folder of the project that a build reads: manifest, lock, seed, application, what the manifest names."""
    manifest = project.manifest
    named = [name for name in (manifest.questions, manifest.datasets) if isinstance(name, str)]
    files = [project.root / name for name in (MANIFEST, LOCK, *named)]
    return [*files, *seed_files(project), *application_files(project), *data_files(project)]


def data_files(project: Project) -> list[Path]:
    """Every file and folder of the project that one of its data sets is said to be in."""
    return [project.root / path for dataset in project.datasets for path in dataset.files]


def application_files(project: Project) -> list[Path]:
    """Every file and folder of the project that goes into the application's image or makes it."""
    application = project.manifest.application
    image = application.image
    named = (image,) if isinstance(image, str) else (image.dockerfile, *image.context) if image else ()
    return [project.root / path for path in (*application.source, *named)]


def _bundle(project: Project, lock: Lock, images: Sequence[str]) -> Step:
    from kgshare.lock.file import render

    return Step(
        name=BUNDLE,
        needs=(*images, SEED, ATTEST, SCAN, POLICY),
        inputs={
            "manifest": project.checksum,
            "lock": text_digest(render(lock)),
            "kgshare": text_digest(
                __version__, _code("bundle", "compose.py", "work.py", "readme.py", "project")
            ),
        },
        outputs=(BUNDLE_TAR, BUNDLE_DIGEST),
    )


def seed_files(project: Project) -> list[Path]:
    """Every file and folder of the project that its seed steps name, and the folder of its change sets."""
    return [*upstream_files(project), *change_files(project)]


def upstream_files(project: Project) -> list[Path]:
    """Every file and folder of the project that its seed steps name."""
    return [project.root / path for step in project.manifest.seed for path in _named(step)]


def without_changes(project: Project) -> list[Path]:
    """The files of the seed steps; change sets that lie among them are no input of theirs."""
    changes = change_files(project)
    files = [file for path in upstream_files(project) for file in files_below(path, project.root)]
    return [file for file in files if not any(file.is_relative_to(folder) for folder in changes)]


def change_files(project: Project) -> list[Path]:
    """The folder of the project's change sets."""
    return [project.root / project.manifest.changes] if project.manifest.changes else []


def _named(step: SeedStep) -> Iterable[str]:
    if step.dump:
        yield step.dump.file
    if step.csv:
        yield from (table.file for table in step.csv.nodes)
        yield from (table.file for table in step.csv.relationships)
    if step.python:
        yield from step.python.source
        yield from step.python.inputs
    if step.cypher:
        yield from step.cypher.scripts
        yield from step.cypher.inputs


def _where(arch: Arch) -> dict[str, str]:
    return {"architecture": text_digest(arch, str(FILE_TIME))}


def _clock(lock: Lock, arch: Arch) -> dict[str, str]:
    """An image also says when it was made: at the time of its lock."""
    return {**_where(arch), "time of the lock": text_digest(str(lock.epoch))}


def _code(*names: str) -> str:
    return tree_digest([path for name in names if (path := CODE / name).exists()], CODE)
