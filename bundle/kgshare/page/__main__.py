"""``python -m kgshare.page [--panels MODULE]``: serve the page until told to stop."""

from __future__ import annotations

import argparse
import os
import sys

import uvicorn

from kgshare.page import panels
from kgshare.page.app import create
from kgshare.page.graphdb import Graph
from kgshare.page.settings import SettingsError, read_settings


def main() -> int:
    """Read the environment, serve; 2 where the settings are not as they must be."""
    parser = argparse.ArgumentParser(prog="python -m kgshare.page", description="Serve the reviewer's page.")
    parser.add_argument("--panels", default="", help="module whose PANELS plug into the page")
    arguments = parser.parse_args()
    try:
        settings = read_settings(os.environ)
        plugged, hooks = panels.load(arguments.panels), panels.hooks(arguments.panels)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    graph = Graph(settings.uri, settings.user, settings.password_file)
    app = create(settings, plugged, graph, hooks)
    if settings.token:
        where = f"http://HOST:{settings.port}/?token={settings.token}"
        sys.stderr.write(f"This page is reached from other machines, so it asks for a token. Open {where}\n")
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
