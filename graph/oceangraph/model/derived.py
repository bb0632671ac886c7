"""Labels of what is computed from measured values when the graph is seeded, and of how (`oceangraph.derived`)."""

from __future__ import annotations

from oceangraph.model.kinds import NAME, TEXT, NodeKind, Property, RelationshipKind, key

GROUP = "Derived"


def _range(name: str, unit: str, text: str) -> tuple[Property, Property]:
    low = Property(name=f"{name}_min", type="float", unit=unit, text=f"Smallest {text} of its definition")
    return low, Property(
        name=f"{name}_max", type="float", unit=unit, text=f"Largest {text} of its definition"
    )


VALUES: tuple[Property, ...] = (
    Property(
        name="absolute_salinity", type="float", unit="g/kg", text="Absolute salinity, derived (TEOS-10)", made=True
    ),
    Property(
        name="conservative_temperature", type="float", unit="degC", made=True,
        text="Conservative temperature, derived (TEOS-10)",
    ),
    Property(
        name="sigma0", type="float", unit="kg m-3", made=True,
        text="Potential density anomaly with reference to the surface, derived (TEOS-10)",
    ),
)  # fmt: skip
"""What bottles and levels get; a value that follows from one that is not good is no property."""

DERIVED: tuple[NodeKind, ...] = (
    NodeKind(
        label="WaterMass",
        group=GROUP,
        table="water_masses.csv",
        text="A water mass by a published definition, in the variables in which it was published",
        optional=True,
        properties=(
            key("Short name"),
            NAME,
            TEXT,
            Property(
                name="sea_areas", type="string[]", text="Sea areas in which it is looked for", required=True
            ),
            *_range("latitude", "degree_north", "latitude"),
            *_range("temperature", "degC", "temperature in situ"),
            *_range("salinity", "1", "practical salinity"),
            *_range("sigma0", "kg m-3", "potential density anomaly"),
            *_range("depth", "m", "depth"),
            Property(
                name="potential_vorticity_max",
                type="float",
                unit="m-1 s-1",
                text="Potential vorticity is below this",
            ),
            Property(name="core", text="What marks its core: without that there is no layer of it"),
        ),
    ),
    NodeKind(
        label="Derivation",
        group=GROUP,
        text="How facts are computed: with which method, from which values, by which program",
        properties=(
            key("Short name"),
            NAME,
            TEXT,
            Property(name="version", text="Program and version that computed it", required=True),
            Property(
                name="property",
                text="Property of Bottle and Level that it makes; none where it makes records",
            ),
        ),
    ),
    NodeKind(
        label="MixedLayer",
        group=GROUP,
        also=("Derived",),
        text="The mixed layer of a profile or cast, derived",
        properties=(
            key("id of the profile or cast/criterion"),
            NAME,
            Property(name="criterion", text="density or temperature", required=True),
            Property(name="depth", type="float", unit="m", text="Depth of its base", required=True, low=0),
        ),
    ),
    NodeKind(
        label="WaterMassLayer",
        group=GROUP,
        also=("Derived",),
        text="A water mass in a profile or cast, derived",
        properties=(
            key("id of the profile or cast/water mass"),
            NAME,
            Property(
                name="top_pressure",
                type="float",
                unit="dbar",
                text="Pressure of its uppermost value",
                required=True,
            ),
            Property(
                name="bottom_pressure",
                type="float",
                unit="dbar",
                text="Pressure of its lowest value",
                required=True,
            ),
            Property(
                name="core_pressure",
                type="float",
                unit="dbar",
                text="Pressure of its core, if its definition has one",
            ),
            Property(name="core_salinity", type="float", unit="1", text="Practical salinity of its core"),
            Property(name="values", type="int", text="How many values lie in it", required=True, low=1),
        ),
    ),
)

COMPUTED_FROM = "COMPUTED_FROM"
"""What takes the place of a dataset as the source of a derived fact."""

_FACTS = ("MixedLayer", "WaterMassLayer")
_MEASURED = ("Bottle", "Level")
_PROFILES = ("Cast", "Profile")
_PLACES = ("Profile", "Station")

RELATIONSHIPS: tuple[RelationshipKind, ...] = (
    RelationshipKind(
        type=COMPUTED_FROM,
        ends=tuple((fact, value) for fact in _FACTS for value in _MEASURED),
        text="A value that the fact follows from: without it the fact would be another or none",
        properties=(
            Property(
                name="role",
                text="bracket (of a depth), member or core (of a layer), neighbour (outside it, and needed to tell)",
                required=True,
            ),
        ),
    ),
    RelationshipKind(
        type="COMPUTED_BY",
        ends=tuple((fact, "Derivation") for fact in _FACTS),
        text="How the fact was computed",
    ),
    RelationshipKind(
        type="USES",
        ends=(("Derivation", "Parameter"),),
        text="A parameter whose values enter",
        properties=(Property(name="good", text="Flags of values that enter; none where it has no flag"),),
    ),
    RelationshipKind(
        type="SHOWS",
        ends=tuple((fact, place) for fact in _PROFILES for place in _FACTS),
        text="A derived fact about the profile or cast as a whole",
    ),
    RelationshipKind(type="OF_MASS", ends=(("WaterMassLayer", "WaterMass"),), text="Which water mass it is"),
    RelationshipKind(
        type="NEAREST",
        ends=tuple((start, end) for start in _PLACES for end in _PLACES),
        text="The nearest profile or station of another platform, at whatever time (Derivation nearest)",
        properties=(
            Property(
                name="distance", type="float", unit="km", text="Length of the geodesic", required=True, low=0
            ),
            Property(name="days", type="float", unit="d", text="Time between the two", low=0),
        ),
    ),
)
