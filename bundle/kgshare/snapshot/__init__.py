"""Graphs as canonical text, wherever they are: read from a running stack, out of a bundle, from a folder."""
