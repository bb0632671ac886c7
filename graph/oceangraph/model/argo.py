"""Labels of Argo: floats, their deployments and sensors, profiles with every level, the greylist."""

from __future__ import annotations

from dataclasses import dataclass

from oceangraph.model.derived import VALUES
from oceangraph.model.kinds import NAME, PLACE, NodeKind, Property, flag, key

GROUP = "Argo"
RR2 = "Argo-RR2"


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A measured parameter of a level: its R03 code, its property in the graph, its unit there, what it is."""

    code: str
    name: str
    unit: str
    title: str


VARIABLES = (
    Variable(code="PRES", name="pres", unit="dbar", title="Pressure"),
    Variable(code="TEMP", name="temp", unit="degC", title="Temperature, ITS-90"),
    Variable(code="PSAL", name="psal", unit="1", title="Practical salinity, PSS-78"),
)


def _measured() -> tuple[Property, ...]:
    found: list[Property] = []
    for v in VARIABLES:
        adjusted = f"{v.name}_adjusted"
        found += [
            Property(name=v.name, type="float", unit=v.unit, text=f"{v.title} ({v.code})"),
            flag(f"{v.name}_qc", f"Flag of {v.name}", RR2),
            Property(
                name=adjusted, type="float", unit=v.unit, text=f"{v.title}, adjusted ({v.code}_ADJUSTED)"
            ),
            flag(f"{adjusted}_qc", f"Flag of {adjusted}", RR2),
            Property(name=f"{adjusted}_error", type="float", unit=v.unit, text=f"Error of {adjusted}", low=0),
        ]
    return tuple(found)


ARGO: tuple[NodeKind, ...] = (
    NodeKind(
        label="Float",
        group=GROUP,
        also=("Platform",),
        table="floats.csv",
        details="float_details.csv",
        text="An Argo float: those of the profile index, and those that only the greylist names",
        key=("wmo",),
        properties=(
            key("WMO number", "wmo"),
            NAME,
            Property(name="dac", text="Data assembly centre: its folder at the GDAC"),
            Property(name="date_update", type="datetime", text="Metadata file last updated"),
            *(
                Property(name=name, text=text, detail=True)
                for name, text in (
                    ("platform_model", "Model as the metadata file writes it (PLATFORM_TYPE, see NVS R23)"),
                    ("maker", "Maker as the metadata file writes it (PLATFORM_MAKER, see NVS R24)"),
                    ("serial_no", "Serial number (FLOAT_SERIAL_NO)"),
                    ("project", "Project (PROJECT_NAME)"),
                    ("owner", "Owner (FLOAT_OWNER)"),
                )
            ),
        ),
    ),
    NodeKind(
        label="Deployment",
        group=GROUP,
        table="deployments.csv",
        text="A float's launch and the end of its mission, as its metadata file has them",
        properties=(
            key("WMO number"),
            NAME,
            Property(name="date", type="datetime", text="Launch, UTC (LAUNCH_DATE)"),
            *PLACE,
            flag("launch_qc", "Flag of launch date and position (LAUNCH_QC)", RR2),
            Property(name="ship", text="From which ship, as the file writes it (DEPLOYMENT_PLATFORM)"),
            Property(name="cruise", text="On which cruise, as the file writes it (DEPLOYMENT_CRUISE_ID)"),
            Property(name="start_date", type="datetime", text="Start of the mission, UTC (START_DATE)"),
            Property(name="end_date", type="datetime", text="End of the mission, UTC (END_MISSION_DATE)"),
            Property(
                name="end_status", text="T no more transmission, R retrieved (END_MISSION_STATUS, NVS RMC)"
            ),
        ),
    ),
    NodeKind(
        label="Sensor",
        group=GROUP,
        table="sensors.csv",
        text="A sensor on a float",
        properties=(
            key("wmo/R25 code/number among those of its kind"),
            NAME,
            Property(name="sensor", text="What it senses (SENSOR)", required=True, term="SensorType"),
            Property(name="model", text="Model, where R27 knows it", term="SensorModel"),
            Property(name="model_written", text="Model as the metadata file writes it (SENSOR_MODEL)"),
            Property(name="maker", text="Maker (SENSOR_MAKER)"),
            Property(name="serial_no", text="Serial number (SENSOR_SERIAL_NO)"),
        ),
    ),
    NodeKind(
        label="Profile",
        group=GROUP,
        table="profiles.csv",
        details="profile_details.csv",
        text="One profile of a float: what the global index says of it, and where its file was read, what that says",
        properties=(
            key("wmo/cycle/direction"),
            NAME,
            Property(name="cycle", type="int", text="Cycle number", required=True, low=0),
            Property(name="direction", text="A ascending, D descending", required=True),
            Property(
                name="data_mode",
                text="R real time, A real time with adjusted values, D delayed mode; where no file was read, R or D from "
                "the file's name",
                required=True,
            ),
            Property(name="date", type="datetime", text="Date of the profile, UTC"),
            *PLACE,
            Property(name="ocean", text="Ocean code of the index: A, P, I"),
            Property(
                name="profiler_type", text="WMO instrument type as this row writes it", term="PlatformType"
            ),
            Property(name="institution", text="R04 code as this row writes it", term="Institution"),
            Property(name="date_update", type="datetime", text="File last updated"),
            Property(name="file", text="File at the GDAC", required=True),
            flag("date_qc", "Flag of the date (JULD_QC)", RR2, detail=True),
            flag("position_qc", "Flag of the position (POSITION_QC)", RR2, detail=True),
            *(
                Property(
                    name=f"{v.name}_profile_qc",
                    text=f"Share of good levels, A all to F none (PROFILE_{v.code}_QC, NVS RP2)",
                    detail=True,
                )
                for v in VARIABLES
            ),
        ),
    ),
    NodeKind(
        label="Level",
        group=GROUP,
        table="levels.csv",
        text="One level of a profile with all values, adjusted values, errors and flags; a missing value is no property, "
        "its flag stays",
        properties=(
            Property(name="id", text="wmo/cycle/direction/n", required=True, made=True),
            Property(
                name="n", type="int", text="Place in the profile, the first being 1", required=True, low=1
            ),
            *_measured(),
            *VALUES,
        ),
    ),
    NodeKind(
        label="Greylisting",
        group=GROUP,
        also=("Event",),
        table="greylist.csv",
        text="An entry of Argo's greylist: a parameter of a float that is not to be trusted from a date on",
        properties=(
            key("wmo/parameter/start-end/flag"),
            NAME,
            Property(name="start_date", type="date", text="First day", required=True),
            Property(name="end_date", type="date", text="Last day; open where missing"),
            flag("quality_code", "Flag to give", RR2),
            Property(name="comment", text="Reason, as the data centre words it"),
        ),
    ),
)
