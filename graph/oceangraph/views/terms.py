"""Parameters, flags and units as the vocabularies in the graph have them."""

from __future__ import annotations

from typing import Any

# Exchange files shout their units; these are how people write them.
_UNITS = {
    "DBAR": "dbar",
    "ITS-90": "°C",
    "PSS-78": "",
    "UMOL/KG": "µmol/kg",
    "PMOL/KG": "pmol/kg",
    "FMOL/KG": "fmol/kg",
    "METERS": "m",
    "degree_Celsius": "°C",
    "decibar": "dbar",
    "psu": "",
}

# A subquery each: the parameters of a cruise or float `c`, and what every flag means.
PARAMETERS = (
    "CALL (c) { MATCH (c)-[:MEASURED]->(p:Parameter) WHERE p.variable IS NOT NULL WITH p ORDER BY p.name "
    "RETURN collect(p {.variable, .code, .name, .units, .standard_name, .p01, .uri, .description, "
    "scheme: p.flag_scheme}) AS parameters }"
)
FLAGS = "CALL () { MATCH (f:QCFlag) RETURN collect(f {.id, .scheme, .value, .name, .description, .uri}) AS flags }"


def unit(written: str | None) -> str:
    """A unit as people write it; what is not known stays as it is."""
    return _UNITS.get(written or "", written or "")


def with_units(parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Parameters with their unit as people write it, and the source's own spelling beside it."""
    return [{**p, "units": unit(p["units"]), "source_units": p["units"]} for p in parameters]


def by_scheme(flags: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Scheme → value as text → what the flag means, for looking up beside a value."""
    schemes: dict[str, dict[str, dict[str, Any]]] = {}
    for flag in flags:
        kept = {name: flag[name] for name in ("id", "name", "description", "uri")}
        schemes.setdefault(flag["scheme"], {})[str(flag["value"])] = kept
    return schemes
