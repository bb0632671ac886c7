"""The pipeline as a value: the steps of a build, and those around them, in one graph. Starts nothing.

::

    seed ──┬──→ check ──────────────────┐
           └──→ diff ───────────────────│────────┐
    … the build … → policy → bundle → sign → place → publish… → comment

The steps of the build are those of `kgshare.plan`, with the same keys: what `kgshare build` has made is not made again, and
the other way round. `check` is there where the project has change sets, `diff` where there is a graph to compare with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kgshare import plan
from kgshare.build import Prepared
from kgshare.bundle.write import file_name
from kgshare.errors import Problem, UsageError
from kgshare.plan import BUNDLE, CHANGE_SETS, POLICY, SCAN, SEED
from kgshare.review.git import repository
from kgshare.steps import Plan, Step, rows_digest, text_digest, tree_digest, tree_rows

CHECK, DIFF, SIGN, PLACE, PUBLISH, COMMENT = "check", "diff", "sign", "place", "publish", "comment"
CHECK_RESULT, SIGNATURE, PLACED, PUBLISHED, COMMENT_TEXT = (
    "check.json",
    "signature",
    "placed.json",
    "published.json",
    "comment.md",
)
DIFF_RESULT, DIFF_TEXT, DIFF_PAGE = "diff.json", "diff.md", "diff.html"
REGISTRY = "oci://"
RULES = "rules and signers of the review"
INSTEAD = {CHECK: SEED, DIFF: SEED, SIGN: BUNDLE}  # how far to go where a project has no such step


@dataclass(frozen=True, kw_only=True)
class Against:
    """The graph that this one is compared with.

    Attributes:
        name: as a person knows it.
        where: what `kgshare diff` takes: a file, a folder, or the name of a commit.
        digest: of what it is: a commit's name, or the digest of a file.
        must: whether it has to be there, as somebody asked for it; else what hinders is said in the comment.
        build: whether it is seeded where it was not before.
    """

    name: str
    where: str
    digest: str
    must: bool = False
    build: bool = False


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is asked of a run.

    Attributes:
        output: the folder in which the signed bundle is placed.
        signer: what a signature depends on: the key's fingerprint, or who the forge says is running; empty for none.
        destinations: folders and registries (``oci://…``) to publish to.
        replace: whether a tag that names something else may be given to this bundle.
        against: what to compare with; None where there is nothing.
    """

    output: Path
    signer: str = ""
    destinations: tuple[str, ...] = ()
    replace: bool = False
    against: Against | None = None


def make_pipeline(build: Prepared, wishes: Wishes) -> Plan:
    """The build's plan with the steps around it, each after those it needs."""
    project = build.project
    checked = (CHECK,) if project.manifest.changes else ()
    compared = (DIFF,) if wishes.against else ()
    signed = (SIGN,) if wishes.signer else ()
    steps = [*build.plan.steps]
    if checked:
        steps.append(_check(build))
    if wishes.against:
        steps.append(_diff(build, wishes.against))
    if signed:
        steps.append(_sign(wishes.signer))
    steps.append(_place(build, wishes, (BUNDLE, POLICY, *checked, *signed)))
    numbered = [(PUBLISH if n == 1 else f"{PUBLISH}.{n}", d) for n, d in enumerate(wishes.destinations, 1)]
    steps += [_publish(build, name, destination) for name, destination in numbered]
    published = tuple(name for name, _ in numbered)
    steps.append(_comment(build, (SEED, SCAN, POLICY, BUNDLE, *checked, *compared, PLACE, *published)))
    return Plan(steps=tuple(map(plan.naming_files, steps)))


def until(whole: Plan, name: str) -> Plan:
    """As much of a pipeline as it takes to do one of its steps; as far as that would be where this project has no need of it.

    Raises:
        UsageError: no pipeline has such a step.
    """
    names = [step.name for step in whole.steps]
    if name not in names:
        name = INSTEAD.get(name, name)
    if name not in names:
        hint = f"its steps: {', '.join(names)}"
        raise UsageError(Problem(message=f"this pipeline has no step {name}", hint=hint))
    wanted = {name}
    for step in reversed(whole.steps):
        if step.name in wanted:
            wanted.update(step.needs)
    return Plan(steps=tuple(step for step in whole.steps if step.name in wanted))


def _check(build: Prepared) -> Step:
    """Whether all change sets together still fit: what `kgshare review check` says."""
    project, seed = build.project, build.plan.step(SEED)
    review = project.manifest.review
    named = [project.root / name for name in (*review.rules, *filter(None, (review.signers,)))]
    rules = tree_rows(named, project.root)
    inputs = {
        CHANGE_SETS: seed.inputs[CHANGE_SETS],
        RULES: rows_digest(rules),
        "kgshare's review": _code("review", "changes", "ci/works.py"),
    }
    if review.signers is not None:  # whose commits they are counts, too
        inputs["commits of the change sets"] = _last_commit(project.root, plan.change_files(project))
    return Step(
        name=CHECK,
        needs=(SEED,),
        inputs=inputs,
        outputs=(CHECK_RESULT,),
        files={CHANGE_SETS: seed.files[CHANGE_SETS], RULES: rules},
    )


def _last_commit(root: Path, folders: list[Path]) -> str:
    from kgshare.attest.origin import origin_of

    origin = origin_of(root, folders)
    return text_digest(origin.revision, *origin.changed)


def _diff(build: Prepared, against: Against) -> Step:
    seed = build.plan.step(SEED)
    inputs = {
        "compared with": against.digest,
        CHANGE_SETS: seed.inputs[CHANGE_SETS],
        "kgshare's comparing": _code("compare.py", "diffpage.py", "snapshot", "changes", "ci/markdown.py"),
    }
    files = {CHANGE_SETS: seed.files[CHANGE_SETS]}
    return Step(
        name=DIFF, needs=(SEED,), inputs=inputs, outputs=(DIFF_RESULT, DIFF_TEXT, DIFF_PAGE), files=files
    )


def _sign(signer: str) -> Step:
    inputs = {"signer": text_digest(signer), "kgshare's signing": _code("trust", "bundle/signature.py")}
    return Step(name=SIGN, needs=(BUNDLE,), inputs=inputs, outputs=(SIGNATURE,))


def _place(build: Prepared, wishes: Wishes, needs: tuple[str, ...]) -> Step:
    """The signed bundle where it is wanted; again, where it is no longer as it was left."""
    target = target_in(wishes.output, build)
    return Step(
        name=PLACE, needs=needs, inputs={"file": str(target)}, outputs=(PLACED,), outside=(target,),
    )  # fmt: skip


def _publish(build: Prepared, name: str, destination: str) -> Step:
    """To a folder once; to a registry in every run, as only it knows what it has, and takes only what it has not."""
    registry = destination.startswith(REGISTRY)
    outside = () if registry else (target_in(Path(destination), build),)
    inputs = {"destination": destination}
    return Step(
        name=name, needs=(PLACE,), inputs=inputs, outputs=(PUBLISHED,), outside=outside, always=registry
    )


def require_destinations(destinations: tuple[str, ...]) -> None:
    """See that each is a folder that can be there, or a registry's reference; before anything is done.

    Raises:
        UsageError: one is neither.
    """
    from kgshare.registry.reference import parse  # what only a run that publishes needs

    for destination in destinations:
        if destination.startswith(REGISTRY):
            parse(destination)
        elif "://" in destination:
            hint = f"publish to a folder, or to a registry: {REGISTRY}HOST/NAME[:TAG]"
            raise UsageError(Problem(message=f"cannot be published to: {destination}", hint=hint))
        else:
            require_folder(Path(destination), "--publish")


def require_folder(path: Path, option: str) -> None:
    """See that a folder is there or can be made.

    Raises:
        UsageError: a file is in its way.
    """
    there = next((one for one in (path.absolute(), *path.absolute().parents) if one.exists()), None)
    if there is not None and not there.is_dir():
        raise UsageError(Problem(message=f"{option} names a folder, and this is a file", where=str(there)))


def target_in(folder: Path, build: Prepared) -> Path:
    """The file that a project's bundle is, in a folder."""
    manifest = build.project.manifest
    return folder.resolve() / file_name(manifest.name, manifest.version)


def _comment(build: Prepared, needs: tuple[str, ...]) -> Step:
    inputs = {
        "manifest": build.project.checksum,
        "kgshare's comment": _code("ci/comment.py", "ci/markdown.py"),
    }
    return Step(name=COMMENT, needs=needs, inputs=inputs, outputs=(COMMENT_TEXT,))


def _code(*names: str) -> str:
    return tree_digest([plan.CODE / name for name in names], plan.CODE)


def against_of(root: Path, name: str, environment: Mapping[str, str], base: str = "") -> Against | None:
    """What a project's graph is compared with.

    Args:
        root: the project's folder.
        name: what was asked for; empty for the target of the pull or merge request that a forge runs for, else the commit
            before this one.
        environment: the variables that the forge sets.
        base: the commit that stood here before, where that is known.

    Raises:
        UsageError: what was asked for is not there.
    """
    found = repository(root)
    if name:
        path = Path(name)
        if path.exists():
            rows = tree_rows([path.absolute()], path.absolute().parent)
            return Against(
                name=name, where=str(path.absolute()), digest=rows_digest(rows), must=True, build=True
            )
        commit = found.head(name) if found else ""
        if not commit:
            hint = (
                "name a bundle, a project's or snapshot's folder, or a revision; a shallow clone may lack it"
            )
            raise UsageError(Problem(message=f"there is no {name} to compare with", hint=hint))
        return Against(name=name, where=commit, digest=commit, must=True, build=True)
    if found is None:
        return None
    target = environment.get("GITHUB_BASE_REF") or environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "")
    parted = environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
    known = (
        (parted, target),
        (target and f"origin/{target}", target),
        (base, "what was there"),
        ("HEAD^", "the commit before"),
    )
    for revision, called in known:
        if revision and (commit := found.head(revision)):
            build = bool(target) and called == target
            return Against(name=called or revision[:12], where=commit, digest=commit, build=build)
    return None
