"""About this bundle: what it holds, versions, digest, who signed it, what it is made of, sources, licences, how to cite.

What is inside the images the page knows by itself. What comes to be after them (digest, signature, bill of materials) is
told by ``kgshare up``, as JSON in ``KGSHARE_ABOUT``; without it the page says that nobody has verified the bundle here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kgshare.page.graphdb import Query, quoted
from kgshare.page.identity import Identity, properties
from kgshare.page.settings import Settings

MOST = 200
_SAID = ("citation", "licence", "license", "doi", "url", "version", "accessed", "name")


async def bundle(query: Query, settings: Settings) -> dict[str, Any]:
    """Everything but the counts, which `kgshare.page.api` has."""
    project = settings.project
    return {
        "licence": project.licence,
        "authors": list(project.authors),
        "made_with": dict(project.made_with),
        "baseline": project.baseline or None,
        "verified": dict(settings.about) or None,
        "sources": await _sources(query, Identity(project.nodes), project.provenance),
        "cite": cite(settings),
    }


def cite(settings: Settings) -> str:
    """How to cite the graph: authors, name, version, what it is, and the digest that makes it exact."""
    project, told = settings.project, settings.about
    authors = "; ".join(project.authors)
    digest = told.get("digest") or project.baseline
    what = f"{project.name} {project.version}".strip()
    exact = f", {digest}" if digest else ""
    return f"{f'{authors}: ' if authors else ''}{what}. {project.description}{exact}.".strip()


async def _sources(query: Query, identity: Identity, provenance: str) -> list[Mapping[str, Any]]:
    """The records that others were derived from, with what they say of citation and licence."""
    if not provenance:
        return []
    rows = await query(
        f"MATCH ()-[:{quoted(provenance)}]->(m) WITH m, count(*) AS records RETURN m, records ORDER BY records DESC LIMIT $most",
        most=MOST,
    )
    return [
        {
            **identity.reference(row["m"]),
            "records": row["records"],
            "properties": [p for p in properties(row["m"]) if p["name"].lower() in _SAID],
        }
        for row in rows
    ]
