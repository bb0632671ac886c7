"""Proposals become commits: what fits is added as it is, what does not is a conflict, and nothing is half done."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.unit.change_examples import bottle
from tests.unit.review_project import Project, a_proposal, make_project

from kgshare.changes import Add, Property, Remove, Rename, read_change_set, render
from kgshare.changes.make import Wanted, make_change_set
from kgshare.errors import ChangeError, ConflictError, KgshareError, UsageError
from kgshare.progress import Progress
from kgshare.review.accepted import read_accepted
from kgshare.review.fold import squash
from kgshare.review.git import GitError
from kgshare.review.merge import MergeReport, abort, merge, merge_on
from kgshare.review.pending import Decisions
from kgshare.review.propose import as_branch
from kgshare.review.rebase import rebase
from kgshare.review.revert import RevertReport, revert

QUIET = Progress(quiet=True)
ID15, ID16, ID17 = (f"(:Bottle {{id: {n}}})" for n in (15, 16, 17))
GRAPH = (
    bottle(15, qc=3, depth=10.0),
    bottle(16, qc=2),
    bottle(17, qc=2, list=[1, 1, 2]),
    f"{ID15}-[:NEXT]->{ID16}",
)
FLAG4 = a_proposal("flag-17", Property(ID17, "qc", "2", "4"), author="R. Eviewer <r@example.org>")
FLAG3 = a_proposal(
    "other-flag", Property(ID17, "qc", "2", "3"), Property(ID15, "depth", "10.0", "11.0"), day=2
)
ALL_OURS, NONE = Decisions(ours=("all",)), Decisions()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return make_project(tmp_path / "project", GRAPH, monkeypatch)


def merged(project: Project, what: str, decisions: Decisions = NONE) -> MergeReport:
    return merge(project.root, what, decisions=decisions, local=True, progress=QUIET)


def reverted(project: Project, name: str, decisions: Decisions = NONE) -> RevertReport:
    return revert(
        project.root, name, reason="It was a typing error.", decisions=decisions, local=True, progress=QUIET
    )


def test_a_branch_that_fits_becomes_one_commit_with_its_author_and_the_same_bytes(project: Project) -> None:
    project.branch("review/flag", FLAG4)
    (project.root / "notes.txt").write_text("mine, staged, and not part of this")
    project.git("add", "notes.txt")
    (one,) = merged(project, "review/flag").merged
    assert (one.name, one.rewritten, one.commit) == ("flag-17", False, project.repo.head())
    assert project.git("show", "--name-only", "--format=%an <%ae>%n%cn%n%s%n%b", "HEAD").split("\n")[:4] == [
        "R. Eviewer <r@example.org>", "M. Maintainer", "flag 17", "The replicate disagrees.",
    ]  # fmt: skip
    assert "Merged-from: review/flag" in project.git("log", "-1", "--format=%B")
    assert (project.folder / "flag-17.toml").read_text() == render(FLAG4)
    assert project.git("diff", "--cached", "--name-only").split() == ["notes.txt"]


def test_a_file_from_an_e_mail_is_accepted_the_same_way(project: Project, tmp_path: Path) -> None:
    file = project.write(FLAG4, tmp_path / "mail")
    (one,) = merged(project, str(file)).merged
    assert (one.name, project.files()) == ("flag-17", ["flag-17"])
    with pytest.raises(UsageError, match="accepted already"):
        merged(project, str(file))


def test_independent_changes_of_one_node_combine(project: Project) -> None:
    project.branch("one", FLAG4)
    project.branch("two", a_proposal("list", Property(ID17, "list", "[1, 1, 2]", "[1]"), day=2))
    merged(project, "one")
    assert not merged(project, "two").merged[0].rewritten
    assert project.files() == ["flag-17", "list"]


def test_a_conflict_stops_before_anything_is_written_and_goes_on_later(project: Project) -> None:
    project.branch("one", FLAG4)
    project.branch("two", FLAG3)
    merged(project, "one")
    head = project.repo.head()
    with pytest.raises(ConflictError) as caught:
        merged(project, "two")
    (problem,) = caught.value.problems
    assert problem.message.splitlines()[0].startswith(f"[1] {ID17} qc: something else was found")
    assert [line.split() for line in problem.message.splitlines()[1:]] == [
        ["base", "2"], ["theirs", "4"], ["ours", "3"],
    ]  # fmt: skip
    assert "--continue" in problem.hint
    assert (project.repo.head(), project.git("status", "--porcelain")) == (head, "")
    with pytest.raises(UsageError, match="another merge is under way"):
        merged(project, "two")
    (one,) = merge_on(project.root, decisions=Decisions(values=("1=9",)), local=True, progress=QUIET).merged
    assert one.rewritten
    accepted = read_change_set(project.folder / "other-flag.toml")
    assert accepted.follows == ("flag-17",)
    assert set(accepted.changes) == {Property(ID17, "qc", "4", "9"), Property(ID15, "depth", "10.0", "11.0")}
    with pytest.raises(UsageError, match="no merge is under way"):
        abort(project.root)


def test_a_merge_that_is_aborted_leaves_nothing(project: Project) -> None:
    project.accept(FLAG4)
    project.branch("two", a_proposal("x", Property(ID17, "qc", "2", "3")))
    with pytest.raises(ConflictError):
        merged(project, "two")
    abort(project.root)
    assert project.files() == ["flag-17"]
    with pytest.raises(ConflictError):
        merged(project, "two")


@pytest.mark.parametrize(
    ("decisions", "left"), [(Decisions(theirs=("1",)), [Property(ID15, "depth", "10.0", "11.0")]),
                            (ALL_OURS, [Property(ID15, "depth", "10.0", "11.0"), Property(ID17, "qc", "4", "3")])],
)  # fmt: skip
def test_either_side_of_a_conflict_can_be_chosen_at_once(
    project: Project, decisions: Decisions, left: list[Property]
) -> None:
    project.accept(FLAG4)
    project.branch("two", FLAG3)
    merged(project, "two", decisions)
    assert list(read_change_set(project.folder / "other-flag.toml").changes) == left


def test_what_the_graph_has_already_is_not_added_again(project: Project) -> None:
    project.accept(FLAG4)
    project.branch("same", a_proposal("same", Property(ID17, "qc", "2", "4"), day=3))
    report = merged(project, "same")
    assert report.merged == ()
    assert "so already" in report.text()


def test_a_proposal_follows_a_record_to_its_new_name(project: Project) -> None:
    project.accept(a_proposal("rename", Rename(ID17, "(:Bottle {id: 99})"), day=3))
    project.branch("old", FLAG4)
    (one,) = merged(project, "old").merged
    assert one.rewritten
    found = read_change_set(project.folder / "flag-17.toml")
    assert found.changes == (Property("(:Bottle {id: 99})", "qc", "2", "4"),)
    assert found.follows == ("rename",)


def test_a_commit_that_a_hook_refuses_leaves_nothing(project: Project) -> None:
    project.branch("one", FLAG4, a_proposal("second", Property(ID16, "qc", "2", "1"), day=5))
    hook = project.root / ".git" / "hooks" / "commit-msg"
    hook.write_text('#!/bin/sh\ngrep -q second "$1" && exit 1\nexit 0\n')
    hook.chmod(0o755)
    head = project.repo.head()
    with pytest.raises(GitError):
        merged(project, "one")
    assert (project.repo.head(), project.git("status", "--porcelain"), project.files()) == (head, "", [])


def test_bad_proposals_are_refused_and_nothing_is_applied(project: Project, tmp_path: Path) -> None:
    def refused(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        with pytest.raises(KgshareError) as caught:
            merged(project, str(tmp_path / name))
        assert (project.files(), project.git("status", "--porcelain")) == ([], "")
        return str(caught.value)

    good = render(FLAG4)
    assert "for the project herbarium, not oceangraph" in refused(
        "p.toml", good.replace("oceangraph", "herbarium")
    )
    assert "it may have been cut off" in refused("cut.toml", good[:-5])
    assert "before and after are the same" in refused("n.toml", good.replace("after = '4'", "after = '2'"))
    assert "p.toml:6" in refused("p.toml", good.replace('"oceangraph"', "5"))
    assert "follows nobody, which is not accepted" in refused(
        "f.toml", render(a_proposal("f", *FLAG4.changes, follows=("nobody",)))
    )
    gone = render(a_proposal("gone", Property("(:Bottle {id: 4711})", "qc", "2", "4")))
    assert "(:Bottle {id: 4711}) qc: there is no such record any more" in refused("gone.toml", gone)
    abort(project.root)
    circle = [
        a_proposal("a", *FLAG4.changes, follows=("b",)),
        a_proposal("b", *FLAG3.changes, follows=("a",)),
    ]
    project.branch("circle", *circle)
    with pytest.raises(ChangeError, match="follow each other in a circle: a, b"):
        merged(project, "circle")
    with pytest.raises(UsageError, match="there is no file and no branch nothing"):
        merged(project, "nothing")


def test_a_branch_that_alters_what_is_accepted_is_refused(project: Project) -> None:
    project.accept(FLAG4)
    project.branch("alter", a_proposal("flag-17", Property(ID17, "qc", "2", "3")))
    with pytest.raises(ChangeError, match=r"data/changes/flag-17.toml: alter alters an accepted change set"):
        merged(project, "alter")


def test_a_proposal_becomes_a_branch_without_touching_the_working_tree(project: Project) -> None:
    wanted = Wanted(title="Bottle 17: bad, älter!", reason="Why not", author="Q <q@example.org>")
    one = make_change_set(FLAG4.changes, wanted, project="oceangraph", baseline=FLAG4.baseline)
    before = project.git("status", "--porcelain"), project.repo.head()
    branch, commit = as_branch(project.root, one)
    assert branch == f"review/{one.date:%Y-%m-%d}-bottle-17-bad-alter"
    assert (project.git("status", "--porcelain"), project.repo.head()) == before
    assert project.git("show", "--name-only", "--format=%an", commit).split() == [
        "Q",
        f"data/changes/{one.name}.toml",
    ]
    assert project.git("worktree", "list").count("\n") == 1
    with pytest.raises(UsageError, match="there is a branch"):
        as_branch(project.root, one)
    assert merged(project, branch).merged[0].name == one.name


def test_a_proposer_rewrites_a_proposal_onto_what_was_accepted_meanwhile(
    project: Project, tmp_path: Path
) -> None:
    project.accept(FLAG4)
    file = project.write(FLAG3, tmp_path / "mine")
    before = file.read_text()
    with pytest.raises(ConflictError):
        rebase(file, onto=project.root, decisions=NONE, local=True, progress=QUIET)
    assert file.read_text() == before
    report = rebase(file, onto=project.root, decisions=ALL_OURS, local=True, progress=QUIET)
    assert report.rewritten
    assert Property(ID17, "qc", "4", "3") in read_change_set(file).changes
    assert not rebase(file, onto=project.root, decisions=NONE, local=True, progress=QUIET).rewritten


def test_a_revert_is_a_change_set_that_takes_back(project: Project) -> None:
    project.accept(
        a_proposal(
            "many", Property(ID17, "qc", "2", "4"), Add(bottle(18)), Rename(ID16, "(:Bottle {id: 61})")
        )
    )
    report = reverted(project, "many")
    found = read_change_set(report.file)
    assert set(found.changes) == {
        Property(ID17, "qc", "4", "2"), Remove(bottle(18)), Rename("(:Bottle {id: 61})", ID16),
    }  # fmt: skip
    assert found.follows == ("many",)
    assert project.git("log", "-1", "--format=%s").strip() == "Take back: many"
    with pytest.raises(UsageError, match="nothing of many is there any more"):
        reverted(project, "many")


def test_a_revert_of_what_others_built_on_is_a_conflict(project: Project) -> None:
    project.accept(FLAG4, a_proposal("later", Property(ID17, "qc", "4", "9"), day=4))
    with pytest.raises(ConflictError, match=r"qc: something else was found"):
        reverted(project, "flag-17")
    report = reverted(project, "flag-17", ALL_OURS)
    assert read_change_set(report.file).changes == (Property(ID17, "qc", "9", "2"),)


def test_folded_change_sets_make_the_same_graph_and_stay_as_history(project: Project) -> None:
    project.accept(
        FLAG4,
        FLAG3.__class__(
            **{**vars(FLAG3), "follows": ("flag-17",), "changes": (Property(ID17, "qc", "4", "9"),)}
        ),
    )
    project.accept(a_proposal("third", Property(ID17, "qc", "9", "1"), day=9, follows=("other-flag",)))
    report = squash(project.root, until="other-flag", local=True, progress=QUIET)
    assert project.files() == [report.name, "third"]
    accepted = read_accepted(project.root)
    assert accepted.applied[0].changes == (Property(ID17, "qc", "2", "9"),)
    assert accepted.applied[1].follows == (report.name,)
    assert [one.name for one in accepted.sets.history] == ["flag-17", "other-flag", "third"]
    assert project.git("status", "--porcelain") == ""
    assert reverted(project, "third").changes == 1
    late = a_proposal("late", Property(ID15, "qc", "3", "4"), day=1, follows=("flag-17",))
    project.branch("late", late)
    assert not merged(project, "late").merged[0].rewritten, (
        "a proposal that follows a folded one still stands"
    )


def test_without_git_a_merge_writes_the_file(project: Project, tmp_path: Path) -> None:
    shutil.rmtree(project.root / ".git")
    file = project.write(FLAG4, tmp_path / "mail")
    (one,) = merged(project, str(file)).merged
    assert (one.commit, project.files()) == ("", ["flag-17"])
