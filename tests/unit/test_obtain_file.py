"""A bundle by its address: fetched once and whole, gone on with where it broke off, and refused for what it is not."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.base_registry import certified
from tests.unit.signed_example import Person, new_key, sign_as, whole
from tests.unit.web_server import Web, serving

from kgshare.cached import empty_cache, show_cache
from kgshare.cli import run
from kgshare.errors import KgshareError, MachineError, ObtainError, UsageError
from kgshare.obtain import fetch as fetching
from kgshare.obtain import obtain, session
from kgshare.obtain.address import address_of
from kgshare.obtain.kept import KEEP
from kgshare.progress import Progress

QUIET = Progress(quiet=True)
PATH = "/files/herbarium-0.2.0.kgshare.tar"


def tar(size: int = 3_000_000) -> bytes:
    """A tar; its reader would refuse it as a bundle, who fetches it cannot know."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("some")
        info.size = size
        archive.addfile(info, io.BytesIO(bytes(range(250)) * (size // 250)))
    return out.getvalue()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(Web(files={PATH: tar()})) as served:
        yield served


def fetch(web: Web, path: str = PATH, *, limit: int = 10**9) -> Path:
    address = address_of(web.address + path)
    assert address is not None
    return fetching.fetch(address, progress=QUIET, limit=limit, pause=0)


def refusal(web: Web, path: str = PATH) -> str:
    with pytest.raises(ObtainError) as caught:
        fetch(web, path)
    assert caught.value.exit_code == 18
    return str(caught.value)


def test_a_path_is_given_back_as_it_is() -> None:
    assert obtain("some/file.kgshare.tar", progress=QUIET) == Path("some/file.kgshare.tar")


def test_a_file_comes_whole_under_its_name_and_not_again_while_it_is_the_same_there(web: Web) -> None:
    file = fetch(web)
    assert file.read_bytes() == web.files[PATH]
    assert file.name == "herbarium-0.2.0.kgshare.tar"
    sent = web.sent
    assert fetch(web) == file
    assert web.sent == sent
    web.files[PATH] = newer = tar(5000)
    assert fetch(web).read_bytes() == newer


def test_a_file_whose_digest_is_named_is_not_even_asked_for_once_it_is_here(web: Web) -> None:
    named = f"{PATH}#sha256={hashlib.sha256(tar()).hexdigest()}"
    file = fetch(web, named)
    web.files.clear()
    asked = len(web.asked)
    assert fetch(web, named) == file
    assert len(web.asked) == asked


def test_a_held_file_that_was_altered_is_fetched_again(web: Web) -> None:
    file = fetch(web)
    file.write_bytes(b"altered")
    assert fetch(web).read_bytes() == web.files[PATH]


def test_another_file_than_the_named_one_is_refused_and_not_kept(web: Web, cache: Path) -> None:
    assert "another file than was meant" in refusal(web, f"{PATH}#sha256={'0' * 64}")
    assert not [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > 1000]


def test_a_connection_that_breaks_is_gone_on_with_where_it_broke(web: Web) -> None:
    web.cuts = [20 * fetching.CHUNK, 10 * fetching.CHUNK]
    assert fetch(web).read_bytes() == web.files[PATH]
    assert [span for _, span in web.asked] == ["", "bytes=1310720-", "bytes=1966080-"]
    assert web.sent == len(tar())


def test_a_server_without_ranges_sends_it_once_more_from_the_start(web: Web) -> None:
    web.ranges, web.cuts = False, [1_200_000]
    assert fetch(web).read_bytes() == web.files[PATH]


def test_a_connection_that_breaks_for_good_is_told_and_another_command_goes_on_from_there(web: Web) -> None:
    web.cuts = [16 * fetching.CHUNK] + [0] * fetching.TRIES
    said = refusal(web)
    assert "the connection ended after 1.0 MB" in said
    assert "goes on from there" in said
    assert fetch(web).read_bytes() == web.files[PATH]
    assert web.sent == len(tar())


def test_pieces_of_a_file_that_was_exchanged_meanwhile_are_not_mixed(web: Web) -> None:
    web.cuts = [16 * fetching.CHUNK] + [0] * fetching.TRIES
    refusal(web)
    web.files[PATH] = newer = tar(2_000_000)
    assert fetch(web).read_bytes() == newer


def test_more_pieces_than_the_file_has_by_now_are_thrown_away(web: Web) -> None:
    web.cuts = [16 * fetching.CHUNK] + [0] * fetching.TRIES
    refusal(web)
    web.files[PATH] = newer = tar(5000)
    assert fetch(web).read_bytes() == newer


def test_a_server_that_does_not_say_how_long_a_file_is_gives_it_all_the_same(web: Web) -> None:
    web.length = False
    assert fetch(web).read_bytes() == web.files[PATH]


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "text/html", "a web page, no bundle"),
        (b"\n\n <HTML>", "application/octet-stream", "a web page, no bundle"),
        (b"version https://git-lfs.github.com/spec/v1\n", "text/plain", "a pointer of Git LFS"),
        (b"\x1f\x8b" + bytes(600), "application/gzip", "packed (gzip)"),
        (b"PK\x03\x04" + bytes(600), "application/zip", "packed (a zip archive)"),
        (b'{"message": "no"}', "application/json", "no bundle"),
        (b"", "application/x-tar", "no bundle"),
    ],
)
def test_what_is_no_bundle_is_told_by_its_first_bytes(web: Web, body: bytes, kind: str, says: str) -> None:
    web.files[PATH], web.kind = body, kind
    assert says in refusal(web)


def test_of_something_else_no_gigabyte_is_waited_for(web: Web, cache: Path) -> None:
    web.files[PATH] = b"<html>" + bytes(20_000_000)
    refusal(web)
    assert not [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > 1000]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "401 Unauthorized\n  → it wants a user"), (403, "403 Forbidden\n  → you may not have it"),
        (404, "404 Not Found\n  → see that the address is complete"), (410, "410 Gone"), (503, "503 Service Unavailable"),
    ],
)  # fmt: skip
def test_what_a_server_answers_instead_is_said_with_what_to_do(web: Web, status: int, says: str) -> None:
    web.files[PATH] = status
    assert says in refusal(web)


def test_nobody_there_is_said(web: Web) -> None:
    web.address = "http://127.0.0.1:9"
    assert "cannot be reached: " in refusal(web)


def test_a_redirection_is_followed_and_one_that_never_ends_is_not(web: Web) -> None:
    web.files["/latest"] = PATH
    web.files["/round"] = "/round"
    assert fetch(web, "/latest").read_bytes() == web.files[PATH]
    assert "redirects" in refusal(web, "/round")


@pytest.mark.parametrize(
    "target", ["http://example.org/x.tar", "file:///etc/passwd", "ftp://example.org/x.tar"]
)
def test_a_redirection_to_what_is_not_encrypted_is_refused(web: Web, target: str) -> None:
    web.files["/away"] = target
    assert "which is not encrypted" in refusal(web, "/away")


def test_a_server_elsewhere_leads_nobody_to_a_service_of_this_machine() -> None:
    answer = session.requests.Response()
    answer.status_code, answer.url = 302, "https://example.org/x.tar"
    answer.headers["Location"] = "http://127.0.0.1:8088/reset"
    with session.session() as web, pytest.raises(ObtainError, match="which is on this machine"):
        web.get_redirect_target(answer)


def test_more_than_the_limit_is_not_fetched_whether_its_size_was_said_or_not(web: Web, cache: Path) -> None:
    for web.length in (True, False):
        with pytest.raises(ObtainError, match="is the most that is fetched"):
            fetch(web, limit=2_000_000)
        assert not list(cache.glob("obtained/parts/*[0-9a-f]"))


def test_a_file_that_the_disk_has_no_room_for_is_not_begun(
    web: Web, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(MachineError, match="make room"):
        fetch(web)
    assert not list(cache.glob("obtained/parts/*[0-9a-f]"))


def test_a_disk_that_gets_full_meanwhile_is_not_kept_full(
    web: Web, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    def full(self: object, answer: object, head: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching._Getting, "_judge", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(web)
    assert not list(cache.glob("obtained/parts/*[0-9a-f]"))


def test_only_the_last_few_files_are_kept(web: Web, cache: Path) -> None:
    for number in range(KEEP + 2):
        web.files[PATH] = tar(1000 * (number + 1))
        fetch(web)
    assert len(list(cache.glob("obtained/files/*"))) == KEEP


def test_what_was_fetched_is_a_part_of_the_cache_that_can_be_emptied(web: Web, cache: Path) -> None:
    file = fetch(web)
    sizes = {part.name: part.size for part in show_cache().parts}
    assert sizes["obtained"] >= len(tar())
    assert empty_cache().size >= len(tar())
    assert not file.exists()
    assert {part.name: part.size for part in show_cache().parts}["obtained"] == 0


def test_unencrypted_is_for_this_machine_only_and_unknown_ways_are_refused() -> None:
    assert address_of("http://localhost:8000/a.kgshare.tar")
    with pytest.raises(UsageError, match="http:// is for this machine only"):
        address_of("http://example.org/a.kgshare.tar")
    for other in ("ftp://example.org/a", "ext::sh -c true", "git://example.org/a.git", "javascript://x"):
        with pytest.raises(UsageError):
            address_of(other)


def test_no_message_shows_a_password_or_what_stands_behind_a_question_mark(web: Web) -> None:
    web.address = web.address.replace("://", "://anna:secret@")
    said = refusal(web, "/gone.tar?token=hidden")
    assert "secret" not in said
    assert "hidden" not in said
    for wrong in (
        "https://u:secret@[::1/x.tar",
        "https://u:secret@/x.tar",
        "https://u:secret@h:99999/x.tar",
        "oci://u:secret@h/x",
    ):
        with pytest.raises(KgshareError) as caught:
            obtain(wrong, progress=QUIET)
        assert "secret" not in str(caught.value)


def test_a_path_that_is_too_long_and_a_redirection_to_nonsense_are_no_defects(web: Web) -> None:
    assert address_of("a" * 5000) is None
    web.files["/away"] = "http://[bad/x"
    assert "what is no address" in refusal(web, "/away")


@pytest.mark.parametrize("setting", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_certificate_is_trusted_where_the_user_says_so_and_else_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    certified(tmp_path)
    with serving(Web(files={PATH: tar(5000)}), tmp_path / "registry.crt") as web:
        assert "its certificate is not trusted here" in refusal(web)
        monkeypatch.setenv(setting, str(tmp_path / "ca.crt"))
        assert fetch(web).read_bytes() == tar(5000)


def test_a_proxy_is_asked_where_the_user_has_one_and_never_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:1")
    monkeypatch.setenv("http_proxy", "http://proxy.example.org:1")
    with session.session() as web:
        there, here = (
            web.merge_environment_settings(url, {}, True, None, None)["proxies"]
            for url in ("https://example.org/x.tar", "http://127.0.0.1:8000/x.tar")
        )
    assert there["https"] == "http://proxy.example.org:1"
    assert not here


def test_a_file_that_comes_in_small_pieces_is_judged_by_all_its_first_bytes(web: Web) -> None:
    web.pieces = 100
    assert fetch(web).read_bytes() == web.files[PATH]


def test_what_was_completed_beside_a_fetched_file_stays(web: Web) -> None:
    file = fetch(web)
    beside = file.with_name("aaa.kgshare.tar")
    beside.write_bytes(b"completed")
    assert fetch(web) == file
    assert beside.exists()


def test_a_server_that_says_unchanged_though_nothing_was_asked_gives_no_other_file(web: Web) -> None:
    web.files["/odd.tar"] = 304
    fetch(web)
    refusal(web, "/odd.tar")


def test_what_was_fetched_goes_through_the_checks_of_a_file(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Person(folder=tmp_path / "reviewer").here(monkeypatch)
    bundle = sign_as(whole(tmp_path), new_key("anna"))
    web.files[PATH] = bundle.read_bytes()
    address = web.address + PATH
    assert run(["verify", address]) == 0
    assert run(["inspect", address]) == 0
    Person(folder=tmp_path / "stranger").here(monkeypatch)
    assert run(["verify", address]) == 16
    altered = bytearray(web.files[PATH])
    altered[-2000] ^= 1
    web.files[PATH] = bytes(altered)
    assert run(["verify", address]) == 8
    web.files[PATH] = tar(5000)
    assert run(["verify", address]) == 8, "a tar, and no bundle"
    assert run(["verify", f"{web.address}/none.tar"]) == 18
    assert run(["diff", f"{web.address}/none.tar", "x"]) == 18
    assert run(["snapshot", f"{web.address}/none.tar"]) == 18
    assert "404 Not Found" in capsys.readouterr().err
