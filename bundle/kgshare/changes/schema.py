"""The JSON Schema of a change set's file, for editors and forges: of what TOML's data is, with the date as a text."""

from __future__ import annotations

import json
from typing import Any

from kgshare.changes.rows import BASELINE, HEADER, KINDS, NAME, PROJECT

_LINE = {"type": "string", "pattern": r"^[^\n]*\S[^\n]*$"}
_VALUE = {"type": "string", "description": "a value's canonical text"}
_KEYS: dict[str, dict[str, Any]] = {
    "record": {"type": "string", "description": "an identity: of a node or a relationship"},
    "rename": {"type": "string", "description": "the node's identity afterwards"},
    "property": {"type": "string"},
    "element": {"type": "integer", "minimum": 0},
    "label": {"type": "string"},
    "add": {"type": "string", "description": "a record's canonical text, and a line feed"},
    "remove": {"type": "string", "description": "a record's canonical text, and a line feed"},
}


def json_schema() -> str:
    """The schema's text."""
    header: dict[str, Any] = {
        "kgshare": {"const": HEADER, "description": "version of this format"},
        "title": _LINE,
        "author": _LINE,
        "date": {"type": "string", "format": "date-time"},
        "reason": {"type": "string", "pattern": r"\S"},
        "references": {"type": "array", "items": _LINE, "minItems": 1, "uniqueItems": True},
        "project": {"type": "string", "pattern": f"^{PROJECT}$"},
        "baseline": {"type": "string", "pattern": f"^{BASELINE}$"},
        "follows": {
            "type": "array",
            "items": {"type": "string", "pattern": f"^{NAME}$"},
            "minItems": 1,
            "uniqueItems": True,
        },
        "change": {
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": [_kind(*kind) for kind in KINDS.items()]},
        },
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kgshare change set",
        "type": "object",
        "properties": header,
        "required": [key for key in header if key not in ("references", "follows")],
        "additionalProperties": False,
    }
    return json.dumps(schema, indent=2) + "\n"


def _kind(needed: frozenset[str], optional: tuple[str, ...]) -> dict[str, Any]:
    value = {"type": "boolean"} if "label" in needed else _VALUE
    keys = [key for key in (*_KEYS, "before", "after") if key in needed or key in optional]
    return {
        "type": "object",
        "properties": {key: _KEYS.get(key, value) for key in keys},
        "required": [key for key in keys if key in needed],
        "additionalProperties": False,
    }
