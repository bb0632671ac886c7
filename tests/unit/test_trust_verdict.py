"""The verdict on a bundle: what is accepted, and every reason for which one is refused, with the way on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.signed_example import GRAPH, WHEN, Person, new_key, sign_as, whole

from kgshare.bundle import read_bundle
from kgshare.errors import TrustError
from kgshare.trust.judge import SLACK, judge, signed_by
from kgshare.trust.keys import OwnKey
from kgshare.trust.store import TrustStore
from kgshare.trust.verdict import Seen, Verdict, require


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def anna(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnKey:
    Person(folder=tmp_path / "anna").here(monkeypatch)
    return new_key("anna")


def trusting(*keys: OwnKey) -> TrustStore:
    store = TrustStore()
    for key in keys:
        store = store.trust(key.public, WHEN)
    return store


def verdict(file: Path, store: TrustStore, **facts: object) -> Verdict:
    known: dict[str, object] = {"graph": GRAPH, "seen": {}, "now": WHEN + timedelta(hours=1)}
    return judge(read_bundle(file), store, **{**known, **facts})  # type: ignore[arg-type]


def test_a_bundle_of_a_trusted_signer_is_accepted_and_says_who_when_what(
    unsigned: Path, anna: OwnKey, tmp_path: Path
) -> None:
    file = sign_as(unsigned, anna, out=tmp_path / "b.kgshare.tar")
    found = verdict(file, trusting(anna))
    assert found.accepted
    assert (found.signer, found.fingerprint, found.time) == ("anna", anna.public.fingerprint, WHEN)
    assert (found.name, found.version, found.graph) == ("herbs", "1.0", GRAPH)
    assert found.line() == f"signed by anna on 2026-11-25 12:00:00 UTC, {anna.public.fingerprint}"
    require(found, "b")


def test_the_signed_file_is_the_unsigned_one_with_a_member_appended(
    unsigned: Path, anna: OwnKey, tmp_path: Path
) -> None:
    file = sign_as(unsigned, anna, out=tmp_path / "b.kgshare.tar")
    before, after = unsigned.read_bytes(), file.read_bytes()
    assert after.startswith(before[:-1024])
    assert read_bundle(file).digest == read_bundle(unsigned).digest
    again = sign_as(file, anna, out=tmp_path / "c.kgshare.tar")
    assert again.read_bytes() == after  # signed again at the same moment: nothing is drawn at random


def test_an_unsigned_bundle_is_refused_with_both_ways_on(unsigned: Path, anna: OwnKey) -> None:
    found = verdict(unsigned, trusting(anna))
    assert found.reason == "it is not signed"
    assert "`kgshare build` signs" in found.hint
    assert "--unverified" in found.hint
    with pytest.raises(TrustError, match="refused: it is not signed"):
        require(found, "b")


def test_an_unknown_signer_is_refused_with_the_fingerprint_and_what_to_ask_for(
    unsigned: Path, anna: OwnKey, tmp_path: Path
) -> None:
    file = sign_as(unsigned, anna, out=tmp_path / "b.kgshare.tar")
    found = verdict(file, trusting())
    assert not found.accepted
    assert anna.public.fingerprint in found.reason
    assert "calls itself anna" in found.reason
    assert "kgshare key trust 'LINE'" in found.hint


def test_whoever_takes_a_trusted_name_is_still_unknown(
    unsigned: Path, anna: OwnKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Person(folder=tmp_path / "eve").here(monkeypatch)
    file = sign_as(unsigned, new_key("anna"), out=tmp_path / "b.kgshare.tar")
    assert "is not trusted here" in verdict(file, trusting(anna)).reason


def test_a_retired_key_is_refused_with_date_and_reason_whenever_it_signed(
    unsigned: Path, anna: OwnKey, tmp_path: Path
) -> None:
    file = sign_as(unsigned, anna, out=tmp_path / "b.kgshare.tar")
    store = trusting(anna).retire("anna", "the laptop was stolen", WHEN + timedelta(days=3))
    found = verdict(file, store)
    assert found.reason == "its signer's key anna was retired on 2026-11-28: the laptop was stolen"


@pytest.mark.parametrize(
    "say",
    [{"digest": "sha256:" + "0" * 64}, {"name": "other"}, {"version": "9"}, {"graph": "sha256:" + "0" * 64}, {"graph": ""}],
    ids=lambda say: next(iter(say)),
)  # fmt: skip
def test_a_statement_about_another_bundle_is_refused_though_its_signature_is_right(
    unsigned: Path, anna: OwnKey, tmp_path: Path, say: dict[str, str]
) -> None:
    file = sign_as(unsigned, anna, out=tmp_path / "b.kgshare.tar", say=say)
    signature = read_bundle(file).signature
    assert signature is not None
    assert signed_by(anna.public, signature)
    assert "is for another bundle" in verdict(file, trusting(anna)).reason


def test_a_clock_before_the_signature_is_refused_with_both_times_beyond_what_clocks_differ(
    unsigned: Path, anna: OwnKey, tmp_path: Path
) -> None:
    file = sign_as(unsigned, anna, out=tmp_path / "b.kgshare.tar")
    assert verdict(file, trusting(anna), now=WHEN - SLACK).accepted
    early = verdict(file, trusting(anna), now=WHEN - SLACK - timedelta(seconds=1))
    assert early.reason == "it was signed at 2026-11-25 12:00:00 UTC, and here it is 2026-11-25 11:54:59 UTC"
    assert "clock" in early.hint


HOUR = timedelta(hours=1)
OTHER = "sha256:" + "1" * 64


@pytest.mark.parametrize(
    ("version", "time", "digest", "fine"),
    [
        ("1.0", WHEN - HOUR, OTHER, True),  # an earlier one of the same version was here
        ("1.0", WHEN + HOUR, OTHER, False),  # a later one
        ("1.1", WHEN - HOUR, OTHER, False),  # a higher version, though signed earlier
        ("0.10", WHEN + HOUR, OTHER, True),  # a lower version, though signed later: 0.10 is not 1.0
        ("1.0", WHEN + HOUR, "", True),  # the same bundle, signed anew
    ],
    ids=["earlier", "later", "higher version", "lower version", "the same"],
)
def test_what_is_older_than_a_bundle_seen_is_refused_and_nothing_else(
    unsigned: Path, anna: OwnKey, tmp_path: Path, version: str, time: object, digest: str, fine: bool
) -> None:
    file = sign_as(unsigned, anna, out=tmp_path / "b.kgshare.tar")
    last = Seen(version=version, time=time, digest=digest or read_bundle(file).digest)  # type: ignore[arg-type]
    seen = {anna.public.fingerprint: last}
    found = verdict(file, trusting(anna), seen=seen)
    assert found.accepted is fine
    if not fine:
        assert f"{version} of " in found.reason
        assert "kgshare up b.kgshare.tar --older" in found.hint
    assert verdict(file, trusting(anna), seen=seen, older=True).accepted
    assert verdict(
        file, trusting(anna), seen={"SHA256:other": last}
    ).accepted  # another signer's is no measure
