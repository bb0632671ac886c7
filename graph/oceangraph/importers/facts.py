"""Facts that are read by a person, not by a program: datasets, publications, programmes, the cruise, its ship and people.

The cruise's come from the header of the bottle file (its lines 34–43 and 93–123, and the citation in line 70).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from oceangraph.importers.cruises import Cruises, dataset_of

EXPOCODE = "318M20130321"

_CDIAC = (
    "Swift, J., S. Mecking, R. Feely, A. Dickson, C. Carlson, W. Jenkins, A. McNichol, R. Key, D. Ho, D. Sigman, "
    "A. Mcdonalds, K. Buesseler, and T. Martz. 2014. Carbon Dioxide, Hydrographic, and Chemical Data Obtained During "
    "the R/V Melville Cruise in the Pacific Ocean on GO-SHIP Repeat Hydrography Sections P02_2013 (21 March - "
    "1 June, 2013). Carbon Dioxide Information Analysis Center, Oak Ridge National Laboratory, US Department of "
    "Energy, Oak Ridge, Tennessee. doi:10.3334/CDIAC/OTG.GOSHIP_P02_318M20130321. File accessed from CCHDO, bottle "
    "data of cruise 318M20130321, WHP-Exchange."
)
_ARGO = "Argo (2023). Argo float data and metadata from Global Data Assembly Centre (Argo GDAC). SEANOE. doi:10.17882/42182"
_ARGO_TERMS = "free without restriction, cite"

DATASET_COLUMNS = ("id", "name", "doi", "citation", "licence", "version_date", "publication")
DATASETS = (
    ("argo-index", "Argo GDAC: profile, metadata and bio indexes", "10.17882/42182", _ARGO, _ARGO_TERMS, "2023-04-27",
     "argo-manual"),
    ("argo-profiles", "Argo GDAC: multi-profile files of floats", "10.17882/42182", _ARGO, _ARGO_TERMS, "", "argo-manual"),
    ("argo-meta", "Argo GDAC: metadata files of floats", "10.17882/42182", _ARGO, _ARGO_TERMS, "", "argo-manual"),
    ("argo-greylist", "Argo GDAC: greylist", "10.17882/42182", _ARGO, _ARGO_TERMS, "", "argo-manual"),
    ("argo-manual", "Argo user's manual: ocean codes", "10.13155/29825",
     "Argo Data Management Team. Argo user's manual. doi:10.13155/29825", "facts only", "", "argo-manual"),
    ("cchdo-318M20130321", "P02 2013 bottle data", "10.3334/CDIAC/OTG.GOSHIP_P02_318M20130321", _CDIAC,
     "public, no licence named; cite the data providers and the CCHDO", "2024-09-04", "whp-exchange"),
    ("nvs", "NERC Vocabulary Server: Argo tables R03, R04, R08, R25, R27, RR2", "",
     "NERC Vocabulary Server, British Oceanographic Data Centre, https://vocab.nerc.ac.uk", "CC-BY-4.0",
     "2026-01-25", ""),
    ("woce-lines", "WOCE and GO-SHIP line geometries", "", "CCHDO, woce_lines", "no licence given: facts only", "", ""),
    ("whp-exchange", "WHP-Exchange parameters and flags", "",
     "CCHDO, parameter list (cchdo.params 2025.10.0) and WHP-Exchange description, "
     "https://exchange-format.readthedocs.io", "BSD-3-Clause", "", "whp-exchange"),
    ("iho-s23", "Limits of Oceans and Seas", "",
     "International Hydrographic Organization (1953). Limits of Oceans and Seas. Special Publication 23, "
     "3rd edition. Monte-Carlo. Limits simplified by hand", "facts only", "", "iho-s23"),
    ("wbts-calanus", "Calanus finmarchicus, Wilkinson Basin time series 2004-2017", "",
     "Wilkinson Basin Time Series Station, Calanus finmarchicus counts in Darwin Core, as in the IOOS bio data guide, "
     "https://github.com/ioos/bio_data_guide", "MIT", "", ""),
)  # fmt: skip

PUBLICATION_COLUMNS = ("id", "name", "doi", "citation", "year")
PUBLICATIONS = (
    ("argo-manual", "Argo user's manual", "10.13155/29825",
     "Argo Data Management Team. Argo user's manual. doi:10.13155/29825", ""),
    ("whp-exchange", "WHP-Exchange format", "",
     "CCHDO, WHP-Exchange description, https://exchange-format.readthedocs.io", ""),
    ("iho-s23", "Limits of Oceans and Seas", "",
     "International Hydrographic Organization (1953). Limits of Oceans and Seas. Special Publication 23, 3rd edition. "
     "Monte-Carlo", "1953"),
    # Definitions and methods of what the seed derives (oceangraph.derived, data/water_masses.csv).
    ("teos-10", "TEOS-10", "",
     "IOC, SCOR and IAPSO (2010). The international thermodynamic equation of seawater – 2010: Calculation and use of "
     "thermodynamic properties. Intergovernmental Oceanographic Commission, Manuals and Guides No. 56, UNESCO", "2010"),
    ("de-boyer-montegut-2004", "Mixed layer depth over the global ocean", "10.1029/2004JC002378",
     "de Boyer Montégut, C., G. Madec, A. S. Fischer, A. Lazar and D. Iudicone (2004). Mixed layer depth over the global "
     "ocean: An examination of profile data and a profile-based climatology. J. Geophys. Res. 109, C12003", "2004"),
    ("karney-2013", "Algorithms for geodesics", "10.1007/s00190-012-0578-z",
     "Karney, C. F. F. (2013). Algorithms for geodesics. J. Geodesy 87, 43–55", "2013"),
    ("yasuda-1997", "The origin of the North Pacific Intermediate Water", "10.1029/96JC02938",
     "Yasuda, I. (1997). The origin of the North Pacific Intermediate Water. J. Geophys. Res. 102(C1), 893–909", "1997"),
    ("talley-1993", "Distribution and formation of North Pacific Intermediate Water",
     "10.1175/1520-0485(1993)023<0517:DAFONP>2.0.CO;2",
     "Talley, L. D. (1993). Distribution and formation of North Pacific Intermediate Water. J. Phys. Oceanogr. 23, 517–537",
     "1993"),
    ("cerovecki-giglio-2016", "North Pacific Subtropical Mode Water volume decrease in 2006–09",
     "10.1175/JCLI-D-15-0179.1",
     "Cerovečki, I. and D. Giglio (2016). North Pacific Subtropical Mode Water volume decrease in 2006–09 estimated from "
     "Argo observations: Influence of surface formation and basin-scale oceanic variability. J. Climate 29, 2177–2199",
     "2016"),
    ("emery-2003", "Water types and water masses", "10.1006/rwos.2001.0108",
     "Emery, W. J. (2003). Ocean circulation: Water types and water masses. Encyclopedia of Atmospheric Sciences, "
     "Elsevier, 1556–1567, Table 1; earlier in Encyclopedia of Ocean Sciences (2001), 3179–3187, which the DOI names",
     "2003"),
)  # fmt: skip


def datasets(found: Iterable[Mapping[str, str]], cruises: Cruises) -> pd.DataFrame:
    """The table ``datasets.csv``; files that say themselves what they are have rows in ``found``."""
    rows: dict[str, tuple[str, ...]] = {row[0]: row for row in DATASETS}
    for expocode in cruises.met:
        rows.setdefault(dataset_of(expocode), _cruise_dataset(expocode))
    rows |= {row["id"]: tuple(row[c] for c in DATASET_COLUMNS) for row in found}
    return pd.DataFrame(list(rows.values()), columns=pd.Index(DATASET_COLUMNS), dtype=object)


def _cruise_dataset(expocode: str) -> tuple[str, ...]:
    citation = (
        f"CCHDO, data of cruise {expocode}, WHP-Exchange; see the header of the file for the data providers"
    )
    name = f"Cruise {expocode}, WHP-Exchange"
    return (dataset_of(expocode), name, "", citation, "public, no licence named", "", "whp-exchange")


def publications() -> pd.DataFrame:
    """The table ``publications.csv``."""
    return pd.DataFrame(list(PUBLICATIONS), columns=pd.Index(PUBLICATION_COLUMNS), dtype=object)


def programmes() -> pd.DataFrame:
    """The table ``programmes.csv``."""
    rows = (
        ("argo", "Argo", "International programme of profiling floats", "argo-manual"),
        (
            "go-ship",
            "GO-SHIP",
            "Global Ocean Ship-based Hydrographic Investigations Program",
            "cchdo-318M20130321",
        ),
    )
    return pd.DataFrame(rows, columns=pd.Index(("id", "name", "description", "dataset")), dtype=object)


_SHIPS = {"318M": "R/V Melville"}
_CRUISES = {
    EXPOCODE: {
        "name": "P02 2013, R/V Melville",
        "start_date": "2013-03-21",
        "end_date": "2013-06-01",
        "legs": "P02W 2013-03-21 to 2013-05-05|P02E 2013-05-08 to 2013-06-01",
        "description": "Repeat hydrography of section P02 along 30°N, 159 stations with a rosette of 36 bottles",
        "section": "P02",
        "programme": "go-ship",
    }
}


def ships(cruises: Cruises) -> pd.DataFrame:
    """The table ``ships.csv``: an expocode begins with the ICES code of the ship."""
    rows = {e[:4]: (e[:4], _SHIPS.get(e[:4], f"Ship {e[:4]}"), dataset_of(e)) for e in cruises.met}
    return pd.DataFrame(
        [rows[k] for k in sorted(rows)], columns=pd.Index(("code", "name", "dataset")), dtype=object
    )


def cruise_table(cruises: Cruises, sections: set[str]) -> pd.DataFrame:
    """The table ``cruises.csv``: what is known of a cruise by its header, else what its rows say."""
    columns = (
        "expocode", "name", "start_date", "end_date", "legs", "description", "section", "ship", "programme", "dataset",
        "source_file",
    )  # fmt: skip
    rows = []
    for expocode, met in sorted(cruises.met.items()):
        days = {k: f"{d[:4]}-{d[4:6]}-{d[6:]}" for k in ("start", "end") if (d := met.get(k, ""))}
        said = {
            "name": f"Cruise {expocode}",
            "start_date": days.get("start", ""),
            "end_date": days.get("end", ""),
            "section": met["section"] if met["section"] in sections else "",
        }
        known = {**said, **_CRUISES.get(expocode, {})}
        if known["section"] not in sections:
            known["section"] = ""
        row = {**known, "expocode": expocode, "ship": expocode[:4], "dataset": dataset_of(expocode)}
        rows.append(tuple({**row, "source_file": met["file"]}.get(c, "") for c in columns))
    return pd.DataFrame(rows, columns=pd.Index(columns), dtype=object)


def cruise_parameters(cruises: Cruises) -> pd.DataFrame:
    """The table ``cruise_parameters.csv``: what the cruise measured, as far as the graph has it."""
    rows = [(e, p) for e, measured in sorted(cruises.measured.items()) for p in sorted(measured)]
    return pd.DataFrame(rows, columns=pd.Index(("expocode", "parameter")), dtype=object)


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


def persons(cruises: Cruises, investigators: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """The table ``persons.csv``: those whom headers name for a cruise, whose word a revision goes back to, and floats' PIs.

    Args:
        cruises: what was met.
        investigators: name → institution and file, of floats.
    """
    rows: dict[str, tuple[str, ...]] = {}
    if EXPOCODE in cruises.met:
        file = cruises.met[EXPOCODE]["file"]
        rows |= {n: (n, affiliation, dataset_of(EXPOCODE), file) for n, affiliation, _ in _PEOPLE}
    for name, expocode in cruises.advisers.items():
        rows.setdefault(name, (name, "", dataset_of(expocode), cruises.met[expocode]["file"]))
    for name, (institution, file) in investigators.items():
        rows.setdefault(name, (name, institution, "argo-meta", file))
    columns = ("name", "affiliation", "dataset", "source_file")
    return pd.DataFrame([rows[k] for k in sorted(rows)], columns=pd.Index(columns), dtype=object)


def cruise_persons(cruises: Cruises) -> pd.DataFrame:
    """The table ``cruise_persons.csv``: a person's part in a cruise."""
    rows = [(EXPOCODE, name, role) for name, _, role in _PEOPLE if EXPOCODE in cruises.met]
    return pd.DataFrame(rows, columns=pd.Index(("expocode", "person", "role")), dtype=object)
