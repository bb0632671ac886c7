"""The engine that is no engine, as far as it is pure: what it reads of a Dockerfile, and how it spells an image."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from kgshare.bundle import read_image_archive
from kgshare.engines import BuildRequest, Engine, FilesystemTar, ImageTar, choice
from kgshare.engines import local as local_engine
from kgshare.engines.dockerfile import Instruction, chain, expand, parse
from kgshare.engines.layertar import docker_layer
from kgshare.engines.local import LocalEngine, Room
from kgshare.engines.ociimage import SEARCH_PATH, Configuration
from kgshare.errors import BuildError, EngineError
from kgshare.images.build import dockerfile
from kgshare.project import read_project

HERBARIUM = read_project(Path(__file__).parents[1] / "projects" / "herbarium")


def test_a_stage_is_all_that_leads_to_it_from_nothing() -> None:
    stages = parse(
        "FROM scratch AS a\nADD a.tar /\nFROM a AS b\n# why\nENV X=1 \\\n    Y=2\nFROM scratch AS c\nADD c.tar /\n"
    )
    assert [(i.word, i.text) for i in chain(stages, "b")] == [("ADD", "a.tar /"), ("ENV", "X=1     Y=2")]
    with pytest.raises(EngineError, match="no stage d"):
        chain(stages, "d")


@pytest.mark.parametrize("name", ["runtime", "seed", "database", "application"])
def test_every_dockerfile_of_ours_is_understood(name: str) -> None:
    assert parse(dockerfile(name, HERBARIUM))


@pytest.mark.parametrize(
    "line",
    [
        "FROM debian AS a",
        "FROM --platform=x scratch",
        "VOLUME /data",
        "ADD a.tar /",
        "ONBUILD RUN x",
        "RUN x \\",
    ],
)
def test_what_a_dockerfile_says_beyond_that_is_refused_by_its_line(line: str) -> None:
    with pytest.raises(EngineError, match="does not understand") as refused:
        parse(line)
    assert line.splitlines()[-1].removesuffix("\\").strip() in str(refused.value)


@pytest.mark.parametrize(
    "line",
    ["COPY --chown=1:1 a /", "RUN --mount=type=cache,target=/x y", "COPY --link a /", "ADD --checksum=x a /"],
)
def test_a_flag_that_is_not_understood_is_refused(line: str) -> None:
    word, _, text = line.partition(" ")
    with pytest.raises(EngineError, match="does not understand"):
        Instruction(word=word, text=text).flags()


def test_a_stage_without_a_name_has_its_number_and_names_have_no_case() -> None:
    assert list(parse("FROM scratch\nFROM 0 as Two\nFROM two\n")) == ["0", "two", "2"]


def test_variables_are_put_in_and_what_is_not_set_is_empty() -> None:
    assert expand("${A} $B-${C}", {"A": "a b", "B": "$A"}) == "a b $A-"


def configured(*lines: str, **arguments: str) -> dict[str, object]:
    config = Configuration(arguments=arguments, created=0, architecture="amd64")
    for line in lines:
        word, _, text = line.partition(" ")
        config.take(Instruction(word=word, text=text))
    return json.loads(config.document([]))


def test_a_configuration_says_what_the_instructions_said() -> None:
    found = configured(
        "ARG TITLE PORT", 'LABEL a="${TITLE} x"', "ENV P=${PORT}", "EXPOSE ${PORT}", "USER 7:7", "ENTRYPOINT []", 'CMD ["a", "b c"]',
        'HEALTHCHECK --interval=90s --retries=3 CMD ["h"]', TITLE='two "words"', PORT="80",
    )  # fmt: skip
    assert found["config"] == {
        "Labels": {"a": 'two "words" x'}, "Env": [f"PATH={SEARCH_PATH}", "P=80"], "ExposedPorts": {"80/tcp": {}}, "User": "7:7", "Cmd": ["a", "b c"],
        "ArgsEscaped": True, "Healthcheck": {"Test": ["CMD", "h"], "Interval": 90 * 10**9, "Retries": 3},
    }  # fmt: skip
    history = [row["created_by"] for row in found["history"]]  # type: ignore[attr-defined]
    assert history[1] == 'LABEL a=two "words" x'
    assert history[-1] == 'HEALTHCHECK &{["CMD" "h"] "1m30s" "0s" "0s" "0s" \'\\x03\'}'


def members(*rows: tuple[str, bytes, str]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, content in rows:
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid, info.gid, info.mtime = kind, 0o755, 7, 7, 1000
            if kind == tarfile.REGTYPE:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content.encode()))
            else:
                info.linkname = content
                archive.addfile(info)
    buffer.seek(0)
    return buffer


def test_a_layer_is_walked_folder_by_folder_and_holds_the_same(tmp_path: Path) -> None:
    source = tmp_path / "in.tar"
    long, foreign = "d/" + "x" * 120, "d/é"
    rows = (
        ("d", tarfile.DIRTYPE, ""), ("d.x", tarfile.REGTYPE, "after d"), ("d/z", tarfile.REGTYPE, "content"),
        (long, tarfile.REGTYPE, "long"), (foreign, tarfile.SYMTYPE, "z"), ("d/a", tarfile.LNKTYPE, "d/z"),
    )  # fmt: skip
    source.write_bytes(members(*rows).getvalue())
    made = b"".join(docker_layer(source))
    assert len(made) % 512 == 0
    with tarfile.open(fileobj=io.BytesIO(made)) as archive:
        found = {m.name: m for m in archive}
        assert list(found) == ["d", "d/a", long, "d/z", foreign, "d.x"]
        assert {(m.uid, m.mode, m.mtime) for m in found.values() if not m.issym()} == {(7, 0o755, 1000)}
        assert found[foreign].mode == 0o777
        # Of two names of one file, the first on the way has the content.
        assert archive.extractfile("d/a").read() == b"content"  # type: ignore[union-attr]
        assert (found["d/z"].linkname, found[foreign].linkname) == ("d/a", "z")
        assert archive.extractfile(long).read() == b"long"  # type: ignore[union-attr]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch AS a\nADD a.tar /\nFROM a AS b\nRUN x\n")
    (tmp_path / "a.tar").write_bytes(members(("a", tarfile.REGTYPE, "a")).getvalue())
    return tmp_path


def request(context: Path, target: str, output: FilesystemTar | ImageTar) -> BuildRequest:
    return BuildRequest(
        dockerfile=context / "Dockerfile", context=context, target=target, platform="linux/amd64", epoch=0, output=output
    )  # fmt: skip


def test_an_image_whose_last_stage_runs_something_is_refused_and_nothing_is_left(context: Path) -> None:
    out = context / "image.tar"
    with pytest.raises(EngineError, match="only adds and copies, and b says `RUN x`"):
        LocalEngine(context / "work").build(request(context, "b", ImageTar(path=out)))
    assert not list(context.glob("image.tar*"))


def test_an_image_may_copy_files_of_the_context_and_of_a_stage_and_says_so_in_its_layers(
    tmp_path: Path,
) -> None:
    """As a project's own Dockerfile does; the stage here runs nothing, so no room is needed."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "x").write_text("x")
    (tmp_path / "app" / "run").write_text("run")
    (tmp_path / "app" / "run").chmod(0o755)
    (tmp_path / "Dockerfile").write_text(
        "FROM scratch AS made\nCOPY app /out\nFROM scratch\nCOPY --from=made /out /opt/app\nCOPY app/x /one/\nCOPY app/x /two\n"
    )
    engine = LocalEngine(tmp_path / "work")
    for name in ("1.tar", "2.tar"):
        engine.build(request(tmp_path, "1", ImageTar(path=tmp_path / name)))
    first, second = (read_image_archive(tmp_path / name) for name in ("1.tar", "2.tar"))
    assert [layer.diff_id for layer in first.layers] == [layer.diff_id for layer in second.layers]
    names = []
    for layer in first.layers:
        with (tmp_path / "1.tar").open("rb") as stream:
            stream.seek(layer.offset)
            with tarfile.open(fileobj=io.BytesIO(stream.read(layer.size))) as archive:
                names.append({m.name: m.mode for m in archive if m.isfile()})
    assert names == [{"opt/app/run": 0o755, "opt/app/x": 0o644}, {"one/x": 0o644}, {"two": 0o644}]


@pytest.mark.parametrize("name", ["../secret", "away/secret"])
def test_nothing_outside_the_context_is_copied(name: str, tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (tmp_path / "secret").write_text("s")
    (context / "away").symlink_to(tmp_path)
    (context / "Dockerfile").write_text(f"FROM scratch\nCOPY {name} /\n")
    with pytest.raises(EngineError, match="leads out"):
        LocalEngine(tmp_path / "work").build(request(context, "0", ImageTar(path=tmp_path / "x.tar")))


def test_what_is_not_there_to_copy_is_named(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")
    with pytest.raises(BuildError, match="there is no app"):
        LocalEngine(tmp_path / "work").build(request(tmp_path, "0", ImageTar(path=tmp_path / "x.tar")))


def test_a_machine_that_allows_no_room_says_so_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(argv: list[str], **_: object) -> None:
        raise local_engine.CommandFailed(argv, 1, "unshare failed: Operation not permitted")

    monkeypatch.setattr(local_engine, "run", refused)
    with pytest.raises(EngineError, match=r"neither make namespaces .*Operation not permitted"):
        LocalEngine(tmp_path).check()


@pytest.mark.parametrize(
    ("room", "said"), [(Room.USER, "had no network"), (Room.FOLDER, "could not be cut off")]
)
def test_the_report_says_whether_the_network_was_cut(room: Room, said: str, tmp_path: Path) -> None:
    engine = LocalEngine(tmp_path)
    engine.__dict__["room"] = room
    assert said in engine.remarks[0]


def test_where_docker_does_not_answer_either_takes_the_machine_and_docker_alone_says_what_else_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path))
    found: Engine = choice.either()
    assert found.name == "none"
    with pytest.raises(EngineError, match="kgshare build --local"):
        choice.docker().check()


def test_what_a_killed_build_left_is_cleared_away_a_day_later(tmp_path: Path) -> None:
    old, new = tmp_path / "stage-old", tmp_path / "stage-new"
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (1, 1))
    engine = LocalEngine(tmp_path)
    engine.__dict__["room"] = Room.USER
    engine.check()
    assert [path.name for path in tmp_path.iterdir()] == ["stage-new"]


@pytest.mark.parametrize(("room", "path"), [(Room.ROOT, None), (Room.FOLDER, "/usr/lib/jvm/java-21/lib")])
def test_java_is_told_where_its_libraries_are_where_there_is_no_proc_to_ask(
    room: Room, path: str | None, context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[dict[str, dict[str, str]]] = []
    monkeypatch.setattr(local_engine, "run", lambda argv, **_: ran.append(json.loads(argv[-1])))
    (context / "a.tar").write_bytes(members(("usr/lib/jvm/java-21/lib", tarfile.DIRTYPE, "")).getvalue())
    engine = LocalEngine(context / "work")
    engine.__dict__["room"] = room
    engine.build(request(context, "b", FilesystemTar(path=context / "fs.tar")))
    assert [order["environment"].get("LD_LIBRARY_PATH") for order in ran] == [path]


def test_a_step_that_fails_says_why(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(argv: list[str], **_: object) -> None:
        raise local_engine.CommandFailed(argv, 3, "jlink: no such module\n")

    engine = LocalEngine(context / "work")
    engine.__dict__["room"] = Room.USER
    monkeypatch.setattr(local_engine, "run", fails)
    with pytest.raises(BuildError, match="the step b failed: jlink: no such module"):
        engine.build(request(context, "b", FilesystemTar(path=context / "fs.tar")))
    assert not list((context / "work").iterdir())
