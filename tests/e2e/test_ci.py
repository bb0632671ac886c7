"""`kgshare ci` as a user, a forge and a hook run it: a fresh clone, the second run, a changed row, a step that fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.command_line import kgshare, works

from kgshare.doors.process import CommandFailed, run

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


def test_a_project_goes_through_a_clone_and_a_bare_repository(herbarium: Path, tmp_path: Path) -> None:
    origin, clone = committed(herbarium), tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    a_fresh_clone_does_it_all_and_the_second_run_nothing(clone, tmp_path)
    a_changed_row_is_named_and_is_not_published(clone, tmp_path)
    forge = a_bare_repository_takes_the_first_push_and_keeps_its_bundle(clone, tmp_path)
    it_refuses_what_breaks_the_policy_and_what_does_not_fit(clone, forge)


def a_fresh_clone_does_it_all_and_the_second_run_nothing(clone: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    first = works("ci", "run", clone, "--report", report, "--publish", tmp_path / "there", "--json").result
    done = {step["name"] for step in first["steps"]}
    assert {"seed", "check", "scan", "policy", "bundle", "sign", "place", "publish", "comment"} < done
    [published] = (tmp_path / "there").iterdir()
    assert "every byte is as it was signed" in works("verify", published).out
    assert "Green: " in (report / "comment.md").read_text()
    assert json.loads((report / "check.json").read_text())["change_sets"] == 1
    again = works("ci", "run", clone, "--publish", tmp_path / "there", "--json").result
    assert [step["name"] for step in again["steps"] if step["ran"]] == []
    assert again["digest"] == first["digest"]


def a_changed_row_is_named_and_is_not_published(clone: Path, tmp_path: Path) -> None:
    sheets = clone / "tables" / "sheets.csv"
    sheets.write_text(sheets.read_text() + "H0041,1999-07-01,1500,\n")
    planned = {step["name"]: step for step in works("ci", "plan", clone, "--json").result["steps"]}
    assert planned["upstream"]["causes"] == [{"input": "files of the seed", "files": ["tables/sheets.csv"]}]
    assert {name for name, step in planned.items() if step["runs"] == "no"} == {
        "toolbox", "base.database", "base.application", "runtime", "image.application",
    }  # fmt: skip
    uncommitted = kgshare("ci", "run", clone, "--publish", tmp_path / "there")
    assert (uncommitted.code, "tables/sheets.csv" in uncommitted.err) == (2, True)
    git(clone, "checkout", "-q", "tables")


def a_bare_repository_takes_the_first_push_and_keeps_its_bundle(clone: Path, tmp_path: Path) -> Path:
    forge = tmp_path / "forge.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(forge))
    works("ci", "init", "git", forge, "--build")
    git(clone, "remote", "set-url", "origin", str(forge))
    said = pushed(clone)
    assert "main: accepted; policy: " in said
    assert "built herbarium-0.2.0.kgshare.tar" in said
    assert "every byte is as it was signed" in works("verify", forge / "kgshare" / "heads" / "main").out
    assert "is kept there as" in works("verify", f"{forge}@main").err, "its address is enough"
    return forge


def it_refuses_what_breaks_the_policy_and_what_does_not_fit(clone: Path, forge: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    kept = (forge / "kgshare" / "heads" / "main" / "comment.md").read_text()
    (clone / "policy.yaml").write_text("policy: 1\nchecks: {bases-approved: {bases: [chainguard]}}\n")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "Only Chainguard's")
    said = pushed(clone)
    assert "remote: kgshare: bases-approved: a base is not among those approved" in said
    assert "pre-receive hook declined" in said
    git(clone, "reset", "-q", "--hard", first.strip())
    [change] = (clone / "changes").glob("*.toml")
    change.write_text(change.read_text().replace("'1829'", "'1777'"))
    git(clone, "commit", "-q", "-a", "-m", "Another before")
    said = pushed(clone)
    assert f"changes/{change.name}:" in said
    assert [line.split()[1:] for line in said.splitlines() if line.startswith("remote:     ")] == [
        ["base", "1777"], ["theirs", "1829"], ["ours", "1892"],
    ]  # fmt: skip
    assert git(forge, "rev-parse", "main") == first
    assert (forge / "kgshare" / "heads" / "main" / "comment.md").read_text() == kept


def pushed(clone: Path) -> str:
    """What one who pushes sees, whether the push is taken in or not."""
    try:
        return run(["git", "push", "origin", "HEAD:main"], cwd=clone).stderr
    except CommandFailed as error:
        return error.output
