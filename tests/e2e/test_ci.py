"""`kgshare ci` as a user, a forge and a hook run it: a fresh clone, the second run, a changed row, a step that fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.e2e.command_line import kgshare, works

from kgshare.doors.process import run

pytestmark = pytest.mark.docker


def committed(folder: Path) -> Path:
    """The project's folder as the first commit of a repository."""
    (folder / ".gitignore").write_text("*.kgshare.tar\n")
    run(["git", "init", "-q", "-b", "main", folder])
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Forty sheets")
    return folder


def git(folder: Path, *words: str) -> str:
    return run(
        ["git", "-c", "user.name=A. Curator", "-c", "user.email=c@example.org", "-C", folder, *words]
    ).stdout


def test_a_fresh_clone_does_it_all_once_and_a_changed_row_is_named(herbarium: Path, tmp_path: Path) -> None:
    origin, clone, report = committed(herbarium), tmp_path / "clone", tmp_path / "report"
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    first = works("ci", "run", clone, "--report", report, "--publish", tmp_path / "there", "--json").result
    done = {step["name"] for step in first["steps"]}
    assert {"seed", "check", "scan", "policy", "bundle", "sign", "place", "publish", "comment"} < done
    [published] = (tmp_path / "there").iterdir()
    assert "every byte is as it was signed" in works("verify", published).out
    assert "Green: " in (report / "comment.md").read_text()
    again = works("ci", "run", clone, "--publish", tmp_path / "there", "--json").result
    assert [step["name"] for step in again["steps"] if step["ran"]] == []
    assert again["digest"] == first["digest"]
    sheets = clone / "tables" / "sheets.csv"
    sheets.write_text(sheets.read_text() + "H0041,1999-07-01,1500,\n")
    planned = {step["name"]: step for step in works("ci", "plan", clone, "--json").result["steps"]}
    assert planned["seed"]["causes"] == [{"input": "files of the seed", "files": ["tables/sheets.csv"]}]
    assert {name for name, step in planned.items() if step["runs"] == "no"} == {
        "toolbox", "base.database", "base.application", "runtime", "image.application",
    }  # fmt: skip
    assert works("ci", "plan", clone, "--mermaid").out.startswith("flowchart LR")
    uncommitted = kgshare("ci", "run", clone, "--publish", tmp_path / "there")
    assert (uncommitted.code, "tables/sheets.csv" in uncommitted.err) == (2, True)
    (clone / "policy.yaml").write_text("policy: 1\nchecks: {size: {megabytes: 1}}\n")
    shutil.copyfile(origin / "tables" / "sheets.csv", sheets)
    red = kgshare("ci", "run", clone, "--report", report, "--json")
    assert (red.code, red.errors[0]["kind"]) == (15, "policy")
    assert "failed at policy" in (report / "comment.md").read_text()
    assert json.loads((report / "check.json").read_text())["change_sets"] == 1
