"""A small project that is not about oceans goes the same way; what changes is redone, what is wrong is said."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess  # noqa: TID251 - what a person types who has no kgshare
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from tests.e2e.command_line import kgshare, works
from tests.e2e.conftest import NextVersion

pytestmark = pytest.mark.docker
ALWAYS = {"upstream", "seed", "image.database", "attest", "scan", "policy", "bundle"}


def steps_that_ran(project: Path) -> dict[str, str]:
    return {s["name"]: s["reason"] for s in works("build", project, "--json").result["steps"] if s["ran"]}


def test_one_changed_row_redoes_only_the_seed_and_what_carries_it(next_herbarium: NextVersion) -> None:
    assert next_herbarium.foreseen == set(next_herbarium.taken) == ALWAYS
    assert next_herbarium.taken["upstream"].startswith("changed: files of the seed")
    assert steps_that_ran(next_herbarium.folder) == {}


def test_the_same_inputs_give_the_same_graph_and_application(herbarium: Path, tmp_path: Path) -> None:
    report = works("inspect", next(herbarium.glob("*.kgshare.tar")), "--json").result
    clone = shutil.copytree(herbarium, tmp_path / "another place")
    again = works("build", clone, "--json").result
    assert [s["name"] for s in again["steps"] if s["ran"]] == []
    assert again["digest"] == report["digest"]


def test_a_newer_bundle_starts_its_own_store_and_keeps_the_edits_of_the_older_one(
    herbarium_once: Path, next_herbarium: NextVersion
) -> None:
    stack = ("--name", "e2e-newer")
    works("up", herbarium_once, *stack, "--no-open")
    try:
        newer = works("up", next_herbarium.folder, *stack, "--no-open")
        assert "53 nodes" in newer.out
        [kept] = works("status", *stack, "--json").result["stacks"][0]["kept"]
        assert kept in newer.out
        assert works("status", *stack, "--json").result["stacks"][0]["store"] != kept
    finally:
        works("down", *stack, "--volumes")


def test_docker_alone_loads_and_starts_it(herbarium: Path, tmp_path: Path) -> None:
    """The commands of the README that is in every bundle, as they stand there."""
    bundle = shutil.copy(next(herbarium.glob("*.kgshare.tar")), tmp_path)
    subprocess.run(["tar", "-xf", bundle, "README.md"], cwd=tmp_path, check=True)
    commands = re.findall(r"^    (docker .*|tar .*)$", (tmp_path / "README.md").read_text(), re.MULTILINE)
    load, unpack, start, password = commands
    environment = {
        **os.environ,
        "COMPOSE_PROJECT_NAME": "e2e-plain",
        "KGSHARE_PORT": "18000",
        "KGSHARE_BOLT_PORT": "17688",
    }

    def shell(line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        return done.stdout

    try:
        for line in (load, unpack, start):
            shell(line)
        with urllib.request.urlopen("http://127.0.0.1:18000/sheets/H0013") as answer:
            assert "Gentiana acaulis" in answer.read().decode()
        shell(password)
    finally:
        shell("docker compose down --volumes")


SCRIPT = (
    "identifications.cypher",
    "CREATE (s)-[:IDENTIFIED_AS {year: 2021",
    "CRAETE (s)-[:IDENTIFIED_AS {year: 2021",
    r"identifications\.cypher:15",
)
TABLES = (
    (
        "tables/collected.csv",
        "Rossi,L.,H0004",
        "Rossi,L.,H4004",
        r"collected\.csv[^\n]*(row|:)\D*\d+[^\n]*H4004",
    ),
    ("tables/sheets.csv", "H0008,", "H0007,", r"sheets\.csv[^\n]*H0007"),
    ("tables/sheets.csv", "1995-06-15", "1995-06-51", r"sheets\.csv[^\n]*1995-06-51"),
)


@pytest.mark.parametrize("mistakes", [(SCRIPT,), TABLES], ids=["script", "tables"])
def test_all_mistakes_of_a_stage_are_named_with_their_places(
    herbarium: Path, mistakes: tuple[tuple[str, str, str, str], ...]
) -> None:
    for file, old, new, _ in mistakes:
        path = herbarium / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))
    ran = kgshare("build", herbarium, "--json")
    assert ran.code == 7, ran.err
    text = "\n".join(f"{e['where']} {e['message']} {e['hint']}" for e in ran.errors)
    for *_, said in mistakes:
        assert re.search(said, text), text


def test_three_mistakes_in_a_manifest_are_three_reports(herbarium: Path) -> None:
    manifest = herbarium / "kgshare.yaml"
    manifest.write_text(
        manifest.read_text().replace("port: 8000", "port: 80000").replace("\nlicence:", "\nlicense:")
    )
    ran = kgshare("build", herbarium, "--json")
    assert ran.code == 3
    assert len(ran.errors) == 3
    assert all(re.fullmatch(r"kgshare\.yaml:\d+", e["where"]) for e in ran.errors)


@pytest.mark.parametrize("how", ["truncated", "altered", "extended"])
def test_a_damaged_bundle_is_refused_before_anything_is_loaded(
    herbarium: Path, tmp_path: Path, how: str
) -> None:
    data = bytearray(next(herbarium.glob("*.kgshare.tar")).read_bytes())
    if how == "truncated":
        del data[-1_000_000:]
    elif how == "altered":
        data[len(data) // 2] ^= 1
    else:
        data += b"\0" * 10240
    bad = tmp_path / "bad.kgshare.tar"
    bad.write_bytes(data)
    ran = kgshare("up", bad, "--name", "e2e-bad", "--no-open")
    assert ran.code == 8
    assert "bad.kgshare.tar" in ran.err
    assert "→" in ran.err
    assert kgshare("status", "--name", "e2e-bad").code == 10


def test_without_a_daemon_it_is_one_sentence_and_the_next_step(herbarium: Path, tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"}
    (herbarium / "tables" / "taxa.csv").write_text("name\nGentiana clusii\n")
    for command in (("build", herbarium), ("up", next(herbarium.glob("*.tar"))), ("status",), ("down",)):
        ran = kgshare(*command, **nowhere)
        assert ran.code == 9, ran.err
        assert len([line for line in ran.err.splitlines() if line.startswith("kgshare:")]) == 1
        assert "→" in ran.err


def test_a_lock_of_another_manifest_stops_a_locked_build(herbarium: Path) -> None:
    manifest = herbarium / "kgshare.yaml"
    manifest.write_text(manifest.read_text().replace("version: 0.2.0", "version: 0.3.0"))
    ran = kgshare("build", herbarium, "--locked", "--json")
    assert ran.code == 4
    assert "kgshare lock" in ran.errors[0]["hint"]
    assert works("lock", herbarium).out
    assert (
        works("build", herbarium, "--locked", "--json")
        .result["bundle"]
        .endswith("herbarium-0.3.0.kgshare.tar")
    )


def test_inputs_move_to_another_machine_in_one_file(herbarium: Path, tmp_path: Path) -> None:
    inputs, elsewhere = tmp_path / "inputs.tar", {"KGSHARE_CACHE": str(tmp_path / "cache")}
    exported = works("cache", "export", inputs, herbarium, "--json").result
    imported = works("cache", "import", inputs, "--json", **elsewhere).result
    assert imported["inputs"] == exported["inputs"] > 200
    assert kgshare("cache", "import", herbarium / "kgshare.yaml", "--json", **elsewhere).code == 5


def test_a_usage_error_is_one_line_with_the_help_to_read() -> None:
    ran = kgshare("build", "--nonsense", "--json")
    assert ran.code == 2
    assert ran.errors[0]["hint"] == "kgshare build --help"
    assert kgshare("up", "no/such/file").code == 2


def test_the_schema_of_the_manifest_and_the_version_are_printed() -> None:
    schema = json.loads(works("schema").out)
    assert schema["properties"]["identity"]
    assert json.loads(works("schema", "--questions").out)["items"]["$ref"].endswith("/Question")
    assert works("version", "--json").result == {"kgshare": works("version").out.split()[1]}


def test_diff_says_what_another_version_of_the_graph_changes(
    herbarium_once: Path, next_herbarium: NextVersion
) -> None:
    old = next(herbarium_once.glob("*.kgshare.tar"))
    said = works("diff", old, next_herbarium.bundle).out
    assert "H0007" in said
    assert "seen " in said
    assert works("diff", old, old, "--json").result is not None


def test_ctrl_c_ends_a_build_soon_and_the_same_command_works_afterwards(herbarium: Path) -> None:
    places = herbarium / "tables" / "places.csv"
    places.write_text(places.read_text().replace("47.41", f"47.{time.time_ns()}"))  # built never before
    command = [sys.executable, "-m", "kgshare", "build", str(herbarium), "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )  # fmt: skip
    time.sleep(4)  # in the seed, or just behind it
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert json.loads(out)["errors"][0]["kind"] == "interrupted"
    assert "Traceback" not in err
    ran = set(steps_that_ran(herbarium))
    assert "bundle" in ran
    assert ran <= ALWAYS


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small disk needs root on Linux"
)
def test_a_full_disk_is_one_sentence_and_leaves_no_half_file(herbarium: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", small], check=True)
    try:
        ran = kgshare("build", herbarium, "--output", small, "--json")
        assert ran.code == 11
        assert ran.errors[0]["hint"] == "make room, then run the same command again"
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)
    assert kgshare("build", herbarium, "--output", "/proc/nope").code == 11


def test_a_lock_is_compared_with_what_there_is_now_without_being_touched(herbarium: Path) -> None:
    before = (herbarium / "kgshare.lock").read_bytes()
    ran = kgshare("lock", herbarium, "--check", "--json")
    assert ran.code == (0 if ran.result["current"] else 4)
    assert (herbarium / "kgshare.lock").read_bytes() == before
    assert kgshare("lock", herbarium, "--check", "--update").code == 2
    assert kgshare("lock", herbarium, "--arch", "sparc").code == 2
