"""Signing without a key: the whole way with Sigstore's own client, and a service and root of trust of the test's own.

That the public service signs, and that its root accepts what it signed, cannot be seen without it (docs/decisions/164).
"""

from __future__ import annotations

import base64
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from sigstore.dsse import Statement
from sigstore.models import Bundle, ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier
from tests.unit.private_sigstore import PrivateSigstore
from tests.unit.signed_example import Person, whole

from kgshare.bundle import canonical, read_bundle
from kgshare.bundle.signature import payload_of
from kgshare.cli import run
from kgshare.errors import BundleError, TrustError, UsageError
from kgshare.trust.author import KeylessAuthor, Signing, author_of
from kgshare.trust.check import verdict_on
from kgshare.trust.command import sign
from kgshare.trust.keyless import Identity, Sigstore, spelt
from kgshare.trust.seen import note_seen
from kgshare.trust.sign import append, statement_of
from kgshare.trust.store import now
from kgshare.trust.verdict import require

CI = Identity(
    identity="https://forge.example/anna/herbs/.ci/release.yml@refs/tags/v1", issuer="https://forge.example"
)


class Signer:
    """What the client hands out to sign with; the private service answers in place of the public one."""

    def __init__(self, private: PrivateSigstore) -> None:
        self.private = private

    @contextmanager
    def signer(self, token: IdentityToken) -> Iterator[Signer]:
        assert token.identity == self.private.who.identity
        yield self

    def sign_dsse(self, statement: Statement) -> Bundle:
        return self.private.bundle(statement._contents)


@pytest.fixture(scope="module")
def private() -> PrivateSigstore:
    return PrivateSigstore(CI)


@pytest.fixture
def service(private: PrivateSigstore, monkeypatch: pytest.MonkeyPatch) -> Sigstore:
    """The adapter as it is, on Sigstore's own client, whose root of trust and service are the private ones."""
    root, claims = private.root(), {"aud": "sigstore", "iss": CI.issuer, "sub": CI.identity}
    when = {"iat": int(time.time()) - 5, "exp": int(time.time()) + 600}
    token = jwt.encode({**claims, **when}, "the forge's secret, which only the service checks")
    monkeypatch.setattr("sigstore.oidc.detect_credential", lambda: token)
    monkeypatch.setattr(ClientTrustConfig, "production", classmethod(lambda cls: None))
    monkeypatch.setattr(SigningContext, "from_trust_config", classmethod(lambda cls, config: Signer(private)))
    monkeypatch.setattr(Verifier, "production", classmethod(lambda cls, *, offline: cls(trusted_root=root)))
    return Sigstore()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Person(folder=tmp_path).here(monkeypatch)
    return whole(tmp_path / "whole")


def test_a_bundle_is_signed_by_the_forges_identity_and_accepted_by_whoever_names_it(
    file: Path, service: Sigstore
) -> None:
    report = sign(file, Signing(key="keyless"), service)
    assert report.verdict.accepted
    found = verdict_on(read_bundle(file), who=CI, service=service)
    assert (found.signer, found.issuer, found.fingerprint) == (CI.identity, CI.issuer, "")
    assert found.line().startswith(f"signed by {CI.identity} on ")
    assert found.line().endswith(CI.issuer)


def test_it_is_refused_where_nobody_was_named_or_somebody_else(file: Path, service: Sigstore) -> None:
    sign(file, Signing(key="keyless"), service)
    bundle = read_bundle(file)
    nobody = verdict_on(bundle, service=service)
    assert "signed without a key" in nobody.reason
    assert "--identity WHO --issuer ADDRESS" in nobody.hint
    for who in (
        Identity(identity="https://forge.example/eve/herbs", issuer=CI.issuer),
        Identity(identity=CI.identity, issuer="https://other.example"),
    ):
        found = verdict_on(bundle, who=who, service=service)
        assert not found.accepted
        assert f"is not one of {who}" in found.reason


def test_it_is_refused_for_another_bundle_and_where_a_newer_one_of_the_same_identity_was_here(
    file: Path, service: Sigstore, tmp_path: Path
) -> None:
    newer = whole(tmp_path / "newer", version="1.1")
    sign(newer, Signing(key="keyless"), service)
    note_seen(verdict_on(read_bundle(newer), who=CI, service=service))
    sign(file, Signing(key="keyless"), service)
    assert "1.1 of" in verdict_on(read_bundle(file), who=CI, service=service).reason
    assert verdict_on(read_bundle(file), who=CI, service=service, older=True).accepted
    data = read_bundle(newer).signature
    assert data is not None
    put(file, data.data)
    assert "is for another bundle, herbs 1.1" in verdict_on(read_bundle(file), who=CI, service=service).reason


def test_a_trusted_key_does_not_do_where_an_identity_was_asked_for(file: Path, service: Sigstore) -> None:
    sign(file, Signing())
    assert verdict_on(read_bundle(file)).accepted
    found = verdict_on(read_bundle(file), who=CI, service=service)
    assert "it was signed with a key" in found.reason
    assert f"not by {CI}" in found.reason


def put(file: Path, data: bytes) -> None:
    append(file, read_bundle(file).unsigned, data, file)


def test_sigstores_public_root_is_what_counts_offline_and_refuses_another_service(
    file: Path, private: PrivateSigstore
) -> None:
    statement = statement_of(read_bundle(file), CI.identity, now())
    put(file, spelt(private.bundle(payload_of(statement)).to_json()))
    found = verdict_on(read_bundle(file), who=CI)
    assert not found.accepted
    assert f"its signature is not one of {CI}" in found.reason


def altered(data: bytes, change: Callable[[Any], object]) -> bytes:
    doc = json.loads(data)
    change(doc)
    return canonical.dump(doc)


def other_signature(doc: Any) -> None:
    """The same ECDSA signature spelt with n - s, which holds for the same key and bytes."""
    signature = doc["dsseEnvelope"]["signatures"][0]
    r, s = decode_dss_signature(base64.b64decode(signature["sig"]))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signature["sig"] = base64.b64encode(encode_dss_signature(r, order - s)).decode()


MATERIAL = "verificationMaterial"
ALTERATIONS: dict[str, Callable[[Any], object]] = {
    "the signature spelt otherwise": other_signature,
    "another log entry's index": lambda d: d[MATERIAL]["tlogEntries"][0].update(logIndex="1"),
    "another time in the log": lambda d: d[MATERIAL]["tlogEntries"][0].update(integratedTime="1"),
    "no proof": lambda d: d[MATERIAL]["tlogEntries"][0].pop("inclusionProof"),
    "no promise": lambda d: d[MATERIAL]["tlogEntries"][0].pop("inclusionPromise"),
    "no log entry": lambda d: d[MATERIAL].update(tlogEntries=[]),
    "a key beside the certificate": lambda d: d[MATERIAL].update(publicKey={"hint": "x"}),
    "a certificate that is none": lambda d: d[MATERIAL]["certificate"].update(rawBytes="AAAA"),
    "a number that is none": lambda d: d[MATERIAL]["tlogEntries"][0].update(logIndex=0),
    "an empty list said": lambda d: d[MATERIAL].update(timestampVerificationData={"rfc3161Timestamps": []}),
    "an unknown key": lambda d: d[MATERIAL].update(x=1),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_what_the_service_said_cannot_be_altered(name: str, file: Path, service: Sigstore) -> None:
    sign(file, Signing(key="keyless"), service)
    signature = read_bundle(file).signature
    assert signature is not None
    append(file, read_bundle(file).unsigned, altered(signature.data, ALTERATIONS[name]), file)
    with pytest.raises((BundleError, TrustError)):
        require(verdict_on(read_bundle(file), who=CI, service=service), file.name)


def test_hundreds_of_alterations_of_one_byte_are_all_refused(file: Path, service: Sigstore) -> None:
    """But for the line under the log's note: its client looks at the key's number there, and not at the name before it."""
    sign(file, Signing(key="keyless"), service)
    good = file.read_bytes()
    chance = random.Random(1)
    start = read_bundle(file).unsigned
    line = good.index("— ".encode(), start)
    places = [p for p in range(start, len(good)) if not line <= p < good.index(b'"', line)]
    assert len(places) > 4000
    for place in chance.sample(places, 300):
        data = bytearray(good)
        data[place] ^= chance.randrange(1, 256)
        file.write_bytes(data)
        with pytest.raises((BundleError, TrustError)):
            require(verdict_on(read_bundle(file, deep=False), who=CI, service=service), file.name)


def test_without_a_forge_there_is_nobody_to_sign_and_the_hint_says_what_a_job_needs(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sigstore.oidc.detect_credential", lambda: None)
    before = file.read_bytes()
    assert run(["sign", str(file), "--keyless"]) == TrustError.exit_code
    assert "id-token: write" in capsys.readouterr().err
    assert file.read_bytes() == before
    monkeypatch.setattr("sigstore.oidc.detect_credential", lambda: "no token")
    with pytest.raises(TrustError, match="the forge's credential cannot be used"):
        Sigstore().whoami()


def test_without_the_extra_it_says_what_to_install(
    file: Path, service: Sigstore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(file, Signing(key="keyless"), service)
    for module in ("sigstore.oidc", "sigstore.errors"):
        monkeypatch.setitem(sys.modules, module, None)
    author = author_of(Signing(key="keyless"))
    assert isinstance(author, KeylessAuthor)
    with pytest.raises(TrustError) as caught:
        author.ready()
    assert "pip install 'kgshare[keyless]'" in caught.value.problems[0].hint
    assert "cannot be verified here" in verdict_on(read_bundle(file), who=CI).reason


def test_both_halves_of_an_identity_are_needed_and_a_key_excludes_it(file: Path) -> None:
    assert run(["verify", str(file), "--identity", "x"]) == UsageError.exit_code
    assert run(["sign", str(file), "--key", "a", "--keyless"]) == UsageError.exit_code
    assert run(["key", "create", "keyless"]) == TrustError.exit_code
