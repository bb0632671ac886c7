"""What a schema is made of: properties with type, unit and vocabulary, labels with their keys, relationship types."""

from __future__ import annotations

from dataclasses import dataclass

TYPES = frozenset({"string", "int", "float", "date", "datetime", "point", "string[]"})


@dataclass(frozen=True, kw_only=True)
class Property:
    """A property of a node or a relationship.

    Attributes:
        name: its name in the graph, and its column's in the table.
        type: one of `TYPES`; lists are separated by ``|`` in a table.
        unit: UDUNITS spelling, one of `oceangraph.units.UNITS`; empty for what has no unit.
        text: what it means.
        required: every record has it.
        low: smallest valid value, or None.
        high: largest valid value, or None.
        term: label of the vocabulary whose key the value must be; empty for free values.
        scheme: the FlagScheme that the value is a flag of; empty for what is no flag.
        made: the seed makes it from other columns; no table holds it.
        detail: it stands in the label's table of details, which has rows for some records only.
    """

    name: str
    type: str = "string"
    unit: str = ""
    text: str = ""
    required: bool = False
    low: float | None = None
    high: float | None = None
    term: str = ""
    scheme: str = ""
    made: bool = False
    detail: bool = False


@dataclass(frozen=True, kw_only=True)
class NodeKind:
    """A label with its key.

    Attributes:
        label: the label that has the key.
        table: the CSV file in ``data/`` that it is read from; empty for what is derived when the graph is seeded.
        text: what it is.
        key: the properties that make a record the same record.
        also: labels that stand beside it.
        properties: what it may have.
        group: the part of the diagram it is drawn in.
        details: a second CSV file with properties of some of the records, by the same key; empty where there is none.
        optional: the table may be absent: nothing of the kind was imported.
    """

    label: str
    text: str
    group: str
    table: str = ""
    key: tuple[str, ...] = ("id",)
    also: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    details: str = ""
    optional: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The declared label first, then the others."""
        return (self.label, *self.also)

    @property
    def columns(self) -> tuple[Property, ...]:
        """The properties that its table holds."""
        return tuple(p for p in self.properties if not (p.made or p.detail))

    @property
    def detail_columns(self) -> tuple[Property, ...]:
        """The properties that its table of details holds, without the key."""
        return tuple(p for p in self.properties if p.detail)


@dataclass(frozen=True, kw_only=True)
class RelationshipKind:
    """A relationship type: which labels it joins, its properties, and what tells two between the same nodes apart."""

    type: str
    ends: tuple[tuple[str, str], ...]
    text: str
    properties: tuple[Property, ...] = ()
    discriminator: tuple[str, ...] = ()


def key(text: str, name: str = "id") -> Property:
    """The key property of a label."""
    return Property(name=name, text=text, required=True)


def flag(name: str, text: str, scheme: str, *, detail: bool = False) -> Property:
    """A quality flag of that scheme."""
    return Property(name=name, type="int", text=text, low=0, high=9, scheme=scheme, detail=detail)


NAME = Property(name="name", text="What a person calls it", required=True)
TEXT = Property(name="description", text="A definition or remark, as the source words it")
URI = Property(name="uri", text="NVS concept")
PLACE = (
    Property(name="latitude", type="float", unit="degree_north", text="Latitude, WGS 84", low=-90, high=90),
    Property(
        name="longitude", type="float", unit="degree_east", text="Longitude, WGS 84", low=-180, high=180
    ),
    Property(name="position", type="point", text="Latitude and longitude as a WGS 84 point", made=True),
)
