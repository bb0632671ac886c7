"""Debian's registry on loopback: bare, or with a password and a certificate; and images in it that keep a base's contract.

Those are made of kgshare's own bases, since none can be fetched everywhere.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess  # noqa: TID251 - a server that outlives the call
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kgshare import plan
from kgshare.doors.process import run
from kgshare.images.layers import Layer
from kgshare.lock.command import this_arch
from kgshare.lock.file import read_lock
from kgshare.places import cache_dir
from kgshare.project import Project
from kgshare.steps import Done, StepStore, inputs_of, key_of

JAVA_HOME = "usr/lib/jvm/java-21-openjdk"
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"


USER, PASSWORD = "anna", "correct horse"
HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2\n"  # its bcrypt


@contextmanager
def registry(folder: Path, *, guarded: bool = False) -> Iterator[str]:
    """Debian's docker-registry on a free port of loopback; yields HOST:PORT.

    Args:
        folder: is made; everything is in it.
        guarded: whether it speaks TLS, with a certificate of its own authority (``folder/ca.crt``), and asks for a password.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    folder.mkdir()
    config = folder / "config.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}}}}}\n"
        f"http: {{addr: '{address}'{certified(folder) if guarded else ''}}}\n"
    )
    if guarded:
        (folder / "htpasswd").write_text(HTPASSWD)
        with config.open("a") as more:
            more.write(f"auth: {{htpasswd: {{realm: Registry Realm, path: {folder / 'htpasswd'}}}}}\n")
    program = shutil.which("docker-registry")
    assert program, "./dev test installs docker-registry"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        host, _, port = address.partition(":")
        while True:
            try:
                socket.create_connection((host, int(port)), 1).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield address
    finally:
        os.kill(server.pid, signal.SIGTERM)
        server.wait(30)


def certified(folder: Path) -> str:
    """Make an authority and a certificate of it for loopback; what the registry's configuration says of them."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("the authority", "registry")
    ]
    now = datetime.now(UTC)
    made = []
    for key, name in zip(keys, names, strict=True):
        builder = x509.CertificateBuilder(
            issuer_name=names[0], subject_name=name, public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=1), not_valid_after=now + timedelta(days=1),
        )  # fmt: skip
        builder = builder.add_extension(
            x509.BasicConstraints(ca=name == names[0], path_length=None), critical=True
        )
        address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        made.append(builder.add_extension(address, critical=False).sign(keys[0], SHA256()))
    for file, certificate in zip(("ca.crt", "registry.crt"), made, strict=True):
        (folder / file).write_bytes(certificate.public_bytes(Encoding.PEM))
    pem = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "registry.key").write_bytes(pem)
    return f", tls: {{certificate: {folder / 'registry.crt'}, key: {folder / 'registry.key'}}}"


def push(reference: str, layers: list[Path], scratch: Path, **run_config: Any) -> str:
    """Push an image of these uncompressed layers; returns the digest of its manifest."""
    layout = scratch / hashlib.sha256(reference.encode()).hexdigest()[:12]
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(data: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    config = {
        "os": "linux", "architecture": this_arch(), "config": {"User": "65532", **run_config},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar.read_bytes()).hexdigest()}" for tar in layers]},
    }  # fmt: skip
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": [blob(gzip.compress(layer.read_bytes(), 1, mtime=0), GZIP) for layer in layers],
    }
    head = blob(json.dumps(manifest).encode(), manifest["mediaType"])
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [head]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    run([
        "skopeo", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", f"oci:{layout}", f"docker://{reference}"
    ])  # fmt: skip
    return str(head["digest"])


def push_stand_ins(namespace: str, project: Project, scratch: Path) -> dict[str, str]:
    """Push a ``jre`` and a ``python`` that are made of a built project's bases and Java runtime; their digests by name."""
    done = built(project, (plan.TOOLBOX, plan.RUNTIME, plan.DATABASE_BASE, plan.APPLICATION_BASE))
    jre, python = scratch / "jre.tar", done[plan.APPLICATION_BASE].path(plan.BASE_TAR)
    with Layer(jre, plan.FILE_TIME) as layer:
        layer.tar(done[plan.RUNTIME].path(plan.RUNTIME_TAR), below="opt/java", to=JAVA_HOME)
    return {
        "jre": push(f"{namespace}/jre:latest", [done[plan.DATABASE_BASE].path(plan.BASE_TAR), jre], scratch),
        "python": push(f"{namespace}/python:latest", [python], scratch),
    }


def built(project: Project, names: tuple[str, ...]) -> dict[str, Done]:
    """Results of steps of a project that was built before."""
    lock, store, done = read_lock(project), StepStore(root=cache_dir() / "steps"), {}
    steps = plan.make_plan(project, lock, this_arch())
    for name in names:
        step = steps.step(name)
        found = store.find(step, key_of(step, inputs_of(step, done)))
        assert found, f"{name} is not built yet"
        done[name] = found
    return done
