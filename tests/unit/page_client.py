"""Requests to an ASGI application without a server: what it answers is all that these tests look at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True)
class Answer:
    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8")

    def json(self) -> Any:
        return json.loads(self.content)


class Client:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def get(
        self,
        address: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return self.request("GET", address, params, headers)

    def request(
        self,
        method: str,
        address: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        path, _, query = address.partition("?")
        if params:
            query = urlencode(params, doseq=True)
        sent = {"host": "localhost:8088", **(headers or {})}
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.encode(), v.encode()) for k, v in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8088),
        }
        return asyncio.run(_ask(self.app, scope, b"" if body is None else json.dumps(body).encode()))

    def post(self, address: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Send JSON as the page's own script does, in a session of its own."""
        sent = {"content-type": "application/json", **session(self), **(headers or {})}
        return self.request("POST", address, headers=sent, body=body)


def session(client: Client) -> dict[str, str]:
    """The headers with which the page's own script sends what is not a GET."""
    answer = client.get("/page.json")
    cookie = answer.headers["set-cookie"].partition(";")[0]
    return {"cookie": cookie, "x-kgshare-csrf": answer.json()["csrf"]}


async def _ask(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    messages: list[Message] = []
    requests: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if requests:
            return requests.pop()
        await asyncio.Event().wait()  # this client never hangs up
        raise AssertionError

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start = next(m for m in messages if m["type"] == "http.response.start")
    body = b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body")
    return Answer(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, body)
