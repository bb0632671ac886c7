"""Secrets: found in the project, the graph and images by kind, file and line, never shown, and waived by id only."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import string
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.tiny_project import MANIFEST

from kgshare import secrets
from kgshare.build import build
from kgshare.bundle import ImageArchive
from kgshare.bundle.layercache import LayerSource
from kgshare.errors import LockError, SecretError
from kgshare.progress import Progress
from kgshare.project import read_project
from kgshare.report import error_rows
from kgshare.secrets import detect, find

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT, *(ROOT / "tests/projects" / name for name in ("herbarium", "lighthouse"))]


CHANCE = random.Random(88)


def made_up(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    """Made up here, the same in each run: nothing that looks like a secret stands in this repository."""
    return "".join(CHANCE.choices(letters, k=length - 1)) + "7"


def private_key() -> str:
    body = base64.b64encode(CHANCE.randbytes(360)).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"


def kinds(text: str, path: str = "a.txt") -> list[tuple[str, int]]:
    return list(detect.in_bytes(text.encode(), path))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("private-key", private_key()),
        ("github-pat", f'token = "ghp_{made_up(36)}"'),
        ("aws-access-token", f"AKIA{made_up(16, 'ABCDEFGHIJKLMNOP234567')}\naws_secret_access_key={made_up(40)}"),
        ("bolt-address", f"bolt://neo4j:{made_up(12)}@graph:7687"),
        ("neo4j-auth", f"NEO4J_AUTH=neo4j/{made_up(12)}"),
        ("password", f'driver(password="{made_up(12)}")'),
        ("setting", f"spring:\n  neo4j.password: {made_up(14)}"),
        ("generic-credential-uri", f"postgres://curator:{made_up(14)}@db.intern:5432/x"),
    ],
)  # fmt: skip
def test_what_opens_something_is_found_by_kind_and_line(kind: str, text: str) -> None:
    found = kinds("\n\n" + text)

    assert kind in {name for name, _ in found}
    assert min(line for _, line in found) >= 3


@pytest.mark.parametrize(
    "text",
    [
        "NEO4J_AUTH=none",
        "NEO4J_AUTH=neo4j/${PASSWORD}",
        "password: $PASSWORD",
        "KGSHARE_PASSWORD_FILE=/var/lib/kgshare/auth/password",
        'password = os.environ["PASSWORD2"]',
        'password = "changeme123"',
        "bolt://127.0.0.1:7687",
    ],
)
def test_a_name_a_variable_or_an_example_is_no_secret(text: str) -> None:
    assert kinds(text) == []


def test_a_comment_beside_it_does_not_make_it_go_away() -> None:
    assert kinds(f'token = "ghp_{made_up(36)}"  # kingfisher:ignore gitleaks:allow')


def test_in_packages_and_binary_files_only_what_is_certain_is_found() -> None:
    loose = f"postgres://scott:{made_up(14)}@db.intern/x"

    assert kinds(loose)
    assert kinds(loose, "usr/lib/python3/site-packages/urllib3/util/url.py") == []
    binary = bytes(range(32)) * 40
    assert list(detect.in_bytes(binary + loose.encode(), "a.bin")) == []
    assert list(detect.in_bytes(binary + private_key().encode(), "a.bin")) == [("private-key", 0)]


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        ("github-pat", f"ghp_{made_up(36)}"),
        ("github-oauth", f"gho_{made_up(36)}"),
        ("github-fine-grained-pat", f"github_pat_{made_up(22)}_{made_up(59)}"),
        ("gitlab-pat", f"glpat-{made_up(20)}"),
        ("slack-bot-token", f"xoxb-{made_up(12, string.digits)}-{made_up(12, string.digits)}-{made_up(24)}"),
        ("pypi-upload-token", f"pypi-AgEIcHlwaS5vcmc{made_up(160)}"),
        ("npmjsaccesstoken", f"npm_{made_up(36)}"),
        ("private-key", private_key()),
    ],
)
def test_a_token_that_cannot_be_mistaken_is_found_in_a_program_too(kind: str, token: str) -> None:
    binary = bytes(range(32)) * 40

    assert list(detect.in_bytes(binary + token.encode() + b"\0" + binary, "a.bin")) == [(kind, 0)]
    assert kind in detect.CERTAIN


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_text_of_wide_characters_is_read_like_any_other(encoding: str) -> None:
    text = f"[db]\r\npassword = {made_up(14)}\r\n".encode(encoding)

    assert list(detect.in_bytes(text, "a.ini")) == [("setting", 2)]


def test_one_odd_character_does_not_make_a_text_a_program() -> None:
    text = f"# kept by an old tool\0\n[database]\npassword = {made_up(14)}\n".encode()

    assert list(detect.in_bytes(text, "a.ini")) == [("setting", 3)]


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_no_project_of_this_repository_holds_one(folder: Path) -> None:
    assert secrets.in_project(read_project(folder)) == ()


def test_a_build_stops_before_it_writes_anything_and_does_not_show_the_secret(tmp_path: Path) -> None:
    secret = f"ghp_{made_up(36)}"
    (tmp_path / "kgshare.yaml").write_text(MANIFEST)
    (tmp_path / "a.cypher").write_text(f"// one\nCREATE (:Thing {{id: 1, token: '{secret}'}});\n")

    with pytest.raises(SecretError) as caught:
        build(tmp_path, output=None, locked=False, progress=Progress(quiet=True))

    [problem] = caught.value.problems
    assert (problem.where, caught.value.exit_code) == ("a.cypher:2", 6)
    assert "github-pat" in problem.message
    assert "secret:github-pat:a.cypher" in problem.hint
    assert secret[4:] not in str(caught.value) + json.dumps(error_rows(caught.value))
    assert {path.name for path in tmp_path.iterdir()} == {"kgshare.yaml", "a.cypher"}


@pytest.mark.parametrize(("expires", "error"), [("2999-12-31", LockError), ("2013-03-21", SecretError)])
def test_a_waiver_in_the_policy_lets_one_finding_through_until_it_expires(
    expires: str, error: type[Exception], tmp_path: Path
) -> None:
    (tmp_path / "kgshare.yaml").write_text(MANIFEST)
    (tmp_path / "a.cypher").write_text(f"CREATE (:Thing {{id: 1, token: 'ghp_{made_up(36)}'}});\n")
    waiver = f"{{id: 'secret:github-pat:a.cypher', statement: It opens nothing at all., expires: {expires}}}"
    (tmp_path / "policy.yaml").write_text(f"policy: 1\nwaivers: [{waiver}]\n")

    with pytest.raises(error):  # beyond it, the lock is missed
        build(tmp_path, output=None, locked=True, progress=Progress(quiet=True))


@pytest.mark.parametrize("file", ["policy.yaml", "vex/log4j.json"])
def test_words_that_travel_as_evidence_are_looked_at_too(tmp_path: Path, file: str) -> None:
    (tmp_path / "kgshare.yaml").write_text(MANIFEST)
    (tmp_path / "a.cypher").write_text("CREATE (:Thing {id: 1});\n")
    (tmp_path / "vex").mkdir()
    (tmp_path / file).write_text(f"# it opens with ghp_{made_up(36)}\n")
    [found] = secrets.in_project(read_project(tmp_path))
    assert (found.path, found.kind) == (file, "github-pat")


def test_only_the_id_that_is_waived_is_let_through() -> None:
    one, other = (secrets.Finding(path=p, line=3, kind="password") for p in ("a.py", "b.py"))

    secrets.refuse([one], {one.id})
    with pytest.raises(SecretError, match=r"b\.py:3"):
        secrets.refuse([one, other], {one.id})


def image(folder: Path, *layers: Mapping[str, str], **run: Any) -> ImageArchive:
    history = run.pop("history", [])
    sources = []
    for number, files in enumerate(layers):
        path = folder / f"{number}.tar"
        with tarfile.open(path, "w") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        sources.append(LayerSource(diff_id=f"sha256:{digest}", path=path, offset=0, size=path.stat().st_size))
    config = json.dumps({"config": run, "history": history}).encode()
    return ImageArchive(config=config, layers=tuple(sources), platform="linux/amd64")


def test_an_image_is_looked_at_in_environment_label_command_and_history(tmp_path: Path) -> None:
    token = f"ghp_{made_up(36)}"
    made = image(
        tmp_path,
        Env=["PATH=/usr/bin", "DB_PASSWORD=letmein", "EMPTY_PASSWORD=", "A_PASSWORD_FILE=/run/x"],
        Labels={"note": token},
        Cmd=["/app", f"bolt://neo4j:{made_up(12)}@graph"],
        history=[{"created_by": "COPY . ."}, {"created_by": "RUN |1 API_TOKEN=swordfish make"}],
    )

    assert {(f.path, f.kind) for f in secrets.in_image(made, "application", own=False)} == {
        ("application image: environment DB_PASSWORD", "password-in-environment"),
        ("application image: label note", "github-pat"),
        ("application image: command", "bolt-address"),
        ("application image: history 2", "password-in-environment"),
    }


def test_a_file_that_a_later_layer_takes_away_is_still_in_its_layer(tmp_path: Path) -> None:
    made = image(tmp_path, {"root/.netrc.key": f"\n{private_key()}"}, {"root/.wh..netrc.key": ""})

    [finding] = secrets.in_image(made, "application", own=False)

    assert (finding.where, finding.kind) == ("application image: root/.netrc.key:2", "private-key")


def test_folders_of_locked_packages_are_left_out_only_in_images_that_kgshare_makes(tmp_path: Path) -> None:
    made = image(tmp_path, {"usr/lib/key.pem": private_key(), "app/key.pem": private_key()})

    assert {f.path for f in secrets.in_image(made, "x", own=True)} == {"x image: app/key.pem"}
    assert {f.path for f in secrets.in_image(made, "x", own=False)} == {
        "x image: app/key.pem",
        "x image: usr/lib/key.pem",
    }


def test_what_was_looked_at_once_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path / "cache"))
    made = image(tmp_path, {"app/key.pem": private_key()})
    first = find.in_layer(made.layers[0], "x image", own=True)
    monkeypatch.setattr(detect, "in_bytes", lambda *_: pytest.fail("read again"))

    assert find.in_layer(made.layers[0], "x image", own=True) == first != ()
    notes = "".join(
        note.read_text() for note in (tmp_path / "cache" / "secrets").rglob("*") if note.is_file()
    )
    assert "BEGIN" not in notes
