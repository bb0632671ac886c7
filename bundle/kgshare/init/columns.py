"""Values as cells of a project's CSV tables and, where a cell cannot say them, as Cypher literals.

The cells are those that `kgshare.seeding.cells` reads back; types are those of the manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kgshare.canonical.schema import quoted
from kgshare.canonical.values import NotCanonical, temporal
from kgshare.seeding.cells import BadValue, reader

# Cypher's names of types (valueType(), without NOT NULL) → the manifest's.
PLAIN: Mapping[str, str] = {
    "STRING": "string", "INTEGER": "int", "FLOAT": "float", "BOOLEAN": "boolean", "POINT": "point",
}  # fmt: skip
TEMPORAL: Mapping[str, str] = {
    "DATE": "date", "LOCAL DATETIME": "localdatetime", "ZONED DATETIME": "datetime", "LOCAL TIME": "localtime",
    "ZONED TIME": "time", "DURATION": "duration",
}  # fmt: skip
# Elements of a list are separated by this in a cell, so a text that has it is none.
_BETWEEN = ";"


class Unsayable(ValueError):
    """A value that neither a cell nor a literal can say."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A property as a column.

    Attributes:
        name: of the property.
        type: the manifest's; None where no cell can hold what most records have.
        as_text: Neo4j is asked for the text of it, as the driver's classes cannot hold every time there is.
    """

    name: str
    type: str | None
    as_text: bool = False

    def expression(self, variable: str) -> str:
        """What to return for it."""
        value = f"{variable}.{quoted(self.name)}"
        if not self.as_text:
            return value
        if self.type and self.type.endswith("[]"):
            return f"[x IN {value} | toString(x)]"
        return f"toString({value})"


def column(name: str, types: Mapping[str, int]) -> Column:
    """The column of a property whose values have these types, as ``valueType`` names them, so many times each."""
    counts: dict[str, int] = {}
    for told, count in types.items():
        plain = told.replace(" NOT NULL", "")
        counts[plain] = counts.get(plain, 0) + count
    best = max(sorted(counts), key=lambda kind: counts[kind])
    inner = best.removeprefix("LIST<").removesuffix(">")
    known = PLAIN.get(inner) or TEMPORAL.get(inner)
    type_ = None if known is None else known + ("[]" if inner != best else "")
    return Column(name=name, type=type_, as_text=len(counts) == 1 and inner in TEMPORAL)


def cell_writer(item: Column) -> Callable[[Any], str | None]:
    """The function that gives the text of a value's cell, or None where a cell cannot say it."""
    if item.type is None:
        return lambda value: None
    if item.type.endswith("[]"):
        one = _one(item.type[:-2], item.as_text)

        def many(value: Any) -> str | None:
            if not isinstance(value, list) or not value:
                return None
            texts = [one(part) for part in value]
            good = [text for text in texts if text and _BETWEEN not in text]
            return _BETWEEN.join(good) if len(good) == len(value) else None

        return many
    return _one(item.type, item.as_text)


def _one(kind: str, as_text: bool) -> Callable[[Any], str | None]:
    if kind == "string":
        return lambda value: value or None if type(value) is str else None
    if kind == "int":
        return lambda value: str(value) if type(value) is int else None
    if kind == "float":
        return lambda value: repr(value) if type(value) is float else None
    if kind == "boolean":
        return lambda value: ("true" if value else "false") if type(value) is bool else None
    if kind == "point":
        return lambda value: _point(value) if hasattr(value, "srid") else None
    read = reader(kind)

    def time(value: Any) -> str | None:
        if not as_text:
            return None  # of several types: said by a literal
        try:
            read(value)
        except BadValue:
            return None
        return str(value)

    return time


def _point(value: Any) -> str:
    axes = ", ".join(f"{axis}: {float(part)!r}" for axis, part in zip("xyz", value, strict=False))
    return f"{{srid: {value.srid}, {axes}}}"


def literal(value: Any, item: Column | None = None) -> str:
    """A value as a Cypher literal.

    Args:
        value: as the driver, or as text Neo4j, gave it.
        item: its column, where that was asked for as text.

    Raises:
        Unsayable: Cypher has no literal for it (bytes).
    """
    if item is not None and item.as_text and item.type:
        kind = item.type.removesuffix("[]")
        if isinstance(value, list):
            return "[" + ", ".join(f"{kind}({_string(part)})" for part in value) + "]"
        return f"{kind}({_string(value)})"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if value > -(2**63) else f"({value + 1} - 1)"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return "[" + ", ".join(literal(part) for part in value) + "]"
    if isinstance(value, (bytes, bytearray)):
        raise Unsayable("an array of bytes")
    if hasattr(value, "srid"):
        return f"point({_point(value)})"
    try:
        found = temporal(value)
    except NotCanonical:
        raise Unsayable(f"a {type(value).__name__}") from None
    return f"{found.kind}({_string(found.text)})"


def _float(value: float) -> str:
    if value != value:
        return "(0.0 / 0.0)"
    if value in (float("inf"), float("-inf")):
        return "(1.0 / 0.0)" if value > 0 else "(-1.0 / 0.0)"
    return repr(value)


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
