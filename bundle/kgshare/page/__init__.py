"""The page a reviewer opens: the records, the graph and the search of any Neo4j project, and the project's own panels.

It runs in an image of its own that holds this sub-package only, so nothing here imports another part of kgshare.
"""
