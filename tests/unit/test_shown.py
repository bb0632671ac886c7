"""What a file from elsewhere says stands on the terminal as text and does nothing there."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tests.unit import evidence_example

from kgshare.bundle.inspect import inspect_bundle
from kgshare.bundle.tarform import END, header
from kgshare.cli import report_error, run
from kgshare.errors import BundleError, Problem
from kgshare.progress import Progress
from kgshare.report import envelope
from kgshare.shown import one_line, printable

ESCAPES = "\x1b[1A\x1b[2K\r\x9b2J\u202e\x00\ud800"
TYPE = "application/vnd.kgshare.seed-report.v1+json"


def with_seed(folder: Path, report: bytes) -> Path:
    return evidence_example.bundle(folder, own={"seed.json": (TYPE, report)}).path


def test_all_that_is_not_printable_is_escaped_and_what_people_write_stays() -> None:
    assert printable(f"a{ESCAPES}b") == r"a\x1b[1A\x1b[2K\r\x9b2J\u202e\x00\ud800b"
    for text in ("Größe 1\u202f000\u00a0µmol\n  → 海\tx", "\U0001f40b", ""):
        assert printable(text) == text
    assert one_line("x\n  signed by anna") == r"x\n  signed by anna"


def test_json_says_the_same_and_holds_nothing_that_a_terminal_obeys() -> None:
    text = envelope("x", {"a": ESCAPES})
    assert json.loads(text)["result"] == {"a": ESCAPES}
    assert text.replace("\n", "").isprintable()


def test_progress_and_errors_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    progress = Progress(stream=stream)
    progress.say(f"not scanned: {ESCAPES}")
    with progress.stage(f"verify {ESCAPES}\nx"):
        pass
    report_error(BundleError(Problem(message=ESCAPES, where=ESCAPES, hint=ESCAPES)), as_json=False)
    for shown in (stream.getvalue(), capsys.readouterr().err):
        assert shown.replace("\n", "").isprintable()
        assert shown.count("\n") == 2


def test_a_member_behind_the_end_cannot_write_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = "\x1b[2K\nherbs 1.0  every byte is as it was signed\n"
    path = with_seed(tmp_path, b"{}")
    member = header("A" * len(fake), 0).replace(b"A" * len(fake), fake.encode())
    path.write_bytes(path.read_bytes()[: -len(END)] + member + END)
    assert run(["inspect", str(path)]) == BundleError.exit_code
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert len(said.splitlines()) == 2


def test_a_label_cannot_write_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    label = "Sheet\x1b[1A\n  signed by anna"
    path = with_seed(tmp_path, json.dumps({"labels": {label: 3}, "types": {}, "digest": "0" * 64}).encode())
    assert run(["inspect", str(path)]) == 0
    assert r"  3 Sheet\x1b[1A\n  signed by anna" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    "report", [b"[]", b"no", b'{"labels": [1]}', b'{"types": {"A": {}}}', b"[" * 100_000]
)
def test_inspect_refuses_a_seed_report_that_is_none(report: bytes, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"seed\.json.*is no report of what was seeded"):
        inspect_bundle(with_seed(tmp_path, report))
