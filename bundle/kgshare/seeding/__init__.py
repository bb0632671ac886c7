"""Seeding: upstream tables, functions and scripts become a checked, closed Neo4j store.

This package runs inside the build, without network, beside Java and Neo4j's jars. Beyond the standard library and the
``neo4j`` driver it imports only ``kgshare.errors``, ``kgshare.canonical`` and ``kgshare.changes``
(``kgshare.seeding.plan``, which runs on the host, is the exception). A project's own ``python`` seed step imports `Nodes`
and `Relationships` from here.
"""

from kgshare.seeding.model import End, Nodes, Relationships

__all__ = ["End", "Nodes", "Relationships"]
