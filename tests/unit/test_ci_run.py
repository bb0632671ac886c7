"""The pipeline: what is unchanged is not done again, what changed is said by file, what fails is said and publishes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.change_examples import a_set
from tests.unit.ci_project import QUIET, Table, a_project, relock, went
from tests.unit.registry_fake import fake
from tests.unit.review_project import Project

from kgshare.bundle import read_bundle
from kgshare.changes import Property
from kgshare.ci.run import Asked, run
from kgshare.ci.show import plan
from kgshare.errors import (
    BuildError,
    CheckError,
    ConflictError,
    KgshareError,
    ManifestError,
    PolicyError,
    Problem,
    RegistryError,
    SeedError,
    UsageError,
)
from kgshare.trust import keys
from kgshare.trust.author import Signing

BUNDLE = "oceangraph-1.0.0.kgshare.tar"
RED = "policy: 1\nchecks: {bases-approved: {bases: [chainguard]}}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return a_project(tmp_path, monkeypatch)


@pytest.fixture
def table(project: Project) -> Table:
    return Table(project.root)


def warmer(before: str = "4", after: str = "6") -> Property:
    return Property(record="(:Bottle {id: 1})", name="temp", before=before, after=after)


def test_a_run_does_it_all_and_the_next_one_nothing(project: Project, table: Table, tmp_path: Path) -> None:
    report, first = went(project, table, report=tmp_path / "report")
    assert {"seed", "check", "policy", "bundle", "sign", "place", "comment"} < set(first)
    assert report.bundle == project.root / BUNDLE
    assert read_bundle(report.bundle, deep=False).signature is not None
    table.ran.clear()
    again, second = went(project, table)
    assert (second, table.ran) == ([], [])
    assert again.digest == report.digest
    assert "nothing had changed" in again.text()


def test_a_changed_file_redoes_what_depends_on_it_and_is_named(project: Project, table: Table) -> None:
    went(project, table)
    (project.root / "seed.cypher").write_text("CREATE (:Bottle {id: 16});\n")
    seen = plan(project.root, Asked(environment={}), progress=QUIET)
    by_name = {step.name: step for step in seen.steps}
    upstream = by_name["upstream"]
    assert upstream.reason == "changed: files of the seed (seed.cypher)"
    assert [(c.input, c.files) for c in upstream.causes] == [("files of the seed", ("seed.cypher",))]
    assert (by_name["toolbox"].runs, upstream.runs, by_name["seed"].runs) == ("no", "yes", "maybe")
    report, ran = went(project, table)
    assert next(s.reason for s in report.steps if s.name == "upstream") == upstream.reason
    assert {"upstream", "seed"} <= set(ran)
    assert not {"toolbox", "base.database", "base.application", "runtime"} & set(ran)
    assert {s.name for s in seen.steps if s.runs == "no"}.isdisjoint(ran)


def test_a_plan_reads_as_text_as_json_and_as_a_drawing(project: Project, table: Table) -> None:
    before = plan(project.root, Asked(environment={}), drawn=True, progress=QUIET).text()
    assert "not made yet" in before
    assert not keys.default_name(), "a plan makes no key"
    went(project, table)
    (project.root / "policy.yaml").write_text(RED)
    seen = plan(project.root, Asked(environment={}), progress=QUIET)
    lines = dict(line.split(maxsplit=1) for line in seen.text().splitlines())
    assert lines["policy"] == "changed: policy (policy.yaml)"
    assert lines["bundle"] == "after policy"
    drawing = plan(project.root, Asked(environment={}), drawn=True, progress=QUIET).text().splitlines()
    assert drawing[0] == "flowchart LR"
    number = {step.name: f"s{n}" for n, step in enumerate(seen.steps)}
    assert f"  {number['policy']} --> {number['bundle']}" in drawing
    assert any(
        line.startswith(f'  {number["policy"]}["policy<br/>') and line.endswith(":::yes") for line in drawing
    )


def test_a_step_that_fails_gives_its_code_and_what_was_done_stays(
    project: Project, table: Table, tmp_path: Path
) -> None:
    table.fails["image.database"] = BuildError(Problem(message="no room", where="layer 3", hint="make room"))
    with pytest.raises(BuildError):
        went(project, table, report=tmp_path / "report", publish=(str(tmp_path / "there"),))
    said = (tmp_path / "report" / "comment.md").read_text()
    assert "failed at image.database" in said
    assert "`layer 3`: no room" in said
    assert "2 nodes, 0 relationships" in said
    assert not (project.root / BUNDLE).exists()
    assert not (tmp_path / "there").exists()
    table.fails.clear()
    table.ran.clear()
    went(project, table)
    assert "seed" not in table.ran
    assert table.ran[0] == "image.database"


def test_a_red_policy_stops_before_the_bundle_and_the_one_that_was_there_stays(
    project: Project, table: Table, tmp_path: Path
) -> None:
    went(project, table)
    kept = (project.root / BUNDLE).read_bytes()
    (project.root / "policy.yaml").write_text(RED)
    with pytest.raises(PolicyError) as caught:
        went(project, table, report=tmp_path / "report")
    assert caught.value.exit_code == 15
    said = (tmp_path / "report" / "comment.md").read_text()
    assert "failed at policy" in said
    assert "`bases-approved`: a base is not among those approved" in said
    assert (project.root / BUNDLE).read_bytes() == kept
    (project.root / "policy.yaml").unlink()
    assert went(project, table)[1] == []


def test_change_sets_that_do_not_fit_are_found_before_anything_slow(
    project: Project, table: Table, tmp_path: Path
) -> None:
    project.accept(a_set(warmer(before="9"), name="wrong"))
    with pytest.raises(ConflictError, match=r"wrong\.toml"):
        went(project, table, report=tmp_path / "report")
    assert table.ran == []
    assert "failed at check" in (tmp_path / "report" / "comment.md").read_text()


def test_what_the_seed_says_of_change_sets_is_a_conflict_too(project: Project, table: Table) -> None:
    table.fails["seed"] = SeedError(Problem(message="does not fit", where="data/changes/wrong.toml:12"))
    with pytest.raises(ConflictError):
        went(project, table)
    table.fails["seed"] = SeedError(Problem(message="no such file", where="seed.cypher:1"))
    with pytest.raises(SeedError):
        went(project, table)


def test_a_commit_that_nobody_known_signed_fails_the_check(project: Project, table: Table) -> None:
    manifest = project.root / "kgshare.yaml"
    manifest.write_text(manifest.read_text() + "review: {signers: signers}\n")
    (project.root / "signers").write_text("")
    relock(project)
    project.accept(a_set(warmer(), name="warmer"))
    with pytest.raises(CheckError, match="not signed"):
        went(project, table)


def test_only_as_far_as_was_asked_and_without_a_key(project: Project, table: Table) -> None:
    report, ran = went(project, table, to="check")
    assert set(ran) == {"toolbox", "upstream", "seed", "check"}
    assert (report.bundle, report.digest, report.policy) == (None, "", "")
    assert not keys.default_name()
    with pytest.raises(UsageError, match="no step nonsense"):
        went(project, table, to="nonsense")


def test_the_required_check_is_green_where_a_project_has_no_change_sets(
    project: Project, table: Table
) -> None:
    manifest = project.root / "kgshare.yaml"
    manifest.write_text(manifest.read_text().replace("changes: data/changes\n", ""))
    relock(project)
    report, ran = went(project, table, to="check")
    assert "seed" in ran
    assert "check" not in ran
    assert report.bundle is None


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"publish": ("https://example.org/x",)}, "cannot be published to"),
        ({"publish": ("OCI://host/name",)}, "cannot be published to"),
        ({"publish": ("oci://HOST/Name:x y",)}, "oci://"),
        ({"publish": ("FILE/x",)}, "--publish names a folder, and this is a file"),
        ({"output": "FILE"}, "--output names a folder"),
        ({"report": "FILE"}, "--report names a folder"),
        ({"against": "nothing"}, "there is no nothing to compare with"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_end_well_does_not_begin(
    project: Project, table: Table, tmp_path: Path, asked: dict[str, object], reason: str
) -> None:
    (tmp_path / "file").write_text("x")
    given = {
        name: tuple(v.replace("FILE", str(tmp_path / "file")) for v in value) if isinstance(value, tuple)
        else tmp_path / "file" if value == "FILE" else value
        for name, value in asked.items()
    }  # fmt: skip
    with pytest.raises(UsageError, match=reason):
        went(project, table, **given)
    assert table.ran == []
    assert not keys.default_name(), "a mistake leaves nothing, no key either"
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_bytes(b"")], ids=["gone", "emptied"])
def test_what_is_published_is_published_again_only_where_it_is_gone(
    project: Project, table: Table, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    there = tmp_path / "there"
    report, _ = went(project, table, publish=(str(there), str(tmp_path / "other")))
    assert report.published == (str(there), str(tmp_path / "other"))
    signed = (there / BUNDLE).read_bytes()
    spoil(there / BUNDLE)
    assert went(project, table, publish=(str(there), str(tmp_path / "other")))[1] == ["publish"]
    assert (there / BUNDLE).read_bytes() == signed, "placed again, not signed again"
    assert [file.name for file in there.iterdir()] == [BUNDLE]


def test_to_a_registry_in_every_run_as_only_it_knows_what_it_has(
    project: Project, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    with fake() as server:
        where = f"oci://{server.host}/herbs"
        report, _ = went(project, table, publish=(where,), report=tmp_path / "report")
        assert report.published == (where,)
        assert f"published to `{where}:1.0`" in (tmp_path / "report" / "comment.md").read_text()
        again, ran = went(project, table, publish=(where,))
        assert ran == ["publish"], "and the comment says nothing new"
        assert next(step.reason for step in again.steps if step.ran) == "done in every run"
    with pytest.raises(RegistryError):
        went(project, table, publish=(where,))
    assert (project.root / BUNDLE).exists(), "what was done stays"


def test_what_is_not_committed_is_built_but_not_published(
    project: Project, table: Table, tmp_path: Path
) -> None:
    (project.root / "seed.cypher").write_text("CREATE (:Bottle {id: 17});\n")
    with pytest.raises(UsageError, match=r"not committed: seed\.cypher"):
        went(project, table, publish=(str(tmp_path / "there"),))
    assert table.ran == []
    assert went(project, table)[0].bundle


def test_unsigned_where_that_is_wanted(project: Project, table: Table) -> None:
    report, ran = went(project, table, signing=Signing(off=True))
    assert "sign" not in ran
    assert report.bundle
    assert read_bundle(report.bundle, deep=False).signature is None


def test_the_comment_shows_what_the_commit_before_had_otherwise(
    project: Project, table: Table, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    went(project, table, report=report)
    assert "What changes" not in (report / "comment.md").read_text(), "there is no commit before the first"
    project.accept(a_set(warmer(), name="warmer"))
    _, ran = went(project, table, report=report)
    assert "diff" in ran
    said = (report / "comment.md").read_text()
    assert "Compared with the commit before:" in said
    assert "-   temp: 4\n+   temp: 6" in said
    assert json.loads((report / "diff.json").read_text())["result"]["counts"] == {"(:Bottle)": {"changed": 1}}
    assert "<!doctype html>" in (report / "diff.html").read_text()


def test_a_forge_names_the_target_and_where_the_summary_goes(
    project: Project, table: Table, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    project.branch("proposal", a_set(warmer(), name="warmer"))
    project.git("checkout", "-q", "proposal")
    main = project.git("rev-parse", "main").strip()
    environment = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": main, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "GITHUB_STEP_SUMMARY": str(summary),
    }  # fmt: skip
    went(project, table, environment=environment)
    said = summary.read_text()
    assert said.startswith("before\n")
    assert "Compared with main:" in said


def test_what_cannot_be_compared_is_said_unless_somebody_asked_for_it(
    project: Project, table: Table, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    for number in (18, 19):
        (project.root / "seed.cypher").write_text(f"CREATE (:Bottle {{id: {number}}});\n")
        project.commit()
    went(project, table, report=report)
    said = (report / "comment.md").read_text()
    assert "Not compared with the commit before: the graph of the commit before was not seeded" in said
    assert went(project, table)[1] == ["diff"], "what hindered may be gone by now"
    with pytest.raises(UsageError, match="there is no v9 to compare with"):
        went(project, table, against="v9")


def test_without_a_manifest_nothing_is_done_and_the_report_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ManifestError):
        run(tmp_path / "empty", Asked(report=tmp_path / "report", environment={}), progress=QUIET)
    assert "empty: failed at its beginning" in (tmp_path / "report" / "comment.md").read_text()


def test_an_error_of_any_kind_is_told_with_its_code(project: Project, table: Table, tmp_path: Path) -> None:
    table.fails["scan"] = KgshareError("out of the blue")
    with pytest.raises(KgshareError):
        went(project, table, report=tmp_path)
    assert "Exit code 1." in (tmp_path / "comment.md").read_text()
