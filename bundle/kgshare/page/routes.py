"""A reading route of the API, and what its handler is called with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kgshare.page.graphdb import Ask, Query
from kgshare.page.panels import Parameter


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a handler gets: the graph's functions, single parameters, and those that may come more than once."""

    query: Query
    ask: Ask
    single: Mapping[str, str]
    many: Mapping[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A reading route below ``/api/v1``, with what is needed to check and to document it."""

    path: str
    summary: str
    handler: Callable[[Call], Awaitable[dict[str, Any]]]
    parameters: tuple[Parameter, ...] = ()
