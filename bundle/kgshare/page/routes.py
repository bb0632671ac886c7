"""A route of the API, and what its handler is called with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kgshare.page.graphdb import Ask, Query, Run
from kgshare.page.panels import Parameter


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a handler gets: the graph's functions, single parameters, those that may come more than once, the body."""

    query: Query
    ask: Ask
    run: Run
    single: Mapping[str, str]
    many: Mapping[str, list[str]]
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route below ``/api/v1``, with what is needed to check and to document it.

    Attributes:
        path: without a slash in front.
        summary: one sentence for the OpenAPI document.
        handler: what answers.
        parameters: of the address; others are refused.
        body: JSON Schema of what is sent; with it the route is asked by POST, without it by GET.
        kept: the answer follows from the graph and the parameters alone, asked with `Call.query` only; so it is kept until
            something is committed to the graph.
    """

    path: str
    summary: str
    handler: Callable[[Call], Awaitable[dict[str, Any]]]
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Any] | None = None
    kept: bool = False

    @property
    def method(self) -> str:
        """``GET`` or ``POST``."""
        return "GET" if self.body is None else "POST"
