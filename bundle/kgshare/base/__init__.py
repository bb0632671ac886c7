"""Hardened bases: small file systems made from locked Debian packages, the distroless way."""

from __future__ import annotations

from kgshare.base.make import make_base
from kgshare.base.spec import APPLICATION, DATABASE, SPECS, TOOLBOX, BaseSpec, User

__all__ = ["APPLICATION", "DATABASE", "SPECS", "TOOLBOX", "BaseSpec", "User", "make_base"]
