"""Search: keys that begin with what was typed, then the full-text index ``search``, or else names that hold it."""

from __future__ import annotations

import re
from typing import Any

from kgshare.page.graphdb import Query, quoted
from kgshare.page.identity import Identity

INDEX = "search"
_NAMES = ("name", "title")
_LUCENE = re.compile(r'([+\-!(){}\[\]^"~*?:\\/&|])')


async def search(query: Query, identity: Identity, text: str, limit: int) -> list[dict[str, Any]]:
    """References of the records that fit ``text`` best, at most ``limit``; keys first."""
    words = text.split()
    if not words or not identity.nodes:
        return []
    rows = await query(_by_key(identity), text=text.strip(), limit=limit)
    if await _has_index(query):
        rows += await query(
            "CALL db.index.fulltext.queryNodes($index, $lucene, {limit: $limit}) YIELD node, score "
            "RETURN node AS n ORDER BY score DESC",
            index=INDEX,
            lucene=lucene(words),
            limit=limit,
        )
    else:
        rows += await query(_by_name(identity), text=text.strip().lower(), limit=limit)
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        reference = identity.reference(row["n"])
        if reference["label"]:
            found.setdefault((reference["label"], *reference["key"]), reference)
    return list(found.values())[:limit]


def lucene(words: list[str]) -> str:
    """All words, each as it is or as a beginning; whatever is Lucene's own syntax in them is taken literally."""
    escaped = [_LUCENE.sub(r"\\\1", word) for word in words]
    return " AND ".join(
        f'("{_phrase(word)}" OR {e.lower()}*)' for word, e in zip(words, escaped, strict=True)
    )


def _phrase(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')


async def _has_index(query: Query) -> bool:
    rows = await query(
        "SHOW INDEXES YIELD name, type, entityType, state "
        "WHERE name = $name AND type = 'FULLTEXT' AND entityType = 'NODE' AND state = 'ONLINE' RETURN name",
        name=INDEX,
    )
    return bool(rows)


def _by_key(identity: Identity) -> str:
    # The first key property has an index, which serves STARTS WITH.
    return " UNION ".join(
        f"MATCH (n:{quoted(label)}) WHERE n.{quoted(keys[0])} STARTS WITH $text "
        f"RETURN n ORDER BY size(n.{quoted(keys[0])}) LIMIT $limit"
        for label, keys in identity.nodes.items()
        if keys
    )


def _by_name(identity: Identity) -> str:
    branches = []
    for label, keys in identity.nodes.items():
        holds = [
            f"toLower(toStringOrNull(n.{quoted(p)})) CONTAINS $text" for p in dict.fromkeys((*keys, *_NAMES))
        ]
        branches.append(f"MATCH (n:{quoted(label)}) WHERE {' OR '.join(holds)} RETURN n LIMIT $limit")
    return " UNION ".join(branches)
