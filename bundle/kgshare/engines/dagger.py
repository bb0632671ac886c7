"""The Dagger engine: the same Dockerfiles through Dagger's client, in the engine that its CLI or a session leads to.

A thin adapter. What Dagger's ``dockerBuild`` has no word for is made good here: no network for a whole build (each RUN is told so),
SOURCE_DATE_EPOCH (times are set in what it exports), a file system without layers (they are laid upon each other here).
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from types import ModuleType

from kgshare.aside import aside
from kgshare.engines import BuildRequest, FilesystemTar, OnLine
from kgshare.engines.dockerfile import offline
from kgshare.errors import EngineError

ENGINE = "0.21.11"
"""The engine version that this is written for: that of the locked client, `dagger-io`."""
INSTALL = (
    f"install Dagger {ENGINE} (its CLI `dagger` on PATH, which starts the engine in Docker or takes the one of "
    "_EXPERIMENTAL_DAGGER_RUNNER_HOST), or build with `--engine docker`"
)
EPOCH = "SOURCE_DATE_EPOCH"


class DaggerEngine:
    """Builds with Dagger; each build has a session of its own, or that of ``dagger run``."""

    name = "dagger"
    version = ""

    def check(self) -> None:
        """See that a CLI or a session is there, and that its engine is one that this is written for.

        Raises:
            EngineError: one of them is not.
        """
        self.version = asyncio.run(_client().engine_version(INSTALL))
        require_version(self.version)

    @property
    def remarks(self) -> tuple[str, ...]:
        """How it was built."""
        other = f", written for {ENGINE}" if self.version != ENGINE else ""
        return (
            f"built by Dagger's engine {self.version}{other}; the digests of its images are not Docker's",
        )

    def build(self, request: BuildRequest, on_line: OnLine | None = None) -> None:
        """Build a stage; see `kgshare.engines.Engine.build`.

        Raises:
            EngineError: also where it is to forget what it built before, which Dagger cannot for one build.
        """
        from kgshare.engines.daggerimage import write_filesystem, write_image

        if request.fresh:
            raise EngineError(
                "Dagger cannot build as if it had built nothing before",
                hint="compare two builds with `--engine docker`, or with `--local`",
            )
        client = _client()
        text = request.dockerfile.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory(prefix=".dagger-", dir=request.output.path.parent) as folder:
            exported = Path(folder) / "image.tar"
            asyncio.run(
                client.export(
                    request,
                    offline(text),
                    arguments(request, text),
                    exported,
                    install=INSTALL,
                    on_line=on_line,
                )
            )
            with aside(request.output.path) as out:
                write = write_filesystem if isinstance(request.output, FilesystemTar) else write_image
                write(exported, out, epoch=request.epoch)


def arguments(request: BuildRequest, dockerfile: str) -> dict[str, str]:
    """The build arguments; the image's time only where the Dockerfile asks for it, as Dagger has no use for it. Pure."""
    declared = any(line.split()[:2] == ["ARG", EPOCH] for line in dockerfile.splitlines())
    return {**request.args, **({EPOCH: str(request.epoch)} if declared else {})}


def require_version(version: str) -> None:
    """See that an engine is one that this is written for: of the same minor version, as its interface changes with those.

    Raises:
        EngineError: it is another.
    """
    if version.split(".")[:2] != ENGINE.split(".")[:2]:
        raise EngineError(
            f"Dagger's engine is {version or 'of an unknown version'}, this is written for {ENGINE}",
            hint=f"install Dagger {ENGINE}, or build with `--engine docker`",
        )


def _client() -> ModuleType:
    """The module that has Dagger's client, if it is installed.

    Raises:
        EngineError: it is not.
    """
    try:
        from kgshare.engines import daggersession
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("dagger", "gql", "httpx")):
            raise
        hint = "`pip install 'kgshare[dagger]'` brings it; `--engine docker` needs none"
        raise EngineError("Dagger's client, dagger-io, is not installed", hint=hint) from None
    return daggersession
