"""The step graph: what is unchanged is not run, what changed is said, what fails leaves nothing behind."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from kgshare.errors import ManifestError
from kgshare.progress import Progress
from kgshare.steps import (
    Cause,
    Done,
    Plan,
    Step,
    StepStore,
    forecast,
    outlook,
    rows_digest,
    run_steps,
    tree_digest,
)

QUIET = Progress(stream=io.StringIO(), quiet=True)


def plan(data: str = "1", code: str = "a") -> Plan:
    return Plan(
        steps=(
            Step(name="seed", inputs={"data": data}, outputs=("store",)),
            Step(name="base", inputs={"code": code}, outputs=("tar",)),
            Step(name="image", needs=("seed", "base"), inputs={}, outputs=("image",)),
        )
    )


class Recorder:
    """Does each step by writing what it was given, and remembers which ran."""

    def __init__(self, the_plan: Plan) -> None:
        self.plan, self.ran = the_plan, []  # type: tuple[Plan, list[str]]

    def __getitem__(self, name: str) -> object:
        def work(before: Mapping[str, Done], out: Path) -> None:
            self.ran.append(name)
            step = self.plan.step(name)
            text = repr(sorted(step.inputs.items())) + "".join(
                sorted(before[n].outputs[o] for n in step.needs for o in before[n].outputs)
            )
            for output in step.outputs:
                (out / output).write_text(text)

        return work


def ran(store: StepStore, the_plan: Plan) -> tuple[list[str], dict[str, Done]]:
    recorder = Recorder(the_plan)
    done = run_steps(the_plan, recorder, store, QUIET)  # type: ignore[arg-type]
    return sorted(recorder.ran), done


def test_the_second_run_with_nothing_changed_runs_nothing(tmp_path: Path) -> None:
    store = StepStore(root=tmp_path)
    first, made = ran(store, plan())
    again, found = ran(store, plan())
    assert first == ["base", "image", "seed"]
    assert again == []
    assert {n: d.outputs for n, d in made.items()} == {n: d.outputs for n, d in found.items()}
    assert all(d.cached for d in found.values())


def test_only_what_depends_on_a_change_is_run_again_and_the_reason_is_said(tmp_path: Path) -> None:
    store = StepStore(root=tmp_path)
    ran(store, plan())
    again, done = ran(store, plan(data="2"))
    assert again == ["image", "seed"]
    assert done["seed"].reason == "changed: data"
    assert done["image"].reason == "changed: seed/store"


def test_a_step_whose_outputs_are_the_same_stops_the_change(tmp_path: Path) -> None:
    store = StepStore(root=tmp_path)

    def same(_: Mapping[str, Done], out: Path) -> None:
        for name in ("store", "tar", "image"):
            (out / name).write_text("always this")

    work = dict.fromkeys(("seed", "base", "image"), same)
    run_steps(plan(), work, store, QUIET)
    done = run_steps(plan(data="2"), work, store, QUIET)
    assert not done["seed"].cached
    assert done["image"].cached


def test_a_result_that_was_touched_is_made_again(tmp_path: Path) -> None:
    store = StepStore(root=tmp_path)
    _, done = ran(store, plan())
    done["base"].path("tar").write_text("tampered")
    again, _ = ran(store, plan())
    assert again == ["base"]


def test_a_result_that_came_through_an_archive_which_rounds_times_is_still_whole(tmp_path: Path) -> None:
    store = StepStore(root=tmp_path)
    _, done = ran(store, plan())
    for one in done.values():
        for file in one.folder.glob("[!d]*"):
            os.utime(file, (0, 1_700_000_000))
    assert ran(store, plan())[0] == []
    assert forecast(plan(), store) == {"seed": "", "base": "", "image": ""}
    tar = done["base"].path("tar")
    tar.write_text(tar.read_text()[::-1])
    assert ran(store, plan())[0] == ["base"]


def test_a_reason_names_the_files_that_changed_came_and_went(tmp_path: Path) -> None:
    def seed(**files: str) -> Plan:
        rows = {f"data/{name}.csv": value for name, value in files.items()}
        step = Step(
            name="seed", inputs={"files": rows_digest(rows)}, outputs=("store",), files={"files": rows}
        )
        return Plan(steps=(step,))

    store = StepStore(root=tmp_path)
    ran(store, seed(a="1", b="1", c="1"))
    assert forecast(seed(a="1", b="2", c="1"), store) == {"seed": "changed: files (data/b.csv)"}
    assert forecast(seed(a="1", b="1", d="1"), store) == {
        "seed": "changed: files (data/c.csv is gone, data/d.csv is new)"
    }
    assert forecast(seed(a="2", b="2", c="2", d="1", e="1"), store) == {
        "seed": "changed: files (data/a.csv, data/b.csv, data/c.csv and 2 more)"
    }
    seen = outlook(seed(a="1", b="2", c="1"), store)["seed"]
    assert seen.causes == (Cause(input="files", files=("data/b.csv",)),)


def test_a_step_is_done_again_where_a_file_that_it_wrote_elsewhere_is_gone_or_another(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    step = Step(name="place", inputs={"what": "1"}, outputs=("note",), outside=(target,))
    written: list[int] = []

    def place(_: Mapping[str, Done], out: Path) -> None:
        written.append(1)
        target.write_text("placed")
        (out / "note").write_text("")

    for spoil in (
        lambda: None,
        lambda: None,
        target.unlink,
        lambda: target.write_text("another"),
        lambda: None,
    ):
        spoil()
        run_steps(Plan(steps=(step,)), {"place": place}, StepStore(root=tmp_path / "steps"), QUIET)
    assert len(written) == 3
    assert target.read_text() == "placed"


def test_a_step_whose_work_is_elsewhere_is_done_in_every_run_and_changes_nothing_after_it(
    tmp_path: Path,
) -> None:
    store, push = StepStore(root=tmp_path), Step(name="push", inputs={}, outputs=("note",), always=True)
    both = Plan(steps=(push, Step(name="tell", needs=("push",), inputs={}, outputs=("text",))))
    assert ran(store, both)[0] == ["push", "tell"]
    assert forecast(both, store) == {"push": "done in every run", "tell": ""}
    assert ran(store, both)[0] == ["push"]


def test_a_failed_step_leaves_nothing_and_the_next_run_goes_on_from_there(tmp_path: Path) -> None:
    store = StepStore(root=tmp_path)
    recorder = Recorder(plan())

    def broken(_: Mapping[str, Done], out: Path) -> None:
        (out / "tar").write_text("half")
        raise ValueError("disk on fire")

    work = {"seed": recorder["seed"], "base": broken, "image": recorder["image"]}
    with pytest.raises(ValueError, match="disk on fire"):
        run_steps(plan(), work, store, QUIET)  # type: ignore[arg-type]
    assert list((tmp_path / "base").iterdir()) == []
    again, _ = ran(store, plan())
    assert again == ["base", "image"]


def test_the_forecast_says_why_a_step_would_run_without_running_it(tmp_path: Path) -> None:
    store = StepStore(root=tmp_path)
    assert forecast(plan(), store) == {
        "seed": "not made yet",
        "base": "not made yet",
        "image": "after seed, base",
    }
    ran(store, plan())
    assert forecast(plan(code="b"), store) == {"seed": "", "base": "changed: code", "image": "after base"}


def test_a_reason_is_told_from_the_nearest_build_not_from_another_projects(tmp_path: Path) -> None:
    def seed(data: str, manifest: str) -> Plan:
        inputs = {"data": data, "manifest": manifest}
        return Plan(steps=(Step(name="seed", inputs=inputs, outputs=("store",)),))

    store = StepStore(root=tmp_path)
    ran(store, seed("1", "mine"))
    ran(store, seed("of another project", "of another project"))
    assert forecast(seed("2", "mine"), store) == {"seed": "changed: data"}


def test_old_results_are_cleared_and_the_latest_kept(tmp_path: Path) -> None:
    store = StepStore(root=tmp_path)
    for value in range(7):
        ran(store, plan(data=str(value)))
    for folder in (tmp_path / "seed").iterdir():
        stat = folder.stat()
        os.utime(folder, (stat.st_atime - 1000, stat.st_mtime - 1000))
    ran(store, plan(data="7"))
    assert len(list((tmp_path / "seed").iterdir())) == 4
    assert ran(store, plan(data="7"))[0] == []


def test_what_another_build_may_be_reading_is_kept(tmp_path: Path) -> None:
    store = StepStore(root=tmp_path)
    for value in range(7):
        ran(store, plan(data=str(value)))
    assert all(ran(store, plan(data=str(value)))[0] == [] for value in range(7))


def test_a_tree_digest_follows_names_and_contents_but_not_bytecode(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    before = tree_digest([tmp_path], tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert tree_digest([tmp_path], tmp_path) == before
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert tree_digest([tmp_path], tmp_path) != before


@pytest.mark.parametrize("target", ["../outside.txt", ".", "nowhere"])
def test_a_link_that_leads_out_to_a_folder_or_nowhere_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "outside.txt").write_text("not for sharing")
    inside = tmp_path / "project"
    inside.mkdir()
    (inside / "a.csv").write_text("1")
    (inside / "same.csv").symlink_to("a.csv")
    assert tree_digest([inside], inside)
    (inside / "link").symlink_to(target)
    with pytest.raises(ManifestError, match="link: a link that leads out"):
        tree_digest([inside], inside)
