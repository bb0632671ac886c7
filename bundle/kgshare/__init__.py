"""kgshare: hand a Neo4j project to somebody else as one file.

The way through: ``kgshare.yaml`` → lock → plan → seed → image → bundle → start. ``kgshare.cli`` shows the order;
each stage is a module named after it.
"""

__version__ = "0.1.0"
