"""The pytest plugin: fixtures that start a bundle once a session and give every test the seeded graph.

How to use them: docs/how-to/test-against-a-bundle.md. pytest loads this file wherever kgshare is installed, so it
imports nothing that a session without the fixtures would not need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from neo4j import Driver

    from kgshare.testing.reset import Undone
    from kgshare.testing.stack import KgshareStack

SETTING = "kgshare_bundle"
OPTION = "--kgshare-bundle"
RUNTIME = "kgshare_runtime"
UNVERIFIED = "--kgshare-unverified"
RUNTIMES = ("auto", "docker", "local")
FELL_BACK = pytest.StashKey[str]()


@dataclass(frozen=True)
class TestGraph:
    """What the fixture ``kgshare_graph`` hands out.

    Attributes:
        driver: a `neo4j` driver of the database.
        page: where the page opens.
        stack: the stack behind both.
    """

    __test__ = False  # the name is not a test class's
    driver: Driver
    page: str
    stack: KgshareStack

    def reset(self) -> Undone:
        """Back to the seeded graph in the middle of a test."""
        return self.stack.reset()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the bundle is: on the command line, or in pytest's configuration."""
    text = "bundle, or project folder, that the kgshare fixtures start"
    group = parser.getgroup("kgshare")
    group.addoption(OPTION, metavar="FILE|FOLDER", help=text)
    parser.addini(SETTING, f"{text}; relative to this configuration's folder", type="string")
    text = "what it runs in: docker (containers), local (processes, not sandboxed), auto (local where no engine answers)"
    group.addoption("--kgshare-runtime", dest=RUNTIME, choices=RUNTIMES, help=text)
    group.addoption(
        "--kgshare-local",
        dest=RUNTIME,
        action="store_const",
        const="local",
        help="the same as --kgshare-runtime local",
    )
    parser.addini(RUNTIME, f"{text}; auto when not given", type="string")
    text = "run it though nobody you trust vouches for it, at your own risk"
    group.addoption(UNVERIFIED, action="store_true", help=text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say that what ran was not sandboxed, where nobody had asked for that."""
    if why := config.stash.get(FELL_BACK, ""):
        terminalreporter.write_line(f"kgshare: without containers, so not sandboxed: {why}")


@pytest.fixture(scope="session")
def kgshare_bundle(pytestconfig: pytest.Config) -> Path:
    """The bundle, or the project's folder, that is started. Override it in a conftest.py to make one."""
    option = pytestconfig.getoption(OPTION)
    if option:
        return (pytestconfig.invocation_params.dir / str(option)).resolve()
    setting = str(pytestconfig.getini(SETTING))
    if setting:
        base = pytestconfig.inipath.parent if pytestconfig.inipath else pytestconfig.rootpath
        return (base / setting).resolve()
    pytest.fail(
        f"no bundle is named: give {OPTION} FILE, or set {SETTING} in pytest's configuration", pytrace=False
    )


@pytest.fixture(scope="session")
def kgshare_runtime(pytestconfig: pytest.Config) -> str:
    """``docker``, ``local`` or ``auto``: what the stack runs in. Override it to run the same tests on several."""
    found = str(pytestconfig.getoption(RUNTIME) or pytestconfig.getini(RUNTIME) or "auto")
    if found not in RUNTIMES:
        pytest.fail(f"{RUNTIME} is {found!r}, and must be one of {', '.join(RUNTIMES)}", pytrace=False)
    return found


@pytest.fixture(scope="session")
def kgshare_stack(
    kgshare_bundle: Path, kgshare_runtime: str, pytestconfig: pytest.Config
) -> Iterator[KgshareStack]:
    """The bundle's stack, started once and taken away at the end of the session."""
    from kgshare.errors import KgshareError

    try:
        stack = _stack(kgshare_bundle, kgshare_runtime, pytestconfig)
    except ImportError as error:
        pytest.fail(f"{error}: the fixtures need `pip install kgshare[testing]`", pytrace=False)
    try:
        stack.start()
    except KgshareError as error:
        pytest.fail(f"the stack of {kgshare_bundle} does not start: {error}", pytrace=False)
    try:
        yield stack
    finally:
        stack.stop()


def _stack(bundle: Path, runtime: str, config: pytest.Config) -> KgshareStack:
    """The stack, not started; without an engine one without containers, unless they were asked for."""
    from kgshare.doors.engine import Engine
    from kgshare.errors import EngineError
    from kgshare.testing.stack import KgshareStack

    unverified = bool(config.getoption(UNVERIFIED))
    if runtime == "auto":
        try:
            Engine.connect()
        except EngineError as error:
            config.stash[FELL_BACK] = error.problems[0].message
            return KgshareStack(bundle, unverified=unverified)
    if runtime == "local":
        return KgshareStack(
            bundle, agreed=True, unverified=unverified
        )  # whoever names bundle and runtime has agreed
    from kgshare.testing.container import KgshareContainer

    return KgshareContainer(bundle, unverified=unverified)


@pytest.fixture(scope="session")
def kgshare_driver(kgshare_stack: KgshareStack) -> Driver:
    """A `neo4j` driver of the stack's database, for the whole session; it resets nothing."""
    return kgshare_stack.get_driver()


@pytest.fixture(scope="session")
def kgshare_page(kgshare_stack: KgshareStack) -> str:
    """Where the stack's page opens."""
    return kgshare_stack.page


@pytest.fixture
def kgshare_graph(kgshare_stack: KgshareStack) -> Iterator[TestGraph]:
    """The seeded graph for one test: reset before it and after it, which costs next to nothing where nothing changed."""
    kgshare_stack.reset()
    yield TestGraph(kgshare_stack.get_driver(), kgshare_stack.page, kgshare_stack)
    kgshare_stack.reset()
