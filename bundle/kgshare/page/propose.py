"""The API of corrections: what can be edited of a record, the edits, undo, and the change set that they make."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kgshare.canonical.records import parse_identity
from kgshare.changes.file import render
from kgshare.changes.make import Wanted
from kgshare.changes.model import SUFFIX, ChangeSet
from kgshare.changes.names import Fields, key_names
from kgshare.page.canonical import typed_text
from kgshare.page.edits import BODY, Meaning, as_json, reference
from kgshare.page.graphdb import quoted
from kgshare.page.identity import Identity
from kgshare.page.panels import BadParameter, Hooks, Missing, Parameter
from kgshare.page.routes import Call, Route
from kgshare.page.sandbox import Edits, Sandbox
from kgshare.page.settings import Project
from kgshare.page.values import kind

T = TypeVar("T")
_TEXT = {"type": "string"}
_PROPOSAL: dict[str, Any] = {
    "type": "object",
    "required": ["title", "reason", "author"],
    "properties": {
        "title": {**_TEXT, "description": "One line."},
        "reason": {**_TEXT, "description": "Why."},
        "author": {**_TEXT, "description": "Name <address>."},
        "references": {"type": "array", "items": _TEXT, "description": "What it rests on."},
    },
}
_UNDO: dict[str, Any] = {
    "type": "object",
    "properties": {
        "edits": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "Numbers of edits in the list; all when left out.",
        },
        "of": {
            "type": "integer",
            "description": "How long the list was when it was seen; another one is refused.",
        },
    },
}


class Corrections:
    """The handlers, bound to one project and its sandbox."""

    def __init__(self, project: Project, sandbox: Sandbox, hooks: Hooks) -> None:
        self.project, self.sandbox, self.hooks = project, sandbox, hooks
        self.identity = Identity(project.nodes)

    def routes(self, named: tuple[Parameter, Parameter]) -> tuple[Route, ...]:
        """All of them; ``named`` are the parameters label and key."""
        about = Parameter(name="name", description="A property; all of them when left out.")
        return (
            Route(
                path="editable",
                summary="A record as it can be edited: its properties as canonical text, what its like have besides.",
                handler=self.editable,
                parameters=named,
            ),
            Route(
                path="consequences",
                summary="What is derived from a record, and would have to be looked at if it changes.",
                handler=self.consequences,
                parameters=(*named, about),
            ),
            Route(
                path="edits",
                summary="What was edited in this sandbox, against its baseline.",
                handler=self.edits,
            ),
            Route(path="edit", summary="Edit records, all or none.", handler=self.edit, body=BODY),
            Route(path="undo", summary="Take edits back.", handler=self.undo, body=_UNDO),
            Route(
                path="propose",
                summary="The edits as a change set: one text file, as `kgshare review propose` writes it.",
                handler=self.propose,
                body=_PROPOSAL,
            ),
        )

    async def editable(self, call: Call) -> dict[str, Any]:
        """A record's properties with what they are now, and the names that records of its label have."""
        label, key = call.single["label"], call.many["key"]
        if label not in self.project.nodes:
            raise Missing(f"{label} is not a label whose key this project declares")

        def read() -> tuple[str, Fields]:
            found: dict[str, str] = {}

            def look(db: Any) -> dict[str, str]:
                identity = Meaning(self.project, self.sandbox, db).node({"label": label, "key": key}).text
                found["identity"] = identity
                return self.sandbox.records(db, [identity])

            texts = self.sandbox.reading(look)
            return found["identity"], Fields(texts[found["identity"]])

        identity, fields = await _aside(read)
        own = parse_identity(identity)
        return {
            "identity": identity,
            "record": reference(own),
            "labels": sorted(fields.labels),
            "key": [*key_names(identity)[1:]],
            "properties": [
                {"name": name, "was": text, **(typed_text(text) or {})}
                for name, text in sorted(fields.properties.items())
            ],
            "names": await self._names(call, label),
            "types": await self._types(call, label),
        }

    async def consequences(self, call: Call) -> dict[str, Any]:
        """The project's own answer, else what was derived from the record by the manifest's ``provenance``."""
        label, key = call.single["label"], call.many["key"]
        if self.hooks.consequences is not None:
            found = await self.hooks.consequences(call.query, label, tuple(key), call.single.get("name"))
            return {"rests": [dict(one) for one in found], "next": self.hooks.next}
        if not self.project.provenance:
            return {"rests": [], "next": ""}
        rows = await call.query(
            f"{self.identity.match(label)} MATCH (n)<-[:{quoted(self.project.provenance)}]-(m) RETURN m LIMIT 50",
            **self.identity.parameters(key),
        )
        return {"rests": [self.identity.reference(row["m"]) for row in rows], "next": ""}

    async def edits(self, call: Call) -> dict[str, Any]:
        """The edits."""
        return await self._shown(call, await _aside(self.sandbox.edits))

    async def edit(self, call: Call) -> dict[str, Any]:
        """Write edits."""
        wanted = call.body.get("edits")
        if not isinstance(wanted, list) or not wanted or not all(isinstance(e, Mapping) for e in wanted):
            raise BadParameter("`edits` must be a list of objects")

        def write() -> Edits:
            return self.sandbox.edit(lambda db: Meaning(self.project, self.sandbox, db).changes(wanted))

        return await self._shown(call, await _aside(write))

    async def undo(self, call: Call) -> dict[str, Any]:
        """Take edits back."""

        def back() -> Edits:
            known = self.sandbox.edits().changes
            numbers = call.body.get("edits", list(range(len(known))))
            fine = isinstance(numbers, list) and all(type(n) is int and 0 <= n < len(known) for n in numbers)
            if not fine or call.body.get("of", len(known)) != len(known):
                raise BadParameter("the list of edits is another one by now: look at it again")
            return self.sandbox.undo([known[number] for number in numbers])

        return await self._shown(call, await _aside(back))

    async def propose(self, call: Call) -> dict[str, Any]:
        """The change set's text, its file's name, and what to do with it."""
        words = {name: call.body.get(name, "") for name in ("title", "reason", "author")}
        references = call.body.get("references", [])
        if not all(isinstance(word, str) for word in words.values()) or not isinstance(references, list):
            raise BadParameter("title, reason and author must be texts, references a list of them")
        empty = [name for name, word in words.items() if not word.strip()]
        if empty:
            raise BadParameter(f"{', '.join(empty)} is missing")
        stripped = {name: word.strip() for name, word in words.items()}
        wanted = Wanted(**stripped, references=tuple(str(r).strip() for r in references if str(r).strip()))
        made = await _aside(lambda: self.sandbox.propose(wanted))
        file = f"{made.name}{SUFFIX}"
        return {
            "file": file,
            "text": render(made),
            "changes": len(made.changes),
            "next": _next(made, self.hooks),
        }

    async def _shown(self, call: Call, edits: Edits) -> dict[str, Any]:
        shown = [as_json(change) for change in edits.changes]
        await self._title(call, shown)
        return {"edits": shown, "dropped": edits.dropped, "proposable": bool(self.project.baseline)}

    async def _title(self, call: Call, shown: list[dict[str, Any]]) -> None:
        """Give records the names that people call them by; those that are gone keep their keys."""
        wanted: dict[str, list[list[str]]] = {}
        for one in _references(shown):
            wanted.setdefault(one["label"], []).append(one["key"])
        titles: dict[tuple[str, ...], str] = {}
        for label, keys in wanted.items():
            first = self.project.nodes[label][0]
            rows = await call.query(
                f"MATCH (n:{quoted(label)}) WHERE n.{quoted(first)} IN $keys RETURN n LIMIT 1000",
                keys=[value for key in keys for value in self.identity.parameters(key)["key0"]],
            )
            for row in rows:
                found = self.identity.reference(row["n"])
                titles[label, *found["key"]] = found["title"]
        for one in _references(shown):
            one["title"] = titles.get((one["label"], *one["key"]), one["title"])

    async def _names(self, call: Call, label: str) -> list[dict[str, str]]:
        """Properties that records of a label have, with their types: what else this one could have."""
        rows = await call.query(
            f"MATCH (n:{quoted(label)}) WITH n LIMIT 200 UNWIND keys(n) AS name "
            "RETURN name, head(collect(n[name])) AS value ORDER BY name"
        )
        return [{"name": row["name"], "type": kind(row["value"])} for row in rows]

    async def _types(self, call: Call, label: str) -> list[dict[str, Any]]:
        """Relationship types of records of a label, with the labels at their other ends."""
        rows = await call.query(
            f"MATCH (n:{quoted(label)}) WITH n LIMIT 60 MATCH (n)-[r]-(m) WITH n, r, m LIMIT 3000 "
            "RETURN DISTINCT type(r) AS type, startNode(r) = n AS out, labels(m) AS labels ORDER BY type"
        )
        return [
            {
                "type": row["type"],
                "direction": "out" if row["out"] else "in",
                "label": found,
                "needs": list(self.project.relationships.get(row["type"], ())),
            }
            for row in rows
            for found in sorted(row["labels"])
            if found in self.project.nodes
        ]


def _references(shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        one
        for edit in shown
        for one in (
            edit["record"],
            *((edit["relationship"]["start"], edit["relationship"]["end"]) if edit["relationship"] else ()),
        )
        if one
    ]


def _next(made: ChangeSet, hooks: Hooks) -> list[dict[str, str]]:
    """What to do with the file, in the order in which it is done."""
    file = f"{made.name}{SUFFIX}"
    title, reason = shlex.quote(made.title), shlex.quote(made.reason)
    derive = [{"what": "what follows for derived facts", "command": hooks.next.replace("FILE", file)}]
    return [
        {"what": "without a repository: send the file to the authors", "command": ""},
        {
            "what": "or, with a clone of the project, as a branch for a pull request",
            "command": f"kgshare review propose --git --project FOLDER -m {title} --reason {reason}",
        },
        *(derive if hooks.next else ()),
        {
            "what": "in the project's folder: does it fit, and do all checks hold?",
            "command": f"kgshare review check {file}",
        },
        {"what": "accept it", "command": f"kgshare review merge {file}"},
    ]


async def _aside(work: Callable[[], T]) -> T:
    """Run what blocks in a thread."""
    return await asyncio.to_thread(work)
