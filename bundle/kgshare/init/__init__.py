"""From what already exists (a running database, a dump, a folder) to a project that builds."""

from kgshare.init.command import init

__all__ = ["init"]
