"""From the archive of a build engine to a bundle, and from a bundle to what Docker is given."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from kgshare.bundle import (
    AMD64,
    REQUIRED,
    Bundle,
    BundleContents,
    BundleImage,
    LayerCache,
    Platform,
    ProjectFile,
    bundle_image,
    docker_archive,
    file_name,
    read_bundle,
    read_image_archive,
    write_bundle,
)
from kgshare.errors import BuildError, BundleError

ARM64 = Platform(architecture="arm64", variant="v8")


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


BASE = tar_of({"etc/os-release": b"ID=debian\n" * 3000})
DATABASE = tar_of({"data/store": bytes(range(256)) * 300})
APPLICATION = tar_of({"app/main.py": b"print('hello')\n"})
# How Go spells it: keys in the order of the struct, < escaped.
CONFIG = (
    '{"architecture":"%s","config":{"User":"7474","Entrypoint":["/x"]},"created":"1970-01-01T00:00:00Z",'
    '"history":[{"created_by":"RUN a \\u003c b"}],"os":"linux"%s,"rootfs":{"type":"layers","diff_ids":%s}}'
)


def archive(
    path: Path,
    *images: tuple[str, list[bytes]],
    compression: str = "",
    nested: bool = False,
    platform: Platform = AMD64,
) -> Path:
    """What a build engine writes: an OCI layout with the images, tagged."""
    blobs: dict[str, bytes] = {}

    def put(data: bytes) -> dict[str, Any]:
        blobs["blobs/" + sha(data).replace(":", "/")] = data
        return {"digest": sha(data), "size": len(data)}

    press = {"": bytes, "gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}[compression]
    entries = []
    for tag, layers in images:
        diff_ids = json.dumps([sha(layer) for layer in layers])
        variant = f',"variant":"{platform.variant}"' if platform.variant else ""
        config = (CONFIG % (platform.architecture, variant, diff_ids)).encode()
        kind = "application/vnd.oci.image.layer.v1.tar" + ("+" + compression if compression else "")
        manifest = {
            "config": put(config),
            "layers": [{"mediaType": kind, **put(press(layer))} for layer in layers],
        }
        entry = {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            **put(json.dumps(manifest).encode()),
        }
        attestation = {**entry, "platform": {"os": "unknown", "architecture": "unknown"}}
        if nested:
            index = put(json.dumps({"manifests": [entry, attestation]}).encode())
            entry = {"mediaType": "application/vnd.oci.image.index.v1+json", **index}
        entries.append({**entry, "annotations": {"io.containerd.image.name": tag}})
    path.write_bytes(tar_of({**blobs, "index.json": json.dumps({"manifests": entries}).encode()}))
    return path


def image(tmp_path: Path, role: str, layers: list[bytes], platform: Platform = AMD64) -> BundleImage:
    source = archive(tmp_path / f"{role}-{platform.architecture}.tar", ("x:1", layers), platform=platform)
    arch = "" if platform == AMD64 else f"-{platform.architecture}"
    cache = LayerCache(tmp_path / "cache")
    reference = f"localhost/demo/{role}:1.0{arch}"
    return bundle_image(read_image_archive(source), cache, role=role, reference=reference)


def contents(tmp_path: Path, **changes: Any) -> BundleContents:
    images = (
        image(tmp_path, "database", [BASE, DATABASE]),
        image(tmp_path, "application", [BASE, APPLICATION]),
    )
    graph = tmp_path / "nodes.txt"
    graph.write_bytes(b"n1\nn2\n")
    files = [ProjectFile(name=n, media_type=t, source=n.encode()) for n, t in REQUIRED.items()]
    files.append(ProjectFile(name="graph/nodes.txt", media_type="text/plain", source=graph))
    made = {"name": "demo", "version": "1.0", "images": images, "files": tuple(files)} | changes
    return BundleContents(**made)


def written(tmp_path: Path, **changes: Any) -> Bundle:
    return write_bundle(contents(tmp_path, **changes), tmp_path / file_name("demo", "1.0"))


def unpacked(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {m.name: stream.read() for m in tar.getmembers() if (stream := tar.extractfile(m))}


def test_the_same_contents_make_the_same_bytes_in_whatever_order_they_come(tmp_path: Path) -> None:
    first = written(tmp_path).path.read_bytes()
    for name in ("other", "cache"):
        (tmp_path / name).mkdir(exist_ok=True)
    made = contents(tmp_path / "other")
    turned = BundleContents(name="demo", version="1.0", images=made.images[::-1], files=made.files[::-1])
    assert write_bundle(turned, tmp_path / "b.kgshare.tar").path.read_bytes() == first


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    bundle = written(tmp_path)
    assert read_bundle(bundle.path) == bundle
    assert [i.role for i in bundle.images] == ["application", "database"]
    assert bundle.images[1].diff_ids == (sha(BASE), sha(DATABASE))
    assert bundle.read_file("graph/nodes.txt") == b"n1\nn2\n"
    members = unpacked(bundle.path.read_bytes())
    assert bundle.digest == sha(members["index.json"])
    assert members["compose.yaml"] == bundle.read_file("compose.yaml")
    assert bundle.size == bundle.path.stat().st_size


def test_a_layer_of_two_images_is_in_the_file_once(tmp_path: Path) -> None:
    bundle = written(tmp_path)
    application, database = bundle.images
    assert application.layer_digests[0] == database.layer_digests[0]
    assert len([n for n in unpacked(bundle.path.read_bytes()) if application.layer_digests[0][7:] in n]) == 1


def test_nothing_is_written_where_the_contents_are_wrong_and_all_problems_are_told(tmp_path: Path) -> None:
    good = contents(tmp_path)
    twice = (*good.images, good.images[0])
    bad = BundleContents(name="De mo", version="1.0", images=twice, files=good.files[1:])
    with pytest.raises(BundleError) as caught:
        write_bundle(bad, tmp_path / "bad.kgshare.tar")
    told = str(caught.value)
    assert "'De mo'" in told
    assert "database for linux/amd64" in told
    assert "'localhost/demo/database:1.0': occurs twice" in told
    assert "'README.md': is missing" in told
    assert not list(tmp_path.glob("*.kgshare.tar*"))
    assert not list(tmp_path.glob(".bad*"))


def test_a_cached_layer_that_was_altered_leaves_the_old_bundle_in_place(tmp_path: Path) -> None:
    bundle = written(tmp_path)
    before = bundle.path.read_bytes()
    made = contents(tmp_path)
    made.images[0].layers[0].path.write_bytes(b"x")
    with pytest.raises(BundleError, match="is not the sha256:"):
        write_bundle(made, bundle.path)
    assert bundle.path.read_bytes() == before
    assert not list(tmp_path.glob(".demo*"))


def test_an_unchanged_layer_is_not_compressed_again(tmp_path: Path) -> None:
    first = image(tmp_path, "database", [BASE, DATABASE])
    stamp = first.layers[0].path.stat().st_mtime_ns
    again = image(tmp_path, "database", [BASE, APPLICATION])
    assert again.layers[0] == first.layers[0]
    assert again.layers[0].path.stat().st_mtime_ns == stamp


def test_a_cached_layer_that_was_altered_is_made_again(tmp_path: Path) -> None:
    first = image(tmp_path, "database", [BASE])
    first.layers[0].path.write_bytes(b"broken")
    again = image(tmp_path, "database", [BASE])
    assert sha(again.layers[0].path.read_bytes()) == first.layers[0].digest


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_however_the_engine_compressed_a_layer_the_bundle_has_the_same(
    compression: str, tmp_path: Path
) -> None:
    plain = image(tmp_path, "database", [BASE, DATABASE])
    source = archive(tmp_path / "a.tar", ("x:1", [BASE, DATABASE]), compression=compression, nested=True)
    made = bundle_image(
        read_image_archive(source),
        LayerCache(tmp_path / f"cache-{compression}"),
        role="database",
        reference="localhost/demo/database:1.0",
    )
    assert [x.digest for x in made.layers] == [x.digest for x in plain.layers]
    assert made.config == plain.config


def test_a_config_is_spelt_canonically_and_keeps_all_it_says(tmp_path: Path) -> None:
    config = image(tmp_path, "database", [BASE]).config
    assert json.loads(config) == json.loads(CONFIG % ("amd64", "", json.dumps([sha(BASE)])))
    assert b"a < b" in config
    assert config.startswith(b'{"architecture":"amd64","config":{"Entrypoint":')


def test_the_image_of_an_archive_is_chosen_by_its_tag(tmp_path: Path) -> None:
    source = archive(tmp_path / "a.tar", ("host/library/a:1", [BASE]), ("host/library/b:1", [APPLICATION]))
    assert [x.diff_id for x in read_image_archive(source, reference="b:1").layers] == [sha(APPLICATION)]
    with pytest.raises(BuildError, match="2 images"):
        read_image_archive(source)
    with pytest.raises(BuildError, match="0 images of c:1"):
        read_image_archive(source, reference="c:1")


def test_an_archive_whose_layer_is_another_is_refused(tmp_path: Path) -> None:
    source = archive(tmp_path / "a.tar", ("a:1", [DATABASE]))
    source.write_bytes(source.read_bytes().replace(bytes(range(256)), bytes(256)))
    found = read_image_archive(source)
    with pytest.raises(BuildError, match="its bytes have the digest"):
        bundle_image(found, LayerCache(tmp_path / "cache"), role="database", reference="localhost/a:1")
    assert not list((tmp_path / "cache").rglob("*.zst"))
    assert not list((tmp_path / "cache").rglob(".new*"))


def test_something_that_is_no_archive_is_refused_with_the_next_step(tmp_path: Path) -> None:
    for data in (b"", b"hello" * 500, tar_of({"manifest.json": b"[]"}), tar_of({"index.json": b"[1]"})):
        (tmp_path / "a.tar").write_bytes(data)
        with pytest.raises(BuildError, match="Docker Engine 25 or newer"):
            read_image_archive(tmp_path / "a.tar")


def test_docker_is_given_one_platform_under_the_tags_asked_for_in_both_its_files(tmp_path: Path) -> None:
    arm = image(tmp_path, "database", [BASE, APPLICATION], ARM64)
    bundle = written(tmp_path, images=(*contents(tmp_path).images, arm))
    tags = {"database": "localhost/mine/db:2"}
    for platform, layers in ((AMD64, [BASE, DATABASE]), (ARM64, [BASE, APPLICATION])):
        members = unpacked(b"".join(docker_archive(bundle, tags, platform)))
        index, docker = json.loads(members["index.json"]), json.loads(members["manifest.json"])
        assert [e["annotations"]["io.containerd.image.name"] for e in index["manifests"]] == list(
            tags.values()
        )
        assert docker[0]["RepoTags"] == list(tags.values())
        manifest = json.loads(members["blobs/" + index["manifests"][0]["digest"].replace(":", "/")])
        assert ["blobs/" + x["digest"].replace(":", "/") for x in manifest["layers"]] == docker[0]["Layers"]
        assert "blobs/" + manifest["config"]["digest"].replace(":", "/") == docker[0]["Config"]
        plain = [
            zstandard.ZstdDecompressor().decompressobj().decompress(members[x]) for x in docker[0]["Layers"]
        ]
        assert plain == layers
        assert len(members) == 3 + 2 + len(layers)


def test_docker_is_given_nothing_that_is_not_there(tmp_path: Path) -> None:
    bundle = written(tmp_path)
    with pytest.raises(
        BundleError, match=r"no image 'database' for linux/arm64/v8.*database for linux/amd64"
    ):
        docker_archive(bundle, {"database": "localhost/a:1"}, ARM64)
    with pytest.raises(BundleError, match="full image reference"):
        docker_archive(bundle, {"database": "a:1"}, AMD64)
    with pytest.raises(BundleError, match="one tag for two images"):
        docker_archive(bundle, {"database": "localhost/a:1", "application": "localhost/a:1"}, AMD64)


def test_a_file_that_changes_after_it_was_verified_is_noticed_before_its_last_byte_is_used(
    tmp_path: Path,
) -> None:
    bundle = written(tmp_path)
    layer = bundle.blobs[bundle.images[0].layer_digests[0]]
    data = bytearray(bundle.path.read_bytes())
    data[layer.offset + layer.size // 2] ^= 1
    data[bundle.files["compose.yaml"].offset] ^= 1
    bundle.path.write_bytes(data)
    sent = []
    with pytest.raises(BundleError, match="changed since the bundle was verified"):
        sent.extend(docker_archive(bundle, {"application": "localhost/a:1"}, AMD64))
    with pytest.raises(tarfile.ReadError):
        unpacked(b"".join(sent))
    with pytest.raises(BundleError, match="changed since the bundle was verified"):
        bundle.read_file("compose.yaml")


def test_a_file_that_is_not_in_the_bundle_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"compose\.yaml"):
        written(tmp_path).read_file("nothing.txt")


def test_a_bundle_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read: No such file"):
        read_bundle(tmp_path / "none.kgshare.tar")
