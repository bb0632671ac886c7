"""Where kgshare keeps things on a machine: inputs and step results in the cache, stacks in the state folder, keys in the
configuration folder.

``KGSHARE_CACHE``, ``KGSHARE_STATE`` and ``KGSHARE_CONFIG`` name other folders, which is what tests and CI use.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Inputs and results of build steps: safe to delete, expensive to fetch again."""
    return Path(os.environ.get("KGSHARE_CACHE") or platformdirs.user_cache_path("kgshare"))


def state_dir() -> Path:
    """Stacks of this machine: their passwords, ports and rendered files."""
    return Path(os.environ.get("KGSHARE_STATE") or platformdirs.user_state_path("kgshare"))


def config_dir() -> Path:
    """This user's own keys, and whose keys are trusted."""
    return Path(os.environ.get("KGSHARE_CONFIG") or platformdirs.user_config_path("kgshare"))
