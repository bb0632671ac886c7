"""Print everything pyproject.toml asks for, one requirement a line: what `./dev relock` locks.

The project's own extras, its development group and its build backend go into one environment, so that the editable
install needs no isolated (unlocked) build. The group names the project itself to pull its extras in; that line is
left out, as no index knows the project.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def declared(pyproject: Path) -> list[str]:
    """Every requirement of the project: run time, extras, groups, build backend; sorted, each once."""
    content = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    project = content["project"]
    lists = [
        project.get("dependencies", []),
        *project.get("optional-dependencies", {}).values(),
        *content.get("dependency-groups", {}).values(),
        content["build-system"]["requires"],
    ]
    own = project["name"]
    return sorted(
        {line for lines in lists for line in lines if line != own and not line.startswith(f"{own}[")}
    )


if __name__ == "__main__":
    print("\n".join(declared(Path(sys.argv[1]))))
