"""Read a folder as people publish example graphs: dumps, scripts, CSV files, a README that states an expected result.

The layout is that of Neo4j's published example graphs: ``data/*.dump``, ``scripts/*.cypher``, ``import/*.csv``,
``relate.project-install.json``, and a README.adoc whose attributes name a query and its expected result. Pure reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from kgshare.errors import ManifestError, Problem
from kgshare.init.beside import Application, find_application, read_compose
from kgshare.init.records import read_records
from kgshare.init.tables import Tables, read_tables

RELATE = "relate.project-install.json"
_NUMBERED = re.compile(r"(\d)[.-]?(\d{1,2})$")
_ATTRIBUTE = re.compile(r"^:([\w-]+):[ \t]*(.*)$")
_EXPECTED = re.compile(r"^[*_> ]*expected(?: result)?[*_]*\s*:[*_]*\s*(.+?)\s*$", re.IGNORECASE)
_PLAIN_VALUE = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A query that a README states, and what it should return.

    Attributes:
        query: without a semicolon; ``$name`` stands for parameters.
        parameters: name → text.
        column: the column of the expected result; empty where the README does not say.
        expected: as text.
        where: the README.
    """

    query: str
    parameters: Mapping[str, str]
    column: str
    expected: str
    where: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a folder holds that a seed can be made of; paths are relative to it.

    Attributes:
        dump: the one that is taken; or scripts and their inputs; or tables.
        plugins: names of plugins that are asked for, as in ``apoc``.
        names: what the folder says of itself: name, title, description, author, nodes, relationships.
        tables: CSV and JSON files, where there is neither a dump nor a script.
        version: Neo4j's, where a compose file names one that can be run.
        application: what is proposed for one that was found.
        notes: what was there and is not taken, and why.
    """

    dump: str | None = None
    scripts: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    stated: Stated | None = None
    tables: Tables | None = None
    version: str = ""
    application: Application | None = None
    notes: tuple[str, ...] = ()


def read_folder(folder: Path, version: str) -> Found:
    """What there is in a folder.

    Args:
        folder: it.
        version: the Neo4j that the project will run.

    Raises:
        ManifestError: there is nothing that a graph could be seeded from.
    """
    relate = _relate(folder)
    readme, attributes = _readme(folder)
    notes: list[str] = []
    dump = _dump(folder, relate, version, notes)
    scripts = () if dump else _scripts(folder, relate, attributes, version, notes)
    tables = None
    if not dump and not scripts:
        records, left_out = read_records(folder)
        notes += left_out
        tables = read_tables(records) if records else None
        notes += tables.notes if tables else ()
    if not dump and not scripts and tables is None:
        hint = "a folder needs a dump (data/*.dump), scripts (scripts/*.cypher), or tables (*.csv, lists in *.json)"
        raise ManifestError(
            Problem(message="nothing here that a graph can be made of", where=str(folder), hint=hint)
        )
    inputs = _inputs(folder, scripts) if scripts else ()
    composed = read_compose(folder, version)
    application = find_application(folder, composed)
    notes += [*composed.notes, *(application.notes if application else ())]
    return Found(
        dump=dump,
        scripts=scripts,
        inputs=inputs,
        plugins=tuple(sorted({*_plugins(folder, relate, scripts, attributes), *composed.plugins})),
        names=_names(relate, readme, attributes),
        stated=_stated(readme, attributes),
        tables=tables,
        version=composed.version,
        application=application,
        notes=tuple(notes),
    )


def _relate(folder: Path) -> dict[str, Any]:
    try:
        data = json.loads((folder / RELATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ManifestError(Problem(message=f"not JSON: {error}", where=RELATE)) from None
    return data if isinstance(data, dict) else {}


def _databases(relate: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = relate.get("dbms") or []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _admits(row: Mapping[str, Any], version: str) -> bool:
    """Whether an entry of the installation file is for this Neo4j; it uses npm's ranges."""
    told = str(row.get("targetNeo4jVersion") or "")
    told = re.sub(r"(\d+(?:\.\d+)*)\.x", r"==\1.*", told.strip())
    try:
        return SpecifierSet(re.sub(r"\s+(?=[<>=~])", ",", told)).contains(version)
    except InvalidSpecifier:
        return False


def _dump(folder: Path, relate: Mapping[str, Any], version: str, notes: list[str]) -> str | None:
    files = sorted(
        p.relative_to(folder).as_posix() for p in [*folder.glob("data/*.dump"), *folder.glob("*.dump")]
    )
    if not files:
        return None
    meant = [
        row["dumpFile"]
        for row in _databases(relate)
        if row.get("dumpFile") in files and _admits(row, version)
    ]
    readable = [name for name in files if _age(name) is None or _age(name) >= (4, 3)]  # type: ignore[operator]
    if not meant and not readable:
        notes.append(f"{', '.join(files)}: by their names older than Neo4j 4.3, which cannot be migrated")
        return None
    chosen: str = meant[-1] if meant else max(readable, key=lambda name: (_age(name) or (9, 9), name))
    others = [name for name in files if name != chosen]
    if others:
        why = f"{RELATE} names it for Neo4j {version}" if meant else "by its name the newest"
        notes.append(f"of several dumps {chosen} is taken ({why}), not {', '.join(others)}")
    return chosen


def _age(name: str) -> tuple[int, int] | None:
    """The Neo4j in a dump's name: ``movies-43.dump`` is of 4.3, ``movies-5.26.dump`` of 5.26, ``-50`` of 5.0."""
    found = _NUMBERED.search(Path(name).stem)
    return (int(found[1]), int(found[2])) if found and found[1] in "345" else None


def _scripts(
    folder: Path, relate: Mapping[str, Any], attributes: Mapping[str, str], version: str, notes: list[str]
) -> tuple[str, ...]:
    found = [*folder.glob("scripts/*.cypher"), *folder.glob("scripts/*.cql"), *folder.glob("*.cypher")]
    files = sorted(p.relative_to(folder).as_posix() for p in found)
    named = [
        row["scriptFile"]
        for row in _databases(relate)
        if row.get("scriptFile") in files and _admits(row, version)
    ]
    if not named and attributes.get("use-load-script") in files:
        named = [attributes["use-load-script"]]
    if not named:
        if len(files) > 1:
            notes.append(f"scripts run in the order of their names: {', '.join(files)}")
        return tuple(files)
    others = [name for name in files if name not in named]
    if others:
        notes.append(f"only {named[-1]} is run, as the folder says; not {', '.join(others)}")
    return (named[-1],)


def _inputs(folder: Path, scripts: tuple[str, ...]) -> tuple[str, ...]:
    """The folder ``import``, and whatever else of the folder the scripts load by its path in it."""
    found = ["import"] if (folder / "import").is_dir() else []
    for script in scripts:
        text = (folder / script).read_text(encoding="utf-8-sig", errors="replace")
        for path in re.findall(r"""file:///([^'"\s]+)""", text):
            inside = ".." not in path.split("/") and (folder / path).is_file()
            if inside and not (folder / "import" / path).exists() and path not in found:
                found.append(path)
    return tuple(found)


def _plugins(
    folder: Path, relate: Mapping[str, Any], scripts: tuple[str, ...], attributes: Mapping[str, str]
) -> tuple[str, ...]:
    names = {str(name).lower() for row in _databases(relate) for name in row.get("plugins") or []}
    told = attributes.get("use-plugin", "")
    names |= {name.strip().lower() for name in told.split(",") if name.strip() not in ("", "false")}
    texts = [(folder / name).read_text(encoding="utf-8-sig", errors="replace") for name in scripts]
    if any(re.search(r"\bapoc\.", text) for text in texts):
        names.add("apoc")
    return tuple(sorted(names))


def _readme(folder: Path) -> tuple[str, dict[str, str]]:
    """The README's text, and its AsciiDoc attributes (a line that ends in `` +`` or ``\\`` goes on)."""
    for name in ("README.adoc", "README.md", "readme.md", "README"):
        file = folder / name
        if file.is_file():
            text = file.read_text(encoding="utf-8-sig", errors="replace")
            return text, dict(_attributes(text)) if name.endswith(".adoc") else {}
    return "", {}


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    lines = iter(text.splitlines())
    for line in lines:
        found = _ATTRIBUTE.match(line)
        if not found:
            continue
        value = found[2]
        while value.rstrip().endswith((" +", "\\")):
            value = value.rstrip().removesuffix("\\").removesuffix("+").rstrip() + "\n"
            value += next(lines, "").strip()
        yield found[1], value.strip()


def _names(relate: Mapping[str, Any], readme: str, attributes: Mapping[str, str]) -> dict[str, str]:
    title = next(
        (
            line.lstrip("#= ").strip()
            for line in readme.splitlines()
            if re.match(r"(#|=) \S", line) and "{" not in line
        ),
        "",
    )
    names = {
        "name": str(relate.get("name") or attributes.get("name") or ""),
        "title": str(relate.get("title") or attributes.get("long-name") or title),
        "description": str(relate.get("description") or attributes.get("description") or ""),
        "author": attributes.get("author", ""),
        "nodes": attributes.get("nodes", ""),
        "relationships": attributes.get("relationships", ""),
    }
    return {key: " ".join(value.split()) for key, value in names.items() if value}


def _stated(readme: str, attributes: Mapping[str, str]) -> Stated | None:
    if attributes.get("query") and attributes.get("expected-result"):
        name = attributes.get("param-name", "")
        return Stated(
            query=attributes["query"].rstrip().rstrip(";"),
            parameters={name: attributes.get("param-value", "")} if name else {},
            column=attributes.get("result-column", ""),
            expected=attributes["expected-result"],
            where="README.adoc",
        )
    return _fenced(readme)


def _fenced(readme: str) -> Stated | None:
    """In Markdown: a block of Cypher, and after it a line ``Expected result: …``."""
    query: list[str] | None = None
    done = ""
    for line in readme.splitlines():
        if re.match(r"\s*```\s*cypher", line, re.IGNORECASE):
            query = []
        elif query is not None and line.strip().startswith("```"):
            done, query = "\n".join(query), None
        elif query is not None:
            query.append(line)
        elif done and (found := _EXPECTED.match(line)):
            text = found[1].strip("`*_")
            return Stated(
                query=done.strip().rstrip(";"), parameters={}, column="", expected=text, where="README.md"
            )
    return None


def check_of(stated: Stated) -> dict[str, Any]:
    """The manifest's check of a stated result: whether it is among what the query returns.

    A README shows one value of one column, in no order that the query promises; so it is looked for in all rows.
    """
    query = stated.query
    for name, text in stated.parameters.items():
        query = re.sub(rf"\$(?:{re.escape(name)}\b|`{re.escape(name)}`)", partial(_replaced, text), query)
    query = " ".join(line.strip() for line in query.splitlines())
    name = f"the README's query gives {stated.expected}"
    expected = stated.expected.strip("\"'")
    if stated.column:
        among = f"collect(toString(`{stated.column}`))"
        return {
            "name": name,
            "cypher": f"CALL () {{ {query} }} RETURN {_text(expected)} IN {among}",
            "expect": True,
        }
    value: Any = int(expected) if re.fullmatch(r"-?\d+", expected) else expected
    return {"name": name, "cypher": query, "expect": value}


def _replaced(text: str, _: re.Match[str]) -> str:
    return _value(text)


def _value(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else _text(text.strip("\"'"))


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
