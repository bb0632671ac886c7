"""Signing without a key: the whole way with a stand-in for Sigstore's service, and the adapter to it as far as it goes here.

The stand-in signs with a key and a certificate of its own and is its own log; that the service itself signs, and that
what it signed is accepted, cannot be seen without it (docs/decisions/164).
"""

from __future__ import annotations

import base64
import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from securesystemslib.dsse import Envelope
from tests.unit.signed_example import Person, whole

from kgshare.bundle import canonical, read_bundle
from kgshare.bundle.signature import MEDIA_TYPE, PAYLOAD
from kgshare.cli import run
from kgshare.errors import TrustError, UsageError
from kgshare.trust.author import KeylessAuthor, Signing, author_of
from kgshare.trust.check import verdict_on
from kgshare.trust.command import sign
from kgshare.trust.keyless import Identity, Sigstore
from kgshare.trust.seen import note_seen
from kgshare.trust.store import now

CI = Identity(
    identity="https://forge.example/anna/herbs/.ci/release.yml@refs/tags/v1", issuer="https://forge.example"
)


class StandIn:
    """What Sigstore's service does, made up."""

    def __init__(self, who: Identity = CI) -> None:
        self.who = who
        self.key = generate_private_key(SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
        self.certificate = (
            x509.CertificateBuilder(name, name, self.key.public_key(), 1)
            .not_valid_before(now())
            .not_valid_after(now() + timedelta(minutes=10))
            .sign(self.key, SHA256())
            .public_bytes(Encoding.DER)
        )

    def whoami(self) -> Identity:
        return self.who

    def sign(self, payload: bytes) -> bytes:
        value = self.key.sign(Envelope(payload, PAYLOAD, {}).pae(), ECDSA(SHA256()))
        return canonical.dump(
            {
                "mediaType": MEDIA_TYPE,
                "verificationMaterial": {
                    "certificate": {"rawBytes": base64.b64encode(self.certificate).decode()},
                    "tlogEntries": [],
                },
                "dsseEnvelope": {
                    "payload": base64.b64encode(payload).decode(),
                    "payloadType": PAYLOAD,
                    "signatures": [{"sig": base64.b64encode(value).decode()}],
                },
            }
        )

    def payload(self, data: bytes, who: Identity) -> bytes:
        doc = json.loads(data)["dsseEnvelope"]
        payload = base64.b64decode(doc["payload"])
        if who != self.who:
            raise TrustError(f"its signature is not one of {who}")
        pae = Envelope(payload, PAYLOAD, {}).pae()
        self.key.public_key().verify(base64.b64decode(doc["signatures"][0]["sig"]), pae, ECDSA(SHA256()))
        return payload


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Person(folder=tmp_path).here(monkeypatch)
    return whole(tmp_path / "whole")


def test_a_bundle_is_signed_by_the_forges_identity_and_accepted_by_whoever_names_it(file: Path) -> None:
    service = StandIn()
    report = sign(file, Signing(key="keyless"), service)
    assert report.verdict.accepted
    found = verdict_on(read_bundle(file), who=CI, service=service)
    assert (found.signer, found.issuer, found.fingerprint) == (CI.identity, CI.issuer, "")
    assert found.line().startswith(f"signed by {CI.identity} on ")
    assert found.line().endswith(CI.issuer)


def test_it_is_refused_where_nobody_was_named_or_somebody_else(file: Path) -> None:
    service = StandIn()
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
    file: Path, tmp_path: Path
) -> None:
    service = StandIn()
    newer = whole(tmp_path / "newer", version="1.1")
    sign(newer, Signing(key="keyless"), service)
    note_seen(verdict_on(read_bundle(newer), who=CI, service=service))
    sign(file, Signing(key="keyless"), service)
    assert "1.1 of" in verdict_on(read_bundle(file), who=CI, service=service).reason
    assert verdict_on(read_bundle(file), who=CI, service=service, older=True).accepted
    data = read_bundle(newer).signature
    assert data is not None
    from kgshare.trust.sign import append

    append(file, read_bundle(file).unsigned, data.data, file)
    assert "is for another bundle, herbs 1.1" in verdict_on(read_bundle(file), who=CI, service=service).reason


def test_a_trusted_key_does_not_do_where_an_identity_was_asked_for(file: Path) -> None:
    sign(file, Signing())
    assert verdict_on(read_bundle(file)).accepted
    found = verdict_on(read_bundle(file), who=CI, service=StandIn())
    assert "it was signed with a key" in found.reason
    assert f"not by {CI}" in found.reason


def test_sigstores_own_verifier_runs_offline_and_refuses_what_its_service_did_not_sign(file: Path) -> None:
    sign(file, Signing(key="keyless"), StandIn())
    found = verdict_on(read_bundle(file), who=CI)
    assert not found.accepted
    assert f"its signature is not one of {CI}" in found.reason


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


def test_without_the_extra_it_says_what_to_install(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign(file, Signing(key="keyless"), StandIn())
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
