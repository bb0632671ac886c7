"""The ocean's page as a process of its own, as the benchmarks measure it: beside the load, not in it."""

from __future__ import annotations

import os
import subprocess  # noqa: TID251 - stopped by the test
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.page_server import Opened, settings, wait_until_ready

from kgshare.seeding.server import free_port


@contextmanager
def page_process(folder: Path, database: Opened, assets: Path | None) -> Iterator[int]:
    """The port of loopback at which a page answers that has just become ready."""
    chosen = settings(folder, database, assets)
    port = free_port()
    environment = {
        **os.environ, "KGSHARE_PAGE_FILE": str(folder / "page.json"), "NEO4J_URI": chosen.uri,
        "KGSHARE_PAGE_HOST": "127.0.0.1", "KGSHARE_PAGE_PORT": str(port),
    }  # fmt: skip
    command = [sys.executable, "-m", "kgshare.page", "--panels", "oceangraph.panels"]
    with subprocess.Popen(command, env=environment) as process:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}")
            yield port
        finally:
            process.terminate()
