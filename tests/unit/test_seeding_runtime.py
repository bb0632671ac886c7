"""The seed stage runs where little is installed: what it may import, and what of kgshare it takes along."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import kgshare
from kgshare.project import read_project
from kgshare.seeding.plan import RUNTIME_SOURCES, seed_spec
from kgshare.seeding.spec import SeedSpec

ALLOWED = {
    "neo4j",
    "pytz",
    "pandas",
    "kgshare",
}  # pytz comes with the driver; pandas is imported for types only


def runtime_files() -> list[Path]:
    root = Path(kgshare.__file__).parent.parent
    named = [root / source for source in RUNTIME_SOURCES]
    return [file for path in named for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_the_stage_imports_the_standard_library_the_driver_and_its_own_sources_only() -> None:
    own = {
        source.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for source in RUNTIME_SOURCES
    }
    for file in runtime_files():
        if file.name == "plan.py":  # runs on the host
            continue
        for name in imported(file):
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names or top in ALLOWED, f"{file.name} imports {name}"
            if top == "kgshare":
                assert any(name == part or name.startswith(f"{part}.") for part in own), (
                    f"{file.name} imports {name}"
                )


def test_a_projects_specification_says_what_its_manifest_says() -> None:
    root = Path(__file__).parents[1] / "projects" / "herbarium"
    project = read_project(root)
    made = seed_spec(project, root="/project", java="java", lib="/lib", plugins=None, work="/w", out="/o")
    assert made.node_keys == project.manifest.identity.nodes
    assert len(made.steps) == len(project.manifest.seed)
    assert [check.name for check in made.checks] == [check.name for check in project.manifest.checks]
    assert SeedSpec.from_json(made.to_json()) == made
