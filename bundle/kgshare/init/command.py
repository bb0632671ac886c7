"""``kgshare init``: look at what exists, propose an identity, write a project that builds."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from kgshare.aside import write_aside
from kgshare.doors.bolt import Reading, reading
from kgshare.doors.moment import of_one_moment
from kgshare.errors import ManifestError, Problem, SeedError, UsageError
from kgshare.images.conf import allowlist
from kgshare.init.about import about
from kgshare.init.capture import Capture, Captured
from kgshare.init.folder import Found, check_of, read_folder
from kgshare.init.identity import propose
from kgshare.init.look import look_at, schema_script
from kgshare.init.manifest import render
from kgshare.init.model import Draft, Look, Proposal
from kgshare.init.throwaway import neo4j_install
from kgshare.progress import Progress
from kgshare.project.model import Neo4j
from kgshare.project.read import MANIFEST, parse_project
from kgshare.project.rules import ALLOWLIST
from kgshare.seeding.bolt import Database, connect
from kgshare.seeding.checks import run_checks
from kgshare.seeding.dump import open_dump, require_open
from kgshare.seeding.scripts import run_scripts, wait_for_indexes
from kgshare.seeding.server import Install, start_server
from kgshare.seeding.spec import Check, CypherStep
from kgshare.seeding.stage import SEED_CONFIG

# The jar of apoc-core is without the classes it shares with APOC extended; its pom does not name them either.
APOC = ("org.neo4j.procedure:apoc-core:5.26.0", "org.neo4j.procedure:apoc-common:5.26.0")
SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
TABLES, SCHEMA, LATE = "tables", "schema.cypher", "values.cypher"


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a running database is reached; ``password`` is called once, and only for one."""

    user: str = "neo4j"
    password: Callable[[], str] = lambda: ""
    database: str | None = None


@dataclass(frozen=True, kw_only=True)
class InitReport:
    """What was made.

    Attributes:
        manifest: its file.
        source: what it was made from.
        nodes: how many there are; relationships likewise.
        identity: label → key; relationships: type → discriminators.
        files: what was written beside the manifest.
        look: what a person should look at: more than one answer was possible, or something was left out.
        records_per_second: of a capture; None otherwise.
    """

    schema: ClassVar[str] = "init"
    manifest: Path
    source: str
    nodes: int
    relationships: int
    identity: Mapping[str, Sequence[str]]
    files: tuple[str, ...]
    look: tuple[str, ...]
    records_per_second: int | None = None

    def text(self) -> str:
        """For a person."""
        keys = ", ".join(f"{label}({', '.join(key)})" for label, key in self.identity.items())
        lines = [
            f"wrote {self.manifest}, from {self.source}: {self.nodes} nodes, {self.relationships} relationships",
            f"identity: {keys}",
        ]
        if self.records_per_second:
            lines.append(f"captured at {self.records_per_second} records a second")
        lines += [f"look: {note}" for note in self.look]
        return "\n".join([*lines, "next: kgshare build"])


def init(
    folder: Path | None, source: str | None, *, access: Access, surrogates: Iterable[str], progress: Progress
) -> InitReport:
    """Write a project from what exists.

    Args:
        folder: where the project will stand; by default where the source is, or the current folder.
        source: ``bolt://…``, a dump, or a folder; by default ``folder`` itself.
        access: for a running database.
        surrogates: labels and types that are given a running number as their key; of a running database only.
        progress: says what is done.

    Raises:
        UsageError: there is no such source, or a project stands there already.
        ManifestError: nothing can be proposed; says what to declare.
        StackError: the database cannot be reached, or is being written to.
        SeedError: the dump or a script cannot be used.
    """
    surrogates = tuple(surrogates)
    if source is not None and source.partition("://")[0] in SCHEMES:
        target = folder or Path()
        _free(target, TABLES, SCHEMA, LATE)
        return _from_bolt(target, source, access, surrogates, progress)
    if surrogates:
        raise UsageError(
            "--surrogate-key is for a running database only",
            hint="dumps and scripts are used as they are: give the nodes a key there",
        )
    origin = Path(source) if source is not None else folder or Path()
    if origin.is_dir():
        return _from_folder(folder or origin, origin, progress)
    if not origin.exists():
        hint = "--from takes bolt://HOST:PORT, a dump, or a folder"
        raise UsageError(Problem(message=f"there is no {origin}", hint=hint))
    return _from_dump(folder or Path(), origin, progress)


def _free(folder: Path, *names: str) -> None:
    there = [name for name in (MANIFEST, *names) if (folder / name).exists()]
    if there:
        hint = "init changes nothing that exists: name another folder, or move these away"
        raise UsageError(Problem(message=f"{', '.join(there)} exists already", where=str(folder), hint=hint))


# --- a running database ---------------------------------------------------------------------------------------------


def _from_bolt(
    folder: Path, uri: str, access: Access, surrogates: tuple[str, ...], progress: Progress
) -> InitReport:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".kgshare-init-", dir=folder) as aside,
        reading(uri, user=access.user, password=access.password(), database=access.database) as source,
    ):
        started = time.monotonic()
        look, proposal, done = _consistent(source, Path(aside), surrogates, uri, progress)
        speed = int((done.nodes + done.relationships) / max(time.monotonic() - started, 0.001))
        unknown = sorted(set(surrogates) - proposal.surrogates)
        notes = [
            *look.notes,
            *(f"--surrogate-key {name} was not needed, or names no label or type" for name in unknown),
        ]
        scripts = [SCHEMA, *([LATE] if done.late else [])]
        csv = {"nodes": done.node_tables, **({"relationships": done.link_tables} if done.link_tables else {})}
        draft = Draft(
            about=about(folder, uri, {}), neo4j={"version": Neo4j().version}, proposal=proposal,
            seed=({"csv": csv}, {"cypher": {"scripts": scripts}}), checks=tuple(_counts(look)), notes=tuple(notes),
        )  # fmt: skip
        text = render(draft)
        parse_project(text.encode(), Path(aside) / MANIFEST)
        (Path(aside) / MANIFEST).write_text(text, encoding="utf-8")
        for name in (TABLES, *scripts, MANIFEST):
            (Path(aside) / name).rename(folder / name)
    return replace(
        _report(folder, uri, look, draft), files=(TABLES + "/", *scripts), records_per_second=speed
    )


def _consistent(
    source: Reading, folder: Path, surrogates: tuple[str, ...], uri: str, progress: Progress
) -> tuple[Look, Proposal, Captured]:
    """Copy the graph; again, if something was committed while it was read; and then no more."""

    def copy() -> tuple[Look, Proposal, Captured]:
        shutil.rmtree(folder / TABLES, ignore_errors=True)
        with progress.stage(f"look at {uri}"):
            look = look_at(source.stream)
            if not look.nodes:
                raise ManifestError(Problem(message="the database is empty", where=uri))
            proposal = propose(look, surrogates)
        with progress.stage(f"copy {look.nodes} nodes and {look.relationships} relationships"):
            done = Capture(source.stream, source.rows, folder, look, proposal).take()
            (folder / SCHEMA).write_text(_schema(source), encoding="utf-8")
            if done.late:
                (folder / LATE).write_text("\n".join([*done.late, ""]), encoding="utf-8")
        return look, proposal, done

    hint = "stop what writes to it, or make a dump of it and take that: kgshare init --from FILE.dump"
    return of_one_moment(source, copy, say=progress.say, where=uri, hint=hint)


def _schema(source: Reading) -> str:
    return (
        "// The constraints and indexes of the database that this project was made from.\n"
        + schema_script(source.stream)
    )


# --- dumps and folders ----------------------------------------------------------------------------------------------


def _from_dump(folder: Path, file: Path, progress: Progress) -> InitReport:
    _free(folder)
    found = Found(dump=file.name)
    return _from_files(folder, file.parent, found, str(file), progress)


def _from_folder(folder: Path, origin: Path, progress: Progress) -> InitReport:
    _free(folder)
    found = read_folder(origin, Neo4j().version)
    return _from_files(folder, origin, found, str(origin), progress)


def _from_files(folder: Path, origin: Path, found: Found, source: str, progress: Progress) -> InitReport:
    known = [name for name in found.plugins if name in ("apoc", "apoc-core")]
    notes = [*found.notes]
    for name in sorted(set(found.plugins) - set(known)):
        notes.append(f"the plugin {name} is asked for: add it to neo4j.plugins by its Maven coordinate")
    neo4j: dict[str, Any] = {"version": found.version or Neo4j().version}
    if known:
        neo4j |= {"plugins": list(APOC), "config": {ALLOWLIST: "apoc.*"}}
    paths = [name for name in (found.dump, *found.scripts, *found.inputs) if name]
    # A dump that is not in the project yet goes to data/; everything else keeps its place.
    places = {name: f"data/{name}" if name == found.dump and "/" not in name else name for name in paths}
    checks = [check_of(found.stated)] if found.stated else []
    if found.tables:
        look, good = found.tables.look(), checks
        proposal = propose(look)
        notes += ["what the README states is tried when the project is built"] if checks else []
    else:
        with _thrown_away(origin, found, neo4j["version"], neo4j.get("plugins", ()), progress) as db:
            look = look_at(db.stream)
            proposal = propose(look)
            good = [check for check in checks if _holds(db, check)]
    doubtful = [check for check in checks if check not in good]
    notes += [f"{check['name']}: it does not, so this check is left out" for check in doubtful]
    notes += _disagreeing(found, look)
    step_data: dict[str, Any] = {"scripts": list(found.scripts)}
    if found.inputs:
        step_data["inputs"] = list(found.inputs)
    seed: dict[str, Any] = {"dump": {"file": places[found.dump]}} if found.dump else {"cypher": step_data}
    made: dict[str, str] = {}
    if found.tables:
        seed = {"csv": found.tables.step()}
        records = found.tables.records
        made = {table.file: table.made for table in records if table.made}
        places |= {table.file: table.file for table in records if not table.made}
    draft = Draft(
        about=about(folder if folder.exists() else origin, Path(source).name, _named(folder, found)), neo4j=neo4j,
        proposal=proposal, seed=(seed,), checks=(*_counts(look), *good), doubtful=tuple(doubtful),
        notes=(*look.notes, *notes), application=found.application.data if found.application else None,
    )  # fmt: skip
    _write(folder, origin, places, made, render(draft))
    return replace(_report(folder, source, look, draft), files=tuple(made))


def _named(folder: Path, found: Found) -> dict[str, str]:
    """What the files say, or else the name of the project's folder, also where that is still to be made."""
    said = found.names
    return {**said, "name": said.get("name") or said.get("title") or folder.resolve().name}


@contextmanager
def _thrown_away(
    origin: Path, found: Found, version: str, plugins: Sequence[str], progress: Progress
) -> Iterator[Database]:
    """A Neo4j with what the files make, while it is looked at; afterwards nothing of it is left."""
    with (
        neo4j_install(version, plugins) as install,
        tempfile.TemporaryDirectory(prefix="kgshare-init-") as folder,
    ):
        home = Path(folder)
        if found.dump:
            with progress.stage(f"load {found.dump}"):
                open_dump(origin / found.dump, found.dump, install, home, version)
        with (
            start_server(install, home, config=_settings(install, home)) as server,
            connect(server.uri) as db,
        ):
            if found.dump:
                require_open(db, home, found.dump)
            if found.scripts:
                with progress.stage(f"run {', '.join(found.scripts)}"):
                    step = CypherStep(scripts=found.scripts, inputs=found.inputs)
                    run_scripts(db, step, origin, home / "import")
            wait_for_indexes(db)
            yield db


def _settings(install: Install, home: Path) -> dict[str, str]:
    plugins = {"server.directories.plugins": str(install.plugins)} if install.plugins else {}
    more = "apoc.*" if install.plugins else ""
    return {
        **SEED_CONFIG, **plugins, ALLOWLIST: allowlist(more), "server.directories.import": str(home / "import"),
    }  # fmt: skip


def _holds(db: Database, check: Mapping[str, Any]) -> bool:
    try:
        run_checks(db, [Check(name=check["name"], cypher=check["cypher"], expect=check["expect"])])
    except SeedError:
        return False
    return True


def _disagreeing(found: Found, look: Look) -> list[str]:
    told = {"nodes": look.nodes, "relationships": look.relationships}
    return [
        f"the README says {found.names[name]} {name}, the graph has {count}"
        for name, count in told.items()
        if found.names.get(name, "").isdigit() and int(found.names[name]) != count
    ]


def _counts(look: Look) -> list[dict[str, Any]]:
    return [
        {"name": "all nodes are there", "cypher": "MATCH (n) RETURN count(n)", "expect": look.nodes},
        {
            "name": "all relationships are there",
            "cypher": "MATCH ()-[r]->() RETURN count(r)",
            "expect": look.relationships,
        },
    ]


def _write(folder: Path, origin: Path, places: Mapping[str, str], made: Mapping[str, str], text: str) -> None:
    """Copy and make what is not in the project's folder yet, then write the manifest, checked, aside and renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        target = folder / name
        if target.exists():
            raise UsageError(Problem(message=f"{name} exists already", where=str(folder)))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8", newline="")
    for name, place in places.items():
        start, target = origin / name, folder / place
        if start.resolve() == target.resolve():
            continue
        if target.exists():
            raise UsageError(Problem(message=f"{place} exists already", where=str(folder)))
        target.parent.mkdir(parents=True, exist_ok=True)
        if start.is_dir():
            shutil.copytree(start, target)
        else:
            shutil.copyfile(start, target)
    parse_project(text.encode(), folder / MANIFEST)
    write_aside(folder / MANIFEST, text)


def _report(folder: Path, source: str, look: Look, draft: Draft) -> InitReport:
    return InitReport(
        manifest=folder / MANIFEST, source=source, nodes=look.nodes, relationships=look.relationships,
        identity=draft.proposal.nodes, files=(),
        look=(*draft.about.notes, *draft.proposal.notes, *draft.notes),
    )  # fmt: skip
