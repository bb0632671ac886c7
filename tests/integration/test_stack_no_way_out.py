"""Nothing leaves a stack: not to another machine (a network namespace of the test's own), not to this one."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.stand_in import StandIn, stand_in_images  # noqa: F401 - a fixture

from kgshare import stack as stacks
from kgshare.doors.engine import Engine
from kgshare.doors.process import CommandFailed, run
from kgshare.progress import Progress
from kgshare.stack.start import start

pytestmark = pytest.mark.docker
NAME, QUIET = "kgs-sealed", Progress(quiet=True)
# RFC 5737: addresses of documentation, which belong to nobody; the namespace gives them to itself.
HERE, OUTSIDE, PORT = "198.51.100.1", "198.51.100.2", 4711
CLONE_NEWNET = 0x40000000
KNOCK = """
import socket, sys
heard = False
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as knock:
        knock.settimeout(1)
        try:
            knock.connect((sys.argv[1], int(sys.argv[2])))
            knock.send(b"let me out")
            heard = heard or kind == socket.SOCK_STREAM
        except OSError:
            pass
print("out" if heard else "in")
"""
NAMES = """
import socket
try:
    print(socket.getaddrinfo("www.example.org", 80))
except OSError:
    print("unknown")
"""


@dataclass
class Listener:
    """Hears whatever arrives by TCP or UDP; ``heard`` holds where from."""

    heard: list[str]
    port: int


def listen(port: int, namespace: Path | None = None) -> tuple[Listener, list[socket.socket]]:
    """Listen on every address of this machine, or of a namespace; the sockets stay in it when the thread has gone."""
    sockets: list[socket.socket] = []
    failure: list[BaseException] = []

    def make() -> None:
        try:
            if namespace:
                libc = ctypes.CDLL(None, use_errno=True)
                with namespace.open() as file:
                    if libc.setns(file.fileno(), CLONE_NEWNET):  # this thread only
                        raise OSError(ctypes.get_errno(), "setns")
            tcp = socket.create_server(("0.0.0.0", port))
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind(("0.0.0.0", tcp.getsockname()[1]))
            sockets.extend((tcp, udp))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    listener = Listener([], sockets[0].getsockname()[1])
    threading.Thread(target=_hear_tcp, args=(sockets[0], listener), daemon=True).start()
    threading.Thread(target=_hear_udp, args=(sockets[1], listener), daemon=True).start()
    return listener, sockets


def _hear_tcp(server: socket.socket, listener: Listener) -> None:
    with suppress(OSError):
        while True:
            client, address = server.accept()
            listener.heard.append(f"tcp from {address[0]}")
            client.close()


def _hear_udp(server: socket.socket, listener: Listener) -> None:
    with suppress(OSError):
        while True:
            _, address = server.recvfrom(100)
            listener.heard.append(f"udp from {address[0]}")


@pytest.fixture(scope="module")
def outside() -> Iterator[Listener]:
    """Another machine, one hop away, that knows the way back to every network here."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("making a network namespace needs root and iproute2")
    tag = uuid.uuid4().hex[:6]
    space, near, far = f"kgs-{tag}", f"kgs{tag}a", f"kgs{tag}b"
    run(["ip", "netns", "add", space])
    sockets: list[socket.socket] = []
    try:
        run(["ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", space])
        run(["ip", "address", "add", f"{HERE}/30", "dev", near])
        run(["ip", "link", "set", near, "up"])
        for command in (
            ["address", "add", f"{OUTSIDE}/30", "dev", far],
            ["link", "set", far, "up"],
            ["link", "set", "lo", "up"],
            ["route", "add", "default", "via", HERE],
        ):
            run(["ip", "-netns", space, *command])
        listener, sockets = listen(PORT, Path("/var/run/netns") / space)
        yield listener
    finally:
        for opened in sockets:
            opened.close()
        run(["ip", "netns", "delete", space])
        with suppress(CommandFailed):
            run(["ip", "link", "delete", near])


@pytest.fixture(scope="module")
def this_machine() -> Iterator[Listener]:
    """Something that listens on every address of this machine."""
    listener, sockets = listen(0)
    yield listener
    for opened in sockets:
        opened.close()


@pytest.fixture(scope="module")
def sealed(stand_in: StandIn) -> Iterator[None]:
    start(stand_in.source(name=NAME), stack=NAME, port=None, progress=QUIET, engine=Engine.connect())
    yield
    stacks.down(NAME, volumes=True, progress=QUIET)


@pytest.fixture(scope="module")
def ordinary(stand_in: StandIn, sealed: None, docker_label: str) -> Iterator[str]:
    """A container on an ordinary network, which shows that the knocks would be heard."""
    network = f"kgs-{uuid.uuid4().hex[:6]}"
    run(["docker", "network", "create", "--label", docker_label, network])
    try:
        image = run(["docker", "inspect", "--format", "{{.Image}}", f"{NAME}-gateway-1"]).stdout.strip()
        command = [
            "docker",
            "run",
            "--pull",
            "never",
            "--detach",
            "--network",
            network,
            "--label",
            docker_label,
        ]
        sleeper = ["--entrypoint", "/py/bin/python3", image, "-c", "import time; time.sleep(600)"]
        container = run([*command, *sleeper]).stdout.strip()
        yield container
        run(["docker", "rm", "--force", container])
    finally:
        run(["docker", "network", "rm", network])


def inside(container: str, code: str, *words: object) -> str:
    return run(["docker", "exec", container, "/py/bin/python3", "-c", code, *map(str, words)]).stdout.strip()


def addresses_of_this_machine() -> list[str]:
    rows = run(["ip", "-brief", "-4", "address"]).stdout.splitlines()
    return [a.split("/")[0] for row in rows for a in row.split()[2:] if "/" in a and not a.startswith("127.")]


def test_a_knock_from_an_ordinary_container_is_heard(
    ordinary: str, outside: Listener, this_machine: Listener
) -> None:
    assert inside(ordinary, KNOCK, OUTSIDE, PORT) == "out"
    assert any(line.startswith("udp") for line in _after_a_moment(outside))
    assert inside(ordinary, KNOCK, HERE, this_machine.port) == "out"


@pytest.mark.parametrize("service", ["database", "application"])
def test_nothing_of_database_and_application_reaches_another_machine(
    sealed: None, outside: Listener, service: str
) -> None:
    outside.heard.clear()
    assert inside(f"{NAME}-{service}-1", KNOCK, OUTSIDE, PORT) == "in"
    assert _after_a_moment(outside) == []


@pytest.mark.parametrize("service", ["database", "application"])
def test_nothing_of_database_and_application_reaches_this_machine(
    sealed: None, outside: Listener, this_machine: Listener, service: str
) -> None:
    this_machine.heard.clear()
    container = f"{NAME}-{service}-1"
    inspected = "{{range .NetworkSettings.Networks}}{{.Gateway}} {{.IPAddress}}{{end}}"
    own = run(["docker", "inspect", "--format", inspected, container]).stdout.split()
    first = own[-1].rsplit(".", 1)[0] + ".1"  # where the bridge's own address would be
    for address in {*addresses_of_this_machine(), first, *own[:-1]}:
        assert inside(container, KNOCK, address, this_machine.port) == "in", address
    assert _after_a_moment(this_machine) == []


@pytest.mark.parametrize("service", ["database", "application", "gateway"])
def test_no_name_of_the_world_is_known_inside_and_no_ipv6(sealed: None, service: str) -> None:
    container = f"{NAME}-{service}-1"
    assert inside(container, NAMES) == "unknown"
    assert all(row.endswith(" lo") for row in inside(container, SHOW_IPV6).splitlines())


def test_the_gateway_listens_on_its_two_ports_and_is_no_proxy(sealed: None) -> None:
    ports = inside(f"{NAME}-gateway-1", LISTENING).split()
    assert sorted(ports) == ["7687", "8088"]
    wish = f"GET http://{OUTSIDE}:{PORT}/ HTTP/1.0\\r\\n\\r\\n"
    assert "stand-in page" in inside(f"{NAME}-application-1", ASK, "gateway", 8088, wish)


LISTENING = """
for row in list(open("/proc/net/tcp"))[1:]:
    address, state = row.split()[1], row.split()[3]
    host, port = address.split(":")
    if state == "0A" and not host.endswith("7F"):
        print(int(port, 16))
"""
ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5) as wish:
    wish.sendall(sys.argv[3].encode().decode("unicode_escape").encode())
    wish.shutdown(socket.SHUT_WR)
    print(b"".join(iter(lambda: wish.recv(1000), b"")).decode())
"""
SHOW_IPV6 = """
try:
    print(open("/proc/net/if_inet6").read().strip())
except OSError:
    pass
"""


def _after_a_moment(listener: Listener) -> list[str]:
    import time

    time.sleep(0.3)
    return list(listener.heard)
