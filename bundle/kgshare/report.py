"""Every command ends in a value: a report, rendered as text for people or as versioned JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from kgshare import __version__
from kgshare.errors import KgshareError
from kgshare.shown import printable_json


class Report(Protocol):
    """What a command returns: a frozen dataclass with a schema name and a text rendering."""

    schema: ClassVar[str]

    def text(self) -> str:
        """The report for a person, without a trailing newline."""
        ...


def plain(value: Any) -> Any:
    """Turn a dataclass, enum, path, date or collection of them into what JSON holds."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):  # a pydantic model, whose keys may be spelt otherwise in a file
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(v) for v in value]
    return value


def envelope(schema: str, result: Any, errors: Sequence[Mapping[str, str]] = ()) -> str:
    """The JSON every ``--json`` prints: ``{"schema", "version", "result", "errors"}``."""
    body = {
        "schema": f"kgshare.{schema}/v1",
        "version": __version__,
        "result": plain(result),
        "errors": list(errors),
    }
    return printable_json(json.dumps(body, indent=2, ensure_ascii=False))


def error_rows(error: KgshareError) -> list[dict[str, str]]:
    """The problems of an error as the rows of an envelope's ``errors``."""
    return [
        {"kind": p.kind or error.kind, "message": p.message, "where": p.where, "hint": p.hint}
        for p in error.problems
    ]
