"""Neo4j's configuration in an image: what a manifest may say, and what a server must answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kgshare.errors import ManifestError
from kgshare.images import conf
from kgshare.project import Manifest, read_project

HERBARIUM = read_project(Path(__file__).parents[1] / "projects" / "herbarium").manifest


def manifest(**config: Any) -> Manifest:
    settings = {name.replace("__", "."): value for name, value in config.items()}
    return HERBARIUM.model_copy(update={"neo4j": HERBARIUM.neo4j.model_copy(update={"config": settings})})


def test_every_setting_that_keeps_a_stack_safe_is_refused_in_a_manifest_all_at_once() -> None:
    wanted = manifest(
        dbms__security__auth_enabled=False,
        dbms__usage_report__enabled=True,
        server__directories__import="/",
        db__transaction__timeout="5m",
        server__jvm__additional="-Xx",
    )
    with pytest.raises(ManifestError) as caught:
        conf.settings(wanted)
    named = [problem.message.rpartition(" ")[2] for problem in caught.value.problems]
    assert named == [
        "dbms.security.auth_enabled", "dbms.usage_report.enabled", "server.directories.import", "server.jvm.additional",
    ]  # fmt: skip


def test_a_setting_that_is_safe_to_change_is_changed() -> None:
    assert conf.settings(manifest(db__transaction__timeout="5m"))["db.transaction.timeout"] == "5m"
    assert conf.settings(manifest())["db.transaction.timeout"] == "2m"


@pytest.mark.parametrize("value", ["*", "apoc.*,*", "dbms.*"])
def test_a_manifest_cannot_allow_every_procedure(value: str) -> None:
    with pytest.raises(ManifestError, match="too far"):
        conf.settings(manifest(dbms__security__procedures__allowlist=value))


def test_a_manifest_adds_its_plugins_procedures() -> None:
    allowed = conf.settings(manifest(dbms__security__procedures__allowlist="apoc.convert.*"))[conf.ALLOWLIST]
    assert allowed == "db.*,tx.*,apoc.convert.*"


@pytest.mark.parametrize("value", ["a\nserver.http.enabled=true", "$(cat /etc/passwd)"])
def test_a_value_cannot_carry_another_setting_or_a_command(value: str) -> None:
    with pytest.raises(ManifestError, match="plain text"):
        conf.settings(manifest(db__format=value))


def test_differences_names_what_a_server_took_differently() -> None:
    expected = {
        "db.transaction.timeout": "120s",
        "server.memory.pagecache.size": "32m",
        "dbms.x": "true",
        "db.y": "1",
    }
    effective = {
        "db.transaction.timeout": "2m",
        "server.memory.pagecache.size": "32.00MiB",
        "dbms.x": "false",
    }
    messages = [problem.message for problem in conf.differences(expected, effective)]
    assert messages == ["Neo4j does not know the setting db.y", "dbms.x is 'false' and should be 'true'"]


def test_plugins_come_after_neo4js_own_jars_on_the_class_path() -> None:
    args = conf.database_args(HERBARIUM, ["b.jar", "a.jar"], ["0-plugin.jar"]).splitlines()
    path = args[args.index("-cp") + 1]
    assert path.split(":") == [
        "/opt/kgshare/classes", "/opt/neo4j/lib/a.jar", "/opt/neo4j/lib/b.jar", "/opt/neo4j/plugins/0-plugin.jar",
    ]  # fmt: skip


def test_the_heap_is_the_manifests() -> None:
    args = conf.database_args(HERBARIUM, [], []).splitlines()
    assert f"-Xmx{HERBARIUM.neo4j.memory.heap}" in args
