"""Units: how sources spell them, and the one spelling (UDUNITS) that the graph uses."""

from __future__ import annotations

# WHP-Exchange shouts, Argo's files and NVS R03 write words, CF and ERDDAP write UDUNITS already.
SPELLINGS = {
    "": "1",
    "1": "1",
    "PSS-78": "1",
    "psu": "1",
    "PSU": "1",
    "pH": "1",
    "METERS": "m",
    "m": "m",
    "DBAR": "dbar",
    "dbar": "dbar",
    "decibar": "dbar",
    "decibars": "dbar",
    "ITS-90": "degC",
    "DEG C": "degC",
    "deg C": "degC",
    "degC": "degC",
    "degree_Celsius": "degC",
    "degrees_Celsius": "degC",
    "Celsius": "degC",
    "UMOL/KG": "umol/kg",
    "umol/kg": "umol/kg",
    "micromole/kg": "umol/kg",
    "PMOL/KG": "pmol/kg",
    "pmol/kg": "pmol/kg",
    "FMOL/KG": "fmol/kg",
    "fmol/kg": "fmol/kg",
    "kg m-3": "kg m-3",
    "individuals per m2": "m-2",
    "m-2": "m-2",
    "degrees_north": "degree_north",
    "degree_north": "degree_north",
    "degrees_east": "degree_east",
    "degree_east": "degree_east",
}

UNITS = frozenset({*SPELLINGS.values(), "g/kg", "km", "d", "m-1 s-1"})
"""Every unit that a property of the model may have."""
