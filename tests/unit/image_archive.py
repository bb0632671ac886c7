"""An image as an engine exports it: an OCI layout in a tar, written without the code under test."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

LATER = 2_000_000_000  # seconds since 1970: after any image's own time


def write_oci(
    out: Path, layers: list[dict[str, bytes]], *, time: int = LATER, packed: bool = False, config: Any = None
) -> Path:
    """Write an image of some layers, each by path and content (of a folder where the path ends with a slash)."""
    blobs: dict[str, bytes] = {}

    def put(data: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        blobs[digest] = data
        return {"digest": digest, "size": len(data)}

    tars = [_layer(files, time) for files in layers]
    kind = "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if packed else "")
    rows = [{"mediaType": kind, **put(gzip.compress(tar) if packed else tar)} for tar in tars]
    said = {
        "architecture": "amd64", "os": "linux", "created": "2033-05-18T03:33:20Z", "config": config or {"User": "1:1"},
        "history": [{"created": "2033-05-18T03:33:20Z", "created_by": "ADD"} for _ in layers],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]},
    }  # fmt: skip
    head = {"mediaType": "application/vnd.oci.image.config.v1+json", **put(json.dumps(said).encode())}
    manifest = {"schemaVersion": 2, "config": head, "layers": rows}
    row = {"mediaType": "application/vnd.oci.image.manifest.v1+json", **put(json.dumps(manifest).encode())}
    with tarfile.open(out, "w") as tar:
        _add(tar, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}', 0)
        _add(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": [row]}).encode(), 0)
        for digest, data in blobs.items():
            _add(tar, "blobs/" + digest.replace(":", "/"), data, 0)
    return out


def _layer(files: dict[str, bytes], time: int) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, data in files.items():
            _add(tar, name, data, time)
    return made.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes, time: int) -> None:
    info = tarfile.TarInfo(name.rstrip("/"))
    info.mtime, info.size = time, len(data)
    if name.endswith("/"):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(info, io.BytesIO(data))
