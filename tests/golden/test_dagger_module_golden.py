"""The Dagger module that other projects call: what its functions ask the engine for, and what its callers are told.

Recorded by a stand-in, as the queries of a build are; no engine has run the module here.
"""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import Any

import dagger
import pytest
from dagger import dag
from kgshare_dagger import PACKAGES, Kgshare
from tests.dagger_session import StandIn, session

from kgshare.engines.dagger import ENGINE

HERE, ROOT = Path(__file__).parent / "dagger", Path(__file__).parents[2]
MODULE = ROOT / "bundle" / "dagger-module"
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f anna"
Call = Callable[[Kgshare, dagger.Directory], Coroutine[Any, Any, Any]]
CALLS: dict[str, Call] = {
    "build": lambda module, project: module.build(project),
    "check": lambda module, project: module.check(project),
    "publish": lambda module, project: module.publish(
        project, "oci://registry.example.org/herbarium", dag.secret("env://KEY"), PUBLIC,
        passphrase=dag.secret("env://PASSPHRASE"), login=dag.secret("file://config.json"),
    ),
}  # fmt: skip


def call(of: Call) -> Coroutine[Any, Any, Any]:
    """A function called with folders of the caller's machine; nothing is asked before it is awaited."""
    return of(Kgshare(kgshare=dag.host().directory("KGSHARE")), dag.host().directory("PROJECT"))


@pytest.fixture(scope="module")
def queries() -> dict[str, list[str]]:
    """What each function asks for, without the questions for the ids of what it is given."""
    stand_in, asked = StandIn(), {}

    async def run() -> None:
        async with await dagger.connect():  # the module's client is one for the process
            for name, of in CALLS.items():
                stand_in.queries.clear()
                await call(of)
                asked[name] = [query for query in stand_in.queries if query.startswith("{\n  container")]

    with pytest.MonkeyPatch.context() as patch, session(stand_in) as variables:
        for key, value in variables.items():
            patch.setenv(key, value)
        asyncio.run(run())
    return asked


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_function_is_one_container_that_runs_kgshares_own_command(
    name: str, golden: Callable[[Path, str], None], queries: dict[str, list[str]]
) -> None:
    [query] = queries[name]
    query, times = re.subn(r'(name: "KGSHARE_CALLED"\s+value: )"[^"]+"', r'\1"NOW"', query)
    assert times == 1, "else Dagger gives the answer of an earlier call"
    golden(HERE / f"module-{name}.graphql", query + "\n")


def test_a_key_without_the_line_that_names_it_is_refused() -> None:
    with pytest.raises(ValueError, match="the line that `kgshare key show` prints"):
        asyncio.run(call(lambda module, project: module.build(project, dag.secret("env://KEY"))))


def test_the_module_is_for_the_engine_that_kgshare_is_written_for_and_says_what_each_argument_is() -> None:
    said = json.loads((MODULE / "dagger.json").read_text())
    assert said["engineVersion"] == f"v{ENGINE}"
    entry = tomllib.loads((MODULE / "pyproject.toml").read_text())["project"]["entry-points"]["dagger.mod"]
    package, _, name = entry["main_object"].partition(":")
    main = getattr(import_module(package), name)
    assert main is Kgshare
    functions = main.__dagger_module__._objects[name].functions
    assert sorted(functions) == ["build", "check", "publish"]
    for function in functions.values():
        assert len(function.doc) > 40
        assert all(len(parameter.doc) > 20 for parameter in function.parameters.values())


def test_the_container_has_what_a_build_needs_of_debian() -> None:
    lines = (ROOT / ".ci" / "system.sh").read_text().splitlines()
    [clone, build] = (
        next(line for line in lines if line.startswith(name)) for name in ("NEEDS_CLONE=", "NEEDS_BUILD=")
    )
    needed = {need.partition("=")[2] for line in (clone, build) for need in line.split('"')[1].split()}
    assert needed <= set(PACKAGES)
