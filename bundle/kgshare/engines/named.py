"""The name of the engine that builds where a command names none; apart from the engines, which take long to load."""

from __future__ import annotations

import os

VARIABLE = "KGSHARE_ENGINE"


def usual_name() -> str:
    """That of ``KGSHARE_ENGINE``, else ``docker``; not looked up yet, see `kgshare.engines.choice.named`."""
    return os.environ.get(VARIABLE) or "docker"
