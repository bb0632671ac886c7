"""`ci init`: thin files, in the right places, and nothing that is there is overwritten without a word."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from tests.unit.ci_project import GRAPH
from tests.unit.review_project import Project, make_project

from kgshare.ci.init import FILES, Wanted, init, rendered
from kgshare.doors.process import run
from kgshare.errors import ManifestError, UsageError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return make_project(tmp_path / "project", GRAPH, monkeypatch)


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_files_are_written_once_and_are_so_already_the_next_time(project: Project, forge: str) -> None:
    first = init(forge, project.root, Wanted())
    assert {file.relative_to(project.root).as_posix() for file in first.written} == set(FILES[forge])
    assert first.next
    again = init(forge, project.root, Wanted())
    assert (again.written, again.same) == ((), first.written)


def test_a_file_that_is_there_is_shown_and_overwritten_only_by_force(project: Project) -> None:
    init("github", project.root, Wanted())
    file, other = (project.root / name for name in FILES["github"])
    other.unlink()
    file.write_text(file.read_text().replace("timeout-minutes: 5", "timeout-minutes: 50"))
    with pytest.raises(UsageError, match=r"kgshare\.yml: exists and is otherwise") as caught:
        init("github", project.root, Wanted())
    assert "-    timeout-minutes: 50\n    +    timeout-minutes: 5" in str(caught.value).replace(
        "    -    ", "-    "
    )
    assert not other.exists(), "all or none"
    assert init("github", project.root, Wanted(force=True)).written == (file, other)


def test_a_file_that_is_no_text_is_in_the_way_as_well(project: Project) -> None:
    (project.root / ".gitlab-ci.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="exists and is otherwise"):
        init("gitlab", project.root, Wanted())
    assert init("gitlab", project.root, Wanted(force=True)).written


@pytest.mark.parametrize(
    ("address", "forge"),
    [
        ("git@github.com:anna/ocean.git", "github"),
        ("https://gitlab.example.org/anna/ocean.git", "gitlab"),
        ("ssh://git@git.gitlab.org/anna/ocean", "gitlab"),
    ],
)
def test_the_remote_says_which_forge(project: Project, address: str, forge: str) -> None:
    project.git("remote", "add", "origin", address)
    assert init(None, project.root, Wanted()).forge == forge


def test_without_a_remote_or_with_an_unknown_one_it_asks_which(project: Project) -> None:
    with pytest.raises(UsageError, match="no remote says which forge"):
        init(None, project.root, Wanted())
    project.git("remote", "add", "origin", "https://example.org/github/ocean.git")
    with pytest.raises(UsageError, match="does not say which forge it is"):
        init(None, project.root, Wanted())
    with pytest.raises(UsageError, match="no files for sourcehut"):
        init("sourcehut", project.root, Wanted())


def test_a_folder_without_a_project_or_repository(tmp_path: Path, project: Project) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ManifestError):
        init("github", tmp_path / "empty", Wanted())
    for name in ("kgshare.yaml", "seed.cypher", "data"):
        (project.root / name).rename(tmp_path / "empty" / name)
    with pytest.raises(UsageError, match="is in no Git repository"):
        init("github", tmp_path / "empty", Wanted())


@pytest.mark.parametrize(
    ("install", "branch", "inside"),
    [
        ('kgshare"; rm', "main", "."),
        ("kgshare", "ma$in", "."),
        ("kgshare", "main", "a b"),
        ("kgshare", "-b", "."),
    ],
)
def test_what_would_be_more_than_a_name_in_the_file_is_refused(
    install: str, branch: str, inside: str
) -> None:
    with pytest.raises(UsageError, match="cannot stand in these files"):
        rendered("github", install, branch, inside)


def test_the_branch_and_the_folder_are_the_projects(project: Project) -> None:
    root = project.root
    (root / "graph").mkdir()
    for name in ("kgshare.yaml", "seed.cypher", "data"):
        project.git("mv", name, f"graph/{name}")
    project.commit()
    project.git("checkout", "-q", "-b", "trunk")
    init("github", root / "graph", Wanted())
    text = (root / ".github" / "workflows" / "kgshare.yml").read_text()
    assert 'branches: ["trunk"]' in text
    assert "kgshare ci run graph --to check" in text
    assert 'LOCK: "graph/kgshare.lock"' in text


def test_each_job_may_do_only_what_it_says_and_only_the_release_can_sign() -> None:
    jobs = {}
    for text in rendered("github", "kgshare", "main", ".").values():
        data = yaml.safe_load(text)
        assert data["permissions"] == {}
        jobs |= {name: job["permissions"] for name, job in data["jobs"].items()}
    assert jobs == {
        "check": {"contents": "read"}, "build": {"contents": "read"}, "comment": {"pull-requests": "write"},
        "lock": {"contents": "write", "pull-requests": "write"}, "release": {"contents": "write", "id-token": "write"},
    }  # fmt: skip


def test_the_hooks_of_a_bare_repository_run_this_kgshare_and_run_nothing_that_is_pushed(
    tmp_path: Path,
) -> None:
    bare = tmp_path / "forge.git"
    run(["git", "init", "-q", "--bare", bare])
    report = init("git", bare, Wanted())
    assert "nothing that is pushed is run here" in report.text()
    assert run(["git", "config", "kgshare.build"], cwd=bare).stdout == "false\n"
    for hook in ("pre-receive", "post-receive"):
        assert os.access(bare / "hooks" / hook, os.X_OK)
        assert f"ci run --hook {hook}\n" in (bare / "hooks" / hook).read_text()
    init("git", bare, Wanted(build=True, branch="trunk"))
    assert run(["git", "config", "kgshare.build"], cwd=bare).stdout == "true\n"
    assert run(["git", "config", "kgshare.branch"], cwd=bare).stdout == "trunk\n"
    with pytest.raises(UsageError, match="is no bare repository"):
        init("git", tmp_path, Wanted())
