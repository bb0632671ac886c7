"""Of 200 pairs of proposals, merged by plain `git merge`, every wrong result is caught; what is right is not refused for ever."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from tests.unit.merge_pairs import Disagreement, World, a_side, a_world, meant
from tests.unit.review_project import IDENTITY, a_proposal

from kgshare.canonical import parse_record, write_text
from kgshare.changes import (
    Add,
    Change,
    ChangeSet,
    Property,
    Remove,
    Rename,
    after,
    apply,
    read_folder,
    render,
)
from kgshare.changes.diff import records_of
from kgshare.changes.order import Folder
from kgshare.changes.present import Base, present
from kgshare.doors.process import run
from kgshare.errors import ChangeError
from kgshare.review.check import conflicts_of
from kgshare.review.fit import fit

PAIRS = 200


def pairs() -> list[tuple[World, World, World, ChangeSet, ChangeSet]]:
    """Deterministic pairs: the graph, what each side made of it, and their change sets; either may be the elder."""
    made = []
    for number in range(PAIRS):
        random = Random(number)
        base = a_world(random)
        (one, ours), (two, theirs) = a_side(base, random, 1), a_side(base, random, 2)
        days = random.sample([1, 2], 2)
        first, second = (
            a_proposal(name, *changes, day=day)
            for name, changes, day in (("one", ours, days[0]), ("two", theirs, days[1]))
        )
        made.append((base, one, two, first, second))
    return made


def test_of_200_pairs_merged_by_plain_git_every_wrong_result_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    found, made = Counter[str](), pairs()
    root = merged_by_git(tmp_path, made)
    for number, (base, one, two, *_) in enumerate(made):
        records = base.records()
        text = tmp_path / "text"
        write_text(map(parse_record, records.values()), text)
        merged = read_folder(root / f"{number:03}", "oceangraph")
        assert len(merged) == 2
        graph = present(Base(text=text), merged)
        caught = bool(conflicts_of(graph, ""))
        try:
            wanted: dict[str, str] | None = meant(base, one, two).records()
        except Disagreement:
            wanted = None
        if not caught:
            assert wanted is not None, f"pair {number}: they disagree, and nobody said so"
            assert after(records, graph.delta) == wanted, f"pair {number}: not what both meant"
            found["merged, and right"] += 1
        elif wanted is None:
            found["a disagreement, caught"] += 1
        else:
            found["refused, but settled by a rebase"] += 1
            assert settled(text, merged) == wanted, f"pair {number}"
        found["wrong if only values were compared"] += wrong_without_care(records, merged, wanted)
    print(dict(found))
    assert found["merged, and right"] > 50
    assert found["a disagreement, caught"] > 30
    assert found["wrong if only values were compared"] > 0, "these pairs would show nothing"


def merged_by_git(tmp_path: Path, made: list[tuple[World, World, World, ChangeSet, ChangeSet]]) -> Path:
    """All pairs in one repository, each in a folder of its own, two branches, one `git merge`."""
    root = tmp_path / "forge"
    run(["git", "init", "-q", "-b", "main", root])
    (root / "README").write_text("base")
    save(root, "base")
    for branch, place in (("ours", 3), ("theirs", 4)):
        run(["git", "checkout", "-q", "-b", branch, "main"], cwd=root)
        for number, pair in enumerate(made):
            one = pair[place]
            assert isinstance(one, ChangeSet)
            (root / f"{number:03}").mkdir(exist_ok=True)
            (root / f"{number:03}" / f"{one.name}.toml").write_text(render(one), newline="")
        save(root, branch)
    run(["git", "merge", "-q", "--no-edit", "ours"], cwd=root)
    return root


def save(root: Path, message: str) -> None:
    run(["git", "add", "-A"], cwd=root)
    run(["git", "commit", "-q", "-m", message], cwd=root)


def settled(text: Path, merged: tuple[ChangeSet, ...]) -> dict[str, str]:
    """The graph after the elder was accepted and the younger rewritten onto it."""
    elder, younger = merged
    fitted = fit(younger, Base(text=text), Folder(applied=(elder,)), {})
    assert not fitted.conflicts
    sets = (elder, fitted.change_set) if fitted.change_set else (elder,)
    graph = present(Base(text=text), sets)
    assert graph.conflicts == ()
    paths = [p.relative_to(text).as_posix() for p in text.rglob("*/*/?.txt")]
    return after(records_of(text, paths), graph.delta)


def wrong_without_care(
    records: dict[str, str], merged: tuple[ChangeSet, ...], wanted: dict[str, str] | None
) -> bool:
    """Whether applying one after the other, with nothing but the values compared, would give a wrong graph in silence."""
    now = dict(records)
    for one in merged:
        made = apply(now, one.changes)
        if made.conflicts:
            return False
        now = after(now, made.delta)
    return now != wanted


def test_two_edits_of_one_file_that_git_merges_by_lines_are_caught_where_they_do_not_make_one_change_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    base = a_world(Random(3))
    kept = [Property(base.name(n), "p", str(base.values[n]["p"]), "7") for n in (1, 2, 3, 4)]
    taken = [Rename(base.name(n), "(:A {k: 9})") for n in (0, 5)]
    assert "two records would be (:A {k: 9})" in merged_by_lines(tmp_path / "one", kept, *taken)
    gone = [Remove(base.node_text(0)), *(Remove(base.link_text(link)) for link in base.links if 0 in link)]
    link = Add(f"{base.name(5)}-[:T]->{base.name(0)}")
    merged_by_lines(tmp_path / "two", kept, gone, link)
    (one,) = read_folder(tmp_path / "two", "oceangraph")
    assert "dangling" in {conflict.kind for conflict in apply(base.records(), one.changes).conflicts}


def merged_by_lines(root: Path, kept: list[Property], ours: Change | list[Change], theirs: Change) -> str:
    """Two sides add changes to one file; Git merges its lines. What is wrong with the file then."""
    run(["git", "init", "-q", "-b", "main", root])
    for branch, more in (
        ("main", []),
        ("theirs", [theirs]),
        ("ours", ours if isinstance(ours, list) else [ours]),
    ):
        if branch != "main":
            run(["git", "checkout", "-q", "-b", branch, "main"], cwd=root)
        (root / "shared.toml").write_text(render(a_proposal("shared", *kept, *more)), newline="")
        save(root, branch)
    run(["git", "merge", "-q", "--no-edit", "theirs"], cwd=root)
    try:
        read_folder(root, "oceangraph")
    except ChangeError as error:
        return str(error)
    return ""
