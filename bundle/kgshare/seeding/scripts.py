"""Stage 3: constraints for the identities, what the import could not carry, and the Cypher scripts."""

from __future__ import annotations

import re
import shutil
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pytz  # type: ignore[import-untyped]
from neo4j.time import DateTime

from kgshare.canonical.schema import quoted
from kgshare.errors import Problem, SeedError
from kgshare.seeding.bolt import Database, QueryFailed
from kgshare.seeding.bulk import LateLink, LateNode
from kgshare.seeding.cypher import BadScript, Statement, split_statements
from kgshare.seeding.spec import CypherStep

_POSITION = re.compile(r"\(?line (\d+), column (\d+)(?: \(offset: \d+\))?\)?")
_BATCH = 1000
ENTERPRISE = "requires Neo4j Enterprise Edition"  # as Neo4j says it of constraints
UNIQUE = ["UNIQUENESS", "NODE_KEY", "NODE_PROPERTY_UNIQUENESS"]
# Something of the same schema exists. Source: Neo4j's status codes.
ALREADY = {
    f"Neo.ClientError.Schema.{name}"
    for name in ("EquivalentSchemaRuleAlreadyExists", "ConstraintAlreadyExists", "IndexAlreadyExists")
}
T = TypeVar("T")


def identity_constraints(db: Database, node_keys: Mapping[str, tuple[str, ...]]) -> None:
    """Make each label's key unique, as constraint ``kgshare_LABEL``, and wait until all indexes are online.

    A key that a constraint of the project's own makes unique gets no second one. Where an index of the project's own
    stands in the place of the constraint's, the index stays and the key is only looked at.

    Raises:
        SeedError: the data breaks one, or an index failed.
    """
    problems = []
    rows = db.run(
        "SHOW CONSTRAINTS YIELD type, labelsOrTypes, properties WHERE type IN $types RETURN labelsOrTypes, properties",
        types=UNIQUE,
    )
    there = {(labels[0], frozenset(properties)) for labels, properties in rows}
    for label, key in node_keys.items():
        if (label, frozenset(key)) in there:
            continue
        properties = ", ".join(f"n.{quoted(name)}" for name in key)
        query = (
            f"CREATE CONSTRAINT {quoted('kgshare_' + label)} IF NOT EXISTS "
            f"FOR (n:{quoted(label)}) REQUIRE ({properties}) IS UNIQUE"
        )
        try:
            db.run(query)
        except QueryFailed as error:
            if error.code in ALREADY and not _repeated(db, label, key):
                continue
            problems.append(Problem(message=f"the key of {label} is not unique: {error.message}"))
    if problems:
        raise SeedError(*problems)
    wait_for_indexes(db)


def _repeated(db: Database, label: str, key: tuple[str, ...]) -> bool:
    values = ", ".join(f"n.{quoted(name)}" for name in key)
    return bool(
        db.run(f"MATCH (n:{quoted(label)}) WITH [{values}] AS k, count(*) AS c WHERE c > 1 RETURN k LIMIT 1")
    )


def wait_for_indexes(db: Database) -> None:
    """Wait until every index is online.

    Raises:
        SeedError: one failed or is not online after ten minutes; says which.
    """
    try:
        db.run("CALL db.awaitIndexes(600)")
    except QueryFailed as error:
        raise SeedError(Problem(message=f"an index did not come online: {error.message}")) from None
    rows = db.run("SHOW INDEXES YIELD name, state, failureMessage WHERE state <> 'ONLINE' RETURN *")
    if rows:
        raise SeedError(*(Problem(message=f"index {name} is {state}: {why}") for why, name, state in rows))


def apply_late(db: Database, late: Iterable[LateNode | LateLink]) -> None:
    """Set the properties, and make the relationships, that the bulk import could not carry.

    Raises:
        SeedError: Neo4j refuses a value; says for which record.
    """
    groups: dict[tuple[Any, ...], list[LateNode | LateLink]] = defaultdict(list)
    for item in late:
        if isinstance(item, LateNode):
            groups["node", item.label, tuple(item.key)].append(item)
        else:
            ends = (item.start[0], tuple(item.start[1]), item.end[0], tuple(item.end[1]))
            groups["link", item.type, *ends].append(item)
    for items in groups.values():
        query = _late_query(items[0])
        for batch in _batches(items, _BATCH):
            try:
                db.run(query, rows=[_late_row(item) for item in batch])
            except (QueryFailed, TypeError, ValueError) as error:
                raise SeedError(
                    Problem(message=f"cannot be stored: {error}", where=str(batch[0])[:200])
                ) from None


def _late_query(item: LateNode | LateLink) -> str:
    if isinstance(item, LateNode):
        return f"UNWIND $rows AS row MATCH {_match('n', item.label, item.key, 'key')} SET n += row.properties"
    return (
        f"UNWIND $rows AS row MATCH {_match('a', *item.start, 'start')} MATCH {_match('b', *item.end, 'end')} "
        f"CREATE (a)-[r:{quoted(item.type)}]->(b) SET r = row.properties"
    )


def _match(name: str, label: str, key: Mapping[str, Any], field: str) -> str:
    pairs = ", ".join(f"{quoted(part)}: row.{quoted(field)}.{quoted(part)}" for part in key)
    return f"({name}:{quoted(label)} {{{pairs}}})"


def _sendable(value: Any) -> Any:
    """A value as the driver can send it: a ZoneInfo crashes it, pytz's zones do not."""
    if isinstance(value, list):
        return [_sendable(item) for item in value]
    zone = getattr(value, "tzinfo", None)
    if not isinstance(zone, zoneinfo.ZoneInfo):
        return value
    if isinstance(value, DateTime):
        native = value.replace(nanosecond=0).to_native().astimezone(pytz.timezone(zone.key))
        return DateTime.from_native(native).replace(nanosecond=value.nanosecond)
    return value.astimezone(pytz.timezone(zone.key))


def _late_row(item: LateNode | LateLink) -> dict[str, Any]:
    if isinstance(item, LateNode):
        return {"key": dict(item.key), "properties": _values(item.properties)}
    return {"start": dict(item.start[1]), "end": dict(item.end[1]), "properties": _values(item.properties)}


def _values(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _sendable(value) for name, value in properties.items()}


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def run_scripts(db: Database, step: CypherStep, project: Path, import_folder: Path) -> None:
    """Run a cypher step's scripts in order, each statement in a transaction of its own.

    Args:
        db: where to.
        step: the scripts, and the files that ``LOAD CSV`` may read as ``file:///PATH``.
        project: the folder that the paths start at.
        import_folder: Neo4j's import folder; it holds this step's inputs and nothing else afterwards.

    Raises:
        SeedError: every script that cannot be read or split; or the first statement that fails, with file, line,
            statement and Neo4j's message.
    """
    _provide(step.inputs, project, import_folder)
    for script, statements in _parsed(step.scripts, project):
        for statement in statements:
            try:
                _run(db, statement.text)
            except QueryFailed as error:
                raise SeedError(_failed(script, statement, error)) from None


def _run(db: Database, text: str) -> None:
    """Run a statement; where a script makes the schema that an identity's constraint stands for, its own goes first."""
    try:
        db.run(text)
    except QueryFailed as error:
        rows = db.run(
            "SHOW CONSTRAINTS YIELD name, labelsOrTypes WHERE name STARTS WITH 'kgshare_' RETURN name, labelsOrTypes"
        )
        in_the_way = [name for name, labels in rows if re.search(rf"\b{re.escape(labels[0])}\b", text)]
        if error.code not in ALREADY or not in_the_way:
            raise
        for name in in_the_way:
            db.run(f"DROP CONSTRAINT {quoted(name)}")
        db.run(text)


def _provide(inputs: Iterable[str], project: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in inputs:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(project / name, target)
    # A folder `import` is Neo4j's own name for it: scripts written for a server say file:///x.csv.
    if (folder / "import").is_dir():
        for path in (folder / "import").iterdir():
            if not (folder / path.name).exists():
                _copy(path, folder / path.name)


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(path, target)


def _parsed(scripts: Iterable[str], project: Path) -> list[tuple[str, list[Statement]]]:
    problems: list[Problem] = []
    parsed: list[tuple[str, list[Statement]]] = []
    for name in scripts:
        try:
            parsed.append((name, split_statements((project / name).read_text(encoding="utf-8-sig"))))
        except BadScript as error:
            problems.append(Problem(message=str(error), where=f"{name}:{error.line}"))
        except UnicodeDecodeError as error:
            problems.append(Problem(message=f"not UTF-8: {error.reason} at byte {error.start}", where=name))
        except OSError as error:
            problems.append(Problem(message=f"cannot be read: {error.strerror}", where=name))
    if problems:
        raise SeedError(*problems)
    return parsed


def _failed(script: str, statement: Statement, error: QueryFailed) -> Problem:
    """Neo4j counts lines from the statement's beginning; a reader counts them from the file's."""
    message = error.message
    lines = message.strip().splitlines()
    position = _POSITION.search(message)
    line = statement.line + int(position[1]) - 1 if position else statement.line
    said = _POSITION.sub("", lines[0]).strip() if lines else "Neo4j gave no reason"
    if ENTERPRISE in message and ENTERPRISE not in said:  # the reason stands on a line of its own
        said += " " + next(line.strip() for line in lines if ENTERPRISE in line)
    begins = f" (the statement begins in line {statement.line})" if line != statement.line else ""
    return Problem(
        message=f"{said}{begins}\n    {statement.first_line[:160]}",
        where=f"{script}:{line}",
        hint=hint_for(statement.text, error),
    )


def hint_for(text: str, error: QueryFailed) -> str:
    """What to do about a statement that Neo4j refused, where its own words do not say it."""
    if re.match(r"CREATE\s+CONSTRAINT\b.*\bASSERT\b", text, re.IGNORECASE | re.DOTALL):
        return (
            "ON … ASSERT went with Neo4j 4: write CREATE CONSTRAINT … FOR (n:Label) REQUIRE n.key IS UNIQUE"
        )
    if ENTERPRISE in error.message:
        return enterprise_hint(error.message)
    if error.code.endswith(".UnsupportedAdministrationCommand"):
        return "a project is one database of the Community Edition: take the statement out"
    if error.code.endswith((".ProcedureNotFound", ".UnknownFunction")) or "Unknown function" in error.message:
        return (
            "Neo4j 5 took some procedures away; those of a plugin need its jar in neo4j.plugins, and its name in "
            "neo4j.config: dbms.security.procedures.allowlist"
        )
    return ""


def enterprise_hint(message: str) -> str:
    """What the Community Edition has in the place of a constraint that is the Enterprise Edition's."""
    if "key" in message.lower():
        return "Community has uniqueness: write REQUIRE … IS UNIQUE, and declare the key under `identity`, which asks for it"
    return "take the constraint out: a check in kgshare.yaml can ask for the same when the graph is built"
