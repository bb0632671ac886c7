"""The manifest's data sets: from the list or the file that it names, strictly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kgshare.errors import ManifestError, Problem
from kgshare.project import rules
from kgshare.project.model import DataSet
from kgshare.project.yamlfile import load, problems_of

FILE: TypeAdapter[tuple[DataSet, ...]] = TypeAdapter(tuple[DataSet, ...])


def read_datasets(stated: str | tuple[DataSet, ...], lines: rules.Lines, file: Path) -> tuple[DataSet, ...]:
    """The data sets that a manifest states.

    Args:
        stated: what stands at ``datasets``.
        lines: the manifest's lines.
        file: the manifest.

    Raises:
        ManifestError: every mistake, by the file it is in and the line.
    """
    if not isinstance(stated, str):
        return _checked(stated, lines, file, file.name, ("datasets",))
    target = file.parent / stated
    if not target.exists():
        return ()  # said by those who look for every file that the manifest names
    try:
        data, own = load(target.read_bytes(), stated)
        return _checked(FILE.validate_python(data), own, file, stated, ())
    except OSError as error:
        raise ManifestError(Problem(message=f"cannot be read: {error.strerror}", where=stated)) from None
    except ValidationError as error:
        raise ManifestError(*problems_of(error, own, stated)) from None


def _checked(
    stated: Sequence[DataSet], lines: rules.Lines, file: Path, name: str, at: rules.Place
) -> tuple[DataSet, ...]:
    problems = []
    seen: set[str] = set()
    for index, row in enumerate(stated):
        wrong = list(_wrong(row, file.parent if name != file.name else None))
        if row.name in seen:
            wrong.append(("name", f"two data sets are named {row.name}", ""))
        seen.add(row.name)
        for key, message, hint in wrong:
            where = f"{name}:{rules.line_of(lines, (*at, index, key))}"
            problems.append(Problem(message=message, where=where, hint=hint))
    if problems:
        raise ManifestError(*problems)
    return tuple(stated)


def _wrong(row: DataSet, root: Path | None) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a data set: the key, a sentence, what to do. Files of a manifest's own list are looked for with it."""
    from kgshare.attest.words import unknown_in  # a second of SPDX, for those who name data sets

    if unknown := unknown_in(row.licence):
        hint = "SPDX expressions: https://spdx.org/licenses; terms of their own: LicenseRef-NAME, and `terms`"
        yield "licence", f"data set {row.name}: `{unknown}` is no licence that SPDX knows", hint
    if "LicenseRef-" in row.licence and not row.terms:
        yield (
            "licence",
            f"data set {row.name}: {row.licence} says nothing by itself",
            "say in `terms` what may be done",
        )
    for path in row.files if root else ():
        if root and not (root / path).exists():
            yield "files", f"there is no {path}", "paths start at the manifest's folder"
