"""Registries: a bundle goes to one and comes back as the same file (docs/reference/registry.md)."""

from __future__ import annotations

from kgshare.registry.pull import PullReport, pull, pull_bundle
from kgshare.registry.push import PushReport, push
from kgshare.registry.reference import SCHEME

__all__ = ["SCHEME", "PullReport", "PushReport", "pull", "pull_bundle", "push"]
