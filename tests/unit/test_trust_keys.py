"""Keys and whose are trusted: files of one user alone, lines that any tool reads, and every way they can be wrong."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.signed_example import WHEN, Person, new_key

from kgshare.cli import run
from kgshare.errors import TrustError, UsageError
from kgshare.trust import keys
from kgshare.trust.author import KeyAuthor, Signing, author_of
from kgshare.trust.command import create_key, list_keys, retire_key, show_key, trust_key
from kgshare.trust.keys import PublicKey, parse_line
from kgshare.trust.store import TrustStore, read_store, write_store

LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f anna"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Person(folder=tmp_path).here(monkeypatch)
    monkeypatch.delenv(keys.PASSPHRASE_FILE, raising=False)
    return tmp_path / "config"


def test_a_public_key_is_a_line_of_openssh_with_its_fingerprint() -> None:
    key = parse_line(LINE)
    assert (key.name, key.raw, key.line) == ("anna", bytes(range(32)), LINE)
    digest = hashlib.sha256(base64.b64decode(LINE.split()[1])).digest()
    assert key.fingerprint == "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    assert key.pem.startswith("-----BEGIN PUBLIC KEY-----\n")


def ecdsa_line() -> str:
    public = generate_private_key(SECP256R1()).public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " anna"


@pytest.mark.parametrize(
    "line",
    [
        "", "hello", "ssh-ed25519", "ssh-ed25519 AAAA anna", LINE.removesuffix(" anna"), LINE + " of the lab",
        LINE + "\n" + LINE, LINE.replace("HR4f", "HR4"), pytest.param(ecdsa_line(), id="of another kind"),
        pytest.param("ssh-ed25519" + ecdsa_line()[19:], id="another kind under this name"), LINE + "/../x",
    ],
)  # fmt: skip
def test_what_is_no_line_of_a_key_is_refused_with_what_one_looks_like(line: str) -> None:
    with pytest.raises(TrustError) as caught:
        parse_line(line, where="x.pub")
    assert caught.value.problems[0].hint
    assert caught.value.problems[0].where == "x.pub"


def test_a_key_is_made_for_its_user_alone_and_signs_by_default(folder: Path) -> None:
    report = create_key("anna", passphrase=b"", default=False)
    file = folder / "keys" / "anna.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "keys" / "anna.pub").read_text() == report.line + "\n"
    assert show_key(None, pem=False).text() == report.line
    assert show_key("anna", pem=True).text() == report.pem.strip()
    [row] = list_keys().keys
    assert (row.name, row.own, row.default, row.retired) == ("anna", True, True, None)
    assert keys.unlock(keys.own_key("anna")).public_key
    assert keys.own_key(report.fingerprint).public.name == "anna"


def test_there_is_one_key_of_a_name() -> None:
    create_key("anna", passphrase=b"", default=False)
    with pytest.raises(TrustError, match="name of another key here"):
        create_key("anna", passphrase=b"", default=False)
    trust_key(LINE.replace("anna", "ben"), called=None)
    with pytest.raises(TrustError, match="name of another key here"):
        create_key("ben", passphrase=b"", default=False)
    with pytest.raises(TrustError, match="no name for a key"):
        create_key("../x", passphrase=b"", default=False)


def test_a_key_file_that_others_may_read_is_refused() -> None:
    key = new_key("anna")
    key.file.chmod(0o640)
    with pytest.raises(TrustError, match="others may read it: its mode is 0640") as caught:
        keys.unlock(key)
    assert f"chmod 600 {key.file}" in caught.value.problems[0].hint


def test_a_passphrase_is_taken_from_a_file_or_asked_for_and_a_wrong_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_key("anna", passphrase=b"open sesame", default=False)
    key = keys.own_key("anna")
    assert b"ENCRYPTED" in key.file.read_bytes()
    assert keys.unlock(key, lambda name: "open sesame" if name == "anna" else "")
    with pytest.raises(TrustError, match="the passphrase is wrong"):
        keys.unlock(key, lambda _: "open says me")
    with pytest.raises(TrustError, match="nobody can be asked"):
        keys.unlock(key)
    secret = tmp_path / "passphrase"
    monkeypatch.setenv(keys.PASSPHRASE_FILE, str(secret))
    with pytest.raises(TrustError, match="cannot be read"):
        keys.unlock(key)
    secret.write_text("open sesame\n")
    assert keys.unlock(key)
    secret.write_text("\n")
    with pytest.raises(TrustError, match="is empty"):
        keys.unlock(key)


def test_a_private_key_that_is_lost_or_anothers_or_none_is_refused() -> None:
    anna, ben = new_key("anna"), new_key("ben")
    anna.file.write_bytes(ben.file.read_bytes())
    with pytest.raises(TrustError, match="is not the private part of that key"):
        keys.unlock(anna)
    anna.file.write_bytes(b"-----BEGIN NOTHING-----")
    with pytest.raises(TrustError, match="is not a private key in PEM"):
        keys.unlock(anna)
    anna.file.unlink()
    with pytest.raises(TrustError, match="cannot be read: No such file"):
        keys.unlock(anna)


def test_a_build_makes_the_default_key_once_says_so_and_trusts_it() -> None:
    made = author_of(Signing())
    assert isinstance(made, KeyAuthor)
    assert f"kgshare key trust '{made.key.public.line}'" in made.note
    again = author_of(Signing())
    assert isinstance(again, KeyAuthor)
    assert (again.key, again.note) == (made.key, "")
    assert [t.key for t in read_store().keys] == [made.key.public]
    assert author_of(Signing(off=True)) is None
    with pytest.raises(TrustError, match="you have no key ben") as caught:
        author_of(Signing(key="ben"))
    assert f"yours are {made.key.public.name}" in caught.value.problems[0].hint


def test_builds_that_start_at_once_make_one_key_and_one_of_them_says_so() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: author_of(Signing()), range(8)))
    assert len({author.mark for author in made if author}) == 1
    assert len([author for author in made if author and author.note]) == 1
    assert len(list_keys().keys) == 1


def test_ones_own_retired_key_signs_no_more_and_the_next_build_makes_another() -> None:
    first = author_of(Signing())
    assert isinstance(first, KeyAuthor)
    name = first.key.public.name
    assert "the next build makes another key" in retire_key(name, reason="old").text()
    with pytest.raises(TrustError, match=f"your key {name} was retired on .*: old"):
        author_of(Signing(key=name))
    second = author_of(Signing())
    assert isinstance(second, KeyAuthor)
    assert second.key.public.name == f"{name}-2"


def test_a_line_is_trusted_once_from_the_line_or_a_file_under_a_name_of_ones_own(tmp_path: Path) -> None:
    assert "trusted from now on: anna" in trust_key(LINE, called=None).text()
    file = tmp_path / "anna.pub"
    file.write_text(LINE + "\n")
    assert "trusted already" in trust_key(str(file), called=None).text()
    other = PublicKey(name="anna", raw=bytes(32)).line
    with pytest.raises(TrustError, match="another key is trusted as anna") as caught:
        trust_key(other, called=None)
    assert "kgshare key retire anna" in caught.value.problems[0].hint
    assert trust_key(other, called="anna-of-bergen").name == "anna-of-bergen"
    assert [row.name for row in list_keys().keys] == ["anna", "anna-of-bergen"]
    with pytest.raises(UsageError, match="cannot be read"):
        trust_key("no-such-file", called=None)


def test_a_retired_key_is_not_trusted_again_by_its_line() -> None:
    trust_key(LINE, called=None)
    retire_key("anna", reason="stolen")
    with pytest.raises(TrustError, match=r"was retired on .*: stolen"):
        trust_key(LINE, called="another-name")
    with pytest.raises(TrustError, match="it was retired on"):
        retire_key("anna", reason="")
    with pytest.raises(TrustError, match="no key ben is trusted here"):
        retire_key("ben", reason="")
    assert "retired" in list_keys().text()


def test_the_store_is_read_as_it_was_written_and_a_spoilt_one_is_refused(folder: Path) -> None:
    store = TrustStore().trust(parse_line(LINE), WHEN).retire("anna", "r", WHEN + timedelta(days=1))
    write_store(store)
    assert read_store() == store
    file = folder / "trusted.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o666)
    with pytest.raises(TrustError, match="others may write it"):
        read_store()
    file.chmod(0o600)
    good = file.read_text()
    for spoilt in (
        "{",
        "[]",
        good.replace('"since"', '"when"'),
        good.replace("AAAA", "AAAB"),
        good.replace("+00:00", ""),
    ):
        file.write_text(spoilt)
        with pytest.raises(TrustError) as caught:
            read_store()
        assert str(file) in caught.value.problems[0].where


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives a file away")
def test_a_store_that_another_user_put_there_is_refused(folder: Path) -> None:
    trust_key(LINE, called=None)
    os.chown(folder / "trusted.json", 65534, 65534)
    with pytest.raises(TrustError, match="belongs to another user"):
        read_store()


def test_the_commands_end_with_the_code_of_trust_and_json_says_the_kind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["key", "list"]) == 0
    assert "no key yet" in capsys.readouterr().out
    assert run(["key", "show", "nobody", "--json"]) == TrustError.exit_code == 16
    assert '"kind": "trust"' in capsys.readouterr().out
    assert run(["key", "create", "anna", "--passphrase"]) == 16  # no terminal to ask on
    assert "no terminal" in capsys.readouterr().err
    assert run(["build", "--sign", "anna", "--no-sign"]) == UsageError.exit_code
