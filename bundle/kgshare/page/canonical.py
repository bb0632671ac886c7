"""Between JSON of the page and canonical text, which is what changes are made of."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from kgshare.canonical.values import (
    INT_MAX,
    INT_MIN,
    KINDS,
    NotCanonical,
    Temporal,
    decode,
    encode,
    make_point,
)
from kgshare.page.panels import BadParameter
from kgshare.page.values import plain, typed

TYPES = ("string", "int", "float", "boolean", *sorted(KINDS), "point", "list", "bytes")
_AS_IN = {
    "date": "2014-07-24",
    "datetime": "2014-07-24T10:30:00Z",
    "duration": "P1DT2S",
    "localdatetime": "2014-07-24T10:30:00",
    "localtime": "10:30:00",
    "time": "10:30:00Z",
}


def text_of(given: Any) -> str:
    """The canonical text of ``{"type": …, "value": …}``; a list's items have the type that ``items`` names.

    Raises:
        BadParameter: it is no value of that type; says how one is written.
    """
    if not isinstance(given, Mapping) or given.get("type") not in TYPES or "value" not in given:
        raise BadParameter(f"a value is needed as {{type, value}}, its type one of {', '.join(TYPES)}")
    try:
        return encode(_value(given["type"], given["value"], given.get("items")))
    except KeyError as error:
        raise BadParameter(f"{error} is missing in the value") from None
    except (NotCanonical, ValueError, TypeError, binascii.Error) as error:
        raise BadParameter(str(error)) from None


def _value(kind: str, value: Any, items: Any) -> Any:
    if kind == "list":
        names = [items] if isinstance(items, str) else list(items or [])
        if not isinstance(value, list) or len(names) > 1 or (value and not names):
            raise ValueError("a list is needed whose items are of one type")
        return [_value(names[0], item, None) for item in value]
    if kind == "point":
        axes = ("longitude", "latitude", "height") if value["srid"] in (4326, 4979) else ("x", "y", "z")
        return make_point(value["srid"], [float(value[axis]) for axis in axes if axis in value])
    if kind == "bytes":
        return base64.b64decode(str(value), validate=True)
    if kind in KINDS:
        return _temporal(kind, str(value).strip())
    return _plain(kind, value)


def _plain(kind: str, value: Any) -> Any:
    if kind == "string":
        if not isinstance(value, str):
            raise ValueError("a text is needed")
        return value
    if kind == "boolean":
        if str(value).lower() not in ("true", "false"):
            raise ValueError(f"{value!r} is neither true nor false")
        return str(value).lower() == "true"
    number = str(value).strip()
    if kind == "float":
        return float(number)
    if not number.lstrip("+-").isdigit() or not INT_MIN <= int(number) <= INT_MAX:
        raise ValueError(f"{value!r} is no whole number of 64 bits")
    return int(number)


def _temporal(kind: str, text: str) -> Temporal:
    try:
        found = decode(f'{kind}("{text}")')
    except NotCanonical:
        raise ValueError(f"{text!r} is no {kind}; one is written as {_AS_IN[kind]}") from None
    assert isinstance(found, Temporal)
    return found


def typed_text(text: str | None) -> dict[str, Any] | None:
    """``{"type": …, "value": …}`` of a canonical text, as the page's other values are; None of None."""
    if text is None:
        return None
    value = decode(text)
    if isinstance(value, list):
        found = [_typed(item) for item in value]
        return {
            "type": "list",
            "value": [f["value"] for f in found],
            "items": sorted({f["type"] for f in found}),
        }
    return _typed(value)


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, Temporal):
        return {"type": value.kind, "value": value.text}
    return typed(value)


def key_of(pairs: tuple[tuple[str, Any], ...]) -> list[str]:
    """The values of a key as they stand in an address."""
    return [_written(value) for _, value in pairs]


def _written(value: Any) -> str:
    if isinstance(value, Temporal):
        return value.text
    shown = plain(value)
    return str(shown).lower() if isinstance(shown, bool) else str(shown)
