"""A stack on the real engine, with stand-in images: up, status, logs, reset, down, and what happens between."""

from __future__ import annotations

import io
import json
import shutil
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from tests.integration.stand_in import StandIn, stand_in_images  # noqa: F401 - a fixture

from kgshare import stack as stacks
from kgshare.compose import AUTH_FOLDER, PAGE_FOLDER, PASSWORD_FILE, STORE_FOLDER, image_tag
from kgshare.doors.engine import Engine
from kgshare.doors.process import run
from kgshare.errors import BundleError, EngineError, Interrupted, StackError
from kgshare.progress import Progress
from kgshare.project.model import Author, Identity
from kgshare.stack import StackReport, look, ports, state
from kgshare.stack.run import answers
from kgshare.stack.source import Source, SourceImage
from kgshare.stack.start import start

pytestmark = pytest.mark.docker
QUIET = Progress(quiet=True)


def up(source: Source, name: str, port: int | None = None) -> StackReport:
    return start(source, stack=name, port=port, progress=QUIET, engine=Engine.connect())


def store_holds(report: StackReport) -> str:
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(report.url, timeout=10).read().decode()


def edit(name: str) -> None:
    code = f"open('{STORE_FOLDER}/edit', 'w').close()"
    run(["docker", "exec", f"{name}-database-1", "/py/bin/python3", "-c", code])


@pytest.fixture
def clean() -> Iterator[None]:
    yield
    for name in ("kgs-one", "kgs-two"):
        if name in look.known(Engine.connect()):
            stacks.down(name, volumes=True, progress=QUIET)


@pytest.fixture(scope="module")
def running(stand_in: StandIn) -> Iterator[StackReport]:
    """One stack for the tests that only look, of a bundle that has images for another platform first."""
    source = stand_in.source(name="kgs-look")
    nothing = SourceImage(manifest_digest=f"sha256:{'0' * 64}", config_digest=f"sha256:{'0' * 64}")
    first = replace(
        source, platform="linux/riscv64", images=dict.fromkeys(source.images, nothing), others=(source,)
    )
    yield up(first, "kgs-look")
    stacks.down("kgs-look", volumes=True, progress=QUIET)


def inspect(service: str) -> dict[str, object]:
    return json.loads(run(["docker", "inspect", f"kgs-look-{service}-1"]).stdout)[0]


@pytest.mark.parametrize("service", ["database", "application", "gateway"])
def test_every_service_runs_with_no_right_it_does_not_need(running: StackReport, service: str) -> None:
    facts = inspect(service)
    host = facts["HostConfig"]
    assert facts["Config"]["User"].split(":")[0] not in {"", "0", "root"}
    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert 0 < host["Memory"] <= 128 * 2**20
    assert 0 < host["PidsLimit"] <= 512
    assert all({"noexec", "nosuid", "nodev"} <= set(options.split(",")) for options in host["Tmpfs"].values())
    assert all(mount["Type"] == "volume" for mount in facts["Mounts"])
    status = Path(f"/proc/{facts['State']['Pid']}/status").read_text().replace("\t", " ")
    assert "NoNewPrivs: 1" in status
    assert "CapEff: 0000000000000000" in status


def test_only_the_gateway_publishes_and_only_on_loopback(running: StackReport) -> None:
    published = {
        service: [row for rows in inspect(service)["NetworkSettings"]["Ports"].values() for row in rows or ()]
        for service in ("database", "application", "gateway")
    }
    assert published["database"] == published["application"] == []
    assert {row["HostIp"] for row in published["gateway"]} == {"127.0.0.1"}


def test_the_password_is_in_a_file_of_its_owner_and_nowhere_else(running: StackReport) -> None:
    assert running.password_file is not None
    password = running.password_file.read_text()
    assert len(password) >= 24
    assert running.password_file.stat().st_mode & 0o777 == 0o600
    assert running.password_file.parent.stat().st_mode & 0o777 == 0o700
    for service in ("database", "application", "gateway"):
        assert password not in json.dumps(inspect(service))
        assert password not in run(["docker", "logs", f"kgs-look-{service}-1"]).stdout
    mounts = {m["Destination"]: m["RW"] for m in inspect("application")["Mounts"]}
    assert mounts == {AUTH_FOLDER: False, PAGE_FOLDER: True}  # the page keeps what was edited


def test_status_names_services_with_the_digests_of_the_bundle(
    running: StackReport, stand_in: StandIn
) -> None:
    report = stacks.status("kgs-look")
    assert [(s.name, s.health) for s in report.services] == [
        ("database", "healthy"), ("application", "healthy"), ("gateway", "healthy"),
    ]  # fmt: skip
    assert report.services[0].image == stand_in.images["database"].manifest_digest
    assert report.services[1].image == stand_in.images["application"].manifest_digest
    assert report.url == running.url
    assert report.nodes is None  # a stand-in speaks no Bolt


def test_logs_are_those_of_the_service_that_was_asked_for(running: StackReport) -> None:
    assert list(stacks.logs("database", name="kgs-look")) == ["database    | stand-in database: open"]
    with pytest.raises(StackError, match="no service nonsense"):
        stacks.logs("nonsense", name="kgs-look")


def test_up_of_what_is_running_does_nothing_and_says_the_address(
    running: StackReport, stand_in: StandIn
) -> None:
    before = inspect("database")["Id"]
    again = up(stand_in.source(name="kgs-look"), "kgs-look")
    assert again.already
    assert again.url == running.url
    assert inspect("database")["Id"] == before


def test_two_stacks_of_one_bundle_run_side_by_side_on_ports_of_their_own(
    stand_in: StandIn, clean: None
) -> None:
    one, two = (up(stand_in.source(name="kgs"), name) for name in ("kgs-one", "kgs-two"))
    assert one.url != two.url
    edit("kgs-one")
    assert "edit" in store_holds(one)
    assert "edit" not in store_holds(two)
    assert one.password_file.read_text() != two.password_file.read_text()  # type: ignore[union-attr]
    stacks.down("kgs-two", progress=QUIET)
    assert "edit" in store_holds(one)


def test_down_leaves_nothing_and_keeps_the_store_unless_volumes_are_named(
    stand_in: StandIn, clean: None
) -> None:
    source = stand_in.source(name="kgs-one")
    up(source, "kgs-one")
    edit("kgs-one")
    kept = stacks.down("kgs-one", progress=QUIET)
    assert (kept.containers, kept.networks, kept.volumes) == (3, 2, ())
    for kind in (["ps", "--all"], ["network", "ls"]):
        found = run(["docker", *kind, "--quiet", "--filter", "label=com.docker.compose.project=kgs-one"])
        assert found.stdout == ""
    assert not state.folder_of("kgs-one").exists()
    assert "edit" in store_holds(up(source, "kgs-one"))
    # The store, the password, and what was edited on the page.
    assert len(stacks.down("kgs-one", volumes=True, progress=QUIET).volumes) == 3
    assert not run(["docker", "volume", "ls", "--quiet", "--filter", "label=kgshare.stack=kgs-one"]).stdout


def test_reset_goes_back_to_the_store_of_the_image_if_the_user_agrees(stand_in: StandIn, clean: None) -> None:
    before = up(stand_in.source(name="kgs-one"), "kgs-one")
    edit("kgs-one")
    with pytest.raises(Interrupted, match="nothing was changed"):
        stacks.reset("kgs-one", agreed=lambda question: False, progress=QUIET)
    assert "edit" in store_holds(before)
    after = stacks.reset("kgs-one", agreed=lambda question: "lost" in question, progress=QUIET)
    assert "edit" not in store_holds(after)
    assert after.url == before.url


def test_a_newer_bundle_gets_its_own_store_and_the_older_one_is_kept(stand_in: StandIn, clean: None) -> None:
    old = stand_in.source(name="kgs-one")
    new = stand_in.source(name="kgs-one", version="1.1", store="b" * 64, bundle="2" * 64)
    up(old, "kgs-one")
    edit("kgs-one")
    newer = up(new, "kgs-one")
    assert "edit" not in store_holds(newer)
    assert any("kgs-one-5.26.30-aaaaaaaaaaaa" in note and "kept" in note for note in newer.notes)
    assert "edit" in store_holds(up(old, "kgs-one"))


def test_a_taken_port_is_said_and_another_is_found_unless_it_was_asked_for(
    stand_in: StandIn, clean: None
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port} of this machine is taken"):
            up(stand_in.source(name="kgs-one"), "kgs-one", port)
    report = up(stand_in.source(name="kgs-one"), "kgs-one", port)
    assert f":{port}/" in report.url


def test_a_stack_whose_notes_are_lost_can_be_seen_and_brought_down(stand_in: StandIn, clean: None) -> None:
    report = up(stand_in.source(name="kgs-one"), "kgs-one")
    shutil.rmtree(state.folder_of("kgs-one"))
    seen = stacks.status("kgs-one")
    assert seen.url is not None
    assert report.url.startswith(seen.url)
    assert seen.password_file is None
    assert not state.folder_of("kgs-one").exists()  # looking writes nothing down
    with pytest.raises(StackError, match="cannot be started again"):
        stacks.reset("kgs-one", agreed=lambda question: True, progress=QUIET)
    assert stacks.down("kgs-one", volumes=True, progress=QUIET).containers == 3


def test_what_was_interrupted_goes_on_with_the_same_command(stand_in: StandIn, clean: None) -> None:
    source = stand_in.source(name="kgs-one")
    up(source, "kgs-one")
    run(["docker", "rm", "--force", "kgs-one-gateway-1"])
    run(["docker", "stop", "--time", "1", "kgs-one-application-1"])
    report = up(source, "kgs-one")
    assert not report.already
    assert answers(state.read_state("kgs-one").port, "/health", 0)  # type: ignore[union-attr]


def test_a_service_that_fails_is_named_with_its_last_words(stand_in: StandIn, clean: None) -> None:
    source = stand_in.source(name="kgs-one")
    up(source, "kgs-one")
    code = f"open('{STORE_FOLDER}/broken', 'w').close()"
    run(["docker", "exec", "kgs-one-database-1", "/py/bin/python3", "-c", code])
    stacks.down("kgs-one", progress=QUIET)
    with pytest.raises(
        StackError, match=r"database did not become healthy(.|\n)*stand-in: the store is broken"
    ):
        up(source, "kgs-one")


def test_an_application_that_ends_is_the_one_that_is_named_with_its_exit_code(
    stand_in: StandIn, clean: None
) -> None:
    source = stand_in.source(name="kgs-one")
    crash = """entrypoint: ["/py/bin/python3", "-c", "import sys; print('no such table'); sys.exit(3)"]"""
    lines = source.compose.splitlines()
    lines.insert(lines.index("  application:") + 1, f"    {crash}")
    with pytest.raises(StackError) as refused:
        up(replace(source, compose="\n".join(lines) + "\n"), "kgs-one")
    (problem,) = refused.value.problems
    assert problem.message.startswith("application did not become healthy: it ended with exit code 3")
    assert "was started again" in problem.message
    assert "  | no such table" in problem.message
    assert "gateway" not in str(refused.value)


def test_two_commands_at_once_start_one_stack_and_the_second_waits(stand_in: StandIn, clean: None) -> None:
    source = stand_in.source(name="kgs-one")
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda _: up(source, "kgs-one"), range(2)))
    assert sorted(report.already for report in reports) == [False, True]
    assert reports[0].url == reports[1].url


def test_a_port_that_is_lost_at_the_last_moment_is_no_failed_start(
    stand_in: StandIn, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    with socket.create_server(("127.0.0.1", 0)) as quicker:
        port = quicker.getsockname()[1]
        is_free = ports.is_free  # our look at this one came before theirs
        monkeypatch.setattr(ports, "is_free", lambda number: number == port or is_free(number))
        source = stand_in.source(name="kgs-one")
        usual = source.manifest.application.model_copy(update={"port": port})
        manifest = source.manifest.model_copy(update={"application": usual})
        report = start(
            replace(source, manifest=manifest), stack="kgs-one", port=None, progress=Progress(stream=said),
            engine=Engine.connect(),
        )  # fmt: skip
    assert f":{port}/" not in report.url
    assert f"port {port} or " in said.getvalue()
    assert "trying others" in said.getvalue()
    assert "failed" not in said.getvalue()


def test_what_an_archive_raises_while_it_is_streamed_reaches_the_caller(stand_in: StandIn) -> None:
    def altered(tags: Mapping[str, str]) -> Iterator[bytes]:
        yield from islice(stand_in.archive(tags), 2)
        raise BundleError("blob sha256:0 is altered")

    fresh = {role: f"localhost/kgs-altered/{role}:1" for role in stand_in.images}
    with pytest.raises(BundleError, match="is altered"):
        Engine.connect().load(altered(fresh))
    with pytest.raises(OSError, match="gone"):
        Engine.connect().load(_unreadable())
    assert all(Engine.connect().image_id(tag) is None for tag in fresh.values())


def _unreadable() -> Iterator[bytes]:
    yield b"\0" * 512
    raise OSError("the disk is gone")


def test_the_callers_variables_do_not_change_a_stack(
    stand_in: StandIn, clean: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {
        "KGSHARE_PORT": "1", "KGSHARE_DATABASE_IMAGE": "localhost/evil:1", "COMPOSE_PROJECT_NAME": "other",
        "COMPOSE_FILE": "/nowhere.yaml", "COMPOSE_PROFILES": "x",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    (tmp_path / ".env").write_text("KGSHARE_STORE=evil\nCOMPOSE_PROJECT_NAME=evil\n")
    monkeypatch.chdir(tmp_path)
    report = up(stand_in.source(name="kgs-one"), "kgs-one")
    assert report.services[0].image == stand_in.images["database"].manifest_digest
    assert Engine.connect().volume_exists("kgs-one-5.26.30-aaaaaaaaaaaa")


def test_an_image_that_is_not_the_verified_one_is_not_started(stand_in: StandIn, clean: None) -> None:
    source = stand_in.source(name="kgs-one")
    images = {
        **source.images,
        "database": replace(source.images["database"], config_digest="sha256:" + "0" * 64),
    }
    with pytest.raises(EngineError, match="another database image"):
        up(replace(source, images=images), "kgs-one")
    assert "kgs-one" not in look.present(Engine.connect())


def test_a_bundle_for_another_platform_is_refused_before_it_is_loaded(stand_in: StandIn) -> None:
    source = stand_in.source(name="kgs-one")
    others = (replace(source, platform="linux/riscv64"),)
    with pytest.raises(
        EngineError, match="is for linux/riscv64 and linux/s390x, and this engine runs linux/a"
    ) as caught:
        up(replace(source, platform="linux/s390x", others=others), "kgs-one")
    assert "kgshare build --platform linux/a" in caught.value.problems[0].hint


def test_a_name_that_another_project_has_is_refused(running: StackReport, stand_in: StandIn) -> None:
    with pytest.raises(StackError, match="belongs to the project kgs-look"):
        up(stand_in.source(name="other"), "kgs-look")


def test_another_project_of_the_same_name_does_not_take_a_stacks_place(
    running: StackReport, stand_in: StandIn
) -> None:
    source = stand_in.source(name="kgs-look", bundle="5" * 64)
    other = source.manifest.model_copy(
        update={"authors": (Author(name="B. Other"),), "identity": Identity(nodes={"Moss": ("name",)})}
    )
    with pytest.raises(StackError, match="two projects are named kgs-look") as caught:
        up(replace(source, manifest=other), "kgs-look")
    [problem] = caught.value.problems
    assert "runs one by Nobody (:Thing), and this one is by B. Other (:Moss)" in problem.message
    assert "kgshare up --name ANOTHER" in problem.hint
    assert stacks.status("kgs-look").bundle == running.bundle


def test_an_engine_that_does_not_answer_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(EngineError, match="no container engine answers"):
        stacks.status()


def test_docker_load_and_compose_up_are_enough_without_kgshare(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = stand_in.source(name="kgs-bare")
    archive = tmp_path / "images.tar"
    tags = {role: image_tag("kgs-bare", role, "1.0") for role in source.images}
    archive.write_bytes(b"".join(source.archive(tags)))
    (tmp_path / "compose.yaml").write_text(source.compose)
    port, bolt = ports.any_port(), ports.any_port()
    monkeypatch.setenv("KGSHARE_PORT", str(port))
    monkeypatch.setenv("KGSHARE_BOLT_PORT", str(bolt))
    run(["docker", "load", "--input", str(archive)])
    try:
        run(["docker", "compose", "up", "--wait"], cwd=tmp_path)
        assert answers(port, "/health", 30)
        copied = tmp_path / "password"
        run(["docker", "compose", "cp", f"database:{PASSWORD_FILE}", str(copied)], cwd=tmp_path)
        assert len(copied.read_text().strip()) >= 24
        seen = stacks.status("kgs-bare")  # its labels are enough for kgshare
        assert [service.health for service in seen.services] == ["healthy"] * 3
        assert seen.url == f"http://127.0.0.1:{port}/"
        assert Engine.connect().volume_exists("kgs-bare-1.0")
    finally:
        stacks.down("kgs-bare", volumes=True, progress=QUIET)
