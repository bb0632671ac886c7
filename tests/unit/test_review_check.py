"""A check says every conflict and every finding; log and blame say who changed what, on whose word; nothing unsaved is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.change_examples import bottle
from tests.unit.review_project import Project, a_proposal, make_project

from kgshare.changes import Property, Rename, read_change_set
from kgshare.changes.order import Folder
from kgshare.cli import run as command_line
from kgshare.doors.process import run
from kgshare.errors import CheckError, Interrupted, Problem, SeedError, StackError, UsageError
from kgshare.progress import Progress
from kgshare.project import read_project
from kgshare.review import check as checking
from kgshare.review import unsaved
from kgshare.review import upstream as upstreams
from kgshare.review.blame import blame
from kgshare.review.check import CheckReport, check
from kgshare.review.fold import squash
from kgshare.review.history import log
from kgshare.review.propose import Edits
from kgshare.review.unsaved import Answer, Keeper
from kgshare.seeding.result import SeedReport, error_json, read_error
from kgshare.stack.baseline import Baseline

QUIET = Progress(quiet=True)
ID15, ID16 = "(:Bottle {id: 15})", "(:Bottle {id: 16})"
CAST = '(:Cast {id: "88/1"})'
GRAPH = (bottle(15, qc=3), bottle(16, qc=2), f'{CAST}\n  file: "hy1.csv"', f"{ID15}-[:FROM]->{CAST}")
FLAG = a_proposal(
    "flag", Property(ID15, "qc", "3", "4"), author="R. Eviewer <r@example.org>", references=("doi:10.1/x",)
)
GREEN = SeedReport(
    neo4j_version="5", digest="ab" * 32, nodes=3, relationships=1, labels={}, types={}, seconds={}
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(checking, "check_store", lambda found, progress: GREEN)
    return make_project(tmp_path / "project", GRAPH, monkeypatch)


def checked(project: Project, *files: Path) -> CheckReport:
    return check(project.root, files, local=True, progress=QUIET)


# --- check --------------------------------------------------------------------------------------------------------


def test_upstream_is_seeded_without_what_may_hold_only_with_the_change_sets(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.accept(FLAG)
    manifest = project.root / "kgshare.yaml"
    manifest.write_text(manifest.read_text() + "checks: [{name: flags, cypher: RETURN 1, expect: 1}]\n")
    assert checked(project).ok, "another check needs no other upstream"
    (project.root / "seed.cypher").write_text("CREATE (:Bottle {id: 14});\n")
    seeded: list[Any] = []

    def steps(one: Any, *_: object) -> None:
        seeded.append(one)
        raise Interrupted("enough")

    monkeypatch.setattr(upstreams, "_steps", steps)
    with pytest.raises(Interrupted):
        checked(project)
    [one] = seeded
    assert (one.manifest.changes, one.manifest.checks, one.questions) == (None, (), ())
    assert one.manifest.seed == read_project(project.root).manifest.seed


def test_what_fits_is_checked_on_a_store_and_is_well(project: Project) -> None:
    project.accept(FLAG)
    report = checked(project)
    assert (report.ok, report.change_sets, report.digest, report.exit_code) == (
        True,
        1,
        "sha256:" + GREEN.digest,
        0,
    )


def test_every_conflict_is_shown_with_record_base_theirs_and_ours_before_any_store_is_started(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "check_store", lambda found, progress: pytest.fail("no store is needed"))
    project.accept(
        FLAG, a_proposal("other", Property(ID15, "qc", "3", "2"), Property(ID16, "x", "1", "2"), day=2)
    )
    report = checked(project)
    assert report.exit_code == 13
    first, second = report.findings
    assert (first.kind, first.conflict, first.record, first.what) == ("conflict", "modified", ID15, "qc")
    assert (first.base, first.theirs, first.ours) == ("3", "4", "2")
    assert first.where == "data/changes/other.toml:9"
    assert (second.record, second.theirs) == (ID16, None)
    assert "kgshare review rebase data/changes/other.toml" in report.text()


def test_proposals_are_checked_as_if_they_were_accepted_and_the_folder_is_left_alone(
    project: Project, tmp_path: Path
) -> None:
    project.accept(FLAG)
    fits = project.write(a_proposal("fits", Property(ID16, "qc", "2", "9")), tmp_path / "mail")
    clash = project.write(a_proposal("clash", Property(ID15, "qc", "3", "9"), day=2), tmp_path / "mail")
    assert checked(project, fits).change_sets == 2
    assert [f.what for f in checked(project, fits, clash).findings] == ["qc"]
    assert project.files() == ["flag"]


def test_what_the_store_says_comes_by_kind(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.accept(FLAG)
    said = CheckError(
        Problem(message="expected 4, got 3", where="check 'flags'", kind="check"),
        Problem(message="x", where="r.cypher:1", kind="rule"),
    )
    again = read_error(error_json(said))
    assert (type(again), again.problems) == (CheckError, said.problems)

    def red(found: Any, progress: Progress) -> SeedReport:
        raise again

    monkeypatch.setattr(checking, "check_store", red)
    report = checked(project)
    assert ([f.kind for f in report.findings], report.exit_code) == (["check", "rule"], 14)

    def forbidden(found: Any, progress: Progress) -> SeedReport:
        raise SeedError(Problem(message="Neo4j refuses a change", where="x.toml", kind="constraint"))

    monkeypatch.setattr(checking, "check_store", forbidden)
    assert [f.kind for f in checked(project).findings] == ["constraint"]


def test_the_command_prints_findings_as_json_and_ends_with_the_code_of_a_conflict(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.accept(FLAG, a_proposal("other", Property(ID15, "qc", "3", "2"), day=2))
    assert command_line(["review", "check", "--project", str(project.root), "--local", "--json"]) == 13
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["schema"] == "kgshare.review-check/v1"
    assert envelope["result"]["findings"][0]["theirs"] == "4"


def test_a_folded_change_set_that_was_altered_is_found(project: Project) -> None:
    project.accept(FLAG, a_proposal("then", Property(ID15, "qc", "4", "5"), day=2))
    name = squash(project.root, local=True, progress=QUIET).name
    assert checked(project).ok
    file = project.folder / f"{name}.toml"
    file.write_text(file.read_text().replace("after = '5'", "after = '6'"))
    assert [f.kind for f in checked(project).findings] == ["folded"]


@pytest.fixture
def signer(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", tmp_path / name])
        return tmp_path / name

    return make


def test_where_the_manifest_names_signers_a_change_set_is_added_by_one_of_them(
    project: Project, signer: Callable[[str], Path]
) -> None:
    known, unknown = signer("known"), signer("unknown")
    (project.root / "signers").write_text(f"m@example.org {known.with_suffix('.pub').read_text()}")
    manifest = project.root / "kgshare.yaml"
    manifest.write_text(manifest.read_text() + "review: {signers: signers}\n")
    project.git("config", "gpg.format", "ssh")
    project.accept(FLAG)
    assert [(f.kind, f.message) for f in checked(project).findings] == [("signature", "it is not signed")]
    for key, message in ((unknown, "its commit is signed by an unknown key"), (known, "")):
        project.git("config", "user.signingkey", str(key))
        project.git("commit", "-q", "--amend", "-S", "--no-edit")
        assert [f.message for f in checked(project).findings] == ([message] if message else [])
    (entry,) = log(project.root).entries
    assert (entry.signature, entry.signer) == ("good", "m@example.org")
    project.write(a_proposal("uncommitted", Property(ID16, "qc", "2", "9")))
    assert [f.message for f in checked(project).findings] == ["it is not committed"]


# --- log and blame ------------------------------------------------------------------------------------------------


def test_the_log_says_who_when_why_on_whose_word_and_who_brought_it_in(project: Project) -> None:
    project.accept(FLAG)
    project.accept(a_proposal("then", Property(ID15, "qc", "4", "5"), day=2))
    first, second = log(project.root).entries
    assert (first.name, second.name) == ("then", "flag")
    assert (second.author, second.date, second.references) == (
        "R. Eviewer <r@example.org>",
        "2026-12-01T00:00:00Z",
        ("doi:10.1/x",),
    )
    assert (second.committer, second.commit) == ("M. Maintainer <m@example.org>", project.repo.head("HEAD~1"))
    assert "see doi:10.1/x" in log(project.root).text()


def test_blame_follows_a_value_through_names_down_to_its_upstream_source(project: Project) -> None:
    project.accept(FLAG, a_proposal("rename", Rename(ID15, "(:Bottle {id: 99})"), day=2))
    project.accept(
        a_proposal("later", Property("(:Bottle {id: 99})", "qc", "4", "5"), day=3, follows=("rename",))
    )
    (found,) = blame(project.root, "Bottle/99", "qc").records
    assert [(c.change_set.name, c.before, c.after) for c in found.changes] == [
        ("later", "4", "5"),
        ("flag", "3", "4"),
    ]
    assert found.upstream == "3"
    assert found.sources == (f'{CAST}\n  file: "hy1.csv"',)
    whole = blame(project.root, "(:Bottle {id: 99})")
    assert [c.change_set.name for c in whole.records[0].changes] == ["later", "rename", "flag"]
    assert "from " + CAST in whole.text()


def test_blame_of_many_shows_those_that_were_changed(project: Project) -> None:
    project.accept(FLAG)
    report = blame(project.root, "Bottle/1*", "qc")
    assert ([r.record for r in report.records], report.others) == ([f"{ID15} qc"], 1)


def test_who_changed_the_cfc_12_flag_of_station_88_when_why_and_on_whose_word_is_one_command() -> None:
    found = blame(Path(__file__).parents[2], "Bottle/318M20130321/88/*", "cfc_12_qc").records
    assert [r.record.split("/")[-1] for r in found] == ['15"}) cfc_12_qc', '2"}) cfc_12_qc']
    for one in found:
        (change,) = one.changes
        assert (change.before, change.after, change.change_set.date[:10]) == ("2", "4", "2014-07-24")
        assert "per email from Dong-Ha Min" in change.change_set.reason
        assert change.change_set.author == "RJL (SIOCCH)"


@pytest.mark.parametrize("record", ["Bottle/77", "Bottle", "(:Bottle {id: 77})", "(:Bottle {id"])
def test_blame_of_what_is_no_record_says_so(project: Project, record: str) -> None:
    with pytest.raises(UsageError, match=r"record"):
        blame(project.root, record)


# --- nothing unsaved is lost --------------------------------------------------------------------------------------


@pytest.fixture
def edited(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edits:
    """A sandbox with one edit."""
    monkeypatch.setenv("KGSHARE_STATE", str(tmp_path / "state"))
    manifest = read_project(project.root).manifest
    baseline = Baseline(digest="ab" * 32, graph=tmp_path, manifest=manifest, changes=project.folder)
    edits = Edits(
        stack="sandbox",
        baseline=baseline,
        accepted=Folder(applied=(FLAG,)),
        changes=(Property(ID15, "qc", "4", "5"),),
    )
    monkeypatch.setattr(unsaved, "edits_of", lambda name, progress: edits)
    return edits


def saved(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "state" / "edits").glob("*.toml"))


def asking(answer: Answer) -> Keeper:
    return Keeper(ask=lambda question: answer, progress=QUIET)


def test_where_nobody_can_be_asked_edits_are_saved_as_a_change_set(edited: Edits, tmp_path: Path) -> None:
    Keeper(ask=None, progress=QUIET)("sandbox")
    (file,) = saved(tmp_path)
    one = read_change_set(file)
    assert (one.changes, one.follows, one.baseline) == (edited.changes, ("flag",), "sha256:" + "ab" * 32)
    assert one.author == "M. Maintainer <m@example.org>"


def test_a_person_may_save_discard_or_go_back(edited: Edits, tmp_path: Path) -> None:
    asking("discard")("sandbox")
    assert saved(tmp_path) == []
    with pytest.raises(Interrupted):
        asking("cancel")("sandbox")
    asking("save")("sandbox")
    assert len(saved(tmp_path)) == 1


def test_edits_that_cannot_be_read_are_not_lost_without_a_word(
    edited: Edits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unidentified(name: str, progress: Progress) -> Edits:
        raise SeedError(Problem(message="a node has no label with a key: (:X {})", hint="declare the key"))

    monkeypatch.setattr(unsaved, "edits_of", unidentified)
    with pytest.raises(StackError, match="a node has no label with a key") as caught:
        Keeper(ask=None, progress=QUIET)("sandbox")
    assert "--discard" in caught.value.problems[0].hint
    asking("discard")("sandbox")
    unsaved.offer("sandbox", Keeper(ask=None, progress=QUIET))


def test_a_sandbox_without_edits_is_left_in_peace(
    edited: Edits, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(unsaved, "edits_of", lambda name, progress: replace(edited, changes=()))
    Keeper(ask=lambda question: pytest.fail("nothing is to be asked"), progress=QUIET)("sandbox")
    assert saved(tmp_path) == []
