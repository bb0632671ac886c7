"""The plan of a build, as a person reads it: steps, what they need, what goes in by name, what comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.test_platforms import BOTH, both

from kgshare.lock.file import parse
from kgshare.plan import make_plan
from kgshare.project import read_project
from kgshare.steps import Plan

ROOT = Path(__file__).parents[2]
HERBARIUM = ROOT / "tests" / "projects" / "herbarium"


def described(plan: Plan) -> str:
    lines: list[str] = []
    for step in plan.steps:
        lines.append(f"{step.name} → {', '.join(step.outputs)}")
        lines += [f"    after {need}" for need in step.needs]
        lines += [f"    from {name}" for name in sorted(step.inputs)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("project", ["herbarium", "ocean"])
def test_the_plan_of_a_project(project: str, golden: Callable[[Path, str], None]) -> None:
    folder = HERBARIUM if project == "herbarium" else ROOT
    plan = make_plan(read_project(folder), parse((folder / "kgshare.lock").read_text()), "amd64")
    golden(Path(__file__).parent / "plans" / f"{project}.txt", described(plan))


def test_the_plan_of_a_project_for_two_platforms(golden: Callable[[Path, str], None]) -> None:
    project = read_project(HERBARIUM)
    plan = make_plan(project, both(project), "amd64", targets=BOTH)
    golden(Path(__file__).parent / "plans" / "herbarium-for-two.txt", described(plan))


def test_projects_with_the_same_packages_share_their_bases_and_runtime() -> None:
    lock = parse((ROOT / "kgshare.lock").read_text())
    later = dataclasses.replace(lock, epoch=lock.epoch + 1000)
    ocean, herbarium = (
        make_plan(read_project(ROOT), lock, "amd64"),
        make_plan(read_project(HERBARIUM), later, "amd64"),
    )
    for name in ("toolbox", "runtime", "base.database", "base.application"):
        assert ocean.step(name) == herbarium.step(name)
    assert ocean.step("seed") != herbarium.step("seed")
