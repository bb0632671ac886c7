"""Jars: resolved and fetched from Maven repositories by jgo, a resolver in pure Python; no Maven and no Java needed.

The roots are resolved as a plain project that depends on them would be (``raw``, not as bills of materials), which
gives what Maven gives. jgo's own configuration (its ``[repositories]``) is honoured.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from threading import Event

import requests
from jgo.config import GlobalSettings
from jgo.maven import Artifact, MavenContext, PythonResolver

from kgshare.errors import Interrupted, KgshareError, LockError, Problem

AT_ONCE = 8
TIMEOUT = 60


@dataclass(frozen=True, kw_only=True, order=True)
class Coordinate:
    """A jar by its Maven coordinate."""

    group: str
    artifact: str
    version: str
    classifier: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in (self.group, self.artifact, self.version, self.classifier) if part)


class NotThere(KgshareError):
    """No repository has the artifact."""

    kind = "maven"


class Unreachable(KgshareError):
    """No repository answers."""

    kind = "maven"


class _Mismatches(logging.Handler):
    """jgo only warns of a file that is not what its repository's checksum says; here it is an error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.names: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Checksum mismatch for "):
            self.names.add(message.removeprefix("Checksum mismatch for ").partition(": ")[0])


class Careful(PythonResolver):
    """jgo's resolver, except that a file appears in its folder only when it is complete and its checksum right."""

    def __init__(self, stop: Event) -> None:
        super().__init__()
        self.stop = stop
        self.mismatches = _Mismatches()

    def download(self, artifact: Artifact) -> Path | None:
        """Fetch aside, compare, rename.

        Raises:
            NotThere: no repository has it.
            Unreachable: none answers.
            LockError: it is not what the repository's checksum says.
        """
        if self.stop.is_set():
            raise Interrupted("interrupted")
        target = artifact.cached_path
        context = artifact.context
        assert target is not None
        context.repo_cache.mkdir(parents=True, exist_ok=True)
        log = logging.getLogger("jgo.maven._resolver")
        log.addHandler(self.mismatches)
        with tempfile.TemporaryDirectory(prefix=".aside-", dir=context.repo_cache) as aside:
            other = MavenContext(
                resolver=self, repo_cache=Path(aside), remote_repos=context.remote_repos, timeout=TIMEOUT
            )
            component = other.project(artifact.groupId, artifact.artifactId).at_version(artifact.version)
            try:
                got = super().download(component.artifact(artifact.classifier, artifact.packaging))
            except requests.RequestException as error:
                raise Unreachable(f"no Maven repository answers: {type(error).__name__}") from None
            except RuntimeError:
                raise NotThere(f"no Maven repository has {artifact}") from None
            assert got is not None
            if got.name in self.mismatches.names:
                raise LockError(f"{artifact}: what came is not what its repository's checksum says")
            target.parent.mkdir(parents=True, exist_ok=True)
            return Path(shutil.move(got, target))


def maven(cache: Path, repositories: dict[str, str] | None = None, stop: Event | None = None) -> MavenContext:
    """A jgo on a Maven folder of its own in the cache.

    Args:
        cache: kgshare's cache folder.
        repositories: name → address; without, those of jgo and of its configuration file.
        stop: once set, nothing more is fetched (Ctrl-C in another thread).
    """
    context = MavenContext(resolver=Careful(stop or Event()), repo_cache=cache / "maven", timeout=TIMEOUT)
    if repositories is None:
        context.remote_repos.update(GlobalSettings.load().repositories)
    else:
        context.remote_repos = dict(repositories)
    return context


def jgo_version() -> str:
    """What the lock says of its resolver."""
    return f"jgo {metadata.version('jgo')}"


def resolve_jars(context: MavenContext, roots: Sequence[str]) -> list[Coordinate]:
    """The jars that these coordinates need at run time, themselves included, sorted.

    Raises:
        LockError: a repository does not have one of them, or none is in reach.
    """
    if not roots:
        return []
    asked = []
    for root in roots:
        dependency = context.create_dependency(root)
        dependency.raw = True
        asked.append(dependency)
    for dependency in asked:
        _refuse_unknown(context, dependency.artifact)
    try:
        inputs, others = context.resolver.resolve(asked)
    except (NotThere, Unreachable) as error:
        raise LockError(
            *error.problems, hint="is the network up? the same command goes on where it stopped"
        ) from None
    found = {
        Coordinate(group=d.groupId, artifact=d.artifactId, version=d.version, classifier=d.classifier)
        for d in [*inputs, *others]
        if d.type == "jar" and d.scope in {"compile", "runtime", None} and not d.optional
    }
    return sorted(found)


def _refuse_unknown(context: MavenContext, artifact: Artifact) -> None:
    """Raise a LockError that names the versions that are near, where a root is not to be had."""
    try:
        artifact.component.artifact(packaging="pom").resolve()
    except NotThere:
        name = f"{artifact.groupId}:{artifact.artifactId}"
        known = near(artifact.version, _versions(context, artifact))
        told = f"there are {', '.join(known)}" if known else "the repositories know no version of it"
        message = f"there is no version {artifact.version} of {name}"
        raise LockError(Problem(message=message, hint=f"{told}; set it in kgshare.yaml")) from None
    except Unreachable as error:
        raise LockError(*error.problems, hint="is the network up?") from None


def _versions(context: MavenContext, artifact: Artifact) -> list[str]:
    project = context.project(artifact.groupId, artifact.artifactId)
    try:
        project.update()
        return [str(component.version) for component in project.versions()]
    except (KgshareError, requests.RequestException, RuntimeError, OSError, ValueError):
        return []


def versions(context: MavenContext, group: str, artifact: str) -> list[str]:
    """The released versions that the repositories know of an artifact, oldest first; those with words in them left out.

    Raises:
        LockError: no repository answers, or none knows it.
    """
    project = context.project(group, artifact)
    try:
        project.update()
        found = {str(component.version) for component in project.versions()}
    except (KgshareError, requests.RequestException, RuntimeError, OSError, ValueError) as error:
        raise LockError(
            f"no Maven repository tells the versions of {group}:{artifact}: {type(error).__name__}"
        ) from None
    if not found:
        raise LockError(f"no Maven repository in reach knows {group}:{artifact}")
    return sorted((v for v in found if v.replace(".", "").isdigit()), key=_numbers)


def newer(version: str, known: Sequence[str]) -> tuple[str, str]:
    """The newest of the same line (its first two numbers), and the newest of all; empty where that is no newer one."""
    here = _numbers(version)
    later = [v for v in known if _numbers(v) > here]
    same = [v for v in later if _numbers(v)[:2] == here[:2]]
    return (same[-1] if same else "", later[-1] if later else "")


def near(version: str, known: Iterable[str], count: int = 4) -> list[str]:
    """Of the known versions those that a person who wrote ``version`` may have meant, the newest last."""
    wanted = _numbers(version)
    ordered = sorted({v for v in known if v.replace(".", "").isdigit()}, key=_numbers)
    same = [v for v in ordered if _numbers(v)[:2] == wanted[:2]] or [
        v for v in ordered if _numbers(v)[:1] == wanted[:1]
    ]
    pool = same or ordered
    return sorted(sorted(pool, key=lambda v: abs(_numbers(v)[-1] - wanted[-1]))[:count], key=_numbers)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit()) or (0,)


def fetch_jars(
    context: MavenContext, jars: Iterable[Coordinate], take: Callable[[Coordinate, Path], None]
) -> list[Problem]:
    """Fetch these jars, several at once; ``take`` is given each that came, which is then removed here.

    Returns:
        A problem for each that did not come, or that ``take`` refused with a `KgshareError`.
    """
    stop = Event()

    def one(jar: Coordinate) -> Problem | None:
        if stop.is_set():
            return None
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        try:
            file = Path(component.artifact(jar.classifier, "jar").resolve())
            try:
                take(jar, file)
            finally:
                file.unlink(missing_ok=True)
        except KgshareError as error:
            return Problem(message=f"{jar}: {error.problems[0].message}")
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return [problem for problem in pool.map(one, sorted(set(jars))) if problem]
        except BaseException:
            stop.set()  # Ctrl-C: what is under way ends, nothing new begins
            raise
