"""Author and reviewer as two users of one machine: a key, its line, a signed file, and what is refused with the way on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.e2e.command_line import kgshare, works

from kgshare.doors.process import run
from kgshare.errors import BundleError, EngineError, TrustError

pytestmark = pytest.mark.docker  # what it signs was built with it


class Person:
    """One user: folders of their own for keys and for what was seen."""

    def __init__(self, folder: Path) -> None:
        self.environment = {"KGSHARE_CONFIG": str(folder / "config"), "KGSHARE_STATE": str(folder / "state")}


@pytest.fixture
def file(herbarium_once: Path, tmp_path: Path) -> Path:
    """A bundle as `build --no-sign` writes it."""
    report = works("build", herbarium_once, "--no-sign", "--output", tmp_path, "--json").result
    assert (report["signer"], report["fingerprint"]) == ("", "")
    return Path(report["bundle"])


@pytest.fixture
def author(tmp_path: Path) -> Person:
    return Person(tmp_path / "author")


@pytest.fixture
def reviewer(tmp_path: Path) -> Person:
    return Person(tmp_path / "reviewer")


def test_from_the_authors_key_to_the_reviewers_verdict(author: Person, reviewer: Person, file: Path) -> None:
    made = works("key", "create", "anna", "--json", **author.environment).result
    refused = kgshare("verify", file, "--json", **reviewer.environment)
    assert (refused.code, refused.errors[0]["kind"]) == (TrustError.exit_code, "trust")
    assert "is not signed" in refused.errors[0]["message"]
    nowhere = {**reviewer.environment, "DOCKER_HOST": f"unix://{file.parent}/no.sock"}
    risked = kgshare("up", file, "--unverified", "--no-open", **nowhere)
    assert risked.code == EngineError.exit_code  # so it came as far as that
    assert "! not verified: it is not signed" in risked.err
    works("sign", file, **author.environment)
    refused = kgshare("up", file, "--no-open", **reviewer.environment)
    assert refused.code == TrustError.exit_code
    assert made["fingerprint"] in refused.err
    assert "kgshare key trust" in refused.err
    assert f"kgshare up {file.name} --unverified" in refused.err
    line = works("key", "show", **author.environment).out.strip()
    assert line == made["line"]
    works("key", "trust", line, **reviewer.environment)
    verdict = works("verify", file, "--json", **reviewer.environment).result["verdict"]
    assert (verdict["signer"], verdict["fingerprint"]) == ("anna", made["fingerprint"])
    if os.geteuid() == 0:  # who may make a namespace without any network
        command = ["unshare", "--net", sys.executable, "-m", "kgshare", "verify", file]
        assert "every byte is as it was signed" in run(command, env=reviewer.environment).stdout
    assert "signed by anna" in works("inspect", file, **reviewer.environment).out
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert kgshare("verify", file, **reviewer.environment).code == BundleError.exit_code


def test_a_retired_key_vouches_for_nothing_any_more(author: Person, file: Path) -> None:
    works("sign", file, **author.environment)  # makes the default key
    [row] = works("key", "list", "--json", **author.environment).result["keys"]
    assert (row["own"], row["default"], row["retired"]) == (True, True, None)
    works("key", "retire", row["name"], "--reason", "the laptop was stolen", **author.environment)
    refused = kgshare("verify", file, **author.environment)
    assert refused.code == TrustError.exit_code
    assert "was retired on" in refused.err
    assert "the laptop was stolen" in refused.err
