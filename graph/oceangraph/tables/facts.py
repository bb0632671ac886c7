"""Facts that are read by a person, not by a program: datasets, programmes, the cruise, its ship and its scientists.

The cruise's come from the header of the bottle file (its lines 34–43 and 93–123, and the citation in line 70).
"""

from __future__ import annotations

import pandas as pd

from oceangraph import whp

EXPOCODE = "318M20130321"
WOCE_LINE = "P2"

_CDIAC = (
    "Swift, J., S. Mecking, R. Feely, A. Dickson, C. Carlson, W. Jenkins, A. McNichol, R. Key, D. Ho, D. Sigman, "
    "A. Mcdonalds, K. Buesseler, and T. Martz. 2014. Carbon Dioxide, Hydrographic, and Chemical Data Obtained During "
    "the R/V Melville Cruise in the Pacific Ocean on GO-SHIP Repeat Hydrography Sections P02_2013 (21 March - "
    "1 June, 2013). Carbon Dioxide Information Analysis Center, Oak Ridge National Laboratory, US Department of "
    "Energy, Oak Ridge, Tennessee. doi:10.3334/CDIAC/OTG.GOSHIP_P02_318M20130321. File accessed from CCHDO, bottle "
    "data of cruise 318M20130321, WHP-Exchange."
)
_ARGO = "Argo (2023). Argo float data and metadata from Global Data Assembly Centre (Argo GDAC). SEANOE. doi:10.17882/42182"


def datasets() -> pd.DataFrame:
    """The table ``datasets.csv``; `sources.yaml` has the files with their checksums."""
    columns = ("id", "name", "doi", "citation", "licence", "version_date")
    rows = (
        ("argo-gdac", "Argo GDAC: profile, metadata and bio indexes", "10.17882/42182", _ARGO,
         "free without restriction, cite", "2023-04-27"),
        ("argo-greylist", "Argo GDAC: greylist", "10.17882/42182", _ARGO, "free without restriction, cite", ""),
        ("argo-manual", "Argo user's manual: ocean codes", "10.13155/29825",
         "Argo Data Management Team. Argo user's manual. doi:10.13155/29825", "facts only", ""),
        ("cchdo-318M20130321", "P02 2013 bottle data", "10.3334/CDIAC/OTG.GOSHIP_P02_318M20130321", _CDIAC,
         "public, no licence named; cite the data providers and the CCHDO", "2024-09-04"),
        ("nvs", "NERC Vocabulary Server: Argo tables R03, R04, R08, RR2", "",
         "NERC Vocabulary Server, British Oceanographic Data Centre, https://vocab.nerc.ac.uk", "CC-BY-4.0",
         "2026-01-25"),
        ("woce-lines", "WOCE and GO-SHIP line geometries", "", "CCHDO, woce_lines", "no licence given: facts only", ""),
        ("whp-exchange", "WHP-Exchange parameters and flags", "",
         "CCHDO, parameter list (cchdo.params 2025.10.0) and WHP-Exchange description, "
         "https://exchange-format.readthedocs.io", "BSD-3-Clause", ""),
        ("iho-s23", "Limits of Oceans and Seas", "",
         "International Hydrographic Organization (1953). Limits of Oceans and Seas. Special Publication 23, "
         "3rd edition. Monte-Carlo. Limits simplified by hand", "facts only", ""),
    )  # fmt: skip
    return pd.DataFrame(rows, columns=pd.Index(columns), dtype=object)


def programmes() -> pd.DataFrame:
    """The table ``programmes.csv``."""
    rows = (
        ("argo", "Argo", "International programme of profiling floats"),
        ("go-ship", "GO-SHIP", "Global Ocean Ship-based Hydrographic Investigations Program"),
    )
    return pd.DataFrame(rows, columns=pd.Index(("id", "name", "description")), dtype=object)


def ships() -> pd.DataFrame:
    """The table ``ships.csv``."""
    return pd.DataFrame([{"code": "318M", "name": "R/V Melville"}], dtype=object)


def sections(line: str) -> pd.DataFrame:
    """The table ``sections.csv``; ``line`` is the nominal line as WKT."""
    row = {
        "id": "P02",
        "name": "P02, 30°N Pacific",
        "woce_line": WOCE_LINE,
        "line": line,
        "dataset": "woce-lines",
    }
    return pd.DataFrame([row], dtype=object)


def cruises() -> pd.DataFrame:
    """The table ``cruises.csv``."""
    row = {
        "expocode": EXPOCODE,
        "name": "P02 2013, R/V Melville",
        "start_date": "2013-03-21",
        "end_date": "2013-06-01",
        "legs": "P02W 2013-03-21 to 2013-05-05|P02E 2013-05-08 to 2013-06-01",
        "description": "Repeat hydrography of section P02 along 30°N, 159 stations with a rosette of 36 bottles",
        "section": "P02",
        "ship": "318M",
        "programme": "go-ship",
        "dataset": "cchdo-318M20130321",
    }
    return pd.DataFrame([row], dtype=object)


def cruise_parameters() -> pd.DataFrame:
    """The table ``cruise_parameters.csv``: what the cruise measured, as far as the bottle table has it."""
    return pd.DataFrame({"expocode": EXPOCODE, "parameter": [c.whp for c in whp.COLUMNS]}, dtype=object)


_PEOPLE = (
    ("James H. Swift", "UCSD/SIO", "chief scientist, leg P02W"),
    ("S. Yoshida", "", "chief scientist, leg P02W"),
    ("S. Mecking", "", "chief scientist, leg P02E"),
    ("G. Voet", "", "chief scientist, leg P02E"),
    (
        "James H. Swift",
        "UCSD/SIO",
        "principal investigator: CTDO/Rosette, nutrients, O2, salinity, data management",
    ),
    ("David Ho", "UHawaii", "principal investigator: CFCs, SF6, leg P02W"),
    ("Dong-Ha Min", "UT-Austin", "principal investigator: CFCs, SF6, leg P02E"),
    ("Richard Feely", "NOAA/PMEL", "principal investigator: DIC (total CO2)"),
    ("Andrew Dickson", "UCSD/SIO", "principal investigator: pH, total alkalinity"),
)


def persons() -> pd.DataFrame:
    """The table ``persons.csv``: those whom the header names for the parameters of the bottle table."""
    rows = sorted({(name, affiliation, "cchdo-318M20130321") for name, affiliation, _ in _PEOPLE})
    return pd.DataFrame(rows, columns=pd.Index(("name", "affiliation", "dataset")), dtype=object)


def cruise_persons() -> pd.DataFrame:
    """The table ``cruise_persons.csv``: a person's part in the cruise."""
    rows = [(EXPOCODE, name, role) for name, _, role in _PEOPLE]
    return pd.DataFrame(rows, columns=pd.Index(("expocode", "person", "role")), dtype=object)
