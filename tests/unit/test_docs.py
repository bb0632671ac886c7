"""The documentation cannot rot: its commands exist, its manifest is one, its links lead somewhere, all is exercised."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from kgshare.cli import app
from kgshare.project import Manifest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "data" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
END_TO_END = "\n".join(p.read_text() for p in sorted((ROOT / "tests" / "e2e").glob("*.py")))


def commands(command: Any = None, name: str = "") -> dict[str, Any]:
    """Every command of the command line by its words, e.g. ``cache export``."""
    command = command or typer.main.get_command(app)
    found: dict[str, Any] = {}
    for child, sub in getattr(command, "commands", {}).items():
        words = f"{name} {child}".strip()
        found |= commands(sub, words) if getattr(sub, "commands", {}) else {words: sub}
    return found


def lines_with_kgshare(page: Path) -> Iterator[list[str]]:
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words[:1] == ["kgshare"] or words[:3] == ["./dev", "run", "kgshare"]:
                yield words[words.index("kgshare") + 1 :]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_page_names_only_commands_and_options_that_exist(page: Path) -> None:
    known = commands()
    for words in lines_with_kgshare(page):
        name = next((n for n in (" ".join(words[:2]), words[0] if words else "") if n in known), None)
        assert name or words[:1] in ([], ["--help"]), f"kgshare {' '.join(words)}"
        if name:
            options = {o for p in known[name].params for o in p.opts} | {"--help"}
            asked = {w.partition("=")[0] for w in words if re.match(r"-{1,2}\w", w)}
            assert asked <= options, f"kgshare {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_link_leads_to_a_file_of_the_project(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        file = target.partition("#")[0]
        if file and not re.match(r"https?:|mailto:", file):
            assert (page.parent / file).exists(), target


def test_the_manifest_in_the_readme_is_one() -> None:
    [block] = re.findall(r"```yaml\n(kgshare: 1.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    manifest = Manifest.model_validate(yaml.safe_load(block))
    assert manifest.name == "herbarium"


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_is_exercised_as_a_user_types_it(name: str) -> None:
    words = ", ".join(f'"{word}"' for word in name.split())
    assert re.search(rf"(works|kgshare)\(\s*{words}", END_TO_END), f"no end-to-end test runs kgshare {name}"


def test_every_command_says_what_it_does_and_what_each_option_means() -> None:
    for name, command in commands().items():
        assert len(command.help or "") > 20, name
        assert all(p.help for p in command.params if p.name != "help"), name
