"""What is asked as soon as the page opens: made ready before the page says that it is, and named to the browser at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import QueryParams

from kgshare.page import parameters
from kgshare.page.answers import Answers
from kgshare.page.panels import Endpoint, Hooks, Panel
from kgshare.page.routes import Route

PATIENCE = 20.0  # seconds from the database's first answer on; a page that opens slowly is better than none
DRAWN = 40  # nodes of the graph that the page draws at first
_log = logging.getLogger("kgshare.page")


class Opening:
    """Asks what the project's own address will ask, so that plans are made and answers are at hand; until then it is starting.

    Args:
        answers: what answers.
        routes: all of them.
        panels: the project's.
        hooks: the project's.
        address: at which the project opens.
    """

    def __init__(
        self, answers: Answers, routes: Sequence[Route], panels: tuple[Panel, ...], hooks: Hooks, address: str
    ) -> None:
        self._answers, self._routes = answers, {route.path: route for route in routes}
        given = dict(parse_qsl(urlsplit(address).query))
        self._calls = ["about", *(first_calls(panels, given) if panels else ()), *_records(hooks, given)]
        self._task: asyncio.Task[None] | None = None
        self.ready = False

    def start(self) -> asyncio.Task[None]:
        """Begin, in the background."""
        self._task = asyncio.create_task(self._warm())
        return self._task

    async def status(self) -> str:
        """The database's, and ``starting`` for as long as the first answers are not at hand."""
        status = await self._answers.graph.status()
        return "starting" if status == "ok" and self._task is not None and not self._task.done() else status

    async def _warm(self) -> None:
        while await self._answers.graph.status() != "ok":
            await asyncio.sleep(0.25)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ask(), PATIENCE)
        self.ready = True

    async def _ask(self) -> None:
        for path in self._calls:
            name, _, query = path.partition("?")
            route = self._routes[name]
            try:
                await self._answers.answer(route, *parameters.read(route.parameters, QueryParams(query)))
            except Exception as problem:  # whoever asks it again is told
                _log.info("%s was not made ready: %s", path, problem)


def _records(hooks: Hooks, address: Mapping[str, str]) -> Iterator[str]:
    for label, key in hooks.opens(address) if hooks.opens is not None else ():
        yield "record?" + urlencode(
            [("label", label), *(("key", part) for part in key), ("graph", str(DRAWN))]
        )


def first_calls(panels: tuple[Panel, ...], address: Mapping[str, str]) -> Iterator[str]:
    """Paths below ``/api/v1/`` of the endpoints marked ``first`` in the view that an address shows, the first view's first.

    Args:
        panels: the project's.
        address: the parameters of the page's address; an endpoint whose required ones it does not name is left out.
    """
    for panel in panels:
        if panel.view != address.get("view", panels[0].view):
            continue
        for endpoint in panel.endpoints:
            if endpoint.first and (given := _given(endpoint, address)) is not None:
                yield f"panels/{panel.name}/{endpoint.path}" + (f"?{urlencode(given)}" if given else "")


def _given(endpoint: Endpoint, address: Mapping[str, str]) -> dict[str, str] | None:
    given: dict[str, str] = {}
    for parameter in endpoint.parameters:
        value = address.get(parameter.name) or parameter.default
        if value is None:
            return None
        given[parameter.name] = value
    return given
