"""Serve ``/sheets/BARCODE`` and ``/health`` with the standard library and Neo4j's driver."""

from __future__ import annotations

import html
import os
import signal
import sys
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from neo4j import Driver, GraphDatabase

SHEET = """
MATCH (s:Sheet {barcode: $barcode})-[i:IDENTIFIED_AS]->(t:Taxon)
RETURN t.name AS name, i.year AS year, i.by AS by ORDER BY year
"""


@cache
def driver() -> Driver:
    """The one connection pool, opened when the password is there."""
    password = Path(os.environ["NEO4J_PASSWORD_FILE"]).read_text().strip()
    return GraphDatabase.driver(os.environ["NEO4J_URI"], auth=(os.environ["NEO4J_USER"], password))


class Page(BaseHTTPRequestHandler):
    """Two kinds of address."""

    def do_GET(self) -> None:
        """Answer one request."""
        try:
            if self.path == "/health":
                driver().execute_query("RETURN 1")
                return self.answer(200, "ok")
            barcode = self.path.removeprefix("/sheets/")
            rows = driver().execute_query(SHEET, barcode=barcode).records
        except Exception as error:  # the database may still be starting
            return self.answer(503, type(error).__name__)
        names = "".join(f"<li>{html.escape(r['name'])} ({r['by']}, {r['year']})</li>" for r in rows)
        title = html.escape(f"Sheet {barcode}")
        return self.answer(
            200 if rows else 404, f"<!doctype html><title>{title}</title><h1>{title}</h1><ul>{names}</ul>"
        )

    def answer(self, status: int, body: str) -> None:
        """Send one page."""
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


# The first process of a container is sent the signal and does not end by it; without this a stop takes its whole grace.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("0.0.0.0", 8000), Page).serve_forever()
