"""Attacks on signed bundles, as a table, each tried by `up`, which must refuse before it asks for any engine.

Who attacks may be anybody with the file (then the signature does not fit), or whoever holds a trusted key (then what the
file says must still fit together). ``test_bundle_attacks`` has the attacks on the form of the file itself.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.signed_example import Members, Person, members, new_key, packed, sign_as, whole
from tests.unit.test_bundle_attacks import ATTACKS as ATTACKS_ON_THE_FORM

from kgshare.bundle import canonical
from kgshare.bundle.names import SIGNATURE
from kgshare.bundle.signature import MAX_SIGNATURE, member
from kgshare.doors.engine import Engine
from kgshare.errors import BundleError, KgshareError, TrustError
from kgshare.progress import Progress
from kgshare.stack import baseline, up
from kgshare.trust import keys
from kgshare.trust.check import Accept
from kgshare.trust.command import retire_key
from kgshare.trust.keys import OwnKey
from kgshare.trust.store import now, write_store

QUIET = Progress(quiet=True)
ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519's group; RFC 8032, 5.1
BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What an attack starts from: a bundle that anna, who is trusted, signed; and eve's key, which nobody trusts."""

    folder: Path
    unsigned: Path
    good: bytes
    anna: OwnKey
    eve: OwnKey
    reviewer: Person

    @property
    def members(self) -> Members:
        """Of the good file, the signature last."""
        path = self.folder / "good.tar"
        path.write_bytes(self.good)
        return members(path)

    @property
    def signature(self) -> bytes:
        """The good one."""
        return self.members[-1][1]

    def signed_with(self, data: bytes) -> bytes:
        """The file with this for a signature."""
        return packed([*self.members[:-1], (SIGNATURE, data)])

    def saying(self, change: Callable[[dict[str, Any]], object]) -> bytes:
        """The file with its signature's document altered, spelt canonically."""
        doc = json.loads(self.signature)
        change(doc)
        return self.signed_with(canonical.dump(doc))

    def by_anna(self, change: Callable[[dict[str, Any]], object]) -> bytes:
        """The file with a statement that is altered, and then signed with the trusted key."""
        statement = json.loads(base64.b64decode(json.loads(self.signature)["dsseEnvelope"]["payload"]))
        change(statement)
        return self.signed_with(self.of_anna(canonical.dump(statement)))

    def of_anna(self, payload: bytes) -> bytes:
        """A signature over any payload."""
        from securesystemslib.dsse import Envelope

        value = Envelope(payload, "application/vnd.in-toto+json", {}).sign(keys.unlock(self.anna))
        return member(payload, bytes.fromhex(value.signature), self.anna.public.fingerprint)

    def other(self, name: str, change: Callable[[str, bytes], bytes | None], **facts: Any) -> Path:
        """Another bundle in its one valid form, unsigned."""
        return whole(self.folder / name.replace(" ", "-"), change, **facts)

    def grafted(self, name: str, change: Callable[[str, bytes], bytes | None]) -> bytes:
        """Another bundle under the signature of the good one."""
        return packed([*members(self.other(name, change)), (SIGNATURE, self.signature)])

    def vouched(self, name: str, change: Callable[[str, bytes], bytes | None]) -> bytes:
        """Another bundle that anna signed."""
        return sign_as(self.other(name, change), self.anna, time=now()).read_bytes()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("attacks")
    with pytest.MonkeyPatch.context() as patch:
        Person(folder=folder / "eve").here(patch)
        eve = new_key("anna")  # she says that she is
        Person(folder=folder / "anna").here(patch)
        anna = new_key("anna")
        unsigned = whole(folder / "whole")
        good = sign_as(unsigned, anna, out=folder / "good.kgshare.tar", time=now()).read_bytes()
        reviewer = Person(folder=folder / "reviewer").here(patch)
        write_store(reviewer.store.trust(anna.public, now()))
        yield Bench(folder=folder, unsigned=unsigned, good=good, anna=anna, eve=eve, reviewer=reviewer)


def sig(doc: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = doc["dsseEnvelope"]["signatures"][0]
    return found


def value_of(doc: dict[str, Any]) -> bytes:
    return base64.b64decode(sig(doc)["sig"])


def set_value(doc: dict[str, Any], value: bytes) -> None:
    sig(doc)["sig"] = base64.b64encode(value).decode()


def malleated(doc: dict[str, Any]) -> None:
    """S + L in place of S: the same equation holds, and a careless verifier takes it."""
    value = value_of(doc)
    set_value(doc, value[:32] + (int.from_bytes(value[32:], "little") + ORDER).to_bytes(32, "little"))


def bits_left_over(doc: dict[str, Any]) -> None:
    """64 bytes leave four bits of base64's last letter unused: another letter, the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = sig(doc)["sig"]
    sig(doc)["sig"] = text[:85] + letters[letters.index(text[85]) ^ 1] + "=="


def set_payload(doc: dict[str, Any], change: Callable[[bytes], bytes]) -> None:
    envelope = doc["dsseEnvelope"]
    envelope["payload"] = base64.b64encode(change(base64.b64decode(envelope["payload"]))).decode()


def statement_for(digest: str) -> Callable[[bytes], bytes]:
    def change(payload: bytes) -> bytes:
        doc = json.loads(payload)
        doc["subject"][0]["digest"]["sha256"] = digest
        return canonical.dump(doc)

    return change


def edited(name: str, old: bytes, new: bytes) -> Callable[[str, bytes], bytes | None]:
    def change(file: str, data: bytes) -> bytes | None:
        if file != name:
            return data
        assert old in data, (old, data)
        return data.replace(old, new, 1)

    return change


def gone(name: str) -> Callable[[str, bytes], bytes | None]:
    return lambda file, data: None if file == name else data


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


MOUNTS = (b"services:\n", b"services:\n  evil: {image: x, privileged: true, volumes: ['/:/host']}\n")
SBOM, PROVENANCE = "evidence/sbom.cdx.json", "evidence/provenance.json"
KEY = "verificationMaterial"
SUBJECT = b'"subject":[{"digest":{"sha256":"'
OTHER_SUBJECT = SUBJECT + b"0" * 64 + b'"},"name":"localhost/other/image:1.0"},{"digest":{"sha256":"'

# name → (the altered file, words that the reason must hold)
ATTACKS: dict[str, tuple[Callable[[Bench], bytes], str]] = {
    # Who signed
    "the signature taken away": (lambda b: packed(b.members[:-1]), "is not signed"),
    "signed anew by somebody unknown of the same name": (
        lambda b: sign_as(b.unsigned, b.eve, out=b.folder / "eve.tar", time=now()).read_bytes(),
        "is not trusted here",
    ),
    "a stranger's signature under the trusted key's fingerprint": (
        lambda b: b.saying(lambda d: set_value(d, bytes(range(64)))),
        "is not one of anna's key",
    ),
    "another fingerprint": (
        lambda b: b.saying(lambda d: d[KEY]["publicKey"].update(hint="SHA256:" + "A" * 43)),
        "is not trusted here",
    ),
    "the stranger's fingerprint": (
        lambda b: b.saying(lambda d: d[KEY]["publicKey"].update(hint=b.eve.public.fingerprint)),
        "is not trusted here",
    ),
    "a name in place of a fingerprint": (
        lambda b: b.saying(lambda d: d[KEY]["publicKey"].update(hint="anna")),
        "publicKey.hint",
    ),
    "a public key brought along": (
        lambda b: b.saying(lambda d: d[KEY]["publicKey"].update(rawBytes="AAAA")),
        "extra inputs",
    ),
    "no key named": (lambda b: b.saying(lambda d: d.update({KEY: {}})), "publicKey"),
    # The signature's own encoding
    "a signature of zeros": (lambda b: b.saying(lambda d: set_value(d, bytes(64))), "was altered"),
    "a signature with the order of the group added": (lambda b: b.saying(malleated), "was altered"),
    "a signature that is too short": (lambda b: b.saying(lambda d: set_value(d, value_of(d)[:63])), "altered"),
    "a signature that is too long": (lambda b: b.saying(lambda d: set_value(d, value_of(d) + b"\0")), "altered"),
    "an empty signature": (lambda b: b.saying(lambda d: set_value(d, b"")), "altered"),
    "base64 without padding": (
        lambda b: b.saying(lambda d: sig(d).update(sig=sig(d)["sig"].rstrip("="))),
        "base64",
    ),
    "base64 with bits left over": (lambda b: b.saying(bits_left_over), "one valid spelling"),
    "base64 with a line end": (lambda b: b.saying(lambda d: sig(d).update(sig=sig(d)["sig"] + "\n")), "base64"),
    "base64 of the other alphabet": (
        lambda b: b.saying(lambda d: sig(d).update(sig="_-" * 43)),
        "base64",
    ),
    "two signatures": (
        lambda b: b.saying(lambda d: d["dsseEnvelope"]["signatures"].append(sig(d))),
        "at most 1",
    ),
    "no signature in the envelope": (
        lambda b: b.saying(lambda d: d["dsseEnvelope"]["signatures"].clear()),
        "at least 1",
    ),
    "a key id that nobody signed": (lambda b: b.saying(lambda d: sig(d).update(keyid="anna")), "extra inputs"),
    "spaces in the signature's document": (
        lambda b: b.signed_with(b.signature.replace(b":", b": ", 1)),
        "not canonical",
    ),
    "a line end after the signature's document": (lambda b: b.signed_with(b.signature + b"\n"), "canonical"),
    "an escape in the signature's document": (
        lambda b: b.signed_with(b.signature.replace(b"in-toto", b"in\\u002dtoto", 1)),
        "canonical",
    ),
    "a key twice in the signature's document": (
        lambda b: b.signed_with(b'{"mediaType":"x",' + b.signature[1:]),
        "occurs twice",
    ),
    "an unknown key in the signature's document": (lambda b: b.saying(lambda d: d.update(x=1)), "extra inputs"),
    "another media type": (
        lambda b: b.saying(lambda d: d.update(mediaType=d["mediaType"].replace("0.3", "0.2"))),
        "mediaType",
    ),
    "a signature that is no JSON": (lambda b: b.signed_with(b"-----BEGIN"), "is not JSON"),
    "a signature that is empty": (lambda b: b.signed_with(b""), "is not JSON"),
    "a signature of a megabyte": (lambda b: b.signed_with(b" " * (1 << 20)), f"than the {MAX_SIGNATURE} allowed"),
    # What was signed
    "a statement altered after it was signed": (
        lambda b: b.saying(lambda d: set_payload(d, lambda p: p.replace(b'"1.0"', b'"1.1"'))),
        "was altered",
    ),
    "a statement for another digest": (
        lambda b: b.saying(lambda d: set_payload(d, statement_for("0" * 64))),
        "was altered",
    ),
    "another payload type": (
        lambda b: b.saying(lambda d: d["dsseEnvelope"].update(payloadType="text/plain")),
        "payloadType",
    ),
    "a signed payload that is no statement": (lambda b: b.signed_with(b.of_anna(b"hello")), "payload: "),
    "a signed statement spelt otherwise": (
        lambda b: b.signed_with(b.of_anna(json.dumps(json.loads(b'{"_type":1}')).encode() + b" ")),
        "canonical",
    ),
    "a signed statement of another kind": (
        lambda b: b.by_anna(lambda s: s.update(predicateType="https://slsa.dev/provenance/v1")),
        "predicateType",
    ),
    "a signed statement about two things": (
        lambda b: b.by_anna(lambda s: s["subject"].append(s["subject"][0])),
        "at most 1",
    ),
    "a signed statement about another file": (
        lambda b: b.by_anna(lambda s: s["subject"][0].update(name="README.md")),
        "subject.0.name",
    ),
    "a signed statement without a time": (lambda b: b.by_anna(lambda s: s["predicate"].pop("time")), "time"),
    "a signed statement of a day that is none": (
        lambda b: b.by_anna(lambda s: s["predicate"].update(time="2026-02-30T00:00:00Z")),
        "payload: ",
    ),
    "the signature of another bundle of the same author": (
        lambda b: packed([*b.members[:-1], members(b.folder / "again.tar")[-1]])
        if sign_as(b.other("again", lambda _, d: d, version="1.1"), b.anna, out=b.folder / "again.tar")
        else b"",
        "is for another bundle, herbs 1.1",
    ),
    "signed for another graph": (
        lambda b: b.by_anna(lambda s: s["predicate"].update(graph="sha256:" + "0" * 64)),
        "is for another bundle",
    ),
    "signed in the future": (
        lambda b: sign_as(
            b.unsigned, b.anna, out=b.folder / "future.tar", time=now() + timedelta(hours=1)
        ).read_bytes(),
        "and here it is",
    ),
    # Something else under a good signature
    "replaced evidence under the old signature": (
        lambda b: b.grafted("sbom", edited(SBOM, b'"name"', b'"mane"')),
        "is for another bundle",
    ),
    "a compose file that mounts the host under the old signature": (
        lambda b: b.grafted("mounts", edited("compose.yaml", *MOUNTS)),
        "is for another bundle",
    ),
    "another seed report under the old signature": (
        lambda b: b.grafted("report", edited("seed.json", b"55555", b"66666")),
        "is for another bundle",
    ),
    "a manifest of another program under the old signature": (
        lambda b: b.grafted("manifest", edited("kgshare.yaml", b"herbs", b"weeds")),
        "is for another bundle",
    ),
    # What a trusted key does not make right
    "a signed compose file that mounts the host": (
        lambda b: b.vouched("mounts signed", edited("compose.yaml", *MOUNTS)),
        "compose.yaml",
    ),
    "signed evidence that was edited": (
        lambda b: b.vouched("sbom signed", edited(SBOM, b'"name"', b'"mane"')),
        "is another than the provenance says",
    ),
    "signed evidence of another digest": (
        lambda b: b.vouched("provenance signed", edited(PROVENANCE, SUBJECT, OTHER_SUBJECT)),
        "is about localhost/other/image:1.0",
    ),
    "signed without evidence": (lambda b: b.vouched("no provenance", gone(PROVENANCE)), "no such evidence"),
    "signed with a lock that is another": (
        lambda b: b.vouched("lock signed", edited("kgshare.lock", b"\n", b"\n\n")),
        "kgshare.lock",
    ),
    "signed with a manifest that is none": (
        lambda b: b.vouched("no manifest", edited("kgshare.yaml", b"kgshare: 1", b"kgshare: 9")),
        "kgshare.yaml",
    ),
    "signed with a seed report that is none": (
        lambda b: b.vouched("no report", edited("seed.json", b"5.26.30", b"newest")),
        "seed.json",
    ),
    # Where the signature is
    "the signature first": (lambda b: packed([b.members[-1], *b.members[:-1]]), "must come here"),
    "the signature before the last layer": (
        lambda b: packed([*b.members[:-2], b.members[-1], b.members[-2]]),
        "must come here",
    ),
    "the signature twice": (lambda b: packed([*b.members, b.members[-1]]), "reachable from no manifest"),
    "two signatures of two keys": (
        lambda b: packed([*b.members, members(sign_as(b.unsigned, b.eve, out=b.folder / "e2.tar"))[-1]]),
        "reachable from no manifest",
    ),
    "a member after the signature": (lambda b: packed([*b.members, ("run.sh", b"x")]), "reachable from no"),
    "the signature under another name": (
        lambda b: packed([*b.members[:-1], ("./" + SIGNATURE, b.signature)]),
        "reachable from no manifest",
    ),
    "another owner in the signature's header": (
        lambda b: b.good.replace(
            SIGNATURE.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000", SIGNATURE.encode().ljust(100, b"\0") + b"0000644\0" + b"0001750"
        ),
        "tar header",
    ),
    "truncated in the signature": (lambda b: b.good[: -3 * BLOCK], "truncated"),
    "truncated after the signature": (lambda b: b.good[: -2 * BLOCK], "not two blocks of zeros"),
    "padding after the signature not zero": (
        lambda b: flipped(b.good, len(b.good) - 2 * BLOCK - 1),
        "padding after it is not zero",
    ),
    "bytes behind the end of a signed file": (lambda b: b.good + bytes(BLOCK), "bytes follow"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_is_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps the graph or asks for an engine has gone too far."""

    def gone_too_far(*_: object, **__: object) -> None:
        raise AssertionError("the bundle was accepted")

    monkeypatch.setattr(Engine, "connect", gone_too_far)
    monkeypatch.setattr(baseline, "keep", gone_too_far)


def refusal(bench: Bench, data: bytes, name: str = "herbs-1.0.kgshare.tar") -> KgshareError:
    path = bench.folder / name
    path.write_bytes(data)
    with pytest.raises((BundleError, TrustError)) as caught:
        up(path, open_page=False, progress=QUIET)
    return caught.value


def test_the_bundle_that_the_attacks_start_from_is_accepted(bench: Bench) -> None:
    path = bench.folder / "herbs-1.0.kgshare.tar"
    path.write_bytes(bench.good)
    with pytest.raises(AssertionError, match="was accepted"):
        up(path, open_page=False, progress=QUIET)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_a_signed_bundle_is_refused_before_anything_is_loaded(name: str, bench: Bench) -> None:
    make, words = ATTACKS[name]
    error = refusal(bench, make(bench))
    assert words in str(error)
    assert all("herbs-1.0.kgshare.tar" in p.where for p in error.problems)


@pytest.mark.parametrize("name", ATTACKS_ON_THE_FORM)
def test_an_attack_on_the_form_is_refused_before_anything_is_loaded(name: str, bench: Bench) -> None:
    make, words = ATTACKS_ON_THE_FORM[name]
    assert words in str(refusal(bench, make()))


def test_an_older_version_of_a_bundle_that_was_here_is_refused_until_it_is_wanted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KGSHARE_STATE", str(tmp_path))
    newer = sign_as(bench.other("newer", lambda _, d: d, version="1.1"), bench.anna, time=now())
    with pytest.raises(AssertionError, match="was accepted"):
        up(newer, open_page=False, progress=QUIET)
    error = refusal(bench, bench.good)
    assert "it is 1.0 of" in str(error)
    assert "1.1 of" in str(error)
    assert "kgshare up herbs-1.0.kgshare.tar --older" in str(error)
    with pytest.raises(AssertionError, match="was accepted"):
        up(newer, open_page=False, progress=QUIET)  # the same again is not older than itself


def test_an_author_goes_back_to_an_older_bundle_of_her_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    older, newer = (tmp_path / f"{name}.kgshare.tar" for name in ("older", "newer"))
    sign_as(bench.unsigned, bench.anna, out=older, time=now())
    sign_as(bench.other("own", lambda _, d: d, version="1.1"), bench.anna, out=newer, time=now())
    Person(folder=bench.folder / "anna").here(monkeypatch)
    for file in (newer, older):
        with pytest.raises(AssertionError, match="was accepted"):
            up(file, open_page=False, progress=QUIET)


@pytest.mark.parametrize("name", ["the signature taken away", "a signature of zeros", "another fingerprint"])
def test_at_ones_own_risk_a_bundle_that_nobody_vouches_for_is_taken_and_it_is_said(
    name: str, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bench.folder / "herbs-1.0.kgshare.tar"
    path.write_bytes(ATTACKS[name][0](bench))
    with pytest.raises(AssertionError, match="was accepted"):
        up(path, open_page=False, accept=Accept(unverified=True), progress=Progress())
    [said] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("! not verified: ")]
    assert ATTACKS[name][1] in said


def test_at_ones_own_risk_what_is_not_whole_is_refused_all_the_same(bench: Bench) -> None:
    path = bench.folder / "herbs-1.0.kgshare.tar"
    for make, words in ATTACKS_ON_THE_FORM.values():
        path.write_bytes(make())
        with pytest.raises(BundleError) as caught:
            up(path, open_page=False, accept=Accept(unverified=True, older=True), progress=QUIET)
        assert words in str(caught.value)


def test_what_a_retired_key_signed_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KGSHARE_CONFIG", str(tmp_path))
    write_store(bench.reviewer.store.trust(bench.anna.public, now()))
    retire_key("anna", reason="stolen")
    assert "was retired on" in str(refusal(bench, bench.good))


def test_a_thousand_random_alterations_of_one_byte_are_all_refused(bench: Bench) -> None:
    """Anywhere in the file: headers, padding, documents, layers, signature, end; none is accepted."""
    chance = random.Random(20130321)
    for _ in range(1000):
        data = bytearray(bench.good)
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        refusal(bench, bytes(data))


def test_every_byte_of_the_signatures_document_counts(bench: Bench) -> None:
    chance = random.Random(7)
    start = bench.good.index(bench.signature)
    for place in range(start, start + len(bench.signature)):
        data = bytearray(bench.good)
        data[place] ^= chance.randrange(1, 256)
        refusal(bench, bytes(data))


def test_there_are_more_than_forty_named_attacks() -> None:
    assert len(ATTACKS) > 40
    assert len(ATTACKS_ON_THE_FORM) > 80
