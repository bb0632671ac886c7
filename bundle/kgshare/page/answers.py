"""Answers of the API: computed, or as they were kept where nothing was committed to the graph since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kgshare.page.graphdb import Ask, Query, Run
from kgshare.page.kept import Kept
from kgshare.page.routes import Call, Route
from kgshare.page.watch import State


class Source(Protocol):
    """A graph that can be asked; `kgshare.page.graphdb.Graph` is one."""

    @property
    def query(self) -> Query:
        """The query function."""

    @property
    def ask(self) -> Ask:
        """What asks the project's own questions."""

    @property
    def run(self) -> Run:
        """What runs a reviewer's query."""

    async def state(self) -> State | None:
        """The state of the graph, to hold answers against; None where it is not known."""

    def since(self, state: State) -> Query:
        """The query function that sees at least this state."""

    async def status(self) -> str:
        """``ok``, ``starting`` or ``database unreachable``."""

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """JSON, or None where the asker has it already; ``tag`` is empty where the answer is not to be kept."""

    content: bytes | None
    tag: str = ""


class Answers:
    """Answers the routes of one graph."""

    def __init__(self, graph: Source) -> None:
        self.graph, self._kept = graph, Kept()

    async def answer(
        self,
        route: Route,
        single: Mapping[str, str],
        many: Mapping[str, list[str]],
        body: Mapping[str, Any] = {},
        known: str = "",
    ) -> Answer:
        """What a route answers to parameters that were read; raises what its handler raises.

        Args:
            route: what was asked.
            single: its parameters; many likewise.
            many: likewise.
            body: what was sent.
            known: the tag of the answer that the asker has.
        """
        state = await self.graph.state() if route.kept else None
        query = self.graph.query if state is None else self.graph.since(state)
        call = Call(query=query, ask=self.graph.ask, run=self.graph.run, single=single, many=many, body=body)
        if state is None:
            return Answer(content=_json(await route.handler(call)))
        tag = self._kept.tag(state)
        if known == tag:
            return Answer(content=None, tag=tag)
        address = json.dumps([route.path, sorted(single.items()), sorted(many.items())])
        content = self._kept.get(state, address)
        if content is None:
            content = _json(await route.handler(call))
            self._kept.put(state, address, content)
        return Answer(content=content, tag=tag)


def _json(answer: Mapping[str, Any]) -> bytes:
    # Neo4j's numbers may be what JSON has no word for; `kgshare.page.values` has made texts of those.
    content = json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return content.encode("utf-8", "surrogatepass")
