"""A Sigstore of the test's own: certificate authority, certificate log and signature log in one, each with a key of its own.

What it makes is of the real formats, so that Sigstore's own verifier, given this root, accepts it. Formats: Fulcio's
certificate profile, RFC 6962 (the embedded timestamp, the tree of one leaf), Rekor's dsse v0.0.1, signed notes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from sigstore.models import Bundle, TrustedRoot
from sigstore_models.trustroot import v1 as trustroot

from kgshare.bundle import canonical
from kgshare.bundle.signature import MEDIA_TYPE, PAYLOAD
from kgshare.trust.keyless import Identity

ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
TIMESTAMPS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
NOTE = "private.example"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def public(key: EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_id(key: EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(public(key)).digest()


def signed(key: EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ECDSA(SHA256()))


class PrivateSigstore:
    """The service; `root` is what a verifier trusts."""

    def __init__(self, who: Identity) -> None:
        self.who = who
        self.authority, self.certificates, self.log = (generate_private_key(SECP256R1()) for _ in range(3))
        self.now = datetime.now(UTC).replace(microsecond=0)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "private")])
        self.issuer = (
            self._builder(name, name, self.authority)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage(certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key()), critical=False
            )
            .sign(self.authority, SHA256())
        )

    def root(self) -> TrustedRoot:
        """What vouches for whatever this service signs."""
        start = {"start": (self.now - timedelta(days=1)).isoformat().replace("+00:00", "Z")}

        def log(key: EllipticCurvePrivateKey) -> dict[str, Any]:
            return {
                "baseUrl": "https://private.example", "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(key_id(key))},
                "publicKey": {"rawBytes": b64(public(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": start},
            }  # fmt: skip

        certificate = {"rawBytes": b64(self.issuer.public_bytes(Encoding.DER))}
        doc = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.log)],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "private", "commonName": "private"},
                    "certChain": {"certificates": [certificate]},
                    "validFor": start,
                }
            ],
            "ctlogs": [log(self.certificates)],
        }
        return TrustedRoot(trustroot.TrustedRoot.from_json(json.dumps(doc)))

    def bundle(self, payload: bytes) -> Bundle:
        """What the client would have got back for a statement."""
        key = generate_private_key(SECP256R1())
        certificate = self._certificate(key)
        pae = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)
        value = signed(key, pae)
        doc = {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {
                "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self._entry(payload, value, certificate)],
            },
            "dsseEnvelope": {
                "payload": b64(payload),
                "payloadType": PAYLOAD,
                "signatures": [{"sig": b64(value)}],
            },
        }
        return Bundle.from_json(json.dumps(doc))

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey
    ) -> x509.CertificateBuilder:
        start, end = self.now - timedelta(minutes=1), self.now + timedelta(minutes=10)
        return x509.CertificateBuilder(issuer, subject, key.public_key(), 7, start, end)

    def _certificate(self, key: EllipticCurvePrivateKey) -> x509.Certificate:
        """Of a key that lives for minutes, naming who it was given to; with the timestamp of its own log in it."""
        parent = self.authority.public_key()
        builder = (
            self._builder(x509.Name([]), self.issuer.subject, key)
            .add_extension(usage(certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(parent), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(self.who.identity)]),
                critical=True,
            )
            .add_extension(x509.UnrecognizedExtension(ISSUER, self.who.issuer.encode()), critical=False)
        )

        def with_timestamp(value: bytes) -> x509.Certificate:
            when = int(self.now.timestamp() * 1000)
            head = b"\0" + key_id(self.certificates) + struct.pack("!QH", when, 0)
            one = head + b"\4\3" + struct.pack("!H", len(value)) + value
            listed = struct.pack("!HH", len(one) + 2, len(one)) + one
            wrapped = (
                b"\4"
                + (bytes([len(listed)]) if len(listed) < 128 else b"\x81" + bytes([len(listed)]))
                + listed
            )
            extension = x509.UnrecognizedExtension(TIMESTAMPS, wrapped)
            return builder.add_extension(extension, critical=False).sign(self.authority, SHA256())

        before = with_timestamp(b"to be replaced").tbs_precertificate_bytes
        entry = key_id(self.authority) + len(before).to_bytes(3, "big") + before
        when = int(self.now.timestamp() * 1000)
        return with_timestamp(
            signed(self.certificates, struct.pack("!BBQH", 0, 0, when, 1) + entry + b"\0\0")
        )

    def _entry(self, payload: bytes, value: bytes, certificate: x509.Certificate) -> dict[str, Any]:
        """The one leaf of the signature log, proven by root hash, signed note and promise."""

        def hashed(data: bytes) -> dict[str, str]:
            return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}

        signature = {"signature": b64(value), "verifier": b64(certificate.public_bytes(Encoding.PEM))}
        spec = {"envelopeHash": hashed(value), "payloadHash": hashed(payload), "signatures": [signature]}
        body = canonical.dump({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        root, when, log = hashlib.sha256(b"\0" + body).digest(), int(self.now.timestamp()), key_id(self.log)
        note = f"{NOTE} - 1\n1\n{b64(root)}\n"
        promise = {"body": b64(body), "integratedTime": when, "logID": log.hex(), "logIndex": 0}
        return {
            "logIndex": "0",
            "logId": {"keyId": b64(log)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(when),
            "inclusionPromise": {"signedEntryTimestamp": b64(signed(self.log, canonical.dump(promise)))},
            "inclusionProof": {
                "logIndex": "0", "rootHash": b64(root), "treeSize": "1", "hashes": [],
                "checkpoint": {"envelope": f"{note}\n— {NOTE} {b64(log[:4] + signed(self.log, note.encode()))}\n"},
            },
            "canonicalizedBody": b64(body),
        }  # fmt: skip


def usage(*, certificates: bool) -> x509.KeyUsage:
    """A key's use: to sign certificates, or anything else."""
    return x509.KeyUsage(
        digital_signature=not certificates, key_cert_sign=certificates, crl_sign=certificates, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
