"""Placing what was built: signed, whole, and neither copied nor signed again where it is right already."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.signed_example import Person, whole

from kgshare.bundle import read_bundle
from kgshare.errors import BundleError, TrustError
from kgshare.trust.author import KeyAuthor, Signing, author_of
from kgshare.trust.check import verdict_on
from kgshare.trust.command import create_key


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Person(folder=tmp_path).here(monkeypatch)
    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path / "cache"))
    return whole(tmp_path / "made")


def author(ask: object = None) -> KeyAuthor:
    found = author_of(Signing(ask=ask))  # type: ignore[arg-type]
    assert isinstance(found, KeyAuthor)
    return found


def test_what_was_built_is_placed_signed_and_stays_unsigned_where_it_was_made(
    made: Path, tmp_path: Path
) -> None:
    before, target = made.read_bytes(), tmp_path / "out" / "herbs.kgshare.tar"
    author().place(made, target, read_bundle(made).digest)
    assert made.read_bytes() == before
    assert verdict_on(read_bundle(target)).accepted
    assert [p.name for p in target.parent.iterdir()] == [target.name]


def test_what_is_placed_already_is_left_alone_and_no_passphrase_is_asked_for(
    made: Path, tmp_path: Path
) -> None:
    create_key("anna", passphrase=b"secret", default=False)
    asked: list[str] = []

    def ask(name: str) -> str:
        asked.append(name)
        return "secret"

    target, digest = tmp_path / "herbs.kgshare.tar", read_bundle(made).digest
    author(ask).place(made, target, digest)
    placed = target.stat()
    author(ask).place(made, target, digest)
    assert asked == ["anna"]
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (placed.st_ino, placed.st_mtime_ns)


@pytest.mark.parametrize("what", ["another content", "another key", "touched", "gone", "cut"])
def test_whatever_is_no_longer_as_it_was_placed_is_placed_anew(what: str, made: Path, tmp_path: Path) -> None:
    target, digest = tmp_path / "herbs.kgshare.tar", read_bundle(made).digest
    author().place(made, target, digest)
    placed = target.stat().st_ino
    if what == "another content":
        made = whole(tmp_path / "newer", version="1.1")
        digest = read_bundle(made).digest
    elif what == "another key":
        create_key("ben", passphrase=b"", default=True)
    elif what == "touched":
        os.utime(target)
    elif what == "cut":
        target.write_bytes(target.read_bytes()[:-512])
    else:
        target.unlink()
    author().place(made, target, digest)
    found = verdict_on(read_bundle(target))
    assert found.accepted
    assert found.digest == digest
    assert found.fingerprint == author().mark
    assert what == "gone" or target.stat().st_ino != placed


def test_a_signature_that_cannot_be_made_leaves_what_was_there(made: Path, tmp_path: Path) -> None:
    create_key("anna", passphrase=b"secret", default=False)
    target = tmp_path / "herbs.kgshare.tar"
    target.write_bytes(b"the last one")
    with pytest.raises(TrustError, match="passphrase is wrong"):
        author(lambda _: "wrong").place(made, target, read_bundle(made).digest)
    assert target.read_bytes() == b"the last one"


def test_a_file_that_is_not_whole_is_not_signed(made: Path) -> None:
    data = bytearray(made.read_bytes())
    data[len(data) // 2] ^= 1
    made.write_bytes(data)
    with pytest.raises(BundleError):
        author().sign_file(made)
    assert made.read_bytes() == bytes(data)


def test_signing_again_with_another_key_replaces_the_signature(made: Path) -> None:
    author().sign_file(made)
    once = made.stat().st_size
    create_key("ben", passphrase=b"", default=True)
    assert verdict_on(author().sign_file(made)).signer == "ben"
    assert abs(made.stat().st_size - once) <= 512
