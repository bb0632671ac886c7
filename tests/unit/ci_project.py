"""A project whose build is a table: each step writes what stands there, so that a pipeline runs in a fraction of a second."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit import policy_facts, signed_example
from tests.unit.review_project import Project, make_project

from kgshare import plan
from kgshare.build import Prepared
from kgshare.canonical import parse_record, write_text
from kgshare.changes.load import write_after
from kgshare.changes.order import read_folder
from kgshare.changes.present import Base, present
from kgshare.ci.run import Asked, RunReport, run
from kgshare.errors import KgshareError
from kgshare.lock.file import read_any_lock, write_lock
from kgshare.plan import make_plan
from kgshare.policy import store
from kgshare.policy.judge import judge, require_green
from kgshare.policy.settings import settings_of
from kgshare.progress import Progress
from kgshare.project import read_project
from kgshare.seeding.result import SeedReport
from kgshare.steps import Done, Work

QUIET = Progress(quiet=True)
GRAPH = ("(:Bottle {id: 1})\n  temp: 4", "(:Bottle {id: 2})\n  temp: 5")


def a_project(root: Path, patch: pytest.MonkeyPatch) -> Project:
    """A project of two bottles on a machine of its own. Nobody looks for secrets: the rules take seconds to load."""
    patch.setenv("KGSHARE_CONFIG", str(root / "config"))
    patch.setenv("KGSHARE_STATE", str(root / "state"))
    patch.setattr("kgshare.secrets.in_project", lambda project: ())
    return make_project(root / "project", GRAPH, patch, nodes="Bottle: [id]")


def relock(project: Project) -> None:
    """The lock of the manifest as it is now."""
    now = read_project(project.root)
    lock = read_any_lock(now)
    assert lock is not None
    write_lock(now, replace(lock, manifest=now.checksum))


class Table:
    """What each step of the build makes; remembers which ran, and fails where it is told to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ran: list[str] = []
        self.fails: dict[str, KgshareError] = {}

    def __call__(
        self, made: Prepared, engine: str, progress: Progress
    ) -> tuple[Prepared, Mapping[str, Work]]:
        steps = make_plan(made.project, made.lock, made.arch).steps
        return made, {step.name: self._work(step.name, step.outputs) for step in steps}

    def _work(self, name: str, outputs: tuple[str, ...]) -> Work:
        def work(_: Mapping[str, Done], out: Path) -> None:
            self.ran.append(name)
            if error := self.fails.get(name):
                raise error
            for output in outputs:
                (out / output).write_text(f"{name} of {(self.root / 'seed.cypher').read_text()}")
            special = {plan.SEED: self._seed, plan.POLICY: self._policy, plan.BUNDLE: self._bundle}
            special.get(name, lambda _: None)(out)

        return work

    def _seed(self, out: Path) -> None:
        text = out / "text" / "graph"
        write_text(map(parse_record, GRAPH), text)
        change_sets = read_folder(self.root / "data" / "changes", "oceangraph")
        write_after(text, present(Base(text=text, applied=()), change_sets).delta)
        with tarfile.open(out / plan.GRAPH_TAR, "w") as archive:
            archive.add(text, arcname="graph")
        with tarfile.open(out / plan.CHANGES_TAR, "w") as archive:
            archive.add(self.root / "data" / "changes", arcname="changes")
        shutil.rmtree(out / "text")
        report = SeedReport(
            neo4j_version="5.26.30", digest="5" * 64, nodes=2, relationships=0, labels={}, types={}, seconds={}
        )  # fmt: skip
        (out / plan.REPORT).write_text(report.to_json())

    def _policy(self, out: Path) -> None:
        report = judge(policy_facts.facts(name="oceangraph"), settings_of(self.root), store.today())
        require_green(report)
        (out / plan.POLICY_RESULT).write_bytes(store.render(report))

    def _bundle(self, out: Path) -> None:
        made = signed_example.whole(out)
        made.rename(out / plan.BUNDLE_TAR)
        (out / plan.BUNDLE_DIGEST).write_text(signed_example.read_bundle(out / plan.BUNDLE_TAR).digest)


def went(project: Project, table: Table, **asked: object) -> tuple[RunReport, list[str]]:
    """A run of the project's pipeline, and the steps of it that ran."""
    asked.setdefault("environment", {})
    report = run(project.root, Asked(**asked), progress=QUIET, works=table)  # type: ignore[arg-type]
    return report, [step.name for step in report.steps if step.ran]
