"""Stacks without a container engine: two processes of this machine, from the layers of a verified bundle."""

from __future__ import annotations
