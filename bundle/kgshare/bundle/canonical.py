"""Canonical JSON: the one spelling of a JSON document, and a reader that accepts no other.

Keys sorted, no spaces, UTF-8 unescaped, integers only, no trailing newline. It is what RFC 8785 gives for documents
without fractions and with keys in the basic plane, which all of a bundle's are.
"""

from __future__ import annotations

import json
from typing import Any


class NotCanonicalError(ValueError):
    """The bytes are not JSON, or not in the canonical form; the message says which."""


def dump(value: Any) -> bytes:
    """The canonical bytes of a value made of dicts with string keys, lists, strings, integers, booleans and None."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotCanonicalError(f"the key {key!r} occurs twice")
        found[key] = value
    return found


def _no_fraction(text: str) -> Any:
    raise NotCanonicalError(f"the number {text} is not an integer")


def parse(data: bytes) -> Any:
    """Read JSON of any spelling, but without duplicate keys and fractions.

    Raises:
        NotCanonicalError: it is not such a document.
    """
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
    except NotCanonicalError:
        raise
    except (ValueError, RecursionError) as error:
        raise NotCanonicalError(f"is not JSON: {error}") from error


def load(data: bytes) -> Any:
    """Read canonical JSON.

    Raises:
        NotCanonicalError: the bytes are not what `dump` writes.
    """
    value = parse(data)
    try:
        same = dump(value) == data
    except (ValueError, RecursionError) as error:
        raise NotCanonicalError(f"is not canonical JSON: {error}") from error
    if not same:
        raise NotCanonicalError(
            "is not canonical JSON (sorted keys, no spaces, nothing escaped that need not be)"
        )
    return value
