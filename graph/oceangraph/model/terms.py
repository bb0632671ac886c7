"""Labels of the terms that sources share: vocabularies, flags, sea areas; and of where facts come from."""

from __future__ import annotations

from oceangraph.model.kinds import NAME, TEXT, URI, NodeKind, Property, key

GROUP = "Terms"

SOURCES: tuple[NodeKind, ...] = (
    NodeKind(
        label="Dataset",
        group="Sources",
        table="datasets.csv",
        text="Where facts come from: with citation and licence",
        properties=(
            key("Short name"),
            NAME,
            Property(name="doi", text="DOI without resolver"),
            Property(name="citation", text="How to cite it", required=True),
            Property(name="licence", text="Terms of use", required=True),
            Property(name="version_date", type="date", text="Date of the version used, as it says itself"),
        ),
    ),
    NodeKind(
        label="Publication",
        group="Sources",
        table="publications.csv",
        text="A manual, an article or a report that defines a term or describes a dataset",
        properties=(
            key("Short name"),
            NAME,
            Property(name="doi", text="DOI without resolver"),
            Property(name="citation", text="How to cite it", required=True),
            Property(name="year", type="int", text="Year of publication", low=1800, high=2100),
        ),
    ),
)

TERMS: tuple[NodeKind, ...] = (
    NodeKind(
        label="Programme",
        group=GROUP,
        table="programmes.csv",
        text="An observing programme",
        properties=(key("Short name"), NAME, TEXT),
    ),
    NodeKind(
        label="Institution",
        group=GROUP,
        table="institutions.csv",
        text="An Argo data centre or institution (NVS R04)",
        key=("code",),
        properties=(key("R04 code", "code"), NAME, TEXT, URI),
    ),
    NodeKind(
        label="PlatformType",
        group=GROUP,
        table="platform_types.csv",
        text="A WMO instrument type of a float (NVS R08)",
        key=("code",),
        properties=(
            key("WMO instrument type, without leading zero", "code"),
            NAME,
            TEXT,
            URI,
            Property(name="also_written", type="string[]", text="Other spellings of the code met in files"),
        ),
    ),
    NodeKind(
        label="SensorType",
        group=GROUP,
        table="sensor_types.csv",
        text="What a sensor senses (NVS R25)",
        key=("code",),
        properties=(key("R25 code", "code"), NAME, TEXT, URI),
    ),
    NodeKind(
        label="SensorModel",
        group=GROUP,
        table="sensor_models.csv",
        text="A model of sensor (NVS R27)",
        key=("code",),
        properties=(key("R27 code", "code"), NAME, TEXT, URI),
    ),
    NodeKind(
        label="StandardName",
        group=GROUP,
        table="standard_names.csv",
        text="A CF standard name: where two vocabularies mean the same quantity",
        key=("name",),
        properties=(NAME,),
    ),
    NodeKind(
        label="Parameter",
        group=GROUP,
        table="parameters.csv",
        text="A measured parameter: Argo (NVS R03) or WHP-Exchange",
        key=("code",),
        properties=(
            key("Code: Argo R03 or WHP name", "code"),
            NAME,
            TEXT,
            Property(name="vocabulary", text="`Argo R03` or `WHP`", required=True),
            Property(name="units", text="Unit as the source writes it"),
            Property(name="standard_name", text="CF standard name", term="StandardName"),
            Property(name="p01", text="BODC parameter usage vocabulary (P01) code"),
            Property(name="p06", text="BODC units vocabulary (P06) code"),
            URI,
            Property(name="variable", text="Property of Bottle, CtdLevel or Level that holds it"),
            Property(name="flag_scheme", text="Scheme of its flags", term="FlagScheme"),
        ),
    ),
    NodeKind(
        label="FlagScheme",
        group=GROUP,
        table="flag_schemes.csv",
        text="A family of quality flags: Argo's (NVS RR2) and those of WOCE",
        properties=(key("Argo-RR2, WOCE-bottle, WOCE-btlnbr, WOCE-ctd"), NAME, TEXT),
    ),
    NodeKind(
        label="QCFlag",
        group=GROUP,
        table="qc_flags.csv",
        text="What a quality flag means in one scheme",
        properties=(
            key("scheme/value"),
            NAME,
            Property(name="scheme", text="Its scheme", required=True, term="FlagScheme"),
            Property(name="value", type="int", text="The flag", required=True, low=0, high=9),
            TEXT,
            URI,
        ),
    ),
    NodeKind(
        label="SeaArea",
        group=GROUP,
        table="sea_areas.csv",
        text="An ocean or sea with simplified limits after IHO S-23 (1953)",
        properties=(
            key("Short name"),
            NAME,
            Property(name="s23", text="Number in IHO S-23, third edition; empty for a whole ocean"),
            Property(name="argo_ocean", text="Argo's ocean code: A, P or I", required=True),
            Property(name="limits", text="Simplified limits, WKT polygon, longitude latitude in degrees"),
        ),
    ),
    NodeKind(
        label="Taxon",
        group="Life",
        table="taxa.csv",
        text="A taxon of the World Register of Marine Species",
        properties=(
            key("LSID of the scientific name"),
            NAME,
            Property(name="scientific_name", text="Scientific name without author", required=True),
            Property(name="authorship", text="Author and year of the name"),
            Property(name="rank", text="Rank"),
            Property(name="accepted_name", text="Name that is accepted for it"),
            Property(name="aphia_id", text="Number of the accepted name in the register"),
            *(
                Property(name=rank, text=f"Its {rank}")
                for rank in ("kingdom", "phylum", "class", "order", "family", "genus")
            ),
        ),
    ),
)
