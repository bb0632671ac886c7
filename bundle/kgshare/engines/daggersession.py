"""Dagger's client, held at one place: which engine it reaches, the one query of a build, and what its errors mean.

The only module that imports ``dagger``, which is an extra (``kgshare[dagger]``). The queries it sends are in tests/golden/dagger.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import dagger

from kgshare.doors.process import last_lines, which
from kgshare.engines import BuildRequest, OnLine
from kgshare.errors import BuildError, EngineError

CLI = "_EXPERIMENTAL_DAGGER_CLI_BIN"
SESSION = "DAGGER_SESSION_PORT"


def find(install: str) -> None:
    """See that the client will find an engine without fetching a program from anywhere: a session, or a CLI on this machine.

    A CLI is told to report nothing of its use (``DO_NOT_TRACK``, which Dagger documents), unless the user says otherwise.

    Raises:
        EngineError: there is neither; ``install`` says how to get it.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    if os.environ.get(SESSION) or os.environ.get(CLI):
        return
    found = which("dagger")
    if found is None:
        raise EngineError("there is no Dagger here: neither a session nor its CLI", hint=install)
    os.environ[CLI] = found  # else the client fetches one of its own


async def engine_version(install: str) -> str:
    """The version of the engine, without its ``v``.

    Raises:
        EngineError: none is reached.
    """
    async with connected(install) as client:
        return (await client.version()).removeprefix("v")


async def export(
    request: BuildRequest,
    dockerfile: str,
    arguments: Mapping[str, str],
    out: Path,
    *,
    install: str,
    on_line: OnLine | None = None,
) -> None:
    """Build a stage and write it as an image with an OCI layout, its layers uncompressed.

    Args:
        request: what is built, from which folder, for which platform.
        dockerfile: the text that is built, in place of the request's.
        arguments: build arguments.
        out: the file to write.
        install: how to get an engine, for messages.
        on_line: is told each line of progress.

    Raises:
        BuildError: a step failed; with what it said.
        EngineError: the engine is not reached, went away, or its disk is full.
    """
    async with connected(install, request.target, on_line) as client:
        context = client.host().directory(str(request.context.resolve()))
        name = request.dockerfile.relative_to(request.context).as_posix()
        image = context.with_new_file(name, dockerfile).docker_build(
            dockerfile=name,
            platform=dagger.Platform(request.platform),
            target=request.target,
            build_args=[dagger.BuildArg(name, value) for name, value in sorted(arguments.items())],
            no_init=True,  # a step's program is the first process, as with Docker
        )
        await image.export(
            str(out.resolve()),
            forced_compression=dagger.ImageLayerCompression.UNCOMPRESSED,
            media_types=dagger.ImageMediaTypes.OCI,
        )


@asynccontextmanager
async def connected(
    install: str, target: str = "", on_line: OnLine | None = None
) -> AsyncIterator[dagger.Client]:
    """A client of its own with a session; what it raises becomes kgshare's errors."""
    find(install)
    log = _Lines(on_line or (lambda line: None))
    config = dagger.Config(log_output=log, retry=None)
    try:
        async with dagger.Connection(config) as client:
            yield client
    except dagger.ExecError as error:
        raise failed(target, error.stderr or error.stdout or str(error)) from None
    except dagger.QueryError as error:
        raise failed(target, str(error)) from None
    except (dagger.ProvisionError, dagger.ClientError) as error:
        await asyncio.sleep(0.1 if os.environ.get(CLI) else 0)  # what a CLI said is read beside it
        said = last_lines("\n".join((str(error), *log.last)), 4)
        raise EngineError(f"Dagger's engine is not reached: {said}", hint=install) from None


def failed(target: str, said: str) -> BuildError | EngineError:
    """The error for a query that failed."""
    if "no space left on device" in said:
        hint = "`dagger core engine local-cache prune` frees some"
        return EngineError("Dagger's engine has no room left on its disk", hint=hint)
    if re.search(r"cannot query field|unknown argument", said, re.IGNORECASE):
        return EngineError(f"Dagger's engine does not know what is asked of it: {last_lines(said, 1)}")
    return BuildError(f"the step {target} failed: {last_lines(said, 30)}")


class _Lines(io.StringIO):
    """Where the engine's log goes: each line to who follows the build."""

    def __init__(self, on_line: OnLine) -> None:
        super().__init__()
        self._on_line = on_line
        self.last: deque[str] = deque(maxlen=3)

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.strip():
                self.last.append(line)
                self._on_line(line)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)
