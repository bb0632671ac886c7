"""Seeding: upstream tables, functions and scripts become a checked, closed Neo4j store.

This package runs inside the build, without network, beside Java and Neo4j's jars; it must not import anything of
kgshare outside itself but ``kgshare.errors``. A project's own ``python`` seed step imports `Nodes` and
`Relationships` from here.
"""

from kgshare.seeding.model import End, Nodes, Relationships

__all__ = ["End", "Nodes", "Relationships"]
