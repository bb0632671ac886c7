"""Third-party judges that install as packages: hadolint over the Dockerfiles, compose-lint over the compose files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from kgshare.compose import ComposePlan, render_compose
from kgshare.doors.process import CommandFailed, run
from kgshare.images.build import dockerfile
from kgshare.project import read_project

ROOT = Path(__file__).parents[2]
HERBARIUM = read_project(ROOT / "tests/projects/herbarium")
BIN = Path(sys.executable).parent
# docs/reference/hardening.md says why each does not fit.
PIPEFAIL, DIGEST_BESIDE_TAG, SHARE_OF_PROCESSOR = "DL4006", "CL-0019", "CL-0026"


def hadolint(text: str, folder: Path, *ignored: str) -> set[str]:
    (folder / "Dockerfile").write_text(text)
    words = [word for rule in ignored for word in ("--ignore", rule)]
    found = json.loads(
        run([BIN / "hadolint", "--no-fail", "--format", "json", *words, folder / "Dockerfile"]).stdout
    )
    return {f"{row['code']} line {row['line']}: {row['message']}" for row in found}


@pytest.mark.parametrize("name", ["runtime", "seed", "review", "database", "application"])
def test_hadolint_finds_nothing_in_the_dockerfiles(name: str, tmp_path: Path) -> None:
    assert hadolint(dockerfile(name, HERBARIUM), tmp_path, PIPEFAIL) == set()


def test_hadolint_finds_nothing_in_the_dockerfile_of_an_example(tmp_path: Path) -> None:
    assert hadolint((ROOT / "tests/projects/lighthouse/app/Dockerfile").read_text(), tmp_path) == set()


def test_hadolint_does_look(tmp_path: Path) -> None:
    assert any("DL3002" in found for found in hadolint("FROM scratch\nUSER root\n", tmp_path))


def compose_lint(text: str, folder: Path) -> set[str]:
    (folder / "compose.yaml").write_text(text)
    argv = [
        BIN / "compose-lint",
        "check",
        "--format",
        "json",
        "--fail-on",
        "critical",
        folder / "compose.yaml",
    ]
    try:
        said = run(argv).stdout
    except CommandFailed as error:
        said = error.output
    return {row["rule_id"] for row in json.loads(said[said.index("{") : said.rindex("}") + 1])["findings"]}


@pytest.mark.parametrize("project", [".", "tests/projects/herbarium"])
def test_compose_lint_finds_nothing_in_the_compose_file(project: str, tmp_path: Path) -> None:
    text = render_compose(ComposePlan.of(read_project(ROOT / project).manifest))

    assert compose_lint(text, tmp_path) <= {DIGEST_BESIDE_TAG, SHARE_OF_PROCESSOR}


def test_compose_lint_does_look(tmp_path: Path) -> None:
    text = render_compose(ComposePlan.of(HERBARIUM.manifest)).replace("cap_drop: [ALL]", "privileged: true")

    assert len(compose_lint(text, tmp_path) - {DIGEST_BESIDE_TAG, SHARE_OF_PROCESSOR}) >= 2
