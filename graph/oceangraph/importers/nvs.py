"""Terms from the NERC Vocabulary Server's tables in JSON-LD, read as the graph that they are (rdflib)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, SKOS

from oceangraph import whp
from oceangraph.importers.quality import File, Finding, Quality, UnreadableFile
from oceangraph.model import VARIABLES

_CURRENT = re.compile(r"/collection/(?P<table>\w+)/current/(?P<code>[^/]+)/?$")
_ATTRIBUTES = re.compile(r"Local_Attributes:\{(?P<list>[^}]*)\}")
_LINKS = (OWL.sameAs, SKOS.related, SKOS.broader, SKOS.exactMatch)


@dataclass(frozen=True, kw_only=True)
class Concept:
    """A term: its code in its table, its words, its URI, and the codes it is linked with, by table."""

    code: str
    name: str
    description: str
    uri: str
    links: Mapping[str, str]

    def row(self) -> dict[str, str]:
        """Its columns in a table of terms."""
        return {"code": self.code, "name": self.name, "description": self.description, "uri": self.uri}


@dataclass(kw_only=True)
class Vocabulary:
    """The tables that were read: name → code → concept. A table that was not read has no concepts."""

    tables: dict[str, dict[str, Concept]] = field(default_factory=dict)

    def codes(self, table: str) -> set[str]:
        """All codes of a table."""
        return set(self.tables.get(table, {}))

    def rows(self, table: str) -> pd.DataFrame:
        """A table of terms as it is shipped, sorted by code."""
        concepts = sorted(self.tables.get(table, {}).values(), key=lambda c: c.code)
        rows = [{**c.row(), "dataset": "nvs"} for c in concepts]
        columns = pd.Index(["code", "name", "description", "uri", "dataset"])
        return pd.DataFrame(rows, columns=columns, dtype=object)


USED = ("R03", "R04", "R08", "R25", "R27", "RR2")


def read(folder: Path, quality: Quality) -> tuple[Vocabulary, list[File]]:
    """Read the tables that the graph uses from a folder of JSON-LD files; what is missing or spoilt is told."""
    vocabulary, files = Vocabulary(), []
    for table in USED:
        file = File(name=f"nvs/{table}.json", path=folder / f"{table}.json")
        files.append(file)
        with quality.reading(file):
            vocabulary.tables[table] = {c.code: c for c in concepts(file, table, quality)}
    return vocabulary, files


def concepts(file: File, table: str, quality: Quality) -> Iterator[Concept]:
    """The concepts of one table.

    Raises:
        UnreadableFile: no JSON, no JSON-LD with its context in it (nothing is fetched), or no concept of that table.
    """
    document = json.loads(file.path.read_text(encoding="utf-8"))
    data = document.get("data", document) if isinstance(document, dict) else None
    if not isinstance(data, dict) or "@graph" not in data:
        raise UnreadableFile("this is no NVS table: it has no @graph")
    if not isinstance(data.get("@context"), dict):
        raise UnreadableFile("its JSON-LD context is not in the file")
    graph = Graph()
    try:
        graph.parse(data=json.dumps(data), format="json-ld")
    except Exception as error:  # rdflib's parsers raise what their parts raise
        raise UnreadableFile(f"this is no JSON-LD: {error}") from error
    found = sorted(
        (m["code"], subject)
        for subject in graph.subjects(RDF.type, SKOS.Concept)
        if isinstance(subject, URIRef) and (m := _CURRENT.search(str(subject))) and m["table"] == table
    )
    if not found:
        raise UnreadableFile(f"there is no concept of {table}")
    for _, subject in found:
        notation = str(graph.value(subject, SKOS.notation) or "")
        if "::" not in notation:
            quality.add(
                Finding(file=file.name, row=0, rule="no-notation", value=str(subject), action="term left out")
            )
            continue
        yield Concept(
            code=notation.rsplit("::", 1)[1],
            name=_words(graph.value(subject, SKOS.prefLabel)),
            description=_words(graph.value(subject, SKOS.definition)),
            uri=str(subject),
            links=_links(graph, subject),
        )


def _links(graph: Graph, subject: URIRef) -> dict[str, str]:
    found: dict[str, str] = {}
    for predicate in _LINKS:
        for target in sorted(str(o) for o in graph.objects(subject, predicate)):
            if match := _CURRENT.search(target):
                found.setdefault(match["table"], match["code"])
    return found


def _words(value: object) -> str:
    return " ".join(str(value or "").split())


def parameters(vocabulary: Vocabulary, used: Iterable[str]) -> pd.DataFrame:
    """The Argo parameters that are used and in R03, and the WHP parameters of the bottle table."""
    known = vocabulary.tables.get("R03", {})
    argo = [_argo_parameter(known[p]) for p in sorted(set(used) & known.keys())]
    return pd.DataFrame([*argo, *map(_whp_parameter, whp.COLUMNS)], dtype=object)


def _argo_parameter(concept: Concept) -> dict[str, str]:
    found = _ATTRIBUTES.search(concept.description)
    attributes = {
        part.split(":", 1)[0].strip(): part.split(":", 1)[1].strip()
        for part in (found["list"].split(";") if found else ())
        if ":" in part
    }
    known = {k: v for k, v in attributes.items() if v not in ("-", "")}
    return {
        "code": concept.code,
        "name": concept.name,
        "description": concept.description.split("Local_Attributes:")[0].strip(),
        "vocabulary": "Argo R03",
        "units": known.get("units", ""),
        "standard_name": known.get("standard_name", ""),
        "p01": concept.links.get("P01", ""),
        "p06": concept.links.get("P06", ""),
        "uri": concept.uri,
        "variable": next((v.name for v in VARIABLES if v.code == concept.code), ""),
        "flag_scheme": "Argo-RR2",
        "dataset": "nvs",
    }


def _whp_parameter(column: whp.Column) -> dict[str, str]:
    return {
        "code": column.whp,
        "name": column.title,
        "description": "",
        "vocabulary": "WHP",
        "units": column.unit,
        "standard_name": column.standard_name,
        "p01": "",
        "p06": "",
        "uri": "",
        "variable": column.name,
        "flag_scheme": column.scheme,
        "dataset": "whp-exchange",
    }


def standard_names(parameter_table: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    """The CF standard names that parameters carry, each with the dataset that says so; ``found``: name → its dataset."""
    named = parameter_table[parameter_table["standard_name"] != ""].drop_duplicates("standard_name")
    rows = {**found, **dict(zip(named["standard_name"], named["dataset"], strict=True))}
    return pd.DataFrame(sorted(rows.items()), columns=pd.Index(["name", "dataset"]), dtype=object)


def qc_flags(vocabulary: Vocabulary) -> pd.DataFrame:
    """Argo's real-time flags (RR2) and the WHP schemes."""
    argo = [
        {
            "id": f"Argo-RR2/{c.code}",
            "name": c.name,
            "scheme": "Argo-RR2",
            "value": c.code,
            "description": c.description,
            "uri": c.uri,
            "dataset": "nvs",
        }
        for c in sorted(vocabulary.tables.get("RR2", {}).values(), key=lambda c: c.code)
    ]
    woce = [
        {
            "id": f"{scheme.id}/{value}",
            "name": meaning,
            "scheme": scheme.id,
            "value": str(value),
            "description": scheme.title,
            "uri": "",
            "dataset": "whp-exchange",
        }
        for scheme in whp.SCHEMES
        for value, meaning in scheme.meanings
    ]
    return pd.DataFrame([*argo, *woce], dtype=object)


def flag_schemes() -> pd.DataFrame:
    """Argo's scheme and the three of WHP, each with the publication that defines it."""
    argo = {
        "id": "Argo-RR2",
        "name": "Argo quality flags",
        "description": "Argo real-time quality control measurement flags (NVS RR2)",
        "publication": "argo-manual",
        "dataset": "nvs",
    }
    woce = [
        {
            "id": scheme.id,
            "name": scheme.id.replace("-", " "),
            "description": scheme.title,
            "publication": "whp-exchange",
            "dataset": "whp-exchange",
        }
        for scheme in whp.SCHEMES
    ]
    return pd.DataFrame([argo, *woce], dtype=object)


def platform_types(vocabulary: Vocabulary, spellings: Iterable[str]) -> pd.DataFrame:
    """Instrument types (R08); ``spellings`` met in files stand beside the code they mean."""
    rows = vocabulary.rows("R08")
    met = sorted(set(spellings))
    rows["also_written"] = ["|".join(s for s in met if s != c and s.lstrip("0") == c) for c in rows["code"]]
    return rows
