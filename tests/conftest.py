"""What every test shares: what the machine must have, a state folder of its own, nothing left behind.

A test that needs Docker or Chromium says so with a marker. Where the machine has none it is skipped with the reason;
under ``CI=true`` a skip would hide that the thing was never tried, so there it fails.
"""

from __future__ import annotations

import os
import shutil
import uuid
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from tests import podman
from tests.leftovers import sweep

from kgshare.doors.process import CommandFailed, CommandMissing, run

# The first as its entry point loads it where kgshare is installed.
pytest_plugins = ("kgshare.testing.plugin", "tests.integration.page_server", "tests.unit.registry_scene")
ROOT = Path(__file__).parents[1]
SESSION_LABEL = f"kgshare.test-session={uuid.uuid4().hex}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files anew instead of comparing"
    )


@cache
def missing_docker() -> str:
    """Why the tests cannot use Docker; empty where they can."""
    try:
        run(["docker", "version", "--format", "{{.Server.Version}}"])
    except (CommandMissing, CommandFailed) as error:
        return f"no Docker Engine answers: {error}"
    return ""


def find_chromium() -> str | None:
    """The browser that the tests drive: the system's, as Playwright's own cannot be fetched everywhere."""
    names = (os.environ.get("KGSHARE_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@cache
def missing_chromium() -> str:
    """Why the tests cannot use a browser; empty where they can."""
    return "" if find_chromium() else "there is no Chromium on PATH (./dev test installs Debian's)"


NEEDS: dict[str, Callable[[], str]] = {
    "docker": missing_docker, "browser": missing_chromium, "podman": podman.missing,
}  # fmt: skip


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test is not called by a value of a hundred thousand characters."""
    return argname if isinstance(val, str | bytes) and len(val) > 300 else None


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that share something slow to one worker of pytest-xdist: what Docker builds, an opened store, a file.

    So nothing is built or seeded twice, and while one worker waits for containers the other computes.
    """
    for item in items:
        if item.get_closest_marker("xdist_group"):
            continue  # a long story with stacks of its own, which the other worker may tell
        slow = ("podman", "docker", "neo4j")  # Podman's tests have an engine of their own
        shared = next((marker for marker in slow if item.get_closest_marker(marker)), None)
        item.add_marker(pytest.mark.xdist_group(shared or item.path.name))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or under CI fail, a test whose needs the machine does not meet."""
    for marker, missing in NEEDS.items():
        if item.get_closest_marker(marker) and (reason := missing()):
            if os.environ.get("CI") in ("true", "1"):
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; use it with the marker ``browser``."""
    return find_chromium() or pytest.fail(missing_chromium(), pytrace=False)


@pytest.fixture(scope="session")
def osv_scanner() -> Path:
    """A real scanner: the one that `./dev test` builds where there is Go, or the machine's own."""
    from kgshare.places import cache_dir

    built = sorted((cache_dir() / "tools").glob("*/osv-scanner"))
    if found := [*built, *map(Path, filter(None, [shutil.which("osv-scanner")]))]:
        return found[-1]
    reason = "there is no osv-scanner (./dev test builds it where Go is installed)"
    if shutil.which("go") and os.environ.get("CI") in ("true", "1"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def docker_label() -> str:
    """``name=value``: give it to what a test starts itself, and the end of the session takes it away."""
    return SESSION_LABEL


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Stacks that tests start are recorded here, not among the user's; at the end none is left in Docker."""
    state = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGSHARE_STATE", str(state))
        patch.setenv(
            "KGSHARE_SCANNER", "none"
        )  # a machine's own scanner would ask servers, and findings differ
        patch.setenv("KGSHARE_CONFIG", str(tmp_path_factory.mktemp("config")))  # keys, and whose are trusted
        patch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")  # its image would be pulled; we sweep ourselves
        yield state
    used_docker = any(item.get_closest_marker("docker") for item in request.session.items)
    if used_docker and not missing_docker():
        for left in sweep(state, [SESSION_LABEL, *_testcontainers_label()]):
            warnings.warn(f"left in Docker by a test, removed now: {left}", stacklevel=1)


def _testcontainers_label() -> list[str]:
    try:
        from testcontainers.core.labels import LABEL_SESSION_ID, SESSION_ID
    except ImportError:
        return []
    return [f"{LABEL_SESSION_ID}={SESSION_ID}"]


@pytest.fixture(scope="session")
def neo4j_lib(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Neo4j's jars: those that the ocean project locks, out of kgshare's own cache."""
    from kgshare.cache import Cache, fetch
    from kgshare.lock.command import this_arch
    from kgshare.lock.file import read_any_lock
    from kgshare.places import cache_dir
    from kgshare.progress import Progress
    from kgshare.project import read_project

    lock = read_any_lock(read_project(ROOT))
    assert lock is not None, "kgshare.lock is part of the checkout"
    inputs = fetch(lock, this_arch(), Cache(cache_dir()), progress=Progress(), locked=False)
    lib = tmp_path_factory.mktemp("neo4j") / "lib"
    lib.mkdir()
    for jar in lock.jars["database"]:
        (lib / jar.filename).symlink_to(inputs.path(jar))
    return lib
