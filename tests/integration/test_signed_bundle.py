"""A signed bundle on both of Docker's image stores and before other judges; and what is attacked reaches neither store.

Each store is that of a Docker daemon of the test's own, in a folder: so whatever is in it came from here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.signed_example import WHEN, Person, members, new_key, sign_as, whole
from tests.unit.test_trust_attacks import ATTACKS, ATTACKS_ON_THE_FORM, QUIET, Bench, bench  # noqa: F401

from kgshare.bundle import read_bundle
from kgshare.doors.process import CommandFailed, run, spawn
from kgshare.errors import BundleError, TrustError
from kgshare.stack import up
from kgshare.trust.keys import OwnKey


@dataclass(frozen=True)
class Daemon:
    """A Docker daemon with a store of its own."""

    host: str
    data: Path

    def stored(self) -> set[str]:
        """Every file of its image store, in whichever of the two forms it is."""
        stores = [*self.data.glob("image"), *self.data.glob("containerd/daemon/*content*/blobs")]
        return {str(file) for store in stores for file in store.rglob("*") if file.is_file()}


@pytest.fixture(scope="module", params=["classic", "containerd"])
def daemon(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp(request.param)
    config = folder / "daemon.json"
    config.write_text(json.dumps({"features": {"containerd-snapshotter": request.param == "containerd"}}))
    host, log = f"unix://{folder}/sock", folder / "log"
    words = [
        "dockerd", "--config-file", config, "--data-root", folder / "data", "--exec-root", folder / "exec",
        "--pidfile", folder / "pid", "--host", host, "--bridge=none", "--iptables=false", "--ip6tables=false",
    ]  # fmt: skip
    process = spawn(words, cwd=folder, env=dict(os.environ), log=log)
    try:
        for _ in range(300):
            try:
                status = run(["docker", "--host", host, "info", "--format", "{{json .DriverStatus}}"]).stdout
                break
            except CommandFailed:
                assert process.code() is None, log.read_text()
                time.sleep(0.1)
        else:
            pytest.fail(log.read_text())
        assert ("io.containerd.snapshotter" in status) == (request.param == "containerd")
        yield Daemon(host, folder / "data")
    finally:
        os.kill(process.pid, signal.SIGTERM)
        while process.code() is None:
            time.sleep(0.05)


@pytest.fixture(scope="module")
def attacked(bench: Bench) -> list[bytes]:  # noqa: F811
    """Every altered file that has a name."""
    made = [
        *(make(bench) for make, _ in ATTACKS.values()),
        *(make() for make, _ in ATTACKS_ON_THE_FORM.values()),
    ]
    assert len(made) > 140
    return made


needs_dockerd = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or shutil.which("dockerd") is None,
    reason="a Docker daemon of the test's own needs root and dockerd",
)


@pytest.mark.docker
@needs_dockerd
def test_no_attack_reaches_an_image_store_and_the_good_bundle_is_loaded_by_docker_itself(
    daemon: Daemon,
    bench: Bench,  # noqa: F811
    attacked: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", daemon.host)
    bench.reviewer.here(monkeypatch)
    path = bench.folder / "herbs-1.0.kgshare.tar"
    before = daemon.stored()
    for data in attacked:
        path.write_bytes(data)
        with pytest.raises((BundleError, TrustError)):
            up(path, open_page=False, progress=QUIET)
    assert daemon.stored() == before
    path.write_bytes(bench.good)
    said = run(["docker", "--host", daemon.host, "load", "--input", path]).stdout
    assert "Loaded image: localhost/herbs/database:1.0" in said
    assert daemon.stored() > before  # so the comparison above sees what is loaded
    rows = run(
        ["docker", "--host", daemon.host, "images", "--no-trunc", "--format", "{{.Repository}} {{.ID}}"]
    ).stdout
    wanted = {i.role: {i.manifest_digest, i.config_digest} for i in read_bundle(path).images}
    for row in rows.splitlines():
        name, found = row.split()
        assert found in wanted[name.rpartition("/")[2]]
    assert len(rows.splitlines()) == len(wanted)


@pytest.fixture(scope="module")
def anna_signs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, OwnKey]]:
    """A signed bundle and the key that signed it."""
    folder = tmp_path_factory.mktemp("judges")
    with pytest.MonkeyPatch.context() as patch:
        Person(folder=folder).here(patch)
        key = new_key("anna")
        yield sign_as(whole(folder / "whole"), key, time=WHEN), key


@pytest.mark.skipif(shutil.which("cosign") is None, reason="cosign is not installed")
def test_cosign_accepts_the_signature_with_the_public_key_and_refuses_what_we_refuse(
    anna_signs: tuple[Path, OwnKey], tmp_path: Path
) -> None:
    file, key = anna_signs
    held = dict(members(file))
    for name in ("index.json", "signature.sigstore.json"):
        (tmp_path / name).write_bytes(held[name])
    (tmp_path / "anna.pem").write_text(key.public.pem)
    # Without a trusted root of its own cosign would ask the public service for one, key or no key.
    (tmp_path / "root.json").write_text(
        '{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'
    )
    words = [
        "cosign", "verify-blob-attestation", "--new-bundle-format", "--bundle", "signature.sigstore.json", "--key", "anna.pem",
        "--insecure-ignore-tlog", "--trusted-root", "root.json", "index.json",
    ]  # fmt: skip
    home = {"HOME": str(tmp_path)}
    assert "Verified OK" in run(words, cwd=tmp_path, env=home).stderr
    (tmp_path / "index.json").write_bytes(held["index.json"].replace(b'"1.0"', b'"1.1"'))
    with pytest.raises(CommandFailed, match="does not match any digest in statement"):
        run(words, cwd=tmp_path, env=home)
    (tmp_path / "index.json").write_bytes(held["index.json"])
    other = new_key("ben")
    (tmp_path / "anna.pem").write_text(other.public.pem)
    with pytest.raises(CommandFailed, match="could not verify envelope"):
        run(words, cwd=tmp_path, env=home)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_ssh_keygen_reads_the_line_and_shows_the_same_fingerprint(
    anna_signs: tuple[Path, OwnKey], tmp_path: Path
) -> None:
    _, key = anna_signs
    (tmp_path / "anna.pub").write_text(key.public.line + "\n")
    said = run(["ssh-keygen", "-l", "-f", tmp_path / "anna.pub"]).stdout
    assert said.split()[1:3] == [key.public.fingerprint, "anna"]


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
def test_skopeo_reads_the_images_of_a_signed_bundle(anna_signs: tuple[Path, OwnKey]) -> None:
    bundle = read_bundle(anna_signs[0])
    for image in bundle.images:
        said = json.loads(run(["skopeo", "inspect", f"oci-archive:{bundle.path}:{image.role}"]).stdout)
        assert said["Digest"] == image.manifest_digest


@pytest.mark.skipif(shutil.which("oras") is None, reason="oras is not installed")
def test_oras_pulls_the_files_of_a_signed_bundle(anna_signs: tuple[Path, OwnKey], tmp_path: Path) -> None:
    bundle = read_bundle(anna_signs[0])
    run(["oras", "pull", "--oci-layout", f"{bundle.path}:project", "-o", tmp_path])
    for name in bundle.files:
        assert (tmp_path / name).read_bytes() == bundle.read_file(name)
