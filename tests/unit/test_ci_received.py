"""A push to a bare repository: refused with the reason before it is taken in; what is pushed is not run unless that is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.change_examples import a_set
from tests.unit.ci_project import QUIET, Table, a_project, relock
from tests.unit.review_project import Project

from kgshare.changes import Property
from kgshare.ci.received import HOOKS, HookReport, receive
from kgshare.doors.process import run
from kgshare.errors import ConflictError, KgshareError, ManifestError, PolicyError, UsageError

NOTHING = "0" * 40
RED = "policy: 1\nchecks: {bases-approved: {bases: [chainguard]}}\n"


class Forge:
    """A bare repository beside a project, and what its hooks are given."""

    def __init__(self, project: Project, root: Path) -> None:
        self.project, self.bare = project, root / "forge.git"
        run(["git", "init", "-q", "--bare", "-b", "main", self.bare])
        self.table = Table(project.root)

    def set(self, name: str, value: str) -> None:
        run(["git", "config", f"kgshare.{name}", value], cwd=self.bare)

    def push(self, hook: str = "pre-receive", ref: str = "refs/heads/main", new: str = "") -> HookReport:
        """What a hook says of the project's head; its objects are there as if they were taken in."""
        self.project.git("push", "-q", "-f", str(self.bare), "HEAD:refs/heads/in")
        commit = new or self.project.repo.head()
        line = f"{NOTHING} {commit} {ref}\n"
        [name] = [one for one in HOOKS if one == hook]
        return receive(name, self.bare, [line], {}, progress=QUIET, works=self.table)


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forge:
    return Forge(a_project(tmp_path, monkeypatch), tmp_path)


def a_change(before: str) -> Property:
    return Property(record="(:Bottle {id: 1})", name="temp", before=before, after="6")


def test_what_is_pushed_is_read_and_not_run(forge: Forge) -> None:
    forge.project.accept(a_set(a_change("4"), name="warmer"))
    assert "accepted, read only" in forge.push().text()
    assert "not built: `git config kgshare.build true`" in forge.push("post-receive").text()
    assert forge.table.ran == []
    assert not (forge.bare / "kgshare").exists()


def test_a_change_set_that_does_not_fit_is_refused(forge: Forge) -> None:
    forge.project.accept(a_set(a_change("9"), name="wrong"))
    with pytest.raises(ConflictError, match=r"data/changes/wrong\.toml"):
        forge.push()
    assert forge.table.ran == []


def test_where_that_is_allowed_it_is_built_as_far_as_the_policy_and_then_kept(forge: Forge) -> None:
    forge.set("build", "true")
    assert "policy: " in forge.push().text()
    assert forge.table.ran[-1] == "policy"
    [kept] = forge.push("post-receive").outcomes
    assert kept.bundle == forge.bare / "kgshare" / "heads" / "main" / "oceangraph-1.0.0.kgshare.tar"
    assert (forge.bare / "kgshare" / "heads" / "main" / "comment.md").exists()
    assert forge.table.ran.count("policy") == 1, "what the first hook has done is not done again"


@pytest.mark.parametrize("build", ["true", "false"])
def test_a_push_that_breaks_the_policy_is_refused_with_the_reason(forge: Forge, build: str) -> None:
    forge.set("build", "true")
    forge.push("post-receive")
    forge.set("build", build)
    manifest = forge.project.root / "kgshare.yaml"
    if build == "false":  # another name does not lead past the bundle that is kept
        manifest.write_text(manifest.read_text().replace("name: oceangraph", "name: other"))
        relock(forge.project)
    (forge.project.root / "policy.yaml").write_text(RED)
    forge.project.commit("only chainguard")
    with pytest.raises(PolicyError, match="a base is not among those approved"):
        forge.push()


def test_a_push_without_a_project_or_with_a_broken_one_is_refused(forge: Forge) -> None:
    manifest = forge.project.root / "kgshare.yaml"
    manifest.write_text(manifest.read_text() + "nonsense: 1\n")
    forge.project.commit()
    with pytest.raises(ManifestError, match="nonsense"):
        forge.push()
    manifest.unlink()
    forge.project.commit()
    with pytest.raises(ManifestError, match="no project in what is pushed"):
        forge.push()


def test_a_project_in_a_folder_of_the_repository(forge: Forge) -> None:
    root = forge.project.root
    (root / "graph").mkdir()
    for name in ("kgshare.yaml", "kgshare.lock", "seed.cypher", "data"):
        forge.project.git("mv", name, f"graph/{name}")
    forge.project.commit()
    forge.set("project", "graph")
    assert "accepted" in forge.push().text()


@pytest.mark.parametrize(
    "link",
    [lambda root: root / "kgshare.yaml", lambda root: root / "data" / "other"],
    ids=["manifest", "folder"],
)
def test_a_link_that_leads_out_is_refused_and_not_followed(
    forge: Forge, link: Callable[[Path], Path]
) -> None:
    path = link(forge.project.root)
    path.unlink(missing_ok=True)
    path.symlink_to("/etc/passwd")
    forge.project.commit()
    with pytest.raises(ManifestError, match="leads out of the repository") as caught:
        forge.push()
    assert "root:" not in str(caught.value)


def test_a_branch_does_not_take_the_place_of_a_tag(forge: Forge) -> None:
    forge.set("build", "true")
    forge.set("ref", "refs/*")
    places = [forge.push("post-receive", ref).outcomes[0].bundle for ref in ("refs/heads/v1", "refs/tags/v1")]
    assert len({place and place.parent for place in places}) == 2


def test_naming_the_branch_guards_tags_all_the_same(forge: Forge) -> None:
    forge.set("branch", "trunk")
    assert forge.push(ref="refs/heads/main").outcomes == ()
    assert [one.ref for one in forge.push(ref="refs/heads/trunk").outcomes] == ["refs/heads/trunk"]
    assert [one.ref for one in forge.push(ref="refs/tags/v1").outcomes] == ["refs/tags/v1"]


def test_other_branches_and_removals_are_nobodys_business(forge: Forge) -> None:
    (forge.project.root / "kgshare.yaml").unlink()
    forge.project.commit()
    assert forge.push(ref="refs/heads/review/idea").outcomes == ()
    assert forge.push(new=NOTHING).outcomes == ()
    forge.set("ref", "refs/heads/review/*")
    with pytest.raises(ManifestError):
        forge.push(ref="refs/heads/review/idea")


def test_a_step_that_fails_after_the_push_is_told_and_keeps_what_was_there(forge: Forge) -> None:
    forge.set("build", "true")
    [first] = forge.push("post-receive").outcomes
    assert first.bundle
    kept = first.bundle.read_bytes()
    (forge.project.root / "seed.cypher").write_text("CREATE (:Bottle {id: 20});\n")
    forge.project.commit()
    forge.table.fails["bundle"] = KgshareError("the disk is full")
    with pytest.raises(KgshareError, match="the disk is full"):
        forge.push("post-receive")
    assert first.bundle.read_bytes() == kept
    assert "failed at bundle" in (first.bundle.parent / "comment.md").read_text()


def test_a_ref_that_cannot_be_built_does_not_keep_others_of_the_push_from_it(forge: Forge) -> None:
    forge.set("build", "true")
    forge.project.git("push", "-q", str(forge.bare), "HEAD:refs/heads/in")
    good = forge.project.repo.head()
    (forge.project.root / "kgshare.yaml").unlink()
    forge.project.commit()
    forge.project.git("push", "-q", "-f", str(forge.bare), "HEAD:refs/heads/bad")
    lines = [f"{NOTHING} {forge.project.repo.head()} refs/heads/main\n", f"{NOTHING} {good} refs/tags/v1\n"]
    with pytest.raises(ManifestError):
        receive("post-receive", forge.bare, lines, {}, progress=QUIET, works=forge.table)
    assert (forge.bare / "kgshare" / "tags" / "v1" / "oceangraph-1.0.0.kgshare.tar").exists()


def test_what_git_did_not_write_is_no_push(forge: Forge) -> None:
    with pytest.raises(UsageError, match="not a line that Git gives"):
        receive("pre-receive", forge.bare, ["hello"], {}, progress=QUIET)
