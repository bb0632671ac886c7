"""``up`` of a repository: the bundle that was published or kept of a revision, else its files, to be built once the user agreed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kgshare.attest.origin import Origin, origin_of
from kgshare.bundle import file_name, read_bundle
from kgshare.cache import sha256_of
from kgshare.doors.process import CommandFailed
from kgshare.errors import BundleError, Interrupted, KgshareError, ObtainError, Problem
from kgshare.obtain.address import Address, address_of, loopback_of
from kgshare.obtain.clone import Clone, cloned, shown_revision
from kgshare.obtain.releases import LIMIT, RELEASES, Release, built_from, parse
from kgshare.obtain.runs import what_runs
from kgshare.places import cache_dir
from kgshare.plan import input_files
from kgshare.progress import Progress
from kgshare.project import MANIFEST, Project, read_project
from kgshare.shown import one_line

Get = Callable[[Address], Path]
Agree = Callable[[str], bool]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A project at a revision, its files here, nothing of it run.

    Attributes:
        project: the project.
        commit: the revision's.
        about: the commit in a line.
        origin: the last commit that changed one of the project's files, as the provenance of a bundle names it.
        releases: what the revision, then the newest one, say was published.
    """

    project: Project
    commit: str
    about: str
    origin: Origin
    releases: tuple[Release, ...]


def of_repository(address: Address, get: Get, *, progress: Progress, may_build: Agree | None) -> Path:
    """The published bundle of a revision; where none is recorded, the folder of its files, if it may be built.

    Args:
        address: of kind ``git``.
        get: gets a bundle by another address.
        progress: says what takes time.
        may_build: is asked after what a build would run was shown; None where nothing is to be built.

    Raises:
        ObtainError: it cannot be fetched, there is no such revision or no project in it, or its bundle cannot be had.
        ManifestError: the project's manifest, or its ``releases.yaml``, is not as it must be.
        Interrupted: the answer was no.
    """
    with cloned(address, cache_dir() / "obtained", progress) as clone:
        found = _found(clone)
    if release := _release(found):
        progress.say(f"{shown_revision(address)} is published as {release.version}, {release.digest}")
        return _published(release, address, get)
    if kept := _kept(found, clone):
        progress.say(f"{shown_revision(address)} is kept there as {kept}")
        return kept
    what = f"{found.project.manifest.name} {found.project.manifest.version} at {one_line(found.about)}"
    if may_build is None:
        hint = "`kgshare up` of the same address builds it, once it was shown what that runs"
        raise ObtainError(
            Problem(message=f"no bundle is recorded of {what}", where=shown_revision(address), hint=hint)
        )
    _say(found.project, what, progress)
    if not may_build("Build it, which runs that?"):
        raise Interrupted("nothing was built", hint="its files are only fetched, none was run")
    return found.project.root


def _found(clone: Clone) -> Found:
    address = clone.address
    commit = clone.commit(address.revision)
    if not commit:
        hint = "it must be a tag, a branch or a commit there; without @ it is the default branch"
        message = f"has no revision {address.revision}" if address.revision else "has no revision yet"
        raise ObtainError(Problem(message=message, where=address.shown, hint=hint))
    folder = f"{address.folder}/" if address.folder else ""
    if clone.text(commit, f"{folder}{MANIFEST}", LIMIT) is None:
        raise _no_project(clone, commit)
    project = read_project(clone.checkout(commit) / address.folder)
    named: list[Release] = []
    for revision in dict.fromkeys((commit, clone.commit("") or commit)):
        if text := clone.text(revision, f"{folder}{RELEASES}", LIMIT):
            named += parse(text, f"{address.shown}: {RELEASES}")
    origin = origin_of(project.root, input_files(project))
    return Found(
        project=project, commit=commit, about=clone.about(commit), origin=origin, releases=tuple(named)
    )


def _no_project(clone: Clone, commit: str) -> ObtainError:
    places = clone.places(commit, MANIFEST)
    hint = f"#subdirectory= behind the address names its folder: {', '.join(places[:5])}" if places else ""
    return ObtainError(
        Problem(message=f"there is no project: no {MANIFEST}", where=shown_revision(clone.address), hint=hint)
    )


def _release(found: Found) -> Release | None:
    """The release that was built from exactly these files: what its provenance says, asked as a build asks it."""
    version = found.project.manifest.version
    return next(
        (
            release
            for release in found.releases
            if found.origin.clean and (release.revision, release.version) == (found.origin.revision, version)
        ),
        None,
    )


def _kept(found: Found, clone: Clone) -> Path | None:
    """The bundle that the hooks of a bare repository on this machine built of exactly these files (`kgshare ci init git`)."""
    from kgshare.ci.received import KEPT, SECTION

    root = Path(clone.address.url.removeprefix("file://"))
    if not found.origin.clean or not root.is_absolute() or not (root / "HEAD").is_file():
        return None
    try:
        told = ("config", "--file", str(root / "config"), "--no-includes", "--get", f"{SECTION}.keep")
        folder = root / clone.run(*told).strip()
    except CommandFailed:
        folder = root / KEPT
    name = file_name(found.project.manifest.name, found.project.manifest.version)
    asked = clone.address.revision
    for file in sorted(
        folder.rglob(name), key=lambda each: (each.parent.name != asked, each)
    ):  # by the ref's name
        try:
            if built_from(read_bundle(file, deep=False)) == found.origin:
                return file
        except BundleError:
            continue  # it would be refused
    return None


def _published(release: Release, address: Address, get: Get) -> Path:
    """The first of a release's addresses that gives the file that was recorded.

    Raises:
        ObtainError: none does; with what each says.
    """
    problems: list[Problem] = []
    for text in release.at:
        try:
            return _got(release, text, address, get)
        except KgshareError as error:
            problems += error.problems
    hint = "clone the repository and `kgshare up` in it builds it here"
    raise ObtainError(*problems[:-1], replace(problems[-1], hint=hint))


def _got(release: Release, text: str, address: Address, get: Get) -> Path:
    there = address_of(text)
    if there is None or there.kind == "git":
        raise ObtainError(f"{RELEASES} names {text}, which is no address of a bundle")
    if loopback_of(there) and not loopback_of(address):
        raise ObtainError(
            f"{RELEASES} of a repository elsewhere names {there.shown}, which is on this machine"
        )
    wanted = release.file.removeprefix("sha256:")
    file = get(replace(there, sha256=wanted) if there.kind == "web" else there)
    # A registry's file may carry another signature than it was recorded with: what is signed is the same.
    same = (
        read_bundle(file, deep=False).digest == release.digest
        if there.kind == "oci"
        else sha256_of(file) == wanted
    )
    if not same:
        raise ObtainError(Problem(message=f"is another file than {RELEASES} says", where=there.shown))
    return file


def _say(project: Project, what: str, progress: Progress) -> None:
    progress.say(
        f"{what}\nno bundle of it is recorded. To build it, this of the repository is run, in build steps without network:"
    )
    for line in what_runs(project):
        progress.say(f"  {line}")
    progress.say(f"its files are in {project.root}")
