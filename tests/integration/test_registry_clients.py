"""Debian's own registry, with a password and a certificate of its own authority; and what other clients read in it."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.base_registry import PASSWORD, USER, registry
from tests.unit.registry_scene import QUIET, Desk
from tests.unit.signed_example import new_key, sign_as, whole

from kgshare.bundle import read_bundle
from kgshare.bundle.signature import MEDIA_TYPE, PREDICATE
from kgshare.doors.process import run
from kgshare.errors import RegistryError
from kgshare.registry import session, transfer
from kgshare.registry.pull import pull_bundle
from kgshare.registry.push import PushReport, push
from kgshare.trust.keys import OwnKey

pytestmark = pytest.mark.skipif(
    shutil.which("docker-registry") is None, reason="./dev test installs docker-registry"
)


@dataclass(frozen=True)
class Pushed:
    """A signed bundle in a guarded registry."""

    file: Path
    key: OwnKey
    host: str
    folder: Path
    report: PushReport

    @property
    def plain(self) -> str:
        return f"{self.host}/herbs"


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    folder = tmp_path_factory.mktemp("guarded")
    with pytest.MonkeyPatch.context() as patch, registry(folder / "registry", guarded=True) as host:
        desk = Desk(folder / "anna", patch).here()
        key = new_key("anna")
        file = sign_as(whole(folder / "whole"), key)
        where = f"oci://{host}/herbs"
        with pytest.raises(RegistryError, match=f"is not who it says it is(.|\n)*certs.d/{host}/ca.crt"):
            push(file, where, progress=QUIET)
        trusted = desk.docker / "certs.d" / host
        trusted.mkdir(parents=True)
        shutil.copy(folder / "registry" / "ca.crt", trusted)
        with pytest.raises(RegistryError, match=f"nothing is stored for it(.|\n)*docker login {host}"):
            push(file, where, progress=QUIET)
        desk.login(host, password="wrong")
        with pytest.raises(RegistryError, match="does not let anna do this"):
            push(file, where, progress=QUIET)
        desk.login(host)
        yield Pushed(file, key, host, folder, push(file, where, progress=QUIET))


def test_it_comes_back_as_the_same_file_and_pushing_again_sends_nothing(
    pushed: Pushed, tmp_path: Path
) -> None:
    again = push(pushed.file, f"oci://{pushed.plain}", progress=QUIET)
    assert (again.blobs_sent, again.bytes_sent, again.manifests_sent) == (0, 0, 0)
    assert pushed.report.by_tag  # this registry has no referrers interface
    pulled = pull_bundle(f"oci://{pushed.plain}", tmp_path, progress=QUIET)
    assert pulled.bundle.read_bytes() == pushed.file.read_bytes()
    with pytest.raises(RegistryError, match="there is no weeds"):
        pull_bundle(f"oci://{pushed.host}/weeds:1.0", tmp_path, progress=QUIET)


@pytest.mark.skipif(shutil.which("oras") is None, reason="oras is not installed")
def test_oras_lists_the_evidence_and_gets_the_projects_files(pushed: Pushed, tmp_path: Path) -> None:
    who = ["--username", USER, "--password", PASSWORD, "--ca-file", pushed.folder / "registry" / "ca.crt"]
    tree = run(["oras", "discover", *who, f"{pushed.plain}:1.0"]).stdout
    assert tree.startswith(f"{pushed.plain}@{pushed.report.digest}\n")
    assert [tree.count(kind) for kind in ("vnd.cyclonedx+json", "in-toto+json", MEDIA_TYPE, "licenses")] == [
        1
    ] * 4
    assert tree.count("sha256:") == 1 + pushed.report.referrers
    bundle = read_bundle(pushed.file)
    index = json.loads(run(["oras", "manifest", "fetch", *who, f"{pushed.plain}:1.0"]).stdout)
    run(["oras", "pull", *who, f"{pushed.plain}@{index['manifests'][-1]['digest']}", "-o", tmp_path])
    for name in bundle.files:
        assert (tmp_path / name).read_bytes() == bundle.read_file(name)


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
def test_skopeo_finds_the_image_of_a_role(pushed: Pushed) -> None:
    who = [
        "--creds",
        f"{USER}:{PASSWORD}",
        "--cert-dir",
        pushed.folder / "anna" / "docker" / "certs.d" / pushed.host,
    ]
    for image in read_bundle(pushed.file).images:
        where = f"docker://{pushed.plain}:1.0-{image.role}"
        assert json.loads(run(["skopeo", "inspect", *who, where]).stdout)["Layers"] == list(
            image.layer_digests
        )


@pytest.mark.skipif(shutil.which("cosign") is None, reason="cosign is not installed")
def test_cosign_finds_the_signature_and_accepts_it(pushed: Pushed, tmp_path: Path) -> None:
    (tmp_path / "anna.pem").write_text(pushed.key.public.pem)
    (tmp_path / "root.json").write_text(
        '{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'
    )
    words = [
        "cosign", "verify-attestation", "--new-bundle-format", "--key", "anna.pem", "--insecure-ignore-tlog",
        "--trusted-root", "root.json", "--type", PREDICATE, "--registry-username", USER, "--registry-password", PASSWORD,
        f"{pushed.plain}:1.0",
    ]  # fmt: skip
    authority = str(pushed.folder / "registry" / "ca.crt")
    said = run(words, cwd=tmp_path, env={"HOME": str(tmp_path), "SSL_CERT_FILE": authority})
    assert "The signatures were verified against the specified public key" in said.stderr


class Wire(socketserver.ThreadingTCPServer):
    """Between a client and a registry; is cut when so many bytes went either way."""

    daemon_threads = True

    def __init__(self, to: str) -> None:
        host, _, port = to.partition(":")
        self.to = (host, int(port))
        self.left = 0
        super().__init__(("127.0.0.1", 0), Ends)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Ends(socketserver.BaseRequestHandler):
    """One connection."""

    server: Wire

    def handle(self) -> None:
        with socket.create_connection(self.server.to) as there:
            back = threading.Thread(target=self.carry, args=(there, self.request), daemon=True)
            back.start()
            self.carry(self.request, there)
            back.join()

    def carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(2048):
                self.server.left -= len(data)
                if self.server.left < 0:
                    break
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_a_wire_that_is_cut_leaves_no_tag_and_no_file_and_the_same_command_goes_on(
    pushed: Pushed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Desk(tmp_path / "reviewer", monkeypatch).here()
    monkeypatch.setattr(transfer, "PAUSE", 0)
    monkeypatch.setattr(session, "BACKOFF", 0)
    size = pushed.file.stat().st_size
    out = tmp_path / "out"
    out.mkdir()
    with registry(tmp_path / "registry") as host, Wire(host) as wire:
        threading.Thread(target=wire.serve_forever, args=(0.02,), daemon=True).start()
        where = f"oci://{wire.host}/herbs"
        for part in (3, 2):  # in the middle of blobs
            wire.left = size // part
            with pytest.raises(RegistryError, match="run the same command again"):
                push(pushed.file, where, progress=QUIET)
            with pytest.raises(RegistryError, match="there is no herbs"):
                pull_bundle(f"oci://{host}/herbs", out, progress=QUIET)
        wire.left = 10 * size
        report = push(pushed.file, where, progress=QUIET)
        assert 0 < report.blobs_sent < report.blobs  # the others had come through
        for part in (3, 2):
            wire.left = size // part
            with pytest.raises(RegistryError, match="run the same command again"):
                pull_bundle(where, out, progress=QUIET)
            assert list(out.iterdir()) == []
        wire.left = 10 * size
        pulled = pull_bundle(where, out, progress=QUIET)
        assert 0 < pulled.blobs_fetched < pulled.blobs
        assert pulled.bundle.read_bytes() == pushed.file.read_bytes()
        wire.shutdown()
