"""What Dagger is asked for by a build: each query as a person has read it, recorded at the client's connection by a stand-in.

That an engine carries them out is another test's claim (tests/integration/test_engines_dagger.py), which needs one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from graphql import parse, print_ast
from tests.dagger_session import StandIn, session
from tests.unit.image_archive import write_oci

from kgshare.engines import BuildRequest, FilesystemTar, ImageTar
from kgshare.engines.dagger import DaggerEngine
from kgshare.images.build import dockerfile
from kgshare.project import read_project

HERE = Path(__file__).parent / "dagger"
HERBARIUM = read_project(Path(__file__).parents[1] / "projects" / "herbarium")
TARGETS = {"runtime": "result", "seed": "result", "database": "database", "application": "application"}
ARGUMENTS = {"runtime": {"MODULES": "java.base,java.sql"}, "database": {"TITLE": "a b", "VERSION": "1.0"}}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_build_is_one_query(
    name: str, golden: Callable[[Path, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, out = tmp_path / "context", tmp_path / "out"
    context.mkdir()
    out.mkdir()
    (context / "Dockerfile").write_text(dockerfile(name, HERBARIUM))
    kind = ImageTar if TARGETS[name] == name else FilesystemTar
    request = BuildRequest(
        dockerfile=context / "Dockerfile", context=context, target=TARGETS[name], platform="linux/arm64",
        args=ARGUMENTS.get(name, {}), epoch=42, output=kind(path=out / "made.tar"),
    )  # fmt: skip
    stand_in = StandIn(exports=write_oci(tmp_path / "image.tar", [{"a": b"a"}]))
    with session(stand_in) as variables:
        for key, value in variables.items():
            monkeypatch.setenv(key, value)
        DaggerEngine().build(request)
    [connecting, query] = stand_in.queries
    assert connecting.split() == ["{", "version", "}"]
    exported = next(line.split('"')[1] for line in query.splitlines() if ".dagger-" in line)
    told = query.replace(str(context), "CONTEXT").replace(exported, "OUT")
    golden(HERE / f"{name}.graphql", print_ast(parse(told)) + "\n")
