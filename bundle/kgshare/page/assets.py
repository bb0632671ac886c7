"""Front-end libraries as they come from npm: what is served under ``/assets/PACKAGE/FILE``, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Asset:
    """An npm package at an exact version, and those of its files that the page loads.

    Attributes:
        name: npm package.
        version: exact version; the lock adds the integrity.
        files: paths inside the package; only these are served.
        licence: SPDX expression.
    """

    name: str
    version: str
    files: tuple[str, ...]
    licence: str


# As few pre-built files as possible, all of which do without `eval`, so that the content security
# policy can forbid it.
ASSETS: tuple[Asset, ...] = (
    Asset(name="cytoscape", version="3.34.4", files=("dist/cytoscape.esm.min.mjs",), licence="MIT"),
    Asset(
        name="codemirror",
        version="5.65.21",
        files=(
            "lib/codemirror.js",
            "lib/codemirror.css",
            "mode/cypher/cypher.js",
            "addon/edit/matchbrackets.js",
            "addon/hint/show-hint.js",
            "addon/hint/show-hint.css",
        ),
        licence="MIT",
    ),
)


def served(assets: Iterable[Asset], root: Path) -> dict[str, Path]:
    """Path below ``/assets/`` → file below the assets root, for the files that the given assets list."""
    return {f"{a.name}/{f}": root / a.name / f for a in assets for f in a.files}
