"""Base images: the contract and each way to break it, layers that become one tree, and what registries' clients are asked."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit import lock_example

from kgshare.base.contract import Runs, wrong
from kgshare.base.image import ImageSource, make_base_from_image, open_image, require_contract
from kgshare.base.records import packages_of
from kgshare.base.tree import Entry, Kind
from kgshare.cache import Cache
from kgshare.doors.process import Completed
from kgshare.errors import ImageError, LockError, ManifestError
from kgshare.lock import outdated, registry
from kgshare.lock.model import BaseBlob, BaseRole
from kgshare.lock.needs import needs_of
from kgshare.progress import Progress
from kgshare.project.read import parse_project

CONFIG = {"os": "linux", "architecture": "amd64", "config": {"User": "65532"}}
LOADER = "lib64/ld-linux-x86-64.so.2"
JRE = ("usr/lib/jvm/j/bin/java", "usr/lib/jvm/j/release", LOADER, "etc/passwd")
PYTHON = ("usr/bin/python3.14", "usr/lib/python3.14/site-packages", LOADER)
MANIFEST = """\
kgshare: 1
name: tiny
version: 1.0.0
description: one node
licence: CC0-1.0
authors: [{name: A}]
identity: {nodes: {Thing: [id]}}
seed: [{python: {function: "m:f", source: [src]}}]
"""


def entries(*paths: str, **modes: int) -> list[Entry]:
    kinds: dict[str, Kind] = {"site-packages": "folder"}
    return [
        Entry(
            path=path,
            kind=kinds.get(path.rpartition("/")[2], "file"),
            mode=modes.get(path.rpartition("/")[2], 0o755),
        )
        for path in paths
    ]


def said(
    tree: Sequence[Entry],
    role: BaseRole = "database",
    java: str = "21.0.5",
    arch: str = "amd64",
    **config: Any,
) -> list[str]:
    texts = {
        "usr/lib/jvm/j/release": f'IMPLEMENTOR="x"\nJAVA_VERSION="{java}"\n',
        "etc/passwd": "root:x:0:0::/:\nnonroot:x:65532:65532::/:\n",
    }
    problems, _ = wrong({**CONFIG, **config}, tree, lambda path: texts.get(path, ""), role=role, arch=arch)
    return [problem.message for problem in problems]


def test_a_hardened_image_with_a_runtime_keeps_the_contract() -> None:
    assert said(entries(*JRE)) == []
    assert said(entries(*JRE), java="25") == []
    assert said(entries(*JRE), config={"User": "nonroot"}) == []
    assert said(entries(*PYTHON), "application") == []


def test_where_its_java_and_python_are_is_found() -> None:
    def read(path: str) -> str:
        return 'JAVA_VERSION="25.0.1"' if path.endswith("release") else ""

    assert wrong(CONFIG, entries(*JRE), read, role="database", arch="amd64")[1] == Runs(
        version="25.0.1", path="usr/lib/jvm/j"
    )
    assert wrong(CONFIG, entries(*PYTHON), read, role="application", arch="amd64")[1] == Runs(
        version="3.14", path="usr/lib/python3.14/site-packages"
    )


@pytest.mark.parametrize(
    ("tree", "more", "reason"),
    [
        (JRE, {"arch": "arm64"}, "is for linux/amd64, and linux/arm64 is wanted"),
        (JRE, {"config": {}}, "runs as root"),
        (JRE, {"config": {"User": "0:0"}}, "runs as root"),
        (JRE, {"config": {"User": "anna"}}, "runs as anna, who is not in its etc/passwd"),
        (
            (*JRE, "bin/sh"),
            {},
            "no shell and no package manager may be in the database image, but there is sh",
        ),
        ((*JRE, "usr/bin/apk"), {}, "but there is apk"),
        (JRE[:2], {}, "no GNU C library"),
        ((LOADER,), {}, "has no Java runtime"),
        (JRE, {"java": "17.0.2"}, "has Java 17.0.2 in usr/lib/jvm/j, and 21 or newer is wanted"),
        ((LOADER,), {"role": "application"}, "has no Python"),
        (
            (LOADER, "usr/bin/python3.9"),
            {"role": "application"},
            "has Python 3.9, and 3.11 or newer is wanted",
        ),
    ],
)
def test_each_breach_of_the_contract_is_named(tree: Sequence[str], more: dict[str, Any], reason: str) -> None:
    [message] = said(entries(*tree), **more)

    assert reason in message


def test_files_with_another_users_rights_or_that_anybody_may_write_are_breaches() -> None:
    tree = [*entries(*JRE), *entries("usr/lib/a", "usr/lib/b", a=0o4755, b=0o666)]

    assert len(said(tree)) == 2


def blob(folder: Path, data: bytes, kind: str, media_type: str) -> BaseBlob:
    digest = hashlib.sha256(data).hexdigest()
    (folder / digest).write_bytes(data)
    assert kind in ("manifest", "config", "layer")
    return BaseBlob(
        base="database", kind=kind, reference="r.example/jre:1", media_type=media_type, sha256=digest, size=len(data)  # type: ignore[arg-type]
    )  # fmt: skip


def image(
    folder: Path, *layers: Mapping[str, bytes | str], diff_ids: list[str] | None = None
) -> list[BaseBlob]:
    """An image's blobs in a folder; bytes are a file, text is what a hard link links to."""
    tars = []
    for files in layers:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                if isinstance(content, str):
                    member.type, member.linkname = tarfile.LNKTYPE, content
                    tar.addfile(member)
                else:
                    member.size, member.mode = len(content), 0o755
                    tar.addfile(member, io.BytesIO(content))
        tars.append(out.getvalue())
    digests = diff_ids or [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]
    config = blob(folder, json.dumps({**CONFIG, "rootfs": {"diff_ids": digests}}).encode(), "config", "c")
    rows = [blob(folder, gzip.compress(tar, mtime=0), "layer", "x.tar+gzip") for tar in tars]
    document = {
        "config": {"mediaType": "c", "digest": f"sha256:{config.sha256}", "size": config.size},
        "layers": [{"mediaType": r.media_type, "digest": f"sha256:{r.sha256}", "size": r.size} for r in rows],
    }
    return [blob(folder, json.dumps(document).encode(), "manifest", "m"), config, *rows]


def opened(folder: Path, blobs: Sequence[BaseBlob]) -> ImageSource:
    return open_image(blobs, lambda row: folder / row.sha256)


def flat(folder: Path, blobs: Sequence[BaseBlob]) -> dict[str, tarfile.TarInfo]:
    make_base_from_image(opened(folder, blobs), epoch=9, out=folder / "base.tar")
    with tarfile.open(folder / "base.tar") as tar:
        return {member.name: member for member in tar}


def test_layers_become_one_tree_in_which_a_later_one_takes_away_and_replaces(tmp_path: Path) -> None:
    blobs = image(
        tmp_path,
        {"a": b"1", "b": b"2", "d/e": b"3"},
        {".wh.a": b"", "b": b"22", "d/.wh..wh..opq": b"", "d/f": b""},
    )

    members = flat(tmp_path, blobs)

    assert {name for name, m in members.items() if m.isfile()} == {"b", "d/f"}
    assert members["b"].size == 2
    assert {m.mtime for m in members.values()} == {9}
    assert members["tmp"].mode == 0o1777


def test_a_hard_link_whose_file_a_later_layer_replaced_keeps_its_own_content(tmp_path: Path) -> None:
    blobs = image(tmp_path, {"a": b"old", "kept": b"same", "one": "a", "two": "kept"}, {"a": b"newer"})

    flat(tmp_path, blobs)

    with tarfile.open(tmp_path / "base.tar") as tar:
        contents = {name: tar.extractfile(name).read() for name in ("a", "one", "two")}  # type: ignore[union-attr]
    assert contents == {"a": b"newer", "one": b"old", "two": b"same"}


def test_the_same_layers_make_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "1", tmp_path / "2"
    for folder in (one, other):
        folder.mkdir()
        flat(folder, image(folder, {"b": b"", "a": b"x"}))

    assert (one / "base.tar").read_bytes() == (other / "base.tar").read_bytes()


def test_a_layer_that_unpacks_to_something_else_than_its_configuration_says_is_refused(
    tmp_path: Path,
) -> None:
    blobs = image(tmp_path, {"a": b""}, diff_ids=[f"sha256:{'0' * 64}"])

    with pytest.raises(ImageError, match="another digest"):
        flat(tmp_path, blobs)


def test_every_breach_is_said_at_once_with_the_image_and_the_next_step_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        require_contract(opened(tmp_path, image(tmp_path, {"bin/bash": b""})), role="database", arch="amd64")

    problems = caught.value.problems
    assert [problem.where for problem in problems] == [
        "r.example/jre:1: bin/bash",
        "r.example/jre:1",
        "r.example/jre:1",
    ]
    assert [bool(problem.hint) for problem in problems] == [False, False, True]


APK = """\
C:Q1abc
P:openjdk-21-jre
V:21.0.5-r0
A:x86_64
L:GPL-2.0-only WITH Classpath-exception-2.0
o:openjdk-21
F:usr/lib/jvm
R:java

P:glibc
V:2.40-r3
A:x86_64
L:LGPL-2.1-or-later
o:glibc
"""
DPKG = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.41-12)
Version: 2.41-12
"""


def records(files: Mapping[str, str]) -> list[tuple[str, ...]]:
    found = packages_of(entries(*files), lambda path: files.get(path, ""), "database")
    return [(row.form, row.distro, row.release, row.name, row.version, row.source) for row in found]


def test_the_packages_of_a_base_image_are_those_of_its_own_records() -> None:
    assert records(
        {"usr/lib/apk/db/installed": APK, "etc/os-release": 'ID=wolfi\nVERSION_ID="20230201"\n'}
    ) == [
        ("apk", "wolfi", "20230201", "glibc", "2.40-r3", "glibc"),
        ("apk", "wolfi", "20230201", "openjdk-21-jre", "21.0.5-r0", "openjdk-21"),
    ]
    release = "ID=debian\nVERSION_ID=13\nVERSION_CODENAME=trixie\n"
    assert records({"var/lib/dpkg/status.d/libc6": DPKG, "usr/lib/os-release": release}) == [
        ("deb", "debian", "trixie", "libc6", "2.41-12", "glibc")
    ]
    assert records({"var/lib/dpkg/status": DPKG.replace("ok installed", "ok config-files")}) == []


class Registry:
    """Answers as skopeo does, from a table of references; and keeps what it was asked."""

    def __init__(self, manifests: Mapping[str, str], files: Sequence[bytes] = ()) -> None:
        self.manifests, self.files, self.asked = manifests, files, [""]

    def __call__(self, argv: Sequence[str | Path]) -> Completed:
        words = [str(word) for word in argv]
        self.asked.append(" ".join(words))
        if "copy" in words:
            for number, data in enumerate(self.files):
                Path(words[-1].removeprefix("dir:"), str(number)).write_bytes(data)
            return Completed(stdout="", stderr="")
        return Completed(stdout=self.manifests[words[-1].removeprefix("docker://")], stderr="")


@pytest.fixture
def skopeo(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(registry, "which", lambda name: name if name == "skopeo" else None)
    return monkeypatch


def test_of_an_index_the_image_of_the_architecture_is_taken_and_pinned_by_its_digest(
    tmp_path: Path, skopeo: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blobs").mkdir()
    head, *rest = image(tmp_path / "blobs", {"a": b""})
    files = [(tmp_path / "blobs" / row.sha256).read_bytes() for row in (head, *rest)]
    index = {"manifests": [
        {"digest": f"sha256:{n}", "platform": {"os": "linux", "architecture": arch}} for arch, n in (("arm64", "x"), ("amd64", head.sha256))
    ]}  # fmt: skip
    fake = Registry(
        {"r.example/jre:1": json.dumps(index), f"r.example/jre@sha256:{head.sha256}": files[0].decode()},
        files,
    )
    skopeo.setattr(registry, "run", fake)

    found = registry.image_blobs("database", "r.example/jre:1", "amd64", Cache(tmp_path / "cache"))

    assert {row.sha256 for row in found} == {head.sha256, *(row.sha256 for row in rest)}
    assert found[0].kind == "manifest"
    assert f"docker://r.example/jre@sha256:{head.sha256}" in fake.asked[-1]
    assert "--src-tls-verify=false" not in fake.asked[-1]


def test_an_image_for_other_architectures_only_is_refused_by_their_names(
    tmp_path: Path, skopeo: pytest.MonkeyPatch
) -> None:
    row = {"digest": "sha256:x", "platform": {"os": "linux", "architecture": "s390x"}}
    skopeo.setattr(registry, "run", Registry({"r.example/jre:1": json.dumps({"manifests": [row]})}))

    with pytest.raises(LockError, match="not there for linux/amd64, but for linux/s390x"):
        registry.image_blobs("database", "r.example/jre:1", "amd64", Cache(tmp_path))


def test_blobs_that_are_not_what_they_are_called_are_refused(
    tmp_path: Path, skopeo: pytest.MonkeyPatch
) -> None:
    [head, *_] = image(tmp_path, {"a": b""})
    text = (tmp_path / head.sha256).read_text()
    skopeo.setattr(registry, "run", Registry({"r.example/jre:1": text}, [b"something else"]))

    with pytest.raises(LockError, match="did not give 3 of its blobs"):
        registry.image_blobs("database", "r.example/jre:1", "amd64", Cache(tmp_path / "cache"))


@pytest.mark.parametrize(
    "document",
    [
        {"schemaVersion": 1, "fsLayers": []},
        {"artifactType": "text/plain", "config": "none", "layers": []},
        {"config": {"mediaType": "x", "digest": "sha256:ab", "size": 1}, "layers": [1]},
        {"manifests": [3]},
        {"manifests": None},
        [],
    ],
)
def test_what_is_no_image_is_refused_by_its_name(
    document: object, tmp_path: Path, skopeo: pytest.MonkeyPatch
) -> None:
    skopeo.setattr(registry, "run", Registry({"r.example/x:1": json.dumps(document)}))

    with pytest.raises(LockError, match=r"r\.example/x:1: its manifest is not that of an image"):
        registry.image_blobs("database", "r.example/x:1", "amd64", Cache(tmp_path / "cache"))


@pytest.mark.parametrize("text", ["{", "[" * 99_999])
def test_a_manifest_that_is_no_json_is_refused(text: str, tmp_path: Path, skopeo: pytest.MonkeyPatch) -> None:
    skopeo.setattr(registry, "run", Registry({"r.example/x:1": text}))

    with pytest.raises(LockError, match="is no JSON"):
        registry.image_blobs("database", "r.example/x:1", "amd64", Cache(tmp_path / "cache"))


def test_what_a_digest_in_the_manifest_means_is_compared_with_it(
    tmp_path: Path, skopeo: pytest.MonkeyPatch
) -> None:
    [head, *_] = image(tmp_path, {"a": b""})
    text, named = (tmp_path / head.sha256).read_text(), f"r.example/jre@sha256:{head.sha256}"
    skopeo.setattr(registry, "run", Registry({named: text}))
    assert registry.manifest_now(named, "amd64") == text.encode()
    skopeo.setattr(registry, "run", Registry({named: text + " "}))

    with pytest.raises(LockError, match="its manifest is not what its digest says"):
        registry.manifest_now(named, "amd64")


def test_a_base_that_is_pinned_by_digest_is_never_called_the_newest(
    tmp_path: Path, skopeo: pytest.MonkeyPatch
) -> None:
    text = '{"config": {}, "layers": []}'
    skopeo.setattr(registry, "run", Registry({"r.example/jre:1": text}))
    tagged, pinned = "r.example/jre:1", f"r.example/python@sha256:{'a' * 64}"
    heads = [
        BaseBlob(base=base, kind="manifest", reference=reference, media_type="m", sha256=sha256, size=1)
        for base, reference, sha256 in (
            ("database", tagged, hashlib.sha256(text.encode()).hexdigest()),
            ("application", pinned, "a" * 64),
        )
    ]
    lock = replace(lock_example.lock(), bases={"amd64": tuple(heads)}, npm=())
    (tmp_path / "src").mkdir()
    project = parse_project(MANIFEST.encode(), tmp_path / "kgshare.yaml")
    needs = replace(needs_of(project), bases={"database": tagged, "application": pinned})

    asks = outdated._asks(project.manifest, lock, needs, tmp_path)
    tag, digest = [outdated.answer(ask, Progress(quiet=True)) for ask in asks if "base" in ask[0]]

    assert tag.text() == "base images: all 1 at the newest"
    assert digest.text().startswith("base images by digest: not known: pinned by digest in kgshare.yaml")


def test_without_a_client_it_says_which_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "which", lambda _: None)

    with pytest.raises(LockError, match="skopeo or oras"):
        registry.image_blobs("database", "r.example/jre:1", "amd64", Cache(tmp_path))


@pytest.mark.parametrize(
    ("base", "found"),
    [
        ("debian", {}),
        ("{chainguard: r.example/hardened}", {"database": "r.example/hardened/jre:latest", "application": "r.example/hardened/python:latest"}),
        ("{database: {image: 'r.example:5000/a/jre:21'}}", {"database": "r.example:5000/a/jre:21"}),
        (f"{{application: {{image: 'r.example/py@sha256:{'a' * 64}'}}}}", {"application": f"r.example/py@sha256:{'a' * 64}"}),
    ],
)  # fmt: skip
def test_a_manifest_names_its_bases_in_one_of_three_ways(
    tmp_path: Path, base: str, found: dict[str, str]
) -> None:
    (tmp_path / "src").mkdir()
    project = parse_project(f"{MANIFEST}base: {base}\n".encode(), tmp_path / "kgshare.yaml")

    needs = needs_of(project)

    assert needs.bases == found
    assert [bool(needs.debian[role]) for role in ("database", "application")] == [  # type: ignore[literal-required]
        role not in found for role in ("database", "application")
    ]


@pytest.mark.parametrize(
    "base", ["alpine", "{chainguard: UPPER/x}", "{database: {image: jre}}", "{database: {tag: x}}"]
)
def test_what_is_no_base_is_an_error_of_the_manifest(tmp_path: Path, base: str) -> None:
    (tmp_path / "src").mkdir()

    with pytest.raises(ManifestError, match=r"kgshare\.yaml:9"):
        parse_project(f"{MANIFEST}base: {base}\n".encode(), tmp_path / "kgshare.yaml")


def test_under_an_application_that_comes_whole_nothing_of_ours_stands(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "app.tar").write_bytes(b"")
    whole = f"{MANIFEST}application: {{image: app.tar}}\n"

    project = parse_project(f"{whole}base: {{chainguard: r.example/h}}\n".encode(), tmp_path / "kgshare.yaml")
    assert project.manifest.base_images.application is None
    assert project.manifest.base_images.database
    with pytest.raises(ManifestError, match="nothing stands on"):
        parse_project(
            f"{whole}base: {{application: {{image: r.example/py}}}}\n".encode(), tmp_path / "kgshare.yaml"
        )


def test_only_images_of_the_part_that_changed_are_locked_anew(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    one, other = (
        needs_of(parse_project(f"{MANIFEST}{more}".encode(), tmp_path / "kgshare.yaml")).digests()
        for more in ("", "base: {application: {image: r.example/py:1}}\n")
    )

    assert {part for part in one.keys() | other.keys() if one.get(part) != other.get(part)} == {
        "bases", "debian", "wheels.application"
    }  # fmt: skip
