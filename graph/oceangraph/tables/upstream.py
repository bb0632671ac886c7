"""Readers of upstream files: chunks of text columns with the line each row stands in; nothing is interpreted here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kgshare.errors import Problem, SeedError

CHUNK_ROWS = 100_000


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """The folder that holds the upstream files, each at its path below it."""

    folder: Path

    def path(self, name: str) -> Path:
        """The file of that name; SeedError where there is none."""
        found = self.folder / name
        if not found.is_file():
            raise SeedError(
                Problem(
                    message=f"there is no {name} in {self.folder}",
                    hint="see data/README.md for what is needed",
                )
            )
        return found


def argo_index(upstream: Upstream, name: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Chunks of an Argo index or greylist: text columns and ``line``.

    Index files begin with comment lines (``#``), then one header line; the greylist has only the header.
    Format: Argo user's manual, doi:10.13155/29825.
    """
    path = upstream.path(name)
    comments = next((n for n, line in enumerate(_lines(path, name)) if not line.startswith("#")), 0)
    yield from _chunks(path, name, columns, header=comments)


def exchange_comments(upstream: Upstream, name: str) -> list[str]:
    """The comment lines of a WHP-Exchange file, its first line among them, in order."""
    found: list[str] = []
    for number, line in enumerate(_lines(upstream.path(name), name)):
        if number and not line.startswith("#"):
            break
        found.append(line)
    return found


def exchange_bottles(upstream: Upstream, name: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Chunks of a WHP-Exchange bottle file: stripped text columns and ``line``; the units are checked by the caller.

    After the comments stand a header line, a line of units, the data, and ``END_DATA``. A file without ``END_DATA``
    is cut off, and refused. Format: WHP-Exchange description, https://exchange-format.readthedocs.io.
    """
    path = upstream.path(name)
    comments = len(exchange_comments(upstream, name))
    last = ""
    for chunk in _chunks(path, name, columns, header=comments):
        first = str(columns[0])
        ends = chunk[first] == "END_DATA"
        last = "END_DATA" if ends.any() else last
        units = chunk["line"] == comments + 2
        yield chunk[~ends & ~units]
    if last != "END_DATA":
        raise SeedError(Problem(message="the file ends without END_DATA: it is cut off", where=name))


def exchange_units(upstream: Upstream, name: str) -> dict[str, str]:
    """Column → unit, as the line after the header has it."""
    comments = len(exchange_comments(upstream, name))
    with upstream.path(name).open(encoding="utf-8") as file:
        rows = [
            line.rstrip("\r\n").split(",") for n, line in enumerate(file) if n in (comments, comments + 1)
        ]
    if len(rows) != 2:
        raise SeedError(
            Problem(message="there is no header and line of units after the comments", where=name)
        )
    return dict(zip((c.strip() for c in rows[0]), (u.strip() for u in rows[1]), strict=False))


def nvs(upstream: Upstream, name: str) -> list[dict[str, Any]]:
    """The concepts of a NERC Vocabulary Server table in JSON-LD, sorted by their notation."""
    document = _json(upstream, name)
    try:
        graph = document["data"]["@graph"]
    except (KeyError, TypeError) as error:
        raise SeedError(Problem(message="this is no NVS table: it has no data/@graph", where=name)) from error
    return sorted((c for c in graph if "skos:notation" in c), key=lambda c: str(c["skos:notation"]))


def geojson_features(upstream: Upstream, name: str) -> Iterable[dict[str, Any]]:
    """The features of a GeoJSON file."""
    document = _json(upstream, name)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise SeedError(Problem(message="this is no GeoJSON feature collection", where=name))
    return features


def _lines(path: Path, name: str) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        try:
            for line in file:
                yield line.rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise SeedError(Problem(message=f"the file is not UTF-8: {error.reason}", where=name)) from error


def _json(upstream: Upstream, name: str) -> Any:
    try:
        return json.loads(upstream.path(name).read_text(encoding="utf-8"))
    except ValueError as error:
        raise SeedError(Problem(message=f"this is no JSON: {error}", where=name)) from error


def _chunks(path: Path, name: str, columns: Sequence[str], *, header: int) -> Iterator[pd.DataFrame]:
    try:
        first = pd.read_csv(path, skiprows=header, nrows=0, dtype=str, skipinitialspace=True)
    except pd.errors.EmptyDataError as error:
        raise SeedError(Problem(message="there is no header line", where=f"{name}:{header + 1}")) from error
    present = [str(c).strip() for c in first.columns]
    missing = [c for c in columns if c not in present]
    if missing:
        raise SeedError(
            *(Problem(message=f"there is no column {c}", where=f"{name}:{header + 1}") for c in missing)
        )
    reader = pd.read_csv(
        path,
        skiprows=header + 1,
        header=None,
        names=present,
        dtype=str,
        keep_default_na=False,
        chunksize=CHUNK_ROWS,
        encoding="utf-8",
        skip_blank_lines=False,
    )
    try:
        for chunk in reader:
            # Where the first row has more cells than the header, pandas takes the surplus for an index.
            if not isinstance(chunk.index, pd.RangeIndex):
                raise SeedError(
                    Problem(message="more cells than the header has", where=f"{name}:{header + 2}")
                )
            kept = chunk.reindex(columns=list(columns)).fillna("").apply(lambda c: c.str.strip())
            kept["line"] = chunk.index + header + 2
            yield kept
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise SeedError(Problem(message=f"this is no table: {error}", where=name)) from error
