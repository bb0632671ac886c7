"""An application's own image: which Dockerfiles are built, and which rules an image must keep; each breach has a name."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.tiny_project import MANIFEST

from kgshare.compose import ComposePlan
from kgshare.errors import ImageError, ManifestError
from kgshare.images.foreign import check_image, image_digest
from kgshare.images.hermetic import last_stage
from kgshare.local.settings import application_command, is_static
from kgshare.lock.needs import needs_of
from kgshare.project import read_project
from kgshare.project.read import parse_project

LABELS = {f"org.opencontainers.image.{name}": "x" for name in ("title", "version", "licenses")}
RUN = {
    "User": "65532:65532", "Entrypoint": ["/app"], "ExposedPorts": {"8090/tcp": {}}, "Labels": LABELS,
    "Healthcheck": {"Test": ["CMD", "/app", "--health"]},
}  # fmt: skip
FILES = {"app": 0o755, "etc/passwd": 0o644}


def layer(files: Mapping[str, int]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, mode in files.items():
            member = tarfile.TarInfo(name)
            member.mode = mode
            tar.addfile(member)
    return out.getvalue()


def archive(
    path: Path,
    *layers: Mapping[str, int],
    arch: str = "amd64",
    compress: bool = False,
    **changes: Any,
) -> Path:
    """An image as an OCI layout in a tar; ``None`` takes a field away."""
    import gzip

    blobs: dict[str, bytes] = {}

    def blob(data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"digest": f"sha256:{digest}", "size": len(data)}

    tars = [layer(files) for files in (layers or (FILES,))]
    run = {key: value for key, value in {**RUN, **changes}.items() if value is not None}
    config = {
        "os": "linux", "architecture": arch, "config": run,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(t).hexdigest() for t in tars]},
    }  # fmt: skip
    kind = "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if compress else "")
    manifest = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **blob(json.dumps(config).encode())},
        "layers": [{"mediaType": kind, **blob(gzip.compress(t) if compress else t)} for t in tars],
    }  # fmt: skip
    entry = {"mediaType": manifest["mediaType"], **blob(json.dumps(manifest).encode())}
    files = {"index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()}
    files |= {f"blobs/sha256/{digest}": data for digest, data in blobs.items()}
    with tarfile.open(path, "w") as tar:
        for name, data in {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', **files}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def wrong(file: Path) -> list[str]:
    with pytest.raises(ImageError) as caught:
        check_image(file, "app.tar", platform="linux/amd64", port=8090)
    assert all(problem.hint for problem in caught.value.problems)
    return [f"{problem.where}: {problem.message}" for problem in caught.value.problems]


def test_an_image_that_keeps_every_rule_is_taken(tmp_path: Path) -> None:
    for compress in (False, True):
        file = archive(tmp_path / "app.tar", compress=compress)
        check_image(file, "app.tar", platform="linux/amd64", port=8090, locked=image_digest(file, "app.tar"))


def test_an_image_has_one_digest_however_its_layers_are_packed(tmp_path: Path) -> None:
    plain, packed = (archive(tmp_path / f"{c}.tar", compress=c) for c in (False, True))
    assert image_digest(plain, "a") == image_digest(packed, "b")
    assert image_digest(archive(tmp_path / "c.tar", {"app": 0o755, "x": 0o644}), "c") != image_digest(
        plain, "a"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"User": None}, "app.tar: user: the image runs as root"),
        ({"User": "0:0"}, "app.tar: user: the image runs as root"),
        ({"User": "app"}, "app.tar: user: the image runs as app"),
        ({"arch": "arm64"}, "app.tar: platform: the image is for linux/arm64, and the bundle is for linux/amd64"),
        ({"Entrypoint": None}, "app.tar: start: the image does not say what to start"),
        ({"Entrypoint": None, "Cmd": ["/bin/sh", "-c", "app"]}, "app.tar: start: the image is started by a shell: /bin/sh -c app"),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "app --health"]}}, "app.tar: health: the image has a health check that needs a shell"),
        ({"Volumes": {"/data": {}}}, "app.tar: volumes: the image declares volumes: /data"),
        ({"ExposedPorts": {"80/tcp": {}}}, "app.tar: port: the image listens on 80, and application.port is 8090"),
        ({"Labels": {**LABELS, "org.opencontainers.image.licenses": ""}},
         "app.tar: labels: the image has no label org.opencontainers.image.licenses"),
    ],
)  # fmt: skip
def test_a_rule_of_its_configuration_that_is_broken_is_named(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    assert wrong(archive(tmp_path / "app.tar", **changes)) == [said]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"usr/bin/su": 0o4755}, "app.tar: usr/bin/su: files: runs with another user's rights"),
        ({"app": 0o777}, "app.tar: app: files: anybody may write it"),
        ({"bin/sh": 0o755}, "app.tar: bin/sh: files: no shell and no package manager may be in"),
        (
            {"usr/bin/apt-get": 0o755},
            "app.tar: usr/bin/apt-get: files: no shell and no package manager may be in",
        ),
    ],
)
def test_a_file_that_must_not_be_there_is_named(tmp_path: Path, files: dict[str, int], said: str) -> None:
    assert any(line.startswith(said) for line in wrong(archive(tmp_path / "app.tar", files)))


def test_every_broken_rule_is_said_at_once(tmp_path: Path) -> None:
    said = wrong(archive(tmp_path / "app.tar", {"bin/sh": 0o755}, User=None, Labels=None, Volumes={"/x": {}}))
    assert [line.split(": ")[1] for line in said] == ["user", "volumes", "labels", "bin/sh"]


def test_what_an_upper_layer_takes_away_is_not_there(tmp_path: Path) -> None:
    lower = {"bin/sh": 0o755, "opt/tools/bash": 0o755, "app": 0o755}
    for upper in ({"bin/.wh.sh": 0o644}, {"bin/.wh..wh..opq": 0o644}, {".wh.bin": 0o644}):
        check_image(archive(tmp_path / "app.tar", lower, upper), "app.tar", platform="linux/amd64", port=8090)


def test_another_image_than_is_locked_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = archive(tmp_path / "app.tar")
    with pytest.raises(ImageError, match=r"and sha256:0{12} is locked") as caught:
        check_image(file, "app.tar", platform="linux/amd64", port=8090, locked="sha256:" + "0" * 64)
    assert "kgshare lock" in caught.value.problems[0].hint


@pytest.mark.parametrize("content", [b"", b"no tar at all", layer({"app": 0o755})])
def test_a_file_that_is_no_image_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "app.tar").write_bytes(content)
    with pytest.raises(ImageError, match=r"app\.tar: is not an image archive"):
        image_digest(tmp_path / "app.tar", "app.tar")


# --- in the manifest and the lock ---------------------------------------------------------------------------------------


def project(folder: Path, application: str) -> Path:
    (folder / "a.cypher").write_text("RETURN 1;")
    (folder / "kgshare.yaml").write_text(MANIFEST + f"application: {application}\n")
    return folder


def test_an_image_of_ones_own_is_locked_by_its_digest_and_python_is_not(tmp_path: Path) -> None:
    archive(tmp_path / "app.tar")
    project(tmp_path, "{image: app.tar, port: 8090}")
    needs = needs_of(read_project(tmp_path))
    assert needs.digests()["image"] == image_digest(tmp_path / "app.tar", "app.tar")
    assert (needs.debian["application"], needs.wheels["application"], needs.npm) == ((), (), {})
    archive(tmp_path / "app.tar", {"app": 0o755})
    assert needs_of(read_project(tmp_path)).digests()["image"] != needs.digests()["image"]
    assert ComposePlan.of(read_project(tmp_path).manifest).waits


def test_a_dockerfiles_jars_are_locked_beside_the_databases(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    project(tmp_path, "{image: {dockerfile: Dockerfile}, jars: ['a.b:c:1.0']}")
    needs = needs_of(read_project(tmp_path))
    assert needs.jars["application"] == ("a.b:c:1.0",)
    assert "libc6" in needs.debian["application"]
    assert not any(name.startswith("python") for name in needs.debian["application"])


@pytest.mark.parametrize(
    ("application", "said"),
    [
        ("{image: no.tar}", "there is no no.tar"),
        ("{image: ../app.tar}", "`application.image`: a path inside the project is relative"),
        ("{image: {}}", "`application.image.dockerfile` is missing"),
        ("{image: {dockerfile: Dockerfile, contexts: []}}", "unknown key `application.image.contexts`"),
        ("{image: a.cypher, start: [python]}", "`application.start` cannot stand beside `application.image`"),
        ("{image: a.cypher, panels: x.y}", "`application.panels` cannot stand beside `application.image`"),
        ("{image: a.cypher, jars: ['a:b:1']}", "`application.jars` are for an image that is built from a Dockerfile"),
    ],
)  # fmt: skip
def test_a_mistake_about_an_image_is_named_with_its_line(tmp_path: Path, application: str, said: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / "a.cypher").write_text("RETURN 1;")
    with pytest.raises(ManifestError) as caught:
        parse_project((MANIFEST + f"application: {application}\n").encode(), tmp_path / "kgshare.yaml")
    assert any(said in p.message and p.where == "kgshare.yaml:9" for p in caught.value.problems)


# --- Dockerfiles --------------------------------------------------------------------------------------------------------


def test_the_last_stage_is_the_image() -> None:
    text = "FROM scratch AS build\nADD toolbox.tar /\nFROM scratch AS small\nCOPY --from=build /app /app\n"
    assert last_stage(text, "Dockerfile") == "small"
    assert last_stage("FROM scratch\nFROM scratch\nCOPY --from=0 /a /a", "Dockerfile") == "1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM golang:1.26 AS build\n", "Dockerfile:1: the image golang:1.26 would have to be fetched"),
        (
            "FROM scratch\n\nCOPY --chown=1:1 --from=busybox /bin/sh /sh\n",
            "Dockerfile:3: the image busybox would have",
        ),
        (
            "FROM scratch\nRUN --mount=type=bind,from=alpine,target=/x true\n",
            "Dockerfile:2: the image alpine would",
        ),
        (
            "FROM scratch\nADD \\\n  https://example.com/x /x\n",
            "Dockerfile:2: https://example.com/x would have",
        ),
        ("# syntax=docker/dockerfile:1\nFROM scratch\n", "Dockerfile:1: a frontend of its own would have"),
        ("# nothing\n", "Dockerfile: it has no FROM"),
    ],
)
def test_what_a_dockerfile_would_fetch_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ImageError) as caught:
        last_stage(text, "Dockerfile")
    assert str(caught.value).startswith(said)


# --- without containers -------------------------------------------------------------------------------------------------


def elf(path: Path, *segments: int) -> Path:
    head = bytearray(b"\x7fELF\x02\x01" + b"\0" * 58)
    head[32:40] = (64).to_bytes(8, "little")
    head[54:58] = (56).to_bytes(2, "little") + len(segments).to_bytes(2, "little")
    path.write_bytes(bytes(head) + b"".join(s.to_bytes(4, "little") + b"\0" * 52 for s in segments))
    return path


def test_a_static_program_is_started_as_it_is_and_paths_in_its_words_are_this_machines(
    tmp_path: Path,
) -> None:
    (tmp_path / "lib").mkdir()
    app = elf(tmp_path / "app", 1, 4)
    assert is_static(app)
    assert not is_static(elf(tmp_path / "dynamic", 1, 3))
    assert not is_static(Path(__file__))
    config = {"Entrypoint": ["/app", "-cp", "/lib:/lib/*:/none", "http://x/lib"]}
    assert application_command(tmp_path, "linux/amd64", config) == [
        str(app), "-cp", f"{tmp_path}/lib:{tmp_path}/lib/*:/none", "http://x/lib",
    ]  # fmt: skip
