"""The one door to the Docker API: nothing else imports ``docker``.

Typed answers to what the stack asks: what is there, load it, tag it, read its logs, take it away. Starting is left
to Docker Compose. ``DOCKER_HOST`` and Docker's contexts decide which engine it is, as they do for the command line; where
no Docker answers and DOCKER_HOST says nothing, it is the Podman that does.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import docker  # noqa: TID251 - this is the door
from docker.errors import APIError, DockerException, NotFound  # noqa: TID251
from docker.models.containers import Container  # noqa: TID251
from requests.exceptions import RequestException

from kgshare.doors import podman
from kgshare.doors.podman import Podman
from kgshare.errors import EngineError

MINIMUM = (25, 0)  # the first with health checks that start often and then seldom
TIMEOUT = 300  # seconds without a word from the engine
PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NO_ENGINE = "start Docker (or point DOCKER_HOST at an engine), then run the same command again"


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """What an engine says of itself.

    Attributes:
        version: e.g. ``26.1.5``.
        platform: e.g. ``linux/amd64``.
        containerd_store: whether images are named by their manifest's digest rather than by their configuration's.
        root: the folder where it keeps everything, on its own machine.
    """

    version: str
    platform: str
    containerd_store: bool
    root: str


@dataclass(frozen=True, kw_only=True)
class ContainerFacts:
    """One container of a stack.

    Attributes:
        id: its id.
        service: its name in the compose file.
        state: ``running``, ``exited``, ``restarting``, …
        health: ``healthy``, ``starting``, ``unhealthy``; empty where there is no check.
        image: id of its image, ``sha256:…``.
        labels: all its labels.
        ports: published port on loopback by the port inside.
        exit_code: of its last end; 0 while it runs.
        restarts: how often the engine started it again.
        limited: whether the engine holds it to limits of memory and processes; an engine may leave them out silently.
    """

    id: str
    service: str
    state: str
    health: str
    image: str
    labels: Mapping[str, str]
    ports: Mapping[int, int]
    exit_code: int = 0
    restarts: int = 0
    limited: bool = True


@dataclass(frozen=True, kw_only=True)
class VolumeFacts:
    """One volume: its name, when it was made (as the engine writes it), its labels."""

    name: str
    created: str
    labels: Mapping[str, str]


class Engine:
    """A container engine that answers. Every method raises `EngineError` where it does not."""

    def __init__(self, client: docker.DockerClient, podman: Podman | None = None) -> None:
        self._client, self.podman = client, podman

    @classmethod
    def connect(cls, say: Callable[[str], None] = lambda line: None) -> Engine:
        """The engine that ``docker`` on the command line would use, else a Podman that answers.

        A Podman that was found so becomes this process's DOCKER_HOST, so that Docker Compose uses the same one.

        Args:
            say: is told that it is Podman, where nobody asked for it.

        Raises:
            EngineError: there is none, it may not be used, or it is too old.
        """
        try:
            return cls._connect(None)
        except EngineError as error:
            if os.environ.get("DOCKER_HOST"):
                raise
            for host in podman.sockets():
                with suppress(EngineError):
                    found = cls._connect(host)
                    os.environ["DOCKER_HOST"] = host
                    say(f"no Docker answers: using Podman at {host}")
                    return found
            raise error from None

    @classmethod
    def _connect(cls, host: str | None) -> Engine:
        environment = {**os.environ, "DOCKER_HOST": host} if host else None
        try:
            client = docker.from_env(timeout=TIMEOUT, version="auto", environment=environment)
            version = client.version()
            if not any("Podman" in str(part.get("Name")) for part in version.get("Components") or []):
                require_version(str(version["Version"]))
                return cls(client)
            options = client.info().get("SecurityOptions") or []
        except (DockerException, RequestException, OSError) as error:
            raise _unreachable(error) from None
        podman.require_version(str(version["Version"]))
        return cls(client, Podman(client.api, rootless=any("rootless" in option for option in options)))

    def facts(self) -> EngineFacts:
        """Version, platform, image store and folder of the engine."""
        with _speaking():
            version, info = self._client.version(), self._client.info()
        status = info.get("DriverStatus") or []
        machine = str(version.get("Arch", ""))
        return EngineFacts(
            version=str(version["Version"]),
            platform=f"{version.get('Os', 'linux')}/{ARCHITECTURES.get(machine, machine)}",
            containerd_store=any("io.containerd.snapshotter" in str(row) for row in status),
            root=str(info.get("DockerRootDir", "")),
        )

    def image_id(self, reference: str) -> str | None:
        """The id of an image by tag or id, ``sha256:…``; None where there is none."""
        with _speaking():
            try:
                return str(self._client.images.get(reference).id)
            except NotFound:
                return None

    def tag(self, image: str, tag: str) -> None:
        """Give an image a further name, ``REPOSITORY:TAG``."""
        repository, _, label = tag.rpartition(":")
        with _speaking():
            self._client.api.tag(image, repository, label)

    def load(self, archive: Iterable[bytes]) -> None:
        """Stream an archive of images (as ``docker save`` writes it) into the engine.

        What the archive itself raises while it is read reaches the caller as it is.
        """
        failed: list[Exception] = []

        def pieces() -> Iterator[bytes]:
            try:
                yield from archive
            except Exception as error:  # the library would say that the connection broke
                failed.append(error)
                raise

        try:
            with _speaking():
                for message in self._client.api.load_image(pieces()):  # type: ignore[no-untyped-call]
                    if "error" in message:
                        raise load_failed(str(message["error"]))
        except EngineError:
            if failed:
                raise failed[0] from None
            raise

    def containers(self, labels: Mapping[str, str | None]) -> tuple[ContainerFacts, ...]:
        """All containers, running or not, that carry the labels (None: with any value), by stack and service."""
        with _speaking():
            found = self._client.containers.list(
                all=True, filters={"label": _selectors(labels)}, ignore_removed=True
            )
            facts = [_container(c) for c in found]
        return tuple(sorted(facts, key=lambda c: (c.labels.get(PROJECT, ""), c.service, c.id)))

    def check_health(self, found: Iterable[ContainerFacts]) -> bool:
        """Have health checks run where nobody else does (Podman); whether there was any, so that another look is due."""
        checked = [c for c in found if self.podman and c.state == "running" and c.health]
        for container in checked:
            assert self.podman
            with _speaking():
                self.podman.check_health(container.id)
        return bool(checked)

    def stop(self, container: str, seconds: int) -> None:
        """Ask a container to end, and wait so long before it is killed; nothing happens where it has gone."""
        with _speaking(), suppress(NotFound):
            self._client.api.timeout = seconds + TIMEOUT
            self._client.api.stop(container, timeout=seconds)

    def remove(self, container: str) -> None:
        """Remove a container and its anonymous volumes; nothing happens where it has gone."""
        with _speaking(), suppress(NotFound):
            self._client.api.remove_container(container, v=True, force=True)

    def logs(self, container: str, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:
        """The lines a container printed, the last ``tail`` of them; with ``follow`` also those to come."""
        with _speaking():
            pieces: Any = self._client.api.logs(
                container, stream=True, follow=follow, tail="all" if tail is None else tail
            )
            yield from _whole_lines(pieces)

    def networks(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Names of the networks that carry the labels."""
        with _speaking():
            found = self._client.api.networks(filters={"label": _selectors(labels)})
        return tuple(sorted(str(network["Name"]) for network in found))

    def remove_network(self, name: str) -> None:
        """Remove a network; nothing happens where it has gone."""
        with _speaking(), suppress(NotFound):
            self._client.api.remove_network(name)

    def volumes(self, labels: Mapping[str, str | None]) -> tuple[VolumeFacts, ...]:
        """The volumes that carry the labels, by name."""
        with _speaking():
            found = self._client.api.volumes(filters={"label": _selectors(labels)})["Volumes"] or []
        facts = [
            VolumeFacts(name=v["Name"], created=str(v.get("CreatedAt", "")), labels=v.get("Labels") or {})
            for v in found
        ]
        return tuple(sorted(facts, key=lambda v: v.name))

    def volume_exists(self, name: str) -> bool:
        """Whether a volume of that name is there, whoever made it."""
        with _speaking():
            try:
                self._client.api.inspect_volume(name)
            except NotFound:
                return False
        return True

    def remove_volume(self, name: str) -> None:
        """Remove a volume with all that is in it; nothing happens where it has gone."""
        with _speaking(), suppress(NotFound):
            self._client.api.remove_volume(name)

    def read_file(self, container: str, path: str, limit: int = 1 << 20) -> bytes | None:
        """A small regular file out of a container, running or not; None where there is none."""
        with _speaking():
            try:
                pieces, _ = self._client.api.get_archive(container, path)
            except NotFound:
                return None
            data = bytearray()
            for piece in pieces:
                data += piece
                if len(data) > limit:
                    raise EngineError(f"{path} in the container is larger than {limit} bytes")
        with tarfile.open(fileobj=io.BytesIO(bytes(data))) as archive:
            members = [archive.extractfile(m) for m in archive if m.isfile()]
        return members[0].read() if members and members[0] else None


def _container(found: Container) -> ContainerFacts:
    attrs: dict[str, Any] = found.attrs
    state, labels = attrs["State"], attrs["Config"].get("Labels") or {}
    published = attrs["NetworkSettings"].get("Ports") or {}
    ports = {
        int(inside.partition("/")[0]): int(outside[0]["HostPort"])
        for inside, outside in published.items()
        if outside and outside[0].get("HostPort")
    }
    return ContainerFacts(
        id=str(attrs["Id"]),
        service=labels.get(SERVICE, ""),
        state=str(state.get("Status", "")),
        health=str((state.get("Health") or {}).get("Status", "")),
        image=str(attrs["Image"]),
        labels=labels,
        ports=ports,
        exit_code=int(state.get("ExitCode") or 0),
        restarts=int(attrs.get("RestartCount") or 0),
        limited=_positive(attrs["HostConfig"].get("Memory"))
        and _positive(attrs["HostConfig"].get("PidsLimit")),
    )


def _positive(limit: int | None) -> bool:
    return (limit or 0) > 0


def _selectors(labels: Mapping[str, str | None]) -> list[str]:
    return [name if value is None else f"{name}={value}" for name, value in labels.items()]


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.decode(errors="replace").rstrip("\r") for line in lines)
    if rest:
        yield rest.decode(errors="replace")


class _speaking:
    """Turn what the library raises into `EngineError`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, APIError) and not isinstance(error, NotFound):
            raise load_failed(str(error.explanation or error)) from error
        if isinstance(error, RequestException | DockerException) and not isinstance(error, APIError):
            raise _unreachable(error) from error


def load_failed(reason: str) -> EngineError:
    """What an engine complained of, with the next step where the cause is a known one."""
    if "no space left" in reason:
        return EngineError(
            "the engine has no disk space left", hint="`docker system df` shows what takes it; then try again"
        )
    return EngineError(f"the engine refused: {reason}", hint="`docker info` shows how it is")


def _unreachable(error: BaseException) -> EngineError:
    text = str(error)
    if "Permission denied" in text or isinstance(error, PermissionError):
        return EngineError(
            "Docker is there, but this user may not use it",
            hint="add the user to the group docker and log in again, or use rootless Docker",
        )
    return EngineError("no container engine answers", hint=NO_ENGINE)


def require_version(version: str) -> None:
    """Refuse an engine that lacks what a stack needs.

    Raises:
        EngineError: it is older than `MINIMUM`.
    """
    found = re.match(r"(\d+)\.(\d+)", version)
    if found and (int(found[1]), int(found[2])) < MINIMUM:
        wanted = ".".join(map(str, MINIMUM))
        raise EngineError(
            f"Docker Engine {version} is too old: {wanted} or newer is needed",
            hint="update Docker, then run the same command again",
        )
