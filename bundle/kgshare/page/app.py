"""The application: routes, static files and assets put together; each kind of failure becomes one kind of answer."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.routing import Route as Served
from starlette.staticfiles import StaticFiles

from kgshare.page import assets, openapi, parameters
from kgshare.page.api import Api
from kgshare.page.graphdb import Ask, DatabaseAway, NotAllowed, Query, QueryRefused, Run, TooLong
from kgshare.page.kept import Kept
from kgshare.page.panels import BadParameter, Hooks, Missing, Panel
from kgshare.page.records import NotFound
from kgshare.page.routes import Call, Route
from kgshare.page.sandbox import EditConflict, Unproposable
from kgshare.page.security import SESSION, Guard, Sessions, error
from kgshare.page.settings import Settings
from kgshare.page.watch import State

STATIC = Path(__file__).parent / "static"
_MEDIA = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".json": "application/json",
    ".css": "text/css",
}
MOST_BODY = 256 * 1024
LARGE = 50_000  # bytes from which it pays to compress, where there is a network between
JSON = "application/json"
T = TypeVar("T")
_log = logging.getLogger("kgshare.page")


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


def create(
    settings: Settings,
    panels: tuple[Panel, ...],
    graph: Source,
    hooks: Hooks = Hooks(),  # noqa: B008 - frozen
) -> Starlette:
    """The page as an ASGI application."""
    api = Api(settings, panels, hooks)
    sessions = Sessions(settings.token)
    routes = api.routes()
    kept = Kept()
    description = openapi.document(settings.project, routes)
    folders = _folders(panels)
    views = [_view(p, folders[p.static]) for p in panels]
    document = _document(folders, panels)

    async def health(_: Request) -> Response:
        status = await graph.status()
        return JSONResponse({"status": status}, status_code=200 if status == "ok" else 503)

    async def index(request: Request) -> Response:
        # The bare address leads to where the project wants its reviewers to begin.
        if not request.url.query and settings.project.open not in ("/", ""):
            return RedirectResponse(settings.project.open, status_code=302)
        return HTMLResponse(document)

    async def panel_list(request: Request) -> Response:
        shown = {"name": settings.project.name, "version": settings.project.version}
        shown["description"] = settings.project.description
        return JSONResponse(
            {
                "project": shown,
                "panels": views,
                "labels": sorted(settings.project.nodes),
                "questions": len(settings.project.questions),
                "browser": settings.browser,
                "csrf": sessions.csrf(request.scope[SESSION]),
            }
        )

    async def openapi_document(_: Request) -> Response:
        return JSONResponse(description)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await graph.close()

    return Starlette(
        routes=[
            Served("/health", health),
            Served("/", index),
            Served("/page.json", panel_list),
            Served(f"{openapi.PREFIX}openapi.json", openapi_document),
            *(
                Served(f"{openapi.PREFIX}{r.path}", _endpoint(r, graph, kept), methods=[r.method])
                for r in routes
            ),
            *_assets(settings, panels),
            *(Mount(place, StaticFiles(directory=folder)) for folder, place in folders.items()),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(Guard, hosts=settings.hosts, sessions=sessions),
            # On its own machine an answer is copied faster than it is compressed.
            *([Middleware(GZipMiddleware, minimum_size=LARGE, compresslevel=3)] if settings.token else []),
        ],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )


def _document(folders: Mapping[Path, str], panels: tuple[Panel, ...]) -> str:
    """The page's document. It names every module at once, which else a browser finds out import by import."""
    modules = [f"/static/{file.name}" for file in sorted(STATIC.glob("*.js"))]
    modules += [
        f"{place}/{file.name}" for folder, place in folders.items() for file in sorted(folder.glob("*.js"))
    ]
    modules += sorted(
        {f"/assets/{a.name}/{f}" for p in panels for a in p.assets for f in a.files if f.endswith(".js")}
    )
    links = "\n".join(f'<link rel="modulepreload" href="{html.escape(path)}">' for path in modules)
    return (STATIC / "index.html").read_text(encoding="utf-8").replace("<!-- preload -->", links)


def _folders(panels: tuple[Panel, ...]) -> dict[Path, str]:
    # Panels of one folder share one address, so that a module which two of them import is loaded once.
    places: dict[Path, str] = {}
    for panel in panels:
        places.setdefault(panel.static, f"/panels/{panel.name}")
    return places


def _view(panel: Panel, place: str) -> dict[str, object]:
    return {
        "name": panel.name,
        "title": panel.title,
        "view": panel.view,
        "view_title": panel.view_title,
        "width": panel.width,
        "module": f"{place}/{panel.module}",
        "style": f"{place}/{panel.style}" if panel.style else None,
    }


def _endpoint(route: Route, graph: Source, kept: Kept) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request, query: Query) -> bytes:
        single, many = parameters.read(route.parameters, request.query_params)
        body = {} if route.body is None else parameters.read_body(route.body, await _body(request))
        call = Call(query=query, ask=graph.ask, run=graph.run, single=single, many=many, body=body)
        return _json(await _unless_gone(request, route.handler(call)))

    async def serve(request: Request) -> Response:
        try:
            state = await graph.state() if route.kept else None
            if state is None:
                return Response(await answer(request, graph.query), media_type=JSON)
            tag = kept.tag(state)
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304, headers={"etag": tag})
            address = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
            content = kept.get(state, address)
            if content is None:
                content = await answer(request, graph.since(state))
                kept.put(state, address, content)
            return Response(content, media_type=JSON, headers={"etag": tag})
        except _Gone:
            return Response(status_code=499)
        except Exception as problem:
            return _failed(problem, request)

    return serve


def _json(answer: Mapping[str, Any]) -> bytes:
    # Neo4j's numbers may be what JSON has no word for; `kgshare.page.values` has made texts of those.
    content = json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return content.encode("utf-8", "surrogatepass")


def _failed(problem: Exception, request: Request) -> Response:
    match problem:
        case BadParameter() | Unproposable():
            return error("parameter", str(problem), 400)
        case NotFound() | Missing():
            return error("missing", str(problem), 404)
        case EditConflict():
            return error("conflict", str(problem), 409)
        case NotAllowed():
            return error("question", f"Not here: {problem}.", 400)
        case QueryRefused():
            return error("question", f"Neo4j refuses: {problem}", 400)
        case TooLong():
            return error("time", f"The query was {problem}.", 503)
        case DatabaseAway():
            return error("database", f"{str(problem).capitalize()}.", 503)
    _log.error("%s failed", request.url.path, exc_info=problem)
    return error("defect", "The page failed; its log says why.", 500)


class _Gone(Exception):
    """Nobody waits for the answer any more."""


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Wait for an answer, unless the browser goes away or cancels: then the query is stopped, too."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise _Gone
        return task.result()
    finally:
        for one in (task, gone):
            if not one.done():
                one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadParameter("the body must be JSON")
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MOST_BODY:
            raise BadParameter(f"the body is larger than {MOST_BODY:,} bytes")
    try:
        return json.loads(content)
    except ValueError as problem:
        raise BadParameter(f"the body is no JSON: {problem}") from None


def _assets(settings: Settings, panels: tuple[Panel, ...]) -> list[Served]:
    if settings.project.assets is None:
        return []
    wanted = [*assets.ASSETS, *(a for p in panels for a in p.assets)]
    files = assets.served(wanted, settings.project.assets)

    async def asset(request: Request) -> Response:
        file = files.get(request.path_params["path"])
        if file is None or not file.is_file():
            return error("missing", "there is no such asset", 404)
        return FileResponse(file, media_type=_MEDIA.get(file.suffix))

    return [Served("/assets/{path:path}", asset)]


async def _http_error(_: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    return error("request", "there is nothing here" if status == 404 else "this cannot be done here", status)
