"""Jars that Neo4j names and a sandbox does not need: neither locked nor fetched, so in no image and no SBOM.

Found by trial on 5.26.30, docs/decisions/176: import, check, dump, load, server, Browser, Bolt, full-text, vector and spatial indexes and
APOC work without. Of another line of Neo4j nothing is left out: what has not been tried stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it brings a resolver and its network library
    from kgshare.lock.maven import Coordinate

TRIED = "5."  # the line of Neo4j that the list was found on

# Group, or group:artifact → what it is for.
LEFT_OUT: Mapping[str, str] = {
    "blue.strategic.parquet": "import from Parquet files",
    "org.apache.parquet": "import from Parquet files",
    "org.apache.hadoop": "import from Parquet files",
    "org.xerial.snappy": "compression inside Parquet files",
    "com.profesorfalken": "asking Windows for its processes",
    "org.jprocesses": "asking the system for its processes",
    "io.netty:netty-transport-native-kqueue": "native sockets of macOS",
    "org.neo4j:neo4j-udc": "reports of usage to Neo4j",
    "org.scala-lang:scala-reflect": "macros, expanded when Neo4j was compiled",
    "org.locationtech.jts": "shapes, where Cypher has points",
    "org.apache.logging.log4j:log4j-layout-template-json": "logs in JSON",
    "com.sun.xml.fastinfoset": "binary XML over HTTP",
    "org.jvnet.staxex": "binary XML over HTTP",
    "org.glassfish.jaxb:txw2": "writing XML schemas",
    "org.codehaus.jettison": "XML as JSON over HTTP",
}


def needed(jars: Iterable[Coordinate], neo4j: str) -> list[Coordinate]:
    """The jars without those that are left out of Neo4j ``neo4j``."""
    if not neo4j.startswith(TRIED):
        return list(jars)
    return [jar for jar in jars if not {jar.group, f"{jar.group}:{jar.artifact}"} & LEFT_OUT.keys()]
