"""Two builds from one lock: what must be the same in bytes, what in canonical text, and how a difference is explained."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kgshare.bundle import ImageArchive, LayerCache
from kgshare.bundle.layercache import LayerSource
from kgshare.errors import ReproducibleError
from kgshare.reproduce.command import Built, compare, problems_of
from kgshare.reproduce.differences import first_difference, in_layers, is_store

File = tuple[bytes, int, int]  # content, mode, time


def layer(path: Path, files: Mapping[str, File]) -> LayerSource:
    with tarfile.open(path, "w") as tar:
        for name, (content, mode, time) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(content), mode, time
            tar.addfile(member, io.BytesIO(content))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return LayerSource(diff_id=f"sha256:{digest}", path=path, offset=0, size=path.stat().st_size)


def build(
    folder: Path,
    app: Mapping[str, File] | None = None,
    store: bytes = b"7",
    graph: str = "a" * 64,
    created: str = "2013",
) -> Built:
    folder.mkdir()
    program = layer(folder / "app.tar", app or {"app/x.py": (b"print(1)\n", 0o644, 0)})
    data = layer(folder / "data.tar", {"data/databases/neo4j/neostore": (store, 0o640, 0)})
    config = {"created": created, "rootfs": {"type": "layers"}}

    def image(*layers: LayerSource) -> ImageArchive:
        said: dict[str, Any] = {**config, "rootfs": {"diff_ids": [source.diff_id for source in layers]}}
        return ImageArchive(config=json.dumps(said).encode(), layers=layers, platform="linux/amd64")

    return Built(
        images={"database": image(program, data), "application": image(program)},
        graph=graph,
        cache=LayerCache(folder / "layers"),
    )


def said(one: Built, other: Built) -> dict[str, str]:
    return {problem.where: problem.message for problem in problems_of(one, other)}


def test_equal_builds_differ_in_nothing_though_their_stores_have_other_bytes(tmp_path: Path) -> None:
    one, other = build(tmp_path / "1", store=b"random 1"), build(tmp_path / "2", store=b"random 22")

    assert said(one, other) == {}
    report = compare(one, other, "tiny 1.0.0", 1.5)
    assert [(row.image, row.number, row.held) for row in report.layers] == [
        ("database", 1, "bytes"),
        ("database", 2, "canonical text"),
        ("application", 1, "bytes"),
    ]
    assert report.layers[1].diff_id == f"sha256:{'a' * 64}"
    assert report.layers[0].digest.startswith("sha256:")


def test_a_layer_with_the_store_and_another_file_is_held_to_its_bytes(tmp_path: Path) -> None:
    store: dict[str, File] = {"data/databases/neo4j/neostore": (b"7", 0o640, 0)}
    assert is_store(layer(tmp_path / "store", {**store, "data/transactions/x": (b"", 0o640, 0)}))
    assert not is_store(layer(tmp_path / "more", {**store, "usr/bin/x": (b"", 0o755, 0)}))
    assert not is_store(layer(tmp_path / "none", {"data/x": (b"", 0o640, 0)}))


def test_of_an_image_without_the_store_the_digest_of_its_configuration_is_told(tmp_path: Path) -> None:
    one, other = build(tmp_path / "1"), build(tmp_path / "2")
    told = compare(one, other, "tiny 1.0.0", 1.5).configs
    assert told["application"] == "sha256:" + hashlib.sha256(one.images["application"].config).hexdigest()
    assert told["database"] != "sha256:" + hashlib.sha256(one.images["database"].config).hexdigest()


def test_a_store_of_another_graph_is_another_build(tmp_path: Path) -> None:
    one, other = build(tmp_path / "1"), build(tmp_path / "2", graph="b" * 64)

    assert "canonical text" in said(one, other)["graph"]


def test_each_difference_is_told_by_file_and_how(tmp_path: Path) -> None:
    before: dict[str, File] = {
        "a": (b"same", 0o644, 0),
        "b": (b"one two", 0o644, 0),
        "c": (b"", 0o644, 0),
        "d": (b"", 0o644, 0),
        "e": (b"", 0o644, 5),
    }
    after: dict[str, File] = {
        **before, "b": (b"one 2", 0o644, 0), "c": (b"", 0o755, 0), "e": (b"", 0o644, 9), "f": (b"", 0o644, 0)
    }  # fmt: skip
    del after["d"]

    found = {d.where: d.what for d in in_layers(layer(tmp_path / "1", before), layer(tmp_path / "2", after))}

    assert found == {
        "b": "size 7 and 5; content; from byte 4: 74 77 6f and 32",
        "c": "mode 644 and 755",
        "d": "only the first build has it",
        "e": "time 5 and 9",
        "f": "only the second build has it",
    }


def test_the_same_files_in_another_order_are_another_layer(tmp_path: Path) -> None:
    files: dict[str, File] = {"a": (b"", 0o644, 0), "b": (b"", 0o644, 0)}
    one = layer(tmp_path / "1", files)
    other = layer(tmp_path / "2", dict(reversed(files.items())))

    [difference] = in_layers(one, other)

    assert (difference.where, difference.what) == ("a", "the same files in another order: here stands b")


def test_what_differs_in_hundreds_of_files_is_told_of_some(tmp_path: Path) -> None:
    one, other = ({f"{n:03}": (b"", 0o644, time) for n in range(99)} for time in (1, 2))

    found = in_layers(layer(tmp_path / "1", one), layer(tmp_path / "2", other))

    assert (len(found), found[-1].what) == (21, "and 79 more")


def test_bytes_are_shown_where_they_part(tmp_path: Path) -> None:
    assert first_difference(b"abc", b"abd") == "from byte 2: 63 and 64"
    assert first_difference(b"ab", b"abd") == "from byte 2: its end and 64"


def test_the_command_says_what_differs_and_ends_with_the_code_of_a_build_that_failed(tmp_path: Path) -> None:
    one = build(tmp_path / "1")
    other = build(tmp_path / "2", app={"app/x.py": (b"print(2)\n", 0o644, 0)}, created="2014")

    with pytest.raises(ReproducibleError) as caught:
        compare(one, other, "tiny", 0)

    assert caught.value.exit_code == 6
    assert [problem.where for problem in caught.value.problems] == [
        "database image, layer 1: app/x.py",
        "database image",
        "application image, layer 1: app/x.py",
        "application image",
    ]
    assert "created: 2013 and 2014" in caught.value.problems[1].message
    assert [bool(problem.hint) for problem in caught.value.problems] == [False, False, False, True]


def test_a_file_more_in_a_store_is_told_though_its_bytes_are_not_compared(tmp_path: Path) -> None:
    one, other = build(tmp_path / "1"), build(tmp_path / "2")
    more = layer(
        tmp_path / "more",
        dict.fromkeys(("data/databases/neo4j/neostore", "data/databases/neo4j/x"), (b"", 416, 0)),
    )
    image = other.images["database"]
    other.images["database"] = dataclasses.replace(image, layers=(image.layers[0], more))

    assert said(one, other) == {
        "database image, layer 2: data/databases/neo4j/x": "only the second build has it"
    }
