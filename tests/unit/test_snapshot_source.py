"""Where a graph may be, and what is said of each that cannot be used: what, where, and the next step."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.change_examples import a_set, bottle, graph_of
from tests.unit.test_changes_compare import HERBARIUM, snapshot
from tests.unit.test_stack_baseline import bundle_of

from kgshare.changes import Property, render
from kgshare.cli import run
from kgshare.compare import compare
from kgshare.doors import process
from kgshare.errors import BundleError, ChangeError, KgshareError, SeedError, UsageError
from kgshare.progress import Progress
from kgshare.review import upstream
from kgshare.snapshot.command import snapshot as take
from kgshare.snapshot.source import Graph, opened, require_comparable
from kgshare.snapshot.verify import verified
from kgshare.steps import Done

QUIET = Progress(quiet=True)
SHEET = '(:Sheet {barcode: "H0007"})'


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path / "cache"))


def look(where: str | Path) -> Graph:
    with opened(where, progress=QUIET) as graph:
        return graph


def text(folder: Path, *labels: int) -> Path:
    return snapshot(folder, graph_of(*(bottle(n) for n in labels)))


# --- snapshots -----------------------------------------------------------------------------------------------------


def test_a_snapshot_of_anything_is_the_same_text_with_the_same_digest(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "bundle", bottle(1), bottle(2))
    report = take(str(bundle.path), tmp_path / "s", progress=QUIET)
    assert report.nodes == {"Bottle": 2}
    assert report.digest == f"sha256:{look(bundle.path).digest}" == f"sha256:{look(tmp_path / 's').digest}"
    again = take(str(tmp_path / "s"), tmp_path / "t", progress=QUIET)
    assert again.digest == report.digest
    assert compare(tmp_path / "s", bundle.path).text() == "no difference"
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_a_snapshot_replaces_a_snapshot_and_nothing_else(tmp_path: Path) -> None:
    text(tmp_path / "one", 1), text(tmp_path / "two", 2)
    take(str(tmp_path / "two"), tmp_path / "one", progress=QUIET)
    assert look(tmp_path / "one").digest == look(tmp_path / "two").digest
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="is there, and is no snapshot"):
        take(str(tmp_path / "two"), tmp_path / "mine", progress=QUIET)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"


def one_file(folder: Path) -> Path:
    return next((folder / "nodes" / "Bottle").iterdir())


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "edited": (lambda f: one_file(f).write_text("(:Bottle {id: 9})\n\n"), r"txt: is not what the index says"),
    "cut off": (lambda f: one_file(f).write_bytes(one_file(f).read_bytes()[:-4]), r"txt: is not what the index says"),
    "a file gone": (lambda f: one_file(f).unlink(), r"txt: is missing"),
    "a file more": (lambda f: (f / "nodes" / "x.txt").write_text("x"), r"nodes/x\.txt: is not in the index"),
    "mixed with another": (
        lambda f: shutil.copy(text(f.with_name("other"), 5, 6, 7) / "index.txt", f / "index.txt"), r"is (missing|not)",
    ),
    "the index cut off": (
        lambda f: (f / "index.txt").write_bytes((f / "index.txt").read_bytes()[:-9]), r"index\.txt: is cut off",
    ),
    "another version": (
        lambda f: (f / "index.txt").write_text("kgshare canonical text 2\n"), r"index\.txt: is not a kgshare canonical text 1",
    ),
    "a path out of the folder": (
        lambda f: (f / "index.txt").write_text(f"kgshare canonical text 1\n{'0' * 64}  1  ../../etc/passwd\n"),
        r"index\.txt:2: is no line of an index",
    ),
    "not text": (lambda f: (f / "index.txt").write_bytes(b"\xff\xfe"), "it is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILT)
def test_a_snapshot_that_is_not_what_it_says_is_refused_with_the_file(what: str, tmp_path: Path) -> None:
    folder = text(tmp_path / "s", 1, 2, 3)
    look(folder)
    spoil, said = SPOILT[what]
    spoil(folder)
    with pytest.raises(SeedError, match=said) as caught:
        look(folder)
    assert all("kgshare snapshot" in problem.hint for problem in caught.value.problems)


def test_a_file_that_was_found_right_is_not_read_again_but_an_edit_of_it_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = text(tmp_path / "s", *range(40))
    monkeypatch.setattr("kgshare.snapshot.verify.SETTLED", 0.0)
    verified(folder)
    read: list[Path] = []
    really = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda file: read.append(file) or really(file))
    verified(folder)
    assert [file.name for file in read] == ["index.txt", "index.txt"]
    file = one_file(folder)
    before = file.stat()
    file.write_bytes(really(file).replace(b"id: 1", b"id: 9").replace(b"id: 2", b"id: 8"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    with pytest.raises(SeedError, match="is not what the index says"):
        verified(folder)


# --- what is not there, or of another kind -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "error", "said", "hint"),
    [
        ("nothing.kgshare.tar", UsageError, "no Git repository", "name a bundle"),
        ("stack:no-such-stack", KgshareError, "there is no stack no-such-stack|no engine|Docker", ""),
        ("stack:No Name", UsageError, "cannot be the name of a stack", "small letters"),
        ("empty", UsageError, "there is no graph at", "a bundle, a snapshot's folder, a project's folder"),
        ("x.toml", UsageError, "there is no graph at", "a change set comes second"),
        ("x.txt", BundleError, "x.txt", ""),
    ],
)
def test_what_is_no_graph_is_refused_with_what_would_be_one(
    where: str,
    error: type[KgshareError],
    said: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.toml").write_text("x")
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(error, match=said) as caught:
        look(where)
    assert hint in caught.value.problems[0].hint


def test_graphs_of_two_projects_or_with_other_keys_are_not_compared(tmp_path: Path) -> None:
    ours = bundle_of(tmp_path / "a", bottle(1))
    change = tmp_path / "x.toml"
    change.write_text(render(a_set(Property("(:Bottle {id: 1})", "qc", None, "4"), project="oceangraph")))
    with pytest.raises(ChangeError, match=r"x\.toml: it is for the project oceangraph, and .* is of demo"):
        compare(ours.path, change)
    other = snapshot(tmp_path / "b", graph_of("(:Bottle {number: 1})"))
    with pytest.raises(UsageError, match=r"Bottle is identified by id in .*, by number in"):
        compare(ours.path, other)
    graph = look(ours.path)
    with pytest.raises(UsageError, match=r"is of the project demo, .* of other"):
        require_comparable(graph, replace(graph, project="other"))


# --- projects and revisions ----------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The herbarium below the top of a repository: a revision ``one`` without, and one with a change set."""
    project = tmp_path / "repo" / "collections" / "herbarium"
    shutil.copytree(HERBARIUM, project, ignore=shutil.ignore_patterns("changes"))
    manifest = project / "kgshare.yaml"
    with_changes = manifest.read_text()
    manifest.write_text(with_changes.replace("changes: changes\n", ""))
    git(tmp_path / "repo", "init", "--quiet")
    git(tmp_path / "repo", "add", ".")
    commit(project, "One")
    git(tmp_path / "repo", "tag", "one")
    (project / "changes").mkdir()
    manifest.write_text(with_changes)
    change = Property(SHEET, "altitude", "1459", "1460")
    (project / "changes" / "first.toml").write_text(render(a_set(change, project="herbarium")))
    git(project, "add", ".")
    commit(project, "Two")
    monkeypatch.chdir(project)
    return project


def git(folder: Path, *words: str) -> None:
    process.run(["git", *words], cwd=folder)


def commit(folder: Path, message: str) -> None:
    git(folder, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", message)


def seeded(tmp_path: Path) -> Done:
    """A result of the seed step, made with no change set."""
    folder = tmp_path / "done"
    snapshot(folder / "graph", graph_of(f"{SHEET}\n  altitude: 1459"))
    (folder / "changes").mkdir()
    for name in ("graph", "changes"):
        with tarfile.open(folder / f"{name}.tar", "w") as tar:
            tar.add(folder / name, name)
    return Done(name="seed", key="x", outputs={}, folder=folder, seconds=0, cached=True)


def test_a_revision_is_what_was_seeded_with_the_change_sets_that_stand_there(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = seeded(tmp_path)
    monkeypatch.setattr(upstream, "at_hand", lambda project: done)
    report = compare("one", "HEAD")
    assert report.text().splitlines()[:2] == [f"  {SHEET}", "    altitude: 1459 → 1460"]
    assert compare(".", "HEAD:collections/herbarium").text() == "no difference"
    monkeypatch.chdir(repository.parents[1])
    assert compare("one:collections/herbarium", "HEAD:collections/herbarium").counts == report.counts


def test_what_was_not_seeded_here_is_said_and_not_built_unasked(repository: Path) -> None:
    with pytest.raises(UsageError, match="was not seeded on this machine") as caught:
        look("HEAD")
    assert "--build" in caught.value.problems[0].hint


def test_a_change_set_that_does_not_fit_its_revision_is_a_conflict(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = seeded(tmp_path)
    monkeypatch.setattr(upstream, "at_hand", lambda project: done)
    file = repository / "changes" / "first.toml"
    file.write_text(file.read_text().replace("'1459'", "'1458'"))
    with pytest.raises(ChangeError, match=r"first\.toml:9: .*altitude: something else was found"):
        look(".")


def test_a_revision_that_is_not_there_or_has_no_project_is_refused(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="there is no v9 here, neither a file or folder nor a revision"):
        look("v9")
    with pytest.raises(UsageError, match="neither a file or folder nor a revision"):
        look("--output=/tmp/x")
    monkeypatch.chdir(repository.parents[1])
    with pytest.raises(UsageError, match=r"there is no project at HEAD: no kgshare\.yaml") as caught:
        look("HEAD")
    assert "REV:FOLDER" in caught.value.problems[0].hint
    with pytest.raises(UsageError, match="cannot be taken out of the repository"):
        look("HEAD:no/such/folder")


def test_the_commands_answer_with_json_and_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = text(tmp_path / "s", 1)
    assert run(["snapshot", str(folder), "-o", str(tmp_path / "t"), "--json", "--quiet"]) == 0
    assert '"kgshare.snapshot/v1"' in capsys.readouterr().out
    assert run(["snapshot", str(tmp_path), "--quiet"]) == 2
    assert run(["schema", "--change-set"]) == 0
    assert '"kgshare change set"' in capsys.readouterr().out
    assert run(["schema", "--change-set", "--questions"]) == 2
