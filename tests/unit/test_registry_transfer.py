"""A bundle goes to a registry and comes back as the same bytes; what is there already is not sent again."""

from __future__ import annotations

import io
import json
import stat
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.e2e.command_line import kgshare
from tests.unit import evidence_example
from tests.unit.registry_fake import PASSWORD, USER
from tests.unit.registry_scene import QUIET, Scene
from tests.unit.signed_example import WHEN, members, new_key, sign_as, whole

from kgshare.bundle import AMD64, Platform, read_bundle
from kgshare.errors import BundleError, RegistryError, UsageError
from kgshare.progress import Progress
from kgshare.registry.pull import pull_bundle
from kgshare.registry.push import push
from kgshare.trust import command as trust

WITH_AND_WITHOUT = pytest.mark.parametrize(
    "scene", [{"referrers": True}, {"referrers": False}], ids=["referrers", "tag"], indirect=True
)


@WITH_AND_WITHOUT
def test_what_comes_back_is_the_file_that_was_pushed(scene: Scene) -> None:
    pushed = scene.push()
    pulled = scene.pull(":1.0")
    assert pulled.bundle == scene.reviewer.out / "herbs-1.0.kgshare.tar"
    assert pulled.bundle.read_bytes() == scene.file.read_bytes()
    assert pushed.digest == pulled.digest == read_bundle(scene.file).digest
    assert pulled.blobs_fetched == pulled.blobs > 10
    assert pushed.by_tag is not scene.server.referrers
    assert ("sha256-" + pushed.digest[7:] in scene.server.tags) is pushed.by_tag


def test_the_tag_names_the_index_that_was_signed(scene: Scene) -> None:
    report = scene.push()
    assert scene.server.index("1.0") == dict(members(scene.file))["index.json"]
    assert report.reference == f"{scene.where}:1.0"
    assert scene.pull(f"@{report.digest}").digest == report.digest


def test_an_unsigned_bundle_comes_back_unsigned(scene: Scene, tmp_path: Path) -> None:
    file = whole(tmp_path / "unsigned")
    assert "not signed" in scene.push(file).signed
    assert scene.pull().bundle.read_bytes() == file.read_bytes()


@WITH_AND_WITHOUT
def test_pushing_again_sends_no_blob_and_no_manifest(scene: Scene) -> None:
    first = scene.push()
    assert first.blobs_sent == first.blobs > 10
    assert first.bytes_sent == scene.server.received == sum(map(len, scene.server.blobs.values()))
    scene.server.asked.clear()
    again = scene.push()
    assert (again.blobs_sent, again.bytes_sent, again.manifests_sent) == (0, 0, 0)
    assert f"blobs sent: 0 of {first.blobs}, 0 bytes" in again.text()
    assert {method for method, _, _ in scene.server.asked} == {"GET", "HEAD"}


def test_another_version_sends_and_fetches_only_what_changed(scene: Scene, tmp_path: Path) -> None:
    scene.push()
    scene.pull(":1.0")
    scene.author.here()
    newer = sign_as(whole(tmp_path / "newer", version="1.1"), scene.key)
    old, new = (read_bundle(file) for file in (scene.file, newer))
    changed = sum(blob.size for digest, blob in new.blobs.items() if digest not in old.blobs)
    pushed = scene.push(newer)
    assert 0 < pushed.blobs_sent < pushed.blobs
    before = scene.server.sent
    pulled = scene.pull(":1.1")
    assert pulled.bundle.read_bytes() == newer.read_bytes()
    assert 0 < pulled.blobs_fetched < pulled.blobs
    assert pulled.bytes_fetched < changed  # which counts the manifests too
    assert scene.server.sent - before == pulled.bytes_fetched


def test_pulling_again_fetches_no_blob_and_another_file_in_its_place_is_kept(scene: Scene) -> None:
    scene.push()
    scene.pull()
    assert scene.pull().bytes_fetched == 0
    named = pull_bundle(scene.where, scene.reviewer.out / "theirs.tar", progress=QUIET)
    assert (named.bytes_fetched, named.bundle.read_bytes()) == (0, scene.file.read_bytes())
    (scene.reviewer.out / "herbs-1.0.kgshare.tar").write_text("mine")
    with pytest.raises(UsageError, match="another file is there"):
        scene.pull()
    assert (scene.reviewer.out / "herbs-1.0.kgshare.tar").read_text() == "mine"


def test_a_signature_that_the_registry_does_not_have_is_not_lost(scene: Scene, tmp_path: Path) -> None:
    unsigned = whole(tmp_path / "unsigned")
    scene.push(unsigned)
    mine = scene.reviewer.out / "herbs-1.0.kgshare.tar"
    signed = sign_as(unsigned, new_key("me"), out=mine).read_bytes()
    assert scene.pull().signed.startswith("signed by me")
    assert mine.read_bytes() == signed
    scene.push()  # signed by somebody else now
    assert scene.pull().bundle.read_bytes() == signed
    mine.write_bytes(unsigned.read_bytes())
    assert scene.pull().bundle.read_bytes() == scene.file.read_bytes()  # one without gets the registry's


def test_a_file_that_is_there_is_signed_by_whom_one_trusts_by_now(scene: Scene, tmp_path: Path) -> None:
    scene.push()
    scene.author.here()
    other = sign_as(scene.file, new_key("carl"), out=tmp_path / "other.tar", time=WHEN + timedelta(days=1))
    scene.push(other)
    assert scene.pull().bundle.read_bytes() == other.read_bytes()
    trust.trust_key(scene.key.public.line, called=None)
    again = scene.pull()
    assert (again.bundle.read_bytes(), again.bytes_fetched) == (scene.file.read_bytes(), 0)


def test_a_tag_beside_that_names_something_else_is_replaced_only_on_demand(scene: Scene) -> None:
    scene.push()
    scene.push(tag=":other")
    mine = scene.server.tags["1.0-database"]
    scene.server.tags["1.0-database"] = scene.server.tags["other-application"]
    with pytest.raises(RegistryError, match=r"the tag 1\.0-database is there already"):
        scene.push()
    scene.push(replace=True)
    assert scene.server.tags["1.0-database"] == mine


def test_a_registry_under_another_of_its_names_is_the_same_registry(scene: Scene) -> None:
    scene.push()
    scene.author.here()
    other = f"oci://localhost:{scene.server.server_address[1]}/herbs"
    report = push(scene.file, other, progress=QUIET)
    assert (report.blobs_sent, report.manifests_sent) == (1, 1)  # where Compose finds the images


def test_a_tag_that_names_something_else_is_replaced_only_on_demand(scene: Scene, tmp_path: Path) -> None:
    first = scene.push(tag=":current")
    scene.author.here()
    newer = sign_as(whole(tmp_path / "newer", version="1.1"), scene.key)
    held = dict(scene.server.blobs)
    with pytest.raises(RegistryError, match="names something else") as refused:
        scene.push(newer, tag=":current")
    assert first.digest in str(refused.value)
    assert "--replace" in str(refused.value)
    assert scene.server.blobs == held
    replaced = scene.push(newer, tag=":current", replace=True)
    assert replaced.replaced == first.digest
    assert scene.pull(":current").digest == replaced.digest
    assert "in place of" in replaced.text()


def test_evidence_and_signature_refer_to_the_bundle_and_each_role_has_an_index(scene: Scene) -> None:
    report = scene.push()
    said = [json.loads(data) for _, data in scene.server.manifests.values()]
    referring = {row["artifactType"]: row["subject"]["digest"] for row in said if "subject" in row}
    assert set(referring.values()) == {report.digest}
    assert set(referring) == {
        "application/vnd.cyclonedx+json", "application/vnd.in-toto+json", "application/vnd.kgshare.licenses.v1.tar",
        "application/vnd.dev.sigstore.bundle.v0.3+json",
    }  # fmt: skip
    for image in read_bundle(scene.file).images:
        [row] = json.loads(scene.server.index(f"1.0-{image.role}"))["manifests"]
        assert (row["digest"], row["platform"]) == (
            image.manifest_digest, {"os": "linux", "architecture": "amd64"},
        )  # fmt: skip


def test_a_role_on_two_platforms_is_one_index_and_a_bundle_for_another_machine_is_told(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = Platform(architecture="arm64")
    locked = evidence_example.two_archs()
    both = whole(tmp_path / "both", platforms=(AMD64, arm), locked=locked)
    scene.push(both, tag=":both")
    rows = json.loads(scene.server.index("both-database"))["manifests"]
    assert [row["platform"]["architecture"] for row in rows] == ["amd64", "arm64"]
    scene.push(whole(tmp_path / "arm", platforms=(arm,), locked=locked), tag=":arm")
    monkeypatch.setattr(sys.modules["kgshare.registry.pull"], "this_platform", lambda: "linux/amd64")
    for tag, said in (("both", False), ("arm", True)):
        log = io.StringIO()
        out = tmp_path / f"{tag}.kgshare.tar"
        pull_bundle(f"{scene.where}:{tag}", out, progress=Progress(stream=log))
        line = "its images are for linux/arm64; this machine is linux/amd64\n"
        assert (
            log.getvalue().startswith(line, log.getvalue().index("\n") + 1) is said
        )  # before anything is fetched
    assert (tmp_path / "both.kgshare.tar").read_bytes() == both.read_bytes()


def test_of_two_signatures_the_one_that_is_trusted_here_is_taken(scene: Scene, tmp_path: Path) -> None:
    scene.push()
    scene.author.here()
    ben = new_key("ben")
    (tmp_path / "other").mkdir()
    other = sign_as(scene.file, ben, out=tmp_path / "other" / "herbs.tar", time=WHEN + timedelta(days=1))
    assert scene.push(other).blobs_sent == 1  # its signature
    assert scene.pull().bundle.read_bytes() == other.read_bytes()  # nobody is trusted: the newest
    (scene.reviewer.out / "herbs-1.0.kgshare.tar").unlink()
    trust.trust_key(scene.key.public.line, called=None)
    pulled = scene.pull()
    assert pulled.bundle.read_bytes() == scene.file.read_bytes()
    assert pulled.signed.startswith("signed by anna")


def test_without_a_tag_the_only_one_is_taken_and_several_are_named(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="there is no herbs"):
        scene.pull()
    scene.push()
    assert scene.pull().reference == f"{scene.where}:1.0"
    scene.push(tag=":1.0-rc")
    with pytest.raises(UsageError, match=r"there are several: 1\.0, 1\.0-rc\n"):
        scene.pull()
    with pytest.raises(RegistryError, match=r"no tag 2\.0 of herbs\n.*there are 1\.0, 1\.0-rc"):
        scene.pull(":2.0")


def test_what_is_no_bundle_is_called_what_it_is(scene: Scene) -> None:
    scene.push()
    with pytest.raises(
        BundleError, match=r"is no bundle of kgshare but application/vnd\.oci\.image\.index\.v1\+json"
    ):
        scene.pull(":1.0-database")


@pytest.mark.parametrize(
    "text", [b"services: {a: 1}", b"services: [1]", b"services:", b"{{{:", b"\xff\xfe", b""]
)
def test_what_up_would_not_start_is_not_pushed(scene: Scene, tmp_path: Path, text: bytes) -> None:
    file = whole(tmp_path / "odd", lambda name, data: text if name == "compose.yaml" else data)
    with pytest.raises(BundleError, match=r"compose\.yaml"):
        scene.push(file)
    assert scene.server.asked == []


def test_where_there_is_no_folder_nobody_is_asked(scene: Scene) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        pull_bundle(scene.where, scene.reviewer.out / "no" / "file.tar", progress=QUIET)
    assert scene.server.asked == []


def test_a_push_wants_a_tag_and_a_whole_bundle(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a push names a tag"):
        scene.push(tag="@sha256:" + "a" * 64)
    broken = tmp_path / "broken.kgshare.tar"
    broken.write_bytes(scene.file.read_bytes()[:-600])
    with pytest.raises(BundleError):
        scene.push(broken)
    assert scene.server.asked == []


# ---- who one is ------------------------------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize(
    "scene", [{"auth": "basic"}, {"auth": "token"}], ids=["basic", "token"], indirect=True
)


@BOTH
def test_credentials_are_those_of_docker_login(scene: Scene) -> None:
    for desk in (scene.author, scene.reviewer):
        desk.here().login(scene.server.host)
    scene.push()
    assert scene.pull().bundle.read_bytes() == scene.file.read_bytes()


@BOTH
def test_without_credentials_or_with_wrong_ones_nothing_is_done_and_the_next_step_is_said(
    scene: Scene,
) -> None:
    scene.author.here()
    (scene.author.docker / "config.json").unlink(missing_ok=True)
    with pytest.raises(RegistryError, match=f"`docker login {scene.server.host}`") as nobody:
        scene.push()
    scene.author.login(scene.server.host, password="hush hush")
    with pytest.raises(RegistryError, match=f"does not let {USER} do this") as wrong:
        scene.push()
    assert "hush" not in f"{nobody.value}{wrong.value}"
    assert not scene.server.blobs


@pytest.mark.parametrize("scene", [{"auth": "token"}], indirect=True)
def test_a_person_who_is_refused_reads_that_and_nothing_else(scene: Scene) -> None:
    scene.reviewer.login(scene.server.host, password="hush hush")
    ran = kgshare("pull", f"{scene.where}:1.0", "--quiet")
    assert (ran.code, ran.out) == (18, "")
    assert ran.err == (
        f"kgshare: {scene.where}:1.0: does not let {USER} do this: said: UNAUTHORIZED\n"
        f"  → `docker login {scene.server.host}`, as somebody who may; then run the same command again\n"
    )


def test_a_credential_helper_is_asked_and_a_missing_one_is_told(scene: Scene, tmp_path: Path) -> None:
    scene.push()
    scene.server.auth = "token"
    helper = tmp_path / "bin" / "docker-credential-vault"
    helper.parent.mkdir()
    answer = json.dumps({"Username": USER, "Secret": PASSWORD})
    helper.write_text(
        f"#!/bin/sh\nread host\n[ $1 = get ] && [ $host = {scene.server.host} ] && echo '{answer}'\n"
    )
    (scene.reviewer.docker / "config.json").write_text('{"credsStore": "vault"}')
    with pytest.raises(RegistryError, match="docker-credential-vault not installed"):
        scene.pull()
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    scene.reviewer.patch.setenv("PATH", f"{helper.parent}:/usr/bin:/bin")
    assert scene.pull().digest


def test_an_identity_token_is_exchanged(scene: Scene) -> None:
    scene.push()
    scene.server.auth = "token"
    scene.reviewer.login(scene.server.host, identitytoken="an identity")
    assert scene.pull().digest
    scene.reviewer.login(scene.server.host, identitytoken="another")
    with pytest.raises(RegistryError, match="does not let the stored token do this"):
        scene.pull()
