"""The adapter to Dagger: what it finds, what it makes of what an engine exports or says. The engine is a stand-in's."""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dagger_session import StandIn, session
from tests.unit.image_archive import write_oci

from kgshare import engines
from kgshare.bundle import read_image_archive
from kgshare.cli import run
from kgshare.engines import BuildRequest, FilesystemTar, ImageTar, choice
from kgshare.engines.dagger import ENGINE, DaggerEngine, arguments
from kgshare.engines.dockerfile import offline
from kgshare.errors import BuildError, EngineError, UsageError

EPOCH = 1_700_000_000


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    engine = StandIn()
    with session(engine) as variables:
        for key, value in variables.items():
            monkeypatch.setenv(key, value)
        yield engine


def request(folder: Path, *, image: bool = True, fresh: bool = False, text: str = "") -> BuildRequest:
    (folder / "Dockerfile").write_text(text or "FROM scratch AS a\nADD a.tar /\n")
    out = folder / "out.tar"
    return BuildRequest(
        dockerfile=folder / "Dockerfile", context=folder, target="a", platform="linux/amd64", epoch=EPOCH, fresh=fresh,
        output=ImageTar(path=out) if image else FilesystemTar(path=out),
    )  # fmt: skip


def test_an_image_has_no_time_of_its_build_in_it_and_its_layers_are_spelt_as_dockers(
    stand_in: StandIn, tmp_path: Path
) -> None:
    digests = set()
    for number, (time, packed) in enumerate([(2_000_000_000, False), (2_000_000_007, True)]):
        layers = [{"etc/": b"", "etc/a": b"one"}, {"etc/b": b"two"}]
        stand_in.exports = write_oci(tmp_path / f"{number}.tar", layers, time=time, packed=packed)
        DaggerEngine().build(request(tmp_path))
        made = read_image_archive(tmp_path / "out.tar")
        config = json.loads(made.config)
        assert {config["created"], *(row["created"] for row in config["history"])} == {"2023-11-14T22:13:20Z"}
        assert config["config"] == {"User": "1:1"}
        digests.add(tuple(layer.diff_id for layer in made.layers))
    assert len(digests) == 1


def test_a_file_system_is_that_of_all_layers_upon_each_other(stand_in: StandIn, tmp_path: Path) -> None:
    layers = [{"out/": b"", "out/a": b"1", "out/b": b"2"}, {"out/a": b"3", "out/.wh.b": b""}]
    stand_in.exports = write_oci(tmp_path / "image.tar", layers)
    DaggerEngine().build(request(tmp_path, image=False))
    with tarfile.open(tmp_path / "out.tar") as tar:
        found = {m.name: tar.extractfile(m).read() if m.isreg() else None for m in tar}  # type: ignore[union-attr]
        assert {m.mtime for m in tar} == {EPOCH}
    assert found == {"out": None, "out/a": b"3"}
    assert [p.name for p in tmp_path.glob(".*")] == [], "nothing is left of the export"


@pytest.mark.parametrize(
    ("version", "remark"),
    [(f"v{ENGINE}", ""), ("v0.21.2", f"written for {ENGINE}"), ("v0.20.8", None), ("", None)],
)
def test_an_engine_of_another_version_is_said_and_one_of_another_line_refused(
    stand_in: StandIn, version: str, remark: str | None
) -> None:
    stand_in.version = version
    engine = DaggerEngine()
    if remark is None:
        with pytest.raises(EngineError, match=f"this is written for {ENGINE}") as refused:
            engine.check()
        assert "--engine docker" in str(refused.value)
    else:
        engine.check()
        assert remark in engine.remarks[0]
        assert engine.version in engine.remarks[0]


def test_the_version_it_is_written_for_is_the_locked_clients() -> None:
    from dagger._engine._version import CLI_VERSION

    assert CLI_VERSION == ENGINE


def test_without_cli_or_session_it_is_said_how_to_get_one_and_none_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DAGGER_SESSION_PORT", "_EXPERIMENTAL_DAGGER_CLI_BIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError) as refused:
        DaggerEngine().check()
    for part in ("neither a session nor its CLI", f"install Dagger {ENGINE}", "--engine docker"):
        assert part in str(refused.value)


def test_a_cli_that_reaches_no_engine_is_said_with_what_it_said_and_reports_its_use_to_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DAGGER_SESSION_PORT", raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "")
    monkeypatch.delenv("DO_NOT_TRACK")
    cli = tmp_path / "dagger"
    cli.write_text(
        "#!/bin/sh\necho start engine: no container runtime, DO_NOT_TRACK is $DO_NOT_TRACK >&2\nexit 1\n"
    )
    cli.chmod(0o755)
    monkeypatch.setenv("_EXPERIMENTAL_DAGGER_CLI_BIN", str(cli))
    with pytest.raises(
        EngineError, match=r"(?s)not reached.*start engine: no container runtime, DO_NOT_TRACK is 1"
    ):
        DaggerEngine().check()


def test_a_session_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGGER_SESSION_PORT", "9")
    monkeypatch.setenv("DAGGER_SESSION_TOKEN", "x")
    with pytest.raises(EngineError, match="not reached"):
        DaggerEngine().check()


def test_without_the_client_it_is_said_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "kgshare.engines.daggersession", raising=False)
    monkeypatch.delattr(engines, "daggersession", raising=False)
    monkeypatch.setitem(sys.modules, "dagger", None)
    with pytest.raises(EngineError, match=r"kgshare\[dagger\]"):
        DaggerEngine().check()


@pytest.mark.parametrize(
    ("message", "extensions", "kind", "says"),
    [
        ("exit code: 3", {"_type": "EXEC_ERROR", "cmd": ["x"], "exitCode": 3, "stdout": "", "stderr": "no such column"}, BuildError, "the step a failed: no such column"),
        ("failed to solve: lstat a.tar: no such file", {}, BuildError, "lstat a.tar"),
        ("write /x: no space left on device", {}, EngineError, "no room left"),
        ('Cannot query field "dockerBuild" on type "Directory"', {}, EngineError, "does not know what is asked"),
    ],
)  # fmt: skip
def test_what_an_engine_says_is_the_reason_and_nothing_is_written(
    stand_in: StandIn,
    tmp_path: Path,
    message: str,
    extensions: dict[str, object],
    kind: type[Exception],
    says: str,
) -> None:
    stand_in.error = (message, extensions)
    with pytest.raises(kind, match=says):
        DaggerEngine().build(request(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["Dockerfile"]


def test_an_export_that_is_no_image_is_refused(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.exports = tmp_path / "Dockerfile"
    with pytest.raises(BuildError, match="is not an image archive"):
        DaggerEngine().build(request(tmp_path))


def test_what_it_cannot_do_is_refused_before_an_engine_is_asked(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="--engine docker"):
        DaggerEngine().build(request(tmp_path, fresh=True))


def test_no_step_has_a_network_as_the_dockerfile_is_written_anew_from_what_is_understood() -> None:
    text = (
        "FROM scratch AS a\n# RUN in a comment\nRUN make && \\\n  RUN=1 run\nrun --network=host y\nRUN\\\n curl x\n"
        "RUN echo $((1<<20))\nRUN cat '<<EOF'\nRUN last\nFROM a\nENV RUN=1\n"
    )
    assert offline(text) == (
        "FROM scratch AS a\nRUN --network=none make &&   RUN=1 run\nRUN --network=none y\nRUN --network=none curl x\n"
        "RUN --network=none echo $((1<<20))\nRUN --network=none cat '<<EOF'\nRUN --network=none last\nFROM a\nENV RUN=1\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "# escape=`\nFROM scratch AS a\nENV A=x\\\nRUN curl x\n", "# syntax=x\nFROM scratch\n", "FROM scratch\nONBUILD RUN curl x\n",
        "FROM scratch\nRUN <<EOF\ncurl x\nEOF\n", "FROM scratch\nRUN --mount=type=tmpfs,target=/x y\n", "FROM scratch\nENV A=x \\ \nRUN curl\n",
    ],
)  # fmt: skip
def test_what_might_be_a_step_with_a_network_is_refused(text: str) -> None:
    with pytest.raises(EngineError, match="--engine docker"):
        offline(text)


def test_the_images_time_goes_to_a_dockerfile_that_asks_for_it(tmp_path: Path) -> None:
    asks = "FROM scratch AS a\nARG SOURCE_DATE_EPOCH\n"
    assert arguments(request(tmp_path), asks) == {"SOURCE_DATE_EPOCH": str(EPOCH)}
    assert arguments(request(tmp_path), "FROM scratch AS a\n") == {}


def test_the_engine_is_named_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(choice.named("dagger")(), DaggerEngine)
    with pytest.raises(UsageError, match="known: docker, dagger, none"):
        choice.named("kaniko")
    assert run(["build", str(tmp_path), "--engine", "kaniko"]) == 2
    assert run(["build", str(tmp_path), "--engine", "dagger", "--local"]) == 2
    assert "exclude each other" in capsys.readouterr().err
