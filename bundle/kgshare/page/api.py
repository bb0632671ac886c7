"""The API that serves any graph: about, record, neighbours, graph, search. The page uses nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from kgshare.page import about, ask, questions, records, search, tables
from kgshare.page.history import History
from kgshare.page.identity import Identity
from kgshare.page.panels import BadParameter, Handler, Hooks, Missing, Panel, Parameter
from kgshare.page.parameters import integer
from kgshare.page.propose import Corrections
from kgshare.page.routes import Call, Route
from kgshare.page.sandbox import Sandbox
from kgshare.page.settings import Settings

_LABEL = Parameter(name="label", description="A label whose key the project declares.", required=True)
_KEY = Parameter(
    name="key",
    description="The key; once for each key property, in the declared order.",
    required=True,
    many=True,
)

_OFFSET = Parameter(name="offset", description="Skip so many.", default="0", minimum=0, maximum=1_000_000)


def _limit(default: int, maximum: int) -> Parameter:
    return Parameter(
        name="limit", description="At most so many.", default=str(default), minimum=1, maximum=maximum
    )


class Api:
    """The handlers, bound to one project."""

    def __init__(self, settings: Settings, panels: tuple[Panel, ...], hooks: Hooks = Hooks()) -> None:  # noqa: B008 - frozen
        self.settings, self.project, self.panels = settings, settings.project, panels
        self.identity = Identity(self.project.nodes)
        sandbox = Sandbox(settings)
        self.corrections = Corrections(self.project, sandbox, hooks)
        self.history = History(self.project, sandbox)
        self._bundle: dict[str, Any] | None = None

    def routes(self) -> tuple[Route, ...]:
        """All routes, those of the panels included."""
        own = (
            Route(
                path="about",
                summary="The project, its panels, and what the graph holds.",
                handler=self.about,
                kept=True,
            ),
            Route(
                path="record",
                summary="A record by label and key: properties with types, first neighbours by relationship type.",
                handler=self.record,
                kept=True,
                parameters=(
                    _LABEL,
                    _KEY,
                    Parameter(
                        name="graph",
                        description="With it comes the graph one step around, of so many nodes at most.",
                        default="0",
                        minimum=0,
                        maximum=500,
                    ),
                ),
            ),
            Route(
                path="neighbours",
                summary="More neighbours of a record by one relationship type and direction, a page at a time.",
                handler=self.neighbours,
                kept=True,
                parameters=(
                    _LABEL,
                    _KEY,
                    Parameter(name="type", description="Relationship type.", required=True),
                    Parameter(
                        name="direction",
                        description="out: the record is the start; in: it is the end.",
                        choices=("out", "in"),
                        required=True,
                    ),
                    _OFFSET,
                    _limit(24, 200),
                ),
            ),
            Route(
                path="graph",
                summary="Nodes and edges around a record, for drawing.",
                handler=self.graph,
                kept=True,
                parameters=(
                    _LABEL,
                    _KEY,
                    Parameter(
                        name="depth", description="So many steps away.", default="1", minimum=1, maximum=3
                    ),
                    _limit(60, 500),
                ),
            ),
            Route(
                path="records",
                summary="The records of one label in the order of their keys, a page at a time.",
                handler=self.records,
                kept=True,
                parameters=(_LABEL, _OFFSET, _limit(50, 200)),
            ),
            Route(
                path="table",
                summary="The records of one label with their properties as columns, a page at a time.",
                handler=self.table,
                kept=True,
                parameters=(
                    _LABEL,
                    _OFFSET,
                    _limit(50, 1000),
                    Parameter(name="sort", description="A property to sort by; the key when left out."),
                    Parameter(
                        name="order",
                        description="Smallest or largest first.",
                        default="up",
                        choices=("up", "down"),
                    ),
                    Parameter(
                        name="filter", description="Only records one of whose properties holds this text."
                    ),
                ),
            ),
            Route(
                path="bundle",
                summary="What the bundle is made of: versions, digest, signature, sources, licences, how to cite.",
                handler=self.bundle,
            ),
            Route(
                path="search",
                summary="Records whose key begins with the text, or whose names and remarks hold it.",
                handler=self.search,
                parameters=(
                    Parameter(name="q", description="What was typed.", required=True),
                    _limit(12, 100),
                ),
            ),
        )
        asked = questions.routes(self.project.questions, self.identity)
        return (
            own
            + asked
            + ask.routes(self.identity)
            + self.history.routes((_LABEL, _KEY))
            + self.corrections.routes((_LABEL, _KEY))
            + tuple(
                Route(
                    path=f"panels/{panel.name}/{endpoint.path}",
                    summary=endpoint.summary,
                    handler=_plugged(endpoint.handler),
                    parameters=endpoint.parameters,
                    kept=endpoint.kept,
                )
                for panel in self.panels
                for endpoint in panel.endpoints
            )
        )

    async def about(self, call: Call) -> dict[str, Any]:
        """Project, panels, and counts; Neo4j answers counts by label and type from its count store."""
        rows = await call.query("CALL db.stats.retrieve('GRAPH COUNTS') YIELD data RETURN data")
        nodes, relationships = counts(rows[0]["data"])
        return {
            "project": {
                "name": self.project.name,
                "version": self.project.version,
                "description": self.project.description,
                "open": self.project.open,
            },
            "identity": {label: list(keys) for label, keys in self.project.nodes.items()},
            "nodes": nodes.pop("", 0),
            "relationships": relationships.pop("", 0),
            "labels": nodes,
            "types": relationships,
        }

    async def record(self, call: Call) -> dict[str, Any]:
        """A record with its first neighbours, and the graph around it where it is asked for: a click is one call."""
        graph = integer(call.single, "graph")
        return await records.record(call.query, self.identity, *self._named(call), graph)

    async def neighbours(self, call: Call) -> dict[str, Any]:
        """A page of neighbours."""
        one = call.single
        offset, limit = integer(one, "offset"), integer(one, "limit")
        named = self._named(call)
        return await records.neighbours(
            call.query, self.identity, *named, one["type"], one["direction"], offset, limit
        )

    async def graph(self, call: Call) -> dict[str, Any]:
        """The graph around a record."""
        depth, limit = integer(call.single, "depth"), integer(call.single, "limit")
        return await records.around(call.query, self.identity, *self._named(call), depth, limit)

    async def records(self, call: Call) -> dict[str, Any]:
        """The records of a label."""
        one = call.single
        if one["label"] not in self.identity.nodes:
            raise Missing(f"{one['label']} is not a label whose key this project declares")
        offset, limit = integer(one, "offset"), integer(one, "limit")
        return await records.of_label(call.query, self.identity, one["label"], offset, limit)

    async def table(self, call: Call) -> dict[str, Any]:
        """A page of a label's table."""
        one = call.single
        if one["label"] not in self.identity.nodes:
            raise Missing(f"{one['label']} is not a label whose key this project declares")
        wanted = tables.Wanted(
            label=one["label"], offset=integer(one, "offset"), limit=integer(one, "limit"), sort=one.get("sort", ""),
            down=one["order"] == "down", holds=one.get("filter", ""),
        )  # fmt: skip
        return await tables.table(call.query, self.identity, wanted)

    async def bundle(self, call: Call) -> dict[str, Any]:
        """About this bundle; asked of the graph once, since its sources are read from every record."""
        if self._bundle is None:
            self._bundle = await about.bundle(call.query, self.settings)
        return self._bundle

    async def search(self, call: Call) -> dict[str, Any]:
        """What fits the text."""
        text = call.single["q"]
        found = await search.search(call.query, self.identity, text, integer(call.single, "limit"))
        return {"q": text, "found": found}

    def _named(self, call: Call) -> tuple[str, list[str]]:
        label, key = call.single["label"], call.many["key"]
        if label not in self.identity.nodes:
            raise Missing(f"{label} is not a label whose key this project declares")
        if len(key) != len(self.identity.nodes[label]):
            wanted = ", ".join(self.identity.nodes[label])
            raise BadParameter(f"key is needed {len(self.identity.nodes[label])} times: {wanted}")
        return label, key


def _plugged(serve: Handler) -> Callable[[Call], Awaitable[dict[str, Any]]]:
    async def handler(call: Call) -> dict[str, Any]:
        return await serve(call.query, call.single)

    return handler


def counts(stored: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Nodes by label and relationships by type from Neo4j's count store; the total is under the empty name."""
    nodes = {row.get("label", ""): row["count"] for row in stored["nodes"]}
    relationships = {
        row.get("relationshipType", ""): row["count"]
        for row in stored["relationships"]
        if "startLabel" not in row and "endLabel" not in row
    }
    return _sorted(nodes), _sorted(relationships)


def _sorted(found: Mapping[str, int]) -> dict[str, int]:
    return {name: found[name] for name in sorted(found) if found[name]}
