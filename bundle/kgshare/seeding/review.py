"""Check change sets on a throw-away copy of a store that was seeded before: nothing is seeded again, nothing is kept.

What the store has and the folder has not is taken back, what the folder has beyond that is applied; then come the
manifest's checks, questions and rules, all of them, so that one run says everything.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from kgshare.aside import write_aside
from kgshare.canonical.graph import read_graph
from kgshare.changes.model import SUFFIX, ChangeSet, invert
from kgshare.changes.order import read_folder
from kgshare.changes.present import common
from kgshare.errors import CheckError, Problem, SeedError
from kgshare.seeding.bolt import Database, QueryFailed, connect
from kgshare.seeding.changes import apply_change_sets, read_change_sets
from kgshare.seeding.checks import run_checks
from kgshare.seeding.cypher import BadScript, split_statements
from kgshare.seeding.questions import check_questions
from kgshare.seeding.result import REPORT, Clock, SeedReport
from kgshare.seeding.scripts import wait_for_indexes
from kgshare.seeding.server import start_server
from kgshare.seeding.spec import SeedSpec
from kgshare.seeding.write import write_changes

SHOWN = 20  # complaints of one statement


def review(spec: SeedSpec) -> SeedReport:
    """Check the change sets of a specification on its ``store``; ``report.json`` stands in ``out``, and no store.

    Raises:
        SeedError: a change set does not fit, or a constraint forbids it.
        CheckError: what the graph they make is not as it must be: each check, question and complaint, by kind.
    """
    from kgshare.seeding.stage import config, count_labels, prepare

    assert spec.store is not None
    clock = Clock()
    change_sets = read_change_sets(spec)
    applied = read_folder(Path(spec.applied), spec.name) if spec.applied else ()
    install, home, scratch = prepare(spec)
    with clock.stage("copy"):
        shutil.copytree(spec.store, home / "data")
    with clock.stage("start"):
        server = start_server(install, home, config=config(spec))
    with server, connect(server.uri) as db:
        with clock.stage("changes"):
            same = common(applied, change_sets)
            for one in reversed(applied[same:]):
                write_changes(db, invert(one.changes), f"{one.name}{SUFFIX}, taken back")
            _apply(db, change_sets, same, spec)
            wait_for_indexes(db)
        with clock.stage("checks"):
            problems = [
                *_problems("check", lambda: run_checks(db, spec.checks)),
                *_problems("question", lambda: check_questions(server.uri, spec.questions)),
                *_complaints(server.uri, spec),
            ]
        if problems:
            raise CheckError(*problems)
        with clock.stage("canonical text"):
            digest = read_graph(db.wire, scratch / "result", spec.node_keys, spec.relationship_keys)
        labels = count_labels(db)
        server.kill()  # the store is thrown away
    types = digest.count("relationships")
    report = SeedReport(
        neo4j_version=spec.neo4j_version, digest=digest.sha256, nodes=sum(digest.count("nodes").values()),
        relationships=sum(types.values()), labels=labels, types=types, seconds=clock.seconds,
    )  # fmt: skip
    write_aside(Path(spec.out) / REPORT, report.to_json())
    shutil.rmtree(spec.work)
    return report


def _apply(db: Database, change_sets: Sequence[ChangeSet], same: int, spec: SeedSpec) -> None:
    if change_sets[same:]:
        apply_change_sets(db, change_sets[same:], spec, applied=change_sets[:same])


def _problems(kind: str, check: Callable[[], None]) -> Iterator[Problem]:
    try:
        check()
    except SeedError as error:
        yield from (replace(problem, kind=kind) for problem in error.problems)


def _complaints(uri: str, spec: SeedSpec) -> Iterator[Problem]:
    """What the project's own rules say: each row that one of their statements returns is a complaint."""
    if not spec.rules:
        return
    with connect(uri, read_only=True) as db:
        for name in spec.rules:
            try:
                statements = split_statements((Path(spec.project) / name).read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, BadScript) as error:
                yield Problem(message=f"cannot be read: {error}", where=name, kind="rule")
                continue
            for statement in statements:
                where = f"{name}:{statement.line}"
                try:
                    answer = db.ask(statement.text, {}, rows=SHOWN, seconds=60)
                except QueryFailed as error:
                    yield Problem(message=error.message, where=where, kind="rule", hint="a rule only reads")
                    continue
                for row in answer.rows:
                    said = ", ".join(f"{c}: {v}" for c, v in zip(answer.columns, row, strict=True))
                    yield Problem(message=said, where=where, kind="rule")
                if answer.more:
                    yield Problem(message="and more rows like these", where=where, kind="rule")
