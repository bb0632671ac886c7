"""The engine that is no engine: the same Dockerfiles carried out on this machine, for where no container engine answers.

A stage's file system is a folder; what it runs has that folder as its root and, where the machine allows it, no network
(`kgshare.engines.room`). An image is put together from its layers with the digest that Docker's has (`ociimage`, `layertar`).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path, PurePosixPath

from kgshare import __version__
from kgshare.aside import aside
from kgshare.doors.process import CommandFailed, CommandMissing, last_lines, run
from kgshare.engines import BuildRequest, FilesystemTar, OnLine
from kgshare.engines import room as room_script
from kgshare.engines.dockerfile import Instruction, Stage, chain, parse
from kgshare.engines.layertar import END, docker_layer
from kgshare.engines.ociimage import Configuration, write_archive
from kgshare.errors import BuildError, EngineError
from kgshare.images.layers import Layer
from kgshare.lock.command import this_arch
from kgshare.untar import unpack_own

STAGE, A_DAY = "stage-", 86_400
NAMESPACES = ("--mount", "--net", "--pid")


class Room(Enum):
    """How a step is kept apart: the words before its command, from the best that a machine may allow downwards."""

    ROOT = ("unshare", *NAMESPACES)
    USER = ("unshare", "--user", "--map-root-user", *NAMESPACES)
    FOLDER = ()

    @property
    def apart(self) -> bool:
        """Whether it has namespaces of its own, hence no network."""
        return bool(self.value)

    def argv(self, root: Path, command: list[str], environment: Mapping[str, str]) -> list[str]:
        """The command line that runs a command with a folder as its root."""
        order = {"root": str(root), "command": command, "environment": dict(environment), "apart": self.apart}
        return [*self.value, sys.executable, "-I", str(room_script.__file__), json.dumps(order)]


class LocalEngine:
    """Builds with this machine's own means, on Linux.

    Args:
        work: a folder for the file systems of stages; on a disk with room.
    """

    name = "none"
    version = __version__

    def __init__(self, work: Path) -> None:
        self.work = work

    def check(self) -> None:
        """See that steps can be run here.

        Raises:
            EngineError: they cannot.
        """
        _ = self.room
        for left in self.work.glob(f"{STAGE}*"):  # by a build that was killed
            if time.time() - left.stat().st_mtime > A_DAY:
                shutil.rmtree(left, ignore_errors=True)

    @property
    def remarks(self) -> tuple[str, ...]:
        """How it was built."""
        network = "had no network" if self.room.apart else "could not be cut off from this machine's network"
        return (f"built without a container engine; the steps {network}",)

    @cached_property
    def room(self) -> Room:
        """How steps are kept apart on this machine.

        Raises:
            EngineError: not at all.
        """
        if sys.platform != "linux":
            raise EngineError(
                "building without a container engine needs Linux", hint="build with Docker here"
            )
        self.work.mkdir(parents=True, exist_ok=True)
        said = ""
        for room in Room:
            try:
                with tempfile.TemporaryDirectory(dir=self.work) as folder:
                    # There is no such program in it: to have come as far as looking for it is the answer.
                    run(room.argv(Path(folder), ["/none"], {}))
            except CommandMissing:
                continue
            except CommandFailed as error:
                if error.output.strip().startswith("/none: "):
                    return room
                said = last_lines(error.output, 1)
        raise EngineError(
            f"this machine lets you neither make namespaces nor change a root folder: {said}",
            hint="build with Docker, or as root; on Ubuntu `sysctl kernel.apparmor_restrict_unprivileged_userns=0` allows it",
        )

    def build(self, request: BuildRequest, on_line: OnLine | None = None) -> None:
        """Build a stage; see `kgshare.engines.Engine.build`."""
        stages = parse(request.dockerfile.read_text(encoding="utf-8"))
        self.work.mkdir(parents=True, exist_ok=True)
        try:
            with (
                aside(request.output.path) as out,
                tempfile.TemporaryDirectory(prefix=STAGE, dir=self.work) as folder,
            ):
                building = _Building(request, stages, self.room, Path(folder), on_line)
                if isinstance(request.output, FilesystemTar):
                    _pack(building.tree(request.target), out)
                else:
                    _image(building, out)
        except OSError as error:
            raise EngineError(
                f"the step {request.target} could not be built: {error}", hint="see that there is room"
            ) from error


def _configuration(request: BuildRequest) -> Configuration:
    os_, architecture = request.platform.split("/")[:2]
    arguments = {
        "TARGETARCH": architecture,
        "TARGETOS": os_,
        "TARGETPLATFORM": request.platform,
        "BUILDARCH": this_arch(),
        **request.args,
    }
    return Configuration(arguments=arguments, created=request.epoch, architecture=architecture)


@dataclass(kw_only=False)
class _Building:
    """One build of file systems: every stage that is needed becomes a folder once."""

    request: BuildRequest
    stages: Mapping[str, Stage]
    room: Room
    folder: Path
    on_line: OnLine | None
    made: dict[str, Path] = field(default_factory=dict)

    def tree(self, name: str) -> Path:
        """The folder of a stage's file system."""
        if name not in self.made:
            root = self.folder / name
            root.mkdir()
            config = _configuration(self.request)
            for instruction in chain(self.stages, name):
                self._take(instruction, root, config)
            self.made[name] = root
        return self.made[name]

    def _take(self, instruction: Instruction, root: Path, config: Configuration) -> None:
        if instruction.word not in {"ADD", "COPY", "RUN"}:
            return config.take(instruction)
        if self.on_line:
            self.on_line(f"{instruction.word} {instruction.text}")
        if instruction.word == "RUN":
            return self._run(instruction, root, config)
        return self.copy(instruction, root)

    def copy(self, instruction: Instruction, root: Path) -> None:
        """Carry out ADD or COPY: a tar that is added is unpacked, all else is copied.

        Raises:
            BuildError: there is no such file.
        """
        flags, rest = instruction.flags()
        *sources, target = rest.split()
        above = self.tree(flags["from"].lower()) if "from" in flags else self.request.context
        for name in sources:
            source = _inside(above, name)
            if not source.exists():
                raise BuildError(f"`{instruction.word} {instruction.text}`: there is no {name}")
            if instruction.word == "ADD" and source.is_file() and tarfile.is_tarfile(source):
                with tarfile.open(source) as archive:
                    unpack_own(archive, _inside(root, target))
            else:
                _copy(source, _inside(root, target), into=target.endswith("/") or len(sources) > 1)

    def _run(self, instruction: Instruction, root: Path, config: Configuration) -> None:
        _, text = instruction.flags()
        command = instruction.command(text)
        environment = {"HOME": "/root", **config.environment, **config.values}
        if not self.room.apart:
            # Without /proc the loader does not know where a program stands, next to which Java has its libraries.
            found = (f"/{path.relative_to(root)}" for path in root.glob("usr/lib/jvm/*/lib"))
            environment["LD_LIBRARY_PATH"] = ":".join(sorted(found))
        try:
            run(self.room.argv(root, command, environment), on_line=self.on_line or (lambda line: None))
        except CommandMissing as error:
            raise EngineError(*error.problems) from None
        except CommandFailed as error:
            raise BuildError(
                f"the step {self.request.target} failed: {last_lines(error.output, 30)}"
            ) from None


def _image(building: _Building, out: Path) -> None:
    """An image whose stage only adds and copies: each time is a layer, and the rest is said in the configuration."""
    request = building.request
    config = _configuration(request)
    layers: list[Iterator[bytes]] = []
    for instruction in chain(building.stages, request.target):
        if instruction.word == "RUN":
            raise EngineError(
                f"the last stage of an image only adds and copies, and {request.target} says `RUN {instruction.text}`",
                hint="run it in a stage before, and COPY --from that",
            )
        if instruction.word in {"ADD", "COPY"}:
            layers.append(
                docker_layer(_layer(building, instruction, building.folder / f"layer-{len(layers)}"))
            )
            config.note(f"{instruction.word} {instruction.text} # buildkit", layer=True)
            continue
        config.take(instruction)
        if instruction.word == "WORKDIR":
            layers.append(iter([END]))  # the folder is there already, and Docker makes a layer all the same
    write_archive(config, layers, out)


def _layer(building: _Building, instruction: Instruction, folder: Path) -> Path:
    """The tar that an instruction adds: the very one where it is that alone, else one of what it copies, at the image's time."""
    source, *rest = instruction.text.split()
    named = building.request.context / source
    if instruction.word == "ADD" and rest == ["/"] and named.is_file() and tarfile.is_tarfile(named):
        return named
    folder.mkdir()
    building.copy(instruction, folder)
    packed, layer = folder.with_suffix(".packed"), folder.with_suffix(".tar")
    _pack(folder, packed)
    with Layer(layer, building.request.epoch) as target:
        target.tar(packed)
    return layer


def _inside(root: Path, path: str) -> Path:
    """A path of a stage, or of a context, in its folder.

    Raises:
        EngineError: it leads out of it.
    """
    parts = [part for part in PurePosixPath(path).parts if part != "/"]
    found = root.joinpath(*parts)
    if ".." in parts or not Path(os.path.realpath(found)).is_relative_to(os.path.realpath(root)):
        raise EngineError(f"{path} leads out of where it belongs")
    return found


def _copy(source: Path, target: Path, *, into: bool) -> None:
    """A folder's content, or a file: to its new name, or ``into`` a folder under its own."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        return
    target = target / source.name if into or target.is_dir() else target
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def _pack(tree: Path, out: Path) -> None:
    with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as archive:
        for child in sorted(tree.iterdir()):
            archive.add(child, arcname=child.name)
