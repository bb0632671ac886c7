"""The canonical text of a graph: what is digested, signed, diffed, merged and restored.

Needs the standard library and the ``neo4j`` driver's value types only, because the seed stage writes it too.
"""

from kgshare.canonical.records import (
    Node,
    NodeId,
    Record,
    Relationship,
    RelationshipId,
    parse_identity,
    parse_record,
    record_text,
)
from kgshare.canonical.text import (
    CanonicalDigest,
    FileDigest,
    TextWriter,
    blocks,
    digest,
    read_digest,
    read_text,
    write_text,
)
from kgshare.canonical.values import NotCanonical, Temporal, decode, encode

__all__ = [
    "CanonicalDigest",
    "FileDigest",
    "Node",
    "NodeId",
    "NotCanonical",
    "Record",
    "Relationship",
    "RelationshipId",
    "Temporal",
    "TextWriter",
    "blocks",
    "decode",
    "digest",
    "encode",
    "parse_identity",
    "parse_record",
    "read_digest",
    "read_text",
    "record_text",
    "write_text",
]
