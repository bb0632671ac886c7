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
type Query {
  version: String!
  host: Host!
  container: Container!
  cacheVolume(key: String!): CacheVolume!
  secret(uri: String!): Secret!
}
type Host { directory(path: String!): Directory! }
type CacheVolume { id: ID! }
type Secret { id: ID! }
type File { id: ID! }
type Directory {
  id: ID!
  withNewFile(path: String!, contents: String!): Directory!
  dockerBuild(
    dockerfile: String = "Dockerfile", platform: Platform, buildArgs: [BuildArg!] = [], target: String = "", noInit: Boolean = false
  ): Container!
  glob(pattern: String!): [String!]!
  file(path: String!): File!
}
type Container {
  from(address: String!): Container!
  withExec(args: [String!]!, experimentalPrivilegedNesting: Boolean = false): Container!
  withDirectory(path: String!, source: ID!): Container!
  withNewFile(path: String!, contents: String!): Container!
  withEnvVariable(name: String!, value: String!): Container!
  withMountedCache(path: String!, cache: ID!): Container!
  withMountedSecret(path: String!, source: ID!, mode: Int = 256): Container!
  directory(path: String!): Directory!
  stdout: String!
  export(path: String!, forcedCompression: ImageLayerCompression, mediaTypes: ImageMediaTypes = OCIMediaTypes): String!
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

    def _field(self, parent: object, info: Any, /, **words: Any) -> Any:
        plain = {"version": self.version, "stdout": "done\n", "glob": ["herbarium-0.2.0.kgshare.tar"]}
        if info.field_name == "id":
            return f"{info.parent_type.name} {parent}"
        if info.field_name in plain:
            return plain[info.field_name]
        if info.field_name != "export":
            return next(iter(words.values()), info.field_name)  # what an id is named after
        if self.error:
            raise GraphQLError(self.error[0], extensions=self.error[1])
        if self.exports is not None:
            shutil.copyfile(self.exports, words["path"])
        return words["path"]


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
