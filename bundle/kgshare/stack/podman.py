"""The stack on Podman: the same compose file, with networks and health checks that Podman needs done for it.

See docs/decisions/105-podman-keeps-the-same-sandbox.md.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path

from kgshare import compose
from kgshare.doors.engine import PROJECT, Engine
from kgshare.doors.podman import Podman, PodmanNetwork
from kgshare.errors import EngineError, StackError
from kgshare.stack.state import StackState

OVERLAY = "podman.yaml"
INSIDE, FRONT = "inside", "front"
NETWORK = "com.docker.compose.network"
PLACES = {compose.DATABASE: 2, compose.APPLICATION: 3, compose.GATEWAY: 4}  # .1 is the bridge's by custom
BESIDE_DOCKER = (
    "! Docker's firewall rules on this machine drop what passes between the containers of a rootful Podman: "
    "if the stack does not get well, see docs/how-to/podman.md"
)
PAUSE = 0.5  # seconds between two rounds of health checks


def make_networks(podman: Podman, state: StackState) -> str:
    """Make a stack's networks, or find them from before; returns the text of the overlay file that fits them.

    Raises:
        StackError: a network of that name is another one.
        EngineError: Podman refuses.
    """
    inside, front = (_network(podman, state, name) for name in (INSIDE, FRONT))
    if inside.named or not inside.internal or front.named or front.routed:
        raise StackError(
            f"the networks of {state.stack} are not those that kgshare makes on Podman",
            hint=f"`kgshare down --name {state.stack}` removes them; then try again",
        )
    return overlay(addresses(inside.subnet))


def _network(podman: Podman, state: StackState, name: str) -> PodmanNetwork:
    labels = {
        PROJECT: state.stack, NETWORK: name,
        compose.LABEL_NAME: state.project, compose.LABEL_STACK: state.stack,
    }  # fmt: skip
    full = f"{state.stack}_{name}"
    return podman.network(full) or podman.make_network(full, internal=name == INSIDE, labels=labels)


def addresses(subnet: str) -> dict[str, str]:
    """Where each service is in the network ``inside``."""
    network = IPv4Network(subnet)
    return {service: str(network[place]) for service, place in PLACES.items()}


def overlay(places: Mapping[str, str]) -> str:
    """The compose file that is read after the rendered one: fixed addresses, since no name server is wanted."""
    rows = ["# Written by kgshare for Podman, read after compose.yaml.", "services:"]
    for service, address in places.items():
        front = f", {FRONT}: {{}}" if service == compose.GATEWAY else ""
        # Without: the bridge has an address of IPv6 on this machine, through which services reach what listens there.
        quiet = ", ".join(f'net.ipv6.conf.eth{n}.disable_ipv6: "1"' for n in range(2 if front else 1))
        hosts = ", ".join(f'"{other}:{at}"' for other, at in places.items() if other != service)
        rows += [
            f"  {service}:",
            f"    networks: {{{INSIDE}: {{ipv4_address: {address}}}{front}}}",
            f"    extra_hosts: [{hosts}]",
            f"    sysctls: {{{quiet}}}",
        ]
    return "\n".join(rows) + "\n"


def beside_docker(
    podman: Podman, system: Path = Path("/sys/class/net"), kernel: Path = Path("/proc/sys")
) -> bool:
    """Whether Docker's rules (forward nothing, traffic within a bridge included) may hold for Podman's bridges too."""
    if podman.rootless or not (system / "docker0").exists():
        return False
    try:
        return (kernel / "net/bridge/bridge-nf-call-iptables").read_text().strip() == "1"
    except OSError:
        return False


@contextmanager
def checking_health(engine: Engine, stack: str) -> Iterator[None]:
    """Have the health checks of a stack run beside what is done here, such as Compose waiting for them."""
    over = threading.Event()

    def check() -> None:
        while not over.wait(PAUSE):
            with suppress(EngineError):
                found = engine.containers({compose.LABEL_STACK: stack})
                engine.check_health([c for c in found if c.health != "healthy"])

    thread = threading.Thread(target=check, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
