"""What a rendered compose file says, and that another one is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kgshare.compose import (
    FORMAT,
    VARIABLES,
    ComposePlan,
    ServiceLimits,
    image_tag,
    render_compose,
    require_rendered,
)
from kgshare.errors import BundleError, ManifestError
from kgshare.project import Manifest

PLAN = ComposePlan(
    name="tiny",
    version="1.0",
    port=8000,
    opens="/a?b=c",
    database=ServiceLimits(memory="700m", processes=300),
    application=ServiceLimits(memory="200m", processes=50),
    waits=True,
)
MANIFEST = Manifest.model_validate(
    {
        "kgshare": 1, "name": "tiny", "version": "1.0", "description": "d", "licence": "CC0-1.0",
        "authors": [{"name": "A"}], "identity": {"nodes": {"T": ["id"]}},
        "seed": [{"cypher": {"scripts": ["a.cypher"]}}],
    }
)  # fmt: skip


def services(plan: ComposePlan = PLAN) -> dict[str, Any]:
    return dict(yaml.safe_load(render_compose(plan))["services"])


def test_every_service_is_safe_by_default() -> None:
    for service in services().values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["pull_policy"] == "never"
        assert service["user"].split(":")[0] not in ("0", "root")
        assert service["mem_limit"]
        assert service["pids_limit"]
        assert service["logging"]["options"]["max-size"]
        assert all("noexec,nosuid,nodev" in mount for mount in service["tmpfs"])
        assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & set(service)


def test_limits_and_port_are_those_of_the_manifest() -> None:
    found = services()
    assert (found["database"]["mem_limit"], found["database"]["pids_limit"]) == ("700m", 300)
    assert (found["application"]["mem_limit"], found["application"]["pids_limit"]) == ("200m", 50)
    assert [row["target"] for row in found["gateway"]["ports"]] == [8000, 7687]
    assert found["gateway"]["entrypoint"][-2:] == ["8000=application:8000", "7687=database:7687"]


def test_only_the_gateway_has_ports_and_a_second_network_and_only_on_loopback() -> None:
    found = services()
    assert {name: service["networks"] for name, service in found.items()} == {
        "database": ["inside"], "application": ["inside"], "gateway": ["inside", "front"],
    }  # fmt: skip
    assert [name for name, service in found.items() if "ports" in service] == ["gateway"]
    assert {row["host_ip"] for row in found["gateway"]["ports"]} == {"127.0.0.1"}


def test_nothing_of_the_host_is_mounted() -> None:
    sources = [
        mount["source"] if isinstance(mount, dict) else mount.split(":")[0]
        for service in services().values()
        for mount in service.get("volumes", [])
    ]
    assert set(sources) == {"store", "auth"} == set(yaml.safe_load(render_compose(PLAN))["volumes"])


def test_the_application_reads_the_password_by_its_group_and_cannot_change_it() -> None:
    found = services()
    assert found["application"]["group_add"] == [found["database"]["user"].split(":")[1]]
    assert all(mount["read_only"] for mount in found["application"]["volumes"])


def test_the_database_has_time_to_close() -> None:
    assert services()["database"]["stop_grace_period"] == "60s"


def test_neo4j_browser_is_published_on_loopback_only_where_the_project_asks_for_it() -> None:
    assert "BROWSER" not in render_compose(PLAN)
    assert len(services()["gateway"]["ports"]) == 2
    found = services(replace(PLAN, browser=True))
    assert found["gateway"]["ports"][-1] == {
        "host_ip": "127.0.0.1", "published": "${KGSHARE_BROWSER_PORT:-7474}", "target": 7474,
    }  # fmt: skip
    assert found["gateway"]["entrypoint"][-1] == "7474=database:7474"
    assert found["application"]["environment"]["KGSHARE_BROWSER_URL"] == (
        "http://127.0.0.1:${KGSHARE_BROWSER_PORT:-7474}/browser/"
        "?dbms=bolt://neo4j@127.0.0.1:${KGSHARE_BOLT_PORT:-7687}&db=neo4j"
    )
    assert "ports" not in found["database"]


def test_every_variable_has_a_default_so_that_compose_alone_can_run_it() -> None:
    text = render_compose(replace(PLAN, browser=True, waits=False))
    for variable in VARIABLES:
        assert f"${{{variable}:-" in text
        assert f"${{{variable}}}" not in text


def test_an_image_is_named_with_its_host_and_a_version_with_plus_is_a_tag() -> None:
    assert image_tag("tiny", "database", "1.0+b2") == "localhost/tiny/database:1.0_b2"


@settings(deadline=None, max_examples=40)  # a busy machine is no failure
@given(
    version=st.from_regex(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,59}", fullmatch=True),
    opens=st.from_regex(r"/[^\s]*", fullmatch=True),
)
def test_no_manifest_gets_anything_but_itself_into_the_file(version: str, opens: str) -> None:
    plan = replace(PLAN, version=version, opens=opens)
    data, plain = yaml.safe_load(render_compose(plan)), yaml.safe_load(render_compose(PLAN))
    for service, fields in data["services"].items():
        assert {k: v for k, v in fields.items() if k != "image"} == {
            k: v for k, v in plain["services"][service].items() if k != "image"
        }


def test_the_rendered_file_is_accepted() -> None:
    text = render_compose(ComposePlan.of(MANIFEST))
    assert require_rendered(text.encode(), MANIFEST) == text


def test_the_text_of_an_earlier_format_is_still_accepted_and_is_that_formats() -> None:
    text = render_compose(ComposePlan.of(MANIFEST), 1)
    assert require_rendered(text.encode(), MANIFEST) == text
    with pytest.raises(BundleError):
        require_rendered(text.replace("format 1", f"format {FORMAT}").encode(), MANIFEST)


def test_kgshares_own_page_keeps_edits_in_a_volume_and_knows_that_only_loopback_reaches_it() -> None:
    own = yaml.safe_load(render_compose(replace(PLAN, waits=False)))
    application = own["services"]["application"]
    assert application["environment"]["KGSHARE_PAGE_PUBLISHED"] == "loopback"
    folder = application["environment"]["KGSHARE_PAGE_STATE"]
    assert {"type": "volume", "source": "page", "target": folder} in application["volumes"]
    assert "page" in own["volumes"]
    other = yaml.safe_load(render_compose(replace(PLAN, waits=True)))
    assert "page" not in other["volumes"]
    assert "KGSHARE_PAGE_STATE" not in other["services"]["application"]["environment"]


@pytest.mark.parametrize(
    ("theirs", "instead"),
    [
        ("read_only: true", "read_only: false"),
        ("host_ip: 127.0.0.1", "host_ip: 0.0.0.0"),
        ("- store:/data", "- /:/data"),
        ("internal: true", "internal: false"),
        ("# The password of this stack.", "# The password of this stack!"),
        ("name: tiny\n", "name: tiny\r\n"),
    ],
)
def test_a_compose_file_that_differs_is_refused_with_its_line(theirs: str, instead: str) -> None:
    text = render_compose(ComposePlan.of(MANIFEST))
    assert theirs in text
    altered = text.replace(theirs, instead, 1)
    line = 1 + text[: text.index(theirs)].count("\n")
    with pytest.raises(BundleError) as refused:
        require_rendered(altered.encode(), MANIFEST)
    if "\r" in instead:  # only the bytes differ
        assert "compose.yaml:" in str(refused.value)
    else:
        assert f"compose.yaml:{line}:" in str(refused.value)


@pytest.mark.parametrize("tail", [b"\nx-more: 1\n", b"\xff", b" "])
def test_a_compose_file_with_something_after_its_end_is_refused(tail: bytes) -> None:
    with pytest.raises(BundleError):
        require_rendered(render_compose(ComposePlan.of(MANIFEST)).encode() + tail, MANIFEST)


def test_the_application_cannot_have_bolts_port() -> None:
    clash = MANIFEST.model_copy(
        update={"application": MANIFEST.application.model_copy(update={"port": 7687})}
    )
    with pytest.raises(ManifestError, match="is the database's"):
        ComposePlan.of(clash)


def test_a_text_of_a_later_format_asks_for_a_newer_kgshare_rather_than_crying_wolf() -> None:
    later = render_compose(ComposePlan.of(MANIFEST)).replace(
        f"compose format {FORMAT}", f"compose format {FORMAT + 1}"
    )
    with pytest.raises(BundleError, match=f"of format {FORMAT + 1}") as caught:
        require_rendered(later.encode(), MANIFEST)
    assert caught.value.problems[0].hint == "update kgshare"
