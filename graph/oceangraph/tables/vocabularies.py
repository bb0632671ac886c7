"""Tables from vocabularies: institutions, instrument types, parameters, flags, standard names; the section's line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from kgshare.errors import Problem, SeedError
from oceangraph import whp
from oceangraph.tables.upstream import Upstream, geojson_features, nvs

R03, R04, R08, RR2 = "nvs/R03.json", "nvs/R04.json", "nvs/R08.json", "nvs/RR2.json"
LINES = "goship/woce_lines.geojson"

_ATTRIBUTES = re.compile(r"Local_Attributes:\{(?P<list>[^}]*)\}")


def institutions(upstream: Upstream) -> pd.DataFrame:
    """All institutions of NVS R04."""
    return pd.DataFrame([{**_concept(c), "dataset": "nvs"} for c in nvs(upstream, R04)])


def platform_types(upstream: Upstream, codes: Iterable[str]) -> pd.DataFrame:
    """All instrument types of NVS R08; ``codes`` are spellings met in files, kept beside the code they mean."""
    met = sorted(set(codes))
    rows = []
    for concept in nvs(upstream, R08):
        row = _concept(concept)
        others = [c for c in met if c != row["code"] and c.lstrip("0") == row["code"]]
        rows.append({**row, "also_written": "|".join(others), "dataset": "nvs"})
    return pd.DataFrame(rows)


def parameters(upstream: Upstream, used: Iterable[str]) -> pd.DataFrame:
    """The Argo parameters that are used and in NVS R03, and the WHP parameters of the bottle table."""
    concepts = {_label(c): c for c in nvs(upstream, R03)}
    wanted = sorted(set(used) & concepts.keys())
    return pd.DataFrame([*(_argo_parameter(concepts[p]) for p in wanted), *map(_whp_parameter, whp.COLUMNS)])


def standard_names(parameter_table: pd.DataFrame) -> pd.DataFrame:
    """The CF standard names that the parameters carry, each once."""
    names = sorted(set(parameter_table["standard_name"]) - {""})
    return pd.DataFrame({"name": pd.Series(names, dtype=object)})


def qc_flags(upstream: Upstream) -> pd.DataFrame:
    """Argo's real-time flags (NVS RR2) and the WHP schemes."""
    argo = [
        {
            "id": f"Argo-RR2/{_label(c)}",
            "name": _words(c["skos:prefLabel"]),
            "scheme": "Argo-RR2",
            "value": _label(c),
            "description": _words(c["skos:definition"]),
            "dataset": "nvs",
        }
        for c in nvs(upstream, RR2)
    ]
    woce = [
        {
            "id": f"{scheme.id}/{value}",
            "name": meaning,
            "scheme": scheme.id,
            "value": str(value),
            "description": scheme.title,
            "dataset": "whp-exchange",
        }
        for scheme in whp.SCHEMES
        for value, meaning in scheme.meanings
    ]
    return pd.DataFrame([*argo, *woce])


def section_line(upstream: Upstream, name: str) -> str:
    """WKT of a WOCE line, rounded to 0.01 degrees.

    Raises:
        SeedError: the file has no such line.
    """
    for feature in geojson_features(upstream, LINES):
        if feature.get("properties", {}).get("WHP_Section") == name:
            geometry = feature["geometry"]
            lines = [geometry["coordinates"]] if geometry["type"] == "LineString" else geometry["coordinates"]
            return "MULTILINESTRING (" + ", ".join(_wkt_line(line) for line in lines) + ")"
    raise SeedError(Problem(message=f"there is no WOCE line {name}", where=LINES))


def _wkt_line(points: Iterable[tuple[float, float]]) -> str:
    return "(" + ", ".join(f"{round(x, 2):g} {round(y, 2):g}" for x, y in points) + ")"


def _argo_parameter(concept: Mapping[str, Any]) -> dict[str, str]:
    definition = _words(concept["skos:definition"])
    found = _ATTRIBUTES.search(definition)
    attributes = {
        part.split(":", 1)[0].strip(): part.split(":", 1)[1].strip()
        for part in (found["list"].split(";") if found else ())
        if ":" in part
    }
    known = {k: v for k, v in attributes.items() if v not in ("-", "")}
    return {
        **_concept(concept),
        "description": definition.split("Local_Attributes:")[0].strip(),
        "vocabulary": "Argo R03",
        "units": known.get("units", ""),
        "standard_name": known.get("standard_name", ""),
        "p01": _linked(concept, "/P01/"),
        "p06": _linked(concept, "/P06/"),
        "variable": "",
        "flag_scheme": "Argo-RR2",
        "dataset": "nvs",
    }


def _whp_parameter(column: whp.Column) -> dict[str, str]:
    return {
        "code": column.whp,
        "name": column.title,
        "description": "",
        "uri": "",
        "vocabulary": "WHP",
        "units": column.unit,
        "standard_name": column.standard_name,
        "p01": "",
        "p06": "",
        "variable": column.name,
        "flag_scheme": column.scheme,
        "dataset": "whp-exchange",
    }


def _concept(concept: Mapping[str, Any]) -> dict[str, str]:
    return {
        "code": _label(concept),
        "name": _words(concept["skos:prefLabel"]),
        "description": _words(concept.get("skos:definition", "")),
        "uri": str(concept["@id"]),
    }


def _label(concept: Mapping[str, Any]) -> str:
    return str(concept["skos:notation"]).rsplit("::", 1)[1]


def _words(value: Any) -> str:
    text = value.get("@value", "") if isinstance(value, Mapping) else value
    return " ".join(str(text).split())


def _linked(concept: Mapping[str, Any], collection: str) -> str:
    # P01 is linked as owl:sameAs, P06 as skos:related, either as one link or as a list.
    links: list[str] = []
    for predicate in ("owl:sameAs", "skos:related", "skos:broader", "skos:exactMatch"):
        value = concept.get(predicate, [])
        links += [str(v["@id"]) for v in (value if isinstance(value, list) else [value]) if "@id" in v]
    codes = [link.rstrip("/").rsplit("/", 1)[1] for link in links if collection in link]
    return codes[0] if codes else ""
