"""The signature member of a bundle: a Sigstore bundle (v0.3) around a DSSE envelope around an in-toto statement.

Here is only its one valid form, both ways; whether a signature is right is `kgshare.trust`'s to say. Formats: Sigstore
protobuf-specs v0.3 in JSON, DSSE v1.0, in-toto Statement v1.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from kgshare.bundle import canonical, schema
from kgshare.bundle.schema import Digest, Strict

PAYLOAD = "application/vnd.in-toto+json"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE = "https://kgshare.dev/signed-bundle/v1"
SUBJECT = "index.json"
MAX_SIGNATURE = 1 << 16  # bytes; with a certificate and its log entry about 8,000
CLOCK = "%Y-%m-%dT%H:%M:%SZ"

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[ -~]+$")]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a signer says.

    Attributes:
        digest: SHA-256 of ``index.json``, from which all of the bundle is reachable.
        name: of the bundle, as ``version``.
        graph: digest of the canonical text in it; empty where the bundle does not say one.
        time: when it was signed, by the signer's clock, to the second.
        signer: what the signer calls itself.
        kgshare: version of the kgshare that signed.
    """

    digest: str
    name: str
    version: str
    graph: str
    time: datetime
    signer: str
    kgshare: str


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A signature in its one form; nothing of it was verified.

    Attributes:
        data: the member's bytes.
        statement: what is signed, and ``payload`` the bytes of it.
        fingerprint: of the key (``SHA256:…``, as OpenSSH writes it); empty where a certificate takes its place.
        value: the signature's own bytes.
    """

    data: bytes
    statement: Statement
    payload: bytes
    fingerprint: str
    value: bytes


class _Sha256(Strict):
    sha256: Hex


class _Subject(Strict):
    name: Literal["index.json"]
    digest: _Sha256


class _Predicate(Strict):
    name: Text
    version: Text
    graph: Digest | None
    time: Moment
    signer: Text
    kgshare: Text


class _StatementDoc(Strict):
    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    predicateType: Literal["https://kgshare.dev/signed-bundle/v1"]
    subject: Annotated[list[_Subject], Field(min_length=1, max_length=1)]
    predicate: _Predicate


class _PublicKey(Strict):
    hint: Annotated[str, Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]


class _KeyMaterial(Strict):
    publicKey: _PublicKey


class _Certificate(Strict):
    rawBytes: str


class _Timestamps(Strict):
    rfc3161Timestamps: Annotated[list[dict[str, Any]], Field(min_length=1)]


class _CertificateMaterial(Strict):
    """What a service says in a key's place; beyond this form it is the service's own affair."""

    certificate: _Certificate
    tlogEntries: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1)]
    timestampVerificationData: _Timestamps | None = None


class _Signed(Strict):
    sig: str


class _Envelope(Strict):
    payload: str
    payloadType: Literal["application/vnd.in-toto+json"]
    signatures: Annotated[list[_Signed], Field(min_length=1, max_length=1)]


class _Doc(Strict):
    mediaType: Literal["application/vnd.dev.sigstore.bundle.v0.3+json"]
    verificationMaterial: dict[str, Any]
    dsseEnvelope: _Envelope


def payload_of(statement: Statement) -> bytes:
    """The bytes that are signed."""
    return canonical.dump(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": PREDICATE,
            "subject": [
                {"name": SUBJECT, "digest": {"sha256": statement.digest.removeprefix("sha256:")}},
            ],
            "predicate": {
                "name": statement.name,
                "version": statement.version,
                "graph": statement.graph or None,
                "time": statement.time.strftime(CLOCK),
                "signer": statement.signer,
                "kgshare": statement.kgshare,
            },
        }
    )


def member(payload: bytes, value: bytes, fingerprint: str) -> bytes:
    """The member for a signature made with a key."""
    return canonical.dump(
        {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {"publicKey": {"hint": fingerprint}},
            "dsseEnvelope": {
                "payload": base64.b64encode(payload).decode(),
                "payloadType": PAYLOAD,
                "signatures": [{"sig": base64.b64encode(value).decode()}],
            },
        }
    )


def read(data: bytes) -> Signature:
    """A signature from the member's bytes.

    Raises:
        ValueError: it is not in the one valid form; the message says what of it.
    """
    doc = schema.read(_Doc, data)
    material = canonical.dump(doc.verificationMaterial)
    fingerprint = ""
    if "certificate" in doc.verificationMaterial:
        schema.read(_CertificateMaterial, material)
    else:
        fingerprint = schema.read(_KeyMaterial, material).publicKey.hint
    payload = _bytes(doc.dsseEnvelope.payload, "payload")
    return Signature(
        data=data,
        statement=_statement(payload),
        payload=payload,
        fingerprint=fingerprint,
        value=_bytes(doc.dsseEnvelope.signatures[0].sig, "sig"),
    )


def _statement(payload: bytes) -> Statement:
    try:
        doc = schema.read(_StatementDoc, payload)
        time = datetime.strptime(doc.predicate.time, CLOCK).replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"payload: {error}") from error
    return Statement(
        digest=f"sha256:{doc.subject[0].digest.sha256}",
        name=doc.predicate.name,
        version=doc.predicate.version,
        graph=doc.predicate.graph or "",
        time=time,
        signer=doc.predicate.signer,
        kgshare=doc.predicate.kgshare,
    )


def _bytes(text: str, where: str) -> bytes:
    """Base64 in its one spelling: padded, no line ends, no bits left over."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{where}: is not base64: {error}") from error
    if base64.b64encode(data).decode() != text:
        raise ValueError(f"{where}: is not base64 in its one valid spelling")
    return data
