"""A registry that lies, goes on for ever, or sends one elsewhere: nothing of it is placed, and it learns no password."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

import pytest
from tests.unit.registry_fake import Fake, Handler, Odd, fake
from tests.unit.registry_scene import Scene
from tests.unit.test_registry_dying import largest

from kgshare.errors import BundleError, KgshareError, RegistryError, UsageError
from kgshare.registry import repository, session


def answering(end: str, answer: Callable[[Handler], None]) -> Odd:
    """Answer so where something whose address ends like this is asked for."""

    def odd(handler: Handler) -> bool:
        if handler.command == "GET" and handler.path.endswith(end):
            answer(handler)
            return True
        return False

    return odd


def of_blob(digest: str, answer: Callable[[Handler], None]) -> Odd:
    return answering(f"/blobs/{digest}", answer)


def of_manifest(which: str, answer: Callable[[Handler], None]) -> Odd:
    return answering(f"/manifests/{which}", answer)


def endless(handler: Handler) -> None:
    """A body without a length that goes on until the other side has enough."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.close_connection = True
    try:
        while True:
            handler.wfile.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
    except OSError:
        return


def longer(handler: Handler, data: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(data + b"more")
    handler.close_connection = True


LIES = {
    "other bytes": (lambda data: lambda h: h.answer(200, bytes(len(data))), "sends other bytes, .*it was altered"),
    "an empty body": (lambda data: lambda h: h.answer(200, b""), "announces 0 bytes, it must be"),
    "too many bytes, announced": (lambda data: lambda h: h.answer(200, data + b"x"), "announces .* bytes, it must be"),
    "too many bytes, not announced": (lambda data: lambda h: longer(h, data), "sends more than its"),
    "bytes for ever": (lambda data: endless, "sends more than its|sends other bytes"),
    "a page": (lambda data: lambda h: h.answer(500, b"<html>" * 100), "cannot be had: it answers 500"),
    "nothing": (lambda data: lambda h: h.error(404, "BLOB_UNKNOWN"), "is not there, though its manifest is"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_blob_that_is_not_what_it_must_be_places_nothing_and_is_not_kept(scene: Scene, lie: str) -> None:
    scene.push()
    digest, data = largest(scene)
    make, message = LIES[lie]
    scene.server.odd = of_blob(digest, make(data))
    with pytest.raises(RegistryError, match=message) as refused:
        scene.pull()
    assert digest in str(refused.value)
    assert scene.reviewer.files() == []
    part = scene.reviewer.folder / "cache" / "pulls" / f"{digest[7:]}.part"
    assert not part.exists() or part.read_bytes() == b""
    scene.server.odd = lambda handler: False
    assert scene.pull().bundle.read_bytes() == scene.file.read_bytes()


def test_an_index_that_is_not_the_one_of_the_digest_is_refused(scene: Scene) -> None:
    digest = scene.push().digest
    other = scene.server.index("1.0").replace(b'"1.0"', b'"1.1"')
    scene.server.odd = of_manifest(digest, lambda h: h.answer(200, other))
    with pytest.raises(RegistryError, match="sends other bytes, with the digest"):
        scene.pull(f"@{digest}")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}" + b" " * (1 << 20), "has 1048578 bytes, more than 1048576"),
        (b"x" * (5 << 20), "answers with more than 4194304 bytes"),
        (b"[[" * 100_000, "is no bundle of kgshare but nothing that can be read"),
        (b"\xff\xfe", "is no bundle of kgshare but nothing that can be read"),
        (json.dumps({"artifactType": "application/vnd.kgshare.bundle.v2"}).encode(), r"bundle\.v2"),
    ],
    ids=["too large", "far too large", "nested", "no text", "another format"],
)
def test_an_index_that_is_none_is_called_what_it_is(scene: Scene, data: bytes, message: str) -> None:
    scene.push()
    scene.server.odd = of_manifest("1.0", lambda h: h.answer(200, data))
    with pytest.raises(KgshareError, match=message) as refused:
        scene.pull(":1.0")
    assert refused.value.exit_code in (BundleError.exit_code, RegistryError.exit_code)


def test_an_index_spelt_otherwise_is_refused_before_a_blob_is_fetched(scene: Scene) -> None:
    scene.push()
    spelt = json.dumps(json.loads(scene.server.index("1.0"))).encode()
    scene.server.odd = of_manifest("1.0", lambda h: h.answer(200, spelt))
    with pytest.raises(BundleError, match="canonical"):
        scene.pull(":1.0")
    assert scene.server.sent == 0


@pytest.fixture
def elsewhere() -> Iterator[Fake]:
    """Another host."""
    with fake() as server:
        yield server


def test_a_download_that_leads_elsewhere_takes_no_credentials_along(scene: Scene, elsewhere: Fake) -> None:
    scene.push()
    scene.server.auth = "basic"
    scene.reviewer.login(scene.server.host)
    digest, data = largest(scene)
    elsewhere.blobs[digest] = data
    there = f"http://{elsewhere.host}/v2/cdn/blobs/{digest}"
    scene.server.odd = of_blob(digest, lambda h: h.answer(307, Location=there))
    assert scene.pull().bundle.read_bytes() == scene.file.read_bytes()
    [(_, _, headers)] = elsewhere.asked
    assert "Authorization" not in headers
    assert any("Authorization" in headers for _, _, headers in scene.server.asked)


def test_a_download_that_leads_to_what_is_not_encrypted_or_round_in_circles_is_refused(scene: Scene) -> None:
    scene.push()
    digest, _ = largest(scene)
    scene.server.odd = of_blob(digest, lambda h: h.answer(302, Location="http://cdn.example/blob"))
    with pytest.raises(RegistryError, match=r"http://cdn\.example is not encrypted"):
        scene.pull()
    scene.server.odd = of_blob(digest, lambda h: h.answer(302, Location="file:///etc/passwd"))
    with pytest.raises(RegistryError, match="file:// is not encrypted"):
        scene.pull()
    scene.server.odd = of_blob(digest, lambda h: h.answer(302, Location=h.path))
    with pytest.raises(RegistryError, match="sends us from one address to the next"):
        scene.pull()


NO_ADDRESS = pytest.mark.parametrize("place", ["http://h:99999/x", "http://[bad/x", "https://h:abc/"])


@NO_ADDRESS
def test_a_place_that_is_no_address_is_called_that(scene: Scene, place: str) -> None:
    scene.server.odd = lambda h: h.command == "POST" and bool(h.answer(202, Location=place) or True)
    with pytest.raises(RegistryError, match="sends us to what is no address"):
        scene.push()
    scene.server.odd = lambda handler: False
    scene.push()
    scene.server.odd = of_blob(largest(scene)[0], lambda h: h.answer(307, Location=place))
    with pytest.raises(RegistryError, match="sends us to what is no address"):
        scene.pull()


@pytest.mark.parametrize(
    "challenge", ["Bearer", 'Bearer realm="h:99999"', 'Bearer realm="http://[bad/"', "Negotiate", ""]
)
@pytest.mark.parametrize("token", ["", "an identity"])
def test_a_question_who_one_is_that_cannot_be_answered_is_said(
    scene: Scene, challenge: str, token: str
) -> None:
    scene.reviewer.login(scene.server.host, **({"identitytoken": token} if token else {}))
    scene.server.odd = lambda h: bool(h.error(401, "UNAUTHORIZED", WWW_Authenticate=challenge) or True)
    with pytest.raises(RegistryError) as said:
        scene.pull(":1.0")
    assert "NoneType" not in str(said.value)


def test_a_list_of_tags_is_read_with_care(scene: Scene) -> None:
    scene.push()
    rows = [None, 7, {"a": 1}, "only one/../../x", "a b\x1b[2J", "1.0"]

    def odd(handler: Handler) -> bool:
        if not handler.path_.endswith("/tags/list"):
            return False
        handler.answer(200, json.dumps({"tags": rows}).encode(), Link=f'<{handler.path}>; rel="next"')
        return True

    scene.server.odd = odd
    scene.server.asked.clear()
    with pytest.raises(UsageError, match=r"there are several: 1\.0, 1\.0, "):
        scene.pull()
    assert len(scene.server.asked) == repository.MAX_PAGES
    rows[:] = ["../../x"]
    with pytest.raises(RegistryError, match="there is no herbs"):
        scene.pull()


def test_a_certificate_counts_behind_a_proxy_too(scene: Scene) -> None:
    adapter = session.Session("registry.example").get_adapter("https://registry.example")
    context = adapter.proxy_manager_for("http://proxy.example:1").connection_pool_kw["ssl_context"]  # type: ignore[attr-defined]
    assert context is adapter.poolmanager.connection_pool_kw["ssl_context"]  # type: ignore[attr-defined]


def test_a_proxy_is_not_told_what_is_said_to_this_machine(scene: Scene, elsewhere: Fake) -> None:
    scene.push()
    scene.server.auth = "basic"
    scene.reviewer.login(scene.server.host)
    for name in ("no_proxy", "NO_PROXY"):
        scene.reviewer.patch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        scene.reviewer.patch.setenv(name, f"http://{elsewhere.host}")
    assert scene.pull().bundle.read_bytes() == scene.file.read_bytes()
    assert elsewhere.asked == []


def test_an_upload_that_is_wanted_elsewhere_is_not_sent(scene: Scene, elsewhere: Fake) -> None:
    def odd(handler: Handler) -> bool:
        if handler.command == "POST":
            handler.answer(202, Location=f"http://{elsewhere.host}/v2/x/blobs/uploads/one?state=1")
            return True
        return False

    scene.server.odd = odd
    with pytest.raises(RegistryError, match="to be sent elsewhere, to"):
        scene.push()
    assert elsewhere.asked == []


def test_a_password_goes_to_no_address_for_tokens_that_is_not_encrypted(scene: Scene) -> None:
    scene.push()
    scene.reviewer.login(scene.server.host)

    def odd(handler: Handler) -> bool:
        handler.error(
            401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="http://tokens.example/",service="x"'
        )
        return True

    scene.server.odd = odd
    with pytest.raises(RegistryError, match=r"http://tokens\.example is not encrypted"):
        scene.pull()


def test_a_registry_that_takes_and_then_says_it_has_something_else_gets_no_tag(scene: Scene) -> None:
    def odd(handler: Handler) -> bool:
        if handler.command == "PUT" and "/manifests/" in handler.path:
            handler.body()
            handler.answer(201, Docker_Content_Digest="sha256:" + "0" * 64)
            return True
        return False

    scene.server.odd = odd
    with pytest.raises(RegistryError, match="was sent, and it says that it has sha256:000"):
        scene.push()
    assert not scene.server.tags


def test_a_tag_that_names_something_else_right_afterwards_is_told(scene: Scene) -> None:
    def odd(handler: Handler) -> bool:
        if handler.command == "GET" and handler.path.endswith("/manifests/1.0"):
            handler.answer(200, b"{}")
            return True
        return False

    scene.server.odd = odd
    with pytest.raises(RegistryError, match=r"under the tag 1\.0, not sha256:"):
        scene.push()


def test_what_it_says_of_an_error_moves_no_cursor(scene: Scene) -> None:
    said = json.dumps({"errors": [{"message": "\x1b[2Jgone\nkgshare: fine"}]}).encode()
    scene.server.odd = lambda handler: bool(handler.answer(400, said) or True)
    with pytest.raises(RegistryError, match=r"\\x1b\[2Jgone\\nkgshare: fine"):
        scene.pull(":1.0")


def test_foreign_signatures_and_broken_ones_are_passed_over(scene: Scene) -> None:
    scene.push()
    tag = next(tag for tag in scene.server.tags if tag.startswith("sha256-"))
    index = json.loads(scene.server.index(tag))
    mine = next(
        row for row in index["manifests"] if row["artifactType"].startswith("application/vnd.dev.sigstore")
    )
    odd_rows = [
        "text", {"artifactType": mine["artifactType"]}, {**mine, "digest": "sha256:" + "0" * 64},
        {**mine, "digest": "../../x"}, {**mine, "digest": scene.server.tags["1.0-database"]}, {**mine, "annotations": 7},
    ]  # fmt: skip
    for layer in ({"size": 3}, {"digest": "sha256:" + "0" * 64, "size": 9}, {"size": "3"}, {"size": 1 << 40}):
        odd_rows.append({**mine, "digest": candidate(scene, mine["digest"], layer)})
    data = json.dumps({**index, "manifests": [*odd_rows, *index["manifests"]]}).encode()
    scene.server.odd = of_manifest(tag, lambda h: h.answer(200, data))
    assert scene.pull(":1.0").bundle.read_bytes() == scene.file.read_bytes()


def candidate(scene: Scene, like: str, layer: dict[str, object]) -> str:
    """Another manifest of a signature, with its layer said to be otherwise; its digest."""
    kind, data = scene.server.manifests[like]
    said = json.loads(data)
    said["layers"] = [{**said["layers"][0], **layer}]
    other = json.dumps(said).encode()
    digest = f"sha256:{hashlib.sha256(other).hexdigest()}"
    scene.server.manifests[digest] = (kind, other)
    return digest


def test_many_who_sign_later_do_not_hide_one_who_is_trusted(scene: Scene) -> None:
    scene.push()
    tag = next(tag for tag in scene.server.tags if tag.startswith("sha256-"))
    index = json.loads(scene.server.index(tag))
    mine = next(
        row for row in index["manifests"] if row["artifactType"].startswith("application/vnd.dev.sigstore")
    )
    late = {**mine, "annotations": {"org.opencontainers.image.created": "9999"}}
    rows = [{**late, "digest": candidate(scene, mine["digest"], {"size": size})} for size in range(1, 41)]
    data = json.dumps({**index, "manifests": [*rows, *index["manifests"]]}).encode()
    scene.server.odd = of_manifest(tag, lambda h: h.answer(200, data))
    assert scene.pull(":1.0").bundle.read_bytes() == scene.file.read_bytes()
