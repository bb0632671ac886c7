"""The application: routes, static files and assets put together; each kind of failure becomes one kind of answer."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route as Served

from kgshare.page import assets, files, openapi, parameters
from kgshare.page.answers import Answers, Source
from kgshare.page.api import Api
from kgshare.page.graphdb import DatabaseAway, NotAllowed, QueryRefused, TooLong
from kgshare.page.opening import Opening, first_calls
from kgshare.page.panels import BadParameter, Hooks, Missing, Panel
from kgshare.page.records import NotFound
from kgshare.page.routes import Route
from kgshare.page.sandbox import EditConflict, Unproposable
from kgshare.page.security import SESSION, Guard, Sessions, error
from kgshare.page.settings import Settings

STATIC = Path(__file__).parent / "static"
MOST_BODY = 256 * 1024
LARGE = 50_000  # bytes from which it pays to compress, where there is a network between
T = TypeVar("T")
_log = logging.getLogger("kgshare.page")


def create(
    settings: Settings,
    panels: tuple[Panel, ...],
    graph: Source,
    hooks: Hooks = Hooks(),  # noqa: B008 - frozen
) -> Starlette:
    """The page as an ASGI application."""
    api = Api(settings, panels, hooks)
    sessions = Sessions(settings.token)
    answers = Answers(graph)
    routes = api.routes()
    description = openapi.document(settings.project, routes)
    folders = _folders(panels)
    views = [_view(p, folders[p.static]) for p in panels]
    document = _document(folders, panels)
    opening = Opening(answers, routes, panels, hooks, settings.project.open)

    async def health(_: Request) -> Response:
        status = await opening.status()
        return JSONResponse({"status": status}, status_code=200 if status == "ok" else 503)

    def page(request: Request) -> dict[str, Any]:
        shown = {"name": settings.project.name, "version": settings.project.version}
        shown["description"] = settings.project.description
        return {
            "project": shown,
            "panels": views,
            "labels": sorted(settings.project.nodes),
            "questions": len(settings.project.questions),
            "browser": settings.browser,
            "csrf": sessions.csrf(request.scope[SESSION]),
            "answers": opening.ready,
        }

    async def index(request: Request) -> Response:
        # The bare address leads to where the project wants its reviewers to begin.
        if not request.url.query and settings.project.open not in ("/", ""):
            return RedirectResponse(settings.project.open, status_code=302)
        # What the page is and what it asks first stands in its document: two round trips that a browser need not wait for.
        said = html.escape(json.dumps(page(request), separators=(",", ":")))
        first = [f'<meta name="kgshare-page" content="{said}">']
        first += [
            f'<link rel="preload" as="fetch" crossorigin href="{html.escape(openapi.PREFIX + path)}">'
            for path in first_calls(panels, request.query_params)
        ]
        return HTMLResponse(document.replace("<!-- first -->", "\n".join(first)))

    async def page_json(request: Request) -> Response:
        return JSONResponse(page(request))

    async def openapi_document(_: Request) -> Response:
        return JSONResponse(description)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        warming = opening.start()
        yield
        warming.cancel()
        await graph.close()

    return Starlette(
        routes=[
            Served("/health", health),
            Served("/", index),
            Served("/page.json", page_json),
            Served(f"{openapi.PREFIX}openapi.json", openapi_document),
            *(Served(f"{openapi.PREFIX}{r.path}", _endpoint(r, answers), methods=[r.method]) for r in routes),
        ],
        middleware=[
            Middleware(Guard, hosts=settings.hosts, sessions=sessions),
            # On its own machine an answer is copied faster than it is compressed.
            *([Middleware(GZipMiddleware, minimum_size=LARGE, compresslevel=3)] if settings.token else []),
            Middleware(files.Files, files=_files(settings, panels, folders)),
        ],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )


def _document(folders: Mapping[Path, str], panels: tuple[Panel, ...]) -> str:
    """The page's document. It names every module at once, which else a browser finds out import by import."""
    modules = [f"/static/{file.name}" for file in sorted(STATIC.glob("*.js")) if file.name != "start.js"]
    modules += [
        f"{place}/{file.name}" for folder, place in folders.items() for file in sorted(folder.glob("*.js"))
    ]
    modules += sorted(
        {f"/assets/{a.name}/{f}" for p in panels for a in p.assets for f in a.files if f.endswith(".js")}
    )
    links = [f'<link rel="modulepreload" href="{html.escape(path)}">' for path in modules]
    links += [
        f'<link rel="stylesheet" href="{html.escape(style)}">'
        for style in dict.fromkeys(f"{folders[p.static]}/{p.style}" for p in panels if p.style)
    ]
    document = (STATIC / "index.html").read_text(encoding="utf-8")
    return document.replace("<!-- preload -->", "\n".join(links))


def _files(
    settings: Settings, panels: tuple[Panel, ...], folders: Mapping[Path, str]
) -> dict[str, files.File]:
    found = files.below(STATIC, "/static")
    for folder, place in folders.items():
        found |= files.below(folder, place)
    if settings.project.assets is not None:
        wanted = [*assets.ASSETS, *(a for p in panels for a in p.assets)]
        for name, path in assets.served(wanted, settings.project.assets).items():
            if path.is_file():
                found[f"/assets/{name}"] = files.read(path)
    return found


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


def _endpoint(route: Route, answers: Answers) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            asked = parameters.read(route.parameters, request.query_params)
            body = {} if route.body is None else parameters.read_body(route.body, await _body(request))
            known = request.headers.get("if-none-match", "")
            answer = await _unless_gone(request, answers.answer(route, *asked, body, known))
            sent = {"etag": answer.tag} if answer.tag else {}
            if answer.content is None:
                return Response(status_code=304, headers=sent)
            return Response(answer.content, media_type="application/json", headers=sent)
        except _Gone:
            return Response(status_code=499)
        except Exception as problem:
            return _failed(problem, request)

    return serve


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


async def _http_error(_: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    return error("request", "there is nothing here" if status == 404 else "this cannot be done here", status)
