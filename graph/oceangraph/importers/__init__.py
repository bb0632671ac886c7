"""From upstream files to the tidy tables of ``data/``: what ``oceangraph import`` does.

Every importer reads one kind of file in pieces, writes the rows that it makes to a `sink.Sink`, and tells `quality.Quality`
what is wrong by file, row and rule. Nothing here reads ``data/changes/``: what importers write is upstream.
"""
