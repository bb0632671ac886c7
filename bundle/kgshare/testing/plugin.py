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

    from kgshare.testing.container import KgshareContainer
    from kgshare.testing.reset import Undone

SETTING = "kgshare_bundle"
OPTION = "--kgshare-bundle"


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
    stack: KgshareContainer

    def reset(self) -> Undone:
        """Back to the seeded graph in the middle of a test."""
        return self.stack.reset()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the bundle is: on the command line, or in pytest's configuration."""
    text = "bundle, or project folder, that the kgshare fixtures start"
    parser.getgroup("kgshare").addoption(OPTION, metavar="FILE|FOLDER", help=text)
    parser.addini(SETTING, f"{text}; relative to this configuration's folder", type="string")


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
def kgshare_stack(kgshare_bundle: Path) -> Iterator[KgshareContainer]:
    """The bundle's stack, started once and taken away at the end of the session."""
    from kgshare.errors import KgshareError

    try:
        from kgshare.testing.container import KgshareContainer
    except ImportError as error:
        pytest.fail(f"{error}: the fixtures need `pip install kgshare[testing]`", pytrace=False)
    stack = KgshareContainer(kgshare_bundle)
    try:
        stack.start()
    except KgshareError as error:
        pytest.fail(f"the stack of {kgshare_bundle} does not start: {error}", pytrace=False)
    try:
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def kgshare_driver(kgshare_stack: KgshareContainer) -> Driver:
    """A `neo4j` driver of the stack's database, for the whole session; it resets nothing."""
    return kgshare_stack.get_driver()


@pytest.fixture(scope="session")
def kgshare_page(kgshare_stack: KgshareContainer) -> str:
    """Where the stack's page opens."""
    return kgshare_stack.page


@pytest.fixture
def kgshare_graph(kgshare_stack: KgshareContainer) -> Iterator[TestGraph]:
    """The seeded graph for one test: reset before it and after it, which costs next to nothing where nothing changed."""
    kgshare_stack.reset()
    yield TestGraph(kgshare_stack.get_driver(), kgshare_stack.page, kgshare_stack)
    kgshare_stack.reset()
