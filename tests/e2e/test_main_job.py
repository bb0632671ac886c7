"""The main job: from the ocean project's manifest to its page in a browser, and back to nothing left."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker  # noqa: TID251 - the engine itself is asked what runs
import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import Neo4jError
from playwright.sync_api import sync_playwright
from tests.e2e import two_minutes
from tests.e2e.command_line import works

from kgshare.changes import Property, parse_change_set

pytestmark = pytest.mark.docker
STACK = "e2e-ocean"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def up(ocean_bundle: Path) -> Iterator[Any]:
    """What `kgshare up` reported of the ocean stack."""
    ran = works("up", ocean_bundle, "--name", STACK, "--no-open", "--json")
    yield ran.result
    works("down", "--name", STACK, "--volumes", "--discard")


def containers(stack: str = STACK) -> list[Any]:
    return docker.from_env().containers.list(
        all=True, filters={"label": f"com.docker.compose.project={stack}"}
    )


def bolt(up: Any) -> Any:
    password = Path(up["password_file"]).read_text().strip()
    return GraphDatabase.driver(up["bolt"], auth=("neo4j", password))


def test_the_bundle_is_small_enough_to_send(ocean_bundle: Path) -> None:
    assert ocean_bundle.name == "oceangraph-0.1.0.kgshare.tar"
    assert ocean_bundle.stat().st_size <= 200_000_000


def test_a_second_build_runs_nothing(ocean_bundle: Path) -> None:
    again = works("build", ROOT, "--output", ocean_bundle.parent, "--locked", "--json").result
    assert [s["name"] for s in again["steps"] if s["ran"]] == []
    plan = works("build", ROOT, "--plan", "--json").result
    assert [s["reason"] for s in plan["steps"]] == [""] * len(plan["steps"])


def test_inspect_says_what_the_bundle_holds_without_loading_it(ocean_bundle: Path) -> None:
    report = works("inspect", ocean_bundle, "--json").result
    assert (report["name"], report["nodes"]["Profile"], report["nodes"]["Bottle"]) == (
        "oceangraph",
        2702,
        5343,
    )
    assert {i["role"] for i in report["images"]} == {"database", "application"}
    assert {"kgshare.yaml", "kgshare.lock", "compose.yaml", "README.md", "seed.json", "graph.tar.zst"} <= set(
        report["files"]
    )
    assert "every byte" in works("inspect", ocean_bundle).out


def test_up_says_in_one_line_what_the_policy_says_today(up: Any) -> None:
    [line] = [note for note in up["notes"] if note.startswith("policy: ")]
    assert re.match(r"policy: \d+ of \d+ checks passed; not scanned: ", line)
    assert "failed" not in line


def test_up_answers_at_the_address_it_prints(up: Any) -> None:
    with urllib.request.urlopen(up["url"]) as answer:
        assert answer.status == 200
    assert up["url"].endswith("/?view=section&cruise=318M20130321&station=88")


@pytest.mark.browser
def test_the_two_minutes_of_a_reviewer(up: Any, chromium: str, request: pytest.FixtureRequest) -> None:
    """From the two dots that glare to a proposal in a file; no name is resolved, nothing leaves the machine.

    With ``--update-golden`` this is also where the pictures of README and docs come from.
    """
    pictures = ROOT / "docs" / "images" if request.config.getoption("--update-golden") else None
    with sync_playwright() as playwright:
        tab, complaints = two_minutes.open_page(playwright, chromium, up["url"])
        two_minutes.two_dots_glare(tab, pictures)
        two_minutes.a_click_says_what_it_is_everywhere(tab)
        two_minutes.before_they_counted_as_good(tab, pictures)
        two_minutes.who_changed_this(tab)
        two_minutes.bottle_17_is_tried_with_flag_4(tab, pictures)
        proposal = two_minutes.it_is_written_and_proposed(tab)
        two_minutes.undone_it_is_as_it_was(tab)
        tab.context.browser.close()
    assert complaints == []
    proposed = parse_change_set(proposal, "proposal.toml")
    assert (proposed.title, proposed.author) == (two_minutes.TITLE, two_minutes.AUTHOR)
    record = '(:Bottle {id: "318M20130321/88/1/17"})'
    assert list(proposed.changes) == [Property(record, "cfc_12_qc", "3", "4")]


def test_status_says_per_service_name_health_and_image(up: Any) -> None:
    status = works("status", "--name", STACK, "--json").result
    assert {s["name"]: s["health"] for s in status["services"]} == {
        "database": "healthy", "application": "healthy", "gateway": "healthy"
    }  # fmt: skip
    assert all(s["image"].startswith("sha256:") for s in status["services"])
    assert (status["url"], status["nodes"]) == (up["url"], up["nodes"])
    assert status["nodes"] > 10_000
    assert status["relationships"] > 20_000
    assert up["url"] in works("open", "--name", STACK).out


def test_a_snapshot_of_the_stack_is_that_of_its_bundle(up: Any, ocean_bundle: Path, tmp_path: Path) -> None:
    stack = works("snapshot", f"stack:{STACK}", "-o", tmp_path / "stack", "--json").result
    bundle = works("snapshot", ocean_bundle, "-o", tmp_path / "bundle", "--json").result
    assert stack["digest"] == bundle["digest"]
    assert works("diff", tmp_path / "stack", ocean_bundle, "--stat").out == "no difference\n"


def test_a_second_up_of_the_same_bundle_changes_nothing(up: Any, ocean_bundle: Path) -> None:
    before = {c.id for c in containers()}
    again = works("up", ocean_bundle, "--name", STACK, "--no-open", "--json").result
    assert {c.id for c in containers()} == before
    assert again["url"] == up["url"]


def test_every_container_runs_with_no_right_it_does_not_need(up: Any) -> None:
    found = containers()
    assert len(found) == 3
    for container in found:
        config, host = container.attrs["Config"], container.attrs["HostConfig"]
        assert config["User"].split(":")[0] not in {"", "0", "root"}
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert host["CapAdd"] in (None, [])
        assert host["Privileged"] is False
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert host["Memory"] > 0
        assert 0 < host["PidsLimit"] < 5000
        assert all("noexec" in options and "nosuid" in options for options in host["Tmpfs"].values())
        published = [b["HostIp"] for ports in (host["PortBindings"] or {}).values() for b in ports]
        assert set(published) <= {"127.0.0.1"}
        assert (published == []) == (container.labels["com.docker.compose.service"] != "gateway")
        assert not [m for m in container.attrs["Mounts"] if m["Type"] == "bind"]


def test_no_container_shares_a_namespace_a_device_or_a_port_with_the_machine(up: Any) -> None:
    for container in containers():
        host = container.attrs["HostConfig"]
        assert {host["PidMode"], host["UTSMode"], host["UsernsMode"]} == {""}
        assert host["IpcMode"] == "private"
        assert host["NetworkMode"] not in {"host", "bridge", "default"}
        assert not host["Devices"]
        assert not host["Ulimits"]
        assert not [option for option in host["SecurityOpt"] if "unconfined" in option]
        assert 0 < host["RestartPolicy"]["MaximumRetryCount"] <= 5
        published = [int(b["HostPort"]) for ports in (host["PortBindings"] or {}).values() for b in ports]
        assert all(port >= 1024 for port in published)


def test_no_password_is_in_an_environment_a_command_line_or_a_log(up: Any) -> None:
    password = Path(up["password_file"]).read_text().strip()
    assert len(password) >= 22
    assert Path(up["password_file"]).stat().st_mode & 0o777 == 0o600
    for container in containers():
        seen = json.dumps(container.attrs) + json.dumps(container.top()) + container.logs().decode()
        assert password not in seen


def test_there_is_no_shell_in_either_image(up: Any) -> None:
    for container in containers():
        for shell in ("/bin/sh", "/bin/bash", "/bin/dash", "/bin/busybox", "/usr/bin/apt", "/usr/bin/dpkg"):
            with pytest.raises(docker.errors.NotFound):
                container.get_archive(shell)


def test_the_database_runs_with_the_configuration_that_was_meant(up: Any) -> None:
    from kgshare.images.conf import differences, settings
    from kgshare.project import read_project

    meant = settings(read_project(ROOT).manifest)
    with bolt(up) as driver:
        rows = driver.execute_query("SHOW SETTINGS YIELD name, value").records
    assert differences(meant, {row["name"]: row["value"] for row in rows}) == []
    assert differences({"server.http.enabled": "true"}, {row["name"]: row["value"] for row in rows}) != []


def test_load_csv_reads_neither_files_nor_addresses(up: Any) -> None:
    with bolt(up) as driver:
        for source in ("file:///etc/passwd", "http://127.0.0.1:7687/", "http://application:8088/health"):
            with pytest.raises(Neo4jError) as caught:
                driver.execute_query("LOAD CSV FROM $source AS row RETURN row", source=source)
            assert re.search(r"is false|blocked|not allowed", str(caught.value.message)), caught.value
