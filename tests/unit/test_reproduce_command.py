"""``build --verify-reproducible`` from the command line to its report, on an engine that is a table of what steps give."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.lock_example import lock as example_lock
from tests.unit.tiny_project import MANIFEST

from kgshare import secrets, work
from kgshare.attest.names import IMAGE_SBOMS, MEDIA_TYPES, output_of
from kgshare.cache import Cache, Inputs
from kgshare.cli import run
from kgshare.engines import BuildRequest, FilesystemTar, choice
from kgshare.lock.model import ArchLock
from kgshare.reproduce import command
from kgshare.seeding.result import SeedReport


def tar_of(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def image_of(layers: list[bytes]) -> bytes:
    """An OCI layout in a tar."""
    blobs: dict[str, bytes] = {}

    def blob(data: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    manifest = {
        "schemaVersion": 2,
        "config": blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": [blob(layer, "application/vnd.oci.image.layer.v1.tar") for layer in layers],
    }
    head = blob(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
    index = json.dumps({"schemaVersion": 2, "manifests": [head]}).encode()
    return tar_of({"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index, **blobs})


class Table:
    """An engine: what each step gives stands here; the store is another one each time, as Neo4j's is."""

    name, version, remarks = "table", "1", ()

    def __init__(self, drift: bool) -> None:
        self.drift, self.count, self.asked = drift, itertools.count(), list[BuildRequest]()

    def check(self) -> None:
        pass

    def build(self, request: BuildRequest, on_line: object = None) -> None:
        self.asked.append(request)
        number = next(self.count)
        report = SeedReport(
            neo4j_version="5",
            digest="a" * 64,
            nodes=1,
            relationships=0,
            labels={},
            types={},
            seconds={"s": number},
        )
        if isinstance(request.output, FilesystemTar):
            made = {
                "opt/java/release": b"", "opt/kgshare/classes/Launch.class": b"", "graph/nodes": b"1", "app/x.pyc": b"",
                "data/databases/neo4j/neostore": str(number).encode(), "exit-code": b"0", "report.json": report.to_json().encode(),
            }  # fmt: skip
            request.output.path.write_bytes(tar_of(made))
            return
        program = {"app/built.txt": f"at {number if self.drift else 0}".encode()}
        layers = [tar_of(program)]
        if request.target == "database":
            layers.append((request.context / "store.tar").read_bytes())
        request.output.path.write_bytes(image_of(layers))


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    table = Table(drift=request.param)
    arch = {
        "amd64": ArchLock(
            debian={"toolbox": (), "database": (), "application": ()}, wheels={"seed": (), "application": ()}
        )
    }
    lock = dataclasses.replace(example_lock(), jars={"database": (), "plugins": ()}, npm=(), archs=arch)  # type: ignore[arg-type]

    def attest(
        manifest: object, attested: object, materials: object, run: object, readings: object, out: Path
    ) -> None:
        for name in MEDIA_TYPES:
            (out / output_of(name)).write_text("{}")
        for role, name in IMAGE_SBOMS.items():
            (out / output_of(name)).write_text(
                json.dumps({"metadata": {"component": {"hashes": [{"content": role}]}}})
            )

    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(command, "this_arch", lambda: "amd64")
    monkeypatch.setattr(command, "require_room", lambda *_: None)
    monkeypatch.setattr(command, "locked_inputs", lambda *_, **__: lock)
    monkeypatch.setattr(
        command, "fetched", lambda *_, **__: Inputs(cache=Cache(tmp_path / "cache"), lock=lock)
    )
    monkeypatch.setattr(work, "make_base", lambda *_, out, **__: out.write_bytes(tar_of({"etc/passwd": b""})))
    monkeypatch.setattr(work, "attest", attest)
    for name in ("in_project", "in_tar", "in_image"):  # tests/unit/test_secrets.py
        monkeypatch.setattr(secrets, name, lambda *_, **__: ())
    monkeypatch.setattr(choice, "docker", lambda: table)
    (tmp_path / "kgshare.yaml").write_text(MANIFEST)
    (tmp_path / "a.cypher").write_text("CREATE (:Thing {id: 1});\n")
    return table


@pytest.mark.parametrize("engine", [False], indirect=True)
def test_two_builds_that_are_the_same_are_reported_layer_by_layer_and_nothing_is_kept(
    engine: Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", str(tmp_path), "--verify-reproducible", "--json", "--quiet"]) == 0

    result = json.loads(capsys.readouterr().out)["result"]
    assert [(row["image"], row["held"]) for row in result["layers"]] == [
        ("database", "bytes"), ("database", "canonical text"), ("application", "bytes")
    ]  # fmt: skip
    assert result["graph"] == "a" * 64
    assert "evidence/sbom.cdx.json" in result["evidence"]
    assert "evidence/provenance.json" not in result["evidence"]
    half = len(engine.asked) // 2
    assert [r.target for r in engine.asked[:half]].count("database") == 1
    assert sorted(r.target for r in engine.asked[:half]) == sorted(r.target for r in engine.asked[half:])
    assert all(request.fresh for request in engine.asked)
    assert not list((tmp_path / "cache").glob("verify-*"))
    assert {path.name for path in tmp_path.iterdir()} == {"kgshare.yaml", "a.cypher", "cache"}


@pytest.mark.parametrize("engine", [True], indirect=True)
def test_a_clock_that_got_into_a_file_is_named_by_that_file_and_ends_with_the_code_of_a_failed_build(
    engine: Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", str(tmp_path), "--verify-reproducible", "--quiet"]) == 6

    said = capsys.readouterr().err
    assert "application image, layer 1: app/built.txt: content; from byte 3" in said
    assert "data/databases" not in said
    assert not list((tmp_path / "cache").glob("verify-*"))


@pytest.mark.parametrize("engine", [False], indirect=True)
@pytest.mark.parametrize(
    ("look", "path"), [("in_tar", "graph: graph/nodes"), ("in_image", "database image: environment X_TOKEN")]
)
def test_a_secret_that_shows_only_in_what_was_seeded_or_built_stops_the_build_there(
    engine: Table,
    look: str,
    path: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding = secrets.Finding(path=path, line=0, kind="github-pat")
    monkeypatch.setattr(secrets, look, lambda *_, **__: (finding,))

    assert run(["build", str(tmp_path), "--verify-reproducible", "--quiet"]) == 6

    said = capsys.readouterr().err
    assert f"{path}: looks like a secret: github-pat" in said
    assert finding.id in said


def test_a_report_says_each_layer_in_a_line() -> None:
    row = command.SameLayer(
        image="database", number=2, diff_id="sha256:" + "a" * 64, digest="", held="canonical text"
    )
    report = command.ReproducibleReport(
        name="tiny 1.0.0", layers=(row,), configs={"database": "sha256:" + "b" * 64}, graph="a" * 64, evidence=("x",), seconds=2
    )  # fmt: skip

    assert "database      2  sha256:aaaaaaaaaaaa  the store, by its canonical text" in report.text()
