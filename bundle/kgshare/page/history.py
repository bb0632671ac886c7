"""Who made a record what it is: the change sets that are in the graph, what upstream has it from, and the edits of this sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kgshare.canonical.records import NodeId
from kgshare.changes.blame import Blamed, blame
from kgshare.changes.file import render
from kgshare.changes.model import ChangeSet
from kgshare.page.edits import as_json, shown_place
from kgshare.page.graphdb import quoted
from kgshare.page.identity import Identity, properties
from kgshare.page.panels import Missing, Parameter
from kgshare.page.records import NotFound
from kgshare.page.routes import Call, Route
from kgshare.page.sandbox import Sandbox
from kgshare.page.settings import Project

MOST_SOURCES = 20


class History:
    """The handlers, bound to one project's change sets."""

    def __init__(self, project: Project, sandbox: Sandbox) -> None:
        self.project, self.sandbox = project, sandbox
        self.sets: Sequence[ChangeSet] = sandbox.accepted
        self.identity = Identity(project.nodes)

    def routes(self, named: tuple[Parameter, Parameter]) -> tuple[Route, ...]:
        """All of them; ``named`` are the parameters label and key."""
        return (
            Route(
                path="history",
                summary="Who changed a record or one of its properties, when, why; what upstream has it from.",
                handler=self.history,
                parameters=(
                    *named,
                    Parameter(name="name", description="A property; all of them when left out."),
                ),
            ),
            Route(
                path="change-sets",
                summary="The change sets that are in the graph, the latest first.",
                handler=self.listed,
            ),
            Route(
                path="change-set",
                summary="One change set: what it says, and each change.",
                handler=self.one,
                parameters=(
                    Parameter(name="name", description="Its file's name without ending.", required=True),
                ),
            ),
        )

    async def history(self, call: Call) -> dict[str, Any]:
        """The changes of a record, the latest first, edits of this sandbox before all; then where upstream has it from."""
        label, key, name = call.single["label"], call.many["key"], call.single.get("name", "")
        identity = await self._identity(call, label, key)
        edits = self.sandbox.known()
        mine = [c for c in edits if c.record == identity and (not name or shown_place(c) in (name, ""))]
        return {
            "record": {"label": label, "key": key},
            "name": name or None,
            "edits": [as_json(change) for change in mine],
            "changes": [self._blamed(one) for one in blame(self.sets, identity, name)],
            "sources": await self._sources(call, label, key),
        }

    async def listed(self, _: Call) -> dict[str, Any]:
        """All change sets, without their changes."""
        return {"change_sets": [_head(one) for one in reversed(self.sets)]}

    async def one(self, call: Call) -> dict[str, Any]:
        """A change set with its changes, and as the text of its file."""
        found = next((one for one in self.sets if one.name == call.single["name"]), None)
        if found is None:
            raise Missing(f"there is no change set {call.single['name']}")
        return {
            **_head(found),
            "change": [as_json(change) for change in found.changes],
            "text": render(found),
        }

    def _blamed(self, one: Blamed) -> dict[str, Any]:
        return {**as_json(one.change), "change_set": _head(one.change_set)}

    async def _identity(self, call: Call, label: str, key: list[str]) -> str:
        names = self.project.nodes.get(label)
        if names is None:
            raise Missing(f"{label} is not a label whose key this project declares")
        rows = await call.query(
            f"{self.identity.match(label)} RETURN n LIMIT 1", **self.identity.parameters(key)
        )
        if rows:
            return NodeId(label, tuple((name, rows[0]["n"][name]) for name in names)).text
        # One that was removed is in the history under the name that it had.
        for reading in _readings(self.identity.parameters(key), names):
            identity = NodeId(label, reading).text
            if blame(self.sets, identity) or any(c.record == identity for c in self.sandbox.known()):
                return identity
        raise NotFound(f"there is no {label} {' '.join(key)}")

    async def _sources(self, call: Call, label: str, key: list[str]) -> list[dict[str, Any]]:
        """The records at the other end of the manifest's ``provenance``, whole."""
        if not self.project.provenance:
            return []
        rows = await call.query(
            f"{self.identity.match(label)} MATCH (n)-[r:{quoted(self.project.provenance)}]->(m) RETURN r, m LIMIT $most",
            **self.identity.parameters(key),
            most=MOST_SOURCES,
        )
        return [
            {
                **self.identity.reference(row["m"]),
                "properties": properties(row["m"]),
                "by": properties(row["r"]),
            }
            for row in rows
        ]


def _readings(parameters: dict[str, list[Any]], names: tuple[str, ...]) -> list[tuple[tuple[str, Any], ...]]:
    """The keys that an address may mean; of several properties only readings as text, else there are too many."""
    if len(names) > 1:
        return [tuple((name, parameters[f"key{i}"][0]) for i, name in enumerate(names))]
    return [((names[0], value),) for value in parameters["key0"]]


def _head(one: ChangeSet) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "author": one.author,
        "date": f"{one.date:%Y-%m-%dT%H:%M:%SZ}",
        "reason": one.reason,
        "references": list(one.references),
        "changes": len(one.changes),
    }
