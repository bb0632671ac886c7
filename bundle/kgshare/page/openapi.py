"""The OpenAPI document, made from the same routes that are served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kgshare.page.parameters import schema
from kgshare.page.routes import Route
from kgshare.page.settings import Project

PREFIX = "/api/v1/"
_ERRORS = {
    "400": "A parameter is missing or not as it must be.",
    "404": "There is no such record.",
    "503": "The database does not answer, or the query was stopped at its time limit.",
}


def document(project: Project, routes: Iterable[Route]) -> dict[str, Any]:
    """OpenAPI 3.1 for all routes, and for itself."""
    paths: dict[str, Any] = {f"{PREFIX}{r.path}": {r.method.lower(): _operation(r)} for r in routes}
    paths[f"{PREFIX}openapi.json"] = {
        "get": {
            "summary": "This document.",
            "operationId": "openapi",
            "responses": {"200": {"description": "OpenAPI"}},
        }
    }
    paths["/health"] = {
        "get": {
            "summary": "Whether the database answers.",
            "operationId": "health",
            "responses": {
                "200": {"description": "It does."},
                "503": {"description": "It does not, yet or any more."},
            },
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{project.name}: the page's API",
            "version": "1",
            "description": "What is asked by POST carries the session's cookie and its token in X-Kgshare-Csrf "
            "(from /page.json), or `Authorization: Bearer` with the page's access token.",
        },
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR}},
    }


_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "message"],
            "properties": {"kind": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}


def _operation(route: Route) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    answers: dict[str, Any] = {
        "200": {"description": route.summary, "content": {"application/json": {"schema": {"type": "object"}}}}
    }
    answers |= {status: {"description": text, "content": content} for status, text in _ERRORS.items()}
    if route.body is not None:
        writing = {
            "403": "It was not sent by the page itself.",
            "409": "The graph is not as the request expects it.",
        }
        answers |= {status: {"description": text, "content": content} for status, text in writing.items()}
    asked = {"requestBody": {"required": True, "content": {"application/json": {"schema": route.body}}}}
    return {
        "summary": route.summary,
        "operationId": route.path.replace("/", "-"),
        "parameters": [schema(p) for p in route.parameters],
        **(asked if route.body is not None else {}),
        "responses": answers,
    }
