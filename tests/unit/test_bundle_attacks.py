"""Every way of altering a bundle that has a name, as a table; and many that have none."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import zstandard

from kgshare.bundle import (
    AMD64,
    REQUIRED,
    BundleContents,
    BundleImage,
    LayerBlob,
    ProjectFile,
    read_bundle,
    write_bundle,
)
from kgshare.errors import BundleError

Members = list[tuple[str, bytes]]
BLOCK = 512


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(data: bytes) -> str:
    return "blobs/" + sha(data).replace(":", "/")


def canon(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Entry:
    """A member of a layer."""

    name: str
    type: bytes = tarfile.REGTYPE
    link: str = ""
    data: bytes = b""


def layer_tar(*entries: Entry) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.type, info.linkname, info.size = entry.type, entry.link, len(entry.data)
            tar.addfile(info, io.BytesIO(entry.data))
    return out.getvalue()


GOOD_LAYER = layer_tar(
    Entry("etc/", tarfile.DIRTYPE),
    Entry("etc/os-release", data=b"ID=debian\n"),
    Entry("etc/again", tarfile.LNKTYPE, "etc/os-release"),
    Entry("bin", tarfile.SYMTYPE, "/usr/bin"),
    Entry("opt/" + "long/" * 60 + "name", data=b"x"),
)
DATA_LAYER = layer_tar(Entry("data/store", data=bytes(range(256)) * 40))


@dataclass
class Parts:
    """A bundle's parts, from which `pack` makes a file that is consistent but for what an attack changes."""

    layers: list[bytes]  # uncompressed
    zipped: list[bytes] = field(default_factory=list)
    unpacked: list[int] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    config_bytes: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    image: dict[str, Any] = field(default_factory=dict)  # merged over the manifest
    image_bytes: Callable[[bytes], bytes] = lambda data: data
    project: dict[str, Any] = field(default_factory=dict)
    index: Callable[[dict[str, Any]], Any] = lambda index: index
    index_bytes: Callable[[bytes], bytes] = lambda data: data
    docker: Callable[[list[Any]], Any] = lambda docker: docker
    top: dict[str, bytes] = field(default_factory=dict)
    layout: bytes = b'{"imageLayoutVersion":"1.0.0"}'
    layer_type: str = "application/vnd.oci.image.layer.v1.tar+zstd"
    layer_size: int = 0  # added to the announced size of the first layer


def good_parts() -> Parts:
    config = {"architecture": "amd64", "os": "linux", "config": {"User": "7474"}}
    files = {name: f"{name}: grün\n".encode() for name in REQUIRED} | {"graph/nodes.txt": b"n1\nn2\n"}
    types = {**REQUIRED, "graph/nodes.txt": "application/vnd.kgshare.graph.v1"}
    return Parts(layers=[GOOD_LAYER, DATA_LAYER], config=config, files=files, types=types)


def members(parts: Parts) -> Members:
    """The members of a bundle, independently of the code under test."""
    zipped = parts.zipped or [zstandard.ZstdCompressor(level=3).compress(layer) for layer in parts.layers]
    rootfs = {"type": "layers", "diff_ids": [sha(layer) for layer in parts.layers]}
    config = parts.config_bytes or canon({"rootfs": rootfs, **parts.config})
    manifest_type = "application/vnd.oci.image.manifest.v1+json"
    sizes = parts.unpacked or [len(layer) for layer in parts.layers]
    layers = [
        {
            "mediaType": parts.layer_type,
            "digest": sha(data),
            "size": len(data),
            "annotations": {"dev.kgshare.unpacked-size": str(size)},
        }
        for data, size in zip(zipped, sizes, strict=True)
    ]
    layers[0]["size"] = len(zipped[0]) + parts.layer_size
    config_type = "application/vnd.oci.image.config.v1+json"
    image = parts.image_bytes(
        canon(
            {
                "schemaVersion": 2,
                "mediaType": manifest_type,
                "config": {"mediaType": config_type, "digest": sha(config), "size": len(config)},
                "layers": layers,
            }
            | parts.image
        )
    )
    files = sorted(parts.files.items())
    project_type = "application/vnd.kgshare.project.v1"
    project = canon(
        {
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "artifactType": project_type,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": sha(b"{}"), "size": 2},
            "layers": [
                {
                    "mediaType": parts.types[name],
                    "digest": sha(data),
                    "size": len(data),
                    "annotations": {"org.opencontainers.image.title": name},
                }
                for name, data in files
            ],
        }
        | parts.project
    )
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "artifactType": "application/vnd.kgshare.bundle.v1",
        "annotations": {"org.opencontainers.image.title": "demo", "org.opencontainers.image.version": "1.0"},
        "manifests": [
            {
                "mediaType": manifest_type,
                "digest": sha(image),
                "size": len(image),
                "platform": {"architecture": "amd64", "os": "linux"},
                "annotations": {
                    "dev.kgshare.role": "database",
                    "io.containerd.image.name": "localhost/demo/database:1.0",
                    "org.opencontainers.image.ref.name": "database",
                },
            },
            {
                "mediaType": manifest_type,
                "artifactType": project_type,
                "digest": sha(project),
                "size": len(project),
                "annotations": {
                    "io.containerd.image.name": "localhost/demo/project:1.0",
                    "org.opencontainers.image.ref.name": "project",
                },
            },
        ],
    }
    docker = [
        {
            "Config": blob(config),
            "RepoTags": ["localhost/demo/database:1.0"],
            "Layers": [blob(data) for data in zipped],
        }
    ]
    top = {name: parts.files.get(name, b"") for name in ("README.md", "compose.yaml")} | parts.top
    found = [
        ("oci-layout", parts.layout),
        ("index.json", parts.index_bytes(canon(parts.index(index)))),
        ("manifest.json", canon(parts.docker(docker))),
        *top.items(),
    ]
    blobs = dict.fromkeys([image, project, b"{}", config, *(data for _, data in files), *zipped])
    return found + [(blob(data), data) for data in blobs]


def pack(found: Members, **changed: Any) -> bytes:
    """A ustar file as a bundle must be; ``changed`` sets fields of the first layer's header."""
    out = b""
    for number, (name, data) in enumerate(found):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        if number == 1:
            for key, value in changed.items():
                setattr(info, key, value)
        header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
        header[329:345] = (
            b"0000000\0" * 2
        )  # Python leaves a regular file's device fields empty or not, by version
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        out += bytes(header) + data + bytes(-len(data) % BLOCK)
    return out + bytes(2 * BLOCK)


def good() -> bytes:
    return pack(members(good_parts()))


def parts(**changes: Any) -> bytes:
    made = good_parts()
    for name, value in changes.items():
        setattr(made, name, value)
    return pack(members(made))


def layers(*entries: Entry) -> bytes:
    return parts(layers=[layer_tar(*entries), DATA_LAYER])


def raw_layer(data: bytes) -> bytes:
    return parts(layers=[data, DATA_LAYER])


def zipped_layer(data: bytes, layer: bytes = GOOD_LAYER, unpacked: int | None = None) -> bytes:
    second = zstandard.ZstdCompressor().compress(DATA_LAYER)
    size = len(layer) if unpacked is None else unpacked
    return parts(layers=[layer, DATA_LAYER], zipped=[data, second], unpacked=[size, len(DATA_LAYER)])


def moved(change: Callable[[Members], Members]) -> bytes:
    return pack(change(members(good_parts())))


def flipped(position: int) -> bytes:
    data = bytearray(good())
    data[position] ^= 1
    return bytes(data)


def place(name: str) -> int:
    """Where the data of a member begins."""
    position = 0
    for member, data in members(good_parts()):
        if member == name:
            return position + BLOCK
        position += BLOCK + len(data) + -len(data) % BLOCK
    raise AssertionError(name)


def image_entry(change: Callable[[dict[str, Any]], Any]) -> bytes:
    def index(value: dict[str, Any]) -> dict[str, Any]:
        change(value["manifests"][0])
        return value

    return parts(index=index)


def in_index(change: Callable[[dict[str, Any]], Any]) -> bytes:
    def index(value: dict[str, Any]) -> dict[str, Any]:
        change(value)
        return value

    return parts(index=index)


def docker(change: Callable[[list[Any]], Any]) -> bytes:
    def manifest(value: list[Any]) -> list[Any]:
        change(value)
        return value

    return parts(docker=manifest)


def without(name: str) -> bytes:
    made = good_parts()
    del made.files[name]
    return pack(members(made))


def with_file(name: str, data: bytes, media_type: str) -> bytes:
    made = good_parts()
    made.files[name], made.types[name] = data, media_type
    return pack(members(made))


def symlink_member() -> bytes:
    return pack(members(good_parts()), type=tarfile.SYMTYPE, linkname="/etc/passwd", size=0)


def two_frames(second: bytes) -> bytes:
    return zipped_layer(zstandard.ZstdCompressor().compress(GOOD_LAYER) + second)


def bomb() -> bytes:
    """A gibibyte of zeros, announced as the ten kilobytes of the good layer."""
    engine = zstandard.ZstdCompressor(level=1).compressobj()
    data = b"".join(engine.compress(bytes(1 << 24)) for _ in range(64)) + engine.flush()
    return zipped_layer(data)


def big_pax() -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 30
    return raw_layer(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2 * BLOCK))


def head(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, **fields: Any) -> bytes:
    """A member's header; of ``fields``, ``at`` puts bytes at offsets before the checksum is made."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    block = bytearray(info.tobuf(fields.get("form", tarfile.USTAR_FORMAT)))
    for offset, data in fields.get("at", {}).items():
        block[offset : offset + len(data)] = data
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax(*said: tuple[str, str], kind: bytes = tarfile.XHDTYPE) -> bytes:
    """An extended header, which may say a word twice."""
    records = b""
    for key, value in said:
        body = f" {key}={value}\n".encode()
        size = next(n for n in range(len(body), len(body) + 5) if n == len(body) + len(str(n)))
        records += str(size).encode() + body
    return head("x", kind, len(records)) + records + bytes(-len(records) % BLOCK)


def long_name(name: bytes, kind: bytes = tarfile.GNUTYPE_LONGNAME) -> bytes:
    return head("././@LongLink", kind, len(name), form=tarfile.GNU_FORMAT) + name.ljust(BLOCK, b"\0")


def raw(*blocks: bytes) -> Callable[[], bytes]:
    """A bundle whose first layer has these headers; how an engine would read each is what the attack is about."""
    return lambda: raw_layer(b"".join(blocks) + bytes(2 * BLOCK))


HIDDEN = head("../../etc/cron.d/x") + head("dev/sda", tarfile.BLKTYPE)
AGED = head("x", form=tarfile.GNU_FORMAT, at={345: b"00000000001\0"})


def tail(data: bytes) -> bytes:
    return GOOD_LAYER + data


FIRST_LAYER = blob(zstandard.ZstdCompressor(level=3).compress(GOOD_LAYER))
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"

# name → (the altered file, words the reason must hold)
ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    # The file
    "empty file": (lambda: b"", "truncated"),
    "not a tar": (lambda: b"PK\3\4" * 4000, "must come here"),
    "truncated in a header": (lambda: good()[:300], "truncated"),
    "truncated in a layer": (lambda: good()[: place(FIRST_LAYER) + 9], "truncated"),
    "truncated after the last blob": (lambda: good()[: -2 * BLOCK], "not two blocks of zeros"),
    "truncated by one byte": (lambda: good()[:-1], "not two blocks of zeros"),
    "one byte more at the end": (lambda: good() + b"\0", "bytes follow after the end"),
    "padded to 10240 as tar does": (lambda: good() + bytes(-len(good()) % 10240), "bytes follow"),
    "another archive behind the end": (lambda: good() + good(), "bytes follow after the end"),
    "padding not zero": (lambda: flipped(place("oci-layout") + 100), "padding after it is not zero"),
    "end block not zero": (lambda: flipped(len(good()) - 3), "not two blocks of zeros"),
    "byte flipped in a layer": (lambda: flipped(place(FIRST_LAYER) + 40), "it was altered"),
    "byte flipped in README.md": (lambda: flipped(place("README.md")), "differs from the file"),
    # Members
    "members swapped": (lambda: moved(lambda m: [m[0], m[2], m[1], *m[3:]]), "must come here"),
    "blobs swapped": (lambda: moved(lambda m: [*m[:-2], m[-1], m[-2]]), "must come here"),
    "member twice": (lambda: moved(lambda m: [*m[:2], *m[1:]]), "must come here"),
    "last blob twice": (lambda: moved(lambda m: [*m, m[-1]]), "reachable from no manifest"),
    "blob that nothing names": (lambda: moved(lambda m: [*m, (blob(b"hi"), b"hi")]), "reachable from no"),
    "file at the top that nothing names": (
        lambda: moved(lambda m: [*m, ("run.sh", b"hi")]),
        "reachable from",
    ),
    "folder entries": (lambda: moved(lambda m: [*m[:5], ("blobs/", b""), *m[5:]]), "must come here"),
    "missing blob": (lambda: moved(lambda m: m[:-1]), "must come here"),
    "missing README.md": (lambda: moved(lambda m: [x for x in m if x[0] != "README.md"]), "must come here"),
    "missing oci-layout": (lambda: moved(lambda m: m[1:]), "must come here"),
    "traversal in a member's name": (lambda: pack(members(good_parts()), name="../index.json"), "must come"),
    "symbolic link as member": (symlink_member, "tar header"),
    "hard link as member": (lambda: pack(members(good_parts()), type=tarfile.LNKTYPE), "tar header"),
    "device as member": (lambda: pack(members(good_parts()), type=tarfile.CHRTYPE), "tar header"),
    "another time": (lambda: pack(members(good_parts()), mtime=1), "tar header"),
    "another mode": (lambda: pack(members(good_parts()), mode=0o755), "tar header"),
    "another owner": (lambda: pack(members(good_parts()), uid=1000), "tar header"),
    "an owner's name": (lambda: pack(members(good_parts()), uname="root"), "tar header"),
    "pax instead of ustar": (
        lambda: members_with_pax(),
        "must come here",
    ),
    "checksum of a header": (lambda: flipped(150), "tar header"),
    # Documents
    "another layout version": (
        lambda: parts(layout=b'{"imageLayoutVersion":"1.1.0"}'),
        "not that of version",
    ),
    "index is no JSON": (lambda: parts(index_bytes=lambda d: d[:-1]), "is not JSON"),
    "index is a list": (lambda: parts(index_bytes=lambda d: b"[]"), "index.json"),
    "index with spaces": (lambda: parts(index_bytes=lambda d: d.replace(b":", b": ", 1)), "not canonical"),
    "index with a line end": (lambda: parts(index_bytes=lambda d: d + b"\n"), "not canonical"),
    "index with an escape": (
        lambda: parts(index_bytes=lambda d: d.replace(b"demo", b"d\\u0065mo", 1)),
        "canonical",
    ),
    "key twice in the index": (
        lambda: parts(index_bytes=lambda d: d[:-1] + b',"schemaVersion":2}'),
        "occurs twice",
    ),
    "key twice in a manifest": (
        lambda: parts(image_bytes=lambda d: d[:-1] + b',"schemaVersion":2}'),
        "occurs twice",
    ),
    "deeply nested JSON": (lambda: parts(index_bytes=lambda d: b"[" * 200_000), "is not JSON"),
    "fraction in the index": (
        lambda: parts(index_bytes=lambda d: d.replace(b":2}", b":2.0}")),
        "not an integer",
    ),
    "index of a megabyte": (lambda: in_index(lambda i: i.update(x="y" * (1 << 20))), "more than"),
    "unknown key in the index": (lambda: in_index(lambda i: i.update(subject={})), "extra inputs"),
    "unknown key in a manifest": (lambda: parts(image={"subject": None}), "extra inputs"),
    "unknown annotation": (lambda: image_entry(lambda e: e["annotations"].update(x="y")), "extra inputs"),
    "nested index": (lambda: image_entry(lambda e: e.update(mediaType=INDEX_TYPE)), "index inside the index"),
    "newer format": (
        lambda: in_index(lambda i: i.update(artifactType="application/vnd.kgshare.bundle.v2")),
        "another format",
    ),
    "unknown type of bundle": (lambda: in_index(lambda i: i.update(artifactType="a/b")), "artifactType"),
    "unknown media type of a layer": (lambda: parts(layer_type="application/x-tar"), "mediaType"),
    "layer from elsewhere": (
        lambda: parts(layer_type="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
        "mediaType",
    ),
    "wrong media type of a known file": (
        lambda: with_file("compose.yaml", b"x", "text/plain"),
        "must have 'application/vnd.kgshare.compose.v1+yaml'",
    ),
    "project artifact first": (lambda: in_index(lambda i: i["manifests"].reverse()), "images first"),
    "no project artifact": (lambda: in_index(lambda i: i["manifests"].pop()), "images first"),
    "two project artifacts": (
        lambda: in_index(lambda i: i["manifests"].append(i["manifests"][-1])),
        "images first",
    ),
    "no image": (
        lambda: moved_without_image(),
        "no image",
    ),
    "image twice": (
        lambda: in_index(lambda i: i["manifests"].insert(0, i["manifests"][0])),
        "occurs twice",
    ),
    "wrong size of a manifest": (lambda: image_entry(lambda e: e.update(size=e["size"] + 1)), "size"),
    "huge size of a manifest": (lambda: image_entry(lambda e: e.update(size=1 << 30)), "more than"),
    "negative size": (lambda: image_entry(lambda e: e.update(size=-1)), "greater than"),
    "size as text": (lambda: image_entry(lambda e: e.update(size=str(e["size"]))), "size"),
    "wrong size of a layer": (lambda: parts(layer_size=1), "does not have the size"),
    "digest of another kind": (lambda: image_entry(lambda e: e.update(digest="md5:" + "0" * 32)), "digest"),
    "traversal in a digest": (lambda: image_entry(lambda e: e.update(digest="sha256:../../x")), "digest"),
    "short image name": (
        lambda: image_entry(lambda e: e["annotations"].update({"io.containerd.image.name": "debian:13"})),
        "full image reference",
    ),
    "index with another tag than manifest.json": (
        lambda: image_entry(
            lambda e: e["annotations"].update({"io.containerd.image.name": "localhost/evil/database:1.0"})
        ),
        "does not agree with index.json",
    ),
    "manifest.json with another tag": (
        lambda: docker(lambda d: d[0].update(RepoTags=["localhost/evil/database:1.0"])),
        "does not agree with index.json",
    ),
    "manifest.json with two tags": (lambda: docker(lambda d: d[0]["RepoTags"].append("x:1")), "agree"),
    "manifest.json with layers reversed": (lambda: docker(lambda d: d[0]["Layers"].reverse()), "agree"),
    "manifest.json with another config": (
        lambda: docker(lambda d: d[0].update(Config=d[0]["Layers"][0])),
        "agree",
    ),
    "manifest.json with one image more": (lambda: docker(lambda d: d.append(d[0])), "agree"),
    "manifest.json empty": (lambda: docker(lambda d: d.clear()), "agree"),
    "image for another platform than its config": (
        lambda: image_entry(lambda e: e.update(platform={"architecture": "arm64", "os": "linux"})),
        "the index says linux/arm64",
    ),
    "config not canonical": (lambda: parts(config_bytes=b'{ "os":"linux"}'), "not canonical"),
    "config with one layer less": (
        lambda: parts(
            config={"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
        ),
        "names 0 layers, the manifest 2",
    ),
    # Files of the project
    "compose.yaml that differs from its blob": (
        lambda: parts(top={"compose.yaml": b"privileged"}),
        "differs",
    ),
    "README.md that differs from its blob": (lambda: parts(top={"README.md": b"curl | sh"}), "differs"),
    "no compose.yaml in the project": (lambda: without("compose.yaml"), "is missing"),
    "no kgshare.lock in the project": (lambda: without("kgshare.lock"), "is missing"),
    "traversal in a file's name": (
        lambda: with_file("../x", b"x", "text/plain"),
        "not a plain relative name",
    ),
    "absolute file name": (lambda: with_file("/etc/x", b"x", "text/plain"), "not a plain relative name"),
    # Layers
    "layer that is another one": (
        lambda: zipped_layer(zstandard.ZstdCompressor().compress(GOOD_LAYER.replace(b"debian", b"deviln"))),
        "does not decompress to",
    ),
    "layer that is not zstd": (lambda: zipped_layer(GOOD_LAYER), "cannot be decompressed"),
    "layer cut short": (
        lambda: zipped_layer(zstandard.ZstdCompressor().compress(GOOD_LAYER)[:-4]),
        "not exactly one zstd frame",
    ),
    "second frame in a layer": (
        lambda: two_frames(zstandard.ZstdCompressor().compress(b"")),
        "one zstd frame",
    ),
    "skippable frame in a layer": (lambda: two_frames(b"\x50\x2a\x4d\x18\4\0\0\0abcd"), "one zstd frame"),
    "compression bomb": (bomb, "more bytes than announced"),
    "layer that announces a terabyte": (
        lambda: zipped_layer(zstandard.ZstdCompressor().compress(GOOD_LAYER), unpacked=10**12 - 1),
        "its layers announce",
    ),
    "fewer bytes than announced": (
        lambda: zipped_layer(zstandard.ZstdCompressor().compress(GOOD_LAYER), unpacked=1 << 30),
        "fewer bytes than announced",
    ),
    "absolute name in a layer": (lambda: layers(Entry("/etc/shadow")), "absolute"),
    "traversal in a layer": (lambda: layers(Entry("a/../../etc/shadow")), "leads out of the layer"),
    "name twice in a layer": (lambda: layers(Entry("a"), Entry("./a")), "twice"),
    "member beneath a symbolic link": (
        lambda: layers(Entry("a", tarfile.SYMTYPE, "/"), Entry("a/b/c")),
        "not a folder",
    ),
    "folder that becomes a link": (
        lambda: layers(Entry("a/b"), Entry("a", tarfile.SYMTYPE, "/")),
        "both a folder and not one",
    ),
    "hard link out of a layer": (
        lambda: layers(Entry("a", tarfile.LNKTYPE, "../../etc/passwd")),
        "leads out",
    ),
    "hard link to nothing": (lambda: layers(Entry("a", tarfile.LNKTYPE, "etc/passwd")), "hard link"),
    "character device in a layer": (lambda: layers(Entry("null", tarfile.CHRTYPE)), "a device"),
    "block device in a layer": (lambda: layers(Entry("sda", tarfile.BLKTYPE)), "a device"),
    "pipe in a layer": (lambda: layers(Entry("p", tarfile.FIFOTYPE)), "a pipe"),
    "sparse file in a layer": (lambda: layers(Entry("s", tarfile.GNUTYPE_SPARSE)), "unknown type"),
    "bytes after a layer's end": (lambda: raw_layer(tail(b"hidden".ljust(512))), "after the end of its tar"),
    "layer without an end": (lambda: raw_layer(DATA_LAYER[:BLOCK]), "ends in the middle"),
    "extended header of a gibibyte": (big_pax, "extended header of"),
    "broken extended header": (
        lambda: raw_layer(GOOD_LAYER.replace(b" path=", b" path:")),
        "extended header",
    ),
    # Layers that Go's reader and Python's take for different members
    "an old file that pax makes a folder, whose data Go reads as members": (
        raw(pax(("path", "d/")), head("d", tarfile.AREGTYPE, len(HIDDEN)), HIDDEN),
        "older form",
    ),
    "a file with a folder's name": (raw(pax(("path", "d/")), head("d")), "has the name of one"),
    "a second pax header, for which Go forgets the first": (
        raw(pax(("path", "good")), pax(("mtime", "1")), head("../evil")),
        "more than one extended header",
    ),
    "a second pax header, for which Go forgets a size": (
        raw(pax(("size", str(len(HIDDEN)))), pax(("mtime", "1")), head("f"), HIDDEN),
        "more than one extended header",
    ),
    "a long name before a pax path, of which Go takes the first": (
        raw(long_name(b"../evil"), pax(("path", "good")), head("x")),
        "more than one extended header",
    ),
    "a long name after a pax path": (
        raw(pax(("path", "good")), long_name(b"../evil"), head("x")),
        "more than one extended header",
    ),
    "a long name twice": (raw(long_name(b"../evil"), long_name(b"good"), head("x")), "more than one"),
    "a long name that says nothing, for which Go takes the other": (
        raw(long_name(b"\0"), head("../evil", tarfile.DIRTYPE)),
        "broken extended header",
    ),
    "a long name that goes on after its end": (
        raw(long_name(b"../evil\0good"), head("x")),
        "broken extended header",
    ),
    "a pax path that says nothing, for which Go takes the other": (
        raw(pax(("path", "")), head("../evil", tarfile.DIRTYPE)),
        "broken extended header",
    ),
    "a pax path twice": (raw(pax(("path", "../evil"), ("path", "good")), head("x")), "broken extended"),
    "a pax header for all, which Go gives as a member": (
        raw(pax(("comment", "x"), kind=tarfile.XGLTYPE), head("x")),
        "unknown type",
    ),
    "a pax header of Solaris, which Go does not know": (
        raw(pax(("path", "good"), kind=tarfile.SOLARIS_XHDTYPE), head("../evil")),
        "unknown type",
    ),
    "a pax header at the end": (raw(pax(("mtime", "1"))), "ends after an extended header"),
    "a prefix in a GNU header, which Go does not take": (raw(AGED), "fields in it that it must not have"),
    "a header of STAR's, whose prefix is shorter": (
        raw(head("x", at={508: b"tar\0"})),
        "fields in it that it must not have",
    ),
    "a header of the seventh edition, whose prefix Go does not take": (
        raw(head("/evil", at={257: bytes(8), 345: b"good"})),
        "older form",
    ),
    "a size that begins with a zero byte, which Go passes over": (
        raw(head("f", at={124: b"\0" + b"%010o" % len(HIDDEN) + b"\0"}), HIDDEN),
        "not octal",
    ),
    "a mode that begins with a zero byte": (raw(head("f", at={100: b"\0004755\0"})), "not octal"),
    "a size with a sign": (raw(head("f", at={124: b"+0000000000\0"})), "not octal"),
    "file capabilities in a layer": (
        raw(pax(("SCHILY.xattr.security.capability", "x")), head("bin/p")),
        "capabilities",
    ),
}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_layer_is_accepted_in_each_of_tars_living_forms(form: int, tmp_path: Path) -> None:
    deep, far = (
        "opt/" + "long/" * 30 + "name",
        "long/" * (40 if form != tarfile.USTAR_FORMAT else 10) + "name",
    )
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, kind, link in ((deep, tarfile.REGTYPE, ""), (deep + "2", tarfile.SYMTYPE, far)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            info.mtime = -1 if form == tarfile.GNU_FORMAT else 1.5 if form == tarfile.PAX_FORMAT else 1
            tar.addfile(info)
    (path := tmp_path / "demo.kgshare.tar").write_bytes(raw_layer(out.getvalue()))
    assert read_bundle(path).name == "demo"


def members_with_pax() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in members(good_parts()):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(data), {"comment": "hidden"}
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def moved_without_image() -> bytes:
    def index(value: dict[str, Any]) -> dict[str, Any]:
        del value["manifests"][0]
        return value

    made = good_parts()
    made.index = index
    found = [m for m in members(made) if m[0] != blob(image_of(made))]
    return pack(found)


def image_of(made: Parts) -> bytes:
    return next(data for name, data in members(made) if name.startswith("blobs/"))


def refused(path: Path, data: bytes) -> BundleError:
    path.write_bytes(data)
    with pytest.raises(BundleError) as caught:
        read_bundle(path)
    return caught.value


@pytest.mark.parametrize("name", ATTACKS)
def test_an_altered_bundle_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    make, words = ATTACKS[name]
    error = refused(tmp_path / "demo-1.0.kgshare.tar", make())
    assert words in str(error)
    assert all("demo-1.0.kgshare.tar" in p.where and p.hint for p in error.problems)


def test_the_bundle_that_the_attacks_start_from_is_good(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0.kgshare.tar"
    path.write_bytes(good())
    bundle = read_bundle(path)
    assert (bundle.name, bundle.version, [i.role for i in bundle.images]) == ("demo", "1.0", ["database"])
    assert bundle.read_file("graph/nodes.txt") == b"n1\nn2\n"


def test_the_writer_makes_the_bundle_that_this_test_makes_by_hand(tmp_path: Path) -> None:
    made = good_parts()
    blobs = []
    for number, layer in enumerate(made.layers):
        data = zstandard.ZstdCompressor(level=3).compress(layer)
        path = tmp_path / str(number)
        path.write_bytes(data)
        blobs.append(
            LayerBlob(diff_id=sha(layer), digest=sha(data), size=len(data), unpacked=len(layer), path=path)
        )
    rootfs = {"type": "layers", "diff_ids": [sha(layer) for layer in made.layers]}
    image = BundleImage(
        role="database",
        reference="localhost/demo/database:1.0",
        platform=AMD64,
        config=canon({"rootfs": rootfs, **made.config}),
        layers=tuple(blobs),
    )
    files = tuple(
        ProjectFile(name=n, media_type=made.types[n], source=data) for n, data in reversed(made.files.items())
    )
    out = tmp_path / "demo.kgshare.tar"
    write_bundle(BundleContents(name="demo", version="1.0", images=(image,), files=files), out)
    assert out.read_bytes() == good()


def test_three_hundred_random_alterations_of_one_byte_are_all_refused(tmp_path: Path) -> None:
    whole = good()
    path = tmp_path / "demo.kgshare.tar"
    chance = random.Random(20130315)
    for _ in range(300):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        path.write_bytes(data)
        with pytest.raises(BundleError):
            read_bundle(path)


def test_without_decompressing_every_byte_of_the_file_still_counts(tmp_path: Path) -> None:
    whole = good()
    path = tmp_path / "demo.kgshare.tar"
    chance = random.Random(88)
    for _ in range(100):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        with pytest.raises(BundleError):
            read_bundle(path, deep=False)
