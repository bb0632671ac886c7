"""Labels of cruises: section, cruise, ship, people, station, cast, bottle, CTD level, and revisions of their files."""

from __future__ import annotations

from oceangraph import whp
from oceangraph.model.derived import VALUES
from oceangraph.model.kinds import NAME, PLACE, TEXT, NodeKind, Property, flag, key
from oceangraph.units import SPELLINGS

GROUP = "Cruises"


def measured(columns: tuple[whp.Column, ...]) -> tuple[Property, ...]:
    """The properties of measured WHP columns: each value, and its flag where it has one."""
    found: list[Property] = []
    for column in columns:
        text = f"{column.title} ({column.whp})"
        found.append(Property(name=column.name, type="float", unit=SPELLINGS[column.unit], text=text))
        if column.scheme:
            found.append(flag(f"{column.name}_qc", f"Flag of {column.name}", column.scheme))
    return tuple(found)


CRUISES: tuple[NodeKind, ...] = (
    NodeKind(
        label="Ship",
        group=GROUP,
        also=("Platform",),
        table="ships.csv",
        text="A research vessel",
        key=("code",),
        properties=(key("ICES ship code", "code"), NAME),
    ),
    NodeKind(
        label="Section",
        group=GROUP,
        table="sections.csv",
        text="A repeat hydrography section",
        properties=(
            key("GO-SHIP name: the WOCE line with two digits"),
            NAME,
            Property(name="woce_line", text="Name of the WOCE line"),
            Property(name="line", text="Nominal line, WKT, longitude latitude in degrees"),
        ),
    ),
    NodeKind(
        label="Cruise",
        group=GROUP,
        table="cruises.csv",
        text="A cruise by its expocode",
        key=("expocode",),
        properties=(
            key("Expedition code", "expocode"),
            NAME,
            Property(name="start_date", type="date", text="First day", required=True),
            Property(name="end_date", type="date", text="Last day", required=True),
            Property(name="legs", type="string[]", text="Legs with their dates"),
            TEXT,
        ),
    ),
    NodeKind(
        label="Person",
        group=GROUP,
        table="persons.csv",
        text="A scientist whom a file names: the header of a bottle file, or a float's metadata",
        key=("name",),
        properties=(NAME, Property(name="affiliation", text="As the source gives it")),
    ),
    NodeKind(
        label="Station",
        group=GROUP,
        table="stations.csv",
        text="A place where the ship stopped",
        properties=(
            key("expocode/station"),
            NAME,
            Property(name="station", text="Station number (STNNBR)", required=True),
            Property(name="order", type="int", text="Place in the file's order", required=True, low=1),
            Property(name="leg", text="Leg of the cruise (SECT_ID)"),
            Property(name="date", type="datetime", text="Date and time of the first cast, UTC"),
            *PLACE,
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
        group=GROUP,
        table="casts.csv",
        text="One lowering of the rosette",
        properties=(
            key("expocode/station/cast"),
            NAME,
            Property(name="cast", type="int", text="Cast number (CASTNO)", required=True, low=1),
            Property(name="date", type="datetime", text="Date and time, UTC"),
            *PLACE,
        ),
    ),
    NodeKind(
        label="Bottle",
        group=GROUP,
        table="bottles.csv",
        text="One bottle with all that was measured on it; a missing value is no property, its flag stays",
        properties=(
            key("expocode/station/cast/sampno"),
            NAME,
            Property(name="expocode", text="Cruise", required=True, term="Cruise"),
            Property(name="station", text="Station number (STNNBR)", required=True),
            Property(name="cast", type="int", text="Cast number (CASTNO)", required=True),
            Property(name="sampno", text="Sample number (SAMPNO)", required=True),
            Property(name="btlnbr", text="Bottle number (BTLNBR)"),
            flag("btlnbr_qc", "Flag of the bottle", "WOCE-btlnbr"),
            Property(name="date", type="datetime", text="Date and time of closing, UTC (BTL_DATE, BTL_TIME)"),
            *PLACE,
            *measured(whp.COLUMNS),
            *VALUES,
        ),
    ),
    NodeKind(
        label="CtdLevel",
        group=GROUP,
        table="ctd_levels.csv",
        text="One level of a CTD cast (WHP-Exchange CTD file)",
        optional=True,
        properties=(
            Property(name="id", text="expocode/station/cast/n", required=True, made=True),
            Property(name="n", type="int", text="Place in the file, the first being 1", required=True, low=1),
            *measured(whp.CTD_COLUMNS),
        ),
    ),
    NodeKind(
        label="Revision",
        group=GROUP,
        also=("Event",),
        table="revisions.csv",
        text="A change of an upstream file that its header records",
        properties=(
            key("expocode/stamp"),
            NAME,
            Property(name="date", type="date", text="Day of the stamp", required=True),
            Property(name="by", text="Institution and initials of the stamp"),
            TEXT,
        ),
    ),
)

LIFE: tuple[NodeKind, ...] = (
    NodeKind(
        label="SamplingEvent",
        group="Life",
        table="sampling_events.csv",
        text="A net haul or another sampling (Darwin Core event)",
        properties=(
            key("Darwin Core eventID"),
            NAME,
            Property(name="date", type="datetime", text="Date and time, UTC (eventDate)"),
            *PLACE,
            Property(name="minimum_depth", type="float", unit="m", text="Minimum depth", low=0, high=12000),
            Property(name="maximum_depth", type="float", unit="m", text="Maximum depth", low=0, high=12000),
            Property(
                name="bottom_depth", type="float", unit="m", text="Depth of the station", low=0, high=12000
            ),
            Property(name="protocol", text="Sampling protocol"),
        ),
    ),
    NodeKind(
        label="Occurrence",
        group="Life",
        table="occurrences.csv",
        text="So many of a taxon, in one stage, in one sampling (Darwin Core occurrence)",
        properties=(
            key("Darwin Core occurrenceID"),
            NAME,
            Property(
                name="quantity", type="float", unit="m-2", text="Individuals under a square metre", low=0
            ),
            Property(name="status", text="present or absent", required=True),
            Property(name="life_stage", text="Life stage, C copepodite"),
            Property(name="sex", text="Sex"),
            Property(name="remarks", text="Remarks, as the source words them"),
        ),
    ),
    NodeKind(
        label="Observation",
        group="Tables and grids",
        table="observations.csv",
        text="One value of a row of an ERDDAP table or a CF file, with what the file says of its variable",
        optional=True,
        properties=(
            key("dataset/row/variable"),
            NAME,
            Property(name="variable", text="Name in the file", required=True),
            Property(name="value", type="float", text="The value, in `units`", required=True),
            Property(name="units", text="Unit as the file writes it"),
            Property(name="flag", text="Its flag, as the file writes it"),
            Property(name="standard_name", text="CF standard name", term="StandardName"),
            Property(name="date", type="datetime", text="Date and time, UTC"),
            *PLACE,
            Property(name="depth", type="float", unit="m", text="Depth, positive down"),
            Property(name="pressure", type="float", unit="dbar", text="Pressure"),
        ),
    ),
)
