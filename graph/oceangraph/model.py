"""The schema of the ocean graph as a value: labels, keys, properties with type and unit, relationship types.

Seed, check, the manifest's ``identity`` and the documentation are all made from `NODES` and `RELATIONSHIPS`.
Property names are those of CF and of the CCHDO's netCDF files, in snake case; units are written as UDUNITS does.
"""

from __future__ import annotations

from dataclasses import dataclass

from oceangraph import whp

UNITS = frozenset({"1", "m", "dbar", "degC", "degree_north", "degree_east", *whp.UNITS.values()})
TYPES = frozenset({"string", "int", "float", "date", "datetime", "point", "string[]"})


@dataclass(frozen=True, kw_only=True)
class Property:
    """A property of a node or a relationship.

    Attributes:
        name: its name in the graph, and its column's in the table.
        type: one of `TYPES`; lists are separated by ``|`` in a table.
        unit: UDUNITS spelling; empty for what has no unit.
        text: what it means.
        required: every record has it.
        low: smallest valid value, or None.
        high: largest valid value, or None.
    """

    name: str
    type: str = "string"
    unit: str = ""
    text: str = ""
    required: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class NodeKind:
    """A label with its key; ``also`` are the labels that stand beside it; ``table`` is the CSV file it is read from."""

    label: str
    table: str
    text: str
    key: tuple[str, ...] = ("id",)
    also: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The declared label first, then the others."""
        return (self.label, *self.also)

    @property
    def columns(self) -> tuple[Property, ...]:
        """The properties that a table holds: all but points, which are made from latitude and longitude."""
        return tuple(p for p in self.properties if p.type != "point")


@dataclass(frozen=True, kw_only=True)
class RelationshipKind:
    """A relationship type: which labels it joins, its properties, and what tells two between the same nodes apart."""

    type: str
    ends: tuple[tuple[str, str], ...]
    text: str
    properties: tuple[Property, ...] = ()
    discriminator: tuple[str, ...] = ()


def _id(text: str, name: str = "id") -> Property:
    return Property(name=name, text=text, required=True)


_NAME = Property(name="name", text="What a person calls it", required=True)
_TEXT = Property(name="description", text="A definition or remark, as the source words it")
_PLACE = (
    Property(name="latitude", type="float", unit="degree_north", text="Latitude, WGS 84", low=-90, high=90),
    Property(
        name="longitude", type="float", unit="degree_east", text="Longitude, WGS 84", low=-180, high=180
    ),
    Property(name="position", type="point", text="Latitude and longitude as a WGS 84 point"),
)


def _measured() -> tuple[Property, ...]:
    found: list[Property] = []
    for column in whp.COLUMNS:
        unit = whp.UNITS[column.unit]
        found.append(
            Property(name=column.name, type="float", unit=unit, text=f"{column.title} ({column.whp})")
        )
        if column.scheme:
            text = f"Flag of {column.name}, see QCFlag {column.scheme}"
            found.append(Property(name=f"{column.name}_qc", type="int", text=text, low=0, high=9))
    return tuple(found)


NODES: tuple[NodeKind, ...] = (
    NodeKind(
        label="Dataset",
        table="datasets.csv",
        text="Where facts come from: with citation and licence",
        properties=(
            _id("Short name"),
            _NAME,
            Property(name="doi", text="DOI without resolver"),
            Property(name="citation", text="How to cite it", required=True),
            Property(name="licence", text="Terms of use", required=True),
            Property(name="version_date", type="date", text="Date of the version used, as it says itself"),
        ),
    ),
    NodeKind(
        label="Programme",
        table="programmes.csv",
        text="An observing programme",
        properties=(_id("Short name"), _NAME, _TEXT),
    ),
    NodeKind(
        label="Institution",
        table="institutions.csv",
        text="An Argo data centre or institution (NVS R04)",
        key=("code",),
        properties=(_id("R04 code", "code"), _NAME, _TEXT, Property(name="uri", text="NVS concept")),
    ),
    NodeKind(
        label="PlatformType",
        table="platform_types.csv",
        text="A WMO instrument type of a float (NVS R08)",
        key=("code",),
        properties=(
            _id("WMO instrument type, without leading zero", "code"),
            _NAME,
            _TEXT,
            Property(name="uri", text="NVS concept"),
            Property(name="also_written", type="string[]", text="Other spellings of the code met in files"),
        ),
    ),
    NodeKind(
        label="SeaArea",
        table="sea_areas.csv",
        text="An ocean or sea with simplified limits after IHO S-23 (1953)",
        properties=(
            _id("Short name"),
            _NAME,
            Property(name="s23", text="Number in IHO S-23, third edition; empty for a whole ocean"),
            Property(name="argo_ocean", text="Argo's ocean code: A, P or I", required=True),
            Property(name="limits", text="Simplified limits, WKT polygon, longitude latitude in degrees"),
        ),
    ),
    NodeKind(
        label="StandardName",
        table="standard_names.csv",
        text="A CF standard name: where two vocabularies mean the same quantity",
        key=("name",),
        properties=(_NAME,),
    ),
    NodeKind(
        label="Parameter",
        table="parameters.csv",
        text="A measured parameter: Argo (NVS R03) or WHP-Exchange",
        key=("code",),
        properties=(
            _id("Code: Argo R03 or WHP name", "code"),
            _NAME,
            _TEXT,
            Property(name="vocabulary", text="`Argo R03` or `WHP`", required=True),
            Property(name="units", text="Unit as the source writes it"),
            Property(name="standard_name", text="CF standard name"),
            Property(name="p01", text="BODC parameter usage vocabulary (P01) code"),
            Property(name="p06", text="BODC units vocabulary (P06) code"),
            Property(name="uri", text="NVS concept"),
            Property(name="variable", text="Property of Bottle that holds it"),
            Property(name="flag_scheme", text="Scheme of its flags: first part of a QCFlag's id"),
        ),
    ),
    NodeKind(
        label="QCFlag",
        table="qc_flags.csv",
        text="What a quality flag means in one scheme",
        properties=(
            _id("scheme/value"),
            _NAME,
            Property(name="scheme", text="Argo-RR2, WOCE-bottle, WOCE-btlnbr, WOCE-ctd", required=True),
            Property(name="value", type="int", text="The flag", required=True, low=0, high=9),
            _TEXT,
        ),
    ),
    NodeKind(
        label="Float",
        also=("Platform",),
        table="floats.csv",
        text="An Argo float: the 15 of the profile index, and those that only the greylist names",
        key=("wmo",),
        properties=(
            _id("WMO number", "wmo"),
            _NAME,
            Property(name="dac", text="Data assembly centre: its folder at the GDAC"),
            Property(name="date_update", type="datetime", text="Metadata file last updated"),
        ),
    ),
    NodeKind(
        label="Ship",
        also=("Platform",),
        table="ships.csv",
        text="A research vessel",
        key=("code",),
        properties=(_id("ICES ship code", "code"), _NAME),
    ),
    NodeKind(
        label="Profile",
        table="profiles.csv",
        text="One profile of a float, as the global index lists it",
        properties=(
            _id("WMO_cycle, D appended for a descending one"),
            _NAME,
            Property(name="cycle", type="int", text="Cycle number", required=True, low=0),
            Property(name="direction", text="A ascending, D descending", required=True),
            Property(
                name="data_mode", text="R real time, D delayed mode (from the file's name)", required=True
            ),
            Property(name="date", type="datetime", text="Date of the profile, UTC"),
            *_PLACE,
            Property(name="ocean", text="Ocean code of the index: A, P, I"),
            Property(name="profiler_type", text="WMO instrument type as this row writes it", required=True),
            Property(name="institution", text="R04 code as this row writes it", required=True),
            Property(name="date_update", type="datetime", text="File last updated"),
            Property(name="file", text="File at the GDAC", required=True),
        ),
    ),
    NodeKind(
        label="Greylisting",
        also=("Event",),
        table="greylist.csv",
        text="An entry of Argo's greylist: a parameter of a float that is not to be trusted from a date on",
        properties=(
            _id("wmo/parameter/start-end/flag"),
            _NAME,
            Property(name="start_date", type="date", text="First day", required=True),
            Property(name="end_date", type="date", text="Last day; open where missing"),
            Property(
                name="quality_code", type="int", text="Flag to give, see QCFlag Argo-RR2", low=0, high=9
            ),
            Property(name="comment", text="Reason, as the data centre words it"),
        ),
    ),
    NodeKind(
        label="Section",
        table="sections.csv",
        text="A repeat hydrography section",
        properties=(
            _id("GO-SHIP name"),
            _NAME,
            Property(name="woce_line", text="Name of the WOCE line"),
            Property(name="line", text="Nominal line, WKT, longitude latitude in degrees"),
        ),
    ),
    NodeKind(
        label="Cruise",
        table="cruises.csv",
        text="A cruise by its expocode",
        key=("expocode",),
        properties=(
            _id("Expedition code", "expocode"),
            _NAME,
            Property(name="start_date", type="date", text="First day", required=True),
            Property(name="end_date", type="date", text="Last day", required=True),
            Property(name="legs", type="string[]", text="Legs with their dates"),
            _TEXT,
        ),
    ),
    NodeKind(
        label="Person",
        table="persons.csv",
        text="A scientist whom the bottle file's header names",
        key=("name",),
        properties=(_NAME, Property(name="affiliation", text="As the header gives it")),
    ),
    NodeKind(
        label="Station",
        table="stations.csv",
        text="A place where the ship stopped",
        properties=(
            _id("expocode/station"),
            _NAME,
            Property(name="station", text="Station number (STNNBR)", required=True),
            Property(name="order", type="int", text="Place in the file's order", required=True, low=1),
            Property(name="leg", text="Leg of the cruise (SECT_ID)"),
            Property(name="date", type="datetime", text="Date and time of the first cast, UTC"),
            *_PLACE,
            Property(
                name="bottom_depth",
                type="float",
                unit="m",
                text="Depth to the bottom (DEPTH)",
                low=0,
                high=12000,
            ),
        ),
    ),
    NodeKind(
        label="Cast",
        table="casts.csv",
        text="One lowering of the rosette",
        properties=(
            _id("expocode/station/cast"),
            _NAME,
            Property(name="cast", type="int", text="Cast number (CASTNO)", required=True, low=1),
            Property(name="date", type="datetime", text="Date and time, UTC"),
            *_PLACE,
        ),
    ),
    NodeKind(
        label="Bottle",
        table="bottles.csv",
        text="One bottle with all that was measured on it; a missing value is no property, its flag stays",
        properties=(
            _id("expocode/station/cast/sampno"),
            _NAME,
            Property(name="expocode", text="Cruise", required=True),
            Property(name="station", text="Station number (STNNBR)", required=True),
            Property(name="cast", type="int", text="Cast number (CASTNO)", required=True),
            Property(name="sampno", text="Sample number (SAMPNO)", required=True),
            Property(name="btlnbr", text="Bottle number (BTLNBR)"),
            Property(
                name="btlnbr_qc", type="int", text="Flag of the bottle, see QCFlag WOCE-btlnbr", low=0, high=9
            ),
            Property(name="date", type="datetime", text="Date and time of closing, UTC (BTL_DATE, BTL_TIME)"),
            *_PLACE,
            *_measured(),
        ),
    ),
    NodeKind(
        label="Revision",
        also=("Event",),
        table="revisions.csv",
        text="A change of an upstream file that its header records",
        properties=(
            _id("expocode/stamp"),
            _NAME,
            Property(name="date", type="date", text="Day of the stamp", required=True),
            Property(name="by", text="Initials of the stamp"),
            _TEXT,
        ),
    ),
)

_ORIGIN = (
    Property(name="file", text="Upstream file"),
    Property(name="line", type="int", text="Line in it, the first being 1", low=1),
)
_DERIVED = (
    "Institution",
    "PlatformType",
    "SeaArea",
    "Parameter",
    "QCFlag",
    "Float",
    "Profile",
    "Greylisting",
    "Section",
    "Cruise",
    "Person",
    "Station",
    "Bottle",
)

RELATIONSHIPS: tuple[RelationshipKind, ...] = (
    RelationshipKind(
        type="MEASURED_BY", ends=(("Profile", "Float"),), text="The float that made the profile"
    ),
    RelationshipKind(
        type="OF_TYPE", ends=(("Float", "PlatformType"),), text="WMO instrument type in the metadata index"
    ),
    RelationshipKind(
        type="OPERATED_BY",
        ends=(("Float", "Institution"),),
        text="Institution in the metadata index, which is the data centre that looks after the float's data",
    ),
    RelationshipKind(
        type="WITHIN",
        ends=(("Float", "Programme"), ("Cruise", "Programme")),
        text="Part of an observing programme",
    ),
    RelationshipKind(
        type="MEASURED",
        ends=(("Cruise", "Parameter"), ("Float", "Parameter")),
        text="Parameters in the bottle file; biogeochemical parameters in the float's entries of the bio index",
    ),
    RelationshipKind(
        type="LISTS", ends=(("Greylisting", "Float"),), text="The float that the entry is about"
    ),
    RelationshipKind(
        type="CONCERNS", ends=(("Greylisting", "Parameter"),), text="The parameter not to be trusted"
    ),
    RelationshipKind(
        type="REPORTED_BY", ends=(("Greylisting", "Institution"),), text="The data centre that made the entry"
    ),
    RelationshipKind(
        type="GIVES", ends=(("Greylisting", "QCFlag"),), text="The flag that data get from then on"
    ),
    RelationshipKind(
        type="IN_AREA",
        ends=(("Profile", "SeaArea"), ("Station", "SeaArea")),
        text="The smallest sea area with this position in its limits",
    ),
    RelationshipKind(
        type="PART_OF", ends=(("SeaArea", "SeaArea"),), text="The ocean that a sea is counted to"
    ),
    RelationshipKind(
        type="NAMED", ends=(("Parameter", "StandardName"),), text="The CF standard name of the parameter"
    ),
    RelationshipKind(type="SAMPLED_BY", ends=(("Bottle", "Cast"),), text="The cast that closed the bottle"),
    RelationshipKind(type="AT", ends=(("Cast", "Station"),), text="Where the cast was made"),
    RelationshipKind(type="OCCUPIED_BY", ends=(("Station", "Cruise"),), text="The cruise that stopped there"),
    RelationshipKind(
        type="ALONG", ends=(("Cruise", "Section"),), text="The section that the cruise followed"
    ),
    RelationshipKind(type="ABOARD", ends=(("Cruise", "Ship"),), text="The ship"),
    RelationshipKind(
        type="TOOK_PART_IN",
        ends=(("Person", "Cruise"),),
        text="A scientist's part in a cruise",
        properties=(
            Property(
                name="role",
                text="Chief scientist or principal investigator, of what, on which leg",
                required=True,
            ),
        ),
        discriminator=("role",),
    ),
    RelationshipKind(type="REVISED", ends=(("Revision", "Dataset"),), text="The dataset that was changed"),
    RelationshipKind(
        type="CHANGED",
        ends=(("Revision", "Bottle"),),
        text="A flag that the revision says it changed",
        properties=(
            Property(name="property", text="Property of the bottle", required=True),
            Property(name="before", type="int", text="Flag before", required=True, low=0, high=9),
            Property(name="after", type="int", text="Flag after", required=True, low=0, high=9),
        ),
        discriminator=("property",),
    ),
    RelationshipKind(
        type="DERIVED_FROM",
        ends=tuple((label, "Dataset") for label in _DERIVED),
        text="Where the facts of this record come from",
        properties=_ORIGIN,
    ),
)


def node_kind(label: str) -> NodeKind:
    """The kind with this declared label; KeyError where there is none."""
    return {kind.label: kind for kind in NODES}[label]


def relationship_kind(type_: str) -> RelationshipKind:
    """The relationship kind of this type; KeyError where there is none."""
    return {kind.type: kind for kind in RELATIONSHIPS}[type_]


def identity() -> dict[str, dict[str, list[str]]]:
    """The manifest's ``identity`` block: label → key properties, relationship type → discriminator where it has one."""
    return {
        "nodes": {kind.label: list(kind.key) for kind in NODES},
        "relationships": {k.type: list(k.discriminator) for k in RELATIONSHIPS if k.discriminator},
    }


def markdown() -> str:
    """The model as a reference: a table of properties for each label, and the relationship types."""
    lines = ["# The ocean graph's model", ""]
    for kind in NODES:
        beside = f", beside it {', '.join(kind.also)}" if kind.also else ""
        lines += [
            f"## {kind.label}",
            "",
            f"{kind.text}. Key: {', '.join(kind.key)}{beside}. Table: data/{kind.table}.",
        ]
        lines += ["", *_property_table(kind.properties), ""]
    lines += ["## Relationships", ""]
    for relationship in RELATIONSHIPS:
        ends = ", ".join(f"({start})→({end})" for start, end in relationship.ends)
        lines += [f"### {relationship.type}", "", f"{relationship.text}.", "", ends, ""]
        if relationship.discriminator:
            lines += [f"Told apart by: {', '.join(relationship.discriminator)}.", ""]
        if relationship.properties:
            lines += [*_property_table(relationship.properties), ""]
    return "\n".join(lines)


def _property_table(properties: tuple[Property, ...]) -> list[str]:
    rows = [f"| {p.name} | {p.type} | {p.unit} | {p.text} |" for p in properties]
    return ["| property | type | unit | meaning |", "| --- | --- | --- | --- |", *rows]
