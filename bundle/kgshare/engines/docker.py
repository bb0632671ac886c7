"""The Docker engine: BuildKit through ``docker buildx build``, with either of Docker's two image stores."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kgshare.aside import aside
from kgshare.doors.process import CommandFailed, CommandMissing, Completed, run
from kgshare.engines import BuildRequest, FilesystemTar, OnLine
from kgshare.errors import BuildError, EngineError

MINIMUM = (25, 0)
INSTALL = "install Docker Engine 25 or newer with buildx (Debian: docker.io, docker-cli, docker-buildx)"
NOT_PODMAN = "bundles are built with Docker or, without any engine, with `kgshare build --local`; a built one runs on Podman"
_STEP_LINE = re.compile(r"^#\d+ (?:\d+\.\d+ )?")


class DockerEngine:
    """Builds with the engine that ``docker`` on the command line uses."""

    name = "docker"
    version = ""
    remarks: tuple[str, ...] = ()

    def check(self) -> None:
        """See that a daemon of a sufficient version and buildx are there.

        Raises:
            EngineError: one of them is not.
        """
        answer = _docker("version", "--format", "{{json .Server}}").stdout.strip()
        server = json.loads(answer)
        if any("Podman" in str(part.get("Name")) for part in server.get("Components") or ()):
            raise EngineError("this engine is Podman, which has no BuildKit to build with", hint=NOT_PODMAN)
        self.version = version = str(server["Version"])
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        if numbers < MINIMUM:
            raise EngineError(f"Docker Engine {version} is too old to build with", hint=INSTALL)
        try:
            _docker("buildx", "version")
        except EngineError:
            raise EngineError("Docker has no buildx here, which builds the images", hint=INSTALL) from None

    def build(self, request: BuildRequest, on_line: OnLine | None = None) -> None:
        """Build with BuildKit; see `kgshare.engines.Engine.build`."""
        try:
            with aside(request.output.path) as out:
                if isinstance(request.output, FilesystemTar):
                    _build(request, ["--output", f"type=tar,dest={out}"], on_line)
                else:
                    _build_image(request, out, on_line)
        finally:
            _forget_contexts()


def _forget_contexts() -> None:
    """Drop what BuildKit keeps of contexts that were sent to it: hundreds of megabytes a build, never asked for again.

    What is unchanged is kept by kgshare's own steps. A context that is in use stays; one of another project's is sent
    again at its next build.
    """
    with suppress(EngineError):
        _docker("builder", "prune", "--all", "--force", "--filter", "type=source.local")


def build_argv(request: BuildRequest, output: Sequence[str]) -> list[str]:
    """The one command line of a build."""
    args = {**request.args, "SOURCE_DATE_EPOCH": str(request.epoch)}
    return [
        "docker", "buildx", "build", "--network=none", "--provenance=false", "--sbom=false", "--progress=plain",
        f"--platform={request.platform}", f"--target={request.target}", f"--file={request.dockerfile}",
        *(["--no-cache"] if request.fresh else []),
        *(f"--build-arg={name}={value}" for name, value in sorted(args.items())),
        *output, str(request.context),
    ]  # fmt: skip


def _build(request: BuildRequest, output: Sequence[str], on_line: OnLine | None) -> None:
    said: list[str] = []

    def follow(line: str) -> None:
        said.append(line)
        if on_line:
            on_line(_STEP_LINE.sub("", line))

    try:
        run(build_argv(request, output), on_line=follow)
    except CommandMissing:
        raise EngineError("docker is not installed", hint=INSTALL) from None
    except CommandFailed as error:
        raise failure(request.target, error.output) from None


def _build_image(request: BuildRequest, out: Path, on_line: OnLine | None) -> None:
    """Into the engine's store without a name, out of it by id, and away again unless it was there before.

    The classic store has no exporter for files; ``docker save`` works with both stores. An image that already stands
    there under a name (a running stack's) has the same id when nothing changed, and stays. Another build of the same
    image at the same time may have taken it away: then it is built once more, out of the engine's cache.
    """
    for last in (False, False, True):
        with tempfile.TemporaryDirectory(prefix="kgshare-build-") as folder:
            note = Path(folder) / "metadata"
            _build(request, ["--load", f"--metadata-file={note}"], on_line)
            image = str(json.loads(note.read_text())["containerimage.digest"])
        try:
            _docker("image", "save", "--output", str(out), image)
            return
        except EngineError:
            if last or _tags(image) is not None:
                raise
        finally:
            if _tags(image) == []:
                with suppress(EngineError):
                    _docker("image", "rm", image)


def _tags(image: str) -> list[str] | None:
    """The names of an image in the engine; None where it is not there."""
    try:
        tags: list[str] | None = json.loads(
            _docker("image", "inspect", "--format", "{{json .RepoTags}}", image).stdout
        )
    except (EngineError, ValueError):
        return None
    return tags or []


def failure(target: str, output: str) -> BuildError | EngineError:
    """The error for a build that failed, with what its failing step said and nothing else of BuildKit's report."""
    if "no space left on device" in output:
        return EngineError(
            "Docker has no room left on its disk",
            hint="`docker system df` says what takes it; `docker builder prune` frees some",
        )
    if "Cannot connect to the Docker daemon" in output or "error during connect" in output:
        return EngineError("Docker does not answer", hint="start Docker, then run the same command again")
    return BuildError(f"the step {target} failed: {reason(output)}")


def reason(output: str) -> str:
    """The part of BuildKit's plain output that says why: the failing step's own lines, else its last error."""
    blocks = re.findall(r"^ > .*?:\n(.*?)^------$", output, flags=re.MULTILINE | re.DOTALL)
    if blocks and blocks[-1].strip():
        return "\n".join(re.sub(r"^\d+\.\d+ ", "", line) for line in blocks[-1].strip().splitlines()[-30:])
    errors = [line for line in output.splitlines() if "ERROR" in line or "error:" in line]
    return errors[-1].strip() if errors else output.strip()[-1000:]


def _docker(*words: str) -> Completed:
    try:
        return run(["docker", *words])
    except CommandMissing:
        raise EngineError("docker is not installed", hint=INSTALL) from None
    except CommandFailed as error:
        if "permission denied" in error.output:
            raise EngineError(
                "you may not use Docker on this machine",
                hint="join the group docker, or run the command with sudo",
            ) from None
        if "no space left" in error.output:
            raise failure("", error.output) from None
        raise EngineError(
            f"Docker does not answer: {error.output.strip().splitlines()[-1] if error.output.strip() else words[0]}",
            hint="start Docker, then run the same command again",
        ) from None
