"""Small next versions: a delta holds what its base has not, and with the base becomes the bundle again, to the byte."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.unit.signed_example import Person, sign_as
from tests.unit.test_bundle_write import APPLICATION, BASE, contents, image, tar_of

from kgshare import cli
from kgshare.bundle import (
    Bundle,
    Delta,
    Held,
    complete,
    delta_name,
    file_name,
    read_bundle,
    read_delta,
    write_bundle,
    write_delta,
)
from kgshare.bundle.inspect import inspect_bundle
from kgshare.bundle.model import sha256
from kgshare.errors import BundleError, UsageError
from kgshare.obtain import obtain
from kgshare.progress import Progress
from kgshare.trust.author import make

QUIET = Progress(quiet=True)
CORRECTED = tar_of({"data/over/list": b"databases/neo4j/neostore\t8192\t0+8192\n"})


@dataclass(frozen=True, kw_only=True)
class Versions:
    """An older bundle, a newer one, the delta between them, and a reviewer's machine that has read none of them."""

    old: Bundle
    new: Bundle
    delta: Delta
    reviewer: Held

    @property
    def completed(self) -> Path:
        """Where a completed bundle goes."""
        return self.delta.path.with_name(self.new.path.name)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    old = write_bundle(contents(tmp_path), tmp_path / file_name("demo", "1.0"))
    base, store = tar_of({"etc/os-release": b"ID=debian\n" * 3000}), contents(tmp_path).images[0].layers[1]
    corrected = image(tmp_path, "database", [base, CORRECTED])
    layers = (corrected.layers[0], store, corrected.layers[1])
    config = image(
        tmp_path, "database", [BASE, tar_of({"data/store": bytes(range(256)) * 300}), CORRECTED]
    ).config
    images = (
        replace(corrected, config=config, layers=layers),
        image(tmp_path, "application", [BASE, APPLICATION]),
    )
    new = write_bundle(contents(tmp_path, version="1.1", images=images), tmp_path / file_name("demo", "1.1"))
    delta = write_delta(new, old, tmp_path / "sent" / delta_name(new, old))
    return Versions(old=old, new=new, delta=delta, reviewer=Held(tmp_path / "reviewer"))


def altered(path: Path, before: bytes, after: bytes) -> Path:
    data = path.read_bytes()
    assert data.count(before) == 1
    path.write_bytes(data.replace(before, after))
    return path


def test_a_delta_holds_what_the_base_has_not_and_says_which_base(versions: Versions) -> None:
    delta = versions.delta
    assert delta.path.name == "demo-1.1-since-1.0.kgshare-delta.tar"
    assert set(delta.blobs) == versions.new.blobs.keys() - versions.old.blobs.keys()
    assert versions.old.images[1].layer_digests[1] not in delta.blobs  # the store without corrections
    assert (delta.base.digest, delta.bundle.digest) == (versions.old.digest, versions.new.digest)
    assert delta.size < versions.new.size


def test_the_same_two_bundles_make_the_same_delta(versions: Versions, tmp_path: Path) -> None:
    again = write_delta(versions.new, versions.old, tmp_path / "again.tar")
    assert again.path.read_bytes() == versions.delta.path.read_bytes()


def test_with_a_base_that_was_read_before_it_becomes_the_bundle_to_the_byte(versions: Versions) -> None:
    versions.reviewer.remember(versions.old)
    made = complete(versions.delta.path, held=versions.reviewer)
    assert made.path == versions.completed
    assert made.path.read_bytes() == versions.new.path.read_bytes()
    assert read_bundle(made.path) == replace(versions.new, path=made.path)


def test_a_base_that_is_named_serves_as_well_and_a_second_time_nothing_is_written(versions: Versions) -> None:
    made = complete(versions.delta.path, base=versions.old.path, held=versions.reviewer)
    stamp = made.path.stat().st_mtime_ns
    assert complete(versions.delta.path, held=versions.reviewer) == made
    assert made.path.stat().st_mtime_ns == stamp


def test_the_signature_comes_along(
    versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Person(folder=tmp_path / "ada").here(monkeypatch)
    signed = read_bundle(sign_as(versions.new.path, make("ada", b""), out=tmp_path / "signed.kgshare.tar"))
    delta = write_delta(signed, versions.old, tmp_path / "sent" / "signed.kgshare-delta.tar")
    made = complete(delta.path, base=versions.old.path, held=versions.reviewer)
    assert made.path.read_bytes() == signed.path.read_bytes()


def test_without_its_base_the_error_says_which_bundle_that_is_and_how_to_go_on(versions: Versions) -> None:
    with pytest.raises(BundleError) as caught:
        complete(versions.delta.path, held=versions.reviewer)
    told = str(caught.value)
    assert (
        f"demo 1.0 (sha256:{versions.old.digest[7:19]}…) has not, and that bundle is not on this machine"
        in told
    )
    assert "--base demo-1.0.kgshare.tar" in told
    assert "the whole demo-1.1.kgshare.tar" in told
    assert list(versions.delta.path.parent.iterdir()) == [versions.delta.path]


def test_a_base_that_was_read_here_and_is_gone_is_named_with_its_place(versions: Versions) -> None:
    versions.reviewer.remember(versions.old)
    versions.old.path.unlink()
    with pytest.raises(BundleError, match=f"it was {versions.old.path}, which has gone or was changed"):
        complete(versions.delta.path, held=versions.reviewer)


def test_a_base_that_was_altered_is_refused_or_not_used(versions: Versions) -> None:
    versions.reviewer.remember(versions.old)
    data = bytearray(versions.old.path.read_bytes())
    data[versions.old.blobs[versions.old.images[1].layer_digests[1]].offset] ^= 1
    versions.old.path.write_bytes(data)
    with pytest.raises(BundleError, match="it was altered"):
        complete(versions.delta.path, base=versions.old.path, held=versions.reviewer)
    with pytest.raises(BundleError, match="is not on this machine"):
        complete(versions.delta.path, held=versions.reviewer)
    assert not versions.completed.exists()


def test_another_bundle_is_not_its_base(versions: Versions) -> None:
    with pytest.raises(BundleError, match=r"is for demo 1\.0 .*, and .* is demo 1\.1") as caught:
        complete(versions.delta.path, base=versions.new.path, held=versions.reviewer)
    assert "name the bundle demo-1.0.kgshare.tar" in str(caught.value)


def test_a_file_that_is_there_already_is_not_written_over(versions: Versions) -> None:
    versions.completed.write_bytes(b"something of mine")
    with pytest.raises(BundleError, match=r"is there already, and is not demo 1\.1"):
        complete(versions.delta.path, base=versions.old.path, held=versions.reviewer)
    assert versions.completed.read_bytes() == b"something of mine"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b"delta.v1+json", b"delta.v2+json", "of another format"),
        (b'"name":"demo","version":"1.0"}', b'"name":"demo","version":"1.9"}', "is for demo 1.9"),
        (b'"name":"demo","version":"1.1"}', b'"name":"demo","version":"1.2"}', "calls the bundle otherwise"),
        (b"org.opencontainers.image.version", b"org.opencontainers.image.versiom", "index.json"),
        (b'{"base":', b'{"Base":', "base"),
        (b'"name":"demo","version":"1.1"}', b'"name":"../a","version":"1.1"}', "is not of the form"),
        (b'"name":"demo","version":"1.1"}', b'"name":"demo","version":"/.1"}', "is not a version"),
    ],
)
def test_a_delta_that_was_altered_is_refused_with_the_member(
    before: bytes, after: bytes, said: str, versions: Versions
) -> None:
    path = altered(versions.delta.path, before, after)
    with pytest.raises(BundleError, match=said):
        complete(path, base=versions.old.path, held=versions.reviewer)
    assert not versions.completed.exists()


def test_every_byte_of_a_delta_is_accounted_for(versions: Versions) -> None:
    """Wherever one bit is turned, the file is refused, or says another base, which is then not the one at hand."""
    path, data = versions.delta.path, versions.delta.path.read_bytes()
    for at in range(0, len(data), 97):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(BundleError):
            complete(path, base=versions.old.path, held=versions.reviewer)
    for cut in (0, 100, 512, len(data) - 1):
        path.write_bytes(data[:cut])
        with pytest.raises(BundleError):
            read_delta(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(BundleError, match="bytes follow"):
        read_delta(path)
    assert not versions.completed.exists()


def ran(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    code = cli.run([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_complete_and_verify_make_the_bundle_of_a_delta(
    versions: Versions, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path / "reviewer"))
    delta, old = versions.delta.path, versions.old.path
    code, said = ran(capsys, "complete", delta)
    assert (code, "--base demo-1.0.kgshare.tar" in said) == (BundleError.exit_code, True)
    code, said = ran(capsys, "complete", delta, "--base", old, "--output", tmp_path / "there", "--json", "-q")
    result = json.loads(said)["result"]
    assert (code, result["digest"], result["delta"]) == (0, versions.new.digest, versions.delta.size)
    assert (tmp_path / "there" / versions.new.path.name).read_bytes() == versions.new.path.read_bytes()
    code, said = ran(capsys, "complete", old)
    assert (code, "demo-1.0.kgshare.tar is no delta" in said) == (2, True)
    versions.reviewer.remember(versions.old)
    code, said = ran(capsys, "complete", delta)
    assert (code, str(versions.completed) in said) == (0, True)


def test_whatever_obtains_a_bundle_completes_a_delta(
    versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path / "reviewer"))
    with pytest.raises(BundleError, match="is not on this machine"):
        obtain(versions.delta.path, progress=QUIET)
    made = obtain(versions.delta.path, progress=QUIET, base=versions.old.path)
    assert made.is_relative_to(tmp_path / "reviewer")
    assert made.read_bytes() == versions.new.path.read_bytes()
    assert obtain(versions.delta.path, progress=QUIET, base=versions.old.path) == made
    assert list(versions.delta.path.parent.iterdir()) == [versions.delta.path]
    assert obtain(versions.old.path, progress=QUIET) == versions.old.path
    with pytest.raises(UsageError, match="goes with a delta"):
        obtain(versions.old.path, progress=QUIET, base=versions.old.path)


def test_the_cache_says_what_it_holds_and_forgets_what_only_saves_fetching(
    versions: Versions, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path / "reviewer"))
    versions.reviewer.remember(versions.old)
    versions.reviewer.take(sha256(b"x" * 1000), [b"x" * 1000])
    parts = {p["name"]: p for p in json.loads(ran(capsys, "cache", "show", "--json")[1])["result"]["parts"]}
    assert (parts["blobs"]["size"], parts["bundles"]["files"]) == (1000, 1)
    assert str(versions.old.path) in ran(capsys, "cache", "show")[1]
    assert json.loads(ran(capsys, "cache", "empty", "--json")[1])["result"]["size"] == 1000
    assert str(versions.old.path) not in ran(capsys, "cache", "show")[1]
    assert versions.old.path.exists()


def test_a_delta_is_never_taken_for_a_bundle(versions: Versions) -> None:
    for read in (read_bundle, inspect_bundle):
        with pytest.raises(BundleError, match="is a delta") as caught:
            read(versions.delta.path)
        assert "kgshare complete" in str(caught.value)
