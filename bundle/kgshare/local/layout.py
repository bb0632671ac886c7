"""The folders and files of a local stack, and what its supervisor is to run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from kgshare.local import settings
from kgshare.local import state as notes
from kgshare.local.programs import Programs
from kgshare.local.state import APPLICATION, DATABASE, LocalState, Plan, Program


def make_plan(
    state: LocalState,
    application: Mapping[str, object],
    trees: Mapping[str, Path],
    folder: Path,
    programs: Programs,
) -> Plan:
    """Lay out configuration, store, password and folders, and say what is to be run."""
    tree, run, conf, logs = trees[DATABASE], folder / "run", folder / "conf", folder / "logs"
    command = programs.application(
        trees[APPLICATION], application
    )  # before anything is changed: it may not be possible
    shutil.rmtree(run, ignore_errors=True)
    for made in (run / "tmp", run / "logs", run / "import", conf, logs, folder / "page"):
        made.mkdir(parents=True, exist_ok=True)
    for log in logs.glob("*.log"):
        log.replace(log.with_suffix(".log.old"))
    password = notes.ensure_password(state.stack)
    data = notes.copy_store(state.stack, state.store, tree / "data")
    for name in ("server-logs.xml", "user-logs.xml"):
        notes.write(conf / name, (tree / "opt/neo4j/conf" / name).read_text(encoding="utf-8"))
    text = (tree / "opt/neo4j/conf/neo4j.conf").read_text(encoding="utf-8")
    notes.write(
        conf / "neo4j.conf",
        settings.neo4j_conf(
            text,
            tree,
            conf=conf,
            data=data,
            run=run,
            bolt_port=state.bolt_port,
            browser_port=state.browser_port,
        ),
    )
    arguments = (tree / "opt/kgshare/database.args").read_text(encoding="utf-8")
    java = settings.java_arguments(arguments, tree, conf, run / "tmp", native=programs.native)
    notes.write(run / "database.args", java)
    if (trees[APPLICATION] / settings.PAGE_FILE).is_file():
        notes.write(run / "page.json", settings.page_json(trees[APPLICATION]))
    environment = settings.application_environment(
        trees[APPLICATION], application,
        own_port=state.own_port, port=state.port, bolt_port=state.bolt_port, password=password, page=run / "page.json",
        edits=folder / "page", about=state.about,
        browser_port=state.browser_port, own=programs.environment(trees[APPLICATION]),
    )  # fmt: skip
    place = {"HOME": str(run), "TMPDIR": str(run / "tmp")}
    return Plan(
        database=Program(
            argv=(*programs.java(tree), f"@{run / 'database.args'}"),
            cwd=run,
            env={**settings.database_environment(password, data), **place},
            log=logs / f"{DATABASE}.log",
        ),
        application=Program(
            argv=tuple(command),
            cwd=trees[APPLICATION] / str(application.get("WorkingDir") or "/").lstrip("/"),
            env={**environment, **place},
            log=logs / f"{APPLICATION}.log",
        ),
        bolt_port=state.bolt_port,
        port=state.port,
    )
