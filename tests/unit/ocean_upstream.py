"""A tiny folder of upstream files, in the formats of the real ones, with their kinds of mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oceangraph.importers.report import Sources

INDEX = """\
# Title : Profile directory file of the Argo Global Data Assembly Center
# Date of update : 20230427112425
file,date,latitude,longitude,ocean,profiler_type,institution,date_update
aoml/1900001/profiles/R1900001_001.nc,20100101120000,-30.5,-20.25,A,851,AO,20110101000000
aoml/1900001/profiles/D1900001_002D.nc,20100111120000,-99.999,-999.999,,0851,AO,20110101000000
aoml/1900001/profiles/D1900001_002.nc,,-31.0,-21.0,A,0851,AO,20110101000000
aoml/1900001/profiles/R1900001_003.nc,20100121120000,95.0,-21.0,A,851,AO,20110101000000
aoml/1900001/profiles/R1900001_004.nc,20100131120000,,,,851,AO,20110101000000
aoml/1900001/profiles/R1900001_005.nc,20109931120000,30.0,-160.0,A,851,AO,20110101000000
aoml/1900001/profiles/R1900001_001.nc,20100101120000,-30.5,-20.25,A,851,AO,20110101000000
nonsense
"""
META = """\
# Title : Metadata directory file of the Argo Global Data Assembly Center
file,profiler_type,institution,date_update
aoml/1900001/1900001_meta.nc,851,AO,20110101000000
"""
BIO = """\
# Title : Bio-Profile directory file of the Argo Global Data Assembly Center
file,date,latitude,longitude,ocean,profiler_type,institution,parameters,parameter_data_mode,date_update
aoml/1900001/profiles/BR1900001_001.nc,20100101120000,-30.5,-20.25,A,851,AO,PRES NOT_IN_R03,RR,20110101000000
"""
GREYLIST = """\
PLATFORM_CODE,PARAMETER_NAME,START_DATE,END_DATE,QUALITY_CODE,COMMENT,DAC
1900001,PSAL,20100105,,3,"drift, slow",AO
1900001,PSAL,20100105,,3,"drift, slow",AO
7900002,PSAL,20100105,20100101,4,sensor failure,AO
"""
_MEASURED = (
    ("CTDPRS", "DBAR", ""),
    ("CTDTMP", "ITS-90", ""),
    ("CTDSAL", "PSS-78", "W"),
    ("SALNTY", "PSS-78", "W"),
    ("CTDOXY", "UMOL/KG", "W"),
    ("OXYGEN", "UMOL/KG", "W"),
    ("SILCAT", "UMOL/KG", "W"),
    ("NITRAT", "UMOL/KG", "W"),
    ("NITRIT", "UMOL/KG", "W"),
    ("PHSPHT", "UMOL/KG", "W"),
    ("CFC-11", "PMOL/KG", "W"),
    ("CFC-12", "PMOL/KG", "W"),
    ("CFC113", "PMOL/KG", "W"),
    ("SF6", "FMOL/KG", "W"),
    ("TCARBN", "UMOL/KG", "W"),
    ("ALKALI", "UMOL/KG", "W"),
    ("PH_TOT", "", "W"),
)
_PLACE = ("EXPOCODE,SECT_ID,STNNBR,CASTNO,SAMPNO,BTLNBR,BTLNBR_FLAG_W,DATE,TIME,LATITUDE,LONGITUDE,DEPTH,"
          "BTL_DATE,BTL_TIME,BTL_LAT,BTL_LON")  # fmt: skip


CONTEXT = {"skos": "http://www.w3.org/2004/02/skos/core#", "owl": "http://www.w3.org/2002/07/owl#"}
EVENTS = """\
STATION_DEPTH,eventID,eventDate,decimalLatitude,decimalLongitude,minimumDepthInMeters,maximumDepthInMeters,samplingProtocol
260,GC082007WBWB-71,2007-08-20T00:00:00Z,42.86,-69.86,255,255,Mesh net cast
260,GC082007WBWB-72,2008-08-20T00:00:00Z,42.86,-69.86,255,255,Mesh net cast
260,GC082007WBWB-72,2008-08-20T00:00:00Z,42.86,-69.86,255,255,Mesh net cast
260,GC01312010WB-1,2010-02-30,95.0,-69.86,-5,x,Mesh net cast
"""
OCCURRENCES = """\
"scientificName","eventID","occurrenceID","organismQuantity","organismQuantityType","occurrenceStatus","lifeStage","sex","scientificNameID","taxonRank"
"Calanus finmarchicus","GC082007WBWB-71","o-1","544","individuals per m2","present","CV","NA","urn:lsid:marinespecies.org:taxname:104464","Species"
"Calanus finmarchicus","GC082007WBWB-71","o-2","3","individuals per m3","present","adult","female","urn:lsid:marinespecies.org:taxname:104464","Species"
"Calanus finmarchicus","GONE","o-3","3","individuals per m2","present","adult","male","urn:lsid:marinespecies.org:taxname:104464","Species"
"""


def exchange(*bottles: dict[str, str], units: dict[str, str] | None = None, end: str = "END_DATA") -> str:
    """A bottle file of station 88 with these bottles; columns that a bottle does not name are -999 with flag 9."""
    header = [*_PLACE.split(","), *(c for name, _, flag in _MEASURED for c in _pair(name, flag))]
    given = {name: unit for name, unit, _ in _MEASURED} | {"DEPTH": "METERS"} | (units or {})
    lines = [
        "BOTTLE,20240904CCHHYDRO",
        "# BOTTLE,20140724SIOCCHRJL",
        "# Changed CFC-12 flags stn88-sampno2 & stn88-sampno15 from flag 2 to 4 per email from Dong-Ha Min on 20140724",
        "# SHIP: R/V Melville",
        ",".join(header),
        ",".join(given.get(column, "") for column in header),
    ]
    place = dict(zip(_PLACE.split(","), ["318M20130321", "P02E", "88", "1", "1", "1", "2", "20130511", "1627", "29.9999", "-167.4530", "5497", "20130511", "1633", "30.0007", "-167.4528"], strict=True))  # fmt: skip
    for bottle in bottles:
        row = {c: "9" if c.endswith("_FLAG_W") else "-999" for c in header} | place | bottle
        lines.append(",".join(f"{row[c]:>9}" for c in header))
    return "\n".join([*lines, end, ""])


def _pair(name: str, flag: str) -> tuple[str, ...]:
    return (name, f"{name}_FLAG_W") if flag else (name,)


def concept(collection: str, code: str, name: str, definition: str = "", **links: str) -> dict[str, Any]:
    """A concept as the vocabulary server writes it."""
    return {
        "@type": "skos:Concept",
        "@id": f"http://vocab.nerc.ac.uk/collection/{collection}/current/{code}/",
        "skos:notation": f"SDN:{collection}::{code}",
        "skos:prefLabel": {"@language": "en", "@value": name},
        "skos:definition": {"@language": "en", "@value": definition},
        **{key.replace("_", ":"): {"@id": value} for key, value in links.items()},
    }


BOTTLES = (
    {"SAMPNO": "2", "BTLNBR": "2", "CTDPRS": "5384.8", "CFC-12": "8.172", "CFC-12_FLAG_W": "4"},
    {"SAMPNO": "15", "BTLNBR": "15", "CTDPRS": "1478.2", "CFC-12": "-6.383", "CFC-12_FLAG_W": "4"},
    {
        "SAMPNO": "16",
        "BTLNBR": "16",
        "CTDPRS": "12,5".replace(",", "x"),
        "CFC-12": "0.1",
        "CFC-12_FLAG_W": "9",
    },
)


def write_upstream(folder: Path, **replaced: str) -> Path:
    """Write all files below ``folder``; a keyword replaces the text of one: index, meta, bio, greylist, bottles."""
    psal = ("Practical salinity of the water body. Local_Attributes:{long_name:Practical salinity; "
            "standard_name:sea_water_salinity; units:psu; valid_min:2.f}. Properties:{category:c}")  # fmt: skip
    vocabularies = {
        "R03": [
            concept("R03", "PRES", "Sea water pressure", "Local_Attributes:{units:decibar}"),
            concept("R03", "TEMP", "Sea temperature", "Local_Attributes:{units:degree_Celsius}"),
            concept(
                "R03",
                "PSAL",
                "Practical salinity",
                psal,
                owl_sameAs="http://vocab.nerc.ac.uk/collection/P01/current/PSALST01/",
                skos_related="http://vocab.nerc.ac.uk/collection/P06/current/UUUU/",
            ),
        ],
        "R04": [concept("R04", "AO", "AOML, USA", "Atlantic Oceanographic and Meteorological Laboratory")],
        "R08": [concept("R08", "851", "SOLO float with SBE conductivity sensor")],
        "RR2": [concept("RR2", str(n), f"flag {n}", f"meaning of {n}") for n in range(10)],
        "R25": [concept("R25", code, code) for code in ("CTD_PRES", "CTD_TEMP", "CTD_CNDC")],
        "R27": [concept("R27", "SBE41", "SBE 41")],
    }
    line = {"type": "LineString", "coordinates": [[134.89999999999998, 33.7], [180.0, 30.1]]}
    features = [{"type": "Feature", "properties": {"WHP_Section": "P2"}, "geometry": line}]
    texts = {
        "argo/ar_index_global_prof.txt": replaced.get("index", INDEX),
        "argo/ar_index_global_meta.txt": replaced.get("meta", META),
        "argo/argo_bio-profile_index.txt": replaced.get("bio", BIO),
        "argo/ar_greylist.txt": replaced.get("greylist", GREYLIST),
        "whp/p02_bottle.csv": replaced.get("bottles", exchange(*BOTTLES)),
        "sections/woce_lines.geojson": json.dumps({"type": "FeatureCollection", "features": features}),
        "dwc/wb_event.csv": replaced.get("events", EVENTS),
        "dwc/wb_occurrence.csv": replaced.get("occurrences", OCCURRENCES),
        **{
            f"nvs/{name}.json": json.dumps({"data": {"@graph": rows, "@context": CONTEXT}})
            for name, rows in vocabularies.items()
        },
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def sources(folder: Path, **others: Path) -> Sources:
    """What `write_upstream` wrote, as the options of the command name it; ``others`` are further sources."""
    return Sources(
        argo=folder / "argo",
        whp=folder / "whp/p02_bottle.csv",
        nvs=folder / "nvs",
        sections=folder / "sections/woce_lines.geojson",
        dwc=folder / "dwc",
        **others,
    )
