"""Registries: a bundle goes to one and comes back as the same file (docs/reference/registry.md).

Import from its modules: the command line names this package, and a client of registries is slow to load.
"""
