"""Relationship types: what joins which labels, and what a relationship itself may say."""

from __future__ import annotations

from oceangraph.model.kinds import Property, RelationshipKind

ORIGIN = (
    Property(name="file", text="Upstream file"),
    Property(name="line", type="int", text="Line in it, the first being 1", low=1),
    Property(name="row", type="int", text="Profile in it (N_PROF), the first being 1", low=1),
)
UNSOURCED = ("Dataset", "Publication", "WaterMass")
"""The labels whose records name no dataset: what is cited, and what a publication defines (DEFINED_IN)."""

_LINKS: tuple[tuple[str, tuple[tuple[str, str], ...], str], ...] = (
    ("MEASURED_BY", (("Profile", "Float"),), "The float that made the profile"),
    (
        "LEVEL_OF",
        (("Level", "Profile"), ("CtdLevel", "Cast")),
        "The profile or cast that the level is a part of",
    ),
    ("DEPLOYS", (("Deployment", "Float"),), "The float that was launched"),
    ("MOUNTED_ON", (("Sensor", "Float"),), "The float that carries the sensor"),
    ("SENSES", (("Sensor", "Parameter"),), "The parameter that the sensor measures (PARAMETER_SENSOR)"),
    (
        "OF_TYPE",
        (("Float", "PlatformType"), ("Sensor", "SensorType")),
        "WMO instrument type in the metadata index; what a sensor senses",
    ),
    ("OF_MODEL", (("Sensor", "SensorModel"),), "The sensor's model"),
    (
        "OPERATED_BY",
        (("Float", "Institution"),),
        "Institution in the metadata index, which is the data centre that looks after the float's data",
    ),
    ("INVESTIGATES", (("Person", "Float"),), "Principal investigator of the float"),
    ("WITHIN", (("Float", "Programme"), ("Cruise", "Programme")), "Part of an observing programme"),
    (
        "MEASURED",
        (("Cruise", "Parameter"), ("Float", "Parameter")),
        "Parameters in the bottle file; parameters in the float's entries of the bio index and in its metadata file",
    ),
    ("LISTS", (("Greylisting", "Float"),), "The float that the entry is about"),
    ("CONCERNS", (("Greylisting", "Parameter"),), "The parameter not to be trusted"),
    ("REPORTED_BY", (("Greylisting", "Institution"),), "The data centre that made the entry"),
    ("GIVES", (("Greylisting", "QCFlag"),), "The flag that data get from then on"),
    (
        "IN_AREA",
        (("Profile", "SeaArea"), ("Station", "SeaArea"), ("SamplingEvent", "SeaArea")),
        "The smallest sea area with this position in its limits",
    ),
    ("PART_OF", (("SeaArea", "SeaArea"),), "The ocean that a sea is counted to"),
    (
        "NAMED",
        (("Parameter", "StandardName"), ("Observation", "StandardName")),
        "The CF standard name of the quantity",
    ),
    ("IN_SCHEME", (("QCFlag", "FlagScheme"),), "The scheme in which the flag has this meaning"),
    ("FLAGGED_IN", (("Parameter", "FlagScheme"),), "The scheme of the parameter's flags"),
    ("SAMPLED_BY", (("Bottle", "Cast"),), "The cast that closed the bottle"),
    ("AT", (("Cast", "Station"),), "Where the cast was made"),
    ("OCCUPIED_BY", (("Station", "Cruise"),), "The cruise that stopped there"),
    ("ALONG", (("Cruise", "Section"),), "The section that the cruise followed"),
    ("ABOARD", (("Cruise", "Ship"),), "The ship"),
    ("OF_TAXON", (("Occurrence", "Taxon"),), "What was found"),
    ("FOUND_IN", (("Occurrence", "SamplingEvent"),), "The sampling that found it"),
    ("REVISED", (("Revision", "Dataset"),), "The dataset that was changed"),
    ("ADVISED_BY", (("Revision", "Person"),), "Whose word the revision goes back to, as its text says"),
    (
        "DESCRIBED_IN",
        (("Dataset", "Publication"), ("FlagScheme", "Publication")),
        "Where its form is described",
    ),
    (
        "DEFINED_IN",
        (("WaterMass", "Publication"), ("Derivation", "Publication")),
        "Where the definition or the method was published",
    ),
)


def relationships(sourced: tuple[str, ...]) -> tuple[RelationshipKind, ...]:
    """All relationship types; ``sourced`` are the labels whose records name the dataset they are derived from."""
    plain = tuple(RelationshipKind(type=type_, ends=ends, text=text) for type_, ends, text in _LINKS)
    return (
        *plain,
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
        RelationshipKind(
            type="CHANGED",
            ends=(("Revision", "Bottle"),),
            text="A flag that the revision says it changed; the bottle has it as it was before, the change itself is "
            "a change set in data/changes/",
            properties=(
                Property(name="property", text="Property of the bottle", required=True),
                Property(name="before", type="int", text="Flag before", required=True, low=0, high=9),
                Property(name="after", type="int", text="Flag after", required=True, low=0, high=9),
            ),
            discriminator=("property",),
        ),
        RelationshipKind(
            type="DERIVED_FROM",
            ends=tuple((label, "Dataset") for label in sourced),
            text="Where the facts of this record come from",
            properties=ORIGIN,
        ),
    )
