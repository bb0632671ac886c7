"""The stack's pure parts: ports, names, notes, what a report says."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from kgshare.doors.engine import load_failed, require_version
from kgshare.errors import BundleError, EngineError, StackError, UsageError
from kgshare.report import envelope
from kgshare.stack import ServiceStatus, StackReport, StackStatus, StatusReport, look, ports, state
from kgshare.stack.load import id_of, tag_of
from kgshare.stack.source import Source, SourceImage, find_bundle, manifest_of, seed_report, store_name
from kgshare.stack.state import ImageNote, StackState

MANIFEST = b"""\
kgshare: 1
name: tiny
version: 1.0+b2
description: d
licence: CC0-1.0
authors: [{name: A}]
identity: {nodes: {T: [id]}}
seed: [{cypher: {scripts: [a.cypher]}}]
"""
STATE = StackState(
    stack="tiny", project="tiny", version="1.0", bundle="sha256:" + "1" * 64, port=8089, bolt_port=7688,
    opens="/", health="/health", store="tiny-5.26.30-aaaaaaaaaaaa",
    images={
        role: ImageNote(tag=f"localhost/tiny/{role}:1.0", id="sha256:" + "2" * 64, digest="sha256:" + "3" * 64)
        for role in ("database", "application")
    },
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KGSHARE_STATE", str(tmp_path))
    return tmp_path


def test_the_wanted_port_is_taken_when_it_is_free() -> None:
    assert ports.choose(8088, free=lambda port: True) == 8088


def test_the_next_free_port_is_taken_when_the_wanted_one_is_not() -> None:
    assert ports.choose(8088, not_these={8090}, free=lambda port: port > 8089) == 8091


def test_any_port_is_taken_when_none_near_is_free() -> None:
    assert ports.choose(65530, free=lambda port: False, otherwise=lambda: 40000) == 40000


def test_of_the_ports_that_a_stack_had_those_are_kept_that_are_free_still() -> None:
    kept = ports.others(8000, 7687, 0, free=lambda port: port != 8000)
    assert kept == {"port": 8001, "bolt_port": 7687, "browser_port": 0}
    moved = ports.others(8000, 7687, 7474, free=lambda port: port not in {7687, 7474})
    assert moved == {"port": 8000, "bolt_port": 7688, "browser_port": 7475}


def test_a_port_that_was_asked_for_is_taken_or_refused() -> None:
    assert ports.require(9000, free=lambda port: True) == 9000
    with pytest.raises(StackError, match="port 9000 of this machine is taken"):
        ports.require(9000, free=lambda port: False)
    with pytest.raises(StackError, match="70000 is not a port"):
        ports.require(70000, free=lambda port: True)


@pytest.mark.parametrize("name", ["", "-a", "A", "a b", "../a", "a/b", "a" * 64])
def test_what_cannot_be_a_folder_and_a_project_is_no_name_of_a_stack(name: str) -> None:
    with pytest.raises(UsageError):
        state.require_name(name)


def test_notes_are_read_as_they_were_written_and_only_their_owner_reads_them(home: Path) -> None:
    folder = state.write_state(STATE, "services: {}\n")
    password = state.write_password("tiny", "secret")
    assert state.read_state("tiny") == STATE
    assert state.read_password("tiny") == "secret"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()} == {0o600}
    assert {f.name for f in folder.iterdir()} == {"stack.json", "compose.yaml", "env", "password"}
    assert password.parent == folder
    assert state.noted() == ("tiny",)


@pytest.mark.parametrize("text", ["", "{}", "[1", '{"stack": 1}'])
def test_notes_that_cannot_be_read_are_as_good_as_none(home: Path, text: str) -> None:
    state.write_state(STATE, "").joinpath(state.NOTES).write_text(text)
    assert state.read_state("tiny") is None


def test_an_env_file_gives_every_variable_its_own_value() -> None:
    lines = state.env_text(STATE.variables).splitlines()
    assert "KGSHARE_PORT='8089'" in lines
    assert "KGSHARE_STORE='tiny-5.26.30-aaaaaaaaaaaa'" in lines
    assert len(lines) == 6


def test_the_stack_that_is_meant_is_the_named_the_projects_or_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert look.which("a", ("a", "b")) == "a"
    assert look.which(None, ("b",)) == "b"
    with pytest.raises(UsageError, match="several stacks: a, b"):
        look.which(None, ("a", "b"))
    with pytest.raises(StackError, match="there is no stack c; there are: a"):
        look.which("c", ("a",))
    (tmp_path / "a.cypher").write_text("")
    (tmp_path / "kgshare.yaml").write_bytes(MANIFEST)
    assert look.which(None, ("other", "tiny")) == "tiny"
    with pytest.raises(StackError, match="there is no stack tiny; there are: other"):
        look.which(None, ("other",))


def test_a_bundle_is_found_by_name_by_project_or_because_it_is_the_only_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no \*\.kgshare\.tar"):
        find_bundle(tmp_path)
    with pytest.raises(UsageError, match="there is no"):
        find_bundle(tmp_path / "nothing")
    other = tmp_path / "other-2.kgshare.tar"
    other.touch()
    assert find_bundle(tmp_path) == find_bundle(other) == other
    (tmp_path / "kgshare.yaml").write_bytes(MANIFEST)
    (tmp_path / "a.cypher").write_text("")
    with pytest.raises(UsageError, match=r"no tiny-1\.0\+b2\.kgshare\.tar here yet"):
        find_bundle(tmp_path)
    mine = tmp_path / "tiny-1.0+b2.kgshare.tar"
    mine.touch()
    assert find_bundle(tmp_path) == mine


BOMB = b"a0: &a0 [x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12)
)
NO_MANIFESTS = [
    b"", b"kgshare: 2", b"{", b"\xff\xfe", MANIFEST + b"more: 1\n",
    MANIFEST + BOMB, MANIFEST + b"more: &a [*a]\n", MANIFEST + b"more: " + b"[" * 100_000,
    MANIFEST + b"more: 2013-99-99\n", MANIFEST + b"#" * (1 << 20),
]  # fmt: skip


@pytest.mark.parametrize("text", NO_MANIFESTS, ids=lambda text: text[-12:].decode("ascii", "replace"))
def test_a_bundle_whose_manifest_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(BundleError, match="not one this kgshare understands"):
        manifest_of(text, "x.kgshare.tar")


def test_a_bundle_that_does_not_say_which_store_it_holds_is_refused() -> None:
    good = {
        "schema": "kgshare.seed-report/v1", "neo4j_version": "5.26.30", "digest": "a" * 64, "nodes": 1,
        "relationships": 0, "labels": {}, "types": {}, "seconds": {},
    }  # fmt: skip
    assert seed_report(json.dumps(good).encode(), "x").nodes == 1
    for change in ({"digest": "../../x"}, {"neo4j_version": "5 && x"}, {"schema": "other"}, {"nodes_": 1}):
        with pytest.raises(BundleError, match="does not say which store"):
            seed_report(json.dumps({**good, **change}).encode(), "x")
    with pytest.raises(BundleError, match="does not say which store"):
        seed_report(b"[" * 100_000, "x")


def test_a_store_is_named_after_its_content_and_its_neo4j() -> None:
    assert (
        store_name("5.26.30", "sha256:" + "ab" * 32)
        == store_name("5.26.30", "ab" * 32)
        == "5.26.30-abababababab"
    )


def test_an_image_is_called_what_the_engines_store_calls_it() -> None:
    from kgshare.doors.engine import EngineFacts

    image = SourceImage(manifest_digest="sha256:" + "a" * 64, config_digest="sha256:" + "b" * 64)
    facts = EngineFacts(version="26.1.5", platform="linux/amd64", containerd_store=False, root="")
    assert id_of(image, facts) == image.config_digest
    assert id_of(image, replace(facts, containerd_store=True)) == image.manifest_digest


def test_two_builds_of_one_version_have_two_tags() -> None:
    source = Source(
        manifest=manifest_of(MANIFEST, "x"), digest="", compose="", store="", platform="linux/amd64", size=0,
        images={"database": SourceImage(manifest_digest="sha256:" + "a" * 64, config_digest="")},
        archive=lambda tags: iter(()),
    )  # fmt: skip
    assert tag_of(source, "database") == "localhost/tiny/database:1.0_b2-aaaaaaaaaaaa"


def test_an_engine_that_is_too_old_is_refused_and_a_newer_one_is_not() -> None:
    with pytest.raises(EngineError, match=r"24\.0\.9 is too old: 25\.0"):
        require_version("24.0.9")
    for version in ("25.0.0", "26.1.5+dfsg1", "29.0.0-rc.1"):
        require_version(version)


def test_a_full_disk_is_said_as_such() -> None:
    assert "no disk space left" in str(load_failed("write /x: no space left on device"))


SERVICE = ServiceStatus(name="database", health="healthy", image="sha256:" + "3" * 64)
STATUS = StackStatus(
    stack="tiny", project="tiny", version="1.0", bundle="sha256:1", services=(SERVICE,), url="http://127.0.0.1:8088/",
    bolt="bolt://127.0.0.1:7687", nodes=1234, relationships=5, password_file=Path("p"), store="s", kept=("old",),
)  # fmt: skip


def test_status_as_json_has_services_address_and_counts_of_the_stack_in_question() -> None:
    body = json.loads(envelope("status", StatusReport.of((STATUS, replace(STATUS, stack="b")))))
    assert body["schema"] == "kgshare.status/v1"
    assert body["errors"] == []
    result = body["result"]
    assert result["services"] == [{"name": "database", "health": "healthy", "image": "sha256:" + "3" * 64}]
    assert (result["url"], result["nodes"], result["relationships"]) == ("http://127.0.0.1:8088/", 1234, 5)
    assert [row["stack"] for row in result["stacks"]] == ["tiny", "b"]


def test_status_of_nothing_says_how_to_start() -> None:
    assert "kgshare up" in StatusReport.of(()).text()
    assert json.loads(envelope("status", StatusReport.of(())))["result"]["services"] == []


def test_a_report_for_people_ends_with_the_address() -> None:
    report = StackReport(
        stack="tiny", services=(SERVICE,), url="http://127.0.0.1:8089/", bolt="bolt://127.0.0.1:7687", nodes=1234,
        relationships=5, bundle="sha256:1", password_file=Path("p"), already=False, seconds=3.21,
        notes=("port 8088 was taken, so the page is on 8089",),
    )  # fmt: skip
    assert report.text().splitlines()[0] == "tiny is up after 3.2 s: 1,234 nodes, 5 relationships"
    assert report.text().splitlines()[-1].endswith("http://127.0.0.1:8089/")
    assert "port 8088 was taken" in report.text()
