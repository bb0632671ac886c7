"""The data sets of a project as parts of what is handed on: whose they are, under which terms, and their files by digest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from kgshare.attest.names import CITATION, FILE, ORIGIN, TERMS
from kgshare.attest.parts import Part
from kgshare.project.model import DataSet
from kgshare.steps import file_digest, files_below

DOI = "https://doi.org/"


def data_parts(datasets: Iterable[DataSet], root: Path) -> tuple[Part, ...]:
    """A part for each data set; ``root`` is the folder that their files are below."""
    return tuple(_part(dataset, root) for dataset in datasets)


def _part(dataset: DataSet, root: Path) -> Part:
    files = [file for name in dataset.files for file in files_below(root / name, root)]
    held = [(file.relative_to(root).as_posix(), file_digest(file)) for file in sorted(set(files))]
    address = _address(dataset.origin)
    said = ((CITATION, dataset.citation), (TERMS, dataset.terms), (ORIGIN, "" if address else dataset.origin))
    return Part(
        ref=f"data/{dataset.name}", kind="data", name=dataset.name, version=dataset.version, licences=(dataset.licence,),
        description=dataset.title, origin=address, sha256=held[0][1] if len(held) == 1 else "",
        properties=(*(fact for fact in said if fact[1]), *((FILE, f"{name} sha256:{digest}") for name, digest in held)),
    )  # fmt: skip


def _address(origin: str) -> str:
    """What a browser can open of an origin; empty where it is said in words."""
    if origin.startswith("doi:"):
        return f"{DOI}{origin.removeprefix('doi:')}"
    return origin if re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", origin) else ""
