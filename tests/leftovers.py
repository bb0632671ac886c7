"""What a test session started in Docker and did not take away: found by ownership, never by "new since".

Another session may use the same Docker at the same time, so only these are ours: Compose projects whose file lies in
this session's own state folder, and whatever carries one of this session's labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kgshare.doors.process import run

PROJECT_LABEL = "com.docker.compose.project"
FILES_LABEL = "com.docker.compose.project.config_files"

LIST = {
    "container": ["docker", "ps", "--all", "--quiet", "--no-trunc"],
    "network": ["docker", "network", "ls", "--quiet", "--no-trunc"],
    "volume": ["docker", "volume", "ls", "--quiet"],
}
REMOVE = {
    "container": ["docker", "rm", "--force", "--volumes"],
    "network": ["docker", "network", "rm"],
    "volume": ["docker", "volume", "rm", "--force"],
}


def sweep(state: Path, labels: Iterable[str]) -> list[str]:
    """Remove this session's containers, networks and volumes; returns what there was, as ``kind id``.

    Args:
        state: the session's state folder (``KGSHARE_STATE``); stacks have their folder and Compose file in it.
        labels: ``name=value`` that only this session gives.
    """
    owned = [*labels, *(f"{PROJECT_LABEL}={project}" for project in sorted(own_projects(state)))]
    removed: list[str] = []
    for kind in ("container", "network", "volume"):
        ids = sorted({found for label in owned for found in _listed(kind, label)})
        if ids:
            run([*REMOVE[kind], *ids])
            removed += [f"{kind} {found[:40]}" for found in ids]
    return removed


def own_projects(state: Path) -> set[str]:
    """Compose projects of the stacks in a state folder, less those that a stack elsewhere shares its name with."""
    folders = {path.name for path in state.rglob("*") if path.is_dir()}
    ours, foreign = set[str](), set[str]()
    labels = f'{{{{.Label "{PROJECT_LABEL}"}}}}\t{{{{.Label "{FILES_LABEL}"}}}}'
    listed = run([*LIST["container"][:3], "--filter", f"label={PROJECT_LABEL}", "--format", labels]).stdout
    for project, _, files in (line.partition("\t") for line in listed.splitlines()):
        inside = any(Path(file).is_relative_to(state) for file in files.split(","))
        (ours if inside else foreign).add(project)
    return (ours | folders) - foreign


def _listed(kind: str, label: str) -> list[str]:
    return run([*LIST[kind], "--filter", f"label={label}"]).stdout.split()
