"""What only Podman is asked, over its own API on the same socket: networks that its Docker API cannot say, health checks.

Podman's Docker API ignores driver options of networks, and Podman runs health checks by systemd timers or not at all.
Reference: https://docs.podman.io/en/latest/_static/api.html (libpod 5).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kgshare.errors import EngineError

MINIMUM = (5, 0)  # the oldest whose networks and health checks are known to be as they are used here
_LIBPOD = "/v5.0.0/libpod"


class Session(Protocol):
    """The HTTP session of the engine's door."""

    base_url: str

    def request(self, method: str, url: str, *, json: Any = None) -> Any:
        """Ask; the answer has ``status_code`` and ``json()``."""
        ...


@dataclass(frozen=True, kw_only=True)
class PodmanNetwork:
    """A network as it is.

    Attributes:
        name: its name.
        subnet: of IPv4, as ``10.89.1.0/24``.
        internal: whether it has no way out.
        named: whether its name server answers, for which the bridge has an address on this machine.
        routed: whether containers have a default route into it.
        labels: all its labels.
    """

    name: str
    subnet: str
    internal: bool
    named: bool
    routed: bool
    labels: Mapping[str, str]


class Podman:
    """Podman's own API, for an engine that is one.

    Attributes:
        rootless: it runs as an ordinary user.
    """

    def __init__(self, session: Session, *, rootless: bool) -> None:
        self._session, self.rootless = session, rootless

    def check_health(self, container: str) -> None:
        """Run a container's health check now, so that its health is the present one; one that has gone has none."""
        self._ask("GET", f"/containers/{container}/healthcheck", fine=(404, 409, 500))

    def network(self, name: str) -> PodmanNetwork | None:
        """The network of that name."""
        status, found = self._ask("GET", f"/networks/{name}/json", fine=(404,))
        return _network(found) if status == 200 else None

    def make_network(self, name: str, *, internal: bool, labels: Mapping[str, str]) -> PodmanNetwork:
        """Make a bridge without a name server that containers have no default route into.

        Args:
            name: its name.
            internal: the bridge has no address on this machine either, so nothing of it can be reached or published.
            labels: its labels.

        Raises:
            EngineError: Podman refuses.
        """
        wish: dict[str, Any] = {
            "name": name, "driver": "bridge", "internal": internal, "dns_enabled": False, "labels": dict(labels),
        }  # fmt: skip
        if not internal:
            wish["options"] = {"no_default_route": "1"}
        _, made = self._ask("POST", "/networks/create", json=wish)
        return _network(made)

    def _ask(self, method: str, path: str, *, fine: Sequence[int] = (), json: Any = None) -> tuple[int, Any]:
        answer = self._session.request(method, f"{self._session.base_url}{_LIBPOD}{path}", json=json)
        status = int(answer.status_code)
        if status >= 300 and status not in fine:
            raise EngineError(f"Podman refused: {_said(answer)}", hint="`podman info` shows how it is")
        return status, answer.json() if status < 300 else None


def _said(answer: Any) -> str:
    try:
        return str(answer.json().get("message") or answer.json().get("cause"))
    except ValueError:
        return f"HTTP {answer.status_code}"


def _network(found: Any) -> PodmanNetwork:
    options = found.get("options") or {}
    return PodmanNetwork(
        name=str(found["name"]),
        subnet=next(
            (str(s["subnet"]) for s in found.get("subnets") or () if ":" not in str(s["subnet"])), ""
        ),
        internal=bool(found.get("internal")),
        named=bool(found.get("dns_enabled")),
        routed=not found.get("internal") and options.get("no_default_route") not in {"1", "true"},
        labels=found.get("labels") or {},
    )


def sockets(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Where Podman may listen, the likeliest first: what CONTAINER_HOST says, else this user's socket, the system's.

    Only what is there is named; ``ssh://`` is not, as only the command ``podman`` speaks it.
    """
    named = environment.get("CONTAINER_HOST", "")
    if named:
        return (named,) if named.startswith(("unix://", "tcp://")) else ()
    runtime = environment.get("XDG_RUNTIME_DIR") or (
        f"/run/user/{os.getuid()}" if hasattr(os, "getuid") else ""
    )
    files = ([Path(runtime) / "podman/podman.sock"] if runtime else []) + [Path("/run/podman/podman.sock")]
    return tuple(f"unix://{file}" for file in files if _is_there(file))


def _is_there(file: Path) -> bool:
    try:
        return file.is_socket()
    except OSError:
        return False


def require_version(version: str) -> None:
    """Refuse a Podman that is not known to work.

    Raises:
        EngineError: it is older than `MINIMUM`.
    """
    found = re.match(r"(\d+)\.(\d+)", version)
    if found and (int(found[1]), int(found[2])) < MINIMUM:
        wanted = ".".join(map(str, MINIMUM))
        raise EngineError(
            f"Podman {version} is too old: {wanted} or newer is needed",
            hint="update Podman, or use Docker; then run the same command again",
        )
