"""One bundle, built where there is no engine, on both runtimes: up, status, logs, reset, down say and do the same."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from neo4j import GraphDatabase
from tests.e2e.command_line import Ran
from tests.e2e.runtimes import Runtime, without_engine

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("neo4j")]  # beside the tests that share its bundle
SERVICES = {"docker": ["database", "application", "gateway"], "local": ["database", "application"]}


@pytest.fixture(scope="module", params=["docker", "local"])
def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A machine with Docker, and one without."""
    folder = tmp_path_factory.mktemp(f"machine-{request.param}")
    state = folder / "state of this machine"
    state.mkdir()
    environment = without_engine(folder) if request.param == "local" else {}
    machine = Runtime(
        name=request.param, stack=f"e2e-both-{request.param}", state=state, environment=environment
    )
    try:
        yield machine
    finally:
        if machine.running() or machine.kept():
            machine.works("down", "--name", machine.stack, "--volumes", "--discard")


@pytest.fixture(scope="module")
def up(runtime: Runtime, built_without_docker: Ran) -> Any:
    """What `up` reported of the stack that all tests here share."""
    return runtime.up(bundle_of(built_without_docker))


def bundle_of(built: Ran) -> Path:
    return Path(built.result["bundle"])


def cypher(report: Any, query: str) -> list[object]:
    password = Path(report["password_file"]).read_text().strip()
    with GraphDatabase.driver(report["bolt"], auth=("neo4j", password)) as driver:
        return [record.values()[0] for record in driver.execute_query(query).records]  # type: ignore[arg-type]


def page(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return str(answer.read().decode())


def test_a_build_without_docker_says_what_built_it_and_that_its_steps_had_no_network(
    built_without_docker: Ran,
) -> None:
    report = built_without_docker.result
    assert report["engine"] == "none"
    assert report["notes"] == ["built without a container engine; the steps had no network"]
    ran = {step["name"] for step in report["steps"] if step["ran"]}
    assert {"seed", "image.database", "image.application", "attest", "bundle"} <= ran


def test_inspect_accepts_what_was_built_without_docker(built_without_docker: Ran, runtime: Runtime) -> None:
    bundle = bundle_of(built_without_docker)
    report = runtime.works("inspect", bundle, "--json").result
    assert report["digest"] == built_without_docker.result["digest"]
    assert report["nodes"]["Sheet"] == 40


def test_up_says_where_the_page_is_and_what_the_graph_holds(runtime: Runtime, up: Any) -> None:
    assert (up["stack"], up["nodes"], up["relationships"], up["already"]) == (runtime.stack, 52, 122, False)
    assert {s["name"]: s["health"] for s in up["services"]} == dict.fromkeys(
        SERVICES[runtime.name], "healthy"
    )
    assert all(s["image"].startswith("sha256:") for s in up["services"])
    assert Path(up["password_file"]).stat().st_mode & 0o777 == 0o600
    assert "Gentiana clusii (revision, 2019)" in page(up["url"])
    assert ("without containers: not sandboxed" in up["notes"]) == (runtime.name == "local")


def test_status_and_open_agree_with_up(runtime: Runtime, up: Any) -> None:
    [status] = runtime.works("status", "--name", runtime.stack, "--json").result["stacks"]
    for key in ("stack", "url", "bolt", "nodes", "relationships", "bundle", "services", "password_file"):
        assert status[key] == up[key]
    assert (status["project"], status["version"], status["kept"]) == ("herbarium", "0.2.0", [])
    assert status["sandboxed"] == (runtime.name == "docker")
    assert runtime.works("open", "--name", runtime.stack, "--json").result["url"] == up["url"]


def test_a_second_up_changes_nothing(runtime: Runtime, up: Any, built_without_docker: Ran) -> None:
    before = runtime.running()
    again = runtime.up(bundle_of(built_without_docker))
    assert again["already"]
    assert {**again, "already": False, "notes": 0, "seconds": 0} == {**up, "notes": 0, "seconds": 0}
    assert runtime.running() == before


def test_logs_show_what_each_service_said(runtime: Runtime, up: Any) -> None:
    printed = runtime.works("logs", "database", "--name", runtime.stack, "--tail", "50").out
    assert "Started." in printed
    assert all(line.startswith("database ") for line in printed.splitlines())
    refused = runtime.kgshare("logs", "nonsense", "--name", runtime.stack)
    assert (refused.code, "no service nonsense" in refused.err) == (10, True)


def test_edits_are_told_from_the_bundle_and_restore_goes_back_to_it(
    runtime: Runtime, up: Any, built_without_docker: Ran
) -> None:
    bundle, stack = bundle_of(built_without_docker), f"stack:{runtime.stack}"
    cypher(up, "CREATE (:Taxon {name: 'Gentiana localis'})")
    edits = runtime.works("diff", bundle, stack, "--json").result
    assert edits["counts"] == {"(:Taxon)": {"added": 1}}
    edited, restored = runtime.state / "edited", runtime.state / "restored"
    taken = runtime.works("snapshot", stack, "-o", edited, "--json").result
    assert runtime.works("diff", stack, edited).out == "no difference\n"
    name = ("--name", runtime.stack)
    assert runtime.kgshare("restore", bundle, *name).code == 130  # nobody there to agree
    report = runtime.works("restore", bundle, *name, "--yes", "--json").result
    assert (report["changes"], report["before"]) == (1, taken["digest"])
    now = runtime.works("snapshot", stack, "-o", restored, "--json").result
    assert report["digest"] == now["digest"]


def test_edits_survive_down_and_reset_goes_back_to_the_bundle(
    runtime: Runtime, up: Any, built_without_docker: Ran
) -> None:
    cypher(up, "CREATE (:Taxon {name: 'Gentiana nova'})")
    down = runtime.works("down", "--name", runtime.stack, "--json").result
    assert (down["stacks"], down["volumes"]) == ([runtime.stack], [])
    assert down["containers"] + down["processes"] == 3
    assert set(down["kept"]) <= runtime.kept()
    assert runtime.running() == set()
    with pytest.raises(urllib.error.URLError):
        page(up["url"])
    again = runtime.up(bundle_of(built_without_docker))
    assert (again["nodes"], again["already"]) == (53, False)
    assert runtime.kgshare("reset", "--name", runtime.stack).code == 130, (
        "without a yes nothing is thrown away"
    )
    assert cypher(again, "MATCH (t:Taxon {name: 'Gentiana nova'}) RETURN count(t)") == [1]
    reset = runtime.works("reset", "--name", runtime.stack, "--yes", "--json").result
    assert (reset["nodes"], reset["url"]) == (52, again["url"])
    assert "back at the store of its bundle" in reset["notes"]


def test_down_with_volumes_leaves_nothing(runtime: Runtime, up: Any) -> None:
    line = ("down", "--name", runtime.stack)
    runtime.works(*line)
    refused = runtime.kgshare(*line, "--volumes")
    assert (refused.code, "--discard" in refused.err) == (10, True), (
        "what is down cannot be asked for its edits"
    )
    down = runtime.works(*line, "--volumes", "--discard", "--json").result
    assert down["volumes"]
    assert (runtime.running(), runtime.kept()) == (set(), set())
    # No such stack; where there is no other either and no engine answers, that is all there is to say.
    assert runtime.kgshare("status", "--name", runtime.stack).code == {"docker": 10, "local": 9}[runtime.name]
