"""A stand-in for a Dagger session: it speaks GraphQL on loopback as an engine does, records each query, and builds nothing.

No engine can be had by package, so this is what the queries of a build are tested with; it says nothing of whether an engine would carry
them out. Its schema has the few fields that kgshare asks for, as the client of the pinned version declares them; the client asks for it
when it connects.
"""

from __future__ import annotations

import base64
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from graphql import GraphQLError, build_schema, graphql_sync, parse, print_ast

TOKEN = "stand-in"
SCHEMA = """
scalar Platform
enum ImageLayerCompression { EStarGZ Gzip Uncompressed Zstd }
enum ImageMediaTypes { DockerMediaTypes OCIMediaTypes }
input BuildArg { name: String!, value: String! }
type Query { version: String!, host: Host! }
type Host { directory(path: String!, exclude: [String!] = [], include: [String!] = [], noCache: Boolean = false): Directory! }
type Directory {
  withNewFile(path: String!, contents: String!, permissions: Int = 420): Directory!
  dockerBuild(
    dockerfile: String = "Dockerfile", platform: Platform, buildArgs: [BuildArg!] = [], target: String = "", noInit: Boolean = false
  ): Container!
}
type Container {
  export(
    path: String!, forcedCompression: ImageLayerCompression, mediaTypes: ImageMediaTypes = OCIMediaTypes, expand: Boolean = false
  ): String!
}
"""


@dataclass
class StandIn:
    """What it answers with, and what it was asked.

    Attributes:
        exports: the image that an export writes.
        version: that of the engine it stands in for.
        error: what a build fails with; the extensions of the error beside its message.
        queries: every query but those for the schema, as GraphQL prints them.
    """

    exports: Path | None = None
    version: str = "v0.21.11"
    error: tuple[str, dict[str, Any]] | None = None
    queries: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self, query: str) -> dict[str, Any]:
        """The answer to one query."""
        if "__schema" not in query:
            self.queries.append(print_ast(parse(query)))
        found = graphql_sync(build_schema(SCHEMA), query, root_value=self, field_resolver=self._field)
        return {
            "data": found.data,
            **({"errors": [each.formatted for each in found.errors]} if found.errors else {}),
        }

    def _field(self, source: object, info: Any, **words: Any) -> Any:
        if info.field_name == "version":
            return self.version
        if info.field_name != "export":
            return self
        if self.error:
            raise GraphQLError(self.error[0], extensions=self.error[1])
        if self.exports is not None:
            shutil.copyfile(self.exports, words["path"])
        return str(words["path"])


@contextmanager
def session(stand_in: StandIn) -> Iterator[dict[str, str]]:
    """Answer on loopback; gives the variables that lead a client there."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            login = base64.b64encode(f"{TOKEN}:".encode()).decode()
            known = self.headers.get("Authorization") == f"Basic {login}"
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(stand_in.answer(asked["query"]) if known else {}).encode()
            self.send_response(200 if known else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    stand_in.port = server.server_port
    try:
        yield {"DAGGER_SESSION_PORT": str(server.server_port), "DAGGER_SESSION_TOKEN": TOKEN}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
