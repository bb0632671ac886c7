"""A bundle on Podman, rootful and rootless: the same commands, the same sandbox, the same fixtures."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests import podman
from tests.integration.test_stack_no_way_out import KNOCK, listen

from kgshare import stack as stacks
from kgshare.doors.engine import Engine
from kgshare.doors.process import run
from kgshare.engines import choice
from kgshare.engines.docker import DockerEngine
from kgshare.errors import EngineError
from kgshare.progress import Progress
from kgshare.testing import KgshareContainer

# Docker builds the bundle; what is tested here needs none of it.
pytestmark = [pytest.mark.docker, pytest.mark.podman, pytest.mark.timeout(300)]
QUIET = Progress(quiet=True)
SERVICES = ("database", "application", "gateway")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("podman")
    for above in (
        folder,
        *folder.parents[:2],
    ):  # pytest's folders are its user's only; Podman's user must get through
        above.chmod(0o755)
    yield podman.unpack(folder)
    podman.remove(folder)


@pytest.fixture(scope="module", params=["rootful", "rootless"])
def service(tree: Path, request: pytest.FixtureRequest) -> Iterator[podman.Service]:
    with (
        podman.service(tree, rootless=request.param == "rootless") as found,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DOCKER_HOST", found.host)
        yield found


@pytest.fixture(scope="module")
def stack(service: podman.Service, herbarium_once: Path) -> Iterator[KgshareContainer]:
    with KgshareContainer(next(herbarium_once.glob("*.kgshare.tar"))) as started:
        yield started


def status_of(service: podman.Service, stack: KgshareContainer, name: str) -> dict[str, str]:
    """``/proc/PID/status`` of a service's process."""
    state = podman.inspect(service, f"{stack.name}-{name}-1")["State"]
    text = (service.proc / str(state["Pid"]) / "status").read_text()  # type: ignore[index]
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def knock(service: podman.Service, stack: KgshareContainer, name: str, address: str, port: int) -> str:
    """Whether somebody in a service's network reaches an address: ``in`` where not."""
    state = podman.inspect(service, f"{stack.name}-{name}-1")["State"]
    network = service.proc / str(state["Pid"]) / "ns/net"  # type: ignore[index]
    python = shutil.which("python3") or "python3"
    return run(["nsenter", f"--net={network}", python, "-c", KNOCK, address, str(port)]).stdout.strip()


def test_a_bundle_starts_and_its_page_and_its_graph_answer(stack: KgshareContainer) -> None:
    with urllib.request.urlopen(stack.page) as answer:
        assert "Gentiana clusii (revision, 2019)" in answer.read().decode()
    (found,) = stacks.status(stack.name).stacks
    assert (found.nodes, found.relationships) == (52, 122)
    assert {s.name: s.health for s in found.services} == dict.fromkeys(SERVICES, "healthy")
    assert any("| " in line for line in stacks.logs("database", name=stack.name, tail=3))


def test_a_test_gets_its_seeded_graph_back(stack: KgshareContainer) -> None:
    stack.get_driver().execute_query("MATCH (s:Sheet) SET s.note = 'mine'", database_="neo4j")
    assert stack.reset().records > 0
    assert stack.reset().records == 0


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_no_right_it_does_not_need(
    service: podman.Service, stack: KgshareContainer, name: str
) -> None:
    facts = podman.inspect(service, f"{stack.name}-{name}-1")
    host = facts["HostConfig"]
    assert host["ReadonlyRootfs"] is True  # type: ignore[index]
    assert host["Privileged"] is False  # type: ignore[index]
    assert host["SecurityOpt"] == ["no-new-privileges"]  # type: ignore[index]
    assert all({"noexec", "nosuid", "nodev"} <= set(o.split(",")) for o in host["Tmpfs"].values())  # type: ignore[index]
    assert {mount["Type"] for mount in facts["Mounts"]} <= {"volume"}  # type: ignore[attr-defined]
    status = status_of(service, stack, name)
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert all(int(number) >= 7474 for number in status["Uid"].split())
    limited = host["Memory"] > 0 and host["PidsLimit"] > 0  # type: ignore[index]
    assert limited is not service.rootless  # what `up` then says; here cgroups are of version 1


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_of_a_service_reaches_this_machine_or_another(
    service: podman.Service, stack: KgshareContainer, name: str
) -> None:
    listener, sockets = listen(0)
    try:
        rows = run(["ip", "-brief", "-4", "address"]).stdout.split()
        mine = {row.split("/")[0] for row in rows if "/" in row and not row.startswith("127.")}
        if name == "gateway":  # publishes, so its bridge has an address; see docs/how-to/podman.md
            mine = {a for a in mine if not a.startswith("10.89.")}
        subnet = str(podman.inspect(service, f"{stack.name}-{name}-1")["NetworkSettings"]["Networks"])  # type: ignore[index]
        assert f"{stack.name}_inside" in subnet
        for address in (*mine, "10.89.0.1", "198.51.100.2") if name != "gateway" else (*mine, "198.51.100.2"):
            assert knock(service, stack, name, address, listener.port) == "in", address
        assert listener.heard == []
        assert (
            knock(service, stack, "database", "127.0.0.1", 7687) == "out"
        )  # a knock is heard where one listens
    finally:
        for opened in sockets:
            opened.close()


def test_it_listens_on_loopback_only(stack: KgshareContainer) -> None:
    ports = {stack.get_exposed_port(7687), stack.get_exposed_port(8000)}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {(row[1].split(":")[0], int(row[1].split(":")[1], 16)) for row in rows if row[3] == "0A"}
    assert {host for host, port in listening if port in ports} == {"0100007F"}
    wide = {int(line.split()[1].split(":")[1], 16) for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]
            if line.split()[3] == "0A"}  # fmt: skip
    assert not ports & wide


def test_reset_and_down_leave_nothing(service: podman.Service, stack: KgshareContainer) -> None:
    stack.get_driver().execute_query("MATCH (s:Sheet) DETACH DELETE s", database_="neo4j")
    after = stacks.reset(stack.name, agreed=lambda question: True, progress=QUIET)
    assert (after.nodes, after.relationships) == (52, 122)
    gone = stacks.down(stack.name, volumes=True, progress=QUIET)
    assert (gone.containers, gone.networks, len(gone.volumes)) == (3, 2, 2)
    for things in (["ps", "--all"], ["volume", "ls"]):
        assert run(["docker", *things, "--quiet"]).stdout == ""
    assert run(["docker", "network", "ls", "--filter", "label=kgshare.stack", "--quiet"]).stdout == ""


def test_podman_is_found_where_no_docker_answers(
    service: podman.Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = "nowhere"
    context = tmp_path / "contexts/meta" / sha256(name.encode()).hexdigest()
    context.mkdir(parents=True)
    endpoint = {"Host": f"unix://{tmp_path}/nowhere.sock", "SkipTLSVerify": False}
    (context / "meta.json").write_text(
        json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}})
    )
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": name}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("CONTAINER_HOST", service.host)
    said: list[str] = []
    found = Engine.connect(said.append)
    assert found.podman is not None
    assert found.podman.rootless is service.rootless
    assert said == [f"no Docker answers: using Podman at {service.host}"]
    assert os.environ["DOCKER_HOST"] == service.host  # for Compose and what else is started


def test_a_bundle_is_built_by_the_machines_own_means(service: podman.Service) -> None:
    builder = choice.docker()
    assert builder.name == "podman"
    builder.check()
    assert "Podman has no BuildKit" in builder.remarks[0]
    with pytest.raises(EngineError, match="no BuildKit"):
        DockerEngine().check()
