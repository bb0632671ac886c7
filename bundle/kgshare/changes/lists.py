"""The elements of a list's canonical text."""

from __future__ import annotations

from collections.abc import Sequence

from kgshare.canonical.values import Temporal, decode, encode


def elements(value: str) -> list[str] | None:
    """The canonical texts of a list's elements; ``None`` where the value is no list."""
    return [encode(item) for item in decode(value)] if value.startswith("[") else None


def list_text(items: Sequence[str]) -> str:
    """The list's text again."""
    return f"[{', '.join(items)}]"


def kind(value: str) -> str:
    """The type of a value that is no list, such that one list may hold values of one kind."""
    found = decode(value)
    if isinstance(found, Temporal):
        return found.kind
    srid = getattr(found, "srid", None)  # a point's coordinate system
    return f"point {srid}" if srid else type(found).__name__
