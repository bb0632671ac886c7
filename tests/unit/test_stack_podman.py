"""What kgshare does for Podman, without one: where it is looked for, which networks, which addresses."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from kgshare import compose
from kgshare.doors import podman as door
from kgshare.doors.podman import Podman
from kgshare.errors import EngineError, StackError
from kgshare.stack import podman
from kgshare.stack.state import StackState

STATE = StackState(
    stack="sheets", project="herbarium", version="1", bundle="sha256:1", port=8000, bolt_port=7687, opens="/",
    health="/", store="s", images={},
)  # fmt: skip


class Answer:
    def __init__(self, status_code: int, body: Any) -> None:
        self.status_code, self.body = status_code, body

    def json(self) -> Any:
        return self.body


class Table:
    """Podman's networks as a table; whatever else is asked fails the test."""

    base_url = "http+docker://localhost"

    def __init__(self, **networks: dict[str, Any]) -> None:
        self.networks = networks

    def request(self, method: str, url: str, *, json: Any = None) -> Answer:
        path = url.removeprefix(f"{self.base_url}/v5.0.0/libpod/networks/")
        if method == "POST":
            assert path == "create"
            number = len(self.networks) + 1
            gateway = (
                {} if json["internal"] else {"gateway": f"10.89.{number}.1"}
            )  # as Podman does without names
            self.networks[json["name"]] = {**json, "subnets": [{"subnet": f"10.89.{number}.0/24", **gateway}]}
            return Answer(200, self.networks[json["name"]])
        found = self.networks.get(path.removesuffix("/json"))
        return Answer(200, found) if found else Answer(404, {"message": "none"})


def test_networks_have_no_name_server_no_way_out_and_the_stacks_labels() -> None:
    table = Table()
    podman.make_networks(Podman(table, rootless=False), STATE)
    inside, front = table.networks["sheets_inside"], table.networks["sheets_front"]
    assert (inside["internal"], inside["dns_enabled"]) == (True, False)
    assert "gateway" not in inside["subnets"][0]
    assert (front["internal"], front["dns_enabled"]) == (False, False)
    assert front["options"] == {"no_default_route": "1"}
    for network, name in ((inside, "inside"), (front, "front")):
        assert network["labels"] == {
            "com.docker.compose.project": "sheets", "com.docker.compose.network": name,
            "kgshare.name": "herbarium", "kgshare.stack": "sheets",
        }  # fmt: skip


def test_networks_from_before_are_used_again_with_the_same_addresses() -> None:
    table = Table()
    first = podman.make_networks(Podman(table, rootless=True), STATE)
    assert podman.make_networks(Podman(table, rootless=True), STATE) == first
    assert len(table.networks) == 2


@pytest.mark.parametrize("wrong", [{"internal": False}, {"dns_enabled": True}])
def test_networks_that_plain_compose_made_are_not_used(wrong: dict[str, Any]) -> None:
    there = {
        "name": "sheets_inside",
        "internal": True,
        "dns_enabled": False,
        "subnets": [{"subnet": "10.89.1.0/24"}],
    }
    with pytest.raises(StackError, match="not those that kgshare makes"):
        podman.make_networks(Podman(Table(sheets_inside={**there, **wrong}), rootless=False), STATE)


def test_each_service_knows_the_others_by_address_and_speaks_no_ipv6() -> None:
    text = podman.overlay(podman.addresses("10.89.7.0/24"))
    services = yaml.safe_load(text)["services"]
    assert set(services) == {compose.DATABASE, compose.APPLICATION, compose.GATEWAY}
    assert services["application"]["networks"] == {"inside": {"ipv4_address": "10.89.7.3"}}
    assert services["application"]["extra_hosts"] == ["database:10.89.7.2", "gateway:10.89.7.4"]
    assert set(services["gateway"]["networks"]) == {"inside", "front"}
    assert services["gateway"]["sysctls"] == {
        "net.ipv6.conf.eth0.disable_ipv6": "1", "net.ipv6.conf.eth1.disable_ipv6": "1",
    }  # fmt: skip


def test_podman_is_looked_for_where_it_listens(tmp_path: Path) -> None:
    assert door.sockets({"CONTAINER_HOST": "tcp://127.0.0.1:1"}) == ("tcp://127.0.0.1:1",)
    assert door.sockets({"CONTAINER_HOST": "ssh://elsewhere"}) == ()
    assert not any(str(tmp_path) in host for host in door.sockets({"XDG_RUNTIME_DIR": str(tmp_path)}))
    (tmp_path / "podman").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "podman/podman.sock"))
        found = door.sockets({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert found[0] == f"unix://{tmp_path}/podman/podman.sock"


def test_a_podman_that_is_too_old_is_refused() -> None:
    door.require_version("5.4.2")
    with pytest.raises(EngineError, match=r"Podman 4\.3\.1 is too old: 5\.0 or newer is needed"):
        door.require_version("4.3.1")


@pytest.mark.parametrize(
    ("rootless", "docker", "kernel", "said"),
    [
        (False, True, "1", True),
        (True, True, "1", False),
        (False, False, "1", False),
        (False, True, "0", False),
    ],
)
def test_docker_beside_a_rootful_podman_is_said(
    tmp_path: Path, rootless: bool, docker: bool, kernel: str, said: bool
) -> None:
    if docker:
        (tmp_path / "docker0").mkdir()
    (tmp_path / "net/bridge").mkdir(parents=True)
    (tmp_path / "net/bridge/bridge-nf-call-iptables").write_text(f"{kernel}\n")
    assert podman.beside_docker(Podman(Table(), rootless=rootless), tmp_path, tmp_path) is said
