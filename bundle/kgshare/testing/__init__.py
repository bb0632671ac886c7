"""Tests against a bundle: a stack of either runtime, and fixtures for pytest (`kgshare.testing.plugin`).

Needs the extra ``kgshare[testing]``. Nothing is imported before it is used: pytest loads the plugin in every project of an
environment that has kgshare.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgshare.testing.container import KgshareContainer
    from kgshare.testing.plugin import TestGraph
    from kgshare.testing.reset import Undone
    from kgshare.testing.stack import KgshareStack

__all__ = ["KgshareContainer", "KgshareStack", "TestGraph", "Undone"]
_WHERE = {
    "KgshareContainer": "container",
    "KgshareStack": "stack",
    "TestGraph": "plugin",
    "Undone": "reset",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
