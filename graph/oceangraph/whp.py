"""WHP-Exchange names as this graph uses them: measured columns of a bottle file, and what their flags mean.

Sources: parameter names, netCDF variable names, CF standard names and units as in the CCHDO's parameter list
(cchdo.params 2025.10.0); the wording of the flags as in the WHP-Exchange description and cchdo.hydro.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Column:
    """A measured column of an Exchange bottle file.

    Attributes:
        whp: the column's name; its flag, where it has one, is in ``<whp>_FLAG_W``.
        name: the CCHDO's netCDF variable name, which is the property's name in the graph.
        unit: the unit as the Exchange file must write it.
        standard_name: CF standard name, empty where CF has none for this quantity.
        scheme: which flags apply; empty where the file has no flag column.
        title: the quantity in words.
    """

    whp: str
    name: str
    unit: str
    standard_name: str
    scheme: str
    title: str


_CTD, _SAMPLE = "WOCE-ctd", "WOCE-bottle"

COLUMNS = tuple(
    Column(whp=whp, name=name, unit=unit, standard_name=standard_name, scheme=scheme, title=title)
    for whp, name, unit, standard_name, scheme, title in (
        ("CTDPRS", "pressure", "DBAR", "sea_water_pressure", "", "Pressure, CTD"),
        ("CTDTMP", "ctd_temperature", "ITS-90", "sea_water_temperature", "", "Temperature, CTD"),
        ("CTDSAL", "ctd_salinity", "PSS-78", "sea_water_practical_salinity", _CTD, "Salinity, CTD"),
        ("SALNTY", "bottle_salinity", "PSS-78", "sea_water_practical_salinity", _SAMPLE, "Salinity, sample"),
        (
            "CTDOXY",
            "ctd_oxygen",
            "UMOL/KG",
            "moles_of_oxygen_per_unit_mass_in_sea_water",
            _CTD,
            "Dissolved oxygen, CTD",
        ),
        (
            "OXYGEN",
            "oxygen",
            "UMOL/KG",
            "moles_of_oxygen_per_unit_mass_in_sea_water",
            _SAMPLE,
            "Dissolved oxygen, sample",
        ),
        (
            "SILCAT",
            "silicate",
            "UMOL/KG",
            "moles_of_silicate_per_unit_mass_in_sea_water",
            _SAMPLE,
            "Silicate",
        ),
        ("NITRAT", "nitrate", "UMOL/KG", "moles_of_nitrate_per_unit_mass_in_sea_water", _SAMPLE, "Nitrate"),
        ("NITRIT", "nitrite", "UMOL/KG", "moles_of_nitrite_per_unit_mass_in_sea_water", _SAMPLE, "Nitrite"),
        (
            "PHSPHT",
            "phosphate",
            "UMOL/KG",
            "moles_of_phosphate_per_unit_mass_in_sea_water",
            _SAMPLE,
            "Phosphate",
        ),
        ("CFC-11", "cfc_11", "PMOL/KG", "moles_of_cfc11_per_unit_mass_in_sea_water", _SAMPLE, "CFC-11"),
        ("CFC-12", "cfc_12", "PMOL/KG", "", _SAMPLE, "CFC-12"),
        ("CFC113", "cfc_113", "PMOL/KG", "", _SAMPLE, "CFC-113"),
        (
            "SF6",
            "sulfur_hexifluoride",
            "FMOL/KG",
            "moles_of_sulfur_hexafluoride_per_unit_mass_in_sea_water",
            _SAMPLE,
            "Sulfur hexafluoride",
        ),
        (
            "TCARBN",
            "total_carbon",
            "UMOL/KG",
            "moles_of_dissolved_inorganic_carbon_per_unit_mass_in_sea_water",
            _SAMPLE,
            "Dissolved inorganic carbon",
        ),
        ("ALKALI", "total_alkalinity", "UMOL/KG", "", _SAMPLE, "Total alkalinity"),
        (
            "PH_TOT",
            "ph_total_h_scale",
            "",
            "sea_water_ph_reported_on_total_scale",
            _SAMPLE,
            "pH on the total scale",
        ),
    )
)

CTD_COLUMNS = tuple(
    replace(c, scheme=_CTD) for c in COLUMNS if c.whp in ("CTDPRS", "CTDTMP", "CTDSAL", "CTDOXY")
)
"""The columns of a CTD file that the graph takes: there each of them has a flag."""

MISSING = "-999"
"""What an Exchange file writes where there is no value (also ``-999.0`` and the like)."""


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A family of quality flags. ``whp_name`` is what the CCHDO's own tools call it."""

    id: str
    title: str
    whp_name: str
    meanings: tuple[tuple[int, str], ...]


SCHEMES = (
    Scheme(
        id="WOCE-bottle",
        title="WHP bottle parameter data quality codes: a value measured on a water sample",
        whp_name="woce_discrete",
        meanings=(
            (1, "Sample drawn, analysis not received"),
            (2, "Acceptable measurement"),
            (3, "Questionable measurement"),
            (4, "Bad measurement"),
            (5, "Not reported"),
            (6, "Mean of replicate measurements"),
            (7, "Manual chromatographic peak measurement"),
            (8, "Irregular digital chromatographic peak integration"),
            (9, "Sample not drawn for this measurement from this bottle"),
        ),
    ),
    Scheme(
        id="WOCE-btlnbr",
        title="WHP bottle quality codes: the sampling bottle itself",
        whp_name="woce_bottle",
        meanings=(
            (1, "Bottle information unavailable"),
            (2, "No problems noted"),
            (3, "Leaking"),
            (4, "Did not trip correctly"),
            (5, "Not reported"),
            (6, "Significant discrepancy between Gerard and Niskin bottles"),
            (7, "Unknown problem"),
            (8, "Pair did not trip correctly"),
            (9, "No samples drawn from this bottle"),
        ),
    ),
    Scheme(
        id="WOCE-ctd",
        title="WHP CTD quality codes: a value measured by the CTD",
        whp_name="woce_ctd",
        meanings=(
            (1, "Not calibrated"),
            (2, "Acceptable measurement"),
            (3, "Questionable measurement"),
            (4, "Bad measurement"),
            (5, "Not reported"),
            (6, "Interpolated over more than 2 dbar"),
            (7, "Despiked"),
            (9, "Not sampled"),
        ),
    ),
)
